package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/pairsim/pairsim/btpclient"
)

// listener is a program in the Kyma runtime that takes events: CloudEvents in
// structured mode, as the registry posts them.
type listener struct {
	server *http.Server
	sink   string
	took   chan delivered
}

// delivered is an event as the listener got it.
type delivered struct {
	call   btpclient.Call
	ID     string          `json:"id"`
	Type   string          `json:"type"`
	Source string          `json:"source"`
	Data   json.RawMessage `json:"data"`
}

// maxEvent is the most bytes of an event that the listener reads.
const maxEvent = 1 << 20

// listen starts a listener on loopback.
func listen(ctx context.Context) (*listener, error) {
	on, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("a listener to events: %w", err)
	}
	l := &listener{sink: "http://" + on.Addr().String() + "/events", took: make(chan delivered, 1)}
	l.server = &http.Server{Handler: l, ReadHeaderTimeout: callTimeout}
	go func() { _ = l.server.Serve(on) }() // ends with close
	return l, nil
}

func (l *listener) close() { _ = l.server.Close() }

// ServeHTTP takes an event; only the first is shown.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := delivered{call: btpclient.Call{Method: r.Method, Path: r.URL.Path, Status: http.StatusNoContent}}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil {
		http.Error(w, "no structured CloudEvent", http.StatusBadRequest)
		return
	}
	select {
	case l.took <- e:
	default:
	}
	w.WriteHeader(http.StatusNoContent)
}

// wait is the event that the listener got, or will get soon.
func (l *listener) wait(ctx context.Context) (delivered, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, callTimeout, errors.New("no event has come"))
	defer cancel()
	select {
	case e := <-l.took:
		return e, nil
	case <-ctx.Done():
		return delivered{}, context.Cause(ctx)
	}
}

// subscribe lets a listener have the events of new accounts.
func (t *teller) subscribe(ctx context.Context, l *listener) error {
	t.step("", "Another program there listens to %s, version %s, of %q:", accountCreated, accountVersion, salesAPI.system)
	s, err := t.operator.CreateSubscription(ctx, subaccount, btpclient.NewSubscription{
		Source: salesAPI.api.Application, Type: accountCreated, Version: accountVersion, Sink: l.sink,
	})
	if err != nil {
		return err
	}
	t.wire("", "operator", "registry", t.last, 1, "subscribed")
	return expect("sink of the subscription", s.Sink, l.sink)
}

// delivered shows that the event of the new account has come to the listener.
func (t *teller) delivered(ctx context.Context, l *listener) error {
	e, err := l.wait(ctx)
	if err != nil {
		return err
	}
	t.wire("", "registry", "listener", e.call, 1, "a CloudEvent")
	if err := expect("type of the event", e.Type, t.cockpit.accountEvent); err != nil {
		return err
	}
	if err := expect("source of the event", e.Source, salesAPI.api.Application); err != nil {
		return err
	}
	var data map[string]string
	const shown = 8
	if err := json.Unmarshal(e.Data, &data); err != nil || len(data["entity-id"]) < shown {
		return errors.Join(errors.New("the event names no account"), err)
	}
	t.outcome("Delivered as %s: entity-id %s….", e.Type, data["entity-id"][:shown])
	return nil
}

// accountVersion is the version of the event of a new account (sap-domain §9.4).
const accountVersion = "v1"
