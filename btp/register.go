package btp

import (
	"context"
	"fmt"
	"time"
)

// Register adds a system to a global account (id or subdomain). In an edition
// that issues the token at once, the token comes with it; infoURL is the address
// that the token names. A repeated request with the same key gets the same
// system, and its token signed again.
func (r *Registry) Register(ctx context.Context, ga, name, systemType, infoURL string, key IdempotencyKey) (System, *IssuedToken, error) {
	about := Reference{Name: clip(name)}
	var s System
	var token *IssuedToken
	err := r.stepOf(ctx, PointRegister, &about, r.registers(name, systemType), func(ctx context.Context) error {
		err := r.update(ctx, func(u *unit) error {
			s, token = System{}, nil
			account, err := u.globalAccount(ga)
			if err != nil {
				return err
			}
			m, err := u.once(key, "system", func() (Replay, error) { return u.register(account.ID, name, systemType) },
				string(account.ID), name, systemType)
			if err != nil {
				return err
			}
			about.System = SystemID(m.Created)
			if s, err = u.system(SystemID(m.Created)); err != nil || m.Token == "" {
				return err
			}
			token, err = u.issued(m.Token, s)
			return err
		})
		if err != nil || token == nil {
			return err
		}
		return r.sign(ctx, token, infoURL)
	})
	return s, token, err
}

func (u *unit) register(ga GlobalAccountID, name, systemType string) (Replay, error) {
	s, err := u.createSystem(ga, name, systemType, "")
	if err != nil {
		return Replay{}, err
	}
	u.record(EntryDecision, PointRegister, &s, "", "SEED-000 step 3", u.r.edition.RegisterVerb+": "+s.Type)
	if !u.r.edition.TokenAtRegistration {
		return Replay{Created: string(s.ID)}, u.Systems().Put(s)
	}
	t, err := u.issueToken(&s, u.now)
	return Replay{Created: string(s.ID), Token: t.ID}, err
}

// issued is a stored token, to be signed for the answer that shows it.
func (u *unit) issued(id TokenID, s System) (*IssuedToken, error) {
	t, ok, err := u.Tokens().Find(id)
	if err == nil && !ok {
		err = Errorf(TokenUnknown, "the token that was made then is gone")
	}
	return &IssuedToken{Token: t, Owner: s, Remaining: t.ExpiresAt.Sub(u.now)}, err
}

// createSystem checks name and type and returns the new row, not yet saved.
func (u *unit) createSystem(ga GlobalAccountID, name, systemType string, id SystemID) (System, error) {
	if err := checkSystemName(name); err != nil {
		return System{}, err
	}
	if _, err := u.typeNamed(ga, systemType); err != nil {
		return System{}, err
	}
	if _, taken, err := u.Systems().FindByName(ga, name); err != nil {
		return System{}, err
	} else if taken {
		return System{}, Errorf(NameTaken, "there is a system %q in global account %s already", name, ga)
	}
	if kept, reserved, err := u.Reservations().Find(ga, name); err != nil {
		return System{}, err
	} else if reserved {
		return System{}, Errorf(NameTaken, "the name %q is free when tenant %q has deleted its extension too", name, clip(kept.TenantID))
	}
	if id == "" {
		id = SystemID(u.env.newID())
	}
	application, err := applicationName(name, id, func(candidate string) (bool, error) {
		_, taken, err := u.Systems().FindByApplicationName(candidate)
		return taken, err
	})
	if err != nil {
		return System{}, err
	}
	u.env.Sequence++
	return System{
		ID: id, GlobalAccount: ga, Name: name, Type: systemType, ApplicationName: application,
		Status: Pending, Sequence: u.env.Sequence, CreatedAt: u.now, UpdatedAt: u.now,
	}, nil
}

// IssueToken gives a system a new token; it voids the previous one and an open
// attempt (design §4 one live token).
func (r *Registry) IssueToken(ctx context.Context, id SystemID, infoURL string, key IdempotencyKey) (*IssuedToken, error) {
	about := Reference{System: id}
	var token *IssuedToken
	err := r.step(ctx, PointTokenIssue, &about, func(ctx context.Context) error {
		err := r.update(ctx, func(u *unit) error {
			s, err := u.system(id)
			if err != nil {
				return err
			}
			about.Name = s.Name
			m, err := u.once(key, "token", func() (Replay, error) {
				t, err := u.issueToken(&s, u.now)
				return Replay{Created: string(s.ID), Token: t.ID}, err
			}, string(id))
			if err != nil {
				return err
			}
			token, err = u.issued(m.Token, s)
			return err
		})
		if err != nil {
			return err
		}
		return r.sign(ctx, token, infoURL)
	})
	return token, err
}

// issueToken stores a new token for s and saves s; what was open before is void.
func (u *unit) issueToken(s *System, issuedAt time.Time) (Token, error) {
	t, err := u.typeOf(s)
	if err != nil {
		return Token{}, err
	}
	if !t.Has(PairedByToken) {
		return Token{}, Errorf(TypeWithoutToken, "a system of type %s is not paired by token", s.Type)
	}
	s.Failure = nil
	if s.Status == Failed {
		if err := u.closeIncident(string(s.ID), "a new token was made"); err != nil {
			return Token{}, err
		}
	}
	if err := u.move(PointTokenIssue, s, TokenRequested); err != nil {
		return Token{}, err
	}
	if err := u.voidToken(s); err != nil {
		return Token{}, err
	}
	if err := u.closeAttempt(s); err != nil {
		return Token{}, err
	}
	live, err := u.Tokens().CountLive(s.GlobalAccount, s.Type)
	if err != nil {
		return Token{}, err
	}
	if live >= TokenQuota {
		return Token{}, Errorf(TokenQuotaExceeded, "global account %s has %d unused tokens of type %s; %d is the most",
			s.GlobalAccount, live, s.Type, TokenQuota)
	}
	key, err := u.activeKey()
	if err != nil {
		return Token{}, err
	}
	issuedAt = issuedAt.Truncate(time.Second)
	token := Token{
		ID: TokenID(u.env.newID()), System: s.ID, GlobalAccount: s.GlobalAccount, Type: s.Type, KeyID: key,
		State: TokenLive, IssuedAt: issuedAt, ExpiresAt: issuedAt.Add(u.r.policy.tokenValidity(t)),
	}
	if err := u.Tokens().Put(token); err != nil {
		return Token{}, err
	}
	u.record(EntryDecision, PointTokenIssue, s, "", t.TokenSource, "valid until "+token.ExpiresAt.Format(time.RFC3339))
	return token, u.schedule(token.ExpiresAt, DueTokenExpiry, string(token.ID))
}

// voidToken ends the present token of s. A token that is over already is dropped;
// a live one is kept as void, so that presenting it is explained, until it expires.
func (u *unit) voidToken(s *System) error {
	present, ok, err := u.Tokens().FindLatest(s.ID)
	if err != nil || !ok {
		return err
	}
	if !u.now.Before(present.ExpiresAt) {
		return u.dropToken(present.ID)
	}
	if present.State == TokenLive {
		present.State = TokenVoided
		if err := u.Tokens().Put(present); err != nil {
			return err
		}
	}
	return u.schedule(present.ExpiresAt, DueTokenExpiry, string(present.ID))
}

func (u *unit) dropToken(id TokenID) error {
	if err := u.Due().Cancel(DueTokenExpiry, string(id)); err != nil {
		return err
	}
	return u.Tokens().Delete(id)
}

// tokenExpires is due work: a live token runs out; one that was superseded is dropped.
func (u *unit) tokenExpires(subject string) error {
	token, ok, err := u.Tokens().Find(TokenID(subject))
	if err != nil || !ok {
		return err
	}
	latest, _, err := u.Tokens().FindLatest(token.System)
	if err != nil {
		return err
	}
	if latest.ID != token.ID {
		return u.Tokens().Delete(token.ID)
	}
	if token.State != TokenLive {
		return nil
	}
	token.State = TokenRanOut
	s, err := u.Systems().Get(token.System)
	if err != nil {
		return err
	}
	t, err := TypeNamed(token.Type)
	if err != nil {
		return err
	}
	u.record(EntryDue, PointTokenExpiry, &s, string(TokenExpired), t.TokenSource,
		"the token expired unused; the status stays "+statusText(u.r.edition, s.Status))
	return u.Tokens().Put(token)
}

// ShowToken returns the present token of a type that shows it again. A CX system
// of v1 is refused with TokenShownOnce: its Display token makes a new one, which
// is IssueToken. In v2 Get Token likewise goes by type.
func (r *Registry) ShowToken(ctx context.Context, id SystemID, infoURL string) (*IssuedToken, error) {
	about := Reference{System: id}
	var token *IssuedToken
	err := r.step(ctx, PointTokenShow, &about, func(ctx context.Context) error {
		err := r.view(ctx, func(u *unit) error {
			s, err := u.system(id)
			if err != nil {
				return err
			}
			about.Name = s.Name
			token, err = u.presentToken(s)
			return err
		})
		if err != nil {
			return err
		}
		return r.sign(ctx, token, infoURL)
	})
	return token, err
}

func (u *unit) presentToken(s System) (*IssuedToken, error) {
	t, err := u.typeOf(&s)
	if err != nil {
		return nil, err
	}
	if !t.Has(PairedByToken) {
		return nil, Errorf(TypeWithoutToken, "a system of type %s is not paired by token", s.Type)
	}
	verb := u.r.edition.TokenVerb
	if !t.Has(ShowsPresentToken) {
		return nil, Errorf(TokenShownOnce, "a token of type %s is shown once; %s makes a new one", s.Type, verb)
	}
	if _, err := (&System{Name: s.Name, Type: s.Type, Status: s.Status}).apply(u.r.edition, TokenRequested); err != nil {
		return nil, err
	}
	present, ok, err := u.Tokens().FindLatest(s.ID)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, Errorf(TokenNotIssued, "no token has been made for system %q yet", s.Name)
	}
	if err := present.redeemable(u.now); err != nil {
		return nil, err
	}
	return &IssuedToken{Token: present, Owner: s, Remaining: present.ExpiresAt.Sub(u.now)}, nil
}

// sign fills in the compact form.
func (r *Registry) sign(ctx context.Context, t *IssuedToken, infoURL string) error {
	g, err := r.known(ctx)
	if err != nil {
		return err
	}
	key, err := r.key(ctx, t.KeyID)
	if err != nil {
		return err
	}
	t.JWS, err = r.tokens.Sign(key, Claims{
		Issuer: g.issuer, Audience: TokenAudience, Subject: t.Token.System, ID: t.ID,
		IssuedAt: t.IssuedAt, ExpiresAt: t.ExpiresAt, GlobalAccount: t.GlobalAccount,
		SystemType: t.Type, TokenURL: infoURL, Edition: r.edition.ID,
	})
	if err != nil {
		return fmt.Errorf("sign token: %w", err)
	}
	return nil
}

// SystemView is a system with what belongs to it.
type SystemView struct {
	System
	Token    *Token
	Services []Service
	// Certificates are Revoked, too, where a client's own revocation blocks every call.
	Certificates []Certificate
	// Formations and Entitlements hold the system: they block its deregistration.
	Formations   []Formation
	Entitlements []Entitlement
	// MergeTargets are what an auto-discovered system could be merged into.
	MergeTargets []System
	// Incident is the open one about the system, "" without one.
	Incident IncidentID
	Now      time.Time
}

// System returns a system with its token, services and certificates, and with
// what holds it.
func (r *Registry) System(ctx context.Context, id SystemID) (SystemView, error) {
	var v SystemView
	err := r.look(ctx, PointSystemShow, Reference{System: id}, func(u *unit) error {
		s, err := u.system(id)
		if err != nil {
			return err
		}
		v = SystemView{System: s, Now: u.now}
		ExchangeOf(ctx).Mention(s.Reference())
		if t, ok, err := u.Tokens().FindLatest(id); err != nil {
			return err
		} else if ok {
			v.Token = &t
		}
		if v.Services, err = u.Services().ListOf(id); err != nil {
			return err
		}
		if v.Certificates, err = u.Certificates().ListOf(id); err != nil {
			return err
		}
		for i := range v.Certificates {
			c := &v.Certificates[i]
			c.Revoked = c.Revoked || c.RenewalBlocked && r.policy.StrictRevocation
		}
		if v.Formations, err = u.Formations().List(FormationFilter{System: id}); err != nil {
			return err
		}
		if v.Entitlements, err = u.Entitlements().List(EntitlementFilter{System: id}); err != nil {
			return err
		}
		if v.MergeTargets, err = u.mergeTargets(s); err != nil {
			return err
		}
		if s.Failure == nil { // an incident is open as long as its error
			return nil
		}
		open, err := u.Incidents().List(IncidentFilter{Subject: string(id), OpenOnly: true})
		for _, i := range open {
			v.Incident = i.ID
		}
		return err
	})
	return v, err
}

// Systems returns a page of systems in the order of registration, and whether
// there are more. f.GlobalAccount may be an id or a subdomain.
func (r *Registry) Systems(ctx context.Context, f SystemFilter) (page []System, more bool, err error) {
	err = r.look(ctx, PointSystemList, Reference{}, func(u *unit) error {
		account, err := u.globalAccount(string(f.GlobalAccount))
		if err != nil {
			return err
		}
		g := f
		g.GlobalAccount = account.ID
		if g.Type != "" {
			if _, err := u.typeNamed(account.ID, g.Type); err != nil {
				return err
			}
		}
		g.Limit++
		page, err = u.Systems().List(g)
		if more = len(page) > f.Limit; more {
			page = page[:f.Limit]
		}
		return err
	})
	return page, more, err
}
