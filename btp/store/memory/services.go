package memory

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/pairsim/pairsim/btp"
)

type services struct{ *tx }

func (t services) Find(system btp.SystemID, id btp.ServiceID) (btp.Service, bool, error) {
	return t.first(system, func(s *btp.Service) bool { return s.ID == id })
}

func (t services) FindByIdentifier(system btp.SystemID, identifier string) (btp.Service, bool, error) {
	return t.first(system, func(s *btp.Service) bool { return s.Identifier == identifier })
}

// first looks through a system's services, which are few (btp.MaxServices).
func (t services) first(system btp.SystemID, is func(*btp.Service) bool) (btp.Service, bool, error) {
	if r, ok := t.rows[system]; ok {
		if i := slices.IndexFunc(r.services, is); i >= 0 {
			return cloneService(r.services[i]), true, nil
		}
	}
	return btp.Service{}, false, nil
}

func (t services) ListOf(system btp.SystemID) ([]btp.Service, error) {
	r, ok := t.rows[system]
	if !ok {
		return nil, nil
	}
	list := make([]btp.Service, len(r.services))
	for i, s := range r.services {
		list[i] = cloneService(s)
	}
	return list, nil
}

func (t services) Count(system btp.SystemID) (int, error) {
	if r, ok := t.rows[system]; ok {
		return len(r.services), nil
	}
	return 0, nil
}

func (t services) Put(s btp.Service) error {
	now := cloneService(&s)
	return swap(t.tx, (*state).replaceService, t.present(s.System, s.ID), &now)
}

func (t services) Delete(system btp.SystemID, id btp.ServiceID) error {
	return swap(t.tx, (*state).replaceService, t.present(system, id), nil)
}

func (t services) present(system btp.SystemID, id btp.ServiceID) *btp.Service {
	if r, ok := t.rows[system]; ok {
		if i := slices.IndexFunc(r.services, func(s *btp.Service) bool { return s.ID == id }); i >= 0 {
			return r.services[i]
		}
	}
	return nil
}

func (s *state) replaceService(old, now *btp.Service) {
	if old != nil {
		r := s.rows[old.System]
		r.services = without(r.services, old)
		if now == nil {
			s.settle(old.System, r)
		}
	}
	if now != nil {
		r := s.row(now.System)
		r.services = with(r.services, now, func(a, b *btp.Service) int {
			return cmp.Or(cmp.Compare(a.Sequence, b.Sequence), cmp.Compare(a.ID, b.ID))
		})
	}
}

func cloneService(s *btp.Service) btp.Service {
	c := *s
	c.Labels = maps.Clone(s.Labels)
	c.Documentation = bytes.Clone(s.Documentation)
	if s.Events != nil {
		c.Events = &btp.ServiceEvents{Spec: bytes.Clone(s.Events.Spec)}
	}
	if s.API != nil {
		api := *s.API
		api.Spec = bytes.Clone(api.Spec)
		api.RequestParameters = cloneParameters(api.RequestParameters)
		api.Credentials = cloneCredentials(api.Credentials)
		c.API = &api
	}
	return c
}

func cloneCredentials(c *btp.Credentials) *btp.Credentials {
	if c == nil {
		return nil
	}
	d := *c
	if c.OAuth != nil {
		o := *c.OAuth
		o.RequestParameters = cloneParameters(o.RequestParameters)
		d.OAuth = &o
	}
	if c.Basic != nil {
		b := *c.Basic
		d.Basic = &b
	}
	if c.CertificateGen != nil {
		g := *c.CertificateGen
		g.CertificatePEM, g.PrivateKeyPEM = bytes.Clone(g.CertificatePEM), bytes.Clone(g.PrivateKeyPEM)
		d.CertificateGen = &g
	}
	if c.OAuthWithCertificate != nil {
		o := *c.OAuthWithCertificate
		o.CertificatePEM, o.PrivateKeyPEM = bytes.Clone(o.CertificatePEM), bytes.Clone(o.PrivateKeyPEM)
		o.RequestParameters = cloneParameters(o.RequestParameters)
		d.OAuthWithCertificate = &o
	}
	return &d
}

func cloneParameters(p *btp.RequestParameters) *btp.RequestParameters {
	if p == nil {
		return nil
	}
	return &btp.RequestParameters{Headers: cloneValues(p.Headers), QueryParameters: cloneValues(p.QueryParameters)}
}

func cloneValues(m map[string][]string) map[string][]string {
	c := maps.Clone(m)
	for k, v := range c {
		c[k] = slices.Clone(v)
	}
	return c
}
