package tokenservice

import (
	"context"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Admit decides whether who sends these Authorization headers may do what needs
// a permission. It refuses with Unauthenticated or Forbidden.
func (s *Service) Admit(ctx context.Context, authorization []string, needed btp.Permission) (btp.Principal, error) {
	return s.Registry.Admit(ctx, needed, func(now time.Time) (btp.Principal, error) {
		raw, err := bearer(authorization)
		if err != nil {
			return btp.Principal{}, err
		}
		key, err := s.key(ctx)
		if err != nil {
			return btp.Principal{}, err
		}
		c, err := verify(raw, key, now)
		if err != nil {
			return btp.Principal{}, err
		}
		return principalOf(c)
	})
}

// AdmitService decides whether who sends these Authorization headers may call the API
// of a platform service: destination, enterprise-messaging, service-manager. It refuses
// with Unauthenticated, or with Forbidden for the token of another service.
func (s *Service) AdmitService(ctx context.Context, authorization []string, service string) (btp.ServicePrincipal, error) {
	return s.Registry.AdmitService(ctx, service, func(now time.Time) (btp.ServicePrincipal, error) {
		raw, err := bearer(authorization)
		if err != nil {
			return btp.ServicePrincipal{}, err
		}
		return s.readService(ctx, raw, now)
	})
}

// ReadUser tells whom a user token is of that one of a subaccount's clients got. It
// refuses with Unauthenticated.
func (s *Service) ReadUser(ctx context.Context, raw string, subaccount btp.SubaccountID, now time.Time) (btp.User, error) {
	p, err := s.readService(ctx, raw, now)
	switch {
	case err != nil:
		return btp.User{}, err
	case p.Subaccount != subaccount:
		return btp.User{}, btp.Errorf(btp.Unauthenticated, "the user token is of another subaccount")
	case p.User == nil:
		return btp.User{}, btp.Errorf(btp.Unauthenticated, "the token tells of no user: it is a client's own")
	}
	return *p.User, nil
}

func (s *Service) readService(ctx context.Context, raw string, now time.Time) (p btp.ServicePrincipal, err error) {
	key, err := s.key(ctx)
	if err != nil {
		return p, err
	}
	c, err := verifyService(raw, key, now)
	if err != nil {
		return p, err
	}
	p.ID, p.Subaccount, p.User = c.ClientID, btp.SubaccountID(c.Zone), c.userOf()
	return p, nil
}

// bearer is the token of an Authorization header (RFC 6750 §2.1).
func bearer(authorization []string) (string, error) {
	switch len(authorization) {
	case 0:
		return "", btp.Errorf(btp.Unauthenticated, "the call needs an access token, and has none")
	case 1:
	default:
		return "", btp.Errorf(btp.Unauthenticated, "there are %d Authorization headers, not one", len(authorization))
	}
	scheme, token, _ := strings.Cut(authorization[0], " ")
	token = strings.Trim(token, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", btp.Errorf(btp.Unauthenticated, "the Authorization header is not Bearer with an access token")
	}
	return token, nil
}
