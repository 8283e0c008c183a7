package main

import (
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

// TestLandscapeByCommandLine discovers a duplicate and merges it, and adds a system of
// a third party's type.
func TestLandscapeByCommandLine(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t, "--edition", "v2"), t}
	o.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	o.pairs("Web Shop", "commerce")
	shop := decode[btpclient.System](t, o.must(t, "systems", "show", "Web Shop", "-o", "json"))
	o.sees([]string{"systems", "discover", "shop-prd", "--type", shop.Type, "--url", shop.Tenant.URL, "--system-id", "SHOP-1", "--business-type", "Test", "--correlation-id", "c1"},
		"discovery  Auto-discovered")
	o.sees([]string{"systems", "show", "shop-prd"}, "discovery        Auto-discovered", "system ID        SHOP-1", "correlation IDs  c1")
	o.isRefused([]string{"systems", "remove", "shop-prd"}, "error: System is auto-discovered", "pairsim systems merge NAME TARGET")
	o.isRefused([]string{"systems", "merge", "Web Shop", "shop-prd"}, "has the status Registered")
	o.isRefused([]string{"systems", "merge", "shop-prd", "shop-prd"}, "error: No target of a merge")
	o.sees([]string{"systems", "merge", "shop-prd", "Web Shop"}, "Web Shop", "system ID        SHOP-1", "discovery        Manually added")
	o.isRefused([]string{"systems", "show", "shop-prd"}, "error: No such system")

	o.sees([]string{"system-types", "create", "Warehouse", "--namespace", "customer.acme", "--provider", "Acme"}, "customer.acme")
	o.isRefused([]string{"system-types", "create", "Store", "--namespace", "sap.s4", "--provider", "Acme"}, "namespace: it is customer.")
	o.sees([]string{"system-types", "list"}, "SAP Marketing Cloud", "168h0m0s", "Warehouse                     no", "customer.acme  Acme")
	o.sees([]string{"systems", "register", "North", "--type", "Warehouse"}, "(empty)")
	o.sees([]string{"systems", "list", "--type", "Warehouse"}, "North")
	o.isRefused([]string{"systems", "token", "North"}, "is not paired by token")
	o.sees([]string{"systems", "remove", "North"}, "gone")
}

// TestV1KnowsNoLandscapeDiscovery: edition v1 has neither.
func TestV1KnowsNoLandscapeDiscovery(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t, "--edition", "v1"), t}
	for _, args := range [][]string{
		{"systems", "discover", "x", "--type", "SAP Commerce Cloud", "--url", "https://x.example"},
		{"system-types", "create", "x", "--namespace", "customer.x", "--provider", "X"},
	} {
		o.isRefused(args, "error: Operation does not exist in this edition")
	}
}
