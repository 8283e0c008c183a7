package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/pairsim/pairsim/btpclient"
)

// TestRuntimeByCommandLine is what a developer in a Kyma runtime looks at, and does
// about events.
func TestRuntimeByCommandLine(t *testing.T) {
	t.Parallel()
	var up atomic.Bool
	var got atomic.Int32
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !up.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		got.Add(1)
	}))
	defer sink.Close()
	o := operator{serveFor(t), t}
	o.must(t, "clock", "freeze")
	o.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	o.must(t, "formations", "create", "shop-dev", "--subaccount", "dev", "--system", "Web Shop")
	o.sees([]string{"runtime", "show"}, "synchronization  synchronized", "applications     0")
	o.isRefused([]string{"runtime", "applications", "mp-web-shop", "-o", "yaml"}, "error: No such application in a runtime")
	o.isRefused([]string{"runtime", "applications", "mp-web-shop"}, "it has none")
	o.pairs("Web Shop", "commerce")

	o.sees([]string{"runtime", "applications"}, "mp-web-shop  Web Shop  SAP Commerce Cloud  3         yes")
	o.sees([]string{"runtime", "applications", "Web Shop"}, o.http+"/gateway/mp-web-shop/sap-commerce-cloud---commerce-webservices")
	o.sees([]string{"runtime", "services"}, "SAP Commerce Cloud - Commerce Webservices", "/gateway/mp-web-shop/")
	o.sees([]string{"runtime", "events"}, "mp-web-shop  order.created")
	o.kubernetesObjects("mp-web-shop")

	subscribe := []string{"runtime", "subscriptions", "create", "--source", "mp-web-shop", "--type", "order.created", "--sink", sink.URL}
	o.sees(subscribe, "version      v1", "mode         structured")
	for _, e := range decode[[]btpclient.RuntimeEvent](t, o.must(t, "runtime", "events", "-o", "json")) {
		if listen := e.Type == "order.created"; listen != (e.Subscriptions == 1) {
			t.Errorf("got %+v, want a listener to order.created only", e)
		}
	}
	o.must(t, "tenants", "events", "send", "commerce", "order.created", "--data", `{"orderCode":"4711"}`)
	o.must(t, "clock", "advance", "3m")
	o.sees([]string{"runtime", "show"}, "events given up  1", "events waiting   0")
	list := decode[[]btpclient.Delivery](t, o.must(t, "runtime", "deliveries", "--state", "dead", "-o", "json"))
	if len(list) != 1 || list[0].Attempts != 8 || !strings.Contains(list[0].Failure, "503") {
		t.Fatalf("got deliveries %+v, want one that was given up", list)
	}
	up.Store(true)
	o.sees([]string{"runtime", "deliveries", "retry", "--all"}, "order.created.v1", "waiting")
	o.must(t, "clock", "advance", "1s")
	if n := got.Load(); n != 1 {
		t.Errorf("the sink got %d events, want 1", n)
	}
	o.isRefused([]string{"runtime", "deliveries", "retry", "1"}, "error: No such delivery")
	for _, wrong := range [][]string{{"runtime", "deliveries", "retry"}, {"runtime", "deliveries", "retry", "x"}, {"runtime", "deliveries", "retry", "7", "--all"}} {
		if r := o.run(t, wrong...); r.code != exitUsage {
			t.Errorf("pairsim %q: got %s, want wrong usage", wrong, r)
		}
	}
	of := decode[[]btpclient.Subscription](t, o.must(t, "runtime", "subscriptions", "list", "-o", "json"))
	o.must(t, "runtime", "subscriptions", "delete", of[0].ID)
	o.sees([]string{"runtime", "show"}, "subscriptions    0")

	// A runtime that is not there, until Kyma is enabled.
	o.must(t, "subaccounts", "change", "dev", "--environments", "cloudFoundry")
	o.isRefused([]string{"runtime", "show"}, "does not have Kyma enabled")
	o.must(t, "subaccounts", "change", "dev", "--environments", "cloudFoundry,kyma")
	o.sees([]string{"runtime", "applications"}, "mp-web-shop")
}

// kubernetesObjects reads what kubectl would be given: the Application, and each
// Secret that it names.
func (o operator) kubernetesObjects(application string) {
	o.t.Helper()
	named, there := map[string]bool{}, map[string]bool{}
	decoder := yaml.NewDecoder(strings.NewReader(o.must(o.t, "runtime", "applications", application, "-o", "yaml")))
	for {
		var object struct {
			APIVersion, Kind string
			Metadata         struct{ Name, Namespace string }
			Data             map[string]string
			Spec             struct {
				Services []struct {
					Entries []struct {
						Credentials struct {
							SecretName string `yaml:"secretName"`
						}
					}
				}
			}
		}
		if err := decoder.Decode(&object); err != nil {
			break // io.EOF
		}
		switch object.Kind {
		case "Application":
			if object.Metadata.Name != application || len(object.Spec.Services) != 3 {
				o.t.Errorf("got the Application %+v", object)
			}
			for _, s := range object.Spec.Services {
				for _, e := range s.Entries {
					if name := e.Credentials.SecretName; name != "" {
						named[name] = true
					}
				}
			}
		case "Secret":
			there[object.Metadata.Name] = len(object.Data) > 0 && object.Metadata.Namespace == "kyma-system"
		default:
			o.t.Errorf("got an object of kind %q", object.Kind)
		}
	}
	if len(named) != 2 || len(there) != len(named) {
		o.t.Fatalf("the Application names the Secrets %v; there are %v", named, there)
	}
	for name := range named {
		if !there[name] {
			o.t.Errorf("the Secret %s is missing, or empty", name)
		}
	}
}
