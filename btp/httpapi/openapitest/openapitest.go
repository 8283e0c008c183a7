// Package openapitest holds the registry's answers against its OpenAPI document
// while tests use the API: statuses, headers and bodies.
package openapitest

import (
	"bytes"
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
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/problem"
)

// maxBody is how much of an answer is kept for checking, in bytes.
const maxBody = 4 << 20

// Document loads the API's document and holds it against OpenAPI 3.1, examples
// included.
var Document = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.OpenAPI())
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
})

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
	doc, err := Document()
	if err != nil {
		return nil, err
	}
	c := &checker{doc: doc}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !covered(r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			rec := &recorder{ResponseWriter: w, status: http.StatusOK}
			next.ServeHTTP(rec, r)
			if err := c.check(r, rec); err != nil {
				report(fmt.Errorf("%s %s answered %d: %w", r.Method, r.URL.Path, rec.status, err))
			}
		})
	}, nil
}

// covered says whether path is of the API, be it documented or not.
func covered(path string) bool {
	return strings.HasPrefix(path, "/api/v1/") || path == "/api/v1" || strings.HasPrefix(path, "/.well-known/")
}

type checker struct{ doc *openapi3.T }

func (c *checker) check(r *http.Request, got *recorder) error {
	item, path := c.find(r.URL.Path)
	if item == nil {
		return isProblem(got, http.StatusNotFound)
	}
	op := item.GetOperation(r.Method)
	if op == nil {
		return isProblem(got, http.StatusMethodNotAllowed)
	}
	if op.Responses.Status(got.status) == nil {
		return errors.New("the status is not documented")
	}
	if got.over {
		return fmt.Errorf("the body has more than %d bytes", maxBody)
	}
	if got.status == http.StatusNotModified { // which kin-openapi lets pass unseen
		return isNotModified(op.Responses.Status(got.status).Value, got)
	}
	route := &routers.Route{Spec: c.doc, Path: path, PathItem: item, Method: r.Method, Operation: op}
	err := openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 got.status, Header: got.Header(), Body: io.NopCloser(bytes.NewReader(got.body.Bytes())),
		Options: &openapi3filter.Options{SchemaValidationOptions: c.doc.GetSchemaValidationOptions()},
	})
	if err == nil && got.Header().Get("Content-Type") == problem.ContentType {
		err = isProblem(got, got.status)
	}
	return err
}

// find returns the documented path that a request's path stands for. A path
// without parameters goes before one with.
func (c *checker) find(path string) (*openapi3.PathItem, string) {
	if item := c.doc.Paths.Value(path); item != nil {
		return item, path
	}
	have := strings.Split(path, "/")
	for template, item := range c.doc.Paths.Map() {
		if matches(strings.Split(template, "/"), have) {
			return item, template
		}
	}
	return nil, ""
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

func isNotModified(documented *openapi3.Response, got *recorder) error {
	if got.body.Len() > 0 {
		return errors.New("304 has a body")
	}
	for name, header := range documented.Headers {
		if header.Value.Required && got.Header().Get(name) == "" {
			return fmt.Errorf("header %s is missing", name)
		}
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
