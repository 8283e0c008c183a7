package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

// TestEnvironmentsByCommandLine makes an environment, works in it, and deletes it.
func TestEnvironmentsByCommandLine(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t), t}
	seed := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(seed, []byte("edition: v2\nsystems:\n  - name: Seeded\n    type: SAP Commerce Cloud\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.sees([]string{"env", "create", "ci"}, "NAME", "ci", "v1", o.http+"/env/ci", o.mtls+"/env/ci", o.control+"/env/ci")
	o.sees([]string{"env", "create", "seeded", "--seed", seed, "--ttl", "1h"}, "seeded", "v2")

	in := func(args ...string) []string { return append(args, "--env", "ci") }
	o.sees(in("systems", "register", "Web Shop", "--type", "SAP Commerce Cloud"), "/env/ci/v1/applications/signingRequests/info?token=")
	token := o.must(t, in("systems", "token", "Web Shop", "-o", "url")...)
	if r := o.feed(t, token, in("tenants", "pair", "commerce", "-")...); r.code != exitDone {
		t.Fatalf("pairing in the environment: %s", r)
	}
	o.sees(in("systems", "list"), "Web Shop", "Registered")
	o.sees(in("tenants", "show", "commerce"), "Registered")
	o.sees(in("systems", "register", "By Hand", "--type", "SAP Commerce Cloud"), "By Hand")
	o.must(t, in("systems", "pair", "By Hand", "--out", filepath.Join(t.TempDir(), "identity"))...)
	o.sees(in("clock", "freeze"), "frozen")
	o.sees([]string{"clock", "show"}, "runs")
	o.sees(in("journal"), "pairing.info")
	if out := o.must(t, "systems", "list"); strings.Contains(out, "Web Shop") {
		t.Errorf("default lists a system of the environment:\n%s", out)
	}
	if out := o.must(t, "journal"); strings.Contains(out, "pairing.info") {
		t.Errorf("the journal of default tells of the environment:\n%s", out)
	}
	o.sees([]string{"systems", "list", "--env", "seeded"}, "Seeded")

	var list []btpclient.Environment
	if err := json.Unmarshal([]byte(o.must(t, "env", "list", "-o", "json", "--env", "ci")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 3 || list[0].Name != "default" || list[1].Name != "ci" || list[2].Name != "seeded" || list[2].ExpiresAt.IsZero() || !list[1].ExpiresAt.IsZero() {
		t.Errorf("environments: got %+v", list)
	}
	file := filepath.Join(t.TempDir(), "landscape.json")
	o.must(t, in("snapshot", "export", "--out", file)...)
	o.sees([]string{"env", "create", "again", "--snapshot", file}, "again", "v1")
	o.sees([]string{"systems", "list", "--env", "again"}, "Web Shop", "Registered")
	o.isRefused([]string{"env", "create", "other", "--snapshot", file, "--edition", "v2"}, "Stored data has another edition")
	o.isRefused([]string{"env", "create", "other", "--snapshot", seed}, "Snapshot is not valid", "pairsim snapshot validate "+seed)
	o.must(t, "env", "delete", "again")

	o.sees([]string{"env", "show", "seeded", "-o", "yaml"}, "name: seeded", "expiresAt: ")

	o.isRefused([]string{"env", "create", "ci"}, "Name is taken")
	o.isRefused([]string{"env", "create", "A"}, "Invalid name")
	o.isRefused([]string{"env", "delete", "default"}, "Environment stays")
	o.isRefused([]string{"env", "show", "nobody"}, "No such environment")
	o.isRefused([]string{"systems", "list", "--env", "nobody"}, "No such environment", "pairsim env list")
	if err := os.WriteFile(seed, []byte("formations:\n  - name: a_b\n    subaccount: dev\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.isRefused([]string{"env", "create", "bad", "--seed", seed}, "Seed file is refused", "a_b", "pairsim seed validate "+seed)

	o.must(t, "env", "delete", "ci")
	o.isRefused(in("systems", "list"), "No such environment")
	o.isRefused([]string{"env", "delete", "ci"}, "No such environment")
	o.must(t, "systems", "list")
}
