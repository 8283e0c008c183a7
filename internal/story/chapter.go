package story

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// pairing is the chapter of one product.
func (t *teller) pairing(ctx context.Context, p product) error {
	t.heading(p.systemType, p.source)
	tenant, err := t.tenants.Tenant(ctx, p.tenant)
	if err != nil {
		return err
	}
	if err := expect("product of tenant "+p.tenant, tenant.Product, p.systemType); err != nil {
		return err
	}
	t.step(p.steps.register, "System Landscape > Systems > %s: %q (%s).", t.cockpit.registerButton, p.system, p.systemType)
	id, token, err := t.register(ctx, p, p.system, p.steps.getToken)
	if err != nil {
		return err
	}
	t.step(p.steps.copy, "Copy the %s %s, valid for %s; send it to the administrator.", t.cockpit.token, shortened(token.Token), lasting(p.validity))
	before, _, _ := strings.Cut(token.TokenURL, "token=")
	t.print(pad("", marginCol) + before + "token=" + shortened(token.Token))
	if err := t.inCockpit(ctx, p.steps.listed, id, t.cockpit.empty); err != nil {
		return err
	}
	if p.formed {
		if err := t.form(ctx, p.steps.formation, id, p.system); err != nil {
			return err
		}
	}
	section := ""
	if p.sectioned {
		section = " > " + t.cockpit.extensionSection
	}
	t.step(p.steps.console, "%s%s: new %s, paste as %s.", tenant.Console.Path, section, tenant.Console.Row, tenant.Console.Field)
	if err := t.enter(ctx, p, p.steps, token); err != nil {
		return err
	}
	if err := t.inCockpit(ctx, p.steps.refresh, id, t.cockpit.registered); err != nil {
		return err
	}
	if p.formed {
		if err := t.seen(ctx, id); err != nil {
			return err
		}
	}
	return t.published(ctx, p, id)
}

// register makes a system and its first token: in one go where the cockpit gives
// it at once.
func (t *teller) register(ctx context.Context, p product, name, tokenStep string) (id string, token btpclient.IntegrationToken, err error) {
	s, err := t.operator.Register(ctx, globalAccount, name, p.systemType)
	if err != nil {
		return "", token, err
	}
	t.cast = append(t.cast, member{s.ID, p.tenant})
	if !t.cockpit.tokenAtOnce {
		t.wire("", "operator", "registry", t.last, 1, "no token yet")
		if s.IntegrationToken != nil {
			return "", token, errors.New("the new system has a token; the documents say: not before " + t.cockpit.tokenButton)
		}
		token, err = t.newToken(ctx, p, tokenStep, s.ID)
		return s.ID, token, err
	}
	t.wire("", "operator", "registry", t.last, 1, "with its token")
	if s.IntegrationToken == nil {
		return "", token, errors.New("the new system has no token; the documents say: at once")
	}
	return s.ID, *s.IntegrationToken, validFor(*s.IntegrationToken, p.validity)
}

// newToken is Display token or Get Token.
func (t *teller) newToken(ctx context.Context, p product, step, id string) (btpclient.IntegrationToken, error) {
	token, err := t.operator.IssueToken(ctx, id)
	if err != nil {
		return token, err
	}
	t.wire(step, "operator", "registry", t.last, 1, t.cockpit.tokenButton)
	return token, validFor(token, p.validity)
}

func validFor(token btpclient.IntegrationToken, validity time.Duration) error {
	return expect("validity of the token", token.ExpiresAt.Sub(token.IssuedAt).String(), validity.String())
}

// shortened is a token without its secret: its first characters only say what
// kind of token it is.
func shortened(token string) string {
	const shown = 12
	return token[:min(shown, len(token))] + "…"
}

// inCockpit looks at the row of a system: refreshing the page is the only way to
// see a change (SEED-000 step 9).
func (t *teller) inCockpit(ctx context.Context, step, id, status string) error {
	s, err := t.operator.System(ctx, id)
	if err != nil {
		return err
	}
	t.wire(step, "operator", "registry", t.last, 1, t.in(bold, shown(s.Status.Label)))
	err = expect("status of "+s.Name, s.Status.Label, status)
	if err != nil && s.Error != nil {
		err = fmt.Errorf("%w: %s", err, s.Error.Cause)
	}
	return err
}

// enter pastes the token in the tenant of p and sees the row to Registered.
func (t *teller) enter(ctx context.Context, p product, number steps, token btpclient.IntegrationToken) error {
	r, err := t.paste(ctx, p.tenant, number.enter, token)
	if err != nil {
		return err
	}
	if p.inProgress != "" {
		if err := expect("new row of tenant "+p.tenant, r.Status.Label, p.inProgress); err != nil {
			return err
		}
	}
	if r, err = t.tenants.EndedPairing(ctx, p.tenant, r.ID); err != nil {
		return err
	}
	read := t.last
	if !p.untold {
		t.journey(p.tenant, r)
	}
	t.wire(number.done, "admin", p.tenant, read, 1, t.in(bold, r.Status.Label))
	return paired(p, r)
}

// paste enters a token as the administrator of a tenant does.
func (t *teller) paste(ctx context.Context, tenant, step string, token btpclient.IntegrationToken) (btpclient.TenantPairing, error) {
	r, err := t.tenants.StartPairing(ctx, tenant, token.TokenURL, "")
	if err != nil {
		return r, err
	}
	t.wire(step, "admin", tenant, t.last, 1, r.Status.Label)
	return r, expect("new row of tenant "+tenant, r.Status.Code, btpclient.PairingInProgress)
}

// route is the way of a pairing over the wire (pairing-protocols §1.9, design
// §4): what each call is for, and the status that it gives.
var route = []struct {
	step    string
	status  int
	meaning string
}{
	{"configuration", 200, ""},
	{"keys", 200, "token checked"},
	{"info", 200, "token spent"},
	{"certificate", 201, "CSR signed"},
	{"managementInfo", 200, "over mTLS now"},
	{"services", 200, ""},
	{"service", 200, "APIs, events"},
	{"tenant", 204, "descriptor"},
}

// meaning is what a call was for, if it gave what it was made for.
func meaning(c btpclient.Call) string {
	for _, r := range route {
		if r.step == c.Step && r.status == c.Status {
			return r.meaning
		}
	}
	return ""
}

// leg is calls of a row that follow each other and are alike.
type leg struct {
	btpclient.Call
	times int
}

func legs(r btpclient.TenantPairing) []leg {
	var all []leg
	for _, c := range r.Calls {
		call := btpclient.Call{Step: c.Step, Method: c.Method, Path: c.Path, Status: c.Status}
		if last := len(all) - 1; last >= 0 && all[last].Call == call {
			all[last].times++
			continue
		}
		all = append(all, leg{call, 1})
	}
	return all
}

// journey shows what the tenant did for a row.
func (t *teller) journey(tenant string, r btpclient.TenantPairing) {
	for _, l := range legs(r) {
		t.wire("", tenant, "registry", l.Call, l.times, meaning(l.Call))
	}
}

// paired holds a row against the documents.
func paired(p product, r btpclient.TenantPairing) error {
	if r.Status.Code != btpclient.PairingRegistered {
		return fmt.Errorf("tenant %s: the row is %s (%s): %s", p.tenant, r.Status.Label, r.Status.Code, r.Cause)
	}
	if p.registered != "" {
		if err := expect("row of tenant "+p.tenant, r.Status.Label, p.registered); err != nil {
			return err
		}
	}
	var went, want []string
	for _, l := range legs(r) {
		went = append(went, fmt.Sprintf("%s %d", l.Step, l.Status))
	}
	for _, one := range route {
		want = append(want, fmt.Sprintf("%s %d", one.step, one.status))
	}
	if !slices.Equal(went, want) {
		return expect("calls of tenant "+p.tenant, strings.Join(went, ", "), strings.Join(want, ", "))
	}
	return nil
}

// published says what the system exposes since it is paired (SEED-000 Results).
func (t *teller) published(ctx context.Context, p product, id string) error {
	s, err := t.operator.System(ctx, id)
	if err != nil {
		return err
	}
	apis, events := 0, 0
	for _, one := range s.Services {
		if one.API {
			apis++
		}
		if one.Events {
			events++
		}
	}
	types, err := t.eventTypes(ctx, p.tenant, p.events)
	if err != nil {
		return err
	}
	if apis == 0 || events != 1 || types == 0 {
		return fmt.Errorf("%s publishes %d APIs and %d events services with %d types; the documents say: all exposed services and events", s.Name, apis, events, types)
	}
	t.outcome("Application %s publishes %d services: %s, and %d types of events.", s.ApplicationName, len(s.Services), count(apis, "API"), types)
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
