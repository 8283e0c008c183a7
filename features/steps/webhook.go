package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// webhookSteps are webhooks that the event bus pushes to, and the descriptors of its clients.
func (w *world) webhookSteps(d definitions) {
	d.Given(`^a webhook that (agrees|refuses to be asked|takes nothing) listens to the queue "([^"]*)" of "([^"]*)"$`, w.aWebhookListens)
	d.Given(`^the webhook has begun to take messages$`, w.theWebhookTakes)
	d.Given(`^subaccount "([^"]*)" may have (\d+) clients of its event bus$`, w.theSubaccountMayHaveClients)
	d.Given(`^the developer has created the client "([^"]*)" of the event bus$`, w.theDeveloperHasCreatedBusClient)

	d.When(`^the developer creates the client "([^"]*)" of the event bus$`, w.theDeveloperCreatesBusClient)
	d.When(`^the developer creates a client of the event bus with "([^"]*)" of "([^"]*)"$`, w.theDeveloperCreatesBusClientWith)
	d.When(`^the developer creates a client of the event bus without "([^"]*)"$`, w.theDeveloperCreatesBusClientWithout)

	d.Then(`^the webhook has (received|been offered) (.+), in this order$`, w.theWebhookHas)
	d.Then(`^the webhook has been asked, and has received nothing$`, w.theWebhookWasAsked)
	d.Then(`^the client's binding opens (.+) and nothing else$`, w.theBindingOpens)
}

// hook is a webhook of an application.
type hook struct {
	mu             sync.Mutex
	client         string // whose it is
	agrees, takes  bool
	asked          atomic.Int32
	offered, taken []string
}

// ServeHTTP answers the handshake, and takes what is pushed (service-apis §6).
func (h *hook) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Method == http.MethodOptions {
		h.asked.Add(1)
		if h.agrees {
			rw.Header().Set("WebHook-Allowed-Origin", r.Header.Get("WebHook-Request-Origin"))
		} else {
			rw.WriteHeader(http.StatusNotFound)
		}
		return
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxWireAnswer))
	h.offered = append(h.offered, string(body))
	if h.takes {
		h.taken = append(h.taken, string(body))
	} else {
		rw.WriteHeader(http.StatusInternalServerError)
	}
}

func (w *world) aWebhookListens(ctx context.Context, how, queue, client string) error {
	at, err := w.hooked(ctx, how)
	if err != nil {
		return err
	}
	w.hook.client = client
	c := w.busClients[client]
	body, err := json.Marshal(members{
		"name": webhookName, "address": "queue:" + busNamespace(client) + "/" + queue, "qos": 1,
		"pushConfig": members{"type": "webhook", "endpoint": at, "exemptHandshake": false},
	})
	if err != nil {
		return err
	}
	status, answer, err := w.callBus(ctx, c, http.MethodPost, c.messaging+"/subscriptions", string(body), "application/json")
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("the event bus answered %d %s", status, answer)
	}
	return err
}

func (w *world) theWebhookTakes() error {
	w.hook.mu.Lock()
	defer w.hook.mu.Unlock()
	w.hook.takes = true
	return nil
}

func (w *world) theWebhookHas(ctx context.Context, how, list string) error {
	want := names(list)
	var got []string
	err := eventually(ctx, "the webhook has "+how+" "+list, func() (bool, error) {
		w.hook.mu.Lock()
		defer w.hook.mu.Unlock()
		got = slices.Clone(w.hook.taken)
		if how == "been offered" {
			got = slices.Clone(w.hook.offered)
		}
		return len(got) >= len(want), nil
	})
	if err == nil && !slices.Equal(got, want) {
		err = fmt.Errorf("the webhook has %s %q, want %q", how, got, want)
	}
	return err
}

func (w *world) theWebhookWasAsked() error {
	w.hook.mu.Lock()
	defer w.hook.mu.Unlock()
	if w.hook.asked.Load() == 0 || len(w.hook.offered) > 0 {
		return fmt.Errorf("the webhook was asked %d times, and offered %q", w.hook.asked.Load(), w.hook.offered)
	}
	return nil
}

func (w *world) theSubaccountMayHaveClients(ctx context.Context, subaccount string, n int) error {
	if err := w.theOperatorGivesEventMesh(ctx, subaccount, n); err != nil {
		return err
	}
	return w.operated.err
}

// descriptorOf is a client's descriptor that nobody refuses (5722fc4.md).
func descriptorOf(name string) members {
	return members{
		"emname": name, "namespace": busNamespace(name), "version": "1.1.0", "options": members{"management": true},
		"rules": members{"topicRules": members{"publishFilter": []string{"${namespace}/*"}}},
	}
}

func (w *world) createBusClient(ctx context.Context, name string, d members) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	w.operated = ended(w.createAs(ctx, "enterprise-messaging", "default", name, text))
	return nil
}

func (w *world) theDeveloperCreatesBusClient(ctx context.Context, name string) error {
	return w.createBusClient(ctx, name, descriptorOf(name))
}

func (w *world) theDeveloperHasCreatedBusClient(ctx context.Context, name string) error {
	if err := w.theDeveloperCreatesBusClient(ctx, name); err != nil {
		return err
	}
	return w.operated.err
}

func (w *world) theDeveloperCreatesBusClientWith(ctx context.Context, key, value string) error {
	return w.createBusClient(ctx, "app", descriptorOf("app").with(members{key: value}))
}

func (w *world) theDeveloperCreatesBusClientWithout(ctx context.Context, key string) error {
	return w.createBusClient(ctx, "app", descriptorOf("app").without(key))
}

// theBindingOpens looks at the channels of the latest binding.
func (w *world) theBindingOpens(list string) error {
	var given struct {
		Management []json.RawMessage
		Messaging  []struct{ Protocol []string }
	}
	if err := json.Unmarshal(w.binding.Credentials, &given); err != nil {
		return err
	}
	var open []string
	if len(given.Management) > 0 {
		open = append(open, "management")
	}
	for _, m := range given.Messaging {
		if len(m.Protocol) == 0 {
			return errors.New("a channel of the binding has no protocol")
		}
		open = append(open, strings.Join(m.Protocol, "+"))
	}
	return sameNames("the binding opens", open, list)
}
