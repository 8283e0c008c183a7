package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/outbound"
	"github.com/pairsim/pairsim/internal/publicurl"
)

// recorder is a target that remembers the latest call.
type recorder struct {
	*httptest.Server
	mu    sync.Mutex
	calls int
	last  *http.Request
	body  string
}

// record starts a recorder; answer, if there is one, writes its answers.
func record(t *testing.T, answer http.HandlerFunc) *recorder {
	t.Helper()
	rec := &recorder{}
	rec.Server = serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rec.mu.Lock()
		rec.calls, rec.last, rec.body = rec.calls+1, r, string(body)
		rec.mu.Unlock()
		if answer != nil {
			answer(w, r)
		}
	})
	return rec
}

func (rec *recorder) seen() (calls int, last *http.Request, body string) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.calls, rec.last, rec.body
}

// Both forms of address, and names as the vendor makes them (pairing-protocols §5.1).
//
// Rule: gateway-address
func TestAddresses(t *testing.T) {
	target := record(t, nil)
	events := btp.Service{Provider: "test", Name: "Events Only", Description: "e", Events: &btp.ServiceEvents{Spec: json.RawMessage(`{}`)}}
	w := open(t, []btp.Service{
		api("Orders & Carts (v2)", target.URL+"/base", nil), api("Twin!", target.URL, nil), api("twin?", target.URL, nil), events,
	})
	const standalone, compass = "/gateway/mp-shop/orders---carts--v2-", "/gateway-ucl/mp-shop/orders---carts--v2-/orders---carts--v2-"
	tests := []struct {
		name, path string
		status     int
		reason     btp.Code
		reached    string // path and query at the target
	}{
		{"standalone", standalone + "/a/b?c=d", 200, "", "/base/a/b?c=d"},
		{"Compass", compass + "/a/b?c=d", 200, "", "/base/a/b?c=d"},
		{"nothing behind the names", standalone, 200, "", "/base"},
		{"slashes at the end", standalone + "/a//", 200, "", "/base/a"},
		{"a query that is not well formed", standalone + "?$filter=a%20eq%201;b", 200, "", "/base?$filter=a%20eq%201;b"},
		{"an escaped slash is a slash (encodeUrl)", standalone + "/a%2Fb%20c", 200, "", "/base/a/b%20c"},
		{"no application", "/gateway/", 400, btp.GatewayPathIncomplete, ""},
		{"an empty application", "/gateway//x", 400, btp.GatewayPathIncomplete, ""},
		{"no service", "/gateway-ucl/mp-shop", 400, btp.GatewayPathIncomplete, ""},
		{"no entry", "/gateway-ucl/mp-shop/orders---carts--v2-", 400, btp.GatewayPathIncomplete, ""},
		{"another entry", "/gateway-ucl/mp-shop/orders---carts--v2-/else", 404, btp.ServiceNotFound, ""},
		{"the display name", "/gateway/mp-shop/Orders%20&%20Carts%20(v2)", 404, btp.ServiceNotFound, ""},
		{"upper case", "/gateway/mp-shop/Orders---carts--v2-", 404, btp.ServiceNotFound, ""},
		{"the system's name", "/gateway/Shop/orders---carts--v2-", 404, btp.ApplicationNotFound, ""},
		{"two services of one name", "/gateway/mp-shop/twin-", 400, btp.ServiceAmbiguous, ""},
		{"events only", "/gateway/mp-shop/events-only", 400, btp.ServiceWithoutAPI, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, w.get(tt.path), tt.status, tt.reason)
			if _, last, _ := target.seen(); tt.reached != "" && last.RequestURI != tt.reached {
				t.Errorf("the target was asked for %s, want %s", last.RequestURI, tt.reached)
			}
		})
	}
	if got := w.get("/gateway/mp-shop/twin-"); !strings.Contains(got.body, "service.DisplayName: 'Twin!'") || !strings.Contains(got.body, "'twin?'") {
		t.Errorf("got body %s, want both services named", got.body)
	}
	merge := w.call("MERGE", standalone, nil)
	if _, last, _ := target.seen(); merge.status != 200 || last.Method != "MERGE" {
		t.Errorf("got %d and method %s at the target, want OData's MERGE passed on", merge.status, last.Method)
	}
}

// What there is at the gateway is what a runtime sees: registered, and in a
// formation whose subaccount has Kyma (SEED-000).
//
// Rule: gateway-runtime-only
func TestWhatTheRuntimesSee(t *testing.T) {
	target := record(t, nil)
	services := []btp.Service{api("Orders", target.URL, nil)}
	with := func(status btp.Status, subaccounts ...string) option {
		return option{landscape: func(l *btp.Landscape) {
			l.Subaccounts = append(l.Subaccounts, btp.Subaccount{
				ID: "other", GlobalAccount: "default", DisplayName: "Other", Subdomain: "other", Region: "eu10", Environments: []btp.RuntimeEnvironment{btp.Kyma},
			}, btp.Subaccount{
				ID: "cf", GlobalAccount: "default", DisplayName: "CF", Subdomain: "cf", Region: "eu10", Environments: []btp.RuntimeEnvironment{btp.CloudFoundry},
			})
			l.Systems[0].Status, l.Systems[0].TokenAge = status, -1
			l.Formations = nil
			for _, sub := range subaccounts {
				l.Formations = append(l.Formations, btp.DeclaredFormation{GlobalAccount: "default", Name: "in-" + sub, Subaccount: sub, Systems: []btp.SystemID{"Shop"}})
			}
		}}
	}
	tests := []struct {
		name   string
		world  option
		asked  string // Pairsim-Subaccount
		status int
	}{
		{"registered, in a formation with Kyma", with(btp.Registered, "dev"), "", 200},
		{"pending, in a formation with Kyma", with(btp.Pending, "dev"), "", 404},
		{"registered, in no formation", with(btp.Registered), "", 404},
		{"registered, in a formation without Kyma", with(btp.Registered, "cf"), "", 404},
		{"in two runtimes, whichever", with(btp.Registered, "dev", "other"), "", 200},
		{"in two runtimes, the second", with(btp.Registered, "dev", "other"), "other", 200},
		{"the runtime of another subaccount", with(btp.Registered, "dev"), "other", 404},
		{"a subaccount that is not there", with(btp.Registered, "dev"), "nowhere", 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := open(t, services, tt.world)
			reason := btp.ApplicationNotFound
			if tt.status == 200 {
				reason = ""
			}
			got := w.get("/gateway/mp-shop/orders", "Pairsim-Subaccount", tt.asked)
			expect(t, got, tt.status, reason)
			if want := `{"code":404,"error":"Application: mp-shop not found."}`; tt.status == 404 && strings.TrimSpace(got.body) != want {
				t.Errorf("got body %s, want the vendor's %s", got.body, want)
			}
		})
	}
}

// An application leaves the gateway at once; what its registration says anew
// counts after 120 seconds of the environment's clock (pairing-protocols §5.2).
//
// Rule: gateway-caches
func TestTargetsAreKept(t *testing.T) {
	first, second := record(t, nil), record(t, nil)
	w := open(t, []btp.Service{api("Orders", first.URL, nil), api("Carts", first.URL, nil)})
	const orders, carts = "/gateway/mp-shop/orders", "/gateway/mp-shop/carts"
	expect(t, w.get(orders), 200, "")
	w.change("Orders", func(s *btp.Service) { s.API.TargetURL = second.URL })
	w.advance(119 * time.Second)
	expect(t, w.get(orders), 200, "")
	if calls, _, _ := second.seen(); calls != 0 {
		t.Error("the new target was called after 119 seconds, want the one that was kept")
	}
	w.advance(time.Second)
	expect(t, w.get(orders), 200, "")
	if calls, _, _ := second.seen(); calls != 1 {
		t.Errorf("the new target was called %d times after 120 seconds, want once", calls)
	}
	expect(t, w.get(carts), 200, "")
	w.change("Carts", func(s *btp.Service) { s.Name = "Baskets" })
	expect(t, w.get(carts), 404, btp.ServiceNotFound)
	expect(t, w.get("/gateway/mp-shop/baskets"), 200, "")
	w.change("Orders", nil)
	expect(t, w.get(orders), 404, btp.ServiceNotFound)
	expect(t, w.get("/gateway/mp-shop/baskets"), 200, "") // looked for, and found, just now
	formations, _, err := w.registry.Formations(t.Context(), btp.FormationFilter{GlobalAccount: "default", Limit: 10})
	if err != nil || len(formations) != 1 {
		t.Fatalf("got %d formations and error %v", len(formations), err)
	}
	if _, err := w.registry.ExcludeSystem(t.Context(), formations[0].ID, formations[0].Systems[0], btp.Match{}); err != nil {
		t.Fatal(err)
	}
	expect(t, w.get("/gateway/mp-shop/baskets"), 404, btp.ApplicationNotFound)
}

// Headers go to the target as the vendor's gateway sends them.
//
// Rule: gateway-headers
func TestHeaders(t *testing.T) {
	target := record(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Pairsim-Time", "the target's")
		w.Header().Set("X-Own", "kept")
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "one hop only")
	})
	plain := api("Plain", target.URL+"?fixed=1", nil)
	plain.API.RequestParameters = &btp.RequestParameters{
		Headers:         map[string][]string{"x-added": {"a", "b"}, "X-Callers": {"registered"}},
		QueryParameters: map[string][]string{"added": {"1", "2"}, "callers": {"registered"}},
	}
	w := open(t, []btp.Service{plain, api("Basic", target.URL, basic("me", "secret", ""))})

	got := w.get("/gateway/mp-shop/plain?callers=own", "X-Callers", "own", "Authorization", "Bearer own", "Cookie", "a=b",
		"Connection", "X-Dropped", "X-Dropped", "x", "Te", "gzip", "X-Forwarded-For", "10.1.2.3", "X-Forwarded-Client-Cert", "Hash=1",
		"Pairsim-Subaccount", "dev", "User-Agent", "")
	expect(t, got, 200, "")
	_, last, _ := target.seen()
	for name, want := range map[string]string{
		"X-Added": "a,b", "X-Callers": "own", "Authorization": "Bearer own", "Cookie": "a=b", "X-Dropped": "", "Te": "", "User-Agent": "",
		"X-Forwarded-For": "10.1.2.3, 127.0.0.1", "X-Forwarded-Client-Cert": "Hash=1", "X-Forwarded-Proto": "http",
		"X-Forwarded-Host": strings.TrimPrefix(w.URL, "http://"), "Pairsim-Subaccount": "", "Pairsim-Gateway-Hops": "1",
	} {
		if got := strings.Join(last.Header.Values(name), ","); got != want {
			t.Errorf("%s at the target: got %q, want %q", name, got, want)
		}
	}
	if last.Host != strings.TrimPrefix(target.URL, "http://") {
		t.Errorf("Host at the target: got %q, want its own", last.Host)
	}
	if want := "fixed=1&callers=own&added=1&added=2"; last.URL.RawQuery != want {
		t.Errorf("query at the target: got %q, want %q", last.URL.RawQuery, want)
	}
	for name, want := range map[string]string{"Pairsim-Time": "", "X-Own": "kept", "X-Hop": ""} {
		if got := got.header.Get(name); got != want {
			t.Errorf("%s of the answer: got %q, want %q", name, got, want)
		}
	}

	w.get("/gateway/mp-shop/basic", "Authorization", "Bearer own")
	if _, last, _ = target.seen(); !strings.HasPrefix(last.Header.Get("Authorization"), "Basic ") {
		t.Errorf("Authorization at the target: got %q, want the registered credentials", last.Header.Get("Authorization"))
	}
	w.get("/gateway/mp-shop/basic", "Access-Token", "Bearer theirs")
	if _, last, _ = target.seen(); last.Header.Get("Authorization") != "Bearer theirs" || last.Header.Get("Access-Token") != "" {
		t.Errorf("got %v at the target, want the caller's Access-Token as Authorization", last.Header)
	}
}

// After 401 or 403 a call is made once more, with a new token (pairing-protocols §5.2).
//
// Rule: gateway-retry
func TestOneRepetition(t *testing.T) {
	var w *world
	m := newMock(t, func() time.Time { return w.registry.Now() })
	denying := record(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	w = open(t, []btp.Service{
		api("OAuth", m.plain.URL+"/v1/api/oauth/ok", oauth(m.plain.URL+"/v1/api/oauth/token", mockClient, mockSecret, "")),
		api("Denying", denying.URL, basic("me", "secret", "")),
	})
	expect(t, w.get("/gateway/mp-shop/oauth"), 200, "")
	m.revoke()
	expect(t, w.get("/gateway/mp-shop/oauth"), 200, "")
	if got := m.tokensIssued(); got != 2 {
		t.Errorf("got %d tokens, want a new one after the first was revoked", got)
	}
	body := strings.Repeat("x", 1<<20)
	m.revoke()
	expect(t, w.call("POST", "/gateway/mp-shop/oauth", strings.NewReader(body+"y")), 401, "") // it is streamed, and gone
	expect(t, w.call("POST", "/gateway/mp-shop/oauth", strings.NewReader(body+"y")), 200, "")
	for _, tt := range []struct {
		name  string
		body  io.Reader
		calls int
		want  string
	}{
		{"without a body", nil, 2, ""},
		{"a body at the bound", strings.NewReader(body), 2, body},
		{"a body of unknown length at the bound", io.MultiReader(strings.NewReader(body)), 2, body},
		{"a body over the bound", strings.NewReader(body + "y"), 1, body + "y"},
		{"a body of unknown length over the bound", io.MultiReader(strings.NewReader(body + "y")), 1, body + "y"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, _, _ := denying.seen()
			expect(t, w.call("POST", "/gateway/mp-shop/denying", tt.body), 403, "")
			if after, _, got := denying.seen(); after-before != tt.calls || got != tt.want {
				t.Errorf("got %d calls, the last with %d bytes, want %d with %d", after-before, len(got), tt.calls, len(tt.want))
			}
		})
	}
}

// A body that is larger than the gateway takes is refused, however it comes.
//
// Rule: gateway-bounded
func TestBodyTooLarge(t *testing.T) {
	target := record(t, nil)
	w := open(t, []btp.Service{api("Plain", target.URL, nil)})
	told, err := http.NewRequestWithContext(t.Context(), "POST", w.URL+"/gateway/mp-shop/plain", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	told.Body, told.ContentLength = io.NopCloser(io.LimitReader(zeros{}, maxBody+1)), maxBody+1
	untold := told.Clone(t.Context())
	untold.Body, untold.ContentLength = io.NopCloser(io.LimitReader(zeros{}, maxBody+1)), -1
	for name, req := range map[string]*http.Request{"its length is told": told, "its length is not told": untold} {
		res, err := caller.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_ = res.Body.Close()
		if res.StatusCode != 413 || res.Header.Get("Pairsim-Reason") != string(btp.BodyTooLarge) {
			t.Errorf("%s: got %d %q, want 413", name, res.StatusCode, res.Header.Get("Pairsim-Reason"))
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// Where the target sends the caller leads through the gateway if it is below the
// target; redirects are the caller's to follow.
//
// Rule: gateway-headers
func TestLocation(t *testing.T) {
	var location, status string
	target := record(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", location)
		code, _ := strconv.Atoi(status)
		w.WriteHeader(code)
	})
	strip := option{wrap: func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, publicurl.Under(r.Context(), r, "/env/blue"))
		})
	}}
	w := open(t, []btp.Service{api("Orders", target.URL+"/occ", nil)}, strip)
	const at = "/env/blue/gateway/mp-shop/orders"
	tests := []struct{ name, status, location, want string }{
		{"absolute, below", "302", target.URL + "/occ/x?a=b#c", at + "/x?a=b#c"},
		{"from the root, below", "307", "/occ/x%2Fy", at + "/x%2Fy"},
		{"relative", "303", "z", at + "/in/z"},
		{"the target itself", "301", target.URL + "/occ", at},
		{"created", "201", "/occ/1", at + "/1"},
		{"beside the target", "302", "/occ2/x", "/occ2/x"},
		{"another port", "302", "http://127.0.0.1:1/occ/x", "http://127.0.0.1:1/occ/x"},
		{"another host", "302", "https://elsewhere.test/occ", "https://elsewhere.test/occ"},
		{"not http", "302", "mailto:me@test", "mailto:me@test"},
		{"an answer without redirect", "200", "/occ/x", "/occ/x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			location, status = tt.location, tt.status
			got := w.get(at + "/in/a")
			if strconv.Itoa(got.status) != tt.status || got.header.Get("Location") != tt.want {
				t.Errorf("got %d to %q, want %s to %q", got.status, got.header.Get("Location"), tt.status, tt.want)
			}
		})
	}
}

// No call of the gateway leaves the hosts that are permitted.
//
// Rule: gateway-bounded
func TestForbiddenHosts(t *testing.T) {
	control := record(t, nil)
	u, err := url.Parse(control.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	target := record(t, nil)
	toControl := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, control.URL, http.StatusFound) })
	w := open(t, []btp.Service{
		api("Metadata", "http://169.254.169.254/latest", nil), api("Private", "http://10.0.0.1/", nil), api("Control", control.URL, nil),
		api("Token", target.URL, oauth("http://169.254.169.254/", "id", "secret", "")),
		api("CSRF", target.URL, basic("me", "secret", "http://10.0.0.1/")),
		api("Token redirected", target.URL, oauth(toControl.URL, "id", "secret", "")),
		api("CSRF redirected", target.URL, basic("me", "secret", toControl.URL)),
	}, option{outbound: func(c *outbound.Config) { c.ForbiddenPorts = []uint16{uint16(port)} }})
	for name, reason := range map[string]btp.Code{
		"metadata": btp.TargetForbidden, "private": btp.TargetForbidden, "control": btp.TargetForbidden,
		"token": btp.TokenCallFailed, "csrf": btp.CSRFCallFailed, "token-redirected": btp.TokenCallFailed, "csrf-redirected": btp.CSRFCallFailed,
	} {
		expect(t, w.get("/gateway/mp-shop/"+name), 502, reason)
	}
	if calls, _, _ := control.seen(); calls != 0 {
		t.Errorf("the control listener was called %d times, want never", calls)
	}
	if calls, _, _ := target.seen(); calls != 0 {
		t.Errorf("the target was called %d times without its tokens, want never", calls)
	}
}

// Redirects that lead in circles: a target's is the caller's to follow, at the
// gateway; those of token and CSRF calls end.
//
// Rule: gateway-bounded
func TestRedirectLoops(t *testing.T) {
	circle := record(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) })
	w := open(t, []btp.Service{
		api("Circle", circle.URL, nil), api("Token", circle.URL, oauth(circle.URL+"/token", "id", "secret", "")),
		api("CSRF", circle.URL, basic("me", "secret", circle.URL+"/csrf")),
	})
	got := w.get("/gateway/mp-shop/circle/orders")
	if calls, _, _ := circle.seen(); got.status != 302 || got.header.Get("Location") != "/gateway/mp-shop/circle/orders" || calls != 1 {
		t.Errorf("got %d to %q after %d calls, want the target's own redirect after one", got.status, got.header.Get("Location"), calls)
	}
	expect(t, w.get("/gateway/mp-shop/token"), 502, btp.TokenCallFailed)
	expect(t, w.get("/gateway/mp-shop/csrf"), 502, btp.CSRFCallFailed)
	if calls, last, _ := circle.seen(); calls > 20 || last.URL.Path == "/" {
		t.Errorf("got %d calls, the last of %s; want the circles ended and no target called", calls, last.URL.Path)
	}
}

// A target that leads back to the gateway does not run for ever.
//
// Rule: gateway-bounded
func TestLoop(t *testing.T) {
	w := open(t, []btp.Service{api("Loop", "http://127.0.0.1:1", nil)})
	w.change("Loop", func(s *btp.Service) { s.API.TargetURL = w.URL + "/gateway/mp-shop/loop" })
	got := w.get("/gateway/mp-shop/loop")
	if got.status != 502 || got.header.Get("Target-System-Status") != "502" {
		t.Errorf("got %d, want the loop ended with 502", got.status)
	}
	expect(t, w.get("/gateway/mp-shop/loop", "Pairsim-Gateway-Hops", "4"), 502, btp.GatewayLoop)
	expect(t, w.get("/gateway/mp-shop/loop", "Pairsim-Gateway-Hops", "-1"), 502, btp.GatewayLoop)
}

// Answers reach the caller as they come.
func TestStreaming(t *testing.T) {
	next := make(chan struct{})
	target := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "first\n")
		w.(http.Flusher).Flush()
		<-next
		_, _ = io.WriteString(w, "second\n")
	})
	w := open(t, []btp.Service{api("Stream", target.URL, nil)})
	req, err := http.NewRequestWithContext(t.Context(), "GET", w.URL+"/gateway/mp-shop/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := caller.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	if line, err := lines.ReadString('\n'); err != nil || line != "first\n" {
		t.Fatalf("got %q and error %v before the target ended", line, err)
	}
	close(next)
	if line, err := lines.ReadString('\n'); err != nil || line != "second\n" {
		t.Errorf("got %q and error %v", line, err)
	}
}

// A workload that goes away ends the call of the target, and nobody was refused.
func TestCallerGoesAway(t *testing.T) {
	called, ended := make(chan struct{}), make(chan struct{})
	target := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(called)
		<-r.Context().Done()
		close(ended)
	})
	var served sync.WaitGroup
	w := open(t, []btp.Service{api("Slow", target.URL, nil)}, option{timeout: time.Minute, wrap: func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { served.Add(1); defer served.Done(); h.ServeHTTP(w, r) })
	}})
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", w.URL+"/gateway/mp-shop/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() { <-called; cancel() }()
	if res, err := caller.Do(req); err == nil {
		_ = res.Body.Close()
		t.Fatal("got an answer, want none")
	}
	<-ended
	served.Wait()
	if refused := w.refusals(btp.PointGatewayCall); len(refused) != 0 {
		t.Errorf("the journal tells of the refusals %+v, want none", refused)
	}
}

func (w *world) refusals(point btp.Point) (found []btp.Entry) {
	for _, e := range w.entries(point) {
		if e.Kind == btp.EntryRefusal {
			found = append(found, e)
		}
	}
	return found
}

// The journal tells of every step of a call, and of no secret.
func TestJournal(t *testing.T) {
	var w *world
	m := newMock(t, func() time.Time { return w.registry.Now() })
	base := m.plain.URL + "/v1/api"
	w = open(t, []btp.Service{
		api("Good", base+"/csrf-oauth/ok", oauth(base+"/oauth/token?key=urlsecret", mockClient, mockSecret, base+"/csrf/token")),
		api("No token", base+"/oauth/ok", oauth(base+"/oauth/token?key=urlsecret", mockClient, "wrongSecret", "")),
		api("No CSRF", base+"/basic/ok", basic(mockUser, mockPassword, base+"/csrf/none?key=urlsecret")),
		api("Failing", base+"/unsecure/code/503?key=urlsecret", basic(mockUser, mockPassword, "")),
	})
	for _, name := range []string{"good", "good", "no-token", "no-csrf", "failing", "none"} {
		w.get("/gateway/mp-shop/" + name)
	}
	w.get("/gateway/mp-shop/good", "Access-Token", "Bearer callersSecret")
	const called, done, refused = "call 200", "decision", "refusal "
	for _, tt := range []struct {
		point btp.Point
		want  []string
	}{
		{btp.PointGatewayToken, []string{called, done, "call 403", refused + "token-call-failed"}},
		// The caller's own token is refused, and the call repeated with a new CSRF token.
		{btp.PointGatewayCSRF, []string{called, done, "call 404", refused + "csrf-call-failed", called, done, called, done}},
		{btp.PointGatewayCall, []string{called, called, "call 503", refused + "target-failed", refused + "service-not-found", "call 401", "call 401"}},
	} {
		var got []string
		for _, e := range w.entries(tt.point) {
			if e.About.Name != "Shop" || e.Source == "" {
				t.Errorf("%s: got %+v, want the system and the source of the rule", tt.point, e)
			}
			line := string(e.Kind)
			switch e.Kind { //nolint:exhaustive // the others are told by their kind
			case btp.EntryCall:
				line += fmt.Sprint(" ", e.Status)
			case btp.EntryRefusal:
				line += " " + e.Rule
			}
			got = append(got, line)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.point, got, tt.want)
		}
	}
	for _, secret := range []string{mockSecret, mockPassword, "urlsecret", "wrongSecret", "callersSecret", "access-token-", mockCSRF} {
		if w.contains(secret) {
			t.Errorf("the journal holds %q", secret)
		}
	}
}

// Calls at once share what is kept.
func TestCallsAtOnce(t *testing.T) {
	var w *world
	m := newMock(t, func() time.Time { return w.registry.Now() })
	w = open(t, []btp.Service{api("OAuth", m.plain.URL+"/v1/api/oauth/ok", oauth(m.plain.URL+"/v1/api/oauth/token", mockClient, mockSecret, ""))})
	var good atomic.Int32
	var all sync.WaitGroup
	const callers = 32
	for range callers {
		all.Go(func() {
			if w.get("/gateway/mp-shop/oauth").status == 200 {
				good.Add(1)
			}
		})
	}
	all.Wait()
	if got := good.Load(); got != callers {
		t.Errorf("%d of %d calls were answered with 200", got, callers)
	}
}
