package story

import (
	"context"
	"fmt"
	"net/http"

	"github.com/pairsim/pairsim/btpclient"
)

// invalidToken is what the connector says of any bad token (pairing-protocols §1.3).
const invalidToken = "Invalid token."

// secondSystem is one more for the Commerce tenant, whose token goes wrong.
const secondSystem = "Outlet"

// refusals is the chapter about tokens that come too late, to the wrong product,
// and a second time (SEED-000 step 8, Note). Between them the same system is
// paired after all.
func (t *teller) refusals(ctx context.Context) error {
	shop := products[0]
	t.heading("What is refused", "SEED-000, steps 6, 8 (Note) and 9")
	t.step("1-3", "%s: %q, a second %s. Nobody uses its token.", t.cockpit.registerButton, secondSystem, shop.systemType)
	id, token, err := t.register(ctx, shop, secondSystem, "4")
	if err != nil {
		return err
	}
	if err := t.form(ctx, "7", id, secondSystem); err != nil {
		return err
	}
	if err := t.late(ctx, shop, id, token); err != nil {
		return err
	}
	t.step("6", "%s gives a new token. First, by mistake, it goes to another product:", t.cockpit.tokenButton)
	if token, err = t.newToken(ctx, shop, "", id); err != nil {
		return err
	}
	if err := t.wrongProduct(ctx, id, token); err != nil {
		return err
	}
	t.step("8", "Nothing was spent: the same token pairs in the right tenant, by the eight steps that you saw.")
	shop.untold = true
	if err := t.enter(ctx, shop, steps{}, token); err != nil {
		return err
	}
	if err := t.inCockpit(ctx, "9", id, t.cockpit.registered); err != nil {
		return err
	}
	t.step("8", "A token is used once, for one system: presented again, it is refused.")
	if err := t.presentAgain(ctx, token, "", "token-used"); err != nil {
		return err
	}
	t.outcome("Each time the connector says %q; why, stands in the header Pairsim-Reason.", invalidToken)
	return nil
}

// late lets the token expire: the tenant refuses it, the connector too, and the
// status stays as it was.
func (t *teller) late(ctx context.Context, p product, id string, token btpclient.IntegrationToken) error {
	clock, err := t.control.Advance(ctx, p.validity)
	if err != nil {
		return err
	}
	t.step("8", "The token is valid for %s, and they pass:", lasting(p.validity))
	t.wire("", "you", "control", t.last, 1, "it is "+clock.Now.UTC().Format("15:04:05"))
	if clock.Now.Before(token.ExpiresAt) {
		return fmt.Errorf("the clock shows %s, the token expires at %s", clock.Now, token.ExpiresAt)
	}
	if err := t.fails(ctx, p.tenant, token, "token-expired"); err != nil {
		return err
	}
	if err := t.presentAgain(ctx, token, "", "token-expired"); err != nil {
		return err
	}
	return t.inCockpit(ctx, "9", id, t.cockpit.empty)
}

// wrongProduct pastes the token in a tenant of another product.
func (t *teller) wrongProduct(ctx context.Context, id string, token btpclient.IntegrationToken) error {
	other := products[2]
	if err := t.fails(ctx, other.tenant, token, "token-wrong-type"); err != nil {
		return err
	}
	if err := t.presentAgain(ctx, token, other.systemType, "token-wrong-type"); err != nil {
		return err
	}
	return t.inCockpit(ctx, "9", id, t.cockpit.empty)
}

// fails pastes a token that the tenant itself finds bad, before the connector
// hears of it.
func (t *teller) fails(ctx context.Context, tenant string, token btpclient.IntegrationToken, reason string) error {
	r, err := t.paste(ctx, tenant, "", token)
	if err != nil {
		return err
	}
	if r, err = t.tenants.EndedPairing(ctx, tenant, r.ID); err != nil {
		return err
	}
	read := t.last
	t.journey(tenant, r)
	t.wire("", "admin", tenant, read, 1, t.in(yellow, r.Status.Label))
	if err := expect("row of tenant "+tenant, r.Status.Code, btpclient.PairingFailed); err != nil {
		return err
	}
	t.quoted(r.Cause)
	return expect("reason of the row of tenant "+tenant, r.Reason, reason)
}

// presentAgain shows the token to the connector, which says why in our header only.
func (t *teller) presentAgain(ctx context.Context, token btpclient.IntegrationToken, systemType, reason string) error {
	refused, err := t.present(ctx, token.Token, systemType)
	if err != nil {
		return err
	}
	t.wire("", "someone", "registry", t.last, 1, t.in(yellow, refused.Reason))
	got := fmt.Sprintf("%d %s %s", refused.Status, refused.Message, refused.Reason)
	return expect("refusal by the connector", got, fmt.Sprintf("%d %s %s", http.StatusForbidden, invalidToken, reason))
}
