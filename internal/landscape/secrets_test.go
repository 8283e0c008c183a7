package landscape

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

// guarded is a buffer that may be written to at any time.
type guarded struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (g *guarded) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.Write(p)
}

func (g *guarded) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.String()
}

// TestNoSecretIsToldAgain: while everything happens that can, and while people put
// secrets where they do not belong, no secret gets into the journal, in memory, on
// disk or in any form, into a log, into metrics, or into an answer of the control
// listener.
//
// Rule: token-secret-nowhere
func TestNoSecretIsToldAgain(t *testing.T) {
	for _, edition := range []string{"v1", "v2"} {
		t.Run(edition, func(t *testing.T) {
			t.Parallel()
			var log guarded
			data := filepath.Join(t.TempDir(), "pairsim.db")
			o := observe(t, func(c *Config) {
				c.Edition, c.Data = edition, data
				c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			})
			o.lives(edition)
			o.collect()
			o.misplace()
			o.collect()

			texts := o.journalFormats()
			texts["the messages"] = o.messages()
			texts["the metrics"] = metricsAt(t, o.HTTP)
			wellFormed(t, texts["the metrics"])
			entries, _ := o.Registry().Journal().Read(btp.JournalFilter{})
			inMemory, err := json.Marshal(entries)
			if err != nil {
				t.Fatal(err)
			}
			texts["the journal in memory"], texts["the log"] = string(inMemory), log.String()
			control := 0
			for _, s := range o.exchanges() {
				if s.control {
					control++
					texts["the answer to "+s.method+" "+s.path] += o.answerOf(s)
				}
			}
			if err := o.first.journal.Close(); err != nil { // what waits is written
				t.Fatal(err)
			}
			o.first.journal = nil
			files, err := os.ReadDir(data + ".journal")
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				text, err := os.ReadFile(filepath.Join(data+".journal", file.Name()))
				if err != nil {
					t.Fatal(err)
				}
				texts["the file "+file.Name()] = string(text)
			}
			o.grep(texts)
			for what, least := range map[string]int{"json": 20_000, "mermaid": 5_000, "svg": 20_000, "the log": 2_000, "the messages": 200_000, "the metrics": 5_000, "the file journal-0.ndjson": 20_000} {
				if len(texts[what]) < least {
					t.Errorf("%s has %d bytes, want at least %d: the test looks past it", what, len(texts[what]), least)
				}
			}
			if control < 20 {
				t.Errorf("the control listener answered %d times, want more", control)
			}
		})
	}
}

// messages is what is recorded of all requests and calls.
func (o *observed) messages() string {
	var all strings.Builder
	requests, calls, bodies := 0, 0, 0
	entries, _ := o.Registry().Journal().Read(btp.JournalFilter{})
	for _, e := range entries {
		said, kept := o.first.messages.Find(e.Sequence)
		if !kept {
			continue
		}
		requests++
		if e.Kind == btp.EntryCall {
			calls++
		}
		if said.Request.Body != nil && said.Request.Body.Text != "" {
			bodies++
		}
		text, err := json.Marshal(said)
		o.noError(err)
		all.Write(text)
		all.WriteByte('\n')
	}
	if requests < 500 || calls < 10 || bodies < 100 {
		o.t.Errorf("recorded are %d requests, %d calls and %d bodies of requests: the test looks past them", requests, calls, bodies)
	}
	return all.String()
}

// answerOf is what an answer of the control listener tells beside what its own
// request said, and beside the secret of a client that was just made.
func (o *observed) answerOf(s *seen) string {
	text := string(s.body)
	for _, secret := range o.secrets {
		if strings.Contains(s.path, secret) || bytes.Contains(s.requestBody, []byte(secret)) {
			text = strings.ReplaceAll(text, secret, "")
		}
	}
	if s.method == "POST" && s.path == "/control/oauthClients" && s.status == 201 {
		text = secretField.ReplaceAllString(text, "")
	}
	return text
}

// grep looks for every secret, as it is and as it may be written.
func (o *observed) grep(texts map[string]string) {
	kinds := map[string]int{}
	for what, secret := range o.secrets {
		kinds[strings.SplitN(what, " of ", 2)[0]]++
		if len(secret) < 8 {
			o.t.Errorf("%s is %q: nothing to look for", what, secret)
			continue
		}
		forms := []string{
			secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret)),
			base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		}
		for where, text := range texts {
			if slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(text, form) }) {
				o.t.Errorf("%s holds the %s", where, what)
			}
		}
	}
	for kind, least := range map[string]int{
		"signature": 10, "follow-up token": 5, "release token": 2, "client secret": 5, "access token": 5,
		"private key": 5, "basic password": 1, "signing key": 2, "CA key": 2,
		"CSRF token": 1, "session": 1, "API credential": 4,
	} {
		if kinds[kind] < least {
			o.t.Errorf("%d secrets are a %s, want at least %d: the test looks past them (%v)", kinds[kind], kind, least, kinds)
		}
	}
}

var (
	tokenParameter = regexp.MustCompile(`[?&]token=([A-Za-z0-9_=.%-]+)`)
	releaseField   = regexp.MustCompile(`"releaseToken":"([^"]+)"`)
	secretField    = regexp.MustCompile(`"client_secret":"([^"]+)"`)
	accessField    = regexp.MustCompile(`"access_token":"([^"]+)"`)
	passwordField  = regexp.MustCompile(`"(?:password|clientSecret)":"([^"]{16,})"`)
)

// collect finds every secret that was issued: on the wire, in the store, with the tenants.
func (o *observed) collect() {
	t := o.t
	add := func(kind, secret string) {
		if unescaped, err := url.QueryUnescape(secret); err == nil && strings.Contains(secret, "%") {
			secret = unescaped
		}
		o.secrets[kind+" of "+secret[:min(len(secret), 12)]+"…"] = secret
	}
	for _, s := range o.exchanges() {
		text := strings.Join([]string{s.query, string(s.requestBody), string(s.body)}, "\n") + "\n?" + s.query
		for name, values := range s.requestHeader {
			text += "\n" + strings.Join(values, "\n")
			if user, basic := strings.CutPrefix(values[0], "Basic "); basic && name == "Authorization" {
				if plain, err := base64.StdEncoding.DecodeString(user); err == nil {
					_, secret, _ := strings.Cut(string(plain), ":")
					add("client secret", secret)
				}
			}
		}
		for _, header := range []http.Header{s.requestHeader, s.header} {
			if token := header.Get("X-Csrf-Token"); len(token) > 16 {
				add("CSRF token", token)
			}
			for _, name := range []string{"Cookie", "Set-Cookie"} {
				if _, session, found := strings.Cut(header.Get(name), "SAP_SESSIONID="); found {
					session, _, _ = strings.Cut(session, ";")
					add("session", session)
				}
			}
		}
		for _, found := range accessField.FindAllStringSubmatch(text, -1) {
			add("access token", found[1])
		}
		for _, found := range passwordField.FindAllStringSubmatch(text, -1) {
			add("API credential", found[1])
		}
		for _, token := range jws.FindAllString(text, -1) {
			if signature := token[strings.LastIndexByte(token, '.')+1:]; len(signature) > 40 {
				add("signature", signature)
			}
		}
		for _, found := range tokenParameter.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(found[1], ".") && len(found[1]) > 60 {
				add("follow-up token", found[1])
			}
		}
		for _, found := range releaseField.FindAllStringSubmatch(text, -1) {
			add("release token", found[1])
		}
		for _, found := range secretField.FindAllStringSubmatch(text, -1) {
			add("client secret", found[1])
		}
	}
	add("basic password", password)
	o.mu.Lock()
	keys := slices.Clone(o.keys)
	o.mu.Unlock()
	for _, key := range keys {
		der := must(x509.MarshalPKCS8PrivateKey(key))(t)
		add("private key", base64.StdEncoding.EncodeToString(der)[40:80])
		raw := must(key.(*ecdsa.PrivateKey).Bytes())(t)
		add("private key", hex.EncodeToString(raw))
	}
	err := o.store.View(t.Context(), btp.DefaultEnvironment, func(tx btp.Tx) error {
		keys, err := tx.Keys().List()
		for _, k := range keys {
			add("signing key", base64.StdEncoding.EncodeToString(k.Private)[:40])
			add("signing key", string(k.Private)[max(0, len(k.Private)-60):])
		}
		for _, name := range []string{btp.ClientAuthority, btp.ServerAuthority, btp.AccessTokenAuthority} {
			m, _, err := tx.Authorities().Find(name)
			if err != nil {
				return err
			}
			if lines := strings.Split(string(m.IssuingKeyPEM), "\n"); len(lines) > 1 {
				add("CA key", lines[1])
			}
		}
		return err
	})
	o.noError(err)
}

// misplace puts secrets wherever there is a place for something else.
func (o *observed) misplace() {
	t, ctx := o.t, o.t.Context()
	s := must(o.operator.Register(ctx, "default", "leaky", "SAP Commerce Cloud"))(t)
	token := must(o.operator.IssueToken(ctx, s.ID))(t)
	operator := "Bearer " + o.secrets["access token of Global Account Administrator "]
	secrets := []string{token.Token, o.secrets["client secret of Global Account Administrator "], o.secrets["access token of Global Account Administrator "], o.secrets["follow-up token of Direct"]}
	for _, secret := range secrets {
		if secret == "" {
			t.Fatal("a secret is missing")
		}
		escaped := url.PathEscape(secret)
		for _, base := range []string{o.HTTP, o.MTLS} {
			for _, path := range []string{
				"/" + escaped, "/v1/" + escaped, "/v1/applications/" + escaped, "/" + escaped + "/v1/metadata/services", "/" + escaped + "/v1/events",
				"/api/v1/systems/" + escaped, "/api/v1/systems/" + escaped + "/token", "/api/v1/" + escaped, "/tenants/" + escaped, "/tenants/commerce/pairings/" + escaped,
				"/v1/applications/signingRequests/info%3Ftoken=" + escaped, "/v1/applications/signingRequests/info?token=" + escaped + "x",
				"/v1/applications/signingRequests/info?" + escaped, "/api/v1/systemTypes?" + escaped + "=1", "/api/v1/systemTypes?x=" + escaped,
				"/api/v1/globalAccounts/" + escaped + "/systems", "/api/v1/globalAccounts/default/systems?cursor=" + escaped, "/healthz?token=" + escaped,
			} {
				o.send("GET", base+path, "", "Authorization", operator)
				o.send("PUT", base+path, `{"x":"`+secret+`"}`, "Authorization", operator)
			}
		}
		for name, value := range map[string]string{
			"Pairsim-Tenant": secret, "Pairsim-System-Type": secret, "Idempotency-Key": secret, "If-Match": `"` + secret + `"`, "User-Agent": secret,
			"Content-Type": secret, "Origin": "https://" + secret, "Accept": secret, "X-Forwarded-Client-Cert": secret, "Prefer": secret,
		} {
			o.send("GET", o.HTTP+"/v1/applications/signingRequests/info?token=nothing", "", name, value)
			o.send("POST", o.HTTP+"/api/v1/globalAccounts/default/systems", `{"name":"x","type":"`+secret+`"}`, name, value, "Authorization", operator)
		}
		for _, body := range []string{`{"name":"` + secret + `"}`, secret, `{"` + secret + `":1}`, `{"type":"` + secret + `","name":1}`, `"` + secret} {
			o.send("POST", o.HTTP+"/api/v1/globalAccounts/default/systems", body, "Authorization", operator)
			o.send("POST", o.HTTP+"/api/v1/tokens/inspection", body, "Authorization", operator)
			o.send("POST", o.HTTP+"/v1/applications/certificates?token="+escaped, body)
			o.send("POST", o.HTTP+"/v1/applications/pairsim/pairing-failure?token="+escaped, `{"cause":"`+secret+`"}`)
			o.send("POST", o.HTTP+"/oauth/token", "grant_type="+escaped+"&client_id="+escaped+"&client_secret="+escaped, "Content-Type", "application/x-www-form-urlencoded")
			for _, path := range []string{"/control/clock", "/control/faults", "/control/oauthClients", "/control/verifications", "/control/signingKeys/rotation", "/control/globalAccounts", "/control/" + escaped} {
				o.send("POST", o.Control+path, body)
			}
		}
		o.send(strings.ReplaceAll(secret, "=", ""), o.HTTP+"/healthz", "")
		if len(secret) <= 100 { // a name has so many bytes
			_, _ = o.operator.Register(ctx, "default", "the secret is "+secret[:min(len(secret), 80)], "SAP Commerce Cloud")
			_, _ = o.operator.CreateFormation(ctx, "default", btpclient.NewFormation{Name: strings.ToLower(secret[:40])})
		}
		o.loose(secret)
	}
}

// loose is a client that tells a secret in all that it says.
func (o *observed) loose(secret string) {
	t, ctx := o.t, o.t.Context()
	s := must(o.operator.Register(ctx, "default", "loose "+secret[len(secret)-6:], "SAP Commerce Cloud"))(t)
	token := must(o.operator.IssueToken(ctx, s.ID))(t)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(o.CAPEM)
	c := must(btpclient.New(btpclient.Config{RegistryURL: o.MTLS, RegistryMTLSURL: o.MTLS, RootCAs: roots}))(t)
	defer c.Close()
	info := must(c.SigningRequestInfo(ctx, token.Token, "", secret))(t)
	key := must(o.newKey(ctx))(t)
	own := must(c.Sign(ctx, info.CSRURL, signingRequest(t, info.Certificate.Subject, key)))(t)
	session := c.Authenticated(certificateOf(own, key))
	defer session.Close()
	for _, service := range []btpclient.Service{
		{Provider: secret, Name: "key " + secret, Description: secret, API: &btpclient.API{TargetURL: "http://localhost:1/" + secret, SpecificationURL: "http://localhost:1/" + secret + "?token=" + secret}},
		{Provider: "p", Name: "key " + secret, Description: secret, Identifier: secret, API: &btpclient.API{TargetURL: "http://localhost:1", Credentials: &btpclient.Credentials{Basic: &btpclient.Basic{Username: "u", Password: password}}}},
	} {
		_, _ = session.CreateService(ctx, info.API.MetadataURL, service)
	}
	_ = session.PutTenant(ctx, info.API.MetadataURL, btpclient.Descriptor{TenantID: secret, URL: "http://localhost:1", CallbackURL: "http://localhost:1/" + secret + "?t=" + secret})
	_ = session.PutTenant(ctx, info.API.MetadataURL, btpclient.Descriptor{TenantID: "t " + secret[:40], URL: "http://localhost:1", CallbackURL: "http://localhost:1/" + secret[:40]})
	for _, e := range []btpclient.LegacyEvent{
		{Type: "order.created", Version: "v1", Time: o.Registry().Now(), Data: json.RawMessage(`{"token":"` + secret + `"}`)},
		{Type: strings.ReplaceAll(secret, "=", ""), Version: "v1", Time: o.Registry().Now(), ID: secret, Data: json.RawMessage(`1`)},
		{Type: strings.ReplaceAll(secret, "=", ""), Version: "v1", Time: o.Registry().Now(), Data: json.RawMessage(`1`)},
	} {
		_, _ = session.PublishLegacy(ctx, info.API.EventsURL, e)
	}
	_ = session.ReportPairingFailure(ctx, info.API.InfoURL, "the token "+secret+" is no good")
	if _, err := o.control.AddFault(ctx, btpclient.Fault{Point: "deregistration.complete", Subject: s.ID, Cause: "a fault " + secret}); err != nil {
		t.Log(err)
	}
	_, _ = o.operator.Deregister(ctx, s.ID)
	o.noError(o.control.ClearFaults(ctx))
	for i, err := range o.control.Incidents(ctx, btpclient.IncidentFilter{OpenOnly: true}) {
		o.noError(err)
		_, _ = o.control.ResolveIncident(ctx, i.ID, "it was "+secret)
	}
}
