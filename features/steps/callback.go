package steps

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// callbackSteps are clients that describe a tenant of their own, and how it
// behaves when it is told of its deregistration.
func (w *world) callbackSteps(d definitions) {
	d.Given(`^the registry waits only a moment for a tenant$`, w.theRegistryWaitsAMoment)
	d.Given(`^there is another (commerce|fsm|c4c|marketing) tenant "([^"]*)"$`, w.thereIsAnotherTenant)
	d.Given(`^a client whose tenant (.+) has paired with the token of "([^"]*)"$`, w.aClientWithTenantHasPaired)

	d.When(`^the client describes a tenant that (.+)$`, w.theClientDescribesTenant)

	d.Then(`^the client's tenant has been told (\d+) times?$`, w.theClientsTenantHasBeenTold)
}

// callbacks are ways to behave, by what a scenario calls them: addresses without
// a handler are called as they are.
var callbacks = map[string]struct {
	address string
	answer  http.HandlerFunc
}{
	"answers":             {answer: func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) }},
	"answers by an error": {answer: func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusInternalServerError) }},
	"sends it elsewhere": {answer: func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "/elsewhere", http.StatusTemporaryRedirect)
	}},
	"hangs":                   {answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	"is where no call may go": {address: "http://192.0.2.1"}, // a documentation address (RFC 5737)
	"has no callback":         {address: "-"},
}

// waitAMoment is long enough for a tenant in the same process, and no more.
const waitAMoment = 200 * time.Millisecond

func (w *world) theRegistryWaitsAMoment() error {
	return w.configure(func(s *Settings) { s.CallbackTimeout = waitAMoment })
}

func (w *world) thereIsAnotherTenant(product, id string) error {
	return w.configure(func(s *Settings) {
		if s.Tenants == nil {
			s.Tenants = map[string]string{}
		}
		s.Tenants[id] = product
	})
}

func (w *world) aClientWithTenantHasPaired(ctx context.Context, behaviour, name string) error {
	if err := w.aClientPairs(ctx, name); err != nil {
		return err
	}
	if err := w.theClientDescribesTenant(ctx, behaviour); err != nil {
		return err
	}
	return w.called.err
}

func (w *world) theClientDescribesTenant(ctx context.Context, behaviour string) error {
	callback, known := callbacks[behaviour]
	if !known {
		return fmt.Errorf("the steps know no tenant that %s", behaviour)
	}
	info, err := w.client.call(ctx)
	if err != nil {
		return err
	}
	d := btpclient.Descriptor{TenantID: "vendor", URL: "http://tenant.example.com", CallbackURL: callback.address}
	if callback.address == "-" {
		d.CallbackURL = ""
	}
	if callback.answer != nil {
		if d.CallbackURL, err = w.listen(ctx, &w.client.told, callback.answer); err != nil {
			return err
		}
	}
	w.called = ended(w.client.session.PutTenant(ctx, info.URLs.MetadataURL, d))
	return nil
}

// listen serves a tenant's callback until the scenario ends, and counts its calls.
func (w *world) listen(ctx context.Context, calls *atomic.Int32, answer http.HandlerFunc) (string, error) {
	if err := w.cannotCall(ctx); err != nil {
		return "", err
	}
	var listening net.ListenConfig
	on, err := listening.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		answer(rw, r)
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(on) }()
	w.onClose(func() error {
		err := server.Close()
		if why := <-ended; !errors.Is(why, http.ErrServerClosed) {
			err = errors.Join(err, why)
		}
		return err
	})
	return "http://" + on.Addr().String(), nil
}

// cannotCall says why the landscape calls nothing that listens here; nil: it does. One
// that does not run yet does not know.
func (w *world) cannotCall(ctx context.Context) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	if apart, ok := w.landscape.(Apart); ok {
		return apart.CannotCall()
	}
	return nil
}

func (w *world) theClientsTenantHasBeenTold(n int) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	if told := int(c.told.Load()); told != n {
		return fmt.Errorf("the client's tenant has been told %d times, want %d", told, n)
	}
	return nil
}
