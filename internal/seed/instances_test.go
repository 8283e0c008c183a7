package seed_test

import (
	"strings"
	"testing"

	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/seed"
)

const withInstances = `
globalAccounts:
  - id: acme
    subdomain: acme
    subaccounts: [{id: dev, subdomain: dev, region: eu10}]
entitlements:
  - {subaccount: dev, plan: default, quota: 2}
serviceInstances:
  - name: my-destinations
    subaccount: dev
    offering: destination
    plan: lite
    environment: kyma
    space: apps
    parameters: {a: 1}
    bindings: [{name: app}]
`

func TestSeedDeclaresInstances(t *testing.T) {
	t.Parallel()
	f, err := seed.Parse([]byte(withInstances))
	if err != nil {
		t.Fatal(err)
	}
	cfg := landscape.Default()
	if err := f.Apply(&cfg); err != nil {
		t.Fatal(err)
	}
	e, i := cfg.Landscape.Entitlements[0], cfg.Landscape.Instances[0]
	if e.Quota != 2 || e.Service != "enterprise-messaging" || e.System != "" {
		t.Errorf("got %+v", e)
	}
	if i.Name != "my-destinations" || i.Space != "apps" || string(i.Parameters) != `{"a":1}` || i.Bindings[0].Name != "app" {
		t.Errorf("got %+v", i)
	}
	if err := f.Try(t.Context()); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct{ old, now, want string }{
		{"offering: destination", "offering: none", "serviceInstances[0]"},
		{"space: apps", "space: Apps", "serviceInstances[0]"},
		{"{subaccount: dev, plan: default, quota: 2}", "{subaccount: dev, plan: api-access}", "entitlements[0]"},
		{"    subaccount: dev\n    offering", "    subaccount: none\n    offering", "serviceInstances[0].subaccount"},
		{"quota: 2", "quota: 0", "entitlements[0].quota"},
	} {
		text := strings.Replace(withInstances, tt.old, tt.now, 1)
		f, err := seed.Parse([]byte(text))
		if err == nil {
			err = f.Try(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want it refused at %s", tt.now, err, tt.want)
		}
	}
}
