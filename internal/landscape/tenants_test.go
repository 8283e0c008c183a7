package landscape

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/freeport"
)

// TestATenantWhoseProcessIsGone: while it is, a creation fails and leaves nothing;
// when it is back at its address, with what it kept, the same is created.
//
// Rule: instance-failure-leaves-nothing
func TestATenantWhoseProcessIsGone(t *testing.T) {
	registry := start(t, func(c *Config) { c.Roles = []Role{RoleRegistry} })
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(registry.CAPEM)
	file, address := filepath.Join(t.TempDir(), "tenants.db"), freeport.Address(t)
	ctx := t.Context()
	begin := func() *Landscape {
		t.Helper()
		cfg := Default()
		cfg.HTTP, cfg.MTLS, cfg.Control, cfg.Roles, cfg.Data = address, Off, Off, []Role{RoleMarketing}, file
		cfg.Registry = Registry{HTTP: registry.HTTP, MTLS: registry.MTLS, RootCAs: roots}
		l, err := Start(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	end := func(l *Landscape) {
		t.Helper()
		bounded, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := l.Close(bounded); err != nil {
			t.Fatal(err)
		}
	}

	process := begin()
	tenants := btpclient.NewTenants(process.HTTP, nil)
	operator := pairMarketing(t, registry, tenants)
	create := func(name string) btpclient.Instance { return createContacts(t, operator, name) }

	end(process)
	if c, err := net.Dial("tcp", address); err == nil {
		_ = c.Close()
		t.Fatal("somebody listens where the tenant was")
	}
	if i := create("gone"); i.Operation.State != "failed" || i.Operation.Code != "tenant-not-told" || i.Usable {
		t.Errorf("while the tenant is away: %s %s, want failed because of tenant-not-told", i.Operation.State, i.Operation.Code)
	}

	process = begin()
	defer func() { end(process) }()
	if list, err := tenants.Arrangements(ctx, "marketing"); err != nil || len(list) != 0 {
		t.Errorf("the tenant is back with %d arrangements, %v", len(list), err)
	}
	if i := create("back"); i.Operation.State != "succeeded" || !i.Usable {
		t.Errorf("when the tenant is back: %s %s %s, want succeeded", i.Operation.State, i.Operation.Code, i.Operation.Description)
	}
	if list, err := tenants.Arrangements(ctx, "marketing"); err != nil || len(list) != 1 || list[0].InstanceName != "back" {
		t.Errorf("the tenant has %v, %v, want the arrangement of back", list, err)
	}
}

// pairMarketing pairs the system Campaigns with the tenant of another process, and
// lets a subaccount use its APIs.
func pairMarketing(t *testing.T, registry *Landscape, tenants *btpclient.Tenants) *btpclient.Operator {
	t.Helper()
	ctx, operator := t.Context(), btpclient.NewOperator(registry.HTTP, nil)
	s, err := operator.Register(ctx, "default", "Campaigns", "SAP Marketing Cloud")
	if err != nil {
		t.Fatal(err)
	}
	token, err := operator.ShowToken(ctx, s.ID)
	if err != nil {
		t.Fatal(err)
	}
	if row, err := tenants.Pair(ctx, "marketing", token.Encoded, ""); err != nil || row.Failed() {
		t.Fatalf("%v %s", err, row.Cause)
	}
	if _, err := operator.AssignEntitlement(ctx, "dev", btpclient.NewEntitlement{System: s.ID, Plan: "api-access"}); err != nil {
		t.Fatal(err)
	}
	return operator
}

// createContacts creates an instance for contacts, and waits for the end of that.
func createContacts(t *testing.T, operator *btpclient.Operator, name string) btpclient.Instance {
	t.Helper()
	i, err := operator.CreateInstance(t.Context(), "dev", btpclient.NewInstance{
		Name: name, Offering: "s4-hana-cloud", Plan: "api-access", Parameters: json.RawMessage(`{"systemName":"Campaigns","communicationArrangement":
			{"communicationArrangementName":"CONTACTS","scenarioId":"SAP_COM_0207","inboundAuthentication":"BasicAuthentication"}}`),
	})
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for bounded := waited(t); err == nil && i.Operation.State == "in progress" && bounded.Err() == nil; <-again.C {
		i, err = operator.Instance(t.Context(), i.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// TestATenantIsToldOverHTTPS: a tenant whose public URL is https, of an authority that
// both processes are given, is called there, and gives out https URLs of its APIs.
func TestATenantIsToldOverHTTPS(t *testing.T) {
	dir, authority := folder(t, "my servers")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.RootPEM)
	registry := start(t, func(c *Config) { c.Roles, c.ServerCA = []Role{RoleRegistry}, dir })
	address := freeport.Address(t) // a public URL is known before its listener is
	process := start(t, func(c *Config) {
		c.Roles, c.ServerCA, c.MTLS, c.Control, c.PublicURL = []Role{RoleMarketing}, dir, address, Off, "https://"+address
		c.Registry = Registry{HTTP: registry.HTTP, MTLS: registry.MTLS, RootCAs: roots}
	})
	tenants := btpclient.NewTenants(process.HTTP, nil)
	operator := pairMarketing(t, registry, tenants)
	if i := createContacts(t, operator, "contacts"); i.Operation.State != "succeeded" {
		t.Fatalf("the creation is %s: %s", i.Operation.State, i.Operation.Description)
	}
	list, err := tenants.Arrangements(t.Context(), "marketing")
	if err != nil || len(list) != 1 {
		t.Fatalf("the tenant has %v, %v", list, err)
	}
	found, err := operator.FindDestination(t.Context(), "dev", "contacts", "")
	if err != nil || !strings.HasPrefix(found.Configuration["URL"], "https://"+address+"/") {
		t.Fatalf("the destination is %v, %v, want one at https://%s", found.Configuration["URL"], err, address)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, found.Configuration["URL"]+"/sap/opu/odata/sap/API_MKT_CONTACT_SRV/ContactOriginData", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(found.Configuration["User"], found.Configuration["Password"])
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("an extension reads contacts: got %d", resp.StatusCode)
	}
}
