package btp

import (
	"context"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pairsim/pairsim/internal/pattern"
)

// NewSystemType asks for a system type of a third party (5481d59.md).
type NewSystemType struct {
	// Name is unique in the global account, and no type of SAP's has it.
	Name string
	// Namespace begins with customer.
	Namespace string
	Provider  string
}

// The bounds of a third party's types; ours, but for that of the provider
// (sap-domain §6).
const (
	MaxOwnTypes  = 100 // of one global account
	maxNamespace = 100
	maxProvider  = 256
)

var customerNamespace = pattern.New(`^customer(\.[A-Za-z0-9_-]+)+$`)

func (n *NewSystemType) check() error {
	if err := checkPrintable("system type", n.Name); err != nil {
		return err
	}
	if len(n.Namespace) > maxNamespace || !customerNamespace.MatchString(n.Namespace) {
		return Errorf(InvalidRequest, "namespace: it is customer. and segments of letters, digits, - and _, joined by dots, at most %d characters", maxNamespace)
	}
	if n.Provider == "" || utf8.RuneCountInString(n.Provider) > maxProvider || strings.TrimSpace(n.Provider) != n.Provider ||
		!utf8.ValidString(n.Provider) || strings.ContainsFunc(n.Provider, unicode.IsControl) {
		return Errorf(InvalidRequest, "provider: it has 1 to %d characters, without control characters, and no blank at either end", maxProvider)
	}
	return nil
}

// CreateSystemType makes a type for systems of a third party. They need no token: they
// are registered when they are added, and have no status (5481d59.md, 2ffdaff.md). It
// refuses with OperationNotInEdition, NameInvalid, InvalidRequest, NameTaken and
// SystemTypeLimit.
func (r *Registry) CreateSystemType(ctx context.Context, ga string, n NewSystemType, key IdempotencyKey) (t *SystemType, err error) {
	about := Reference{Name: clip(n.Name)}
	err = r.step(ctx, PointSystemTypeCreate, &about, func(ctx context.Context) error {
		if !r.edition.OwnSystemTypes {
			return Errorf(OperationNotInEdition, "edition %s knows SAP's system types only", r.edition.ID)
		}
		if err := n.check(); err != nil {
			return err
		}
		return r.update(ctx, func(u *unit) error {
			account, err := u.globalAccount(ga)
			if err != nil {
				return err
			}
			m, err := u.once(key, "system type", func() (Replay, error) { return u.createSystemType(account.ID, n) },
				string(account.ID), n.Name, n.Namespace, n.Provider)
			if err != nil {
				return err
			}
			o, ok, err := u.Objects().Find(KindSystemType, m.Created)
			if err == nil && !ok {
				err = Errorf(TypeUnknown, "the system type that was made then is gone")
			}
			if err == nil {
				t, err = ownType(o)
			}
			return err
		})
	})
	return t, err
}

func (u *unit) createSystemType(ga GlobalAccountID, n NewSystemType) (Replay, error) {
	switch _, err := u.typeNamed(ga, n.Name); CodeOf(err) {
	case "":
		return Replay{}, Errorf(NameTaken, "there is a system type %q already", n.Name)
	case TypeUnknown:
	default:
		return Replay{}, err
	}
	there, err := u.Objects().Count(ObjectFilter{Kind: KindSystemType, Scope: string(ga)})
	if err != nil {
		return Replay{}, err
	}
	if there >= MaxOwnTypes {
		return Replay{}, Errorf(SystemTypeLimit, "global account %s has %d system types of its own, which is the most", ga, MaxOwnTypes)
	}
	document, err := json.Marshal(ownTypeDocument{n.Namespace, n.Provider})
	if err != nil {
		return Replay{}, err
	}
	u.env.Sequence++
	o := Object{Kind: KindSystemType, ID: u.env.newID(), Scope: string(ga), Name: n.Name, Sequence: u.env.Sequence, Document: document}
	u.record(EntryDecision, PointSystemTypeCreate, nil, "", "5481d59.md", "system type "+n.Name+" of "+n.Namespace+" is made")
	return Replay{Created: o.ID}, u.Objects().Put(o)
}

// ownTypeDocument is what the store keeps of a third party's type.
type ownTypeDocument struct {
	Namespace string `json:"namespace"`
	Provider  string `json:"provider"`
}

// ownType is a third party's type as a row of sap-domain §3.
func ownType(o Object) (*SystemType, error) {
	var d ownTypeDocument
	if err := json.Unmarshal(o.Document, &d); err != nil {
		return nil, err
	}
	return &SystemType{
		Name: o.Name, Namespace: d.Namespace, Provider: d.Provider, Component: "BC-CP-MP", TokenSource: "5481d59.md",
		properties: []TypeProperty{FormationBeforePairing},
	}, nil
}

// typeNamed finds a type among SAP's and those of a global account.
func (u *unit) typeNamed(ga GlobalAccountID, name string) (*SystemType, error) {
	t, unknown := TypeNamed(name)
	if unknown == nil || !u.r.edition.OwnSystemTypes || name == "" {
		return t, unknown
	}
	o, ok, err := u.Objects().FindByName(KindSystemType, string(ga), name)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, unknown
	}
	return ownType(o)
}

// typeOf is the type of a system.
func (u *unit) typeOf(s *System) (*SystemType, error) { return u.typeNamed(s.GlobalAccount, s.Type) }

// AccountSystemTypes lists the types that can be registered in a global account: SAP's,
// then its own in the order of their creation.
func (r *Registry) AccountSystemTypes(ctx context.Context, ga string) (list []*SystemType, err error) {
	err = r.look(ctx, PointSystemTypeList, Reference{}, func(u *unit) error {
		account, err := u.globalAccount(ga)
		if err != nil {
			return err
		}
		own, err := u.Objects().List(ObjectFilter{Kind: KindSystemType, Scope: string(account.ID)})
		if err != nil {
			return err
		}
		list = append([]*SystemType{}, SystemTypes...)
		for _, o := range own {
			t, err := ownType(o)
			if err != nil {
				return err
			}
			list = append(list, t)
		}
		return nil
	})
	return list, err
}
