package memory

import (
	"bytes"
	"maps"
	"slices"

	"github.com/pairsim/pairsim/btp"
)

// environments is the environment's own record.
type environments struct{ *tx }

func (t environments) Find() (btp.Environment, bool, error) {
	return t.environment, t.known, nil
}

func (t environments) Put(e btp.Environment) error {
	if err := assign(t.tx, &t.environment, e); err != nil || t.known {
		return err
	}
	return assign(t.tx, &t.known, true)
}

func (t environments) FindTerms() (btp.Terms, bool, error) {
	if t.terms == nil {
		return btp.Terms{}, false, nil
	}
	return t.terms.Clone(), true, nil
}

func (t environments) PutTerms(terms btp.Terms) error {
	terms = terms.Clone()
	return assign(t.tx, &t.state.terms, &terms)
}

type accounts struct{ *tx }

func (t accounts) Global(idOrSubdomain string) (btp.GlobalAccount, error) {
	if a, ok := t.globals.Get(btp.GlobalAccountID(idOrSubdomain)); ok {
		return *a, nil
	}
	if a, ok := t.subdomains[idOrSubdomain]; ok {
		return *a, nil
	}
	return btp.GlobalAccount{}, btp.Errorf(btp.GlobalAccountNotFound, "there is no global account %.120q", idOrSubdomain)
}

func (t accounts) Globals() ([]btp.GlobalAccount, error) {
	list := make([]btp.GlobalAccount, 0, t.globals.Len())
	t.globals.Scan(func(_ btp.GlobalAccountID, a *btp.GlobalAccount) bool {
		list = append(list, *a)
		return true
	})
	return list, nil
}

func (t accounts) PutGlobal(a btp.GlobalAccount) error {
	if other, ok := t.subdomains[a.Subdomain]; ok && other.ID != a.ID {
		return btp.Errorf(btp.NameTaken, "global account %s has the subdomain %.120q already", other.ID, a.Subdomain)
	}
	old, _ := t.globals.Get(a.ID)
	return swap(t.tx, (*state).replaceGlobal, old, &a)
}

func (s *state) replaceGlobal(old, now *btp.GlobalAccount) {
	if old != nil {
		s.globals.Delete(old.ID)
		delete(s.subdomains, old.Subdomain)
	}
	if now != nil {
		s.globals.Set(now.ID, now)
		if now.Subdomain != "" {
			s.subdomains[now.Subdomain] = now
		}
	}
}

func (t accounts) Sub(id btp.SubaccountID) (btp.Subaccount, error) {
	if a, ok := t.subs.Get(id); ok {
		return cloneSub(a), nil
	}
	return btp.Subaccount{}, btp.Errorf(btp.SubaccountNotFound, "there is no subaccount %.120q", id)
}

func (t accounts) Subs(ga btp.GlobalAccountID) ([]btp.Subaccount, error) {
	var list []btp.Subaccount
	t.subs.Scan(func(_ btp.SubaccountID, a *btp.Subaccount) bool {
		if ga == "" || a.GlobalAccount == ga {
			list = append(list, cloneSub(a))
		}
		return true
	})
	return list, nil
}

func (t accounts) PutSub(a btp.Subaccount) error {
	old, _ := t.subs.Get(a.ID)
	a = cloneSub(&a)
	return swap(t.tx, (*state).replaceSub, old, &a)
}

func (s *state) replaceSub(old, now *btp.Subaccount) {
	if now == nil {
		s.subs.Delete(old.ID)
		return
	}
	s.subs.Set(now.ID, now)
}

func cloneSub(a *btp.Subaccount) btp.Subaccount {
	c := *a
	c.Environments = slices.Clone(a.Environments)
	c.Stopped = a.Stopped.Clone()
	return c
}

// keys are few and seldom change: every change makes a new list.
type keys struct{ *tx }

func (t keys) List() ([]btp.SigningKey, error) {
	list := slices.Clone(t.state.keys)
	for i := range list {
		list[i].Private = bytes.Clone(list[i].Private)
	}
	return list, nil
}

func (t keys) Put(k btp.SigningKey) error {
	k.Private = bytes.Clone(k.Private)
	list := slices.Clone(t.state.keys)
	if i := t.index(k.ID); i >= 0 {
		list[i] = k
	} else {
		list = append(list, k)
	}
	slices.SortStableFunc(list, func(a, b btp.SigningKey) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return assign(t.tx, &t.state.keys, list)
}

func (t keys) Delete(id string) error {
	return assign(t.tx, &t.state.keys, slices.DeleteFunc(slices.Clone(t.state.keys), func(k btp.SigningKey) bool { return k.ID == id }))
}

func (t keys) index(id string) int {
	return slices.IndexFunc(t.state.keys, func(k btp.SigningKey) bool { return k.ID == id })
}

type authorities struct{ *tx }

func (t authorities) Find(name string) (btp.AuthorityMaterial, bool, error) {
	m, ok := t.authorities[name]
	return cloneAuthority(m), ok, nil
}

func (t authorities) Put(name string, m btp.AuthorityMaterial) error {
	all := maps.Clone(t.authorities)
	all[name] = cloneAuthority(m)
	return assign(t.tx, &t.authorities, all)
}

func cloneAuthority(m btp.AuthorityMaterial) btp.AuthorityMaterial {
	return btp.AuthorityMaterial{
		RootPEM: bytes.Clone(m.RootPEM), IssuingPEM: bytes.Clone(m.IssuingPEM), IssuingKeyPEM: bytes.Clone(m.IssuingKeyPEM),
	}
}
