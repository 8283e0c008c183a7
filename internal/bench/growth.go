package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

// start measures from the start of a program to its first 200, and what it holds
// in memory when it has nothing to do.
func (b *bench) start(ctx context.Context) error {
	const settle = 200 * time.Millisecond
	found, err := race([]string{floor, memory}, 11, func(_ int, name string) ([]float64, error) {
		addresses, err := freeAddresses(3)
		if err != nil {
			return nil, err
		}
		cmd := command(ctx, b.floor, addresses[0], "off")
		if name == memory {
			cmd = command(ctx, b.pairsim, "serve", "--http", addresses[0], "--mtls", addresses[1], "--control", addresses[2])
		}
		p := &process{cmd: cmd}
		took, err := firstAnswer(ctx, cmd, "http://"+addresses[0]+"/healthz")
		if cmd.Process == nil {
			return nil, err
		}
		defer p.close()
		if err != nil {
			return nil, err
		}
		time.Sleep(settle)
		bytes, err := p.rss()
		return []float64{milliseconds(took), bytes / (1 << 20)}, err
	})
	if err != nil {
		return err
	}
	took, resident := found[memory][0], found[memory][1]
	report("start", took.value, "ms", took.ratio, atMost(3))
	report("rss-idle", resident.value, "MiB", resident.ratio, atMost(2.5))
	return nil
}

// freeAddresses are free a moment ago: nothing else here takes ports in between.
func freeAddresses(n int) ([]string, error) {
	var all []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		all = append(all, l.Addr().String())
	}
	return all, nil
}

// firstAnswer starts a program and asks until it answers 200.
func firstAnswer(ctx context.Context, cmd *exec.Cmd, address string) (time.Duration, error) {
	client := newClient(nil)
	defer client.CloseIdleConnections()
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	for {
		_, err := call(ctx, client, http.MethodGet, address, nil, http.StatusOK)
		took := time.Since(began)
		if err == nil || ctx.Err() != nil {
			return took, err
		}
		if took > startWithin {
			return took, errors.New("it does not answer")
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// sized is a registry with so many systems.
type sized struct {
	*process
	systems int
	page    string // a page in the middle of the list
}

// growth holds a pairing and a page of the list with many systems against the
// same with a thousand.
func (b *bench) growth(ctx context.Context) error {
	sizes := []int{1_000, 10_000}
	if b.full {
		sizes = append(sizes, 100_000)
	}
	for _, store := range []string{memory, sqlite} {
		if err := b.growthOf(ctx, store, sizes); err != nil {
			return fmt.Errorf("%s: %w", store, err)
		}
	}
	return nil
}

func (b *bench) growthOf(ctx context.Context, store string, sizes []int) error {
	servers, names := map[string]*sized{}, []string{}
	defer func() {
		for _, s := range servers {
			s.close()
		}
	}()
	for _, size := range sizes {
		p, err := b.registry(ctx, store)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%dk", size/1000)
		servers[name], names = &sized{process: p, systems: size}, append(names, name)
		if err := servers[name].fill(ctx); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	const rounds, count, pages = 13, 16, 100
	prepare := b.forRound(count)
	pairings, err := race(names, rounds, func(round int, name string) ([]float64, error) {
		systems, err := prepare(round)
		if err != nil {
			return nil, err
		}
		o := pairAll(ctx, servers[name].process, systems, 1)
		var took []float64
		for _, t := range o.timings {
			took = append(took, milliseconds(t.sum))
		}
		return []float64{median(took)}, o.first
	})
	if err != nil {
		return err
	}
	lists, err := race(names, rounds, func(_ int, name string) ([]float64, error) {
		took, err := getMany(ctx, servers[name].http, servers[name].page, pages, 1)
		return []float64{milliseconds(took) / pages}, err
	})
	if err != nil {
		return err
	}
	for _, name := range names[1:] {
		report("growth/pairing/"+store+"/"+name, pairings[name][0].value, "ms", pairings[name][0].ratio, atMost(1.3))
		report("growth/list/"+store+"/"+name, lists[name][0].value, "ms", lists[name][0].ratio, atMost(1.3))
	}
	return nil
}

const systemsPath = "/api/v1/globalAccounts/default/systems"

// fill registers the systems and lets their tokens expire, a thousand at a time:
// more live ones the quota refuses. The page is remembered on the way.
func (s *sized) fill(ctx context.Context) error {
	const quota = 1000
	client := newClient(nil)
	client.Transport.(*http.Transport).MaxIdleConnsPerHost = 4
	defer client.CloseIdleConnections()
	for from := 0; from < s.systems; from += quota {
		if err := s.register(ctx, client, from, from+quota); err != nil {
			return err
		}
		if _, err := call(ctx, client, http.MethodPost, s.control+"/control/clock", []byte(`{"advance":"10m"}`), http.StatusOK); err != nil {
			return err
		}
	}
	cursor := ""
	for range s.systems / 2 / 200 {
		answer, err := call(ctx, client, http.MethodGet, s.http+systemsPath+"?limit=200&cursor="+url.QueryEscape(cursor), nil, http.StatusOK)
		if err != nil {
			return err
		}
		var page struct{ NextCursor string }
		if err := json.Unmarshal(answer, &page); err != nil {
			return err
		}
		cursor = page.NextCursor
	}
	s.page = systemsPath + "?limit=50&cursor=" + url.QueryEscape(cursor)
	return nil
}

func (s *sized) register(ctx context.Context, client *http.Client, from, to int) error {
	const workers = 4
	failures := make([]error, workers)
	var next atomic.Int64
	next.Store(int64(from))
	var running sync.WaitGroup
	for w := range workers {
		running.Go(func() {
			for failures[w] == nil {
				i := next.Add(1) - 1
				if i >= int64(to) {
					return
				}
				body := fmt.Appendf(nil, `{"name":"seeded %06d","type":"SAP Commerce Cloud"}`, i)
				_, failures[w] = call(ctx, client, http.MethodPost, s.http+systemsPath, body, http.StatusCreated)
			}
		})
	}
	running.Wait()
	return errors.Join(failures...)
}

// journalMemory is what the server holds after many requests, beyond what it
// held before them.
func (b *bench) journalMemory(ctx context.Context) error {
	const most = 64 << 20 // bytes
	count := 100_000
	if b.full {
		count = 1_000_000
	}
	p, err := b.registry(ctx, memory)
	if err != nil {
		return err
	}
	defer p.close()
	id, err := registerOne(ctx, p, "bench 1-0001")
	if err != nil {
		return err
	}
	idle, err := p.rss()
	if err != nil {
		return err
	}
	if _, err := getMany(ctx, p.http, "/api/v1/systems/"+id, count, 16); err != nil {
		return err
	}
	after, err := p.rss()
	if err != nil {
		return err
	}
	report(fmt.Sprintf("journal-memory/%dk", count/1000), (after-idle)/(1<<20), "MiB", (after-idle)/most, atMost(1))
	return nil
}
