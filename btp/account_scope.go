package btp

import "context"

type accountScope struct{}

// InAccount limits what the rules show to the objects of one global account:
// another account's object is not found (design §4 boundaries). Without it, as
// without --auth, every object is there.
func InAccount(ctx context.Context, ga GlobalAccountID) context.Context {
	return context.WithValue(ctx, accountScope{}, ga)
}

// scopeOf is the global account that InAccount named, "" for none.
func scopeOf(ctx context.Context) GlobalAccountID {
	ga, _ := ctx.Value(accountScope{}).(GlobalAccountID)
	return ga
}

// hides says whether an object of ga is none that the caller may know of.
func (u *unit) hides(ga GlobalAccountID) bool { return u.scope != "" && u.scope != ga }

// globalAccount finds a global account by id or subdomain.
func (u *unit) globalAccount(idOrSubdomain string) (GlobalAccount, error) {
	a, err := u.Accounts().Global(idOrSubdomain)
	if err == nil && u.hides(a.ID) {
		return GlobalAccount{}, Errorf(GlobalAccountNotFound, "there is no global account %q", clip(idOrSubdomain))
	}
	return a, err
}

// subaccount finds a subaccount by id.
func (u *unit) subaccount(id SubaccountID) (Subaccount, error) {
	s, err := u.Accounts().Sub(id)
	if err == nil && u.hides(s.GlobalAccount) {
		return Subaccount{}, Errorf(SubaccountNotFound, "there is no subaccount %q", clip(string(id)))
	}
	return s, err
}

// subaccountIn finds a subaccount of a global account by id or subdomain.
func (u *unit) subaccountIn(ga GlobalAccountID, idOrSubdomain string) (Subaccount, error) {
	s, err := u.Accounts().Sub(SubaccountID(idOrSubdomain))
	if err == nil && s.GlobalAccount == ga {
		return s, nil
	}
	if err != nil && CodeOf(err) != SubaccountNotFound {
		return s, err
	}
	all, err := u.Accounts().Subs(ga)
	if err != nil {
		return Subaccount{}, err
	}
	for _, one := range all {
		if one.Subdomain == idOrSubdomain {
			return one, nil
		}
	}
	return Subaccount{}, Errorf(SubaccountNotFound, "global account %s has no subaccount %q", ga, clip(idOrSubdomain))
}

// system finds a system by id.
func (u *unit) system(id SystemID) (System, error) {
	s, err := u.Systems().Get(id)
	if err == nil && u.hides(s.GlobalAccount) {
		return System{}, Errorf(SystemNotFound, "there is no system %q", clip(string(id)))
	}
	return s, err
}

// systemIn finds a system of a global account: nothing reaches across accounts.
func (u *unit) systemIn(ga GlobalAccountID, id SystemID) (System, error) {
	s, err := u.Systems().Get(id)
	if err == nil && s.GlobalAccount != ga {
		return System{}, Errorf(SystemNotFound, "global account %s has no system %q", ga, clip(string(id)))
	}
	return s, err
}

// formation finds a formation by id.
func (u *unit) formation(id FormationID) (Formation, error) {
	f, err := u.Formations().Get(id)
	if err == nil && u.hides(f.GlobalAccount) {
		return Formation{}, Errorf(FormationNotFound, "there is no formation %q", clip(string(id)))
	}
	return f, err
}
