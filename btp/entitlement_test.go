package btp_test

import (
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// Rule: entitlement-invisible-unregistered
func TestServiceIsInvisibleWithoutARegisteredSystem(t *testing.T) {
	t.Parallel()
	eachEdition(t, func(t *testing.T, id string) {
		r := open(t, edition(id), notifier(&telephone{}))
		pending, _ := r.register("Web Shop", commerce)
		plans := func() []btp.ServiceOffering {
			t.Helper()
			list, err := r.ServicePlans(t.Context(), "dev")
			if err != nil || len(list) == 0 || list[len(list)-1].Name != "enterprise-messaging" {
				t.Fatalf("got %+v, %v; want SAP Event Mesh, which is for no system", list, err)
			}
			return list[:len(list)-1]
		}
		if got := plans(); len(got) != 0 {
			t.Errorf("visible while nothing is registered: %+v", got)
		}
		_, err := r.AssignEntitlement(t.Context(), "dev", btp.NewEntitlement{System: pending.ID, Plan: "api-access"}, "")
		wantCode(t, err, btp.SystemNotRegistered)
		s, _ := r.registered("Campaigns", marketing, "marketing")
		got := plans()
		if len(got) != 1 || got[0].Name != "s4-hana-cloud" || len(got[0].Plans) != 2 || len(got[0].Systems) != 1 || got[0].Systems[0].ID != s.ID {
			t.Errorf("offered %+v", got)
		}
	})
}

// Rule: entitlement-per-system-and-plan, entitlement-needs-environment, region-excluded
func TestEntitlementRules(t *testing.T) {
	t.Parallel()
	r := open(t, notifier(&telephone{}), func(c *btp.Config) {
		c.Landscape.GlobalAccounts = append(c.Landscape.GlobalAccounts, btp.GlobalAccount{ID: "other", Subdomain: "other"})
		c.Landscape.Subaccounts = append(c.Landscape.Subaccounts,
			btp.Subaccount{ID: "bare", GlobalAccount: "default", Subdomain: "bare", Region: "eu10"},
			btp.Subaccount{ID: "cf", GlobalAccount: "default", Subdomain: "cf", Region: "eu11", Environments: []btp.RuntimeEnvironment{btp.CloudFoundry}},
			btp.Subaccount{ID: "shanghai", GlobalAccount: "default", Subdomain: "s", Region: "cn40", Environments: []btp.RuntimeEnvironment{btp.Kyma}},
			btp.Subaccount{ID: "foreign", GlobalAccount: "other", Subdomain: "f", Region: "eu10", Environments: []btp.RuntimeEnvironment{btp.Kyma}})
	})
	s, _ := r.registered("Web Shop", commerce, "commerce")
	e := r.entitle(s.ID, "api-access")
	for _, test := range []struct {
		name       string
		subaccount btp.SubaccountID
		ask        btp.NewEntitlement
		want       btp.Code
	}{
		{"the other plan", "dev", btp.NewEntitlement{System: s.ID, Plan: "messaging"}, ""},
		{"another subaccount", "cf", btp.NewEntitlement{System: s.ID, Plan: "api-access", Service: "SAP S/4HANA Cloud Extensibility"}, ""},
		{"the same again", "dev", btp.NewEntitlement{System: s.ID, Plan: "api-access"}, btp.EntitlementExists},
		{"an unknown plan", "dev", btp.NewEntitlement{System: s.ID, Plan: "default"}, btp.PlanUnknown},
		{"an unknown service", "dev", btp.NewEntitlement{System: s.ID, Service: "destination", Plan: "lite"}, btp.PlanUnknown},
		{"no environment", "bare", btp.NewEntitlement{System: s.ID, Plan: "api-access"}, btp.SubaccountWithoutEnvironment},
		{"China (Shanghai)", "shanghai", btp.NewEntitlement{System: s.ID, Plan: "api-access"}, btp.RegionUnavailable},
		{"another account's system", "foreign", btp.NewEntitlement{System: s.ID, Plan: "api-access"}, btp.SystemNotFound},
		{"an unknown subaccount", "nowhere", btp.NewEntitlement{System: s.ID, Plan: "api-access"}, btp.SubaccountNotFound},
	} {
		_, err := r.AssignEntitlement(t.Context(), test.subaccount, test.ask, "")
		if got := btp.CodeOf(err); got != test.want {
			t.Errorf("%s: got %q (%v), want %q", test.name, got, err, test.want)
		}
	}
	wantCode(t, r.RemoveEntitlement(t.Context(), "cf", e.ID), btp.EntitlementNotFound)
	if err := r.RemoveEntitlement(t.Context(), "dev", e.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, r.RemoveEntitlement(t.Context(), "dev", e.ID), btp.EntitlementNotFound)
	left, _, err := r.SubaccountEntitlements(t.Context(), btp.EntitlementFilter{Subaccount: "dev"})
	if err != nil || len(left) != 1 || left[0].Plan != "messaging" || left[0].Of.ID != s.ID {
		t.Errorf("left %+v (%v)", left, err)
	}
}

// Rule: account-boundary
func TestNothingReachesAcrossAccounts(t *testing.T) {
	t.Parallel()
	r := open(t, notifier(&telephone{}), func(c *btp.Config) {
		c.Landscape.GlobalAccounts = append(c.Landscape.GlobalAccounts, btp.GlobalAccount{ID: "other", Subdomain: "other"})
	})
	s, _ := r.registered("Web Shop", commerce, "commerce")
	f := r.formation("f", s.ID)
	e := r.entitle(s.ID, "api-access")
	foreign, _, err := r.Register(t.Context(), "other", "Web Shop", commerce, infoURL, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.IncludeSystem(t.Context(), f.ID, foreign.ID, btp.Match{})
	wantCode(t, err, btp.SystemNotFound)
	ctx := btp.InAccount(t.Context(), "other")
	for name, call := range map[string]func() error{
		"system":      func() error { _, err := r.System(ctx, s.ID); return err },
		"deregister":  func() error { _, err := r.Deregister(ctx, s.ID); return err },
		"token":       func() error { _, err := r.IssueToken(ctx, s.ID, infoURL, ""); return err },
		"formation":   func() error { _, err := r.Formation(ctx, f.ID); return err },
		"delete":      func() error { _, err := r.DeleteFormation(ctx, f.ID, btp.Match{}); return err },
		"subaccount":  func() error { _, err := r.Subaccount(ctx, "dev"); return err },
		"entitlement": func() error { return r.RemoveEntitlement(ctx, "dev", e.ID) },
		"runtime":     func() error { _, err := r.RuntimeApplications(ctx, "dev"); return err },
		"account": func() error {
			_, _, err := r.Systems(ctx, btp.SystemFilter{GlobalAccount: "default", Limit: 1})
			return err
		},
	} {
		switch got := btp.CodeOf(call()); got {
		case btp.SystemNotFound, btp.FormationNotFound, btp.SubaccountNotFound, btp.GlobalAccountNotFound:
		default:
			t.Errorf("%s of another account: got %q, want not found", name, got)
		}
	}
}
