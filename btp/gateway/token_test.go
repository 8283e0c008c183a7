package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// TestTokensAreKeptUntilTheyExpire: the target never sees one that is over, not even to
// refuse it, because a workload would pay for that with a call.
//
// Rule: gateway-caches
func TestTokensAreKeptUntilTheyExpire(t *testing.T) {
	var w *world
	m := newMock(t, func() time.Time { return w.registry.Now() })
	target := record(t, nil)
	w = open(t, []btp.Service{api("OAuth", target.URL, oauth(m.plain.URL+"/v1/api/oauth/token?token_lifetime=60", mockClient, mockSecret, ""))})
	for _, step := range []struct {
		after  time.Duration
		tokens int
	}{{0, 1}, {59 * time.Second, 1}, {time.Second, 2}, {59 * time.Second, 2}} {
		if step.after > 0 {
			w.advance(step.after)
		}
		expect(t, w.get("/gateway/mp-shop/oauth"), 200, "")
		if got := m.tokensIssued(); got != step.tokens {
			t.Errorf("%s later: %d tokens were fetched, want %d", step.after, got, step.tokens)
		}
	}
	if calls, _, _ := target.seen(); calls != 4 {
		t.Errorf("the target was called %d times, want 4", calls)
	}
}

// Certificate and key that are no pair are the gateway's trouble, not the target's.
func TestKeyThatDoesNotFit(t *testing.T) {
	target := record(t, nil)
	broken, byToken := generated(authority, inAnHour(), ""), withCertificate(authority, inAnHour(), target.URL, "id", "")
	_, other := authority.issue("other", inAnHour())
	broken.CertificateGen.PrivateKeyPEM, byToken.OAuthWithCertificate.PrivateKeyPEM = other, other
	w := open(t, []btp.Service{api("Broken", target.URL, broken), api("Broken token", target.URL, byToken)})
	expect(t, w.get("/gateway/mp-shop/broken"), 500, btp.CredentialsUnusable)
	expect(t, w.get("/gateway/mp-shop/broken-token"), 500, btp.CredentialsUnusable)
	if calls, tokens := w.refusals(btp.PointGatewayCall), w.refusals(btp.PointGatewayToken); len(calls) != 1 || len(tokens) != 1 {
		t.Errorf("got %d refusals of calls and %d of tokens in the journal, want one each", len(calls), len(tokens))
	}
}

// What a token server may say that is no token.
func TestTokenAnswers(t *testing.T) {
	var said string
	tokens := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, said) })
	target := record(t, nil)
	w := open(t, []btp.Service{api("OAuth", target.URL, oauth(tokens.URL, "id", "secret", ""))})
	for name, text := range map[string]string{
		"nothing": "", "not JSON": "<html>", "no token": `{"expires_in":60}`, "an expiry that is no number": `{"access_token":"t","expires_in":"soon"}`,
		"too much": `{"access_token":"` + strings.Repeat("t", 64<<10) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			said = text
			expect(t, w.get("/gateway/mp-shop/oauth"), 502, btp.TokenCallFailed)
		})
	}
	for name, text := range map[string]string{
		"no expiry": `{"access_token":"t"}`, "a past expiry": `{"access_token":"t","expires_in":-1}`, "a distant expiry": `{"access_token":"t","expires_in":9223372036854775807}`,
	} {
		t.Run(name, func(t *testing.T) {
			said = text
			expect(t, w.get("/gateway/mp-shop/oauth"), 200, "")
		})
	}
}

// A token server that hangs is a call that failed; only the target itself times out.
//
// Rule: gateway-errors
func TestTokenServerHangs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	hanging := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	target := record(t, nil)
	w := open(t, []btp.Service{
		api("Token", target.URL, oauth(hanging.URL, "id", "secret", "")), api("CSRF", target.URL, basic("me", "secret", hanging.URL)),
	}, option{timeout: 50 * time.Millisecond})
	expect(t, w.get("/gateway/mp-shop/token"), 502, btp.TokenCallFailed)
	expect(t, w.get("/gateway/mp-shop/csrf"), 502, btp.CSRFCallFailed)
}
