package btp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"time"
)

// ServiceClient is a client of the token service that the binding of a platform
// service made (service-apis §1).
type ServiceClient struct {
	// ID is the client_id, such as sb-<id>!b1|destination-xsappname!b1.
	ID         string       `json:"-"`
	Subaccount SubaccountID `json:"subaccount"`
	// Service is the offering whose API its tokens open: destination,
	// enterprise-messaging, service-manager, xsuaa.
	Service   string `json:"service"`
	XSAppName string `json:"xsappname"`
	// Instance and Binding are the ids of what it was made for; Binding may be "".
	Instance string `json:"instance"`
	Binding  string `json:"binding,omitempty"`
	// Authorities are the scopes of its tokens.
	Authorities []string  `json:"authorities,omitempty"`
	CreatedAt   time.Time `json:"createdAt"`
}

// ServicePrincipal is who an access token of a platform service stands for.
type ServicePrincipal struct {
	ServiceClient
	// User is who is logged in; nil for the client itself.
	User *User
}

// User is a person of a subaccount's own identity provider, as tokens tell of one.
type User struct{ ID, Name, Email, Origin string }

// PutServiceClient stores a client and returns its secret, which is kept as a digest only.
func (s *Step) PutServiceClient(c ServiceClient) (secret string, err error) {
	secret = drawSecret()
	c.CreatedAt = s.u.now
	document, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(secret))
	kept, err := json.Marshal(digest[:])
	if err != nil {
		return "", err
	}
	return secret, s.Objects().Put(Object{
		Kind: KindServiceClient, ID: s.NewID(), Scope: "clients", Name: c.ID, Parent: c.Instance, Sequence: s.NextSequence(),
		Document: document, Secret: kept,
	})
}

// DeleteServiceClients deletes the clients of an instance's binding; binding "" deletes
// all of the instance's.
func (s *Step) DeleteServiceClients(instance, binding string) error {
	list, err := s.Objects().List(ObjectFilter{Kind: KindServiceClient, Parent: instance})
	if err != nil {
		return err
	}
	for _, o := range list {
		c, err := serviceClientOf(o)
		if err != nil {
			return err
		}
		if binding == "" || c.Binding == binding {
			if err := s.Objects().Delete(o.Kind, o.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func serviceClientOf(o Object) (c ServiceClient, err error) {
	err = json.Unmarshal(o.Document, &c)
	c.ID = o.Name
	return c, err
}

// ServiceGrant is what a service client may have a token for, and when.
type ServiceGrant struct {
	ServiceClient
	// Subdomain is the subaccount's.
	Subdomain string
	At        time.Time
}

// AuthorizeService tells whose credentials these are. It refuses with Unauthenticated.
func (r *Registry) AuthorizeService(ctx context.Context, id, secret string) (g ServiceGrant, err error) {
	var about Reference
	err = r.step(ctx, PointAccessToken, &about, func(ctx context.Context) error {
		return r.view(ctx, func(u *unit) error {
			o, ok, err := u.Objects().FindByName(KindServiceClient, "clients", id)
			if err != nil {
				return err
			}
			given, kept := sha256.Sum256([]byte(secret)), []byte(nil)
			if ok {
				if err := json.Unmarshal(o.Secret, &kept); err != nil {
					return err
				}
			}
			if subtle.ConstantTimeCompare(given[:], kept) != 1 {
				return Errorf(Unauthenticated, "Bad credentials")
			}
			if g.ServiceClient, err = serviceClientOf(o); err != nil {
				return err
			}
			sub, err := u.Accounts().Sub(g.Subaccount)
			g.Subdomain, g.At = sub.Subdomain, u.now
			return err
		})
	})
	return g, err
}

// ServiceClientNamed finds a client by its id; an access token is good while its
// client is there. It refuses with Unauthenticated.
func (r *Registry) ServiceClientNamed(ctx context.Context, id string) (c ServiceClient, err error) {
	err = r.view(ctx, func(u *unit) error {
		o, ok, err := u.Objects().FindByName(KindServiceClient, "clients", id)
		if err != nil {
			return err
		}
		if !ok {
			return Errorf(Unauthenticated, "the access token's client is not there any more")
		}
		c, err = serviceClientOf(o)
		return err
	})
	return c, err
}
