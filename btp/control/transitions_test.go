package control_test

import (
	"net/http/httptest"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

// TestTransitionsAndHolds drives them with the client that the command line uses.
//
// Rule: transition-policies
func TestTransitionsAndHolds(t *testing.T) {
	h, registry := lived(t, "v2")
	server := httptest.NewServer(h)
	defer server.Close()
	c := btpclient.NewControl(server.URL, server.Client())
	ctx := t.Context()

	all, err := c.Transitions(ctx)
	if err != nil || len(all) != len(btp.Transitions) || all[1] != (btpclient.Transition{
		Name: "removing", What: "removing a system", Policy: btpclient.TransitionPolicy{Immediate: true},
	}) {
		t.Fatalf("got %+v, %v", all, err)
	}
	for _, p := range []btpclient.TransitionPolicy{{After: "36h0m0s"}, {Reads: 7}, {Immediate: true}, {Held: true}} {
		got, err := c.SetTransition(ctx, "deregistering", p)
		if err != nil || got.Policy != p || !got.Set {
			t.Errorf("got %+v, %v; want %+v", got, err, p)
		}
	}
	if got, err := c.SetTransition(ctx, "synchronizing", btpclient.TransitionPolicy{After: "1d"}); err != nil || got.Policy.After != "24h0m0s" {
		t.Errorf("got %+v, %v; want a day", got, err)
	}
	if _, err := c.SetTransition(ctx, "synchronizing", btpclient.TransitionPolicy{Held: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.DeleteFormation(ctx, "f", btp.Match{}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.ResetTransition(ctx, "synchronizing"); err != nil || got.Set || !got.Policy.Immediate {
		t.Errorf("got %+v, %v; want what it was started with", got, err)
	}
	holds, err := c.Holds(ctx)
	if err != nil || len(holds) != 1 {
		t.Fatalf("got %+v, %v; want one hold", holds, err)
	}
	want := btpclient.Hold{
		ID: holds[0].ID, Kind: "transition", Transition: "synchronizing",
		Subject: btpclient.HoldSubject{Formation: "f", Name: "extend-the-shop"}, Since: start,
	}
	if holds[0] != want {
		t.Errorf("got %+v, want %+v", holds[0], want)
	}
	if err := c.Release(ctx, want.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Formation(ctx, "f"); btp.CodeOf(err) != btp.FormationNotFound {
		t.Errorf("got %v, want the formation gone", err)
	}
	if holds, err := c.Holds(ctx); err != nil || len(holds) != 0 {
		t.Errorf("got %+v, %v; want nothing held", holds, err)
	}
	if err := c.Release(ctx, want.ID); btpclient.CodeOf(err) != "hold-not-found" {
		t.Errorf("released twice: got %v", err)
	}
	for what, err := range map[string]error{"hold": c.Release(ctx, ""), "transition": second(c.ResetTransition(ctx, ""))} {
		if err == nil {
			t.Errorf("a %s without a name is called", what)
		}
	}
}

func second[T any](_ T, err error) error { return err }
