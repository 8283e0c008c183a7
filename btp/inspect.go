package btp

import (
	"context"
	"errors"
	"time"
)

// Inspection says what a token is and why it would be refused now.
type Inspection struct {
	Claims Claims
	// State is empty when the registry knows no such token.
	State TokenState
	// System is nil when the registry knows no such system.
	System *System
	// Refusal is nil when the token would be accepted.
	Refusal *Error
	Now     time.Time
}

// InspectToken looks at a token without redeeming it. Nothing changes. A token
// whose form or signature does not hold is inspected with the refusal and without
// claims.
func (r *Registry) InspectToken(ctx context.Context, jws string) (in Inspection, err error) {
	var about Reference
	err = r.stepOf(ctx, PointTokenInspect, &about, r.presents(Presentation{JWS: jws}), func(ctx context.Context) (err error) {
		in, err = r.inspect(ctx, jws)
		return err
	})
	return in, err
}

func (r *Registry) inspect(ctx context.Context, jws string) (Inspection, error) {
	in := Inspection{Now: r.Now()}
	g, err := r.known(ctx)
	if err != nil {
		return in, err
	}
	claims, err := r.verify(ctx, g, jws)
	if err != nil && !errors.As(err, &in.Refusal) {
		return Inspection{}, err
	}
	if claims.ID == "" {
		return in, nil
	}
	in.Claims = claims
	err = r.view(ctx, func(u *unit) error {
		in.Now = u.now
		s, token, err := u.tokenOf(claims)
		if err == nil && u.hides(s.GlobalAccount) {
			err = Errorf(TokenWrongAccount, "the token belongs to another global account")
		}
		if err == nil {
			in.System, in.State = &s, token.State
			err = token.redeemable(u.now)
		}
		var refused *Error
		if errors.As(err, &refused) {
			if in.Refusal == nil {
				in.Refusal = refused
			}
			return nil
		}
		return err
	})
	return in, err
}
