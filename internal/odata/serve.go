package odata

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pairsim/pairsim/internal/records"
)

// Server serves a service's entities from a store.
type Server struct {
	Service *Service
	Store   *records.Store
	Root    string // URL of the service, without slash at its end
}

// Serve answers a request; path is what of its escaped path stands below the
// root. The caller has authenticated it and bounded its body.
func (s *Server) Serve(w http.ResponseWriter, r *http.Request, path string) {
	asJSON := preferJSON(r)
	if err := s.serve(w, r, path, asJSON); err != nil {
		var refusal *Error
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &refusal):
		case errors.As(err, &tooLarge):
			refusal = refuse(http.StatusRequestEntityTooLarge, "BodyTooLarge", "the body is larger than %d bytes", tooLarge.Limit)
		case errors.Is(err, records.ErrFull):
			refusal = refuse(http.StatusInsufficientStorage, "TenantFull", "%s", err)
		case errors.Is(err, records.ErrExists):
			refusal = refuse(http.StatusBadRequest, "EntityExists", "there is an entity with this key already")
		default:
			refusal = refuse(http.StatusInternalServerError, "InternalError", "This is a fault of pairsim.")
		}
		WriteError(w, asJSON, refusal)
	}
}

// preferJSON tells whether errors are answered in JSON.
func preferJSON(r *http.Request) bool {
	asJSON, err := format(r, r.URL.Query().Get("$format"))
	if err != nil {
		asJSON, err = format(r, "")
	}
	return err == nil && asJSON
}

// format negotiates JSON or Atom: $format, else Accept; Atom is the default.
func format(r *http.Request, option string) (asJSON bool, err error) {
	switch option {
	case "json":
		return true, nil
	case "atom", "xml":
		return false, nil
	case "":
	default:
		return false, badOption("$format", "%q is neither json, atom nor xml", clip(option))
	}
	accept := r.Header.Values("Accept")
	if len(accept) == 0 {
		return false, nil
	}
	for _, one := range strings.Split(strings.Join(accept, ","), ",") {
		kind, parameters, err := mime.ParseMediaType(one)
		if err != nil || parameters["q"] == "0" {
			continue
		}
		switch kind {
		case "application/json", "text/json":
			return true, nil
		case "application/atom+xml", "application/xml", "application/atomsvc+xml", "text/xml", "application/*", "text/plain", "*/*":
			return false, nil
		}
	}
	return false, refuse(http.StatusNotAcceptable, "NotAcceptable", "this service answers in application/json and application/atom+xml")
}

// allowed are the methods of what a path can lead to.
func allowed(of what) []string {
	methods := []string{http.MethodGet, http.MethodHead}
	switch of { //nolint:exhaustive // the others are read only
	case collection:
		return append(methods, http.MethodPost)
	case entity:
		return append(methods, http.MethodPut, http.MethodPatch, "MERGE", http.MethodDelete)
	}
	return methods
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, path string, asJSON bool) error {
	to, err := s.Service.parsePath(path)
	if err != nil {
		return err
	}
	values, err := readQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	method := r.Method
	if tunnelled := r.Header.Get("X-HTTP-Method"); tunnelled != "" && method == http.MethodPost {
		method = tunnelled
	}
	methods := allowed(to.what)
	if !slices.Contains(methods, method) {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "%s cannot be called by %s; allowed are %s", to.what, clip(method), strings.Join(methods, ", "))
	}
	out := &writer{ResponseWriter: w, service: s.Service, root: s.Root, json: asJSON}
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, "MERGE", http.MethodDelete:
		for name := range values {
			if strings.HasPrefix(name, "$") && name != "$format" {
				return badOption(name, "applies to reading only")
			}
		}
		return s.change(out, r, to, method, values)
	}
	return s.read(out, r, to, values)
}

func (s *Server) read(out *writer, r *http.Request, to *resource, values url.Values) error {
	if to.what == metadata {
		out.head(http.StatusOK, "application/xml")
		_, _ = out.Write(s.Service.EDMX()) // the client is gone
		return nil
	}
	if to.what != counted && to.what != rawValue {
		if _, err := format(r, values.Get("$format")); err != nil {
			return err
		}
	}
	if to.what == serviceDocument {
		for name := range values {
			if strings.HasPrefix(name, "$") && name != "$format" {
				return badOption(name, "applies to entities only")
			}
		}
		out.document()
		return nil
	}
	q, err := s.Service.queryOf(to.set(), values, to.what == collection || to.what == counted)
	if err != nil {
		return err
	}
	out.query = q
	return s.Store.View(func(tx *records.Tx) error {
		out.tx = tx
		found, err := s.Service.lookUp(tx, to)
		if err != nil {
			return err
		}
		if to.what == collection || to.what == counted {
			page, total := q.apply(to.set(), found)
			if to.what == counted {
				out.plain(strconv.Itoa(len(page)))
			} else {
				out.entities(to.set(), page, total)
			}
			return nil
		}
		return s.readOne(out, r, to, found[0].Fields)
	})
}

func (s *Server) readOne(out *writer, r *http.Request, to *resource, e map[string]any) error {
	switch to.what { //nolint:exhaustive // the others are no parts of an entity
	case entity:
		if tag := to.set().etag(e); tag != "" && matches(r.Header.Values("If-None-Match"), tag) {
			out.Header().Set("ETag", tag)
			out.WriteHeader(http.StatusNotModified)
			return nil
		}
		out.entity(http.StatusOK, to.set(), e)
	case oneProperty:
		out.oneProperty(to.property, e[to.property.Name])
	case rawValue:
		if e[to.property.Name] == nil {
			return notFound("the property %s is null", to.property.Name)
		}
		out.plain(to.property.toText(e[to.property.Name]))
	}
	return nil
}

// change creates, updates or deletes an entity in one step.
func (s *Server) change(out *writer, r *http.Request, to *resource, method string, values url.Values) error {
	if _, err := format(r, values.Get("$format")); err != nil {
		return err
	}
	if len(to.steps) > 1 {
		return refuse(http.StatusNotImplemented, "NotImplemented", "entities are changed in their own entity set, not along a navigation")
	}
	set := to.set()
	var body map[string]any
	if method != http.MethodDelete {
		var err error
		if body, err = readBody(r); err != nil {
			return err
		}
	}
	var e map[string]any
	err := s.Store.Update(r.Context(), func(tx *records.Tx) (err error) {
		if method == http.MethodPost {
			e, err = s.create(tx, set, body)
			return err
		}
		found, err := s.Service.lookUp(tx, to)
		if err != nil {
			return err
		}
		if err := precondition(r, set, found[0].Fields); err != nil {
			return err
		}
		if method == http.MethodDelete {
			return s.remove(tx, set, found[0])
		}
		e, err = s.update(tx, set, found[0], body, method == http.MethodPut)
		return err
	})
	if err != nil {
		return err
	}
	if method == http.MethodPost {
		out.Header().Set("Location", out.uri(set, e))
		out.query = &query{top: -1, expand: &expansion{}}
		out.entity(http.StatusCreated, set, e)
		return nil
	}
	if tag := set.etag(e); method != http.MethodDelete && tag != "" {
		out.Header().Set("ETag", tag)
	}
	out.Header().Set("DataServiceVersion", "1.0")
	out.WriteHeader(http.StatusNoContent)
	return nil
}

// precondition holds If-Match against the entity as it is.
func precondition(r *http.Request, set *Set, e map[string]any) error {
	wanted := r.Header.Values("If-Match")
	if tag := set.etag(e); len(wanted) > 0 && tag != "" && !matches(wanted, tag) {
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed", "the entity has changed: its ETag is %s now", tag)
	}
	return nil
}

// matches compares ETags weakly; colons may be escaped or not.
func matches(headers []string, tag string) bool {
	plain := func(s string) string {
		return strings.TrimPrefix(strings.ReplaceAll(strings.TrimSpace(s), "%3A", ":"), "W/")
	}
	for one := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		if strings.TrimSpace(one) == "*" || plain(one) == plain(tag) {
			return true
		}
	}
	return false
}

// readBody reads one JSON object, also one below d.
func readBody(r *http.Request) (map[string]any, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "this service reads application/json only, not %q", clip(r.Header.Get("Content-Type")))
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var body map[string]any
	if err := dec.Decode(&body); err != nil || body == nil || dec.More() {
		return nil, refuse(http.StatusBadRequest, "InvalidBody", "the body is not one JSON object")
	}
	if d, ok := body["d"].(map[string]any); ok && len(body) == 1 {
		return d, nil
	}
	return body, nil
}

// accept checks what a body says of an entity. current is nil for a new one.
func (s *Server) accept(set *Set, body, current map[string]any) (map[string]any, error) {
	given := map[string]any{}
	for name, raw := range body {
		if name == "__metadata" {
			continue
		}
		if set.navigation(name) != nil {
			if link, ok := raw.(map[string]any); ok && link["__deferred"] != nil && current != nil {
				continue // an entity sent back as it was read
			}
			return nil, Refuse("DeepInsert", "%s: related entities are created in their own entity set, it is not supported here", name)
		}
		p := set.property(name)
		if p == nil {
			return nil, Refuse("PropertyNotFound", "%s has no property %q", set.Type, clip(name))
		}
		var value any
		if raw != nil {
			var err error
			if value, err = p.fromJSON(raw); err != nil {
				return nil, Refuse("InvalidValue", "property %s: the value %s", name, err)
			}
		}
		switch same := current != nil && current[name] == value; {
		case same:
		case value == nil && (p.Required || set.isKey(name)):
			return nil, Refuse("InvalidValue", "property %s: the value must not be null", name)
		case current != nil && (p.Fixed || p.Computed || set.isKey(name)):
			return nil, Refuse("PropertyNotUpdatable", "property %s cannot be changed", name)
		case p.Computed:
			return nil, Refuse("PropertyNotCreatable", "property %s is set by the service", name)
		}
		given[name] = value
	}
	return given, nil
}

func (s *Server) create(tx *records.Tx, set *Set, body map[string]any) (map[string]any, error) {
	e, err := s.accept(set, body, nil)
	if err != nil {
		return nil, err
	}
	if err := set.Prepare(tx, e, nil); err != nil {
		return nil, err
	}
	key := map[string]any{}
	for i := range set.Properties {
		p := &set.Properties[i]
		if e[p.Name] == nil && (p.Required || set.isKey(p.Name)) {
			return nil, Refuse("PropertyMissing", "property %s is required", p.Name)
		}
		if _, there := e[p.Name]; !there {
			e[p.Name] = nil
		}
	}
	for _, name := range set.Keys {
		key[name] = e[name]
	}
	if known, exists := find(tx.List(set.Collection), key); exists {
		if set.Upsert {
			return s.update(tx, set, known, body, false)
		}
		return nil, records.ErrExists
	}
	return e, tx.Create(set.Collection, records.Record{ID: set.id(e), Fields: e})
}

// update merges body into the entity, or replaces what can be changed of it.
func (s *Server) update(tx *records.Tx, set *Set, r records.Record, body map[string]any, whole bool) (map[string]any, error) {
	given, err := s.accept(set, body, r.Fields)
	if err != nil {
		return nil, err
	}
	next := r.Clone()
	for i := range set.Properties {
		p := &set.Properties[i]
		value, there := given[p.Name]
		switch {
		case there:
			next.Fields[p.Name] = value
		case whole && !p.Computed && !p.Fixed && !set.isKey(p.Name):
			if p.Required {
				return nil, Refuse("PropertyMissing", "property %s is required", p.Name)
			}
			next.Fields[p.Name] = nil
		}
	}
	if err := set.Prepare(tx, next.Fields, r.Fields); err != nil {
		return nil, err
	}
	return next.Fields, tx.Replace(set.Collection, next)
}

func (s *Server) remove(tx *records.Tx, set *Set, r records.Record) error {
	if set.Remove != nil {
		if err := set.Remove(tx, r.Fields); err != nil {
			return err
		}
	}
	return tx.Delete(set.Collection, r.ID)
}
