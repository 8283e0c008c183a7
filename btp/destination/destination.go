package destination

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Destination is where and how an application reaches a system.
type Destination struct {
	Subaccount btp.SubaccountID
	// Instance is the instance of the destination service on whose level it stands; ""
	// is subaccount level.
	Instance string
	// Name is unique on its level; at most 200 characters.
	Name string
	// Properties are what may be shown, Secrets what may not: Password, clientSecret.
	// Put moves each to where it belongs.
	Properties, Secrets map[string]string
	// MadeBy is the id of the service instance that made it; "" by hand.
	MadeBy string
	// ChangedAt is when it was made, or changed last.
	ChangedAt time.Time
	// New lets Put refuse a name that is taken; without it, Put replaces.
	New bool

	id       string
	sequence uint64
}

// The bounds of a level: a decision of ours, the documents name none.
const (
	MaxDestinations = 1000
	MaxFiles        = 100
)

// document is what is stored of a destination, beside its secrets.
type document struct {
	Subaccount btp.SubaccountID  `json:"subaccount"`
	Instance   string            `json:"instance,omitempty"`
	MadeBy     string            `json:"madeBy,omitempty"`
	Properties map[string]string `json:"properties"`
	ChangedAt  time.Time         `json:"changedAt"`
}

// level is the scope of names.
func level(subaccount btp.SubaccountID, instance string) string {
	if instance == "" {
		return string(subaccount)
	}
	return string(subaccount) + "/" + instance
}

// secretNames are the properties that are secret, in lower case: those of service-apis
// §2, and what is named like them.
var secretNames = []string{
	"password", "clientsecret", "tokenservicepassword", "keystorepassword", "truststorepassword", "tokenservice.keystorepassword",
}

// IsSecret says whether the value of a property must not be shown: passwords and
// secrets, and what is sent to the target as header or query (URL.headers.apiKey).
func IsSecret(property string) bool {
	name := strings.ToLower(property)
	return slices.Contains(secretNames, name) || strings.HasSuffix(name, "password") || strings.HasSuffix(name, "secret") ||
		strings.HasPrefix(name, "url.headers.") || strings.HasPrefix(name, "url.queries.") ||
		strings.HasPrefix(name, "tokenserviceurl.headers.") || strings.HasPrefix(name, "tokenserviceurl.queries.")
}

// All are the properties as the destination service shows them, secrets and Name
// included.
func (d *Destination) All() map[string]string {
	all := map[string]string{}
	maps.Copy(all, d.Properties)
	maps.Copy(all, d.Secrets)
	all[Name] = d.Name
	return all
}

// Property is the value of a property, public or secret; "" for none.
func (d *Destination) Property(name string) string {
	if v, ok := d.Properties[name]; ok {
		return v
	}
	return d.Secrets[name]
}

// sorted puts each property where it belongs. The name is no property of its own.
func (d *Destination) sorted() {
	all := d.All()
	delete(all, Name)
	d.Properties, d.Secrets = map[string]string{}, map[string]string{}
	for name, value := range all {
		if IsSecret(name) {
			d.Secrets[name] = value
		} else {
			d.Properties[name] = value
		}
	}
}

// Put makes or, unless d is New, replaces a destination. It refuses with
// DestinationInvalid, DestinationExists, DestinationLimit or SubaccountNotFound. What
// replaces a destination that a service instance made stays that instance's.
func Put(s *btp.Step, d Destination) error {
	if err := Check(d); err != nil {
		return err
	}
	if _, err := s.Subaccount(d.Subaccount); err != nil {
		return err
	}
	d.sorted()
	scope := level(d.Subaccount, d.Instance)
	present, there, err := s.Objects().FindByName(btp.KindDestination, scope, d.Name)
	switch {
	case err != nil:
		return err
	case there && d.New:
		return btp.Errorf(btp.DestinationExists, "a destination %q exists already in subaccount %s", d.Name, d.Subaccount)
	case there:
		old, err := read(present)
		if err != nil {
			return err
		}
		d.id, d.sequence = old.id, old.sequence
		if d.MadeBy == "" {
			d.MadeBy = old.MadeBy
		}
	default:
		if err := room(s, btp.KindDestination, scope, MaxDestinations); err != nil {
			return err
		}
		d.id, d.sequence = s.NewID(), s.NextSequence()
	}
	d.ChangedAt = s.Now()
	text := "destination " + d.Name + " of subaccount " + string(d.Subaccount)
	if there {
		text += " is changed"
	} else {
		text += " is made"
	}
	s.Decided(btp.PointDestinationPut, nil, "sap-domain §14.2", text)
	return d.store(s)
}

func room(s *btp.Step, kind btp.ObjectKind, scope string, most int) error {
	n, err := s.Objects().Count(btp.ObjectFilter{Kind: kind, Scope: scope})
	if err == nil && n >= most {
		return btp.Errorf(btp.DestinationLimit, "the level has %d of them already", n)
	}
	return err
}

func (d *Destination) store(s *btp.Step) error {
	said, err := json.Marshal(document{d.Subaccount, d.Instance, d.MadeBy, d.Properties, d.ChangedAt})
	if err != nil {
		return err
	}
	kept, err := json.Marshal(d.Secrets)
	if err != nil {
		return err
	}
	return s.Objects().Put(btp.Object{
		Kind: btp.KindDestination, ID: d.id, Scope: level(d.Subaccount, d.Instance), Name: d.Name, Parent: d.MadeBy, Sequence: d.sequence,
		Document: said, Secret: kept,
	})
}

func read(o btp.Object) (Destination, error) {
	var said document
	d := Destination{Name: o.Name, id: o.ID, sequence: o.Sequence}
	if err := json.Unmarshal(o.Document, &said); err != nil {
		return d, err
	}
	d.Subaccount, d.Instance, d.MadeBy, d.Properties, d.ChangedAt = said.Subaccount, said.Instance, said.MadeBy, said.Properties, said.ChangedAt
	return d, json.Unmarshal(o.Secret, &d.Secrets)
}

// Find finds the destination of a level; instance "" is subaccount level. It refuses
// with DestinationNotFound.
func Find(s *btp.Step, subaccount btp.SubaccountID, instance, name string) (Destination, error) {
	o, there, err := s.Objects().FindByName(btp.KindDestination, level(subaccount, instance), name)
	if err != nil {
		return Destination{}, err
	}
	if !there {
		return Destination{}, btp.Errorf(btp.DestinationNotFound, "subaccount %s has no destination %.100q", subaccount, name)
	}
	return read(o)
}

// Resolve finds what an application means that is bound to an instance of the
// destination service: the instance's own destination hides that of the subaccount.
func Resolve(s *btp.Step, subaccount btp.SubaccountID, instance, name string) (Destination, error) {
	if instance != "" {
		if d, err := Find(s, subaccount, instance, name); btp.CodeOf(err) != btp.DestinationNotFound {
			return d, err
		}
	}
	return Find(s, subaccount, "", name)
}

// List lists the destinations of a level in the order in which they were made.
func List(s *btp.Step, subaccount btp.SubaccountID, instance string) ([]Destination, error) {
	if _, err := s.Subaccount(subaccount); err != nil {
		return nil, err
	}
	objects, err := s.Objects().List(btp.ObjectFilter{Kind: btp.KindDestination, Scope: level(subaccount, instance)})
	if err != nil {
		return nil, err
	}
	list := make([]Destination, len(objects))
	for i, o := range objects {
		if list[i], err = read(o); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Remove deletes a destination on subaccount level. It refuses with
// DestinationNotFound. Who made it does not matter: the documents forbid nobody to
// delete what a service instance made.
func Remove(s *btp.Step, subaccount btp.SubaccountID, name string) error {
	return RemoveFrom(s, subaccount, "", name)
}

// RemoveFrom is Remove on the level of an instance of the destination service.
func RemoveFrom(s *btp.Step, subaccount btp.SubaccountID, instance, name string) error {
	d, err := Find(s, subaccount, instance, name)
	if err != nil {
		return err
	}
	return d.remove(s)
}

func (d *Destination) remove(s *btp.Step) error {
	s.Decided(btp.PointDestinationDelete, nil, "sap-domain §14.2",
		"destination "+d.Name+" of subaccount "+string(d.Subaccount)+" is deleted")
	return s.Objects().Delete(btp.KindDestination, d.id)
}

// RemoveMadeBy deletes what a service instance made, on whichever level, under the
// name that it has now. One that somebody has made by hand in its place stays.
func RemoveMadeBy(s *btp.Step, instance string) error {
	objects, err := s.Objects().List(btp.ObjectFilter{Kind: btp.KindDestination, Parent: instance})
	if err != nil {
		return err
	}
	for _, o := range objects {
		d, err := read(o)
		if err != nil {
			return err
		}
		if err := d.remove(s); err != nil {
			return err
		}
	}
	return nil
}

// RemoveLevel deletes the destinations and certificate files of an instance of the
// destination service, which is deleted itself.
func RemoveLevel(s *btp.Step, subaccount btp.SubaccountID, instance string) error {
	for _, kind := range []btp.ObjectKind{btp.KindDestination, btp.KindCertificateFile} {
		objects, err := s.Objects().List(btp.ObjectFilter{Kind: kind, Scope: level(subaccount, instance)})
		if err != nil {
			return err
		}
		for _, o := range objects {
			if err := s.Objects().Delete(kind, o.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
