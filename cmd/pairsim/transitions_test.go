package main

import (
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

// TestTransitionsByCommandLine sets when transitions end, looks, and lets go.
func TestTransitionsByCommandLine(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t, "--edition", "v2", "--synchronizing", "after=7d", "--removing", "held"), t}
	o.must(t, "clock", "freeze")
	o.sees([]string{"transitions", "list"}, "TRANSITION      ENDS            FROM   WHAT", "deregistering   immediate       start", "removing        held            start",
		"synchronizing   after=168h0m0s  start", "provisioning    immediate       start")
	o.sees([]string{"transitions", "set", "deregistering", "reads=4"}, "deregistering  reads=4  set   deregistering a system")
	o.isRefused([]string{"transitions", "set", "pairing", "held"}, `there is no transition "pairing"`, "pairsim transitions list")

	o.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	o.sees([]string{"systems", "remove", "Web Shop"}, "Removing, which goes on", "pairsim hold list")
	o.must(t, "clock", "advance", "30d")
	o.sees([]string{"hold", "list"}, "transition  removing  Web Shop  ")
	holds := decode[[]btpclient.Hold](t, o.must(t, "hold", "list", "-o", "json"))
	if len(holds) != 1 || holds[0].Subject.Name != "Web Shop" || holds[0].Transition != "removing" {
		t.Fatalf("got %+v, want the removal of Web Shop", holds)
	}
	o.must(t, "hold", "release", holds[0].ID)
	o.must(t, "wait", "--system", "Web Shop", "--gone")
	o.isRefused([]string{"hold", "release", holds[0].ID}, "error: No such hold", "pairsim hold list")
	o.isRefused([]string{"wait", "--system", "Web Chop", "--gone"}, `there is no system "Web Chop", and the journal tells of none`, "pairsim systems list")

	o.must(t, "systems", "register", "First", "--type", "SAP Commerce Cloud")
	o.must(t, "systems", "register", "Second", "--type", "SAP Commerce Cloud")
	o.must(t, "systems", "remove", "First")
	o.must(t, "systems", "remove", "Second")
	o.must(t, "hold", "release", "--all")
	if list := o.must(t, "systems", "list"); strings.Contains(list, "Removing") {
		t.Errorf("got\n%s\nwant nobody held", list)
	}
	o.must(t, "hold", "release", "--all")
	o.sees([]string{"transitions", "reset", "deregistering"}, "deregistering  immediate  start")
	o.sees([]string{"clock", "show", "-o", "json"}, `"frozen": true`)
}
