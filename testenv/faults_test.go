package testenv

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// askers ask over a listener: plain HTTP/1.1, or TLS, where HTTP/2 is spoken.
func askers(t *testing.T, e *Env) map[string]*http.Client {
	t.Helper()
	h2 := &http.Client{Transport: &http.Transport{TLSClientConfig: e.TLS(), ForceAttemptHTTP2: true}}
	// On a connection that was used before, a GET without answer would be tried again.
	h1 := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	t.Cleanup(h2.CloseIdleConnections)
	t.Cleanup(h1.CloseIdleConnections)
	return map[string]*http.Client{e.HTTP(): h1, e.MTLS(): h2}
}

type answered struct {
	status int
	header http.Header
	body   string
	err    error // of the call, or of reading the body
}

func ask(t *testing.T, client *http.Client, method, url, body string) answered {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return answered{err: err}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answered{res.StatusCode, res.Header, string(text), err}
}

func do(kind string) *btpclient.FaultAction { return &btpclient.FaultAction{Kind: kind} }

// TestWhatFaultsDoToAnswers: every action, on the listing of systems, over both
// listeners. Each answer that is one names the rule.
//
// Rule: fault-actions, fault-told
func TestWhatFaultsDoToAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		action *btpclient.FaultAction
		want   func(answered) bool
	}{
		{"a code", &btpclient.FaultAction{Kind: "fail", Code: "forbidden", Cause: "not you"}, func(a answered) bool {
			return a.status == 403 && strings.Contains(a.body, "not you") && strings.Contains(a.body, "urn:pairsim:problem:forbidden")
		}},
		{"a failure", &btpclient.FaultAction{Kind: "fail", Cause: "disk full"}, func(a answered) bool {
			return a.status == 500 && strings.Contains(a.body, "disk full") && strings.Contains(a.body, "fault-injected")
		}},
		{"a problem", &btpclient.FaultAction{Kind: "fail", Problem: &btpclient.FaultProblem{Status: 418, Title: "Tea", Detail: "short and stout"}}, func(a answered) bool {
			return a.status == 418 && strings.Contains(a.body, `"title":"Tea"`) && a.header.Get("Content-Type") == "application/problem+json"
		}},
		{"a raw answer", &btpclient.FaultAction{Kind: "fail", Answer: &btpclient.FaultAnswer{
			Status: 503, Headers: map[string]string{"Retry-After": "5", "Content-Type": "text/html"}, Body: "<h1>down</h1>",
		}}, func(a answered) bool {
			return a.status == 503 && a.body == "<h1>down</h1>" && a.header.Get("Retry-After") == "5" && a.header.Get("Content-Type") == "text/html"
		}},
		{"dropped before", &btpclient.FaultAction{Kind: "drop", When: "before"}, func(a answered) bool { return a.err != nil && a.status == 0 }},
		{"dropped after", &btpclient.FaultAction{Kind: "drop", When: "after"}, func(a answered) bool { return a.err != nil && a.status == 0 }},
		{"truncated", &btpclient.FaultAction{Kind: "truncate", Bytes: 9}, func(a answered) bool {
			return a.status == 200 && a.err != nil && len(a.body) == 9
		}},
		{"truncated by share", &btpclient.FaultAction{Kind: "truncate", Share: 0.5}, func(a answered) bool {
			return a.status == 200 && a.err != nil && len(a.body) > 9
		}},
		{"garbled", &btpclient.FaultAction{Kind: "corrupt", Part: "json"}, func(a answered) bool {
			return a.status == 200 && a.err == nil && !json.Valid([]byte(a.body)) && strings.Contains(a.body, "Web Shop")
		}},
		{"delayed", &btpclient.FaultAction{Kind: "delay", Real: "1ms"}, func(a answered) bool {
			return a.status == 200 && strings.Contains(a.body, "Web Shop")
		}},
		{"duplicated", do("duplicate"), func(a answered) bool { return a.status == 200 && strings.Contains(a.body, "Web Shop") }},
	}
	e := Start(t)
	e.RegisterSystem(t, "Web Shop", CommerceCloud)
	for base, client := range askers(t, e) {
		for _, tt := range tests {
			t.Run(base[:5]+" "+tt.name, func(t *testing.T) {
				e.ClearFaults(t)
				rule := e.AddFault(t, btpclient.Fault{Point: "system.list", Action: tt.action, Schedule: &btpclient.FaultSchedule{Limit: 1}})
				got := ask(t, client, "GET", base+"/api/v1/globalAccounts/default/systems", "")
				if !tt.want(got) {
					t.Errorf("got %+v", got)
				}
				if name := got.header.Get("Pairsim-Fault"); got.status != 0 && name != rule.ID {
					t.Errorf("the answer names %q, want rule %s", name, rule.ID)
				}
				e.EveryFaultStruck(t)
				after := ask(t, client, "GET", base+"/api/v1/globalAccounts/default/systems", "")
				if after.status != 200 || after.err != nil || after.header.Get("Pairsim-Fault") != "" {
					t.Errorf("afterwards: got %+v, want a plain answer", after)
				}
			})
		}
	}
}

// TestJournalNamesFaults: the entry of a request that a rule touched, with the
// status that was on the wire.
//
// Rule: fault-told
func TestJournalNamesFaults(t *testing.T) {
	t.Parallel()
	e := Start(t)
	e.RegisterSystem(t, "Web Shop", CommerceCloud)
	for _, tt := range []struct {
		action *btpclient.FaultAction
		status int
	}{
		{&btpclient.FaultAction{Kind: "drop", When: "after"}, 0},
		{&btpclient.FaultAction{Kind: "fail", Answer: &btpclient.FaultAnswer{Status: 299}}, 299},
		{&btpclient.FaultAction{Kind: "corrupt", Part: "json"}, 200},
	} {
		e.ClearFaults(t)
		rule := e.AddFault(t, btpclient.Fault{Point: "system.list", Action: tt.action})
		ask(t, e.Client(), "GET", e.HTTP()+"/api/v1/globalAccounts/default/systems", "")
		entries, _, err := e.Controls().Journal(t.Context(), btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "request", Point: "system.list"}})
		if err != nil || len(entries) == 0 {
			t.Fatalf("journal: %v, %v", entries, err)
		}
		last := entries[len(entries)-1]
		if last.Status != tt.status || len(last.Faults) != 1 || last.Faults[0] != rule.ID {
			t.Errorf("%s: got %+v, want status %d and rule %s", tt.action.Kind, last, tt.status, rule.ID)
		}
	}
}

// TestLostCertificate: the registry has signed; the client never sees it, and its
// follow-up token is spent.
//
// Rule: fault-actions
func TestLostCertificate(t *testing.T) {
	t.Parallel()
	e := Start(t)
	s := e.RegisterSystem(t, "Web Shop", CommerceCloud)
	e.Recipe(t, "lost-certificate-answer", btpclient.RecipeTarget{System: "Web Shop"})
	csrURL, request := opened(t, e, s)
	if got := ask(t, e.Client(), "POST", csrURL, request); got.err == nil {
		t.Fatalf("got %+v, want no answer", got)
	}
	if got := ask(t, e.Client(), "POST", csrURL, request); got.status != 403 {
		t.Errorf("again: got %+v, want 403", got)
	}
}

// opened presents the token of s, and returns where the certificate request goes
// and what it is.
func opened(t *testing.T, e *Env, s btpclient.System) (csrURL, request string) {
	t.Helper()
	info := ask(t, e.Client(), "GET", s.IntegrationToken.TokenURL, "")
	var answer struct {
		CSRURL      string
		Certificate struct{ Subject string }
	}
	if err := json.Unmarshal([]byte(info.body), &answer); err != nil || info.status != 200 {
		t.Fatalf("info: %+v, %v", info, err)
	}
	return answer.CSRURL, csrOf(t, answer.Certificate.Subject)
}

// key signs all certificate requests.
var key = sync.OnceValue(func() *ecdsa.PrivateKey {
	made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return made
})

func csrOf(t *testing.T, subject string) string {
	t.Helper()
	var name pkix.Name
	for _, part := range strings.Split(subject, ",") {
		attribute, value, _ := strings.Cut(part, "=")
		switch attribute {
		case "CN":
			name.CommonName = value
		case "O":
			name.Organization = []string{value}
		case "OU":
			name.OrganizationalUnit = []string{value}
		case "L":
			name.Locality = []string{value}
		case "ST":
			name.Province = []string{value}
		case "C":
			name.Country = []string{value}
		}
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: name}, key())
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	return `{"csr":"` + base64.StdEncoding.EncodeToString(text) + `"}`
}

// TestWhatFaultsDoToCertificates: one that cannot be read, one that comes twice.
//
// Rule: fault-actions
func TestWhatFaultsDoToCertificates(t *testing.T) {
	t.Parallel()
	e := Start(t)
	for name, tt := range map[string]struct {
		action *btpclient.FaultAction
		want   int
	}{
		"garbled":    {&btpclient.FaultAction{Kind: "corrupt", Part: "certificate"}, 201},
		"duplicated": {do("duplicate"), 403}, // the second answer: the follow-up token is spent
	} {
		s := e.RegisterSystem(t, "shop "+name, CommerceCloud)
		csrURL, request := opened(t, e, s)
		e.AddFault(t, btpclient.Fault{Point: "pairing.csr", Match: btpclient.FaultMatch{System: s.ID}, Action: tt.action})
		got := ask(t, e.Client(), "POST", csrURL, request)
		if got.status != tt.want {
			t.Fatalf("%s: got %+v, want %d", name, got, tt.want)
		}
		if tt.want != 201 {
			continue
		}
		var answer struct{ ClientCrt, CaCrt string }
		if err := json.Unmarshal([]byte(got.body), &answer); err != nil {
			t.Fatal(err)
		}
		if _, err := parsed(answer.ClientCrt); err == nil {
			t.Error("the client's certificate can be read")
		}
		if _, err := parsed(answer.CaCrt); err != nil {
			t.Errorf("the CA's certificate: %v", err)
		}
	}
}

func parsed(text string) (*x509.Certificate, error) {
	plain, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(bytes.TrimSpace(plain))
	if block == nil {
		return nil, errors.New("no PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// TestBadTokenSignature: all three forms of the token are refused as forged.
//
// Rule: token-signature
func TestBadTokenSignature(t *testing.T) {
	t.Parallel()
	e := Start(t)
	e.Recipe(t, "bad-token-signature", btpclient.RecipeTarget{})
	s := e.RegisterSystem(t, "Web Shop", CommerceCloud)
	for form, text := range map[string]string{"token": s.IntegrationToken.Token, "encoded": s.IntegrationToken.Encoded} {
		got, err := e.Operator().InspectToken(t.Context(), text)
		if err != nil || got.Refusal == nil || got.Refusal.Code != "token-forged" {
			t.Errorf("%s: got %+v, %v; want it forged", form, got, err)
		}
	}
	if got := ask(t, e.Client(), "GET", s.IntegrationToken.TokenURL, ""); got.status != 403 || got.header.Get("Pairsim-Reason") != "token-forged" {
		t.Errorf("token URL: got %+v, want it forged", got)
	}
}

// TestDelayOnTheClock: a request waits until the clock has come so far, and what
// is due after it finds it done.
//
// Rule: fault-actions
func TestDelayOnTheClock(t *testing.T) {
	t.Parallel()
	e := Start(t)
	s := e.RegisterSystem(t, "Web Shop", CommerceCloud)
	e.AddFault(t, btpclient.Fault{Point: "system.show", Match: btpclient.FaultMatch{System: s.ID}, Action: &btpclient.FaultAction{Kind: "delay", Virtual: "5m"}})
	answers := make(chan answered, 1)
	go func() { answers <- ask(t, e.Client(), "GET", e.HTTP()+"/api/v1/systems/"+s.ID, "") }()
	e.awaitStrike(t)
	e.Advance(t, 4*time.Minute)
	select {
	case got := <-answers:
		t.Fatalf("answered too early: %+v", got)
	default:
	}
	e.Advance(t, time.Hour)
	got := <-answers
	at, err := time.Parse(time.RFC3339Nano, got.header.Get("Pairsim-Time"))
	if got.status != 200 || err != nil || !at.Equal(Epoch.Add(5*time.Minute)) && at.Before(Epoch.Add(5*time.Minute)) {
		t.Errorf("got %+v at %v (%v)", got, at, err)
	}
	if !strings.Contains(got.body, "Web Shop") {
		t.Errorf("got %s", got.body)
	}
}

// awaitStrike waits until every fault that is set has struck, and a request
// waits for the clock.
func (e *Env) awaitStrike(t *testing.T) {
	t.Helper()
	for entry, err := range e.Controls().FollowJournal(t.Context(), btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "decision"}}) {
		if err != nil {
			t.Fatal(err)
		}
		if len(entry.Faults) > 0 {
			return
		}
	}
}

// TestHeldRequest stands among the holds until it is released; closing the
// landscape lets it go as well.
//
// Rule: fault-actions
func TestHeldRequest(t *testing.T) {
	t.Parallel()
	e := Start(t)
	s := e.RegisterSystem(t, "Web Shop", CommerceCloud)
	e.AddFault(t, btpclient.Fault{Point: "system.show", Action: do("hold")})
	answers := make(chan answered, 2)
	show := func() { answers <- ask(t, e.Client(), "GET", e.HTTP()+"/api/v1/systems/"+s.ID, "") }
	go show()
	var holds []btpclient.Hold
	for len(holds) == 0 {
		holds = e.Holds(t)
	}
	if h := holds[0]; h.Kind != "step" || h.Point != "system.show" || h.Subject.Name != "Web Shop" {
		t.Errorf("got the hold %+v", h)
	}
	e.Advance(t, time.Hour) // it does not wait for what is held
	e.Release(t, "Web Shop")
	if got := <-answers; got.status != 200 {
		t.Errorf("released: got %+v", got)
	}
	if left := e.Holds(t); len(left) != 0 {
		t.Errorf("still held: %+v", left)
	}
	go show()
	for len(e.Holds(t)) == 0 { //nolint:revive // until it is held
	}
	if err := e.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if got := <-answers; got.status != 500 && got.err == nil {
		t.Errorf("closed: got %+v", got)
	}
}

// TestWhatFaultsDoToCalls: every action on the call that tells a tenant of its
// deregistration. told is how often the tenant heard of it.
//
// Rule: fault-actions, deregister-failure-keeps-credentials
func TestWhatFaultsDoToCalls(t *testing.T) {
	t.Parallel()
	const maybe = -1 // the tenant may see the connection close before it looks
	tests := []struct {
		name   string
		action *btpclient.FaultAction
		told   int32
		gone   bool
		cause  string
	}{
		{"a failure", &btpclient.FaultAction{Kind: "fail", Cause: "asleep"}, 0, false, "asleep"},
		{"a code", &btpclient.FaultAction{Kind: "fail", Code: "tenant-not-told", Cause: "away"}, 0, false, "away"},
		{"an answer", &btpclient.FaultAction{Kind: "fail", Answer: &btpclient.FaultAnswer{Status: 503}}, 0, false, "answered 503"},
		{"a problem", &btpclient.FaultAction{Kind: "fail", Problem: &btpclient.FaultProblem{Status: 500}}, 0, false, "answered 500"},
		{"a false yes", &btpclient.FaultAction{Kind: "fail", Answer: &btpclient.FaultAnswer{Status: 204}}, 0, true, ""},
		{"dropped before", &btpclient.FaultAction{Kind: "drop", When: "before"}, 0, false, "closed"},
		{"dropped after", &btpclient.FaultAction{Kind: "drop", When: "after"}, 1, false, "closed before the answer"},
		{"truncated", &btpclient.FaultAction{Kind: "truncate", Bytes: 3}, maybe, false, "callback"},
		{"garbled", &btpclient.FaultAction{Kind: "corrupt", Part: "json"}, 1, false, "answered 400"},
		{"forged", &btpclient.FaultAction{Kind: "corrupt", Part: "tokenSignature"}, 1, false, "answered 40"},
		{"late", &btpclient.FaultAction{Kind: "delay", Real: "30s"}, 0, false, "in time"},
		{"delayed", &btpclient.FaultAction{Kind: "delay", Real: "1ms"}, 1, true, ""},
		{"duplicated", do("duplicate"), 2, true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var told atomic.Int32
			patience := time.Minute // for a machine that is busy
			if tt.action.Kind == "delay" && !tt.gone {
				patience = 200 * time.Millisecond
			}
			e := Start(t, WithCallbackTimeout(patience), WithPublicHandler(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					if strings.HasPrefix(req.URL.Path, "/tenants/") && strings.HasSuffix(req.URL.Path, "/deregistration") {
						told.Add(1)
					}
					next.ServeHTTP(w, req)
				})
			}))
			s := e.RegisterSystem(t, "Web Shop", CommerceCloud)
			e.Pair(t, "commerce", s.IntegrationToken.Token)
			e.AddFault(t, btpclient.Fault{Point: "deregistration.tell-tenant", Match: btpclient.FaultMatch{Tenant: "commerce"}, Action: tt.action})
			if _, err := e.Operator().Deregister(t.Context(), s.ID); err != nil {
				t.Fatal(err)
			}
			e.Advance(t, time.Second) // all that is due is done
			now, err := e.Operator().System(t.Context(), s.ID)
			if gone := btpclient.CodeOf(err) == "system-not-found"; gone != tt.gone {
				t.Errorf("gone is %v (%v), want %v", gone, err, tt.gone)
			}
			if !tt.gone && (now.Status.Code != "deregisterError" || now.Error == nil || !strings.Contains(now.Error.Cause, tt.cause)) {
				t.Errorf("got status %+v, error %+v; want a cause with %q", now.Status, now.Error, tt.cause)
			}
			if got := told.Load(); tt.told != maybe && got != tt.told {
				t.Errorf("the tenant was told %d times, want %d", got, tt.told)
			}
			e.EveryFaultStruck(t)
		})
	}
}

// TestCertificateMatch: a rule for one system strikes its calls over mTLS, and
// nobody else's.
//
// Rule: fault-match
func TestCertificateMatch(t *testing.T) {
	t.Parallel()
	e := Start(t)
	a, b := e.RegisterSystem(t, "A", CommerceCloud), e.RegisterSystem(t, "B", CommerceCloud)
	clients := map[string]*http.Client{}
	for _, s := range []btpclient.System{a, b} {
		csrURL, request := opened(t, e, s)
		var signed struct{ ClientCrt string }
		if got := ask(t, e.Client(), "POST", csrURL, request); json.Unmarshal([]byte(got.body), &signed) != nil || got.status != 201 {
			t.Fatalf("got %+v", got)
		}
		c, err := parsed(signed.ClientCrt)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: e.TLS(tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key()})}}
		t.Cleanup(client.CloseIdleConnections)
		clients[s.ID] = client
	}
	e.AddFault(t, btpclient.Fault{
		Point: "certificate.*", Match: btpclient.FaultMatch{System: "A"}, Action: &btpclient.FaultAction{Kind: "fail", Code: "certificate-revoked"},
	})
	for id, want := range map[string]int{a.ID: 403, b.ID: 200} {
		if got := ask(t, clients[id], "GET", e.MTLS()+"/v1/applications/management/info", ""); got.status != want {
			t.Errorf("system %s: got %+v, want %d", id, got, want)
		}
	}
}
