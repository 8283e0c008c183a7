package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// contract is a document with the schemas of its answers and requests, each
// compiled once: kin-openapi compiles a schema anew for every value that it checks.
type contract struct {
	doc     *openapi3.T
	bodies  map[*openapi3.MediaType]body
	headers map[*openapi3.Header]*jsonschema.Schema
	// vendor: see OfVendor.
	vendor bool
}

// body is what a body must be: JSON, or a text.
type body struct {
	whole  *jsonschema.Schema
	isText bool
	// isOpaque says that it may be any bytes of any type.
	isOpaque bool
	// items is the schema of each JSON document in a text that is a sequence of
	// them, which split cuts; nil: it is none.
	items *jsonschema.Schema
	split func(text []byte) [][]byte
}

// itemSchema is the key for the schema of a sequence's items. OpenAPI 3.2 has it
// without the x-.
const itemSchema = "x-itemSchema"

// sequences are the media types that are sequences of JSON documents.
var sequences = map[string]func(text []byte) [][]byte{
	"application/x-ndjson": func(text []byte) [][]byte { return linesAfter(text, "") },
	"text/event-stream":    func(text []byte) [][]byte { return linesAfter(text, "data: ") },
}

// linesAfter is what stands behind a prefix on the lines that begin with it.
func linesAfter(text []byte, prefix string) (list [][]byte) {
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(prefix)); ok {
			list = append(list, rest)
		}
	}
	return list
}

// base is the address under which schemas refer to the document.
const base = "urn:pairsim:openapi"

// newContract compiles the schemas of doc, whose JSON text is document. What
// could not be checked later is an error now: a body that is neither JSON nor a text
// or has no schema, a header that is no string.
func newContract(doc *openapi3.T, document []byte) (*contract, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, fmt.Errorf("load OpenAPI document: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource(base, value); err != nil {
		return nil, fmt.Errorf("load OpenAPI document: %w", err)
	}
	c := &contract{doc, map[*openapi3.MediaType]body{}, map[*openapi3.Header]*jsonschema.Schema{}, false}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if request := op.RequestBody; request != nil {
				at := locate(request.Ref, "#/paths", path, strings.ToLower(method), "requestBody")
				if err := c.compileBodies(compiler, at, request.Value.Content); err != nil {
					return nil, err
				}
			}
			for status, response := range op.Responses.Map() {
				at := locate(response.Ref, "#/paths", path, strings.ToLower(method), "responses", status)
				if err := c.compile(compiler, at, response.Value); err != nil {
					return nil, err
				}
			}
		}
	}
	return c, nil
}

// compile adds the schemas of the response that stands at a place of the document.
func (c *contract) compile(compiler *jsonschema.Compiler, at string, response *openapi3.Response) (err error) {
	for name, header := range response.Headers {
		place := locate(header.Ref, at, "headers", name)
		if schema := header.Value.Schema; schema == nil || !schema.Value.Type.Is(openapi3.TypeString) {
			return fmt.Errorf("%s is no string, and only strings are checked", place)
		}
		if c.headers[header.Value], err = compiler.Compile(base + locate("", place, "schema")); err != nil {
			return fmt.Errorf("compile the schema of %s: %w", place, err)
		}
	}
	return c.compileBodies(compiler, at, response.Content)
}

// compileBodies adds the schemas of bodies.
func (c *contract) compileBodies(compiler *jsonschema.Compiler, at string, content openapi3.Content) (err error) {
	for name, media := range content {
		place := locate("", at, "content", name)
		b := body{split: sequences[name]}
		isJSON := name == "application/json" || strings.HasSuffix(name, "+json")
		b.isText = !isJSON && !strings.Contains(name, "*") && media.Schema != nil && media.Schema.Value.Type.Is(openapi3.TypeString)
		b.isOpaque = name == "*/*" && media.Schema != nil && media.Schema.Value.Format == "binary"
		if media.Schema == nil || !isJSON && !b.isText && !b.isOpaque {
			return fmt.Errorf("%s is neither JSON nor a text with a schema, and only these are checked", place)
		}
		if b.whole, err = compiler.Compile(base + locate("", place, "schema")); err != nil {
			return fmt.Errorf("compile the schema of %s: %w", place, err)
		}
		if _, there := media.Extensions[itemSchema]; there != (b.split != nil) {
			return fmt.Errorf("%s has no items that can be cut, or no %s", place, itemSchema)
		} else if there {
			if b.items, err = compiler.Compile(base + locate("", place, itemSchema)); err != nil {
				return fmt.Errorf("compile the schema of the items of %s: %w", place, err)
			}
		}
		c.bodies[media] = b
	}
	return nil
}

// locate returns ref, or without one the fragment of what stands under the names
// below a parent (RFC 6901 §6).
func locate(ref, parent string, names ...string) string {
	if ref != "" {
		return ref
	}
	for _, name := range names {
		parent += "/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	return parent
}

func (c *contract) checkHeaders(documented *openapi3.Response, got http.Header) error {
	for name, header := range documented.Headers {
		values := got.Values(name)
		if len(values) == 0 && header.Value.Required {
			return fmt.Errorf("header %s is missing", name)
		}
		for _, value := range values {
			if err := c.headers[header.Value].Validate(value); err != nil {
				return fmt.Errorf("header %s: %w", name, withoutValues(err))
			}
		}
	}
	return nil
}

func (c *contract) checkBody(documented *openapi3.Response, got *recorder) error {
	if len(documented.Content) == 0 {
		if got.body.Len() > 0 {
			return errors.New("there is a body, and none is documented")
		}
		return nil
	}
	media := got.Header().Get("Content-Type")
	b, there := c.bodies[documented.Content.Get(media)]
	if !there {
		return fmt.Errorf("Content-Type %q is not documented", media)
	}
	return b.check(got.body.Bytes())
}

// check holds the text of a body against what it must be.
func (b body) check(text []byte) error {
	if b.isOpaque {
		return nil
	}
	if !b.isText {
		return checkJSON(b.whole, text, "the body")
	}
	if err := b.whole.Validate(string(text)); err != nil {
		return fmt.Errorf("the body goes against its schema: %w", withoutValues(err))
	}
	if b.items != nil {
		for i, item := range b.split(text) {
			if err := checkJSON(b.items, item, fmt.Sprintf("item %d of the body", i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkJSON(schema *jsonschema.Schema, text []byte, what string) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("%s is no JSON: %w", what, err)
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("%s goes against its schema: %w", what, withoutValues(err))
	}
	return nil
}

// checkRequest holds a request that was accepted against what is documented: what
// the document does not allow must have been refused.
func (c *contract) checkRequest(item *openapi3.PathItem, op *openapi3.Operation, r *http.Request, sent *kept) error {
	for name := range r.URL.Query() {
		if c.vendor {
			break
		}
		if op.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil && item.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return fmt.Errorf("the query parameter %.40q was accepted, and is not documented", name)
		}
	}
	if op.RequestBody == nil || sent.over || len(bytes.TrimSpace(sent.Bytes())) == 0 {
		return nil
	}
	media := op.RequestBody.Value.Content["application/json"]
	if c.vendor {
		if media = op.RequestBody.Value.Content.Get(r.Header.Get("Content-Type")); media == nil {
			return fmt.Errorf("the request was accepted, and its Content-Type is not documented")
		}
	}
	if err := c.bodies[media].check(sent.Bytes()); err != nil {
		return fmt.Errorf("the request was accepted, and %w", err)
	}
	return nil
}

// withoutValues says where a value goes against which keywords. The error of
// Validate would quote the value.
func withoutValues(err error) error {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	var found []string
	collect(invalid, &found)
	slices.Sort(found)
	return errors.New(strings.Join(found, "; "))
}

// collect gathers the leaves: the others only say that something below is wrong.
func collect(e *jsonschema.ValidationError, found *[]string) {
	for _, cause := range e.Causes {
		collect(cause, found)
	}
	if len(e.Causes) > 0 {
		return
	}
	why := strings.Join(e.ErrorKind.KeywordPath(), "/")
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		why += " " + strings.Join(k.Missing, ", ")
	case *kind.AdditionalProperties:
		why += " " + strings.Join(k.Properties, ", ")
	case *kind.FalseSchema:
		why = "nothing may stand here"
	}
	*found = append(*found, locate("", "$", e.InstanceLocation...)+": "+why)
}
