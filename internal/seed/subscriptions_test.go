package seed_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/seed"
)

func TestSubscriptions(t *testing.T) {
	f, err := seed.Parse([]byte(`globalAccounts:
  - {id: acme, subaccounts: [{id: shop, subdomain: shops, environments: [kyma]}]}
subscriptions:
  - {id: orders, subaccount: shops, source: mp-web-shop, type: order.created, version: v1, sink: "http://127.0.0.1:9000/events", mode: binary}
  - {subaccount: shop, source: mp-web-shop, type: order.created, sink: "http://127.0.0.1:9000/events"}
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Try(t.Context()); err != nil {
		t.Error(err)
	}
	cfg := landscape.Default()
	if err := f.Apply(&cfg); err != nil {
		t.Fatal(err)
	}
	order := btp.NewSubscription{Source: "mp-web-shop", Type: "order.created", Sink: "http://127.0.0.1:9000/events"}
	versioned := order
	versioned.Version, versioned.Mode = "v1", btp.BinaryMode
	want := []btp.DeclaredSubscription{
		{ID: "orders", Subaccount: "shop", NewSubscription: versioned}, {Subaccount: "shop", NewSubscription: order},
	}
	if diff := cmp.Diff(want, cfg.Landscape.Subscriptions); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestSubscriptionFindings(t *testing.T) {
	const good = `subaccount: dev, source: mp-a, type: t, sink: "http://127.0.0.1:9000/"`
	for _, test := range []struct{ name, subscriptions, want string }{
		{"no sink", `[{subaccount: dev, source: mp-a, type: t}]`, "1: subscriptions[0]: missing property 'sink'"},
		{"a mode that is none", `[{` + good + `, mode: batch}]`, "1: subscriptions[0].mode"},
		{"no such subaccount", `[{subaccount: prod, source: mp-a, type: t, sink: "http://127.0.0.1:9000/"}]`, `subscriptions[0].subaccount: there is no subaccount "prod"`},
		{"id twice", `[{` + good + `, id: a}, {` + good + `, id: a}]`, `subscriptions[1].id: "a" is taken`},
		{"a system's name as source", `[{subaccount: dev, source: Web Shop, type: t, sink: "http://127.0.0.1:9000/"}]`, "subscriptions[0]: source: it is the name of an application"},
		{"a sink that is none", `[{subaccount: dev, source: mp-a, type: t, sink: "file:///etc/passwd"}]`, "subscriptions[0]: sink:"},
		{"a sink where no event may go", `[{subaccount: dev, source: mp-a, type: t, sink: "http://192.0.2.1/"}]`, "subscriptions[0]: sink:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, err := seed.Parse([]byte("subscriptions: " + test.subscriptions))
			if err == nil {
				err = f.Try(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	f, err := seed.Parse([]byte(`globalAccounts: [{id: a, subaccounts: [{id: cf, environments: [cloudFoundry]}]}]
subscriptions: [{subaccount: cf, source: mp-a, type: t, sink: "http://127.0.0.1:9000/"}]`))
	if err == nil {
		err = f.Try(t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), "subscriptions[0].subaccount: subaccount cf does not have the environment kyma") {
		t.Errorf("a subaccount without Kyma: got %v", err)
	}
}
