package rest

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/problem"
)

// Query is what an application asks for.
type Query struct {
	Subaccount btp.SubaccountID
	// Instance is the instance of the destination service that it is bound to; "":
	// destinations of the subaccount only.
	Instance, Name string
	// User is who is logged in; nil: nobody.
	User *btp.User
	// UserToken is that of another user, whom it acts for; "" for none.
	UserToken string
	// UserName is whom an operator acts for; "" for nobody.
	UserName string
	// Tenant is the subdomain of whom it acts for, for token services that all share.
	Tenant string
	// SkipTokens leaves out what it takes to call the target.
	SkipTokens bool
}

// Found is the answer to "find destination" (sap-domain §14.4).
type Found struct {
	Owner         owner             `json:"owner"`
	Configuration map[string]string `json:"destinationConfiguration"`
	Tokens        []authToken       `json:"authTokens,omitempty"`
	Certificates  []file            `json:"certificates,omitempty"`

	// reason is why something is missing that the target's call takes.
	reason btp.Code
}

// owner says on which level the destination stands: one of the two is null.
type owner struct {
	Subaccount *string `json:"SubaccountId"`
	Instance   *string `json:"InstanceId"`
}

// looked is what the store says about a query.
type looked struct {
	destination.Destination
	query     Query
	subdomain string
	files     []file
	now       time.Time
}

func (s *Service) find(c *gin.Context, who btp.ServicePrincipal) error {
	skip, err := skipOf(c)
	if err != nil {
		return err
	}
	found, err := s.Find(c.Request.Context(), Query{
		Subaccount: who.Subaccount, Instance: who.Instance, Name: c.Param("name"), User: who.User, UserToken: c.GetHeader("X-User-Token"),
		Tenant: c.GetHeader("X-Tenant"), SkipTokens: skip,
	})
	if err != nil {
		return err
	}
	if found.reason != "" {
		c.Header(problem.ReasonHeader, string(found.reason))
	}
	c.Header("Cache-Control", "no-store")
	return httpapi.Respond(c, http.StatusOK, found)
}

func skipOf(c *gin.Context) (bool, error) {
	switch given := c.Query("$skipTokenRetrieval"); given {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, btp.Errorf(btp.InvalidRequest, "$skipTokenRetrieval is true or false")
	}
}

// Find finds a destination with what it takes to call its target. A token that cannot
// be had is no refusal: its entry says why. It refuses with DestinationNotFound,
// SubaccountNotFound or UserNotFound.
func (s *Service) Find(ctx context.Context, q Query) (Found, error) {
	var l looked
	err := s.Registry.Look(ctx, btp.PointDestinationFind, btp.Reference{}, func(step *btp.Step) (err error) {
		l, err = look(step, q)
		return err
	})
	if err != nil {
		return Found{}, err
	}
	found := Found{Owner: ownerOf(&l.Destination), Configuration: l.All()}
	if q.SkipTokens {
		return found, nil
	}
	switch l.Property(destination.Authentication) {
	case destination.OAuth2ClientCredentials, destination.OAuth2SAMLBearerAssertion:
		token := s.token(ctx, &l)
		if token.Error != "" {
			found.reason = btp.DestinationTokenFailed
		}
		found.Tokens = []authToken{token}
	case destination.ClientCertificateAuthentication:
		if found.Certificates = l.files; len(l.files) == 0 {
			found.reason = btp.CertificateFileNotFound
		}
	}
	return found, nil
}

func ownerOf(d *destination.Destination) owner {
	if d.Instance != "" {
		return owner{Instance: &d.Instance}
	}
	id := string(d.Subaccount)
	return owner{Subaccount: &id}
}

func look(step *btp.Step, q Query) (l looked, err error) {
	sub, err := step.Subaccount(q.Subaccount)
	if err != nil {
		return l, err
	}
	if q.UserName != "" {
		user, err := step.UserNamed(sub.ID, q.UserName)
		if err != nil {
			return l, err
		}
		q.User = &user
	}
	l.query, l.subdomain, l.now = q, sub.Subdomain, step.Now()
	if l.Destination, err = destination.Resolve(step, sub.ID, q.Instance, q.Name); err != nil {
		return l, err
	}
	if name := l.Property(destination.KeyStoreLocation); name != "" {
		f, err := destination.FindFile(step, sub.ID, l.Instance, name)
		switch {
		case err == nil:
			l.files = []file{fileOf(f)}
		case btp.CodeOf(err) != btp.CertificateFileNotFound:
			return l, err
		}
	}
	return l, nil
}

// user is whom the target is called for. The error's text is for the caller.
func (s *Service) user(ctx context.Context, l *looked) (*btp.User, error) {
	if l.query.UserToken == "" {
		return l.query.User, nil
	}
	user, err := s.Access.ReadUser(ctx, l.query.UserToken, l.query.Subaccount, l.now)
	var refused *btp.Error
	if errors.As(err, &refused) && refused.Code == btp.Unauthenticated {
		return nil, failed("X-user-token: " + refused.Detail)
	}
	return &user, err
}

// FindFor is Find for an operator who acts for a user by name.
func (s *Service) FindFor(ctx context.Context, subaccount btp.SubaccountID, name, user string) (any, error) {
	return s.Find(ctx, Query{Subaccount: subaccount, Name: name, UserName: user})
}
