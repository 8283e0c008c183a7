package steps

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/pairsim/pairsim/btpclient"
)

// headerSteps are what the gateway does with headers, of the call and of the answer
// (pairing-protocols §5.2).
func (w *world) headerSteps(d definitions) {
	d.Given(`^the client exposes the API "([^"]*)", which sends callers on (below itself|to another host)$`, w.theClientExposesOne)

	d.When(`^a workload reads the API "([^"]*)" of "([^"]*)" with a token of its own$`, w.aWorkloadReadsWithToken)
	d.When(`^a workload is sent on by the API "([^"]*)" of "([^"]*)"$`, w.aWorkloadIsSentOn)

	d.Then(`^the target of "([^"]*)" was called with the workload's token and told the address of the gateway$`, w.theTargetWasCalledWith)
	d.Then(`^the workload is led (through the gateway|to the other host)$`, w.theWorkloadIsLed)
}

const (
	workloadsToken = "Bearer the-workloads-own"
	elsewhere      = "https://elsewhere.test/orders/1"
)

func (w *world) theClientExposesOne(ctx context.Context, name, where string) error {
	var calls atomic.Int32
	at, err := w.listen(ctx, &calls, func(rw http.ResponseWriter, _ *http.Request) {
		location := "/orders/1"
		if where == "to another host" {
			location = elsewhere
		}
		rw.Header().Set("Location", location)
		rw.WriteHeader(http.StatusFound)
	})
	if err != nil {
		return err
	}
	return w.expose(ctx, name, nil, at+"/orders", nil)
}

// gatewayAt is the address of a system's API at the gateway.
func (w *world) gatewayAt(ctx context.Context, api, system string) (string, error) {
	application, err := w.applicationName(ctx, system)
	return w.landscape.HTTP() + "/gateway/" + application + "/" + strings.ToLower(api), err
}

func (w *world) aWorkloadReadsWithToken(ctx context.Context, api, system string) error {
	at, err := w.gatewayAt(ctx, api, system)
	if err == nil {
		_, err = w.ask(ctx, http.MethodGet, at, "", "Access-Token", workloadsToken)
	}
	return err
}

func (w *world) theTargetWasCalledWith(name string) error {
	one := w.apis[name]
	if one == nil || one.target == nil {
		return fmt.Errorf("the scenario has exposed no API %q with a target", name)
	}
	one.target.mu.Lock()
	defer one.target.mu.Unlock()
	got := one.target.latest
	at, err := url.Parse(w.landscape.HTTP())
	switch {
	case err != nil:
		return err
	case got == nil:
		return errors.New("the target was not called")
	case got.Get("Authorization") != workloadsToken || got.Get("Access-Token") != "":
		return errors.New("the target was called without the workload's token as Authorization, or with Access-Token")
	case got.Get("X-Forwarded-Host") != at.Host || got.Get("X-Forwarded-Proto") != "http" || got.Get("X-Forwarded-For") == "":
		return fmt.Errorf("the target is told %q, %q and %q", got.Get("X-Forwarded-Host"), got.Get("X-Forwarded-Proto"), got.Get("X-Forwarded-For"))
	}
	return nil
}

func (w *world) aWorkloadIsSentOn(ctx context.Context, api, system string) error {
	at, err := w.gatewayAt(ctx, api, system)
	if err != nil {
		return err
	}
	w.workload = workload{at: at, api: btpclient.GatewayAPI{Service: api}}
	_, err = w.ask(ctx, http.MethodGet, at, "")
	return err
}

func (w *world) theWorkloadIsLed(where string) error {
	want := elsewhere
	if where == "through the gateway" {
		at, err := url.Parse(w.workload.at)
		if err != nil {
			return err
		}
		want = at.Path + "/1"
	}
	if got := w.heard.header.Get("Location"); w.heard.status != http.StatusFound || got != want {
		return fmt.Errorf("the workload is led to %q with status %d, want %q", got, w.heard.status, want)
	}
	return nil
}
