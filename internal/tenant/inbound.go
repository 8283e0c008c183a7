package tenant

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// How communication users of arrangements call the product's APIs, beside the
// credentials that the tenant registered at its pairing.

const (
	samlGrant          = "urn:ietf:params:oauth:grant-type:saml2-bearer"
	maxAssertionForm   = 100 << 10 // bytes
	maxKnownAssertions = 10_000
)

// caller is an arrangement whose user calls an API.
type caller struct {
	arrangement arrangement
	apis        map[string]bool // by identifier, those that its scenario has
}

// callerOf is the arrangement that is called with, in use, and nil for none. wanted
// is asked while t.mu is held.
func (t *Tenant) callerOf(wanted func(*arrangement) bool) *caller {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.arrangementBy(func(a *arrangement) bool { return a.User != "" && wanted(a) })
	if a == nil || !t.working(a) {
		return nil
	}
	c := &caller{*a, map[string]bool{}}
	s, _ := t.scenario(a.scenarioID())
	for _, in := range s.InboundServices {
		if in.API != "" {
			c.apis[in.API] = true
		}
	}
	return c
}

// byPassword finds the arrangement of a communication user for one way of coming in.
func (t *Tenant) byPassword(user, password string, way Authentication) *caller {
	if user == "" || len(user) > maxName {
		return nil
	}
	digest := digestOf(password)
	return t.callerOf(func(a *arrangement) bool { return a.inbound() == way && same(user, a.User) && same(digest, a.Password) })
}

// arranged lets in who calls with the credentials of an arrangement: by Basic, with
// an access token, or with a client certificate. known is false for anybody else;
// allowed, when the scenario has the API, too.
func (t *Tenant) arranged(r *http.Request, a API) (allowed, known bool) {
	if t.cfg.Product.Communication == nil {
		return false, false
	}
	var c *caller
	header := r.Header.Get("Authorization")
	scheme, token, _ := strings.Cut(header, " ")
	switch user, password, basic := r.BasicAuth(); {
	case len(header) > maxCredentials:
		return false, false
	case basic:
		c = t.byPassword(user, password, BasicAuthentication)
	case strings.EqualFold(scheme, "Bearer"):
		return t.byToken(strings.TrimSpace(token), a)
	case header == "" && r.TLS != nil && len(r.TLS.PeerCertificates) > 0:
		c = t.byCertificate(r)
	}
	return c != nil && c.apis[a.Identifier], c != nil
}

// byCertificate finds the arrangement whose client certificate the call came with:
// this very one, while it is valid.
func (t *Tenant) byCertificate(r *http.Request) *caller {
	presented := r.TLS.PeerCertificates[0]
	if now := t.now(); now.Before(presented.NotBefore) || now.After(presented.NotAfter) {
		return nil
	}
	return t.callerOf(func(a *arrangement) bool {
		if a.Wanted.ClientCertificate == nil {
			return false
		}
		own, err := certificateOf(a.Wanted.ClientCertificate.Certificate)
		return err == nil && own.Equal(presented)
	})
}

func (t *Tenant) byToken(token string, a API) (allowed, known bool) {
	t.apis.mu.Lock()
	grant, there := t.apis.tokens[token]
	t.apis.mu.Unlock()
	if !there || grant.arrangement == "" || !t.now().Before(grant.expires) {
		return false, false
	}
	c := t.callerOf(func(a *arrangement) bool { return a.ID == grant.arrangement })
	if c == nil { // it has ended since
		return false, false
	}
	return c.apis[a.Identifier] && (grant.apis == nil || grant.apis[a.Identifier]), true
}

// issueForAssertion is the token endpoint for SAML bearer assertions (RFC 7522): a
// communication user, by Basic, exchanges one for an access token.
func (t *Tenant) issueForAssertion(w http.ResponseWriter, r *http.Request) {
	refused := oauthRefusal(w)
	if !tokenRequest(w, r, maxAssertionForm, refused) {
		return
	}
	for name, values := range r.PostForm {
		if len(values) > 1 {
			refused(http.StatusBadRequest, "invalid_request", "the parameter "+clip(name, 40)+" is there twice")
			return
		}
	}
	switch grant := r.PostForm.Get("grant_type"); grant {
	case samlGrant:
	case "":
		refused(http.StatusBadRequest, "invalid_request", "grant_type is missing")
		return
	default:
		refused(http.StatusBadRequest, "unsupported_grant_type", "grant_type must be "+samlGrant)
		return
	}
	user, password, basic := r.BasicAuth()
	var c *caller
	if basic && len(r.Header.Get("Authorization")) <= maxCredentials {
		if c = t.byPassword(user, password, OAuth2SAMLBearerAssertion); c == nil { // each form-encoded within (RFC 6749 §2.3.1)
			c = t.byPassword(unescaped(user), unescaped(password), OAuth2SAMLBearerAssertion)
		}
	}
	if id := r.PostForm.Get("client_id"); c == nil || id != "" && id != c.arrangement.User {
		w.Header().Set("WWW-Authenticate", `Basic realm="oauth"`)
		refused(http.StatusUnauthorized, "invalid_client", "the client is no communication user of an arrangement for SAML bearer assertions, or its password is wrong")
		return
	}
	assertion := r.PostForm.Get("assertion")
	if assertion == "" {
		refused(http.StatusBadRequest, "invalid_request", "assertion is missing")
		return
	}
	granted, scope, ok := t.scopeOf(c, r.PostForm.Get("scope"))
	if !ok {
		refused(http.StatusBadRequest, "invalid_scope", "scope may hold inbound services of the arrangement: "+scope)
		return
	}
	t.askTime(r.Context())
	if err := t.accept(r.Context(), assertion, c); err != "" {
		refused(http.StatusBadRequest, "invalid_grant", err)
		return
	}
	token := t.grantAccess(accessGrant{arrangement: c.arrangement.ID, apis: granted, expires: t.now().Add(tokenLifetime)})
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": token, "token_type": "Bearer", "expires_in": int(tokenLifetime / time.Second), "scope": scope,
	})
}

// scopeOf are the APIs that a scope asks for; none: all. The scope is the inbound
// services' ids, of what is granted or could be.
func (t *Tenant) scopeOf(c *caller, wanted string) (apis map[string]bool, scope string, ok bool) {
	t.mu.Lock()
	s, _ := t.scenario(c.arrangement.scenarioID())
	t.mu.Unlock()
	ids := make([]string, len(s.InboundServices))
	for i, in := range s.InboundServices {
		ids[i] = in.ID
	}
	if strings.TrimSpace(wanted) == "" {
		return nil, strings.Join(ids, " "), true
	}
	apis = map[string]bool{}
	for one := range strings.FieldsSeq(wanted) {
		at := slices.Index(ids, one)
		if at < 0 {
			return nil, strings.Join(ids, " "), false
		}
		apis[s.InboundServices[at].API] = true
	}
	return apis, strings.Join(strings.Fields(wanted), " "), true
}

// accept tells why an assertion is no grant; "" when it is one, which is remembered
// so that it is none again.
func (t *Tenant) accept(ctx context.Context, assertion string, c *caller) string {
	trust := c.arrangement.Wanted.SAMLTrust
	certificate, err := certificateOf(trust.Certificate)
	if err != nil {
		return "the arrangement's trusted certificate cannot be read"
	}
	now := t.now()
	v, err := verifyAssertion(assertion, assertionUse{
		issuer: trust.Issuer, certificate: certificate, audience: t.base, recipient: t.tokenServiceURL(), now: now,
	})
	if err != nil {
		return "the assertion is refused: " + err.Error()
	}
	refusal := ""
	err = t.amend(ctx, func(next *communication) error {
		known := map[string]int64{}
		for id, until := range next.Assertions {
			if until > now.Unix() {
				known[id] = until
			}
		}
		key := digestOf(c.arrangement.ID + "\x00" + v.id)
		switch {
		case len(next.Users) > 0 && !slices.ContainsFunc(next.Users, func(u string) bool { return strings.EqualFold(u, v.subject) }):
			refusal = "the assertion is refused: the tenant has no user with the e-mail address of its subject"
		case known[key] != 0:
			refusal = "the assertion is refused: it has been used already"
		case len(known) >= maxKnownAssertions:
			refusal = "the assertion is refused: too many are valid at once"
		default:
			known[key] = v.expires.Unix() + 1
			next.Assertions = known
		}
		return nil
	})
	if err != nil {
		t.cfg.Logger.Error("assertion not accepted", "error", err)
		return "the assertion cannot be taken now; ask again"
	}
	return refusal
}
