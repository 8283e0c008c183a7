package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// gatewaySeed is a paired system whose APIs have targets and Basic credentials.
const gatewaySeed = `systems:
  - name: Bench
    type: SAP Commerce Cloud
    status: registered
    services:
      - name: System
        api: { targetUrl: "%s/system", credentials: { basic: { username: bench, password: throwaway } } }
      - name: Product
        api: { targetUrl: "%s", credentials: { basic: { username: "%s", password: "%s" } } }
formations: [{ name: bench, subaccount: dev, systems: [Bench] }]
tenants: []
`

// bareProxy is a reverse proxy of the standard library that adds nothing.
const bareProxy = "proxy"

// accounts is what is read of the product API, SAP Cloud for Customer's.
const accounts = "/CorporateAccountCollection?$format=json"

// contender is a server and what is asked of it.
type contender struct {
	p      *process
	path   string
	header []string
}

// gateway holds what a call costs the gateway against what the same call costs a
// target that is called directly, and against what it costs a reverse proxy that
// does nothing else: less is hardly possible with net/http. The target is the API of
// a product, as workloads call it; then a bare gin server, which says most of the
// gateway alone. The target's own cost behind a proxy is its own affair. All are
// processes of their own.
func (b *bench) gateway(ctx context.Context) error {
	var started []*process
	defer func() {
		for _, p := range started {
			p.close()
		}
	}()
	var failed error
	launched := func(p *process, err error) *process {
		if err == nil {
			started = append(started, p)
		}
		failed = errors.Join(failed, err)
		return p
	}
	bare, proxy, products := launched(b.floorC(ctx)), launched(b.floorC(ctx)), launched(b.registry(ctx, memory))
	if failed != nil {
		return failed
	}
	api, err := productAPI(ctx, products)
	if err != nil {
		return err
	}
	seed := filepath.Join(b.dir, "gateway.yaml")
	text := fmt.Appendf(nil, gatewaySeed, bare.http, api.TargetURL, api.Basic.Username, api.Basic.Password)
	if err := os.WriteFile(seed, text, 0o600); err != nil {
		return err
	}
	gateways := map[string]*process{
		memory: launched(b.registry(ctx, memory, "--seed", seed)), sqlite: launched(b.registry(ctx, sqlite, "--seed", seed)),
	}
	if failed != nil {
		return failed
	}
	through := func(target string) string { return "/proxy/" + strings.TrimPrefix(target, "http://") }
	user := []string{"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(api.Basic.Username+":"+api.Basic.Password))}
	return errors.Join(
		gatewayTo(ctx, "gateway", gateways, "/gateway/mp-bench/product"+accounts, 500, true,
			contender{products, strings.TrimPrefix(api.TargetURL, products.http) + accounts, user}, contender{proxy, through(api.TargetURL) + accounts, user}),
		gatewayTo(ctx, "gateway-bare", gateways, "/gateway/mp-bench/system", 2000, false,
			contender{bare, "/system", nil}, contender{proxy, through(bare.http) + "/system", nil}),
	)
}

// productAPI is the OData API of the process's tenant of SAP Cloud for Customer.
func productAPI(ctx context.Context, p *process) (api struct {
	TargetURL string
	Basic     struct{ Username, Password string }
}, err error,
) {
	client := &http.Client{Timeout: requestWithin}
	body, err := call(ctx, client, http.MethodGet, p.http+"/tenants/c4c/apis", nil, http.StatusOK)
	if err != nil {
		return api, err
	}
	list := struct{ Items any }{&[]any{&api}}
	return api, json.Unmarshal(body, &list)
}

// gatewayTo measures the gateways' calls of one target. What a product's API costs
// is a budget for a call through the gateway; what a bare server costs is none: even
// the bare proxy takes more than three times as much.
func gatewayTo(ctx context.Context, line string, gateways map[string]*process, path string, count int, ofProduct bool, target, proxy contender) error {
	called := map[string]contender{
		floor: target, bareProxy: proxy, memory: {gateways[memory], path, nil}, sqlite: {gateways[sqlite], path, nil},
	}
	const rounds, connections = 17, 8
	found, err := race([]string{floor, bareProxy, memory, sqlite}, rounds, func(_ int, name string) ([]float64, error) {
		to := called[name]
		used, err := to.p.cpuOf(func() error {
			_, err := getMany(ctx, to.p.http, to.path, count, connections, to.header...)
			return err
		})
		return []float64{1000 * milliseconds(used) / float64(count)}, err
	})
	if err != nil {
		return err
	}
	bare := found[bareProxy][0]
	for _, name := range []string{memory, sqlite} {
		got := found[name][0]
		if ofProduct {
			report(line+"/"+name+"/cpu", got.value, "us", got.ratio, atMost(2))
		}
		report(line+"/"+name+"/proxy", got.value, "us", got.ratio/bare.ratio, atMost(2))
	}
	fmt.Printf("# %s: the target %.1f us, the bare proxy %.1f us, %.2f of the target\n", line, found[floor][0].value, bare.value, bare.ratio)
	return nil
}
