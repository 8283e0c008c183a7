package btp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Rule: formation-name
func TestFormationNames(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		v1, v2 btp.Code
	}{
		{"shop", "", ""},
		{"a", "", ""},
		{"my-shop.test1", "", btp.NameInvalid},
		{"My Shop_1", btp.NameInvalid, ""},
		{"Shop", btp.NameInvalid, ""},
		{"shopA1", btp.NameInvalid, ""},
		{"my_shop", btp.NameInvalid, ""},
		{"", btp.NameInvalid, btp.NameInvalid},
		{"-shop", btp.NameInvalid, btp.NameInvalid},
		{"shop ", btp.NameInvalid, btp.NameInvalid},
		{"shop.", btp.NameInvalid, btp.NameInvalid},
		{"shöp", btp.NameInvalid, btp.NameInvalid},
		{"shop\n", btp.NameInvalid, btp.NameInvalid},
		{strings.Repeat("a", 128), "", ""},
		{strings.Repeat("a", 129), btp.NameInvalid, btp.NameInvalid},
	} {
		for id, want := range map[string]btp.Code{"v1": test.v1, "v2": test.v2} {
			_, err := open(t, edition(id)).CreateFormation(t.Context(), "default",
				btp.NewFormation{Name: test.name, Type: btp.SideBySideWithKyma, Subaccount: "dev"}, "")
			if got := btp.CodeOf(err); got != want {
				t.Errorf("%s %q: got %q (%v), want %q", id, test.name, got, err, want)
			}
		}
	}
}

// Rule: formation-needs-environment-v1, formation-type, region-excluded
func TestFormationIsCreatedUnderItsRules(t *testing.T) {
	t.Parallel()
	bare := func(c *btp.Config) {
		c.Landscape.GlobalAccounts = append(c.Landscape.GlobalAccounts, btp.GlobalAccount{ID: "other", Subdomain: "other"})
		c.Landscape.Subaccounts = append(c.Landscape.Subaccounts,
			btp.Subaccount{ID: "bare", GlobalAccount: "default", Subdomain: "bare", Region: "eu10"},
			btp.Subaccount{ID: "foreign", GlobalAccount: "other", Subdomain: "foreign", Region: "eu10", Environments: []btp.RuntimeEnvironment{btp.Kyma}},
			btp.Subaccount{ID: "shanghai", GlobalAccount: "default", Subdomain: "shanghai", Region: "cn40", Environments: []btp.RuntimeEnvironment{btp.Kyma}},
			btp.Subaccount{ID: "gov", GlobalAccount: "default", Subdomain: "gov", Region: "us-gov", Environments: []btp.RuntimeEnvironment{btp.Kyma}},
			btp.Subaccount{ID: "eu-access", GlobalAccount: "default", Subdomain: "eu-access", Region: "eu11", Environments: []btp.RuntimeEnvironment{btp.Kyma}})
	}
	const kyma = btp.SideBySideWithKyma
	tests := []struct {
		name   string
		ask    btp.NewFormation
		v1, v2 btp.Code
	}{
		{"complete", btp.NewFormation{Name: "f", Type: kyma, Subaccount: "dev"}, "", ""},
		{"by subdomain", btp.NewFormation{Name: "f", Type: kyma, Subaccount: "eu-access"}, "", ""},
		{"without a type", btp.NewFormation{Name: "f", Subaccount: "dev"}, "", btp.FormationTypeUnknown},
		{"of another type", btp.NewFormation{Name: "f", Type: "Integration with Joule", Subaccount: "dev"}, btp.FormationTypeUnknown, btp.FormationTypeUnknown},
		{"without a subaccount", btp.NewFormation{Name: "f", Type: kyma}, btp.InvalidRequest, ""},
		{"without environments", btp.NewFormation{Name: "f", Type: kyma, Subaccount: "bare"}, btp.SubaccountWithoutEnvironment, ""},
		{"for an unknown subaccount", btp.NewFormation{Name: "f", Type: kyma, Subaccount: "nowhere"}, btp.SubaccountNotFound, btp.SubaccountNotFound},
		{"for another account's", btp.NewFormation{Name: "f", Type: kyma, Subaccount: "foreign"}, btp.SubaccountNotFound, btp.SubaccountNotFound},
		{"in China (Shanghai)", btp.NewFormation{Name: "f", Type: kyma, Subaccount: "shanghai"}, btp.RegionUnavailable, btp.RegionUnavailable},
		{"in Government Cloud (US)", btp.NewFormation{Name: "f", Type: kyma, Subaccount: "gov"}, btp.RegionUnavailable, btp.RegionUnavailable},
		{"with an unknown system", btp.NewFormation{Name: "f", Type: kyma, Subaccount: "dev", Systems: []btp.SystemID{"x"}}, btp.SystemNotFound, btp.SystemNotFound},
		{"as a draft", btp.NewFormation{Name: "f", Type: kyma, Subaccount: "dev", Draft: true}, btp.OperationNotInEdition, ""},
	}
	for _, test := range tests {
		for id, want := range map[string]btp.Code{"v1": test.v1, "v2": test.v2} {
			t.Run(id+" "+test.name, func(t *testing.T) {
				r := open(t, edition(id), bare)
				_, err := r.CreateFormation(t.Context(), "default", test.ask, "")
				wantCode(t, err, want)
				list, _, err := r.Formations(t.Context(), btp.FormationFilter{GlobalAccount: "default"})
				if err != nil || (len(list) == 1) != (want == "") {
					t.Errorf("afterwards there are %d formations (%v)", len(list), err)
				}
			})
		}
	}
}

// Rule: formation-name
func TestFormationNameIsTakenOnce(t *testing.T) {
	t.Parallel()
	r := open(t, func(c *btp.Config) {
		c.Landscape.GlobalAccounts = append(c.Landscape.GlobalAccounts, btp.GlobalAccount{ID: "other", Subdomain: "other"})
		c.Landscape.Subaccounts = append(c.Landscape.Subaccounts,
			btp.Subaccount{ID: "foreign", GlobalAccount: "other", Subdomain: "foreign", Region: "eu10", Environments: []btp.RuntimeEnvironment{btp.Kyma}})
	})
	f := r.formation("shop")
	n := btp.NewFormation{Name: "shop", Subaccount: "dev"}
	_, err := r.CreateFormation(t.Context(), "default", n, "")
	wantCode(t, err, btp.NameTaken)
	n.Subaccount = "foreign"
	if _, err := r.CreateFormation(t.Context(), "other", n, ""); err != nil {
		t.Errorf("the same name in another account: %v", err)
	}
	if _, err := r.ChangeFormationSubaccount(t.Context(), f.ID, "", btp.Match{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.DeleteFormation(t.Context(), f.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	r.formation("shop")
}

// Rule: formation-cx-before-pairing, formation-marketing-after-pairing
func TestWhoMayJoinAFormation(t *testing.T) {
	t.Parallel()
	eachEdition(t, func(t *testing.T, id string) {
		r := open(t, edition(id), notifier(&telephone{}), func(c *btp.Config) {
			c.Landscape.Systems = append(c.Landscape.Systems, btp.DeclaredSystem{
				ID: "erp", GlobalAccount: "default", Name: "ERP", Type: "SAP S/4HANA Cloud", Status: btp.Registered, TokenAge: -1,
			})
		})
		f := r.formation("f")
		include := func(s btp.SystemID) btp.Code {
			_, err := r.IncludeSystem(t.Context(), f.ID, s, btp.Match{})
			return btp.CodeOf(err)
		}
		shop, _ := r.register("Web Shop", commerce)
		campaigns, _ := r.register("Campaigns", marketing)
		registered, _ := r.registered("More Campaigns", marketing, "marketing")
		failed, tok := r.register("Failed", commerce)
		if tok == nil {
			tok = r.issue(failed.ID)
		}
		opened, err := r.present(tok.JWS)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.ReportFailure(t.Context(), opened.FollowUp, nil, "x"); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			name   string
			system btp.SystemID
			want   btp.Code
		}{
			{"a CX system before its pairing", shop.ID, ""},
			{"the same again", shop.ID, ""},
			{"a Marketing Cloud system before its pairing", campaigns.ID, btp.SystemNotRegistered},
			{"a registered Marketing Cloud system", registered.ID, ""},
			{"a system in status Error", failed.ID, btp.SystemNotRegistered},
			{"a registered system of a type that the formation does not take", "erp", btp.SystemTypeNotInFormation},
			{"nobody", "nobody", btp.SystemNotFound},
		} {
			if got := include(test.system); got != test.want {
				t.Errorf("%s: got %q, want %q", test.name, got, test.want)
			}
		}
		if id == "v2" { // created without a system, it is a draft
			if _, err := r.FinalizeFormation(t.Context(), f.ID, btp.Match{}); err != nil {
				t.Fatal(err)
			}
		}
		v, err := r.Formation(t.Context(), f.ID)
		if err != nil || !slices.Equal(v.Systems, []btp.SystemID{shop.ID, registered.ID}) {
			t.Errorf("systems %v (%v)", v.Systems, err)
		}
		// Two systems and a runtime: each with each, and with itself.
		if len(v.Assignments) != 9 {
			t.Errorf("%d assignments, want 9", len(v.Assignments))
		}
		for _, a := range v.Assignments {
			if a.State != btp.AssignmentReady {
				t.Errorf("assignment %+v, want READY: nobody has a webhook", a)
			}
		}
	})
}

// TestAccessBeginsAndEndsWithItsFormation: neither a draft nor a formation that is on its
// way out makes its systems applications in the runtime.
//
// Rule: formation-draft
// Rule: access-ends-with-either
func TestAccessBeginsAndEndsWithItsFormation(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"), notifier(&telephone{}), transition(btp.TransitionSynchronizing, btp.TransitionPolicy{Held: true}))
	shop, _ := r.registered("Web Shop", commerce, "commerce")
	sees := func(when string, want ...string) {
		t.Helper()
		if got := r.applications(); !slices.Equal(got, want) {
			t.Errorf("%s: the runtime has %q, want %q", when, got, want)
		}
	}
	f, err := r.CreateFormation(t.Context(), "default", btp.NewFormation{
		Name: "f", Type: btp.SideBySideWithKyma, Subaccount: "dev", Systems: []btp.SystemID{shop.ID}, Draft: true,
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	sees("a draft")
	if _, err := r.FinalizeFormation(t.Context(), f.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	sees("finalized", shop.ApplicationName)
	r.release(r.held("f")[0].ID)
	sees("synchronized", shop.ApplicationName)
	if _, err := r.DeleteFormation(t.Context(), f.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	sees("being deleted")
	r.release(r.held("f")[0].ID)
	sees("deleted")
}

// Rule: access-needs-pairing-and-formation, access-ends-with-either, runtime-marketing-v2-only
func TestAPIAccessNeedsPairingAndFormation(t *testing.T) {
	t.Parallel()
	eachEdition(t, func(t *testing.T, id string) {
		r := open(t, edition(id), notifier(&telephone{}))
		s, tok := r.register("Web Shop", commerce)
		f := r.formation("f", s.ID) // the recommended order
		if got := r.applications(); len(got) != 0 {
			t.Errorf("applications before the pairing: %v", got)
		}
		if tok == nil {
			tok = r.issue(s.ID)
		}
		r.pairTenant(tok.JWS, "commerce")
		if got := r.applications(); !slices.Equal(got, []string{"mp-web-shop"}) {
			t.Errorf("applications after the pairing: %v", got)
		}
		if _, err := r.ExcludeSystem(t.Context(), f.ID, s.ID, btp.Match{}); err != nil {
			t.Fatal(err)
		}
		if got := r.applications(); len(got) != 0 {
			t.Errorf("applications without the formation: %v", got)
		}
		m, _ := r.registered("Campaigns", marketing, "marketing")
		if _, err := r.IncludeSystem(t.Context(), f.ID, m.ID, btp.Match{}); err != nil {
			t.Fatal(err)
		}
		want := map[string]int{"v1": 0, "v2": 1}[id] // design §4
		if got := r.applications(); len(got) != want {
			t.Errorf("applications of Marketing Cloud: %v, want %d", got, want)
		}
	})
}

// statusIs fails the test unless the formation shows this status.
func (r *registry) statusIs(id btp.FormationID, want btp.FormationStatus) btp.FormationView {
	r.t.Helper()
	v, err := r.Formation(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	if v.Status != want {
		r.t.Fatalf("the formation is %q, want %q; assignments %+v", v.Status, want, v.Assignments)
	}
	return v
}

// Rule: formation-status-v2, formation-action-required, formation-draft
func TestFormationStatuses(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"), func(c *btp.Config) {
		c.Landscape.Subaccounts[0].Environments = nil
		c.Policy.Transitions = map[btp.Transition]btp.TransitionPolicy{btp.TransitionSynchronizing: {After: time.Minute}} //nolint:exhaustive // nothing else happens
	})
	s, _ := r.register("Web Shop", commerce)
	v, err := r.CreateFormation(t.Context(), "default", btp.NewFormation{Name: "f", Type: btp.SideBySideWithKyma, Subaccount: "dev"}, "")
	if err != nil {
		t.Fatal(err)
	}
	r.statusIs(v.ID, btp.StatusDraft)
	_, err = r.FinalizeFormation(t.Context(), v.ID, btp.Match{})
	wantCode(t, err, btp.FormationIncomplete)
	if _, err := r.IncludeSystem(t.Context(), v.ID, s.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	r.advance(time.Hour)
	r.statusIs(v.ID, btp.StatusDraft) // nothing is sent before it is finalized
	_, err = r.Resynchronize(t.Context(), v.ID, false, btp.Match{})
	wantCode(t, err, btp.FormationStatusForbids)
	if _, err := r.FinalizeFormation(t.Context(), v.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	r.statusIs(v.ID, btp.StatusSynchronizing)
	_, err = r.DeleteFormation(t.Context(), v.ID, btp.Match{})
	wantCode(t, err, btp.FormationStatusForbids)
	r.advance(time.Minute)
	r.statusIs(v.ID, btp.StatusActionRequired)
	kyma := []btp.RuntimeEnvironment{btp.Kyma}
	if _, err := r.ChangeSubaccount(t.Context(), "dev", btp.SubaccountChange{Environments: &kyma}, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	r.statusIs(v.ID, btp.StatusSynchronizing)
	r.advance(time.Minute)
	ready := r.statusIs(v.ID, btp.StatusReady)
	if len(ready.Assignments) != 4 {
		t.Errorf("%d assignments, want 4: the runtime has joined", len(ready.Assignments))
	}
	_, err = r.FinalizeFormation(t.Context(), v.ID, btp.Match{})
	wantCode(t, err, btp.FormationStatusForbids)
	if _, err := r.Resynchronize(t.Context(), v.ID, true, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	r.statusIs(v.ID, btp.StatusSynchronizing)
	r.advance(time.Minute)
	r.statusIs(v.ID, btp.StatusReady)
	if _, err := r.ExcludeSystem(t.Context(), v.ID, s.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	if left := r.statusIs(v.ID, btp.StatusSynchronizing); len(left.Systems) != 1 {
		t.Errorf("a system that is on its way out still counts: %v", left.Systems)
	}
	if _, err := r.IncludeSystem(t.Context(), v.ID, s.ID, btp.Match{}); err != nil { // called back
		t.Fatal(err)
	}
	r.advance(time.Minute)
	if back := r.statusIs(v.ID, btp.StatusReady); len(back.Systems) != 1 || len(back.Assignments) != 4 {
		t.Errorf("systems %v, %d assignments after it was called back", back.Systems, len(back.Assignments))
	}
	none := []btp.RuntimeEnvironment{}
	if _, err := r.ChangeSubaccount(t.Context(), "dev", btp.SubaccountChange{Environments: &none}, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	r.advance(time.Minute)
	if left := r.statusIs(v.ID, btp.StatusActionRequired); len(left.Assignments) != 1 {
		t.Errorf("%d assignments, want 1: the runtime has left", len(left.Assignments))
	}
}

// Rule: formation-resynchronize
func TestFormationInError(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"))
	s, _ := r.register("Web Shop", commerce)
	if _, err := r.AddFault(t.Context(), btp.FailAt(btp.PointFormationSync, "", "the runtime did not answer", 1)); err != nil {
		t.Fatal(err)
	}
	f := r.formation("f", s.ID)
	v := r.statusIs(f.ID, btp.StatusError)
	if v.Assignments[0].State != btp.AssignmentCreateError || v.Assignments[0].Error != "the runtime did not answer" {
		t.Errorf("assignment %+v", v.Assignments[0])
	}
	incidents := r.openIncidents()
	if f := v.Failure; f == nil || f.Cause != "the runtime did not answer" || f.Step != btp.PointFormationSync || f.Component != "BC-CP-MP" || v.Incident != incidents[0].ID {
		t.Errorf("failure %+v, incident %q", f, v.Incident)
	}
	if len(incidents) != 1 || incidents[0].Subject.Kind != btp.KindFormation || incidents[0].Component != "BC-CP-MP" {
		t.Errorf("incidents %+v", incidents)
	}
	_, err := r.Resynchronize(t.Context(), f.ID, true, btp.Match{})
	wantCode(t, err, btp.FormationStatusForbids) // reset is offered on Ready
	if _, err := r.Resynchronize(t.Context(), f.ID, false, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	v = r.statusIs(f.ID, btp.StatusReady)
	if got := r.openIncidents(); len(got) != 0 {
		t.Errorf("open incidents %+v", got)
	}
	// A participant that never answers keeps it synchronizing (pairing-protocols §10.4).
	report := func(state btp.AssignmentState, why string) {
		t.Helper()
		if _, err := r.ReportAssignment(t.Context(), f.ID, v.Assignments[0].ID, btp.AssignmentReport{State: state, Error: why}); err != nil {
			t.Fatal(err)
		}
	}
	report(btp.AssignmentConfigPending, "")
	r.advance(24 * time.Hour)
	r.statusIs(f.ID, btp.StatusSynchronizing)
	report(btp.AssignmentCreateError, "no credentials")
	r.statusIs(f.ID, btp.StatusError)
	if _, err := r.ResolveIncident(t.Context(), r.openIncidents()[0].ID, ""); err != nil {
		t.Fatal(err)
	}
	r.statusIs(f.ID, btp.StatusReady)
	_, err = r.ReportAssignment(t.Context(), f.ID, v.Assignments[0].ID, btp.AssignmentReport{State: btp.AssignmentDeleteError})
	wantCode(t, err, btp.InvalidRequest)
	_, err = r.ReportAssignment(t.Context(), f.ID, "nobody", btp.AssignmentReport{State: btp.AssignmentReady})
	wantCode(t, err, btp.AssignmentNotFound)
}

// Rule: formation-delete-v1, formation-delete-v2
func TestDeletingAFormation(t *testing.T) {
	t.Parallel()
	t.Run("v1: only when nothing is assigned", func(t *testing.T) {
		r := open(t)
		s, _ := r.register("Web Shop", commerce)
		f := r.formation("f", s.ID)
		_, err := r.DeleteFormation(t.Context(), f.ID, btp.Match{})
		wantCode(t, err, btp.FormationNotEmpty)
		if got := err.(*btp.Error).Blockers; len(got) != 2 || got[0].ID != string(s.ID) || got[1].ID != "dev" { //nolint:errorlint // wantCode has looked
			t.Errorf("blockers %+v", got)
		}
		if _, err := r.ExcludeSystem(t.Context(), f.ID, s.ID, btp.Match{}); err != nil {
			t.Fatal(err)
		}
		_, err = r.DeleteFormation(t.Context(), f.ID, btp.Match{})
		wantCode(t, err, btp.FormationNotEmpty)
		if _, err := r.ChangeFormationSubaccount(t.Context(), f.ID, "", btp.Match{}); err != nil {
			t.Fatal(err)
		}
		d, err := r.DeleteFormation(t.Context(), f.ID, btp.Match{})
		if err != nil || !d.Done || len(d.Steps) != 1 {
			t.Errorf("got %+v (%v)", d, err)
		}
		_, err = r.Formation(t.Context(), f.ID)
		wantCode(t, err, btp.FormationNotFound)
	})
	t.Run("v2: in one go", func(t *testing.T) {
		r := open(t, edition("v2"))
		s, _ := r.register("Web Shop", commerce)
		f := r.formation("f", s.ID)
		d, err := r.DeleteFormation(t.Context(), f.ID, btp.Match{})
		if err != nil || !d.Done {
			t.Fatalf("got %+v (%v)", d, err)
		}
		var steps []string
		for _, step := range d.Steps {
			steps = append(steps, fmt.Sprint(step.Step, " ", step.Name, " ", step.Done))
		}
		if want := []string{"system excluded Web Shop true", "subaccount unassigned Development true", "formation deleted f true"}; !slices.Equal(steps, want) {
			t.Errorf("steps %q, want %q", steps, want)
		}
		if _, err := r.Remove(t.Context(), s.ID); err != nil {
			t.Errorf("the system is free: %v", err)
		}
	})
	t.Run("v2: failed, and tried again", func(t *testing.T) {
		r := open(t, edition("v2"))
		s, _ := r.register("Web Shop", commerce)
		f := r.formation("f", s.ID)
		if _, err := r.AddFault(t.Context(), btp.FailAt(btp.PointFormationDeleted, string(f.ID), "", 1)); err != nil {
			t.Fatal(err)
		}
		d, err := r.DeleteFormation(t.Context(), f.ID, btp.Match{})
		if err != nil || d.Done {
			t.Fatalf("got %+v (%v)", d, err)
		}
		v := r.statusIs(f.ID, btp.StatusError)
		if v.State != btp.FormationDeleteError || v.Failure == nil || len(v.Systems) != 1 {
			t.Errorf("got %+v; nothing half-done may be seen", v.Formation)
		}
		_, err = r.IncludeSystem(t.Context(), f.ID, s.ID, btp.Match{})
		wantCode(t, err, btp.FormationStatusForbids)
		if _, err := r.Resynchronize(t.Context(), f.ID, false, btp.Match{}); err != nil {
			t.Fatal(err)
		}
		_, err = r.Formation(t.Context(), f.ID)
		wantCode(t, err, btp.FormationNotFound)
	})
}

// Rule: formation-subaccount-changeable-v1
func TestSubaccountOfAFormation(t *testing.T) {
	t.Parallel()
	more := func(c *btp.Config) {
		c.Landscape.Subaccounts = append(c.Landscape.Subaccounts,
			btp.Subaccount{ID: "test", GlobalAccount: "default", Subdomain: "test", Region: "eu10", Environments: []btp.RuntimeEnvironment{btp.Kyma}})
	}
	r := open(t, more, notifier(&telephone{}))
	s, _ := r.registered("Web Shop", commerce, "commerce")
	f := r.formation("f", s.ID)
	v, err := r.ChangeFormationSubaccount(t.Context(), f.ID, "test", btp.Match{})
	if err != nil || v.Subaccount != "test" || len(v.Assignments) != 4 {
		t.Fatalf("got subaccount %q, %d assignments (%v)", v.Subaccount, len(v.Assignments), err)
	}
	if got := r.applications(); len(got) != 0 {
		t.Errorf("the runtime of the former subaccount still has %v", got)
	}
	second := open(t, edition("v2"), more)
	f = second.formation("f")
	_, err = second.ChangeFormationSubaccount(t.Context(), f.ID, "test", btp.Match{})
	wantCode(t, err, btp.OperationNotInEdition)
}

// Rule: formation-version
func TestFormationTakesOneVersionAtATime(t *testing.T) {
	t.Parallel()
	r := open(t)
	s, _ := r.register("Web Shop", commerce)
	f := r.formation("f")
	stale := btp.Match{Asked: true, Versions: []uint64{f.Version}}
	if _, err := r.IncludeSystem(t.Context(), f.ID, s.ID, stale); err != nil {
		t.Fatal(err)
	}
	_, err := r.ExcludeSystem(t.Context(), f.ID, s.ID, stale)
	wantCode(t, err, btp.PreconditionFailed)
	if _, err := r.ExcludeSystem(t.Context(), f.ID, s.ID, btp.Match{Asked: true, Any: true}); err != nil {
		t.Error(err)
	}
	_, err = r.ExcludeSystem(t.Context(), f.ID, s.ID, btp.Match{})
	wantCode(t, err, btp.SystemNotInFormation)
}

// Rule: formation-bounded
func TestFormationIsBounded(t *testing.T) {
	t.Parallel()
	r := open(t, func(c *btp.Config) {
		for i := range btp.MaxFormationSystems + 1 {
			c.Landscape.Systems = append(c.Landscape.Systems, btp.DeclaredSystem{
				ID: btp.SystemID(fmt.Sprint("s", i)), GlobalAccount: "default", Name: fmt.Sprint("System ", i), Type: commerce, Status: btp.Registered,
			})
		}
	})
	var ids []btp.SystemID
	for i := range btp.MaxFormationSystems {
		ids = append(ids, btp.SystemID(fmt.Sprint("s", i)))
	}
	f := r.formation("f", ids...)
	_, err := r.IncludeSystem(t.Context(), f.ID, btp.SystemID(fmt.Sprint("s", btp.MaxFormationSystems)), btp.Match{})
	wantCode(t, err, btp.FormationFull)
	if n := btp.MaxFormationSystems + 1; len(f.Assignments) != n*n {
		t.Errorf("%d assignments, want %d", len(f.Assignments), n*n)
	}
}

// assignment finds the one from a system to a runtime.
func assignment(t *testing.T, v btp.FormationView, from, to btp.ParticipantKind) btp.AssignmentID {
	t.Helper()
	for _, a := range v.Assignments {
		if a.Source.Kind == from && a.Target.Kind == to {
			return a.ID
		}
	}
	t.Fatalf("no assignment from %s to %s in %+v", from, to, v.Assignments)
	return ""
}

// Rule: formation-assignments
func TestSystemLeavesWithItsLastAssignment(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"), slowly)
	s, _ := r.register("Web Shop", commerce)
	f := r.formation("f", s.ID)
	if _, err := r.ExcludeSystem(t.Context(), f.ID, s.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	one := assignment(t, f, btp.ParticipantApplication, btp.ParticipantRuntime)
	if _, err := r.ReportAssignment(t.Context(), f.ID, one, btp.AssignmentReport{State: btp.AssignmentDeleteError}); err != nil {
		t.Fatal(err)
	}
	r.advance(time.Hour)
	if v := r.statusIs(f.ID, btp.StatusError); !slices.Equal(v.Systems, []btp.SystemID{s.ID}) {
		t.Errorf("systems %v; one of its assignments is still there", v.Systems)
	}
	if _, err := r.Resynchronize(t.Context(), f.ID, false, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	r.advance(time.Hour)
	if v := r.statusIs(f.ID, btp.StatusReady); len(v.Systems) != 0 {
		t.Errorf("systems %v after the last assignment is gone", v.Systems)
	}
}

// Rule: error-opens-incident
func TestIncidentOfAFormationEndsWithItsError(t *testing.T) {
	t.Parallel()
	for name, mend := range map[string]func(*registry, btp.FormationView) error{
		"the participant reports READY": func(r *registry, f btp.FormationView) error {
			one := assignment(r.t, f, btp.ParticipantApplication, btp.ParticipantRuntime)
			_, err := r.ReportAssignment(r.t.Context(), f.ID, one, btp.AssignmentReport{State: btp.AssignmentReady})
			return err
		},
		"the system is excluded": func(r *registry, f btp.FormationView) error {
			_, err := r.ExcludeSystem(r.t.Context(), f.ID, f.Systems[0], btp.Match{})
			return err
		},
		"the runtime is gone": func(r *registry, _ btp.FormationView) error {
			none := []btp.RuntimeEnvironment{}
			_, err := r.ChangeSubaccount(r.t.Context(), "dev", btp.SubaccountChange{Environments: &none}, btp.Match{})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := open(t, edition("v2"))
			s, _ := r.register("Web Shop", commerce)
			f := r.formation("f", s.ID)
			one := assignment(t, f, btp.ParticipantApplication, btp.ParticipantRuntime)
			if _, err := r.ReportAssignment(t.Context(), f.ID, one, btp.AssignmentReport{State: btp.AssignmentCreateError}); err != nil {
				t.Fatal(err)
			}
			if got := r.openIncidents(); len(got) != 1 {
				t.Fatalf("open incidents %+v, want one", got)
			}
			if err := mend(r, f); err != nil {
				t.Fatal(err)
			}
			if got := r.openIncidents(); len(got) != 0 {
				t.Errorf("open incidents %+v, want none", got)
			}
		})
	}
}
