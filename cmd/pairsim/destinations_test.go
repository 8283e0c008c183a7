package main

import (
	"encoding/pem"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

// TestDestinationsByCommandLine: on a store that outlives the process.
func TestDestinationsByCommandLine(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "pairsim.db")
	o := operator{serveFor(t, "--data", data), t}
	o.sees([]string{"destinations", "set", "orders", "URL=https://api.example", "Authentication=NoAuthentication"}, "destination orders of subaccount dev is stored")
	if r := o.feed(t, `{"URL":"https://my300117-api.example","Authentication":"BasicAuthentication","User":"EXT","Password":"Not-a-Secret"}`,
		"destinations", "set", "campaigns", "--file", "-"); r.code != exitDone {
		t.Fatalf("got %s", r)
	}
	o.isRefused([]string{"destinations", "set", "bad", "Authentication=BasicAuthentication"}, "error: Invalid destination", "URL", "Password")
	o.sees([]string{"destinations", "list"}, "orders", "NoAuthentication", "campaigns", "https://my300117-api.example", "hand")
	if got := o.sees([]string{"destinations", "show", "campaigns"}, "User", "EXT", "Password", "(secret)"); strings.Contains(got, "Not-a-Secret") {
		t.Errorf("show tells the password:\n%s", got)
	}
	o.sees([]string{"destinations", "find", "campaigns", "--user", "extension.user@example.com"}, "Not-a-Secret")
	o.isRefused([]string{"destinations", "find", "nothing"}, "error: No such destination", "pairsim destinations list")
	o.isRefused([]string{"destinations", "find", "campaigns", "--user", "nobody"}, "error: No such user")
	first := o.must(t, "destinations", "trust")
	if block, _ := pem.Decode([]byte(first)); block == nil {
		t.Errorf("trust is no PEM:\n%s", first)
	}
	o.must(t, "destinations", "delete", "orders")
	o.signal(t, syscall.SIGTERM)
	o.wait(t)

	again := operator{serveFor(t, "--data", data), t}
	list := decode[[]btpclient.Destination](t, again.must(t, "destinations", "list", "-o", "json"))
	if len(list) != 1 || list[0].Name != "campaigns" || list[0].Properties["User"] != "EXT" {
		t.Errorf("after a restart there are %+v", list)
	}
	if got := again.must(t, "destinations", "trust"); got != first {
		t.Error("after a restart the trust is another one")
	}
}
