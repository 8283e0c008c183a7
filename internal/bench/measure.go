package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// median of values, which it sorts.
func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// result is what a race found of one contender: a median, and the median of the
// ratios to the first contender in the same round.
type result struct{ value, ratio float64 }

// race runs contenders in turn, in rounds, after one to warm up: what else runs
// on the machine then meets all of them. run measures one or more quantities.
func race(names []string, rounds int, run func(round int, name string) ([]float64, error)) (map[string][]result, error) {
	all := make([]map[string][]float64, rounds) // by round and name, the quantities
	for round := range rounds + 1 {
		got := map[string][]float64{}
		for i := range names {
			name := names[(i+round)%len(names)]
			var err error
			if got[name], err = run(round, name); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		if round > 0 {
			all[round-1] = got
		}
	}
	found := map[string][]result{}
	for _, name := range names {
		for quantity := range all[0][name] {
			var values, ratios []float64
			for _, round := range all {
				value := round[name][quantity]
				values, ratios = append(values, value), append(ratios, value/round[names[0]][quantity])
			}
			found[name] = append(found[name], result{median(values), median(ratios)})
		}
	}
	return found, nil
}

// forRound prepares systems once per round, so that all contenders pair the same.
func (b *bench) forRound(count int) func(round int) ([]prepared, error) {
	var systems []prepared
	of := -1
	return func(round int) (_ []prepared, err error) {
		if round != of {
			of = round
			systems, err = b.prepare.prepare(count)
		}
		return systems, err
	}
}

// pairingRace lets all contenders pair so many systems in each round.
func (b *bench) pairingRace(ctx context.Context, rounds, count int, measure func(p *process, systems []prepared) (float64, error)) (map[string][]result, error) {
	names := contenders
	if b.databases != nil {
		names = append(names[:len(names):len(names)], postgres)
	}
	all, stop, err := b.servers(ctx, names)
	if err != nil {
		return nil, err
	}
	defer stop()
	prepare := b.forRound(count)
	return race(names, rounds, func(round int, name string) ([]float64, error) {
		systems, err := prepare(round)
		if err != nil {
			return nil, err
		}
		value, err := measure(all[name], systems)
		return []float64{value}, err
	})
}

func (b *bench) pairingCPU(ctx context.Context) error {
	const rounds, count = 17, 16
	found, err := b.pairingRace(ctx, rounds, count, func(p *process, systems []prepared) (float64, error) {
		used, err := p.cpuOf(func() error { return pairAll(ctx, p, systems, 1).first })
		return milliseconds(used) / count, err
	})
	if err != nil {
		return err
	}
	report("pairing-cpu/memory", found[memory][0].value, "ms", found[memory][0].ratio, atMost(1.25))
	report("pairing-cpu/sqlite", found[sqlite][0].value, "ms", found[sqlite][0].ratio, atMost(2))
	if b.databases != nil {
		report("pairing-cpu/postgres", found[postgres][0].value, "ms", found[postgres][0].ratio, atMost(3))
	}
	return nil
}

func (b *bench) pairingRate(ctx context.Context) error {
	const rounds, count, clients = 21, 48, 16
	found, err := b.pairingRace(ctx, rounds, count, func(p *process, systems []prepared) (float64, error) {
		o := pairAll(ctx, p, systems, clients)
		return count / o.took.Seconds(), o.first
	})
	if err != nil {
		return err
	}
	report("pairing-rate/memory", found[memory][0].value, "1/s", found[memory][0].ratio, atLeast(0.8))
	report("pairing-rate/sqlite", found[sqlite][0].value, "1/s", found[sqlite][0].ratio, atLeast(0.5))
	if b.databases != nil {
		fmt.Printf("# pairing-rate/postgres: %.0f 1/s, ratio %.3f, without a budget: server and clients share the processors with the database\n",
			found[postgres][0].value, found[postgres][0].ratio)
	}
	return nil
}

// clients pairs with ever more clients and counts what was refused, failed or
// hung (requestWithin).
func (b *bench) clients(ctx context.Context) error {
	for _, store := range []string{memory, sqlite} {
		p, err := b.registry(ctx, store)
		if err != nil {
			return err
		}
		for clients := 1; clients <= 512; clients *= 2 {
			systems, err := b.prepare.prepare(max(clients, 8))
			if err != nil {
				p.close()
				return err
			}
			o := pairAll(ctx, p, systems, clients)
			var longest time.Duration
			for _, t := range o.timings {
				longest = max(longest, t.longest)
			}
			report(fmt.Sprintf("clients/%s/%d", store, clients), milliseconds(longest), "ms", float64(o.errors), atMost(0))
			if o.first != nil {
				fmt.Printf("# %v\n", o.first)
			}
		}
		p.close()
	}
	return nil
}

// get holds a simple GET, with the journal on, against a bare gin server that
// answers JSON of the same shape and size.
func (b *bench) get(ctx context.Context) error {
	all, stop, err := b.servers(ctx, contenders)
	if err != nil {
		return err
	}
	defer stop()
	path := map[string]string{floor: "/system"}
	for _, name := range []string{memory, sqlite} {
		id, err := registerOne(ctx, all[name], "bench 1-0001")
		if err != nil {
			return err
		}
		path[name] = "/api/v1/systems/" + id
	}
	const rounds, count, connections = 17, 3000, 8
	found, err := race(contenders, rounds, func(_ int, name string) ([]float64, error) {
		var took time.Duration
		used, err := all[name].cpuOf(func() (err error) {
			took, err = getMany(ctx, all[name].http, path[name], count, connections)
			return err
		})
		return []float64{count / took.Seconds(), 1000 * milliseconds(used) / count}, err
	})
	if err != nil {
		return err
	}
	for _, name := range []string{memory, sqlite} {
		rate, cpu := found[name][0], found[name][1]
		report("get/"+name+"/rate", rate.value, "1/s", rate.ratio, atLeast(0.6))
		report("get/"+name+"/cpu", cpu.value, "us", 1/cpu.ratio, atLeast(0.6))
	}
	return nil
}

func registerOne(ctx context.Context, p *process, name string) (id string, err error) {
	client := newClient(nil)
	defer client.CloseIdleConnections()
	body, err := json.Marshal(map[string]string{"name": name, "type": "SAP Commerce Cloud"})
	if err != nil {
		return "", err
	}
	answer, err := call(ctx, client, http.MethodPost, p.http+"/api/v1/globalAccounts/default/systems", body, http.StatusCreated)
	if err != nil {
		return "", err
	}
	var system struct{ ID string }
	err = json.Unmarshal(answer, &system)
	return system.ID, err
}
