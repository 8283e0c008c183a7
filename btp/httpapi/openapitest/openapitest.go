// Package openapitest holds the registry's answers against its OpenAPI document
// while tests use the API: statuses, headers and bodies.
package openapitest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/problem"
)

// maxBody is how much of an answer is kept for checking, in bytes.
const maxBody = 4 << 20

// Document loads the API's document and holds it against OpenAPI 3.1, examples
// included.
var Document = sync.OnceValues(func() (*openapi3.T, error) { return load(httpapi.OpenAPI()) })

// served is what the API's document promises, compiled once for all tests of a
// package.
var served = sync.OnceValues(func() (*contract, error) {
	doc, err := Document()
	if err != nil {
		return nil, err
	}
	return newContract(doc, httpapi.OpenAPI())
})

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
func Check(t testing.TB, handler http.Handler) http.Handler {
	t.Helper()
	wrap, err := Middleware(func(err error) { t.Errorf("answer goes against openapi.yaml: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	return wrap(handler)
}

// Middleware reports every answer of the API that goes against the document.
// report may be called by several goroutines at once. Errors quote no bodies:
// they can hold a token.
func Middleware(report func(error)) (func(http.Handler) http.Handler, error) {
	c, err := served()
	if err != nil {
		return nil, err
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !covered(r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			rec := &recorder{ResponseWriter: w, status: http.StatusOK}
			next.ServeHTTP(rec, r)
			if rec.Header().Get(faultHeader) != "" {
				return // it went wrong on purpose, and may look like anything
			}
			if err := c.check(r, rec); err != nil {
				report(fmt.Errorf("%s %s answered %d: %w", r.Method, r.URL.Path, rec.status, err))
			}
		})
	}, nil
}

// faultHeader is on every answer that a fault touched (docs/faults.md).
const faultHeader = "Pairsim-Fault"

// covered says whether path is of the API, be it documented or not.
func covered(path string) bool {
	return strings.HasPrefix(path, "/api/v1/") || path == "/api/v1" || strings.HasPrefix(path, "/.well-known/")
}

// check holds one answer against the document.
func (c *contract) check(r *http.Request, got *recorder) error {
	item := c.find(r.URL.Path)
	if item == nil {
		return isProblem(got, http.StatusNotFound)
	}
	op := item.GetOperation(r.Method)
	if op == nil {
		return isProblem(got, http.StatusMethodNotAllowed)
	}
	documented := op.Responses.Status(got.status)
	if documented == nil {
		return errors.New("the status is not documented")
	}
	if got.over {
		return fmt.Errorf("the body has more than %d bytes", maxBody)
	}
	if err := c.checkHeaders(documented.Value, got.Header()); err != nil {
		return err
	}
	if err := c.checkBody(documented.Value, got); err != nil {
		return err
	}
	if got.status >= http.StatusBadRequest {
		return isProblem(got, got.status)
	}
	return nil
}

// find returns the documented path that a request's path stands for. A path
// without parameters goes before one with.
func (c *contract) find(path string) *openapi3.PathItem {
	if item := c.doc.Paths.Value(path); item != nil {
		return item
	}
	have := strings.Split(path, "/")
	for template, item := range c.doc.Paths.Map() {
		if matches(strings.Split(template, "/"), have) {
			return item
		}
	}
	return nil
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

// recorder keeps what passes through it.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
	over   bool
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	if !r.wrote {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.wrote = true
	if r.body.Len()+len(b) > maxBody {
		r.over = true
	} else {
		r.body.Write(b)
	}
	return r.ResponseWriter.Write(b)
}

// Flush lets answers that stream through.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
