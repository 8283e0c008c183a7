package landscape

import (
	"context"
	"crypto"
	"crypto/tls"
	"fmt"
	"net/http"

	"github.com/pairsim/pairsim/cxsim"
	"github.com/pairsim/pairsim/internal/tenant"
	"github.com/pairsim/pairsim/marketingsim"
)

// products says which simulator plays a product and how a tenant of it is made.
var products = map[string]struct {
	role Role
	make func(tenant.Config) (*tenant.Tenant, error)
}{
	"commerce":  {RoleCX, cxsim.NewCommerce},
	"fsm":       {RoleCX, cxsim.NewFSM},
	"c4c":       {RoleCX, cxsim.NewC4C},
	"marketing": {RoleMarketing, marketingsim.New},
}

// APIs are the identifiers of the APIs of a product (commerce, fsm, c4c, marketing).
func APIs(product string) []string {
	var identifiers []string
	for _, p := range append(cxsim.Products(), marketingsim.Product()) {
		for _, a := range p.APIs {
			if p.ID == product {
				identifiers = append(identifiers, a.Identifier)
			}
		}
	}
	return identifiers
}

// openTenants makes the declared tenants that this process plays.
func (l *Landscape) openTenants(registry Registry) error {
	store, err := l.tenantStore()
	if err != nil {
		return err
	}
	keySource := l.config.TenantKeys
	if keySource == nil {
		keySource = func(ctx context.Context) (crypto.Signer, error) { return keys.Take(ctx) }
	}
	l.transport = transportTo(registry)
	for _, declared := range l.config.Tenants {
		product, known := products[declared.Product]
		if !known {
			return fmt.Errorf("tenant %s: there is no product %q; products are commerce, fsm, c4c, marketing", declared.ID, declared.Product)
		}
		if !l.plays(product.role) {
			continue
		}
		if registry.HTTP == "" {
			return fmt.Errorf("tenant %s: say where its registry is (--registry)", declared.ID)
		}
		public, facing := l.HTTP, ""
		if l.config.PublicURL != "" {
			public = l.config.PublicURL
		}
		if l.plays(RoleRegistry) {
			facing = l.HTTP
		}
		t, err := product.make(tenant.Config{
			ID: declared.ID, RegistryURL: registry.HTTP, RegistryMTLSURL: registry.MTLS, RootCAs: registry.RootCAs,
			PublicURL: public, RegistryFacingURL: facing, Store: store, Keys: keySource, Transport: l.transport, Now: l.config.RealNow,
			Logger: l.log.With("tenant", declared.ID), Authorize: l.config.Auth, Replaced: declared.APIs,
		})
		if err != nil {
			return fmt.Errorf("tenant %s: %w", declared.ID, err)
		}
		l.tenants = append(l.tenants, t)
	}
	return nil
}

// tenantStore keeps tenants beside the registry's file: a tenant's keys are its
// own and never stand in the registry's data.
func (l *Landscape) tenantStore() (tenant.Store, error) {
	if l.config.Data == "" || l.config.Data == "memory" {
		return tenant.NewMemoryStore(), nil
	}
	return tenant.NewDirectoryStore(l.config.Data + ".tenants")
}

// transportTo carries the tenants' calls without client certificate.
func transportTo(r Registry) *http.Transport {
	return &http.Transport{
		MaxIdleConnsPerHost: 64,
		TLSClientConfig:     &tls.Config{RootCAs: r.RootCAs, MinVersion: tls.VersionTLS12},
	}
}
