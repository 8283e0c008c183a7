package openapitest

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

// contract is a document with the schemas of its answers, each compiled once:
// kin-openapi compiles a schema anew for every value that it checks.
type contract struct {
	doc     *openapi3.T
	bodies  map[*openapi3.MediaType]*jsonschema.Schema
	headers map[*openapi3.Header]*jsonschema.Schema
}

// base is the address under which schemas refer to the document.
const base = "urn:pairsim:openapi"

// newContract compiles the schemas of doc, whose JSON text is document. What
// could not be checked later is an error now: a body that is no JSON or has no
// schema, a header that is no string.
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
	c := &contract{doc, map[*openapi3.MediaType]*jsonschema.Schema{}, map[*openapi3.Header]*jsonschema.Schema{}}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
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
	for name, media := range response.Content {
		place := locate("", at, "content", name)
		if media.Schema == nil || name != "application/json" && !strings.HasSuffix(name, "+json") {
			return fmt.Errorf("%s is no JSON with a schema, and only that is checked", place)
		}
		if c.bodies[media], err = compiler.Compile(base + locate("", place, "schema")); err != nil {
			return fmt.Errorf("compile the schema of %s: %w", place, err)
		}
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
	schema := c.bodies[documented.Content.Get(media)]
	if schema == nil {
		return fmt.Errorf("Content-Type %q is not documented", media)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(got.body.Bytes()))
	if err != nil {
		return fmt.Errorf("the body is no JSON: %w", err)
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("the body goes against its schema: %w", withoutValues(err))
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
