package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// plainPost posts to the listener, past any registry.
const plainPost = "plain"

// publisher is a tenant that publishes, and the process whose runtime listens.
type publisher struct {
	p      *process
	client *http.Client
	events string // URL
}

// events holds how many events per second come from publishing to delivery, and how
// long the slowest hundredth takes, against as many plain POSTs to the same listener
// by as many clients. Each client publishes its next event when the one before has
// arrived. Accepting an event is a step of the store, with the caller's certificate
// checked, and delivering it is another two, one event after the other.
func (b *bench) events(ctx context.Context) error {
	hears, err := listen(ctx)
	if err != nil {
		return err
	}
	defer hears.close()
	publishers := map[string]*publisher{}
	for _, store := range []string{memory, sqlite} {
		p, err := b.registry(ctx, store)
		if err != nil {
			return err
		}
		defer p.close()
		if publishers[store], err = b.publisher(ctx, p, hears.url); err != nil {
			return err
		}
		defer publishers[store].client.CloseIdleConnections()
	}
	const rounds, count, clients = 9, 400, 8
	plain := newClient(nil)
	plain.Transport.(*http.Transport).MaxIdleConnsPerHost = clients //nolint:forcetypeassert // newClient makes it
	defer plain.CloseIdleConnections()
	found, err := race([]string{plainPost, memory, sqlite}, rounds, func(_ int, name string) ([]float64, error) {
		send := func(id string) error {
			_, err := call(ctx, plain, http.MethodPost, hears.url, cloudEvent(id), http.StatusOK)
			return err
		}
		if from := publishers[name]; from != nil {
			send = func(id string) error {
				_, err := call(ctx, from.client, http.MethodPost, from.events, legacyEvent(id), http.StatusOK)
				return err
			}
		}
		return hears.arrivals(ctx, count, clients, send)
	})
	if err != nil {
		return err
	}
	for _, name := range []string{memory, sqlite} {
		rate, p99 := found[name][0], found[name][1]
		report("events/"+name+"/rate", rate.value, "per-s", rate.ratio, atLeast(0.02))
		report("events/"+name+"/p99", p99.value, "ms", p99.ratio, atMost(25))
	}
	fmt.Printf("# events: plain POSTs %.0f per second, the slowest hundredth from %.2f ms\n", found[plainPost][0].value, found[plainPost][1].value)
	return nil
}

// publisher pairs a tenant, puts its system into a formation, and lets the runtime
// listen to its events.
func (b *bench) publisher(ctx context.Context, p *process, sink string) (*publisher, error) {
	systems, err := b.prepare.prepare(1)
	if err != nil {
		return nil, err
	}
	var t timing
	as, err := certify(ctx, p, systems[0], &t)
	if err != nil {
		return nil, err
	}
	own := as.client(p)
	own.Transport.(*http.Transport).MaxIdleConnsPerHost = 64 //nolint:forcetypeassert // newClient makes it
	if _, err := call(ctx, own, http.MethodGet, as.infoURL, nil, http.StatusOK); err != nil {
		return nil, err
	}
	_, application, _ := strings.Cut(systems[0].subject, "CN=")
	base, _, _ := strings.Cut(as.infoURL, "/v1/")
	operator := newClient(nil)
	defer operator.CloseIdleConnections()
	for path, body := range map[string]any{
		"/api/v1/globalAccounts/default/formations":     map[string]any{"name": "bench", "subaccount": "dev", "systems": []string{as.systemID}},
		"/api/v1/subaccounts/dev/runtime/subscriptions": map[string]any{"source": application, "type": "order.created", "version": "v1", "sink": sink},
	} {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		if _, err := call(ctx, operator, http.MethodPost, p.http+path, text, http.StatusCreated); err != nil {
			return nil, err
		}
	}
	return &publisher{p, own, base + "/" + application + "/v1/events"}, nil
}

func legacyEvent(id string) []byte {
	return []byte(`{"event-type":"order.created","event-type-version":"v1","event-id":"` + id +
		`","event-time":"2030-01-01T10:00:00Z","data":{"orderCode":"1001"}}`)
}

func cloudEvent(id string) []byte {
	return []byte(`{"specversion":"1.0","id":"` + id + `","source":"bench","type":"order.created.v1","data":{"orderCode":"1001"}}`)
}

// hearer is the subscriber: it tells who waits for an event that it has come.
type hearer struct {
	server *http.Server
	url    string

	mu      sync.Mutex
	waiting map[string]chan struct{}
}

func listen(ctx context.Context) (*hearer, error) {
	on, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &hearer{url: "http://" + on.Addr().String() + "/events", waiting: map[string]chan struct{}{}}
	h.server = &http.Server{Handler: h, ReadHeaderTimeout: requestWithin}
	go func() { _ = h.server.Serve(on) }() // ends with close
	return h, nil
}

func (h *hearer) close() { _ = h.server.Close() }

func (h *hearer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e struct{ ID string }
	text, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil {
		http.Error(w, "no event", http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	arrived := h.waiting[e.ID]
	delete(h.waiting, e.ID)
	h.mu.Unlock()
	if arrived != nil {
		close(arrived)
	}
	w.WriteHeader(http.StatusOK)
}

// arrivals lets clients send count events, and gives how many arrived per second,
// and after how many milliseconds 99 of 100 had arrived.
func (h *hearer) arrivals(ctx context.Context, count, clients int, send func(id string) error) ([]float64, error) {
	var mu sync.Mutex
	var took []time.Duration
	failures := make([]error, clients)
	var running sync.WaitGroup
	began := time.Now()
	for i := range clients {
		running.Go(func() {
			for range count / clients {
				one, err := h.arrival(ctx, send)
				if err != nil {
					failures[i] = err
					return
				}
				mu.Lock()
				took = append(took, one)
				mu.Unlock()
			}
		})
	}
	running.Wait()
	whole := time.Since(began)
	if err := errors.Join(failures...); err != nil {
		return nil, err
	}
	slices.Sort(took)
	return []float64{float64(len(took)) / whole.Seconds(), milliseconds(took[len(took)*99/100])}, nil
}

func (h *hearer) arrival(ctx context.Context, send func(id string) error) (time.Duration, error) {
	id, arrived := uuid.NewString(), make(chan struct{})
	h.mu.Lock()
	h.waiting[id] = arrived
	h.mu.Unlock()
	began := time.Now()
	if err := send(id); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, requestWithin, errors.New("an event has not arrived"))
	defer cancel()
	select {
	case <-arrived:
		return time.Since(began), nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}
