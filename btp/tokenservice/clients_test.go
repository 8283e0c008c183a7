package tokenservice

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pairsim/pairsim/btp"
)

// client makes a client of a platform service, and returns the form of a grant
// without its type.
func (e *env) client(id, service string, authorities ...string) url.Values {
	e.t.Helper()
	var secret string
	err := e.registry.Amend(e.t.Context(), func(s *btp.Step) (err error) {
		secret, err = s.PutServiceClient(btp.ServiceClient{
			ID: id, Subaccount: "dev", Service: service, XSAppName: id + "|" + service, Instance: "i-" + id, Authorities: authorities,
		})
		return err
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return url.Values{"client_id": {id}, "client_secret": {secret}}
}

// user declares a user of dev.
func (e *env) user(name, password string) btp.SubaccountUser {
	e.t.Helper()
	u, err := e.registry.CreateUser(e.t.Context(), btp.DeclaredUser{Subaccount: "dev", Name: name, Password: password})
	if err != nil {
		e.t.Fatal(err)
	}
	return u
}

func with(form url.Values, pairs ...string) string {
	all := url.Values{}
	for name, values := range form {
		all[name] = values
	}
	for i := 0; i < len(pairs); i += 2 {
		all.Set(pairs[i], pairs[i+1])
	}
	return all.Encode()
}

// granted is the token of a request that succeeds, with what it says.
func (e *env) granted(form string, header ...string) (string, jwt.MapClaims) {
	e.t.Helper()
	status, doc, _ := e.ask(form, header...)
	raw, _ := doc["access_token"].(string)
	if status != http.StatusOK {
		e.t.Fatalf("got %d %v, want a token", status, doc)
	}
	parsed, _, err := jwt.NewParser().ParseUnverified(raw, jwt.MapClaims{})
	if err != nil {
		e.t.Fatal(err)
	}
	return raw, parsed.Claims.(jwt.MapClaims)
}

// Rule: token-service
func TestTokenOfAServiceClient(t *testing.T) {
	e := newEnv(t)
	form := e.client("sb-a!b1", "destination")
	_, said := e.granted(with(form, "grant_type", "client_credentials"))
	for name, want := range map[string]any{
		"zid": "dev", "client_id": "sb-a!b1", "cid": "sb-a!b1", "azp": "sb-a!b1", "sub": "sb-a!b1", "grant_type": "client_credentials",
		"iss": "http://sim.test:8080/oauth/token", "user_name": nil, "user_id": nil, "email": nil, "origin": nil,
	} {
		if said[name] != want {
			t.Errorf("claim %s: got %v, want %v", name, said[name], want)
		}
	}
	text, _ := json.Marshal(said)
	for _, want := range []string{
		`"aud":["sb-a!b1","sb-a!b1|destination"]`, `"scope":["uaa.resource"]`,
		`"ext_attr":{"enhancer":"XSUAA","serviceinstanceid":"i-sb-a!b1","subaccountid":"dev","zdn":"dev"}`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got the claims %s, want %s in them", text, want)
		}
	}
	_, said = e.granted(with(e.client("sb-b", "service-manager", "x.read", "x.write"), "grant_type", "client_credentials", "scope", "x.read"))
	if got := said["scope"].([]any); len(got) != 1 || got[0] != "x.read" {
		t.Errorf("got the scopes %v, want the one that was asked for", got)
	}
}

// Rule: token-service
func TestUserTokens(t *testing.T) {
	e := newEnv(t)
	u := e.user("jane@acme.example", "Sesame-1")
	form, other := e.client("sb-a", "xsuaa"), e.client("sb-b", "destination")
	raw, said := e.granted(with(form, "grant_type", "password", "username", "jane@acme.example", "password", "Sesame-1"))
	for name, want := range map[string]any{
		"grant_type": "password", "user_name": "jane@acme.example", "email": "jane@acme.example", "user_id": u.ID, "sub": u.ID, "origin": "sap.default",
		"zid": "dev", "client_id": "sb-a",
	} {
		if said[name] != want {
			t.Errorf("password: claim %s: got %v, want %v", name, said[name], want)
		}
	}
	exchanged, said := e.granted(with(other, "grant_type", jwtBearer, "assertion", raw))
	for name, want := range map[string]any{
		"grant_type": jwtBearer, "user_name": "jane@acme.example", "email": "jane@acme.example", "user_id": u.ID, "zid": "dev", "client_id": "sb-b",
	} {
		if said[name] != want {
			t.Errorf("JWT bearer: claim %s: got %v, want %v", name, said[name], want)
		}
	}
	p, err := e.service.AdmitService(t.Context(), []string{"Bearer " + exchanged}, "destination")
	if err != nil || p.User == nil || p.User.Email != "jane@acme.example" || p.ID != "sb-b" || p.Subaccount != "dev" || p.Instance != "i-sb-b" {
		t.Errorf("the exchanged token stands for %+v, %v", p, err)
	}
	if got, err := e.service.ReadUser(t.Context(), raw, "dev", start); err != nil || got.Name != "jane@acme.example" {
		t.Errorf("the user token is read as %+v, %v", got, err)
	}
}

// TestPlatformClient: command lines log users in as cf, without a secret.
func TestPlatformClient(t *testing.T) {
	e := newEnv(t)
	e.user("jane@acme.example", "Sesame-1")
	const login = "grant_type=password&username=jane@acme.example&password=Sesame-1"
	for about, header := range map[string][]string{
		"its only zone": {"Authorization", basic("cf", "")},
		"x-zid":         {"Authorization", basic("cf", ""), "X-Zid", "dev"},
	} {
		raw, said := e.granted(login, header...)
		if said["zid"] != "dev" || said["cid"] != "cf" {
			t.Errorf("%s: got %v", about, said)
		}
		if p, err := e.service.AdmitService(t.Context(), []string{"Bearer " + raw}, "service-manager"); err != nil || p.User == nil || p.Subaccount != "dev" {
			t.Errorf("%s: it stands for %+v, %v", about, p, err)
		}
		if _, err := e.service.AdmitService(t.Context(), []string{"Bearer " + raw}, "destination"); btp.CodeOf(err) != btp.Forbidden {
			t.Errorf("%s: destinations: %v", about, err)
		}
	}
	if _, said := e.granted(login + "&client_id=cf"); said["cid"] != "cf" {
		t.Errorf("in the form: got %v", said)
	}
	// Two subaccounts that have the same user.
	err := e.registry.Amend(t.Context(), func(s *btp.Step) error {
		return s.Accounts().PutSub(btp.Subaccount{ID: "prod", GlobalAccount: "default", Subdomain: "prod", Region: "eu10"})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.registry.CreateUser(t.Context(), btp.DeclaredUser{Subaccount: "prod", Name: "jane@acme.example", Password: "Sesame-1"}); err != nil {
		t.Fatal(err)
	}
	if status, doc, _ := e.ask(login, "Authorization", basic("cf", "")); status != 400 || !strings.Contains(doc["error_description"].(string), "x-zid") {
		t.Errorf("two zones: got %d %v", status, doc)
	}
	if _, said := e.granted(login, "Authorization", basic("cf", ""), "X-Zid", "prod"); said["zid"] != "prod" {
		t.Errorf("two zones, one named: got %v", said)
	}
}

// Rule: token-service
func TestServiceClientsAreRefused(t *testing.T) {
	e := newEnv(t)
	e.user("jane@acme.example", "Sesame-1")
	form := e.client("sb-a", "destination")
	own, _ := e.granted(with(form, "grant_type", "client_credentials"))
	user, _ := e.granted(with(form, "grant_type", "password", "username", "jane@acme.example", "password", "Sesame-1"))
	role := e.accessToken("admin")
	loaded := e.service.loaded.Load()
	foreign := resigned(t, user, jwt.SigningMethodRS256, loaded.Private, func(_ map[string]any, said jwt.MapClaims) { said["zid"] = "prod" })
	late := resigned(t, user, jwt.SigningMethodRS256, loaded.Private, func(_ map[string]any, said jwt.MapClaims) { said["exp"] = start.Unix() })
	basicCF := []string{"Authorization", basic("cf", "")}
	for _, tt := range []struct {
		name, form string
		header     []string
		status     int
		code, text string
	}{
		{"wrong secret", with(form, "grant_type", "client_credentials", "client_secret", "x"), nil, 401, "invalid_client", "Bad credentials"},
		{"another zone", with(form, "grant_type", "client_credentials"), []string{"X-Zid", "prod"}, 401, "invalid_client", ""},
		{"wrong password", with(form, "grant_type", "password", "username", "jane@acme.example", "password", "wrong"), nil, 401, "invalid_client", "Bad credentials"},
		{"unknown user", with(form, "grant_type", "password", "username", "joe", "password", "Sesame-1"), nil, 401, "invalid_client", "Bad credentials"},
		{"the default user, who is not there", "grant_type=password&username=" + btp.DefaultUserName + "&password=" + btp.DefaultUserPassword, basicCF, 401, "invalid_client", ""},
		{"no user", with(form, "grant_type", "password"), nil, 401, "invalid_client", "Bad credentials"},
		{"cf without a user", "grant_type=client_credentials", basicCF, 401, "invalid_client", "Bad credentials"},
		{"no assertion", with(form, "grant_type", jwtBearer), nil, 400, "invalid_request", "assertion"},
		{"an assertion that is none", with(form, "grant_type", jwtBearer, "assertion", "x.y.z"), nil, 400, "invalid_grant", "assertion"},
		{"a client's own token", with(form, "grant_type", jwtBearer, "assertion", own), nil, 400, "invalid_grant", "no user"},
		{"a token for a role", with(form, "grant_type", jwtBearer, "assertion", role), nil, 400, "invalid_grant", "platform service"},
		{"a user of another zone", with(form, "grant_type", jwtBearer, "assertion", foreign), nil, 400, "invalid_grant", "another zone"},
		{"an expired token", with(form, "grant_type", jwtBearer, "assertion", late), nil, 400, "invalid_grant", "expired"},
		{"a tampered token", with(form, "grant_type", jwtBearer, "assertion", user[:len(user)-4]+"AAAA"), nil, 400, "invalid_grant", "not issued"},
		{"SAML bearer", with(form, "grant_type", "urn:ietf:params:oauth:grant-type:saml2-bearer"), nil, 400, "unsupported_grant_type", "password"},
		{"scope of another", with(form, "grant_type", "client_credentials", "scope", "x"), nil, 400, "invalid_scope", ""},
		{"a password twice", with(form, "grant_type", "password", "username", "a") + "&password=a&password=b", nil, 400, "invalid_request", "more than once"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, doc, _ := e.ask(tt.form, tt.header...)
			text, _ := doc["error_description"].(string)
			if code, _ := doc["error"].(string); status != tt.status || code != tt.code || !strings.Contains(text, tt.text) {
				t.Errorf("got %d %v, want %d %s …%s…", status, doc, tt.status, tt.code, tt.text)
			}
			for _, secret := range []string{form.Get("client_secret"), "Sesame-1", own, user} {
				if strings.Contains(text, secret) || strings.Contains(e.log.String(), secret) {
					t.Errorf("a secret is told: %v, log %s", doc, e.log.String())
				}
			}
		})
	}
}

func TestAdmitService(t *testing.T) {
	e := newEnv(t)
	form := e.client("sb-a", "destination")
	raw, _ := e.granted(with(form, "grant_type", "client_credentials"))
	sent := []string{"Bearer " + raw}
	if p, err := e.service.AdmitService(t.Context(), sent, "destination"); err != nil || p.ID != "sb-a" || p.User != nil || p.Instance != "i-sb-a" {
		t.Errorf("got %+v, %v", p, err)
	}
	if _, err := e.service.AdmitService(t.Context(), sent, "enterprise-messaging"); btp.CodeOf(err) != btp.Forbidden {
		t.Errorf("another service: %v", err)
	}
	for about, wrong := range map[string][]string{
		"none": nil, "a role": {"Bearer " + e.accessToken("admin")}, "no token": {"Bearer x"},
	} {
		if _, err := e.service.AdmitService(t.Context(), wrong, "destination"); btp.CodeOf(err) != btp.Unauthenticated {
			t.Errorf("%s: got %v, want unauthenticated", about, err)
		}
	}
	if _, err := e.service.Admit(t.Context(), sent, btp.LandscapeRead); btp.CodeOf(err) != btp.Unauthenticated {
		t.Errorf("a service's token as a role: %v", err)
	}
	e.advance(Validity)
	if _, err := e.service.AdmitService(t.Context(), sent, "destination"); btp.CodeOf(err) != btp.Unauthenticated {
		t.Errorf("expired: %v", err)
	}
	raw, _ = e.granted(with(form, "grant_type", "client_credentials"))
	if err := e.registry.Amend(t.Context(), func(s *btp.Step) error { return s.DeleteServiceClients("i-sb-a", "") }); err != nil {
		t.Fatal(err)
	}
	if _, err := e.service.AdmitService(t.Context(), []string{"Bearer " + raw}, "destination"); btp.CodeOf(err) != btp.Unauthenticated {
		t.Errorf("after its binding has gone: %v", err)
	}
}

// TestParametersInTheQuery: some clients put what is no secret there.
func TestParametersInTheQuery(t *testing.T) {
	e := newEnv(t)
	form := e.client("sb-a", "enterprise-messaging")
	post := func(target string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, target, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		e.handler.ServeHTTP(w, r)
		return w
	}
	if w := post("/oauth/token?grant_type=client_credentials&response_type=token", "Authorization", basic("sb-a", form.Get("client_secret"))); w.Code != http.StatusOK {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if w := post("/oauth/token?grant_type=client_credentials&client_id=sb-a&client_secret=" + form.Get("client_secret")); w.Code != http.StatusBadRequest {
		t.Errorf("a secret in the query: got %d %s", w.Code, w.Body)
	}
	if w := post("/uaa/dev/oauth/token?grant_type=client_credentials", "Authorization", basic("sb-a", form.Get("client_secret"))); w.Code != http.StatusOK {
		t.Errorf("at its zone's address: got %d %s", w.Code, w.Body)
	}
	if w := post("/uaa/prod/oauth/token?grant_type=client_credentials", "Authorization", basic("sb-a", form.Get("client_secret"))); w.Code != http.StatusUnauthorized {
		t.Errorf("at another zone's address: got %d %s", w.Code, w.Body)
	}
}

func TestDiscovery(t *testing.T) {
	e := newEnv(t)
	for target, base := range map[string]string{"http://sim.test:8080": "http://sim.test:8080", "https://sim.test:8443/uaa/dev": "https://sim.test:8443/uaa/dev"} {
		w := httptest.NewRecorder()
		e.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target+"/.well-known/openid-configuration", nil))
		var doc map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"issuer": base + "/oauth/token", "token_endpoint": base + "/oauth/token", "authorization_endpoint": base + "/oauth/authorize", "jwks_uri": base + "/token_keys",
		} {
			if doc[name] != want {
				t.Errorf("%s: %s is %v, want %s", target, name, doc[name], want)
			}
		}
		w = httptest.NewRecorder()
		e.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target+"/token_keys?zid=dev", nil))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"kty":"RSA"`) {
			t.Errorf("keys: got %d %s", w.Code, w.Body)
		}
	}
}

func TestUsers(t *testing.T) {
	e := newEnv(t)
	for about, d := range map[string]btp.DeclaredUser{
		"no name":          {Subaccount: "dev", Password: "Sesame-1"},
		"no address":       {Subaccount: "dev", Name: "jane", Password: "Sesame-1"},
		"a short password": {Subaccount: "dev", Name: "jane@acme.example", Password: "Sesame"},
		"a strange name":   {Subaccount: "dev", Name: "<jane>@acme.example", Password: "Sesame-1"},
	} {
		if _, err := e.registry.CreateUser(t.Context(), d); btp.CodeOf(err) != btp.InvalidRequest || strings.Contains(err.Error(), "Sesame") {
			t.Errorf("%s: got %v", about, err)
		}
	}
	if _, err := e.registry.CreateUser(t.Context(), btp.DeclaredUser{Subaccount: "nowhere", Name: "a@b.example", Password: "Sesame-1"}); btp.CodeOf(err) != btp.SubaccountNotFound {
		t.Errorf("another subaccount: %v", err)
	}
	e.user("jane@acme.example", "Sesame-1")
	if _, err := e.registry.CreateUser(t.Context(), btp.DeclaredUser{Subaccount: "dev", Name: "jane@acme.example", Password: "Sesame-1"}); btp.CodeOf(err) != btp.NameTaken {
		t.Errorf("twice: %v", err)
	}
	all, err := e.registry.Users(t.Context())
	if err != nil || len(all) != 1 || all[0].Subaccount != "dev" || !slices.Equal([]string{all[0].Name, all[0].Email, all[0].Origin}, []string{"jane@acme.example", "jane@acme.example", "sap.default"}) {
		t.Errorf("got %+v, %v", all, err)
	}
	if err := e.registry.DeleteUser(t.Context(), "dev", "jane@acme.example"); err != nil {
		t.Error(err)
	}
	if err := e.registry.DeleteUser(t.Context(), "dev", "jane@acme.example"); btp.CodeOf(err) != btp.UserNotFound {
		t.Errorf("deleted twice: %v", err)
	}
}
