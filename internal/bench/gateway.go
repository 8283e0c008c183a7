package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// gatewaySeed is a paired system whose one API has a target and Basic credentials.
const gatewaySeed = `systems:
  - name: Bench
    type: SAP Commerce Cloud
    status: registered
    services:
      - name: System
        api: { targetUrl: "%s/system", credentials: { basic: { username: bench, password: throwaway } } }
formations: [{ name: bench, subaccount: dev, systems: [Bench] }]
tenants: []
`

// bareProxy is a reverse proxy of the standard library that adds nothing.
const bareProxy = "proxy"

// gateway holds what a call costs the gateway against what the same call costs a
// target that is called directly, a bare gin server, and against what it costs a
// reverse proxy that does nothing else: less is hardly possible with net/http. The
// target's own cost behind a proxy is its own affair. All are processes of their own.
func (b *bench) gateway(ctx context.Context) error {
	type contender struct {
		p    *process
		path string
	}
	target, err := b.floorC(ctx)
	if err != nil {
		return err
	}
	defer target.close()
	proxy, err := b.floorC(ctx)
	if err != nil {
		return err
	}
	defer proxy.close()
	called := map[string]contender{
		floor: {target, "/system"}, bareProxy: {proxy, "/proxy/" + strings.TrimPrefix(target.http, "http://") + "/system"},
	}
	seed := filepath.Join(b.dir, "gateway.yaml")
	if err := os.WriteFile(seed, fmt.Appendf(nil, gatewaySeed, target.http), 0o600); err != nil {
		return err
	}
	for _, store := range []string{memory, sqlite} {
		p, err := b.registry(ctx, store, "--seed", seed)
		if err != nil {
			return err
		}
		defer p.close()
		called[store] = contender{p, "/gateway/mp-bench/system"}
	}
	const rounds, count, connections = 17, 2000, 8
	found, err := race([]string{floor, bareProxy, memory, sqlite}, rounds, func(_ int, name string) ([]float64, error) {
		to := called[name]
		used, err := to.p.cpuOf(func() error {
			_, err := getMany(ctx, to.p.http, to.path, count, connections)
			return err
		})
		return []float64{1000 * milliseconds(used) / count}, err
	})
	if err != nil {
		return err
	}
	bare := found[bareProxy][0]
	for _, name := range []string{memory, sqlite} {
		got := found[name][0]
		report("gateway/"+name+"/cpu", got.value, "us", got.ratio, atMost(2))
		report("gateway/"+name+"/proxy", got.value, "us", got.ratio/bare.ratio, atMost(2))
	}
	fmt.Printf("# gateway: the target %.1f us, the bare proxy %.1f us, %.2f of the target\n", found[floor][0].value, bare.value, bare.ratio)
	return nil
}
