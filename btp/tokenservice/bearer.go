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
