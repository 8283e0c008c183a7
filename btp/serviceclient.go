package btp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"strings"
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

// PlatformClient is the client of command lines, which has no secret: its tokens are
// those of the users who log in with them (service-apis §1).
const PlatformClient = "cf"

// platformService is the service whose API PlatformClient's tokens open.
const platformService = "service-manager"

// TokenRequest is what a client of the token service says of itself, and of its user.
type TokenRequest struct {
	Client, Secret string
	// Zone is the subaccount that the client means, by id or subdomain; "" for its own.
	Zone string
	// Password is set with the password grant.
	Password *UserPassword
}

// UserPassword is how a user logs in.
type UserPassword struct{ Name, Password string }

// ServiceGrant is what a service client may have a token for, and when.
type ServiceGrant struct {
	ServicePrincipal
	// Subdomain is the subaccount's.
	Subdomain string
	At        time.Time
}

// AuthorizeClient tells whose credentials these are: of a client in a role, or of a
// client of a platform service. It refuses with Unauthenticated, for all the same, and
// with InvalidRequest when users of several subaccounts have this name and password.
func (r *Registry) AuthorizeClient(ctx context.Context, q TokenRequest) (role *Grant, service *ServiceGrant, err error) {
	var about Reference
	err = r.step(ctx, PointAccessToken, &about, func(ctx context.Context) error {
		return r.view(ctx, func(u *unit) error {
			if q.Client == PlatformClient && q.Secret == "" {
				service, err = u.platformGrant(q)
				return err
			}
			g, err := u.authorize(q.Client, q.Secret)
			if err == nil {
				role = &g
			}
			if CodeOf(err) != Unauthenticated {
				return err
			}
			service, err = u.serviceGrant(q)
			return err
		})
	})
	return role, service, err
}

func badCredentials() error { return Errorf(Unauthenticated, "Bad credentials") }

func (u *unit) serviceGrant(q TokenRequest) (*ServiceGrant, error) {
	o, ok, err := u.Objects().FindByName(KindServiceClient, "clients", q.Client)
	if err != nil {
		return nil, err
	}
	given, kept := sha256.Sum256([]byte(q.Secret)), []byte(nil)
	if ok {
		if err := json.Unmarshal(o.Secret, &kept); err != nil {
			return nil, err
		}
	}
	if subtle.ConstantTimeCompare(given[:], kept) != 1 {
		return nil, badCredentials()
	}
	c, err := serviceClientOf(o)
	if err != nil {
		return nil, err
	}
	sub, err := u.Accounts().Sub(c.Subaccount)
	if err != nil {
		return nil, err
	}
	if q.Zone != "" && q.Zone != string(sub.ID) && !strings.EqualFold(q.Zone, sub.Subdomain) {
		return nil, Errorf(Unauthenticated, "the client is of another zone")
	}
	g := &ServiceGrant{ServicePrincipal: ServicePrincipal{ServiceClient: c}, Subdomain: sub.Subdomain, At: u.now}
	if q.Password == nil {
		return g, nil
	}
	in, user, err := u.login([]Subaccount{sub}, q.Password.Name, q.Password.Password)
	if err == nil && len(in) == 0 {
		err = badCredentials()
	}
	g.User = &user
	return g, err
}

func (u *unit) platformGrant(q TokenRequest) (*ServiceGrant, error) {
	if q.Password == nil {
		return nil, badCredentials()
	}
	zones, err := u.zones(q.Zone)
	if err != nil {
		return nil, err
	}
	in, user, err := u.login(zones, q.Password.Name, q.Password.Password)
	switch {
	case err != nil:
		return nil, err
	case len(in) == 0:
		return nil, badCredentials()
	case len(in) > 1:
		return nil, Errorf(InvalidRequest, "several subaccounts have this user: name one in x-zid")
	}
	c := ServiceClient{ID: PlatformClient, Subaccount: in[0].ID, Service: platformService, XSAppName: PlatformClient}
	return &ServiceGrant{ServicePrincipal: ServicePrincipal{ServiceClient: c, User: &user}, Subdomain: in[0].Subdomain, At: u.now}, nil
}

// AdmitService decides whether somebody may call the API of a platform service. who
// reads the access token at the environment's now: whose it is, of which subaccount
// and, maybe, user. It refuses with Unauthenticated, also when the client is not there
// any more, and with Forbidden for a token of another service.
func (r *Registry) AdmitService(ctx context.Context, service string, who func(now time.Time) (ServicePrincipal, error)) (p ServicePrincipal, err error) {
	var about Reference
	err = r.step(ctx, PointAccess, &about, func(ctx context.Context) error {
		state, err := r.ReadClock(ctx) // another process may have moved it
		if err != nil {
			return err
		}
		said, err := who(state.Now)
		if err != nil {
			return err
		}
		return r.view(ctx, func(u *unit) error {
			if p, err = u.principal(said); err != nil {
				return err
			}
			if p.Service != service {
				return Errorf(Forbidden, "the access token is for service %s, not for %s", p.Service, service)
			}
			return nil
		})
	})
	return p, err
}

// principal is what is stored of the client that a token tells of.
func (u *unit) principal(said ServicePrincipal) (ServicePrincipal, error) {
	if said.ID == PlatformClient && said.User != nil {
		_, err := u.Accounts().Sub(said.Subaccount)
		if CodeOf(err) == SubaccountNotFound {
			err = Errorf(Unauthenticated, "the access token's subaccount is not there any more")
		}
		said.Service, said.XSAppName = platformService, PlatformClient
		return said, err
	}
	o, ok, err := u.Objects().FindByName(KindServiceClient, "clients", said.ID)
	if err != nil {
		return said, err
	}
	if !ok {
		return said, Errorf(Unauthenticated, "the access token's client is not there any more")
	}
	c, err := serviceClientOf(o)
	if err == nil && c.Subaccount != said.Subaccount {
		err = Errorf(Unauthenticated, "the access token's client is of another subaccount by now")
	}
	return ServicePrincipal{ServiceClient: c, User: said.User}, err
}
