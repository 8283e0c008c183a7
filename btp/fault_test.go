package btp_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// TestEveryPointIsDecidedAbout: a point either takes faults, or says why not.
//
// Rule: fault-every-point
func TestEveryPointIsDecidedAbout(t *testing.T) {
	t.Parallel()
	taking := map[btp.Point]bool{}
	for _, p := range btp.FaultPoints {
		if taking[p.Point] {
			t.Errorf("%s is there twice", p.Point)
		}
		taking[p.Point] = true
		if _, known := btp.Points[p.Point]; !known {
			t.Errorf("%s is no point", p.Point)
		}
		if p.Flow == "" || p.Met.Words() == "" || len(p.Actions()) == 0 {
			t.Errorf("%s: flow, meeting or actions are missing: %+v", p.Point, p)
		}
		if btp.PointsWithoutFaults[p.Point] != "" {
			t.Errorf("%s takes faults, and says why not", p.Point)
		}
	}
	for p := range btp.Points {
		if !taking[p] && btp.PointsWithoutFaults[p] == "" {
			t.Errorf("%s: give it a row in FaultPoints, or a reason in PointsWithoutFaults", p)
		}
	}
}

// TestEveryErrorLabelHasARecipe walks the labels of both editions.
//
// Rule: fault-error-statuses
func TestEveryErrorLabelHasARecipe(t *testing.T) {
	t.Parallel()
	for _, e := range btp.Editions {
		var labels []string
		for _, s := range []btp.Status{btp.Failed, btp.DeregisterError, btp.RemoveError} {
			if label := e.Label(s); label != "" {
				labels = append(labels, label)
			}
		}
		if label := e.FormationLabel(btp.StatusError); label != "" {
			labels = append(labels, label)
		}
		for _, label := range labels {
			if !slices.ContainsFunc(btp.Recipes, func(r btp.Recipe) bool { return r.Labels[e.ID] == label }) {
				t.Errorf("no recipe leads to %q of %s", label, e.ID)
			}
		}
	}
}

// TestRecipesCanBeSet: each for all and for what it says that it is for, by name.
//
// Rule: fault-error-statuses
func TestRecipesCanBeSet(t *testing.T) {
	t.Parallel()
	for _, edition1 := range []string{"v1", "v2"} {
		r := open(t, edition(edition1), func(c *btp.Config) { c.Tenants = []string{"commerce"} })
		r.register("Web Shop", commerce)
		if _, err := r.CreateFormation(t.Context(), "default", btp.NewFormation{Name: "shops", Type: btp.SideBySideWithKyma, Subaccount: "dev"}, ""); err != nil {
			t.Fatal(err)
		}
		for _, recipe := range btp.Recipes {
			targets := map[string]btp.RecipeTarget{"all": {}}
			for _, kind := range recipe.For {
				targets[string(kind)] = map[string]btp.RecipeTarget{
					"system": {System: "Web Shop"}, "formation": {Formation: "shops"}, "tenant": {Tenant: "commerce"},
				}[string(kind)]
			}
			for kind, target := range targets {
				applied, rules, err := r.ApplyRecipe(t.Context(), recipe.Name, target)
				if recipe.Edition != "" && recipe.Edition != edition1 {
					if btp.CodeOf(err) != btp.OperationNotInEdition {
						t.Errorf("%s in %s: got %v", recipe.Name, edition1, err)
					}
					continue
				}
				if err != nil || applied.Name != recipe.Name || len(rules) == 0 || rules[0].Recipe != recipe.Name {
					t.Errorf("%s for %q: got %+v, %v", recipe.Name, kind, rules, err)
				}
				if err := r.RemoveFault(t.Context(), ""); err != nil {
					t.Fatal(err)
				}
			}
			for _, alias := range recipe.Aliases {
				if found, err := btp.RecipeNamed(alias); err != nil || found.Name != recipe.Name {
					t.Errorf("%s: got %s, %v", alias, found.Name, err)
				}
			}
		}
	}
}

func fail() btp.FaultAction { return btp.FaultAction{Kind: btp.FaultFail} }

// TestImpossibleFaults: each is refused, and says what is possible.
//
// Rule: fault-impossible-refused
func TestImpossibleFaults(t *testing.T) {
	t.Parallel()
	r := open(t, func(c *btp.Config) { c.Tenants = []string{"commerce"} })
	r.register("Web Shop", commerce)
	long := strings.Repeat("x", 501)
	answer := func(a btp.FaultAnswer) btp.FaultAction { return btp.FaultAction{Kind: btp.FaultFail, Answer: &a} }
	type f = btp.Fault
	type a = btp.FaultAction
	tests := []struct {
		name string
		f    f
		want string
	}{
		{"no point", f{Action: fail()}, "there is no fault point"},
		{"an unknown point", f{Point: "pairing.tea", Action: fail()}, "points are system.register"},
		{"a point of the test itself", f{Point: btp.PointClock, Action: fail()}, "on the control listener"},
		{"an instant", f{Point: btp.PointTokenExpiry, Action: fail()}, "nobody does anything"},
		{"half a word", f{Point: "pair*", Action: fail()}, "no pattern"},
		{"a star in the middle", f{Point: "*.csr", Action: fail()}, "no pattern"},
		{"a pattern of nothing", f{Point: "tea.*", Action: fail()}, "there is no fault point"},
		{"no action", f{Point: "pairing.csr"}, "actions are fail, delay"},
		{"an unknown action", f{Point: "pairing.csr", Action: a{Kind: "explode"}}, "actions are fail, delay"},
		{"fields of another action", f{Point: "pairing.csr", Action: a{Kind: btp.FaultHold, Bytes: 3}}, "action.bytes (of truncate)"},
		{"two ways to fail", f{Point: "pairing.csr", Action: a{Kind: btp.FaultFail, Code: btp.Forbidden, Problem: &btp.FaultProblem{Status: 500}}}, "one of code"},
		{"an unknown code", f{Point: "pairing.csr", Action: a{Kind: btp.FaultFail, Code: "tea"}}, "docs/problems.md"},
		{"a long cause", f{Point: "pairing.csr", Action: a{Kind: btp.FaultFail, Cause: long}}, "at most 500"},
		{"a problem that is none", f{Point: "pairing.csr", Action: a{Kind: btp.FaultFail, Problem: &btp.FaultProblem{Status: 200}}}, "400 to 599"},
		{"an answer that is none", f{Point: "pairing.csr", Action: answer(btp.FaultAnswer{Status: 100})}, "200 to 599"},
		{"a body that is too long", f{Point: "pairing.csr", Action: answer(btp.FaultAnswer{Status: 200, Body: strings.Repeat("x", 65537)})}, "65536 bytes"},
		{"a body of 204", f{Point: "pairing.csr", Action: answer(btp.FaultAnswer{Status: 204, Body: "x"})}, "has no body"},
		{"a hop-by-hop header", f{Point: "pairing.csr", Action: answer(btp.FaultAnswer{Status: 200, Headers: map[string]string{"Connection": "close"}})}, "belongs to the connection"},
		{"a header that is none", f{Point: "pairing.csr", Action: answer(btp.FaultAnswer{Status: 200, Headers: map[string]string{"a b": "c"}})}, "no name of a header"},
		{"a split header", f{Point: "pairing.csr", Action: answer(btp.FaultAnswer{Status: 200, Headers: map[string]string{"A": "b\r\nC: d"}})}, "no control characters"},
		{"no delay", f{Point: "pairing.csr", Action: a{Kind: btp.FaultDelay}}, "one of virtual"},
		{"both delays", f{Point: "pairing.csr", Action: a{Kind: btp.FaultDelay, Real: 1, Virtual: 1}}, "one of virtual"},
		{"a long real delay", f{Point: "pairing.csr", Action: a{Kind: btp.FaultDelay, Real: time.Minute}}, "at most 30s"},
		{"a long virtual delay", f{Point: "pairing.csr", Action: a{Kind: btp.FaultDelay, Virtual: 367 * 24 * time.Hour}}, "at most"},
		{"a negative delay", f{Point: "pairing.csr", Action: a{Kind: btp.FaultDelay, Virtual: -1}}, "above 0"},
		{"a truncation in two ways", f{Point: "pairing.csr", Action: a{Kind: btp.FaultTruncate, Bytes: 1, Share: 0.5}}, "one of bytes"},
		{"a negative truncation", f{Point: "pairing.csr", Action: a{Kind: btp.FaultTruncate, Bytes: -1}}, "action.bytes"},
		{"all of the body", f{Point: "pairing.csr", Action: a{Kind: btp.FaultTruncate, Share: 1}}, "below 1"},
		{"nothing to corrupt", f{Point: "pairing.csr", Action: a{Kind: btp.FaultCorrupt}}, "parts are tokenSignature"},
		{"a token that is not there", f{Point: "pairing.csr", Action: a{Kind: btp.FaultCorrupt, Part: btp.CorruptTokenSignature}}, "parts there are certificate, json"},
		{"a certificate that is not there", f{Point: "system.list", Action: a{Kind: btp.FaultCorrupt, Part: btp.CorruptCertificate}}, "parts there are json"},
		{"an answer without a body", f{Point: "pairing.descriptor", Action: a{Kind: btp.FaultTruncate, Bytes: 1}}, "actions there are fail"},
		{"due work that is dropped", f{Point: "removal.complete", Action: a{Kind: btp.FaultDrop}}, "due work; actions there are fail, delay, hold"},
		{"due work that is duplicated", f{Point: "removal.complete", Action: a{Kind: btp.FaultDuplicate}}, "actions there are fail"},
		{"due work that is answered", f{Point: "removal.complete", Action: answer(btp.FaultAnswer{Status: 200})}, "nobody waits for an answer"},
		{"for good, where nothing ends", f{Point: "system.list", Action: a{Kind: btp.FaultFail, Final: true}}, "final is for pairing.csr"},
		{"a system in a list", f{Point: "system.list", Match: btp.FaultMatch{System: "Web Shop"}, Action: fail()}, "about no system"},
		{"a tenant at registration", f{Point: "system.register", Match: btp.FaultMatch{Tenant: "commerce"}, Action: fail()}, "about no system"},
		{"a type in a list", f{Point: "system.list", Match: btp.FaultMatch{SystemType: commerce}, Action: fail()}, "leave systemType out"},
		{"an unknown type", f{Point: "pairing.csr", Match: btp.FaultMatch{SystemType: "tea"}, Action: fail()}, "tea"},
		{"an unknown tenant", f{Point: "pairing.csr", Match: btp.FaultMatch{Tenant: "nobody"}, Action: fail()}, "are commerce"},
		{"an unknown system", f{Point: "pairing.csr", Match: btp.FaultMatch{System: "nobody"}, Action: fail()}, "no system"},
		{"an unknown formation", f{Point: "formation.show", Match: btp.FaultMatch{Formation: "nothing"}, Action: fail()}, "no formation"},
		{"an unknown subject", f{Point: "pairing.csr", Match: btp.FaultMatch{Subject: "nobody"}, Action: fail()}, "no system and no formation"},
		{"a probability of 2", f{Point: "pairing.csr", Action: fail(), Schedule: btp.FaultSchedule{Probability: 2}}, "at most 1"},
		{"a negative limit", f{Point: "pairing.csr", Action: fail(), Schedule: btp.FaultSchedule{Limit: -1}}, "schedule.limit"},
		{"a huge first", f{Point: "pairing.csr", Action: fail(), Schedule: btp.FaultSchedule{First: 1_000_001}}, "schedule.first"},
	}
	for _, tt := range tests {
		_, err := r.AddFault(t.Context(), tt.f)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
	if left := r.Faults(); len(left) != 0 {
		t.Errorf("refused faults are set: %+v", left)
	}
	for range btp.MaxFaults {
		if _, err := r.AddFault(t.Context(), f{Point: "*", Action: fail()}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.AddFault(t.Context(), f{Point: "*", Action: fail()}); btp.CodeOf(err) != btp.InvalidRequest {
		t.Errorf("one too many: got %v", err)
	}
}

// struck tells which of n visits of a system to system.show a rule strikes.
func struck(r *registry, id btp.SystemID, n int) string {
	var hits strings.Builder
	for range n {
		if _, err := r.System(r.t.Context(), id); btp.CodeOf(err) == btp.FaultInjected {
			hits.WriteByte('x')
		} else {
			hits.WriteByte('.')
		}
	}
	return hits.String()
}

// Rule: fault-schedule
func TestSchedules(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		schedule btp.FaultSchedule
		want     string
	}{
		{btp.FaultSchedule{}, "xxxxxxxxxx"},
		{btp.FaultSchedule{First: 3}, "xxx......."},
		{btp.FaultSchedule{Every: 3}, "..x..x..x."},
		{btp.FaultSchedule{Every: 3, Limit: 2}, "..x..x...."},
		{btp.FaultSchedule{Every: 2, First: 5}, ".x.x......"},
		{btp.FaultSchedule{Limit: 1}, "x........."},
		{btp.FaultSchedule{Probability: 1}, "xxxxxxxxxx"},
	} {
		t.Run(fmt.Sprintf("%+v", tt.schedule), func(t *testing.T) {
			t.Parallel()
			r := open(t)
			s, _ := r.register("Web Shop", commerce)
			other, _ := r.register("Other", commerce)
			rule, err := r.AddFault(t.Context(), btp.Fault{
				Point: "system.*", Match: btp.FaultMatch{System: "Web Shop"}, Action: fail(), Schedule: tt.schedule,
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := struck(r, other.ID, 3); got != "..." {
				t.Errorf("another system: got %s", got)
			}
			if got := struck(r, s.ID, 10); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			now := r.Faults()[0]
			if now.ID != rule.ID || now.Considered != 10 || now.Struck != strings.Count(tt.want, "x") {
				t.Errorf("got the counts %d, %d", now.Considered, now.Struck)
			}
		})
	}
}

// TestDrawsDependOnNothingElse: neither on other traffic nor on what was
// registered before; on the seed they do.
//
// Rule: fault-schedule, fault-match
func TestDrawsDependOnNothingElse(t *testing.T) {
	t.Parallel()
	draws := func(seed uint64, before int) string {
		r := open(t, func(c *btp.Config) { c.Seed = seed })
		for i := range before {
			r.register(fmt.Sprintf("before %d", i), commerce)
		}
		s, _ := r.register("Web Shop", commerce)
		other, _ := r.register("Other", commerce)
		if _, err := r.AddFault(t.Context(), btp.Fault{Point: "*", Action: fail(), Schedule: btp.FaultSchedule{Probability: 0.3}}); err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for range 20 {
			struck(r, other.ID, before)
			all.WriteString(struck(r, s.ID, 10))
		}
		return all.String()
	}
	want := draws(1, 0)
	if n := strings.Count(want, "x"); n < 35 || n > 85 {
		t.Errorf("%d of 200 are struck, want about 60", n)
	}
	if got := draws(1, 3); got != want {
		t.Errorf("with other traffic: got\n%s, want\n%s", got, want)
	}
	if got := draws(2, 0); got == want {
		t.Error("another seed draws the same")
	}
}

// TestSubjectsDrawApart: of two systems one is struck when the other is not.
func TestSubjectsDrawApart(t *testing.T) {
	t.Parallel()
	r := open(t)
	one, _ := r.register("Web Shop", commerce)
	other, _ := r.register("Other", commerce)
	if _, err := r.AddFault(t.Context(), btp.Fault{Point: "*", Action: fail(), Schedule: btp.FaultSchedule{Probability: 0.5}}); err != nil {
		t.Fatal(err)
	}
	if a, b := struck(r, one.ID, 100), struck(r, other.ID, 100); a == b {
		t.Errorf("both draw %s", a)
	}
}

// TestFaultsAreForWhomTheySay: each part of a match decides by itself.
func TestFaultsAreForWhomTheySay(t *testing.T) {
	t.Parallel()
	r := open(t, notifier(&telephone{}))
	shop, _ := r.registered("Web Shop", commerce, "shop-tenant")
	outlet, _ := r.registered("Outlet", commerce, "outlet-tenant")
	sales, _ := r.registered("Sales", c4c, "sales-tenant")
	for name, tt := range map[string]struct {
		match btp.FaultMatch
		want  string // of shop, outlet and sales
	}{
		"everybody":          {btp.FaultMatch{}, "xxx"},
		"a system":           {btp.FaultMatch{System: outlet.ID}, ".x."},
		"a type":             {btp.FaultMatch{SystemType: commerce}, "xx."},
		"a tenant":           {btp.FaultMatch{Tenant: "sales-tenant"}, "..x"},
		"a type at a tenant": {btp.FaultMatch{SystemType: commerce, Tenant: "shop-tenant"}, "x.."},
	} {
		if _, err := r.AddFault(t.Context(), btp.Fault{Point: btp.PointSystemShow, Match: tt.match, Action: fail()}); err != nil {
			t.Fatal(err)
		}
		if got := struck(r, shop.ID, 1) + struck(r, outlet.ID, 1) + struck(r, sales.ID, 1); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
		if err := r.RemoveFault(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFinalFailureEndsThePairing, whether or not anybody reports it.
//
// Rule: pairing-failure-is-error
func TestFinalFailureEndsThePairing(t *testing.T) {
	t.Parallel()
	r := open(t)
	s, token := r.register("Web Shop", commerce)
	action := fail()
	action.Cause, action.Final = "the automation failed", true
	if _, err := r.AddFault(t.Context(), btp.Fault{Point: btp.PointCSR, Match: btp.FaultMatch{System: s.ID}, Action: action}); err != nil {
		t.Fatal(err)
	}
	opened, err := r.present(token.JWS)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.SignCSR(t.Context(), opened.FollowUp, r.csr(opened.Subject)); btp.CodeOf(err) != btp.FaultInjected {
		t.Errorf("got %v, want fault-injected", err)
	}
	v, err := r.System(t.Context(), s.ID)
	if err != nil || v.Status != btp.Failed || v.Failure.Cause != "the automation failed" || v.Incident == "" {
		t.Errorf("got %+v, %v", v.System, err)
	}
}

// TestDueWorkIsDelayedInItsTurn: an advance ends it at its own instant, and
// without claim or place meanwhile.
//
// Rule: fault-actions
func TestDueWorkIsDelayedInItsTurn(t *testing.T) {
	t.Parallel()
	r := open(t)
	s, _ := r.register("Web Shop", commerce)
	delay := btp.FaultAction{Kind: btp.FaultDelay, Virtual: 10 * time.Minute}
	if _, err := r.AddFault(t.Context(), btp.Fault{Point: btp.PointDeregisterDone, Action: delay}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	r.advance(9 * time.Minute)
	if v, err := r.System(t.Context(), s.ID); err != nil || v.Status != btp.Deregistering {
		t.Errorf("after 9 minutes: got %+v, %v", v.System, err)
	}
	r.advance(time.Hour)
	if _, err := r.System(t.Context(), s.ID); btp.CodeOf(err) != btp.SystemNotFound {
		t.Errorf("after an hour: got %v", err)
	}
	entries, _ := r.Journal().Read(btp.JournalFilter{EntryMatch: btp.EntryMatch{Kind: btp.EntryTransition, System: string(s.ID)}})
	if last := entries[len(entries)-1]; !last.At.Equal(epoch.Add(10 * time.Minute)) {
		t.Errorf("it ended at %s", last.At)
	}
}

// TestManagementMeetsNoFaults: faults are set there.
func TestManagementMeetsNoFaults(t *testing.T) {
	t.Parallel()
	r := open(t)
	s, _ := r.register("Web Shop", commerce)
	if _, err := r.AddFault(t.Context(), btp.Fault{Point: "*", Action: fail()}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.System(btp.WithoutFaults(t.Context()), s.ID); err != nil {
		t.Errorf("got %v", err)
	}
	if got := r.Faults()[0].Considered; got != 0 {
		t.Errorf("considered %d times", got)
	}
}

// FuzzFaultRules: whatever is asked for is refused, or can be carried out at the
// points that it names.
//
// Rule: fault-impossible-refused
func FuzzFaultRules(f *testing.F) {
	f.Add("pairing.csr", "fail", "forbidden", "cause", 0, int64(0), int64(0), 0, 0.0, "", "X-A", "b", 0, 0, 0.0, 0)
	f.Add("*", "delay", "", "", 0, int64(time.Minute), int64(0), 0, 0.0, "", "", "", 1, 2, 0.5, 3)
	f.Add("services.*", "truncate", "", "", 503, int64(0), int64(0), 7, 0.0, "json", "Connection", "close", 0, 0, 0.0, 0)
	r, err := btp.Open(context.Background(), config())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, point, kind, code, cause string, status int, virtual, real int64, bytes int, share float64,
		part, header, value string, first, every int, probability float64, limit int,
	) {
		rule := btp.Fault{
			Point: btp.Point(point),
			Action: btp.FaultAction{
				Kind: btp.FaultKind(kind), Code: btp.Code(code), Cause: cause, Virtual: time.Duration(virtual), Real: time.Duration(real),
				Bytes: bytes, Share: share, Part: btp.Corruption(part),
			},
			Schedule: btp.FaultSchedule{First: first, Every: every, Probability: probability, Limit: limit},
		}
		if status != 0 {
			rule.Action.Answer = &btp.FaultAnswer{Status: status, Headers: map[string]string{header: value}}
		}
		added, err := r.AddFault(t.Context(), rule)
		if err != nil {
			if btp.CodeOf(err) != btp.InvalidRequest {
				t.Errorf("got %v, want invalid-request", err)
			}
			return
		}
		if !slices.ContainsFunc(btp.FaultPoints, func(p btp.FaultPoint) bool { return slices.Contains(p.Actions(), added.Action.Kind) }) {
			t.Errorf("%+v is set, and can strike nowhere", added)
		}
		if strings.ContainsAny(value, "\r\n") && added.Action.Answer != nil {
			t.Errorf("a header is split: %q", value)
		}
		if err := r.RemoveFault(t.Context(), added.ID); err != nil {
			t.Error(err)
		}
	})
}
