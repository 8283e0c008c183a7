// Package conformance holds an API against its OpenAPI document while tests use it:
// statuses, headers and bodies of answers, and of requests that were accepted their
// parameters and bodies.
package conformance

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pairsim/pairsim/internal/problem"
)

// maxBody is how much of an answer is kept for checking, in bytes.
const maxBody = 4 << 20

// API is an API that has a document.
type API struct {
	file   string // its document's, for reports
	covers func(path string) bool
	// vendor says that a path that is not there may be refused in the vendor's way.
	vendor bool
	load   func() (*openapi3.T, error)
	served func() (*contract, error) // what it promises, compiled once for all tests of a package
}

// New is the API with this document, whose file is named in reports. covers tells which
// paths are the API's; they are those within an environment.
func New(file string, document func() []byte, covers func(path string) bool) *API {
	a := &API{file: file, covers: covers, load: sync.OnceValues(func() (*openapi3.T, error) { return load(document()) })}
	a.served = sync.OnceValues(func() (*contract, error) {
		doc, err := a.load()
		if err != nil {
			return nil, err
		}
		return newContract(doc, document())
	})
	return a
}

// OfVendor is New for a vendor's wire: refusals have the vendor's bodies, or are
// problem documents where the wire's own server was not asked; unknown parameters
// are ignored.
func OfVendor(file string, document func() []byte, covers func(path string) bool) *API {
	a := New(file, document, covers)
	a.vendor = true
	served := a.served
	a.served = sync.OnceValues(func() (*contract, error) {
		c, err := served()
		if err == nil {
			c.vendor = true
		}
		return c, err
	})
	return a
}

// Document loads the API's document and holds it against OpenAPI 3.1, examples
// included.
func (a *API) Document() (*openapi3.T, error) { return a.load() }

func load(document []byte) (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("load OpenAPI document: %w", err)
	}
	doc.SetStringFormatValidator("date-time", openapi3.NewCallbackValidator(func(text string) error {
		_, err := time.Parse(time.RFC3339Nano, text)
		return err
	}))
	err = doc.Validate(context.Background(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaPatternValidation(),
		openapi3.EnableSchemaDefaultsValidation())
	if err != nil {
		return nil, fmt.Errorf("validate OpenAPI document: %w", err)
	}
	return doc, nil
}

// Check wraps a handler so that every answer of the API that goes against the
// document fails the test. Other paths pass unchecked.
func (a *API) Check(t testing.TB, handler http.Handler) http.Handler {
	t.Helper()
	wrap, err := a.Middleware(func(err error) { t.Errorf("against %s: %v", a.file, err) })
	if err != nil {
		t.Fatal(err)
	}
	return wrap(handler)
}

// Middleware reports every answer of the API that goes against the document, and
// every request that was accepted though it does. Paths are those within an
// environment. report may be called by several goroutines at once. Errors quote no
// bodies: they can hold a token. tell is told, likewise, of each operation that was
// called, by its operationId or without one as "GET /token_keys": held against the
// document, or struck by a fault.
func (a *API) Middleware(report func(error), tell ...func(operation string, struck bool)) (func(http.Handler) http.Handler, error) {
	c, err := a.served()
	if err != nil {
		return nil, err
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !a.covers(r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			rec := &recorder{ResponseWriter: w, status: http.StatusOK}
			r, sent := recorded(r)
			next.ServeHTTP(rec, r)
			struck := rec.Header().Get(faultHeader) != ""
			if name := c.operation(r); name != "" {
				for _, about := range tell {
					about(name, struck)
				}
			}
			if struck {
				return // it went wrong on purpose, and may look like anything
			}
			if err := c.check(r, sent, rec, a.vendor); err != nil {
				report(fmt.Errorf("%s %s answered %d: %w", r.Method, r.URL.Path, rec.status, err))
			}
		})
	}, nil
}

// faultHeader is on every answer that a fault touched (docs/faults.md).
const faultHeader = "Pairsim-Fault"

// check holds one exchange against the document; sent is what was read of the
// request's body.
func (c *contract) check(r *http.Request, sent *kept, got *recorder, vendor bool) error {
	_, item := c.find(r.URL.EscapedPath()) // what is escaped is in one segment: names with a slash
	if item == nil && vendor && got.status == http.StatusNotFound {
		return nil // the router's own answer
	}
	if item == nil {
		return isProblem(got, http.StatusNotFound)
	}
	op := item.GetOperation(r.Method)
	if op == nil && vendor && got.status == http.StatusMethodNotAllowed {
		return nil
	}
	if op == nil {
		return isProblem(got, http.StatusMethodNotAllowed)
	}
	documented := op.Responses.Status(got.status)
	if documented == nil && got.status >= http.StatusBadRequest { // no success is one by default
		documented = op.Responses.Default()
	}
	if documented == nil {
		return errors.New("the status is not documented")
	}
	if got.body.over {
		return fmt.Errorf("the body has more than %d bytes", maxBody)
	}
	if err := c.checkHeaders(documented.Value, got.Header()); err != nil {
		return err
	}
	if err := c.checkBody(documented.Value, got); err != nil {
		return err
	}
	if got.status >= http.StatusBadRequest {
		if c.vendor && got.Header().Get("Content-Type") != problem.ContentType {
			return nil
		}
		return isProblem(got, got.status)
	}
	return c.checkRequest(item, op, r, sent)
}

// find returns the documented path that a request's path stands for, and its
// template. A path without parameters goes before one with.
func (c *contract) find(path string) (string, *openapi3.PathItem) {
	if item := c.doc.Paths.Value(path); item != nil {
		return path, item
	}
	have := strings.Split(path, "/")
	for template, item := range c.doc.Paths.Map() {
		if matches(strings.Split(template, "/"), have) {
			return template, item
		}
	}
	return "", nil
}

// operation names what a request asks for, "" where the document has no such thing.
func (c *contract) operation(r *http.Request) string {
	template, item := c.find(r.URL.EscapedPath())
	if item == nil || item.GetOperation(r.Method) == nil {
		return ""
	}
	return cmp.Or(item.GetOperation(r.Method).OperationID, r.Method+" "+template)
}

func matches(template, path []string) bool {
	if len(template) != len(path) {
		return false
	}
	for i, part := range template {
		if path[i] == "" && i > 0 || part != path[i] && !strings.HasPrefix(part, "{") {
			return false
		}
	}
	return true
}

func isProblem(got *recorder, status int) error {
	var doc problem.Document
	switch {
	case got.status != status:
		return fmt.Errorf("the path or method is not documented; the answer must be %d", status)
	case got.Header().Get("Content-Type") != problem.ContentType:
		return fmt.Errorf("a refusal of content type %q", got.Header().Get("Content-Type"))
	case json.Unmarshal(got.body.Bytes(), &doc) != nil || doc.Status != status || !strings.HasPrefix(doc.Type, problem.TypePrefix):
		return errors.New("the body is no problem document of this status")
	}
	return nil
}

// kept is the text that passed by, up to maxBody bytes of it.
type kept struct {
	bytes.Buffer
	over bool
}

func (k *kept) Write(b []byte) (int, error) {
	if k.Len()+len(b) > maxBody {
		k.over = true
		return len(b), nil
	}
	return k.Buffer.Write(b)
}

// recorded is r, what is read of whose body is kept.
func recorded(r *http.Request) (*http.Request, *kept) {
	sent := &kept{}
	if r.Body != nil {
		body := r.Body
		r = r.WithContext(r.Context())
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(body, sent), body}
	}
	return r, sent
}

// recorder keeps what passes through it.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
	body   kept
}

func (r *recorder) WriteHeader(status int) {
	if !r.wrote {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.wrote = true
	_, _ = r.body.Write(b) // a buffer takes everything
	return r.ResponseWriter.Write(b)
}

// Flush lets answers that stream through.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
