package services

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/schema"
)

// Catalogue is what an environment offers. It is made before the registry, which
// needs its Workers.
type Catalogue struct {
	offerings []Offering
	// judges of parameters, by plan id.
	creating, binding map[string]judge
}

// judge is made of a schema when the first parameters come: that takes longer than all
// else of an environment, most of which have no instance of most plans. nil takes any.
type judge func() (*schema.Schema, error)

// maxSchema is the most bytes of a schema (Open Service Broker 2.17).
const maxSchema = 64 << 10

// NewCatalogue holds what the offerings say of themselves: ids and names are unique.
// That schemas can be read is ours to see to, and Check's to find.
func NewCatalogue(offerings ...Offering) (*Catalogue, error) {
	c := &Catalogue{offerings: offerings, creating: map[string]judge{}, binding: map[string]judge{}}
	seen := map[string]bool{}
	once := func(kind, what string) error {
		if what == "" || seen[kind+what] {
			return fmt.Errorf("%s %q is empty, or there twice", kind, what)
		}
		seen[kind+what] = true
		return nil
	}
	for _, o := range offerings {
		d := o.Description()
		if err := once("id", d.ID); err != nil {
			return nil, err
		}
		if err := once("offering", d.Name); err != nil {
			return nil, err
		}
		if len(d.Plans) == 0 {
			return nil, fmt.Errorf("offering %s has no plan", d.Name)
		}
		for _, p := range d.Plans {
			if err := once("id", p.ID); err != nil {
				return nil, err
			}
			if err := once("plan of "+d.Name+" ", p.Name); err != nil {
				return nil, err
			}
			c.creating[p.ID], c.binding[p.ID] = judgeOf(p.CreateSchema), judgeOf(p.BindSchema)
		}
	}
	return c, nil
}

// Check reads all schemas, which otherwise happens when they are first needed.
func (c *Catalogue) Check() error {
	for _, d := range c.Descriptions() {
		for _, p := range d.Plans {
			for _, made := range []judge{c.creating[p.ID], c.binding[p.ID]} {
				if made == nil {
					continue
				}
				if _, err := made(); err != nil {
					return fmt.Errorf("schema of %s %s: %w", d.Name, p.Name, err)
				}
			}
		}
	}
	return nil
}

// On are the use cases on a registry, which was opened with Workers.
func (c *Catalogue) On(r *btp.Registry) *Engine { return &Engine{r, c} }

// Declare creates a service instance of a seed, in the step that declares it; an
// asynchronous one becomes usable as due work, with its bindings.
func (c *Catalogue) Declare(s *btp.Step, d btp.DeclaredInstance) error {
	sub, err := s.Accounts().Sub(d.Subaccount)
	if err != nil {
		return err
	}
	n := NewInstance{
		ID: d.ID, Name: d.Name, Offering: d.Offering, Plan: d.Plan, Parameters: d.Parameters,
		Place: Place{Environment: d.Environment, Organization: d.Organization, Space: d.Space},
	}
	e := Engine{catalogue: c}
	i, err := e.admit(s, &sub, n)
	if err != nil {
		return err
	}
	for _, b := range d.Bindings {
		i.Declared = append(i.Declared, NewBinding{ID: b.ID, Name: b.Name, Parameters: b.Parameters})
	}
	if i.Usable() {
		if err := e.bindDeclared(s, &i); err != nil {
			return err
		}
	}
	return put(s, &i)
}

// Workers do the due work of service instances.
func (c *Catalogue) Workers() map[btp.DueKind]btp.Worker {
	return map[btp.DueKind]btp.Worker{btp.DueInstanceCreation: c.creation, btp.DueInstanceDeletion: c.deletion} //nolint:exhaustive // the other kinds are not ours
}

// Descriptions are what the offerings say of themselves, visible or not.
func (c *Catalogue) Descriptions() []Description {
	list := make([]Description, len(c.offerings))
	for i, o := range c.offerings {
		list[i] = o.Description()
	}
	return list
}

// chosen is a plan of an offering.
type chosen struct {
	Offering
	Of   Description
	Plan Plan
}

func (c *Catalogue) find(offering, plan string) (chosen, bool) {
	for _, o := range c.offerings {
		d := o.Description()
		if d.Name != offering {
			continue
		}
		if i := slices.IndexFunc(d.Plans, func(p Plan) bool { return p.Name == plan }); i >= 0 {
			return chosen{o, d, d.Plans[i]}, true
		}
	}
	return chosen{}, false
}

// judges are what schemas came to, by their text. Every environment has a catalogue, and
// all have the same few offerings: compiling their schemas anew took longer than all else
// that an environment needs.
var judges sync.Map

// judgeOf reads a schema, once for each text; nil for none.
func judgeOf(text json.RawMessage) judge {
	if text == nil {
		return nil
	}
	return func() (*schema.Schema, error) {
		once, _ := judges.LoadOrStore(string(text), sync.OnceValues(func() (*schema.Schema, error) { return read(text) }))
		return once.(func() (*schema.Schema, error))() //nolint:forcetypeassert // nothing else is stored
	}
}

// read takes of a schema what it says in the keywords that internal/schema knows.
func read(text json.RawMessage) (*schema.Schema, error) {
	if len(text) > maxSchema {
		return nil, fmt.Errorf("it has more than %d bytes", maxSchema)
	}
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, err
	}
	strip(whole)
	known, err := json.Marshal(whole)
	if err != nil {
		return nil, err
	}
	return schema.Compile(known)
}

var judged = []string{
	"$schema", "$id", "$defs", "$ref", "title", "description", "type", "properties", "additionalProperties", "items", "enum", "required",
	"uniqueItems", "pattern", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minimum", "maximum",
}

// strip takes the other keywords out of a schema and of what stands in it.
func strip(s map[string]any) {
	for keyword, value := range s {
		inner, _ := value.(map[string]any)
		switch {
		case !slices.Contains(judged, keyword):
			delete(s, keyword)
		case keyword == "properties" || keyword == "$defs":
			for _, one := range inner {
				if one, is := one.(map[string]any); is {
					strip(one)
				}
			}
		case keyword == "items" || keyword == "additionalProperties":
			strip(inner)
		}
	}
}
