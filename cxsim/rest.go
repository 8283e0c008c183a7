package cxsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/internal/records"
)

// route is an operation of a product's REST API. Segments in braces are
// parameters of the path.
type route struct {
	method, path string
	do           func(*call) error
}

// call is one request to a REST API.
type call struct {
	http.ResponseWriter
	request *http.Request
	store   *records.Store
	path    map[string]string
	query   url.Values
}

// refusal is an answer of a product that something cannot be done.
type refusal interface {
	error
	write(http.ResponseWriter)
}

// dialect is how an API words the refusals that do not depend on an operation.
type dialect interface {
	refuse(status int, message string) refusal
}

// rest answers a REST API by its routes.
type rest struct {
	routes  []route
	dialect dialect
	store   *records.Store
}

// Serve implements tenant.Responder.
func (a *rest) Serve(w http.ResponseWriter, r *http.Request, path string) {
	err := a.serve(w, r, path)
	if err == nil {
		return
	}
	var known refusal
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &known):
	case errors.As(err, &tooLarge):
		known = a.dialect.refuse(http.StatusRequestEntityTooLarge, "The body is too large")
	case errors.Is(err, records.ErrFull):
		known = a.dialect.refuse(http.StatusInsufficientStorage, err.Error())
	default:
		known = a.dialect.refuse(http.StatusInternalServerError, "This is a fault of pairsim")
	}
	known.write(w)
}

func (a *rest) serve(w http.ResponseWriter, r *http.Request, path string) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return a.dialect.refuse(http.StatusBadRequest, "The query cannot be read")
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var allowed []string
	for _, route := range a.routes {
		parameters, ok := match(route.path, path)
		if !ok {
			continue
		}
		if route.method == method {
			return route.do(&call{w, r, a.store, parameters, query})
		}
		allowed = append(allowed, route.method)
	}
	if allowed == nil {
		return a.dialect.refuse(http.StatusNotFound, "There is nothing at this path")
	}
	w.Header().Set("Allow", strings.Join(slices.Compact(allowed), ", "))
	return a.dialect.refuse(http.StatusMethodNotAllowed, "Request method '"+clip(r.Method)+"' not supported")
}

// match compares an escaped path with a route's.
func match(pattern, path string) (parameters map[string]string, ok bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(strings.TrimSuffix(path, "/"), "/")
	if len(want) != len(got) {
		return nil, false
	}
	parameters = map[string]string{}
	for i, segment := range got {
		value, err := url.PathUnescape(segment)
		name, isParameter := strings.CutPrefix(want[i], "{")
		switch {
		case err != nil, isParameter && (value == "" || len(value) > maxText):
			return nil, false
		case isParameter:
			parameters[strings.TrimSuffix(name, "}")] = value
		case value != want[i]:
			return nil, false
		}
	}
	return parameters, true
}

// maxText bounds a text that a client sends, in bytes.
const maxText = 255

// clip bounds what an answer repeats of a request.
func clip(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// read reads a JSON body; a key that into does not know is refused. The error's
// text is for the client, unless the body is too large.
func (c *call) read(into any) error {
	if kind, _, err := mime.ParseMediaType(c.request.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return errNotJSON
	}
	text, err := io.ReadAll(c.request.Body)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil || dec.More() {
		return errBody
	}
	return nil
}

var (
	errNotJSON = errors.New("Content-Type must be application/json")
	errBody    = errors.New("The body is not one JSON object with known keys") //nolint:staticcheck // a product's message
)

func (c *call) json(status int, body any) error {
	writeJSON(c, status, body)
	return nil
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone
}
