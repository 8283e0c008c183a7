//go:build pact

package contracts_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/contracts/states"
	"github.com/pairsim/pairsim/testenv"
)

// extensionContract is what an extension application in a Kyma runtime expects of the
// registry. Formation notifications are to come with what serves them.
func extensionContract(t *testing.T) *contract {
	c := &contract{consumer: "extension", provider: "btp"}
	t.Run("gateway", func(t *testing.T) { throughTheGateway(t, c) })
	t.Run("runtime", func(t *testing.T) { inTheRuntime(t, c) })
	t.Run("message", func(t *testing.T) { delivered(t, c) })
	t.Run("applications", func(t *testing.T) { applications(t, c) })
	t.Run("instances", func(t *testing.T) { instances(t, c) })
	return c
}

func throughTheGateway(t *testing.T, c *contract) {
	call := exchange{
		what: "an API is called through the gateway", state: states.Runtime, params: map[string]any{"target": states.Answers},
		method: "GET", path: "/gateway/" + app + "/orders/orders/42", status: 200, answer: map[string]any{"code": like("42")},
	}
	otherwise := func(what, path, target string, status int, reason string) exchange {
		e := call.refused(what, status, reason, map[string]any{"target": target})
		e.path = path
		return e
	}
	entry := call
	entry.what, entry.path = "an API entry is called through the gateway of Compass", "/gateway-ucl/"+app+"/orders/orders/orders/42"
	failed := otherwise("an API is called that fails", "/gateway/"+app+"/orders/orders/42", states.Refuses, 502, "target-failed")
	failed.answerHeader["Target-System-Status"] = "500"
	failed.answer = map[string]any{"error": like("out of order")}
	for _, test := range []struct {
		exchange
		api    btpclient.GatewayAPI
		reason string
	}{
		{call, btpclient.GatewayAPI{Application: app, Service: "Orders"}, ""},
		{entry, btpclient.GatewayAPI{Application: app, Service: "Orders", Entry: "Orders"}, ""},
		{
			otherwise("an API of an unknown application is called", "/gateway/mp-nowhere/orders/orders/42", states.Answers, 404, "application-not-found"),
			btpclient.GatewayAPI{Application: "mp-nowhere", Service: "Orders"},
			"application-not-found",
		},
		{
			otherwise("an unknown API is called", "/gateway/"+app+"/invoices/orders/42", states.Answers, 404, "service-not-found"),
			btpclient.GatewayAPI{Application: app, Service: "Invoices"},
			"service-not-found",
		},
		{
			otherwise("an API is called that cannot be reached", "/gateway/"+app+"/orders/orders/42", states.Unreachable, 502, "target-unreachable"),
			btpclient.GatewayAPI{Application: app, Service: "Orders"},
			"target-unreachable",
		},
		{failed, btpclient.GatewayAPI{Application: app, Service: "Orders"}, "target-failed"},
	} {
		c.meets(t, func(t *testing.T, f *front) {
			_, err := btpclient.NewWorkload(f.http.URL, http.DefaultClient).Read(t.Context(), test.api, "orders/42")
			if err := expect(err, test.reason); err != nil {
				t.Errorf("%s: %v", test.what, err)
			}
		}, test.exchange)
	}
}

// inTheRuntime: an extension finds its applications and subscribes to their events.
func inTheRuntime(t *testing.T, c *contract) {
	const runtime = "/api/v1/subaccounts/dev/runtime"
	application := exchange{
		what: "the applications of a runtime are listed", state: states.Runtime, params: map[string]any{"target": states.Answers},
		method: "GET", path: runtime + "/applications", status: 200,
		answer: map[string]any{"items": each(map[string]any{
			"name": exactly(app), "system": map[string]any{"id": like(systemID), "name": exactly(states.SystemName), "type": exactly(testenv.CommerceCloud)},
			"services":   each(map[string]any{"id": like(serviceID), "name": like("Orders"), "api": like(true), "events": like(false)}),
			"formations": each("7d1a2c3b"),
		})},
	}
	subscribe := exchange{
		what: "an extension subscribes to an event", state: states.Runtime, params: map[string]any{"target": states.Answers},
		method: "POST", path: runtime + "/subscriptions",
		body: map[string]any{
			"source": app, "type": "order.created", "version": "v1", "sink": like("http://127.0.0.1:9000/events"), "mode": "structured",
		},
		status: 201, answer: map[string]any{
			"id": like("5ub5c41b"), "subaccount": "dev", "source": app, "type": "order.created", "version": "v1",
			"sink": like("http://127.0.0.1:9000/events"), "mode": "structured", "createdAt": instant("2030-01-01T10:00:00Z"),
		},
	}
	forbidden := subscribe
	forbidden.what = "an extension subscribes with a sink outside"
	forbidden.body = map[string]any{"source": app, "type": "order.created", "version": "v1", "sink": "http://192.0.2.1/", "mode": "structured"}
	forbidden.status, forbidden.answer = 400, map[string]any{"type": "urn:pairsim:problem:sink-forbidden", "title": like("Refused"), "status": 400}
	forbidden.answerHeader = map[string]any{"Content-Type": re("application/problem+json", `^application/problem\+json`)}

	do := func(run func(context.Context, *btpclient.Operator) error, exchanges ...exchange) {
		c.meets(t, func(t *testing.T, f *front) {
			if err := run(t.Context(), btpclient.NewOperator(f.http.URL, http.DefaultClient)); err != nil {
				t.Error(err)
			}
		}, exchanges...)
	}
	do(func(ctx context.Context, o *btpclient.Operator) error {
		found, err := o.RuntimeApplications(ctx, "dev")
		if err == nil && (len(found) != 1 || found[0].Name != app || !found[0].Services[0].API) {
			err = fmt.Errorf("got %+v", found)
		}
		return err
	}, application)
	wanted := btpclient.NewSubscription{Source: app, Type: "order.created", Version: "v1", Sink: "http://127.0.0.1:9000/events", Mode: "structured"}
	do(func(ctx context.Context, o *btpclient.Operator) error {
		made, err := o.CreateSubscription(ctx, "dev", wanted)
		if err == nil && made.ID == "" {
			err = fmt.Errorf("got %+v", made)
		}
		return err
	}, subscribe)
	do(func(ctx context.Context, o *btpclient.Operator) error {
		outside := wanted
		outside.Sink = "http://192.0.2.1/"
		_, err := o.CreateSubscription(ctx, "dev", outside)
		if code := btpclient.CodeOf(err); code != "sink-forbidden" {
			return fmt.Errorf("got %q (%w), want sink-forbidden", code, err)
		}
		return nil
	}, forbidden)
}
