package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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

// gateway holds what a call costs the gateway against what the same call costs a
// target that is called directly: a bare gin server. The target's own cost behind
// the gateway is its own affair. Both are processes of their own.
func (b *bench) gateway(ctx context.Context) error {
	target, err := b.floorC(ctx)
	if err != nil {
		return err
	}
	defer target.close()
	seed := filepath.Join(b.dir, "gateway.yaml")
	if err := os.WriteFile(seed, fmt.Appendf(nil, gatewaySeed, target.http), 0o600); err != nil {
		return err
	}
	called := map[string]struct {
		p    *process
		path string
	}{floor: {target, "/system"}}
	for _, store := range []string{memory, sqlite} {
		p, err := b.registry(ctx, store, "--seed", seed)
		if err != nil {
			return err
		}
		defer p.close()
		called[store] = struct {
			p    *process
			path string
		}{p, "/gateway/mp-bench/system"}
	}
	const rounds, count, connections = 17, 2000, 8
	found, err := race(contenders, rounds, func(_ int, name string) ([]float64, error) {
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
	for _, name := range []string{memory, sqlite} {
		report("gateway/"+name+"/cpu", found[name][0].value, "us", found[name][0].ratio, atMost(2))
	}
	return nil
}
