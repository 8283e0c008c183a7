// Package cxsim simulates tenants of the CX products: SAP Commerce Cloud, SAP
// Field Service Management and SAP Cloud for Customer. It holds their data; the
// engine is internal/tenant.
package cxsim

import (
	"fmt"

	"github.com/pairsim/pairsim/internal/tenant"
)

// Config is a tenant's configuration. ID empty: the product's own default
// (commerce, fsm, c4c); Product is filled in.
type Config = tenant.Config

// Products returns the data of the CX products, in the order of design §1.
func Products() []tenant.Product {
	return []tenant.Product{commerce(), fieldService(), cloudForCustomer()}
}

// New makes a tenant of the product with the given default id or system type.
func New(product string, cfg Config) (*tenant.Tenant, error) {
	for _, p := range Products() {
		if p.ID == product || p.SystemType == product {
			return newTenant(p, cfg)
		}
	}
	return nil, fmt.Errorf("cxsim has no product %q", product)
}

// NewCommerce makes an SAP Commerce Cloud tenant.
func NewCommerce(cfg Config) (*tenant.Tenant, error) { return newTenant(commerce(), cfg) }

// NewFSM makes an SAP Field Service Management tenant.
func NewFSM(cfg Config) (*tenant.Tenant, error) { return newTenant(fieldService(), cfg) }

// NewC4C makes an SAP Cloud for Customer tenant.
func NewC4C(cfg Config) (*tenant.Tenant, error) { return newTenant(cloudForCustomer(), cfg) }

func newTenant(p tenant.Product, cfg Config) (*tenant.Tenant, error) {
	cfg.Product = p
	if cfg.ID == "" {
		cfg.ID = p.ID
	}
	return tenant.New(cfg)
}
