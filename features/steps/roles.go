package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pairsim/pairsim/btpclient"
)

const (
	tenantAdministrator        = "Tenant Administrator"
	globalAccountAdministrator = "Global Account Administrator"
)

// roleSteps say who the operator and the administrators of tenants are, where
// roles are asked for.
func (w *world) roleSteps(d definitions) {
	d.Given(`^roles are asked for$`, w.rolesAreAskedFor)
	d.Given(`^the operator has no access token$`, w.theOperatorHasNoAccessToken)
	d.Given(`^the operator is a (.+)$`, w.theOperatorIs)
	d.Given(`^the operator is the (.+) of "([^"]*)"$`, w.theOperatorIsOf)
	d.Given(`^the operator uses the integration token of "([^"]*)" as access token$`, w.theOperatorUsesTheIntegrationToken)
	d.Given(`^there is the (.+) system "([^"]*)" with its token$`, w.thereIsTheSystem)
	d.Given(`^the tenants are administered by nobody$`, w.theTenantsAreAdministeredByNobody)
	d.Given(`^the tenants are administered by the (.+) of "([^"]*)"$`, w.theTenantsAreAdministeredBy)

	d.When(`^the operator looks at the system "([^"]*)"$`, w.theOperatorLooksAt)
	d.When(`^the operator adds the subaccount "([^"]*)"$`, w.theOperatorAddsTheSubaccount)
	d.When(`^the operator adds the global account "([^"]*)"$`, w.theOperatorAddsTheGlobalAccount)
	d.When(`^somebody enters the token in the tenant "([^"]*)"$`, w.somebodyEntersTheToken)
	d.When(`^the administrator of tenant "([^"]*)" enters the own access token$`, w.theAdministratorEntersTheAccessToken)

	d.Then(`^the tenant refuses because of "([^"]*)"$`, w.theTenantRefuses)
	d.Then(`^the tenant refuses because the registry says "([^"]*)"$`, w.theTenantRefusesAsTheRegistry)
	d.Then(`^the tenants shown are "([^"]*)"$`, w.theTenantsShownAre)
}

func (w *world) rolesAreAskedFor() error {
	return w.configure(func(s *Settings) { s.Auth = true })
}

// accessToken gets an access token for a role in a global account, or of a
// tenant's administrator in that tenant.
func (w *world) accessToken(ctx context.Context, role, where string) (string, error) {
	if err := w.open(ctx); err != nil {
		return "", err
	}
	want := btpclient.OAuthClient{Role: role, GlobalAccount: where}
	if role == tenantAdministrator {
		want = btpclient.OAuthClient{Role: role, Tenant: where}
	}
	client, err := w.control.CreateOAuthClient(ctx, want)
	if err != nil {
		return "", err
	}
	token, err := w.operator.AccessToken(ctx, client.ID, client.Secret)
	return token.AccessToken, err
}

func (w *world) theOperatorHasNoAccessToken(ctx context.Context) error {
	err := w.open(ctx)
	if err == nil {
		w.operator = w.operator.WithToken("")
	}
	return err
}

func (w *world) theOperatorIs(ctx context.Context, role string) error {
	return w.theOperatorIsOf(ctx, role, defaultAccount)
}

func (w *world) theOperatorIsOf(ctx context.Context, role, where string) error {
	token, err := w.accessToken(ctx, role, where)
	if err == nil {
		w.operator = w.operator.WithToken(token)
	}
	return err
}

func (w *world) theOperatorUsesTheIntegrationToken(name string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	token, err := w.newest(s)
	if err == nil {
		w.operator = w.operator.WithToken(token.Token)
	}
	return err
}

// thereIsTheSystem registers it as somebody who may, whoever the operator is.
func (w *world) thereIsTheSystem(ctx context.Context, systemType, name string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	operator := w.operator
	defer func() { w.operator = operator }()
	if err := w.theOperatorIs(ctx, globalAccountAdministrator); err != nil {
		return err
	}
	if err := w.theOperatorHasRegistered(ctx, systemType, name); err != nil {
		return err
	}
	return w.theOperatorHasGotItsToken(ctx)
}

func (w *world) theTenantsAreAdministeredByNobody(ctx context.Context) error {
	err := w.open(ctx)
	if err == nil {
		w.tenants = w.tenants.WithToken("")
	}
	return err
}

func (w *world) theTenantsAreAdministeredBy(ctx context.Context, role, where string) error {
	token, err := w.accessToken(ctx, role, where)
	if err == nil {
		w.tenants, w.access = w.tenants.WithToken(token), token
	}
	return err
}

func (w *world) theOperatorLooksAt(ctx context.Context, name string) error {
	_, err := w.look(ctx, name)
	w.operated = ended(err)
	return nil
}

func (w *world) theOperatorAddsTheSubaccount(ctx context.Context, subdomain string) error {
	_, err := w.operator.CreateSubaccount(ctx, defaultAccount, btpclient.Subaccount{Subdomain: subdomain, Region: "eu10"})
	w.operated = ended(err)
	return nil
}

func (w *world) theOperatorAddsTheGlobalAccount(ctx context.Context, id string) error {
	_, err := w.operator.CreateGlobalAccount(ctx, btpclient.GlobalAccount{ID: id, Subdomain: id})
	w.operated = ended(err)
	return nil
}

func (w *world) somebodyEntersTheToken(ctx context.Context, tenant string) error {
	token, err := w.newest(w.present)
	if err != nil {
		return err
	}
	return w.enter(ctx, tenant, token.TokenURL)
}

func (w *world) theAdministratorEntersTheAccessToken(ctx context.Context, tenant string) error {
	if w.access == "" {
		return errors.New("the scenario has no administrator with an access token")
	}
	return w.enter(ctx, tenant, w.access)
}

func (w *world) theTenantRefuses(reason string) error {
	return w.administered.refusedBecauseOf("who asked the tenant", reason)
}

// theTenantRefusesAsTheRegistry: the tenant passes the registry's reason on.
func (w *world) theTenantRefusesAsTheRegistry(reason string) error {
	return saysAsTheRegistry("who asked the tenant", w.administered, reason)
}

func (w *world) theTenantsShownAre(ctx context.Context, ids string) error {
	all, err := w.tenants.List(ctx)
	if err != nil {
		return err
	}
	shown := make([]string, len(all))
	for i, t := range all {
		shown[i] = t.ID
	}
	if got := strings.Join(shown, ", "); got != ids {
		return fmt.Errorf("the tenants shown are %q, want %q", got, ids)
	}
	return nil
}
