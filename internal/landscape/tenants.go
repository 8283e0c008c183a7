package landscape

import (
	"context"
	"crypto"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/cockpit"
	"github.com/pairsim/pairsim/cxsim"
	"github.com/pairsim/pairsim/internal/outbound"
	"github.com/pairsim/pairsim/internal/snapshot"
	"github.com/pairsim/pairsim/internal/tenant"
	"github.com/pairsim/pairsim/marketingsim"
)

// products says which simulator plays a product and how a tenant of it is made.
var products = map[string]struct {
	role       Role
	systemType string
	make       func(tenant.Config) (*tenant.Tenant, error)
}{
	"commerce":  {RoleCX, "SAP Commerce Cloud", cxsim.NewCommerce},
	"fsm":       {RoleCX, "SAP Field Service Management", cxsim.NewFSM},
	"c4c":       {RoleCX, "SAP Cloud for Customer", cxsim.NewC4C},
	"marketing": {RoleMarketing, "SAP Marketing Cloud", marketingsim.New},
}

// StartFrom lets the environment begin as a snapshot that snapshot.Read has
// accepted: with its contents, its tenants and its edition. An edition that stands
// in w already must be the snapshot's.
func (w *World) StartFrom(d *snapshot.Document) error {
	if err := d.Importable(); err != nil {
		return err
	}
	if wanted, err := btp.EditionNamed(w.Edition); err != nil || w.Edition != "" && wanted.ID != d.Edition() {
		return btp.Errorf(btp.EditionMismatch, "the snapshot is of edition %s; %s was asked for", d.Edition(), w.Edition)
	}
	tenants := make([]Tenant, 0, len(d.Tenants))
	for i, t := range d.Tenants {
		product := ""
		for name, p := range products {
			if p.systemType == t.SystemType {
				product = name
			}
		}
		if product == "" {
			return btp.InvalidSnapshot([]btp.Finding{{
				Path: fmt.Sprintf("$.tenants[%d].systemType", i), Problem: "no product here is of this type",
			}}, 0)
		}
		tenants = append(tenants, Tenant{ID: t.ID, Product: product})
	}
	w.Edition, w.Tenants, w.Snapshot = d.Edition(), tenants, d
	return nil
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

// CheckCommunication tells what is wrong with what a seed file declares for the
// Communication Management of a tenant of a product. Paths are relative to the tenant.
func CheckCommunication(product string, declared tenant.Declared, tell func(path, problem string)) {
	for _, p := range append(cxsim.Products(), marketingsim.Product()) {
		if p.ID == product {
			p.CheckDeclared(declared, tell)
		}
	}
}

// openTenants makes the declared tenants that this process plays.
func (e *environment) openTenants() error {
	l, registry := e.process, e.process.registry(e.prefix)
	store, err := e.tenantStore()
	if err != nil {
		return err
	}
	keySource := e.world.TenantKeys
	if keySource == nil {
		keySource = func(ctx context.Context) (crypto.Signer, error) { return keys.Take(ctx) }
	}
	for _, declared := range e.world.Tenants {
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
			facing = l.HTTP + e.prefix
		}
		var communication tenant.Declared
		if len(declared.Communication) > 0 {
			if err := json.Unmarshal(declared.Communication, &communication); err != nil {
				return fmt.Errorf("tenant %s: communication: %w", declared.ID, err)
			}
		}
		t, err := product.make(tenant.Config{
			ID: declared.ID, RegistryURL: registry.HTTP, RegistryMTLSURL: registry.MTLS, RootCAs: registry.RootCAs, RegistryTimeout: e.world.TenantTimeout,
			PublicURL: public + e.prefix, RegistryFacingURL: facing, Store: store, Keys: keySource, Transport: l.transport, WrapTransport: l.config.Tracing.Transport, Now: e.now,
			Snapshot: e.world.Snapshot.Tenant(declared.ID),
			Logger:   e.log.With("tenant", declared.ID), Authorize: l.config.Auth,
			RenewsItself: !e.world.NoTenantRenewal, Replaced: replaced(declared.APIs),
			Communication: communication, Outbound: e.extensions(),
		})
		if err != nil {
			return fmt.Errorf("tenant %s: %w", declared.ID, err)
		}
		e.tenants = append(e.tenants, t)
	}
	return nil
}

// shownTenants are the tenants as the cockpit names them.
func (e *environment) shownTenants() []cockpit.Tenant {
	shown := make([]cockpit.Tenant, len(e.tenants))
	for i, t := range e.tenants {
		shown[i] = cockpit.Tenant{ID: t.ID(), Product: t.Product().SystemType}
	}
	return shown
}

// extensions is the client by which tenants call extensions; its calls are in the
// registry's journal, where there is one.
func (e *environment) extensions() *outbound.Client {
	if e.registry == nil {
		return e.process.traced(e.process.fetch, func(context.Context, *http.Request, int, error) {}, e.messages)
	}
	return e.observed(e.process.fetch)
}

// replaced is what the tenant is told of its APIs that are elsewhere.
func replaced(apis []ReplacedAPI) []tenant.ReplacedAPI {
	list := make([]tenant.ReplacedAPI, len(apis))
	for i, a := range apis {
		list[i] = tenant.ReplacedAPI(a)
	}
	return list
}

// tenantsFolder is beside the registry's data: a tenant's keys are its own and
// never stand in the registry's data. Within it, each environment but the first
// has a folder. "" for data in memory.
func (l *Landscape) tenantsFolder() string {
	if beside := l.config.beside(); beside != "" {
		return beside + ".tenants"
	}
	return ""
}

func (e *environment) tenantStore() (tenant.Store, error) {
	folder := e.process.tenantsFolder()
	switch {
	case folder == "":
		return tenant.NewMemoryStore(), nil
	case e.id == btp.DefaultEnvironment:
		return tenant.NewDirectoryStore(folder)
	}
	return tenant.NewDirectoryStore(filepath.Join(folder, string(e.id)))
}

// forgetTenants removes what the tenants of an environment beside the first have stored.
func (l *Landscape) forgetTenants(id btp.EnvironmentID) error {
	folder := l.tenantsFolder()
	if folder == "" {
		return nil
	}
	root, err := os.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // nothing is written through it
	return root.RemoveAll(string(id))
}

// transportTo carries the tenants' calls without client certificate.
func transportTo(r Registry) *http.Transport {
	return &http.Transport{
		MaxIdleConnsPerHost: 64,
		TLSClientConfig:     &tls.Config{RootCAs: r.RootCAs, MinVersion: tls.VersionTLS12},
	}
}

// now is the time of the registry in this process, and real time without one: a
// tenant takes it until its registry has told it the time.
func (e *environment) now() time.Time {
	if e.registry != nil {
		return e.registry.Now()
	}
	return e.process.config.RealNow()
}

// tenantIDs are the declared tenants, whoever plays them.
func (e *environment) tenantIDs() []string {
	ids := make([]string, len(e.world.Tenants))
	for i, t := range e.world.Tenants {
		ids[i] = t.ID
	}
	return ids
}
