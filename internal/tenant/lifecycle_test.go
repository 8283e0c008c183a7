package tenant

import (
	"maps"
	"net/http"
	"strings"
	"testing"
)

var everyState = []string{InProgress, Registered, Disabled, Deregistered, Failed}

// TestLifecycle holds the table against a copy that is written down: where each
// action leads from each state, - for nowhere.
//
// Rule: tenant-shows-its-progress
func TestLifecycle(t *testing.T) {
	const written = `
	              succeed     giveUp  disable   enable      delete  deregister
	inProgress    registered  failed  -         -           -       -
	registered    -           -       disabled  -           gone    deregistered
	disabled      -           -       -         registered  gone    deregistered
	deregistered  -           -       -         -           gone    deregistered
	failed        -           -       -         -           gone    -`
	lines := strings.Split(strings.TrimSpace(written), "\n")
	actions := strings.Fields(lines[0])
	want := map[string]map[action]string{}
	for _, line := range lines[1:] {
		fields := strings.Fields(line)
		want[fields[0]] = map[action]string{}
		for i, to := range fields[1:] {
			if to != "-" {
				want[fields[0]][action(actions[i])] = strings.TrimSuffix(to, "gone")
			}
		}
	}
	if len(want) != len(everyState) || len(lifecycle) != len(want) {
		t.Errorf("got %d states, %d written down, want %d", len(lifecycle), len(want), len(everyState))
	}
	for _, state := range everyState {
		if !maps.Equal(lifecycle[state], want[state]) {
			t.Errorf("%s: got %v, want %v", state, lifecycle[state], want[state])
		}
	}
}

// inState is a tenant whose row 1 has this state; release frees what holds a row
// in progress.
func inState(t *testing.T, f *fakeRegistry, state string) (tenant *Tenant, release func()) {
	t.Helper()
	tenant = newTenant(t, f, nil)
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	switch state {
	case InProgress:
		arrived, hold := make(chan struct{}), make(chan struct{})
		f.instead("GET /v1/applications/signingRequests/info", func(w http.ResponseWriter) {
			close(arrived)
			<-hold
			refuseWith(403, "token-void", "no")(w)
		})
		_, err := tenant.Start(t.Context(), f.token(nil), "")
		must(err)
		<-arrived // the token is verified by then
		return tenant, func() { close(hold) }
	case Failed:
		f.instead("PUT /shop/v1/pairsim/tenant", refuseWith(400, "descriptor-invalid", "bad"))
		_, _ = tenant.Pair(t.Context(), f.token(nil), "")
	default:
		_, err := tenant.Pair(t.Context(), f.token(nil), "")
		must(err)
	}
	switch state {
	case Disabled:
		_, err := tenant.Disable(t.Context(), "1")
		must(err)
	case Deregistered:
		must(tenant.noticeDeregistration(t.Context(), f.notice(nil), notice{SystemID: "sys-1", ReleaseToken: "release-1"}))
	}
	p, err := tenant.Pairing("1")
	must(err)
	if p.Status.Code != state {
		t.Fatalf("got a row that is %s, want %s", p.Status.Code, state)
	}
	return tenant, func() {}
}

// TestActionsByState: what each action answers in each state, and the state of
// the row after it.
//
// Rule: tenant-extension-actions
func TestActionsByState(t *testing.T) {
	actions := map[string]func(*Tenant, *fakeRegistry) error{
		"disable": func(n *Tenant, _ *fakeRegistry) error { _, err := n.Disable(t.Context(), "1"); return err },
		"enable":  func(n *Tenant, _ *fakeRegistry) error { _, err := n.Enable(t.Context(), "1"); return err },
		"delete":  func(n *Tenant, _ *fakeRegistry) error { return n.Delete(t.Context(), "1") },
		"deregister": func(n *Tenant, f *fakeRegistry) error {
			return n.noticeDeregistration(t.Context(), f.notice(map[string]any{"jti": "n2"}), notice{SystemID: "sys-1"})
		},
	}
	tests := []struct {
		state, action string
		want          Code   // "" means done
		then          string // "": the row is gone
		detail        string // part of a refusal
	}{
		{Registered, "disable", "", Disabled, ""},
		{Registered, "enable", pairingStatusForbids, Registered, `is Registered (registered): "Enable" is not possible; possible is Disable, Delete`},
		{Registered, "delete", "", "", ""},
		{Registered, "deregister", "", Deregistered, ""},
		{Disabled, "disable", pairingStatusForbids, Disabled, "possible is Enable, Delete"},
		{Disabled, "enable", "", Registered, ""},
		{Disabled, "delete", "", "", ""},
		{Disabled, "deregister", "", Deregistered, ""},
		{Deregistered, "disable", pairingStatusForbids, Deregistered, "possible is Delete"},
		{Deregistered, "enable", pairingStatusForbids, Deregistered, "possible is Delete"},
		{Deregistered, "delete", "", "", ""},
		{Deregistered, "deregister", "", Deregistered, ""},
		{Failed, "disable", pairingStatusForbids, Failed, "the destination target 1 is Failed (failed)"},
		{Failed, "enable", pairingStatusForbids, Failed, "possible is Delete"},
		{Failed, "delete", "", "", ""},
		{Failed, "deregister", "", Failed, ""},
		{InProgress, "disable", pairingStatusForbids, InProgress, "possible is nothing until its pairing has ended"},
		{InProgress, "enable", pairingStatusForbids, InProgress, "is In Progress (inProgress)"},
		{InProgress, "delete", pairingInProgress, InProgress, "cannot be deleted"},
		{InProgress, "deregister", tenantBusy, InProgress, "busy with the pairing"},
	}
	if len(tests) != len(everyState)*len(actions) {
		t.Errorf("got %d rows, want each state with each action", len(tests))
	}
	for _, tt := range tests {
		t.Run(tt.state+" "+tt.action, func(t *testing.T) {
			f := newFake(t)
			tenant, release := inState(t, f, tt.state)
			defer release()
			err := actions[tt.action](tenant, f)
			switch {
			case tt.want == "" && err != nil:
				t.Fatal(err)
			case tt.want != "":
				wantRefusal(t, err, tt.want)
				if err == nil || !strings.Contains(err.Error(), tt.detail) {
					t.Errorf("got %v, want it to say %q", err, tt.detail)
				}
			}
			p, err := tenant.Pairing("1")
			if tt.then == "" {
				wantRefusal(t, err, pairingNotFound)
				return
			}
			if err != nil || p.Status != (tenant.status(tt.then)) || p.Status.Label == "" {
				t.Errorf("got %+v, %v, want it %s", p.Status, err, tt.then)
			}
		})
	}
}
