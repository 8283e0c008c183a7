// Package odatatest holds JSON answers of an OData service against its published
// metadata document, read anew from the XML: nothing of the model is trusted.
package odatatest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Metadata is what a metadata document promises.
type Metadata struct {
	types map[string]entityType // by qualified name
	sets  map[string]string     // entity set → type
}

type entityType struct {
	properties  map[string]property
	navigations map[string]navigation
}

type property struct {
	typ       string
	nullable  bool
	maxLength int
}

type navigation struct {
	to   string
	many bool
}

// Read reads a metadata document.
func Read(document []byte) (*Metadata, error) {
	var doc struct {
		Services struct {
			Schema struct {
				Namespace string `xml:"Namespace,attr"`
				Types     []struct {
					Name string `xml:"Name,attr"`
					Keys []struct {
						Name string `xml:"Name,attr"`
					} `xml:"Key>PropertyRef"`
					Properties []struct {
						Name      string `xml:"Name,attr"`
						Type      string `xml:"Type,attr"`
						Nullable  string `xml:"Nullable,attr"`
						MaxLength int    `xml:"MaxLength,attr"`
					} `xml:"Property"`
					Navigations []struct {
						Name         string `xml:"Name,attr"`
						Relationship string `xml:"Relationship,attr"`
						To           string `xml:"ToRole,attr"`
					} `xml:"NavigationProperty"`
				} `xml:"EntityType"`
				Associations []struct {
					Name string `xml:"Name,attr"`
					Ends []struct {
						Type         string `xml:"Type,attr"`
						Multiplicity string `xml:"Multiplicity,attr"`
						Role         string `xml:"Role,attr"`
					} `xml:"End"`
				} `xml:"Association"`
				Sets []struct {
					Name string `xml:"Name,attr"`
					Type string `xml:"EntityType,attr"`
				} `xml:"EntityContainer>EntitySet"`
			} `xml:"Schema"`
		} `xml:"DataServices"`
	}
	if err := xml.Unmarshal(document, &doc); err != nil {
		return nil, err
	}
	schema := doc.Services.Schema
	m := &Metadata{types: map[string]entityType{}, sets: map[string]string{}}
	ends := map[string]navigation{}
	for _, a := range schema.Associations {
		for _, e := range a.Ends {
			ends[schema.Namespace+"."+a.Name+"\x00"+e.Role] = navigation{e.Type, e.Multiplicity == "*"}
		}
	}
	for _, t := range schema.Types {
		et := entityType{map[string]property{}, map[string]navigation{}}
		for _, p := range t.Properties {
			et.properties[p.Name] = property{p.Type, p.Nullable != "false", p.MaxLength}
		}
		for _, k := range t.Keys {
			if p, ok := et.properties[k.Name]; !ok || p.nullable {
				return nil, fmt.Errorf("key %s of %s is no property, or nullable", k.Name, t.Name)
			}
		}
		for _, n := range t.Navigations {
			end, ok := ends[n.Relationship+"\x00"+n.To]
			if !ok {
				return nil, fmt.Errorf("navigation %s of %s has no association", n.Name, t.Name)
			}
			et.navigations[n.Name] = end
		}
		m.types[schema.Namespace+"."+t.Name] = et
	}
	for _, s := range schema.Sets {
		if _, ok := m.types[s.Type]; !ok {
			return nil, fmt.Errorf("entity set %s has no type %s", s.Name, s.Type)
		}
		m.sets[s.Name] = s.Type
	}
	return m, nil
}

// Sets are the names of the entity sets.
func (m *Metadata) Sets() []string {
	var names []string
	for name := range m.sets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Check holds an answer, an entity or a collection of set, against the document
// and returns its entities. whole: every property has to be there.
func (m *Metadata) Check(set string, answer []byte, whole bool) ([]map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(answer))
	dec.UseNumber()
	var doc map[string]any
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	d, ok := doc["d"].(map[string]any)
	if !ok || len(doc) != 1 {
		return nil, fmt.Errorf("the answer is not one object d")
	}
	typ := m.sets[set]
	if typ == "" {
		return nil, fmt.Errorf("there is no entity set %s", set)
	}
	results, wrapped := d["results"]
	if !wrapped {
		results = d
	}
	switch r := results.(type) {
	case map[string]any:
		return []map[string]any{r}, m.entity(typ, r, whole)
	case []any:
		all := []map[string]any{}
		for i, one := range r {
			e, ok := one.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("result %d is no object", i)
			}
			if err := m.entity(typ, e, whole); err != nil {
				return nil, fmt.Errorf("result %d: %w", i, err)
			}
			all = append(all, e)
		}
		return all, nil
	}
	return nil, fmt.Errorf("results are neither an object nor an array")
}

func (m *Metadata) entity(typ string, e map[string]any, whole bool) error {
	t := m.types[typ]
	about, ok := e["__metadata"].(map[string]any)
	if !ok || about["type"] != typ || about["uri"] == "" {
		return fmt.Errorf("__metadata is %v, want type %s", e["__metadata"], typ)
	}
	for name, value := range e {
		if name == "__metadata" {
			continue
		}
		if n, ok := t.navigations[name]; ok {
			if err := m.related(n, value); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			continue
		}
		p, ok := t.properties[name]
		if !ok {
			return fmt.Errorf("%s is in no metadata of %s", name, typ)
		}
		if err := p.check(value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if whole {
		for name := range t.properties {
			if _, ok := e[name]; !ok {
				return fmt.Errorf("%s is missing", name)
			}
		}
	}
	return nil
}

func (m *Metadata) related(n navigation, value any) error {
	if o, ok := value.(map[string]any); ok {
		if link, ok := o["__deferred"].(map[string]any); ok && link["uri"] != "" {
			return nil
		}
		if results, ok := o["results"]; ok {
			value = results
		}
	}
	switch v := value.(type) {
	case nil:
		if n.many {
			return fmt.Errorf("a collection is null")
		}
	case map[string]any:
		if n.many {
			return fmt.Errorf("is one entity, want a collection")
		}
		return m.entity(n.to, v, true)
	case []any:
		if !n.many {
			return fmt.Errorf("is a collection, want one entity")
		}
		for _, one := range v {
			e, _ := one.(map[string]any)
			if err := m.entity(n.to, e, true); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("is %T", value)
	}
	return nil
}

var forms = map[string]*regexp.Regexp{
	"Edm.Decimal":        regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`),
	"Edm.Int64":          regexp.MustCompile(`^-?[0-9]+$`),
	"Edm.Guid":           regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`),
	"Edm.DateTime":       regexp.MustCompile(`^/Date\(-?[0-9]+\)/$`),
	"Edm.DateTimeOffset": regexp.MustCompile(`^/Date\(-?[0-9]+([+-][0-9]+)?\)/$`),
	"Edm.Int32":          regexp.MustCompile(`^-?[0-9]+$`),
	"Edm.Double":         regexp.MustCompile(`^-?[0-9]`),
}

func (p property) check(value any) error {
	wrong := fmt.Errorf("is %T, want %s", value, p.typ)
	switch v := value.(type) {
	case nil:
		if !p.nullable {
			return fmt.Errorf("is null")
		}
	case bool:
		if p.typ != "Edm.Boolean" {
			return wrong
		}
	case json.Number:
		if p.typ != "Edm.Int32" && p.typ != "Edm.Double" || !forms[p.typ].MatchString(v.String()) {
			return wrong
		}
	case string:
		if p.typ == "Edm.String" {
			if p.maxLength > 0 && len([]rune(v)) > p.maxLength {
				return fmt.Errorf("is longer than %d", p.maxLength)
			}
			return nil
		}
		if form := forms[p.typ]; form == nil || strings.HasPrefix(p.typ, "Edm.Int32") || p.typ == "Edm.Double" || !form.MatchString(v) {
			return wrong
		}
	default:
		return wrong
	}
	return nil
}
