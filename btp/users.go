package btp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/pairsim/pairsim/internal/pattern"
)

// The user whom every subaccount has that has no other, with Config.DefaultUser. Its
// password is no secret: it opens what everybody may do without --auth.
const (
	DefaultUserName     = "extension.user@example.com"
	DefaultUserPassword = "Extension1"
)

// MaxUsers bounds the users of a subaccount.
const MaxUsers = 100

const userOrigin = "sap.default" // SAP ID service, as XSUAA calls it

// userNameRule is that of an e-mail address or a plain name, as it stands in tokens.
var userNameRule = pattern.New(`^[A-Za-z0-9][A-Za-z0-9._%+@-]{0,254}$`)

// DeclaredUser is a user of a subaccount's identity provider, as a seed file declares
// one or a test asks for one.
type DeclaredUser struct {
	Subaccount SubaccountID `json:"subaccount"`
	Name       string       `json:"name"`
	// Email is Name, if that is an address and Email is "".
	Email    string `json:"email,omitempty"`
	Password string `json:"password"`
}

// SubaccountUser is a user with the subaccount whose identity provider has it.
type SubaccountUser struct {
	User
	Subaccount SubaccountID
	CreatedAt  time.Time
}

// userDocument is what is stored of a user, beside the digest of the password.
type userDocument struct {
	Email     string    `json:"email"`
	CreatedAt time.Time `json:"createdAt"`
}

// CreateUser adds a user. It refuses with InvalidRequest, SubaccountNotFound or NameTaken.
func (r *Registry) CreateUser(ctx context.Context, d DeclaredUser) (created SubaccountUser, err error) {
	err = r.change(ctx, PointUserCreate, func(u *unit) error {
		created, err = u.createUser(d)
		return err
	})
	return created, err
}

// DeclareUser makes a user of a landscape; the document is a DeclaredUser.
func DeclareUser(s *Step, document json.RawMessage) error {
	var d DeclaredUser
	if err := json.Unmarshal(document, &d); err != nil {
		return Errorf(InvalidRequest, "a user cannot be read")
	}
	_, err := s.u.createUser(d)
	return err
}

func (u *unit) createUser(d DeclaredUser) (SubaccountUser, error) {
	if d.Email == "" && strings.Contains(d.Name, "@") {
		d.Email = d.Name
	}
	switch {
	case !userNameRule.MatchString(d.Name):
		return SubaccountUser{}, Errorf(InvalidRequest, "name %q: 1 to 255 letters, digits and . _ %% + @ -, a letter or digit first", clip(d.Name))
	case !userNameRule.MatchString(d.Email) || !strings.Contains(d.Email, "@"):
		return SubaccountUser{}, Errorf(InvalidRequest, "email %q: an address", clip(d.Email))
	case len(d.Password) < 8 || len(d.Password) > 128:
		return SubaccountUser{}, Errorf(InvalidRequest, "password: 8 to 128 bytes")
	}
	sub, err := u.subaccount(d.Subaccount)
	if err != nil {
		return SubaccountUser{}, err
	}
	n, err := u.Objects().Count(ObjectFilter{Kind: KindUser, Scope: string(sub.ID)})
	if err != nil {
		return SubaccountUser{}, err
	}
	if n >= MaxUsers {
		return SubaccountUser{}, Errorf(InvalidRequest, "subaccount %s has %d users already", sub.ID, n)
	}
	created := SubaccountUser{User: User{ID: u.env.newID(), Name: d.Name, Email: d.Email, Origin: userOrigin}, Subaccount: sub.ID, CreatedAt: u.now}
	document, err := json.Marshal(userDocument{d.Email, u.now})
	if err != nil {
		return SubaccountUser{}, err
	}
	digest := sha256.Sum256([]byte(d.Password))
	kept, err := json.Marshal(digest[:])
	if err != nil {
		return SubaccountUser{}, err
	}
	u.env.Sequence++
	u.record(EntryDecision, PointUserCreate, nil, "", "service-apis §1", "user "+d.Name+" of subaccount "+string(sub.ID))
	return created, u.Objects().Put(Object{
		Kind: KindUser, ID: created.ID, Scope: string(sub.ID), Name: d.Name, Sequence: u.env.Sequence, Document: document, Secret: kept,
	})
}

// Users lists the users of all subaccounts, in the order in which they were made.
// The default user is none of them.
func (r *Registry) Users(ctx context.Context) (list []SubaccountUser, err error) {
	err = r.view(ctx, func(u *unit) error {
		objects, err := u.Objects().List(ObjectFilter{Kind: KindUser})
		if err != nil {
			return err
		}
		list = make([]SubaccountUser, len(objects))
		for i, o := range objects {
			if list[i], err = userOf(o); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// DeleteUser deletes a user. It refuses with UserNotFound. Tokens that tell of the
// user are good until they expire.
func (r *Registry) DeleteUser(ctx context.Context, subaccount SubaccountID, name string) error {
	return r.change(ctx, PointUserDelete, func(u *unit) error {
		o, there, err := u.Objects().FindByName(KindUser, string(subaccount), name)
		if err != nil {
			return err
		}
		if !there {
			return noUser(subaccount, name)
		}
		u.record(EntryDecision, PointUserDelete, nil, "", "pairsim", "user "+name+" of subaccount "+string(subaccount)+" is deleted")
		return u.Objects().Delete(KindUser, o.ID)
	})
}

func noUser(subaccount SubaccountID, name string) error {
	return Errorf(UserNotFound, "the identity provider of subaccount %s has no user %q", subaccount, clip(name))
}

func userOf(o Object) (SubaccountUser, error) {
	var said userDocument
	err := json.Unmarshal(o.Document, &said)
	return SubaccountUser{
		User: User{ID: o.ID, Name: o.Name, Email: said.Email, Origin: userOrigin}, Subaccount: SubaccountID(o.Scope), CreatedAt: said.CreatedAt,
	}, err
}

// UserNamed finds a user of a subaccount. It refuses with UserNotFound.
func (s *Step) UserNamed(subaccount SubaccountID, name string) (User, error) {
	found, _, err := s.u.userNamed(subaccount, name)
	if err == nil && found == nil {
		err = noUser(subaccount, name)
	}
	if err != nil {
		return User{}, err
	}
	return *found, nil
}

// userNamed returns nil for nobody, else the digest of the password, too.
func (u *unit) userNamed(subaccount SubaccountID, name string) (*User, []byte, error) {
	o, there, err := u.Objects().FindByName(KindUser, string(subaccount), name)
	if err != nil {
		return nil, nil, err
	}
	if there {
		var digest []byte
		if err := json.Unmarshal(o.Secret, &digest); err != nil {
			return nil, nil, err
		}
		found, err := userOf(o)
		return &found.User, digest, err
	}
	if !u.r.config.DefaultUser || name != DefaultUserName {
		return nil, nil, nil
	}
	others, err := u.Objects().Count(ObjectFilter{Kind: KindUser, Scope: string(subaccount)})
	if err != nil || others > 0 {
		return nil, nil, err
	}
	digest := sha256.Sum256([]byte(DefaultUserPassword))
	return &User{ID: "extension-user", Name: name, Email: name, Origin: userOrigin}, digest[:], nil
}

// login finds whom name and password are of among the subaccounts that are given.
func (u *unit) login(subaccounts []Subaccount, name, password string) (in []Subaccount, user User, err error) {
	given := sha256.Sum256([]byte(password))
	for _, sub := range subaccounts {
		found, digest, err := u.userNamed(sub.ID, name)
		if err != nil {
			return nil, User{}, err
		}
		if found != nil && subtle.ConstantTimeCompare(given[:], digest) == 1 {
			in, user = append(in, sub), *found
		}
	}
	return in, user, nil
}

// zones are the subaccounts that a client may mean: the one whose id or subdomain is
// zone; all, without one.
func (u *unit) zones(zone string) (list []Subaccount, err error) {
	accounts, err := u.Accounts().Globals()
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		subs, err := u.Accounts().Subs(a.ID)
		if err != nil {
			return nil, err
		}
		list = append(list, subs...)
	}
	if zone != "" {
		list = slices.DeleteFunc(list, func(s Subaccount) bool { return string(s.ID) != zone && !strings.EqualFold(s.Subdomain, zone) })
	}
	return list, nil
}
