package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/btpclient"
)

// tenantSteps are what the administrator of a simulated tenant does and sees.
func (w *world) tenantSteps(d definitions) {
	d.Given(`^the administrator of tenant "([^"]*)" has entered the token$`, w.theAdministratorHasEntered)
	d.Given(`^the administrator of tenant "([^"]*)" has got and entered the token$`, w.theAdministratorHasGotAndEntered)
	d.Given(`^the administrator of tenant "([^"]*)" has entered the token in vain$`, w.theAdministratorHasEnteredInVain)
	d.Given(`^the tenant "([^"]*)" has renewed its certificate$`, w.theTenantHasRenewed)
	d.Given(`^the administrator of tenant "([^"]*)" has revoked the certificate$`, w.theAdministratorHasRevoked)
	d.Given(`^tenants do not renew their certificates by themselves$`, w.tenantsDoNotRenew)

	d.When(`^the administrator of tenant "([^"]*)" enters the token$`, w.theAdministratorEnters)
	d.When(`^the administrator of tenant "([^"]*)" enters the token as (token URL|bare token|encoded token)$`, w.theAdministratorEntersAs)
	d.When(`^the administrator of tenant "([^"]*)" enters a token that is (.+)$`, w.theAdministratorEntersForged)
	d.When(`^the administrator of tenant "([^"]*)" (revokes|renews) the certificate$`, w.theAdministratorKeepsUp)
	d.When(`^the tenant "([^"]*)" sends the event "([^"]*)" "([^"]*)"$`, w.theTenantSends)

	d.Then(`^the tenant shows "([^"]*)"$`, w.theTenantShows)
	d.Then(`^the tenant shows a failure that names "([^"]*)"$`, w.theTenantShowsFailure)
	d.Then(`^the tenant showed "([^"]*)" while it paired$`, w.theTenantShowedMeanwhile)
	d.Then(`^the tenant advises "([^"]*)"$`, w.theTenantAdvises)
	d.Then(`^the tenant "([^"]*)" shows that its certificate is (revoked|not revoked)$`, w.theTenantShowsCertificate)
	d.Then(`^the certificate of "([^"]*)" is shown as (valid|barred from renewal|revoked)$`, w.theCertificateIsShownAs)
	d.Then(`^the event is accepted$`, w.theEventIsAccepted)
	d.Then(`^the event is refused because of "([^"]*)"$`, w.theEventIsRefused)
	d.Then(`^the event is refused because the registry says "([^"]*)"$`, w.theEventIsRefusedAsTheRegistry)
}

func (w *world) theAdministratorHasEntered(ctx context.Context, tenant string) error {
	if err := w.theAdministratorEnters(ctx, tenant); err != nil {
		return err
	}
	if w.administered.err != nil {
		return w.administered.err
	}
	row, err := w.row(ctx)
	if err != nil {
		return err
	}
	if row.Status.Code != "registered" {
		return fmt.Errorf("tenant %s shows %q (%s), want a completed pairing", tenant, row.Status.Label, row.Cause)
	}
	return nil
}

// theAdministratorHasGotAndEntered is for both editions: one of them makes the
// token with the system, the other when it is asked.
func (w *world) theAdministratorHasGotAndEntered(ctx context.Context, tenant string) error {
	if err := w.theOperatorHasGotItsToken(ctx); err != nil {
		return err
	}
	return w.theAdministratorHasEntered(ctx, tenant)
}

func (w *world) theAdministratorHasEnteredInVain(ctx context.Context, tenant string) error {
	if err := w.theAdministratorEnters(ctx, tenant); err != nil {
		return err
	}
	return w.theTenantShowsFailure(ctx, "")
}

func (w *world) theAdministratorEnters(ctx context.Context, tenant string) error {
	return w.theAdministratorEntersAs(ctx, tenant, "token URL")
}

func (w *world) theAdministratorEntersAs(ctx context.Context, tenant, form string) error {
	token, err := w.newest(w.present)
	if err != nil {
		return err
	}
	text := map[string]string{"token URL": token.TokenURL, "bare token": token.Token, "encoded token": token.Encoded}[form]
	return w.enter(ctx, tenant, text)
}

func (w *world) theAdministratorEntersForged(ctx context.Context, tenant, kind string) error {
	token, err := w.notOurs(ctx, kind)
	if err != nil {
		return err
	}
	return w.enter(ctx, tenant, token)
}

// enter waits until the pairing has ended; its row tells how. A tenant that does
// not take the token at all refuses its administrator.
func (w *world) enter(ctx context.Context, tenant, text string) error {
	w.tenant = tenant
	row, err := w.tenants.StartPairing(ctx, tenant, text, "")
	w.administered, w.shownFirst = ended(err), row.Status.Label
	if err == nil {
		_, err = w.tenants.EndedPairing(ctx, tenant, row.ID)
		return err
	}
	return nil
}

// row is the newest row in the console of the tenant that the scenario speaks of.
func (w *world) row(ctx context.Context) (btpclient.TenantPairing, error) {
	if w.tenant == "" {
		return btpclient.TenantPairing{}, errors.New("no token has been entered in a tenant")
	}
	rows, err := w.tenants.Pairings(ctx, w.tenant)
	if err != nil {
		return btpclient.TenantPairing{}, err
	}
	if len(rows) == 0 {
		return btpclient.TenantPairing{}, fmt.Errorf("tenant %s shows no row, want one", w.tenant)
	}
	return rows[0], nil
}

func (w *world) theTenantHasRenewed(ctx context.Context, tenant string) error {
	_, err := w.tenants.Renew(ctx, tenant)
	return err
}

func (w *world) theTenantSends(ctx context.Context, tenant, event, version string) error {
	_, err := w.tenants.SendEvent(ctx, tenant, event, version, []byte(`{"orderCode":"0001"}`))
	w.published = ended(err)
	return nil
}

func (w *world) theTenantShows(ctx context.Context, label string) error {
	row, err := w.row(ctx)
	if err != nil {
		return err
	}
	if err := w.administered.accepted("the administrator"); err != nil {
		return err
	}
	if row.Status.Label != label {
		return fmt.Errorf("tenant %s shows %q (%s), want %q", w.tenant, row.Status.Label, row.Cause, label)
	}
	return nil
}

func (w *world) theTenantShowsFailure(ctx context.Context, text string) error {
	row, err := w.row(ctx)
	if err != nil {
		return err
	}
	if err := w.administered.accepted("the administrator"); err != nil {
		return err
	}
	if !row.Failed() || !strings.Contains(row.Cause, text) {
		return fmt.Errorf("tenant %s shows %q (%s), want a failure that names %q", w.tenant, row.Status.Label, row.Cause, text)
	}
	return nil
}

func (w *world) theTenantShowedMeanwhile(label string) error {
	if w.shownFirst != label {
		return fmt.Errorf("the new row in tenant %s showed %q at first, want %q", w.tenant, w.shownFirst, label)
	}
	return nil
}

func (w *world) theTenantAdvises(ctx context.Context, text string) error {
	row, err := w.row(ctx)
	if err != nil {
		return err
	}
	if !strings.Contains(row.Next, text) {
		return fmt.Errorf("tenant %s advises %q, want advice that names %q", w.tenant, row.Next, text)
	}
	return nil
}

func (w *world) theEventIsAccepted() error { return w.published.accepted("the tenant's event") }

func (w *world) theEventIsRefused(reason string) error {
	return w.published.refusedBecauseOf("the tenant's event", reason)
}

func (w *world) tenantsDoNotRenew() error {
	return w.configure(func(s *Settings) { s.NoTenantRenewal = true })
}

// theEventIsRefusedAsTheRegistry: the tenant passes the registry's reason on.
func (w *world) theEventIsRefusedAsTheRegistry(reason string) error {
	return saysAsTheRegistry("the tenant's event", w.published, reason)
}

func saysAsTheRegistry(who string, o outcome, reason string) error {
	if err := o.refusedBecauseOf(who, "registry-refused"); err != nil {
		return err
	}
	if said := o.err.Error(); !strings.Contains(said, reason) {
		return fmt.Errorf("the tenant does not pass %q on: %s", reason, said)
	}
	return nil
}

func (w *world) theAdministratorKeepsUp(ctx context.Context, tenant, how string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	do := w.tenants.Renew
	if how == "revokes" {
		do = w.tenants.Revoke
	}
	_, err := do(ctx, tenant)
	w.administered = ended(err)
	return nil
}

func (w *world) theAdministratorHasRevoked(ctx context.Context, tenant string) error {
	if err := w.theAdministratorKeepsUp(ctx, tenant, "revokes"); err != nil {
		return err
	}
	return w.administered.err
}

// theTenantShowsCertificate looks at the tenant, and at the row that it is paired by.
func (w *world) theTenantShowsCertificate(ctx context.Context, tenant, state string) error {
	if err := w.administered.accepted("the administrator"); err != nil {
		return err
	}
	t, err := w.tenants.Tenant(ctx, tenant)
	if err != nil {
		return err
	}
	if t.Connection == nil || t.Connection.Certificate == nil {
		return fmt.Errorf("tenant %s shows no certificate", tenant)
	}
	rows, err := w.tenants.Pairings(ctx, tenant)
	if err != nil {
		return err
	}
	shown := *t.Connection.Certificate
	at := slices.IndexFunc(rows, func(r btpclient.TenantPairing) bool { return r.ID == t.Connection.Pairing })
	if at < 0 || rows[at].Certificate == nil || *rows[at].Certificate != shown || shown.Revoked != (state == "revoked") {
		return fmt.Errorf("tenant %s shows the certificate %+v, and its rows are %+v", tenant, shown, rows)
	}
	return nil
}

// theCertificateIsShownAs looks at the system's newest certificate in the cockpit.
func (w *world) theCertificateIsShownAs(ctx context.Context, name, state string) error {
	s, err := w.look(ctx, name)
	if err != nil {
		return err
	}
	if state == "barred from renewal" {
		state = "renewalBlocked"
	}
	if len(s.Certificates) != 1 || s.Certificates[0].State != state {
		return fmt.Errorf("the system %q shows the certificates %+v, want one that is %s", name, s.Certificates, state)
	}
	return nil
}
