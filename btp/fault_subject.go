package btp

import (
	"context"
	"crypto/x509"
)

// Who comes to a point is mostly found out in the step itself. A rule for one
// system wants to know it before: these look, and change nothing. Whoever cannot
// be found is nobody, whom only rules for all strike.

type whoComes = func(context.Context) (subject, error)

// presents is the system of a token as it is presented.
func (r *Registry) presents(p Presentation) whoComes {
	return func(ctx context.Context) (subject, error) {
		s := subject{Reference: Reference{Tenant: p.Tenant}}
		g, err := r.known(ctx)
		if err != nil {
			return s, err
		}
		claims, err := r.verify(ctx, g, p.JWS)
		if err != nil {
			return s, err
		}
		s.System = claims.Subject
		return s, nil
	}
}

// followsUp is the system of a follow-up token.
func (r *Registry) followsUp(token string) whoComes {
	return func(ctx context.Context) (s subject, err error) {
		if token == "" {
			return s, nil
		}
		err = r.view(ctx, func(u *unit) error {
			a, ok, err := u.Attempts().FindByFollowUp(digestOf(token))
			if ok {
				s.System, s.Tenant = a.System, a.Tenant
			}
			return err
		})
		return s, err
	}
}

// calls is the system of a client certificate.
func (r *Registry) calls(chain []*x509.Certificate) whoComes {
	return func(ctx context.Context) (s subject, err error) {
		if len(chain) == 0 {
			return s, nil
		}
		g, err := r.known(ctx)
		if err != nil {
			return s, err
		}
		serial, err := g.ca.Verify(chain, r.Now())
		if err != nil {
			return s, err
		}
		err = r.view(ctx, func(u *unit) error {
			c, ok, err := u.Certificates().Find(serial)
			if ok {
				s.System = c.System
			}
			return err
		})
		return s, err
	}
}

// ofPairing is the system of a caller, or else of a follow-up token.
func (r *Registry) ofPairing(followUp string, c *Caller) whoComes {
	if c == nil {
		return r.followsUp(followUp)
	}
	return func(context.Context) (subject, error) { return subject{Reference: c.reference()}, nil }
}

// releases is the system of a caller, or of a name that is kept for it.
func (r *Registry) releases(release string, c *Caller) whoComes {
	if c != nil {
		return r.ofPairing("", c)
	}
	return func(ctx context.Context) (s subject, err error) {
		err = r.view(ctx, func(u *unit) error {
			kept, ok, err := u.Reservations().FindByRelease(digestOf(release))
			if ok {
				s.Reference = Reference{System: kept.System, Name: kept.Name, Tenant: kept.TenantID}
			}
			return err
		})
		return s, err
	}
}

// registers is a system that is not there yet.
func (r *Registry) registers(name, systemType string) whoComes {
	return func(context.Context) (subject, error) {
		return subject{Reference: Reference{Name: clip(name)}, systemType: systemType}, nil
	}
}

// moves is a system that joins or leaves a formation.
func moves(f FormationID, system SystemID) whoComes {
	return func(context.Context) (subject, error) {
		return subject{Reference: Reference{Formation: f, System: system}}, nil
	}
}
