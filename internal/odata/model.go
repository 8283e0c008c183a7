package odata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/internal/records"
)

// Type is a primitive type of the Entity Data Model.
type Type string

// The primitive types that a model may use.
const (
	String         Type = "Edm.String"
	Boolean        Type = "Edm.Boolean"
	Int32          Type = "Edm.Int32"
	Int64          Type = "Edm.Int64"
	Decimal        Type = "Edm.Decimal"
	Double         Type = "Edm.Double"
	GUID           Type = "Edm.Guid"
	DateTime       Type = "Edm.DateTime"
	DateTimeOffset Type = "Edm.DateTimeOffset"
)

// Property is a property of an entity type.
type Property struct {
	Name      string
	Type      Type
	MaxLength int  // of a string, in characters; 0: 255
	Scale     int  // of a decimal: digits after the point
	Required  bool // not null; keys are required anyway
	Computed  bool // set by the service only
	Fixed     bool // cannot be changed once the entity exists, as keys
}

// Text is a string property of at most length characters.
func Text(name string, length int) Property {
	return Property{Name: name, Type: String, MaxLength: length}
}

// Of is a property of a type without facets.
func Of(name string, typ Type) Property { return Property{Name: name, Type: typ} }

// Amount is a decimal property with scale digits after the point.
func Amount(name string, scale int) Property {
	return Property{Name: name, Type: Decimal, Scale: scale}
}

// NotNull is p, required.
func (p Property) NotNull() Property { p.Required = true; return p }

// AtCreation is p, which cannot be changed afterwards.
func (p Property) AtCreation() Property { p.Fixed = true; return p }

// ByService is p, set by the service only.
func (p Property) ByService() Property { p.Computed = true; return p }

const defaultMaxLength = 255

func (p *Property) maxLength() int {
	if p.MaxLength > 0 {
		return p.MaxLength
	}
	return defaultMaxLength
}

// Navigation leads from an entity to those of another set whose properties
// There equal its own properties Here.
type Navigation struct {
	Name, Target string // Target is an entity set
	Many         bool
	Here, There  []string
}

// Set is an entity set with its entity type.
type Set struct {
	Name, Type  string
	Keys        []string
	Properties  []Property
	Navigations []Navigation
	// Concurrency is the property whose value is the entity's ETag; "" for none.
	Concurrency string
	// Collection is where the set's records are.
	Collection string
	// Upsert: POST of an entity that exists updates it.
	Upsert bool
	// ID names the record of an entity; nil: its keys, joined by commas.
	ID func(entity map[string]any) string
	// Prepare completes an entity before it is stored: ids, computed properties,
	// defaults, and the product's own rules. before is nil for a new entity. An
	// error that is no *Error is the service's own fault.
	Prepare func(tx *records.Tx, entity, before map[string]any) error
	// Remove follows a deletion; nil: nothing does.
	Remove func(tx *records.Tx, entity map[string]any) error
}

// Service is a data service: what stands below one root URL.
type Service struct {
	Namespace string // of the entity types, and the name of the container's prefix
	Sets      []Set
	// Bare: one entity stands below d.results and an expanded collection is a bare
	// array, as SAP Cloud for Customer has it.
	Bare bool
}

func (s *Service) set(name string) *Set {
	i := slices.IndexFunc(s.Sets, func(set Set) bool { return set.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Sets[i]
}

func (s *Set) property(name string) *Property {
	i := slices.IndexFunc(s.Properties, func(p Property) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Properties[i]
}

func (s *Set) navigation(name string) *Navigation {
	i := slices.IndexFunc(s.Navigations, func(n Navigation) bool { return n.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Navigations[i]
}

// id names the record of an entity.
func (s *Set) id(entity map[string]any) string {
	if s.ID != nil {
		return s.ID(entity)
	}
	parts := make([]string, len(s.Keys))
	for i, key := range s.Keys {
		parts[i] = fmt.Sprint(entity[key])
	}
	return strings.Join(parts, ",")
}

// etag is the ETag of an entity, "" for a set without.
func (s *Set) etag(entity map[string]any) string {
	p := s.property(s.Concurrency)
	if p == nil {
		return ""
	}
	return `W/"` + strings.ReplaceAll(p.literal(entity[p.Name]), ":", "%3A") + `"`
}

func (s *Set) isKey(name string) bool { return slices.Contains(s.Keys, name) }

// Validate finds mistakes in a model.
func (s *Service) Validate() error {
	for i := range s.Sets {
		set := &s.Sets[i]
		wrong := func(format string, args ...any) error {
			return fmt.Errorf("entity set %s: %s", set.Name, fmt.Sprintf(format, args...))
		}
		names := append(slices.Clone(set.Keys), set.Concurrency)
		for _, n := range set.Navigations {
			target := s.set(n.Target)
			if target == nil || len(n.Here) == 0 || len(n.Here) != len(n.There) {
				return wrong("navigation %s leads nowhere", n.Name)
			}
			for _, there := range n.There {
				if target.property(there) == nil {
					return wrong("navigation %s: %s has no property %s", n.Name, n.Target, there)
				}
			}
			names = append(names, n.Here...)
		}
		for _, name := range names {
			if name != "" && set.property(name) == nil {
				return wrong("there is no property %s", name)
			}
		}
		if len(set.Keys) == 0 || set.Collection == "" || set.Prepare == nil {
			return wrong("needs a key, a collection and Prepare")
		}
	}
	return nil
}
