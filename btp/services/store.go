package services

import (
	"encoding/json"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

// keptSecret is what of an instance or binding must not be shown.
type keptSecret struct {
	// Request is the digest of what was asked for.
	Request []byte `json:"request"`
	// Kept is an instance's secret, or a binding's credentials.
	Kept json.RawMessage `json:"kept,omitempty"`
}

func object(kind btp.ObjectKind, id string, document any, secret keptSecret) (btp.Object, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return btp.Object{}, err
	}
	hidden, err := json.Marshal(secret)
	if len(text) > btp.MaxObjectDocument || len(hidden) > btp.MaxObjectSecret {
		return btp.Object{}, btp.Errorf(btp.BodyTooLarge, "%s: it is too large to be kept", kind)
	}
	return btp.Object{Kind: kind, ID: id, Document: text, Secret: hidden}, err
}

func put(s *btp.Step, i *Instance) error {
	o, err := object(btp.KindServiceInstance, i.ID, i, keptSecret{i.Request, i.Secret})
	if err != nil {
		return err
	}
	o.Scope, o.Name, o.Parent, o.System, o.Sequence = string(i.Subaccount), i.Name, string(i.Entitlement), i.System, i.Sequence
	return s.Objects().Put(o)
}

func instanceOf(o btp.Object) (i Instance, err error) {
	var secret keptSecret
	if err = json.Unmarshal(o.Document, &i); err == nil {
		err = json.Unmarshal(o.Secret, &secret)
	}
	i.ID, i.Name, i.Subaccount, i.Entitlement, i.System, i.Sequence = o.ID, o.Name, btp.SubaccountID(o.Scope), btp.EntitlementID(o.Parent), o.System, o.Sequence
	i.Request, i.Secret = secret.Request, secret.Kept
	return i, err
}

// A binding's name is unique in its instance, and its object stands in the list of
// its subaccount: the object's name is both.
func putBinding(s *btp.Step, b *Binding) error {
	o, err := object(btp.KindServiceBinding, b.ID, b, keptSecret{b.Request, b.Credentials})
	if err != nil {
		return err
	}
	o.Scope, o.Name, o.Parent, o.Sequence = string(b.Subaccount), b.Instance+"/"+b.Name, b.Instance, b.Sequence
	return s.Objects().Put(o)
}

func bindingOf(o btp.Object) (b Binding, err error) {
	var secret keptSecret
	if err = json.Unmarshal(o.Document, &b); err == nil {
		err = json.Unmarshal(o.Secret, &secret)
	}
	b.ID, b.Instance, b.Subaccount, b.Sequence = o.ID, o.Parent, btp.SubaccountID(o.Scope), o.Sequence
	b.Name = strings.TrimPrefix(o.Name, o.Parent+"/")
	b.Request, b.Credentials = secret.Request, secret.Kept
	return b, err
}

// findInstance finds an instance that the caller may see.
func findInstance(s *btp.Step, id string) (Instance, error) {
	o, ok, err := s.Objects().Find(btp.KindServiceInstance, id)
	if err != nil {
		return Instance{}, err
	}
	if ok {
		_, err = s.Subaccount(btp.SubaccountID(o.Scope))
	}
	switch {
	case !ok || btp.CodeOf(err) == btp.SubaccountNotFound: // another account's
		return Instance{}, btp.Errorf(btp.ServiceInstanceNotFound, "there is no service instance %.60q", id)
	case err != nil:
		return Instance{}, err
	}
	return instanceOf(o)
}

// findBinding finds a binding that the caller may see, with its instance.
func findBinding(s *btp.Step, id string) (b Binding, i Instance, err error) {
	o, ok, err := s.Objects().Find(btp.KindServiceBinding, id)
	if err != nil {
		return b, i, err
	}
	if ok {
		i, err = findInstance(s, o.Parent)
	}
	switch {
	case !ok || btp.CodeOf(err) == btp.ServiceInstanceNotFound:
		return b, i, btp.Errorf(btp.ServiceBindingNotFound, "there is no service binding %.60q", id)
	case err != nil:
		return b, i, err
	}
	b, err = bindingOf(o)
	return b, i, err
}

func bindingsOf(s *btp.Step, f btp.ObjectFilter) ([]Binding, error) {
	f.Kind = btp.KindServiceBinding
	objects, err := s.Objects().List(f)
	if err != nil {
		return nil, err
	}
	list := make([]Binding, len(objects))
	for n, o := range objects {
		if list[n], err = bindingOf(o); err != nil {
			return nil, err
		}
	}
	return list, nil
}
