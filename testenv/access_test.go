package testenv_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// Rule: role-administrator, role-landscape-administrator, role-viewer, role-tenant-administrator
func TestRoles(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t, testenv.WithAuth(), testenv.WithTenant("second", "commerce"))
	shop := env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	env.ExpectStatus(t, "Web Shop", "Registered")

	open := btpclient.NewOperator(env.HTTP(), env.Client())
	as := func(role string) *btpclient.Operator { return open.WithToken(env.AccessToken(t, role, "default")) }
	in := func(tenant string) *btpclient.Tenants {
		return env.Tenants().WithToken(env.AccessToken(t, testenv.TenantAdministrator, tenant))
	}
	register := func(o *btpclient.Operator) error {
		_, err := o.Register(t.Context(), "default", "shop of "+t.Name(), testenv.MarketingCloud)
		return err
	}
	list := func(o *btpclient.Operator) error {
		for _, err := range o.Systems(t.Context(), "default", btpclient.SystemFilter{}) {
			return err
		}
		return errors.New("the list is empty")
	}
	showToken := func(o *btpclient.Operator) error {
		_, err := o.ShowToken(t.Context(), shop.ID)
		return err
	}
	addSubaccount := func(o *btpclient.Operator) error {
		_, err := o.CreateSubaccount(t.Context(), "default", btpclient.Subaccount{Subdomain: "test", Region: "eu10"})
		return err
	}
	addAccount := func(o *btpclient.Operator) error {
		_, err := o.CreateGlobalAccount(t.Context(), btpclient.GlobalAccount{ID: "acme", Subdomain: "acme"})
		return err
	}
	show := func(tenants *btpclient.Tenants, id string) error {
		_, err := tenants.Tenant(t.Context(), id)
		return err
	}
	globalAdmin, admin, viewer := as(testenv.GlobalAccountAdministrator), as(testenv.SystemLandscapeAdministrator), as(testenv.SystemLandscapeViewer)
	ofTenant := env.AccessToken(t, testenv.TenantAdministrator, "commerce")
	ofAccount := env.AccessToken(t, testenv.GlobalAccountAdministrator, "default")
	for _, tt := range []struct {
		name string
		got  error
		want string // a code; "" for done
	}{
		{"nobody lists", list(open), "unauthenticated"},
		{"nobody registers", register(open), "unauthenticated"},
		{"viewer lists", list(viewer), ""},
		{"viewer registers", register(viewer), "forbidden"},
		{"viewer looks at a token", showToken(viewer), "forbidden"},
		{"landscape administrator registers", register(admin), ""},
		{"landscape administrator adds a subaccount", addSubaccount(admin), "forbidden"},
		{"landscape administrator looks at a token that is shown once", showToken(admin), "token-shown-once"},
		{"global account administrator lists", list(globalAdmin), ""},
		{"global account administrator adds a subaccount", addSubaccount(globalAdmin), ""},
		{"global account administrator adds a global account", addAccount(globalAdmin), "forbidden"},
		{"tenant administrator lists systems", list(open.WithToken(ofTenant)), "forbidden"},
		{"integration token as access token", list(open.WithToken(shop.IntegrationToken.Token)), "unauthenticated"},
		{"tenant administrator shows the tenant", show(in("commerce"), "commerce"), ""},
		{"tenant administrator shows another tenant", show(in("commerce"), "second"), "forbidden"},
		{"global account administrator shows a tenant", show(env.Tenants().WithToken(ofAccount), "commerce"), "forbidden"},
		{"nobody shows a tenant", show(env.Tenants(), "commerce"), "unauthenticated"},
	} {
		if tt.want == "" && tt.got != nil || btpclient.CodeOf(tt.got) != tt.want {
			t.Errorf("%s: got %v, want %q", tt.name, tt.got, tt.want)
		}
	}
	if own, err := in("second").List(t.Context()); err != nil || len(own) != 1 || own[0].ID != "second" {
		t.Errorf("got tenants %+v, %v; want the own one", own, err)
	}
	// What a tenant pastes pairs, and nothing else does.
	row, err := in("commerce").Pair(t.Context(), "commerce", ofTenant, "")
	if err != nil || !row.Failed() {
		t.Errorf("an access token as integration token: got %+v, %v; want it refused", row, err)
	}
}

// TestAccessTokensOutliveTheProcess: the key is stored with the environment.
func TestAccessTokensOutliveTheProcess(t *testing.T) {
	t.Parallel()
	options := []testenv.Option{testenv.WithAuth(), testenv.WithData(filepath.Join(t.TempDir(), "pairsim.db"))}
	first, err := testenv.New(t.Context(), options...)
	if err != nil {
		t.Fatal(err)
	}
	token := first.AccessToken(t, testenv.SystemLandscapeViewer, "default")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := testenv.Start(t, options...)
	viewer := btpclient.NewOperator(second.HTTP(), second.Client()).WithToken(token)
	if _, err := viewer.GlobalAccount(t.Context(), "default"); err != nil {
		t.Errorf("got %v, want the token to hold", err)
	}
}

// TestLandscapeOfRoles: formations are the landscape administrator's too,
// entitlements are not (sap-domain §1).
//
// Rule: role-landscape-administrator
func TestLandscapeOfRoles(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t, testenv.WithAuth())
	shop := env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	open := btpclient.NewOperator(env.HTTP(), env.Client())
	as := func(role string) *btpclient.Operator { return open.WithToken(env.AccessToken(t, role, "default")) }
	form := func(o *btpclient.Operator) error {
		_, err := o.CreateFormation(t.Context(), "default", btpclient.NewFormation{Name: "shops", Subaccount: "dev", Systems: []string{shop.ID}})
		return err
	}
	entitle := func(o *btpclient.Operator) error {
		_, err := o.AssignEntitlement(t.Context(), "dev", btpclient.NewEntitlement{System: shop.ID, Plan: "api-access"})
		return err
	}
	deregister := func(o *btpclient.Operator) error {
		_, err := o.Deregister(t.Context(), shop.ID)
		return err
	}
	listFormations := func(o *btpclient.Operator) error {
		for _, err := range o.Formations(t.Context(), "default", btpclient.FormationFilter{}) {
			return err
		}
		return errors.New("the list is empty")
	}
	for _, tt := range []struct {
		what, role string
		do         func(*btpclient.Operator) error
		want       string // a code; "" for done
	}{
		{"formation", testenv.SystemLandscapeViewer, form, "forbidden"},
		{"formation", testenv.SystemLandscapeAdministrator, form, ""},
		{"formation again", testenv.GlobalAccountAdministrator, form, "name-taken"},
		{"list", testenv.SystemLandscapeViewer, listFormations, ""},
		{"entitlement", testenv.SystemLandscapeViewer, entitle, "forbidden"},
		{"entitlement", testenv.SystemLandscapeAdministrator, entitle, "forbidden"},
		{"entitlement", testenv.GlobalAccountAdministrator, entitle, ""},
		{"deregistration", testenv.SystemLandscapeViewer, deregister, "forbidden"},
		{"deregistration", testenv.SystemLandscapeAdministrator, deregister, "system-in-use"},
		{"deregistration", testenv.GlobalAccountAdministrator, deregister, "system-in-use"},
	} {
		if err := tt.do(as(tt.role)); tt.want == "" && err != nil || btpclient.CodeOf(err) != tt.want {
			t.Errorf("%s, %s: got %v, want %q", tt.what, tt.role, err, tt.want)
		}
	}
}

// TestAnotherAccountIsNotFound: whatever the role, and whatever is known of it
// from elsewhere.
//
// Rule: account-boundary, role-in-one-account
func TestAnotherAccountIsNotFound(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t, testenv.WithAuth(), testenv.WithGlobalAccount("acme"))
	shop := env.RegisterSystem(t, "Web Shop", testenv.MarketingCloud)
	env.Pair(t, "marketing", shop.IntegrationToken.TokenURL)
	own := env.Operator()
	formation, err := own.CreateFormation(t.Context(), "default", btpclient.NewFormation{Name: "shops", Subaccount: "dev", Systems: []string{shop.ID}})
	if err != nil {
		t.Fatal(err)
	}
	o := btpclient.NewOperator(env.HTTP(), env.Client()).WithToken(env.AccessToken(t, testenv.GlobalAccountAdministrator, "acme"))
	ctx := t.Context()
	if _, err := o.CreateSubaccount(ctx, "acme", btpclient.Subaccount{ID: "test", Subdomain: "test", Region: "eu10", Environments: []string{"kyma"}}); err != nil {
		t.Fatal(err)
	}
	second := func(_ any, err error) error { return err }
	for what, tt := range map[string]struct {
		err  error
		want string
	}{
		"account":             {second(o.GlobalAccount(ctx, "default")), "global-account-not-found"},
		"subaccounts":         {second(o.Subaccounts(ctx, "default")), "global-account-not-found"},
		"new subaccount":      {second(o.CreateSubaccount(ctx, "default", btpclient.Subaccount{Subdomain: "x", Region: "eu10"})), "global-account-not-found"},
		"subaccount":          {second(o.Subaccount(ctx, "dev")), "subaccount-not-found"},
		"systems":             {second(o.SystemNamed(ctx, "default", "Web Shop")), "global-account-not-found"},
		"registration":        {second(o.Register(ctx, "default", "x", testenv.CommerceCloud)), "global-account-not-found"},
		"system":              {second(o.System(ctx, shop.ID)), "system-not-found"},
		"token":               {second(o.ShowToken(ctx, shop.ID)), "system-not-found"},
		"new token":           {second(o.IssueToken(ctx, shop.ID)), "system-not-found"},
		"deregistration":      {second(o.Deregister(ctx, shop.ID)), "system-not-found"},
		"formation":           {second(o.Formation(ctx, formation.ID)), "formation-not-found"},
		"formation's end":     {second(o.DeleteFormation(ctx, formation.ID)), "formation-not-found"},
		"excluding":           {second(o.ExcludeSystem(ctx, formation.ID, shop.ID)), "formation-not-found"},
		"own formation of it": {second(o.CreateFormation(ctx, "acme", btpclient.NewFormation{Name: "shops", Subaccount: "test", Systems: []string{shop.ID}})), "system-not-found"},
		"service plans":       {second(o.ServicePlans(ctx, "dev")), "subaccount-not-found"},
		"applications":        {second(o.RuntimeApplications(ctx, "dev")), "subaccount-not-found"},
		"entitlement":         {second(o.AssignEntitlement(ctx, "dev", btpclient.NewEntitlement{System: shop.ID, Plan: "api-access"})), "subaccount-not-found"},
	} {
		if got := btpclient.CodeOf(tt.err); got != tt.want {
			t.Errorf("%s: got %v, want %s", what, tt.err, tt.want)
		}
	}
	if all, err := o.GlobalAccounts(ctx); err != nil || len(all) != 1 || all[0].ID != "acme" {
		t.Errorf("got accounts %+v, %v; want the own one", all, err)
	}
	if in, err := o.InspectToken(ctx, shop.IntegrationToken.Token); err != nil || in.System != nil {
		t.Errorf("an inspected token of another account: got %+v, %v; want no system", in.System, err)
	}
}
