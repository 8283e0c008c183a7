package odata

import (
	"net/url"
	"strings"

	"github.com/pairsim/pairsim/internal/records"
)

// Bounds of a resource path.
const (
	maxPath     = 2048 // bytes
	maxSegments = 8
)

// what a resource path leads to.
type what string

const (
	serviceDocument what = "the service document"
	metadata        what = "the metadata document"
	collection      what = "a collection"
	entity          what = "an entity"
	counted         what = "a count"
	oneProperty     what = "a property"
	rawValue        what = "a value"
)

// resource is a resource path, checked against the model.
type resource struct {
	what     what
	steps    []step
	property *Property
}

// step is a set, or a navigation to it, perhaps with a key.
type step struct {
	set        *Set
	navigation *Navigation // nil for the first
	key        map[string]any
}

// set is the one that the path ends in.
func (r *resource) set() *Set { return r.steps[len(r.steps)-1].set }

// many tells whether the path so far leads to a collection.
func (r *resource) many() bool {
	last := r.steps[len(r.steps)-1]
	return last.key == nil && (last.navigation == nil || last.navigation.Many)
}

// parsePath reads the escaped path below the service's root.
func (s *Service) parsePath(path string) (*resource, error) {
	if len(path) > maxPath {
		return nil, refuse(414, "URITooLong", "the path is longer than %d bytes", maxPath)
	}
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	r := &resource{what: serviceDocument}
	if path == "" {
		return r, nil
	}
	segments := strings.Split(path, "/")
	if len(segments) > maxSegments {
		return nil, notFound("the path has more than %d segments", maxSegments)
	}
	for i, escaped := range segments {
		segment, err := url.PathUnescape(escaped)
		if err != nil {
			return nil, refuse(400, "InvalidURI", "segment %d of the path cannot be read", i+1)
		}
		if err := r.follow(s, segment); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// follow takes one more segment.
func (r *resource) follow(s *Service, segment string) error {
	unknown := notFound("resource not found for segment %q", clip(segment))
	switch segment {
	case "$batch", "$links":
		return refuse(501, "NotImplemented", "%s is not supported by this service", segment)
	}
	switch r.what {
	case serviceDocument:
		if segment == "$metadata" {
			r.what = metadata
			return nil
		}
		name, inside, keyed := cutKey(segment)
		set := s.set(name)
		if set == nil {
			return unknown
		}
		return r.add(set, nil, inside, keyed)
	case collection:
		if segment == "$count" {
			r.what = counted
			return nil
		}
		return unknown
	case entity:
		name, inside, keyed := cutKey(segment)
		set := r.set()
		if n := set.navigation(name); n != nil && (n.Many || !keyed) {
			return r.add(s.set(n.Target), n, inside, keyed)
		}
		if r.property = set.property(segment); r.property == nil {
			return unknown
		}
		r.what = oneProperty
		return nil
	case oneProperty:
		if segment == "$value" {
			r.what = rawValue
			return nil
		}
		return unknown
	case metadata, counted, rawValue:
	}
	return unknown
}

func (r *resource) add(set *Set, n *Navigation, inside string, keyed bool) error {
	next := step{set: set, navigation: n}
	if keyed {
		key, err := set.parseKey(inside)
		if err != nil {
			return err
		}
		next.key = key
	}
	r.steps = append(r.steps, next)
	r.what = entity
	if r.many() {
		r.what = collection
	}
	return nil
}

// cutKey splits Name(key).
func cutKey(segment string) (name, inside string, keyed bool) {
	name, rest, found := strings.Cut(segment, "(")
	if inside, ok := strings.CutSuffix(rest, ")"); found && ok {
		return name, inside, true
	}
	return segment, "", false
}

// parseKey reads a key predicate: one literal, or name=literal for each key.
func (s *Set) parseKey(text string) (map[string]any, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	wrong := refuse(400, "InvalidKey", "the key of %s is %s", s.Type, s.keyForm())
	key := map[string]any{}
	add := func(name string, t token) error {
		p := s.property(name)
		if _, twice := key[name]; twice || !s.isKey(name) || t.kind != tokenLiteral || !fits(p, t) {
			return wrong
		}
		value, err := p.canonical(t.text)
		if err != nil {
			return refuse(400, "InvalidKey", "key property %s: %q %s", name, clip(t.text), err)
		}
		key[name] = value
		return nil
	}
	if len(tokens) == 2 && len(s.Keys) == 1 {
		return key, add(s.Keys[0], tokens[0])
	}
	for i := 0; ; i += 4 {
		if i+3 >= len(tokens) || tokens[i].kind != tokenName || tokens[i+1].text != "=" {
			return nil, wrong
		}
		if err := add(tokens[i].text, tokens[i+2]); err != nil {
			return nil, err
		}
		if tokens[i+3].kind == tokenEnd {
			break
		}
		if tokens[i+3].text != "," {
			return nil, wrong
		}
	}
	if len(key) != len(s.Keys) {
		return nil, wrong
	}
	return key, nil
}

// fits tells whether a literal has the form of a property's type.
func fits(p *Property, t token) bool {
	whole := t.typ == Int64
	switch p.Type {
	case Int32:
		return whole
	case Decimal, Double:
		return whole || t.typ == Decimal || t.typ == Double
	case String, Boolean, Int64, GUID, DateTime, DateTimeOffset:
	}
	return t.typ == p.Type
}

// keyForm shows how a key is written.
func (s *Set) keyForm() string {
	parts := make([]string, len(s.Keys))
	for i, key := range s.Keys {
		form := "…"
		if p := s.property(key); p.kind() == kindText {
			form = "'…'"
		} else if p.kind() != kindNumber {
			form = p.prefix() + "'…'"
		}
		parts[i] = key + "=" + form
		if len(s.Keys) == 1 {
			parts[i] = strings.TrimPrefix(parts[i], key+"=")
		}
	}
	return "(" + strings.Join(parts, ",") + ")"
}

// find is the entity of a set with this key among candidates.
func find(candidates []records.Record, key map[string]any) (records.Record, bool) {
next:
	for _, r := range candidates {
		for name, value := range key {
			if r.Fields[name] != value {
				continue next
			}
		}
		return r, true
	}
	return records.Record{}, false
}

// related are the entities that a navigation leads to.
func (s *Service) related(tx *records.Tx, from map[string]any, n *Navigation) []records.Record {
	var found []records.Record
next:
	for _, r := range tx.List(s.set(n.Target).Collection) {
		for i, here := range n.Here {
			if from[here] == nil || from[here] != r.Fields[n.There[i]] {
				continue next
			}
		}
		found = append(found, r)
	}
	if !n.Many && len(found) > 1 {
		found = found[:1]
	}
	return found
}

// lookUp goes along the path: the entities that it ends in.
func (s *Service) lookUp(tx *records.Tx, r *resource) ([]records.Record, error) {
	var reached []records.Record
	for i, step := range r.steps {
		if i == 0 {
			reached = tx.List(step.set.Collection)
		} else {
			reached = s.related(tx, reached[0].Fields, step.navigation)
		}
		if step.key != nil {
			one, ok := find(reached, step.key)
			if !ok {
				return nil, notFound("%s: there is no entity with this key", step.set.Name)
			}
			reached = []records.Record{one}
		} else if step.navigation != nil && !step.navigation.Many && len(reached) == 0 {
			return nil, notFound("%s leads to no entity", step.navigation.Name)
		}
	}
	return reached, nil
}
