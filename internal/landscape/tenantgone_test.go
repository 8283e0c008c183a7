package landscape

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// TestATenantWhoseProcessIsGone: while it is, a creation fails and leaves nothing;
// when it is back at its address, with what it kept, the same is created.
func TestATenantWhoseProcessIsGone(t *testing.T) {
	registry := start(t, func(c *Config) { c.Roles = []Role{RoleRegistry} })
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(registry.CAPEM)
	file, address := filepath.Join(t.TempDir(), "tenants.db"), "127.0.0.1:0"
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
		address = strings.TrimPrefix(l.HTTP, "http://")
		return l
	}
	end := func(l *Landscape) {
		t.Helper()
		bounded, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := l.Close(bounded); err != nil {
			t.Fatal(err)
		}
	}

	process := begin()
	operator, tenants := btpclient.NewOperator(registry.HTTP, nil), btpclient.NewTenants(process.HTTP, nil)
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
	create := func(name string) btpclient.Instance {
		t.Helper()
		i, err := operator.CreateInstance(ctx, "dev", btpclient.NewInstance{
			Name: name, Offering: "s4-hana-cloud", Plan: "api-access", Parameters: json.RawMessage(`{"systemName":"Campaigns","communicationArrangement":
				{"communicationArrangementName":"CONTACTS","scenarioId":"SAP_COM_0207","inboundAuthentication":"BasicAuthentication"}}`),
		})
		for bounded := waited(t); err == nil && i.Operation.State == "in progress" && bounded.Err() == nil; {
			time.Sleep(10 * time.Millisecond)
			i, err = operator.Instance(ctx, i.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		return i
	}

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
