package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

// TestInstancesByCommandLine takes a service instance from creation to deletion.
func TestInstancesByCommandLine(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t), t}
	o.sees([]string{"offerings", "list"}, "destination", "lite", "service-manager", "xsuaa")
	o.sees([]string{"instances", "create", "my dest", "--offering", "destination", "--plan", "lite", "--namespace", "apps", "--parameters", `{"a":1}`},
		"kyma apps", "create succeeded", `{"a":1}`)
	o.sees([]string{"instances", "list", "--offering", "destination"}, "my dest", "create succeeded", "kyma apps")

	var env struct {
		Services map[string][]vcapService `json:"VCAP_SERVICES"`
	}
	if err := json.Unmarshal([]byte(o.must(t, "instances", "bind", "my dest", "app", "-o", "default-env")), &env); err != nil {
		t.Fatal(err)
	}
	one := env.Services["destination"][0]
	var credentials map[string]string
	if err := json.Unmarshal(one.Credentials, &credentials); err != nil {
		t.Fatal(err)
	}
	if one.Label != "destination" || one.Plan != "lite" || one.Name != "my dest" || *one.BindingName != "app" || credentials["clientsecret"] == "" ||
		!strings.HasPrefix(credentials["uri"], "http://127.0.0.1:") {
		t.Errorf("got %+v, %v", one, credentials)
	}
	vcap := decode[map[string][]vcapService](t, o.must(t, "instances", "bind", "my dest", "app", "-o", "vcap"))
	if again := vcap["destination"][0]; again.BindingGUID != one.BindingGUID {
		t.Errorf("got binding %s, want the one that is there: %s", again.BindingGUID, one.BindingGUID)
	}
	secret := o.sees([]string{"instances", "bind", "my dest", "app", "-o", "secret"},
		"kind: Secret", "name: app", "namespace: apps", "clientsecret: "+credentials["clientsecret"], "instance_name: my dest", "plan: lite", "label: destination", "type: destination",
		`.metadata: '{"metaDataProperties":[{"name":"instance_name","format":"text"}`, `"credentialProperties":[{"name":"clientid","format":"text"}`)
	if strings.Contains(secret, "{{") {
		t.Errorf("got\n%s\nwant addresses", secret)
	}
	o.sees([]string{"instances", "show", "my dest"}, "binding", "app")
	o.isRefused([]string{"instances", "delete", "my dest"}, "Service instance has bindings", `"app"`, "pairsim instances unbind")
	o.isRefused([]string{"instances", "unbind", "my dest", "other"}, `it has app`, `pairsim instances show`)
	o.sees([]string{"instances", "unbind", "my dest", "app"}, "deleted")
	o.sees([]string{"instances", "delete", "my dest"}, "deleted", "my dest")
	o.isRefused([]string{"instances", "show", "my dest"}, "it has none", "pairsim instances list")

	o.isRefused([]string{"instances", "create", "x", "--offering", "s4-hana-cloud", "--plan", "api-access"}, "pairsim entitlements assign")
	file := filepath.Join(t.TempDir(), "parameters.json")
	if err := os.WriteFile(file, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--parameters", "no-such-file"},
		{"--parameters", file},
		{"--namespace", "a", "--space", "b"},
	} {
		args = append([]string{"instances", "create", "x", "--offering", "destination", "--plan", "lite"}, args...)
		if r := o.run(t, args...); r.code != exitUsage {
			t.Errorf("pairsim %q: got %s, want wrong usage", args, r)
		}
	}
}

// TestEntitlementWithQuotaByCommandLine: SAP Event Mesh is for no system.
func TestEntitlementWithQuotaByCommandLine(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t), t}
	o.sees([]string{"entitlements", "plans"}, "SAP Event Mesh", "default")
	o.sees([]string{"entitlements", "assign", "--plan", "default", "--quota", "2"}, "enterprise-messaging", "0 of 2")
	list := decode[[]btpclient.Entitlement](t, o.must(t, "entitlements", "list", "-o", "json"))
	if len(list) != 1 || list[0].Quota != 2 || list[0].System.ID != "" {
		t.Errorf("got %+v", list)
	}
	if r := o.run(t, "entitlements", "assign", "--plan", "api-access"); r.code != exitUsage || !strings.Contains(r.errors, "--system") {
		t.Errorf("got %s, want a system asked for", r)
	}
	o.sees([]string{"entitlements", "remove", "--plan", "default"}, "removed")
}
