package landscape

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/problem"
)

// makeEnvironment makes an environment as a user would, and returns what it is.
func makeEnvironment(t *testing.T, l *Landscape, body map[string]any) map[string]any {
	t.Helper()
	return call(t, http.MethodPost, l.Control+"/control/environments", body, http.StatusCreated)
}

// deleteEnvironment returns the status.
func deleteEnvironment(t *testing.T, l *Landscape, name string) int {
	t.Helper()
	return send(t, http.MethodDelete, l.Control+"/control/environments/"+name, "").StatusCode
}

// send makes a request without following redirects. Its body is read.
func send(t *testing.T, method, url, body string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(text))
	return resp
}

// pairIn pairs a Commerce system of a name with its environment's own tenant, and
// returns the system's id.
func pairIn(t *testing.T, base, name string) string {
	t.Helper()
	system := call(t, http.MethodPost, base+"/api/v1/globalAccounts/default/systems",
		map[string]string{"name": name, "type": "SAP Commerce Cloud"}, http.StatusCreated)
	token, _ := system["integrationToken"].(map[string]any)
	row := call(t, http.MethodPost, base+"/tenants/commerce/pairings", map[string]any{"token": token["tokenUrl"]}, http.StatusCreated)
	if status, _ := row["status"].(map[string]any); status["code"] != "registered" {
		t.Fatalf("%s: the pairing is %v: %v", base, status, row["cause"])
	}
	id, _ := system["id"].(string)
	return id
}

func systemsIn(t *testing.T, base string) []string {
	t.Helper()
	list := call(t, http.MethodGet, base+"/api/v1/globalAccounts/default/systems", nil, http.StatusOK)
	var names []string
	for _, item := range list["items"].([]any) {
		names = append(names, item.(map[string]any)["name"].(string))
	}
	return names
}

func codeIn(t *testing.T, resp *http.Response) string {
	t.Helper()
	var doc problem.Document
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		t.Fatalf("the answer %d is no problem document: %v", resp.StatusCode, err)
	}
	return strings.TrimPrefix(doc.Type, problem.TypePrefix)
}

// Rule: environments-apart
func TestEnvironmentsAreWorldsOfTheirOwn(t *testing.T) {
	l := start(t)
	a := makeEnvironment(t, l, map[string]any{"name": "a"})
	makeEnvironment(t, l, map[string]any{"name": "b", "edition": "v2", "ttl": "10m"})
	urls, _ := a["urls"].(map[string]any)
	for which, want := range map[string]string{"http": l.HTTP, "mtls": l.MTLS, "control": l.Control} {
		if urls[which] != want+"/env/a" {
			t.Errorf("URL %s of environment a: got %v, want %s", which, urls[which], want+"/env/a")
		}
	}
	pairIn(t, l.HTTP+"/env/a", "Web Shop")
	pairIn(t, l.HTTP, "Web Shop") // the same name, the same tenant, another world
	pairIn(t, strings.Replace(l.HTTP, "127.0.0.1", "localhost", 1)+"/env/a", "Second Shop")

	if got := systemsIn(t, l.HTTP+"/env/a"); !slices.Equal(got, []string{"Web Shop", "Second Shop"}) {
		t.Errorf("systems in a: got %q", got)
	}
	if got := systemsIn(t, l.HTTP+"/env/default"); !slices.Equal(got, []string{"Web Shop"}) {
		t.Errorf("systems in default: got %q", got)
	}
	if got := systemsIn(t, l.HTTP+"/env/b"); len(got) != 0 {
		t.Errorf("systems in b: got %q, want none", got)
	}

	var names []string
	list := call(t, http.MethodGet, l.Control+"/control/environments", nil, http.StatusOK)
	for _, item := range list["items"].([]any) {
		e := item.(map[string]any)
		names = append(names, fmt.Sprint(e["name"], " ", e["edition"], " ", e["expiresAt"] != nil, " ", e["createdAt"] != nil))
	}
	if want := []string{"default v1 false false", "a v1 false true", "b v2 true true"}; !slices.Equal(names, want) {
		t.Errorf("environments: got %q, want %q", names, want)
	}
}

// Rule: environments-apart
func TestClocksAreApart(t *testing.T) {
	l := start(t, func(c *Config) { c.StartFrozen = time.Date(2040, 1, 1, 10, 0, 0, 0, time.UTC) })
	w := l.World()
	w.StartFrozen = time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)
	if err := l.MakeEnvironment(t.Context(), EnvironmentOptions{Name: "a", World: w}); err != nil {
		t.Fatal(err)
	}
	call(t, http.MethodPost, l.Control+"/env/a/control/clock", map[string]any{"advance": "1h"}, http.StatusOK)
	for base, want := range map[string]string{"/env/a": "2030-01-01T11:00:00", "": "2040-01-01T10:00:00"} {
		if got := call(t, http.MethodGet, l.Control+base+"/control/clock", nil, http.StatusOK); got["now"] != want+"Z" {
			t.Errorf("clock of %q: got %v, want %s", base, got, want)
		}
		if got := send(t, http.MethodGet, l.HTTP+base+"/api/v1/systemTypes", "").Header.Get("Pairsim-Time"); !strings.HasPrefix(got, want) {
			t.Errorf("Pairsim-Time of %q: got %s, want %s", base, got, want)
		}
	}
}

// walk tells of every string in a JSON document.
func walk(value any, tell func(string)) {
	switch v := value.(type) {
	case string:
		tell(v)
	case []any:
		for _, item := range v {
			walk(item, tell)
		}
	case map[string]any:
		for _, item := range v {
			walk(item, tell)
		}
	}
}

// TestWhatAnEnvironmentHandsOut: no URL, Location or link of environment b lacks
// its prefix, wherever it stands in an answer. (Paths in its journal are those
// within it: they are no addresses.)
//
// Rule: environment-name, public-urls
func TestWhatAnEnvironmentHandsOut(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	const prefix = "/env/b"
	l := start(t)
	own := func(text string) (path string, ok bool) {
		for _, base := range []string{l.HTTP, l.MTLS, l.Control} {
			if path, ok = strings.CutPrefix(text, base); ok {
				return path, true
			}
		}
		return text, strings.HasPrefix(text, "/api/") || strings.HasPrefix(text, "/control") || strings.HasPrefix(text, "/v1/") ||
			strings.HasPrefix(text, "/tenants") || strings.HasPrefix(text, "/.well-known") || text == "/ca.pem" || strings.HasPrefix(text, "/env/")
	}
	check := func(where, text string) {
		path, ok := own(text)
		if !ok {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, path)
		if !strings.HasPrefix(path, prefix+"/") && path != prefix {
			t.Errorf("%s hands out %.120s, without %s", where, text, prefix)
		}
	}
	makeEnvironment(t, l, map[string]any{"name": "b"})
	plain, overTLS, controls := l.HTTP+prefix, l.MTLS+prefix, l.Control+prefix
	client := trusting(t, l)
	ask := func(method, url string, body any) map[string]any {
		t.Helper()
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Prefer", "wait=30")
		resp, err := client.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		where := method + " " + req.URL.Path
		if resp.StatusCode >= 500 {
			t.Errorf("%s: got %d", where, resp.StatusCode)
		}
		for _, value := range resp.Header.Values("Location") {
			check(where+" (Location)", value)
			if resp.StatusCode/100 == 2 { // it leads to what it says
				if next := send(t, http.MethodGet, resolve(l, value), ""); next.StatusCode != http.StatusOK && next.StatusCode != http.StatusMethodNotAllowed {
					t.Errorf("%s: Location %s answers %d", where, value, next.StatusCode)
				}
			}
		}
		var answer map[string]any
		if text, err = io.ReadAll(resp.Body); err != nil {
			t.Fatal(err)
		}
		if json.Unmarshal(text, &answer) == nil && !strings.HasSuffix(req.URL.Path, "openapi.json") {
			walk(answer, func(s string) {
				check(where, s)
				if decoded := decodedToken(s); decoded != "" {
					check(where+" (token)", decoded)
				}
			})
		}
		return answer
	}
	for _, base := range []string{plain, overTLS, controls} {
		for _, path := range []string{
			"", "/", "/tenants", "/tenants/commerce", "/.well-known/jwks.json", "/.well-known/pairsim-configuration", "/api/v1/systemTypes",
			"/api/v1/systemTypes/", "/api/v1/globalAccounts", "/nowhere", "/v1", "/v1/nowhere", "/mp-shop/v1/metadata", "/tenants/nobody", "/tenants/commerce/pairings/9",
		} {
			ask(http.MethodGet, base+path, nil)
		}
		doc := ask(http.MethodGet, base+"/api/v1/openapi.json", nil)
		if servers := fmt.Sprint(doc["servers"]); servers != "[map[url:"+prefix+"]]" {
			t.Errorf("OpenAPI servers: got %s", servers)
		}
	}
	for _, path := range []string{"", "/clock", "/faults", "/publicUrls", "/incidents", "/nowhere"} {
		ask(http.MethodGet, controls+"/control"+path, nil)
	}
	doc := ask(http.MethodGet, controls+"/control/openapi.json", nil)
	if servers := fmt.Sprint(doc["servers"]); servers != "[map[url:"+prefix+"]]" {
		t.Errorf("OpenAPI servers of control: got %s", servers)
	}
	ask(http.MethodPost, controls+"/control/faults/recipes/deregister-error", nil)
	ask(http.MethodPost, controls+"/control/globalAccounts", map[string]any{"id": "acme", "displayName": "ACME", "subdomain": "acme"})
	ask(http.MethodPost, controls+"/control/faults", map[string]any{"point": "deregistration.tell-tenant", "times": 1})
	ask(http.MethodPost, plain+"/api/v1/globalAccounts", map[string]any{"id": "acme2", "displayName": "ACME 2", "subdomain": "acme2"})
	ask(http.MethodPost, plain+"/api/v1/globalAccounts/default/subaccounts", map[string]any{"id": "new", "displayName": "New", "subdomain": "new", "region": "eu10"})

	for i, product := range []struct{ tenant, systemType string }{
		{"commerce", "SAP Commerce Cloud"}, {"fsm", "SAP Field Service Management"}, {"c4c", "SAP Cloud for Customer"}, {"marketing", "SAP Marketing Cloud"},
	} {
		base := []string{plain, overTLS}[i%2]
		system := ask(http.MethodPost, base+"/api/v1/globalAccounts/default/systems", map[string]string{"name": "my " + product.tenant, "type": product.systemType})
		id, _ := system["id"].(string)
		token := ask(http.MethodPost, base+"/api/v1/systems/"+id+"/tokens", map[string]any{})
		row := ask(http.MethodPost, base+"/tenants/"+product.tenant+"/pairings", map[string]any{"token": token["tokenUrl"]})
		if status, _ := row["status"].(map[string]any); status["code"] != "registered" {
			t.Fatalf("%s: %v", product.tenant, row)
		}
		ask(http.MethodGet, base+"/api/v1/systems/"+id, nil)
		ask(http.MethodPost, base+"/tenants/"+product.tenant+"/renewal", nil)
	}
	// The vendor's wire, as its client sees it.
	system := ask(http.MethodPost, plain+"/api/v1/globalAccounts/default/systems", map[string]string{"name": "by hand", "type": "SAP Commerce Cloud"})
	issued, _ := system["integrationToken"].(map[string]any)
	info := ask(http.MethodGet, issued["tokenUrl"].(string), nil)
	if info["csrUrl"] == nil {
		t.Fatalf("info answered %v", info)
	}
	ask(http.MethodPost, plain+"/api/v1/globalAccounts/default/formations", map[string]any{"name": "f", "subaccount": "dev"})
	if len(seen) < 60 {
		t.Errorf("only %d URLs were seen: %q", len(seen), seen)
	}
}

func TestEnvironmentControlHasNoEnvironments(t *testing.T) {
	l := start(t)
	makeEnvironment(t, l, map[string]any{"name": "a"})
	for _, under := range []string{"/env/a", "/env/default"} {
		if resp := send(t, http.MethodGet, l.Control+under+"/control/environments", ""); resp.StatusCode != http.StatusNotFound || codeIn(t, resp) != "route-not-found" {
			t.Errorf("%s: got %d", under, resp.StatusCode)
		}
		if index := call(t, http.MethodGet, l.Control+under+"/control", nil, http.StatusOK); index["links"].(map[string]any)["environments"] != nil {
			t.Errorf("%s: its index links to environments", under)
		}
	}
	if index := call(t, http.MethodGet, l.Control+"/control", nil, http.StatusOK); index["links"].(map[string]any)["environments"] != "/control/environments" {
		t.Error("the server's index does not link to environments")
	}
	if resp := send(t, http.MethodGet, l.HTTP+"/control/environments", ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the public listener answers %d", resp.StatusCode)
	}
}

func TestEnvironmentsRefused(t *testing.T) {
	l := start(t)
	makeEnvironment(t, l, map[string]any{"name": "taken"})
	long := strings.Repeat("a", 64)
	for _, test := range []struct {
		body, code string
		status     int
		detail     string
	}{
		{`{"name":"taken"}`, "name-taken", 409, `"taken"`},
		{`{"name":"default"}`, "name-taken", 409, `"default"`},
		{`{"name":""}`, "name-invalid", 400, "1 to 63"},
		{`{"name":".."}`, "name-invalid", 400, "1 to 63"},
		{`{"name":"../default"}`, "name-invalid", 400, "1 to 63"},
		{`{"name":"a/b"}`, "name-invalid", 400, "1 to 63"},
		{`{"name":"a%2fb"}`, "name-invalid", 400, "1 to 63"},
		{`{"name":"-a"}`, "name-invalid", 400, "hyphen"},
		{`{"name":"a-"}`, "name-invalid", 400, "hyphen"},
		{`{"name":"A"}`, "name-invalid", 400, "lower-case"},
		{`{"name":"a\n"}`, "name-invalid", 400, "1 to 63"},
		{`{"name":"` + long + `"}`, "name-invalid", 400, "1 to 63"},
		{`{}`, "name-invalid", 400, "1 to 63"},
		{`{"name":"x","edition":"v9"}`, "invalid-request", 400, "v9"},
		{`{"name":"x","ttl":"0s"}`, "invalid-request", 400, "ttl"},
		{`{"name":"x","ttl":"-1m"}`, "invalid-request", 400, "ttl"},
		{`{"name":"x","ttl":"31d"}`, "invalid-request", 400, "30d"},
		{`{"name":"x","ttl":"soon"}`, "invalid-request", 400, "soon"},
		{`{"name":"x","ttl":10}`, "invalid-request", 400, "ttl"},
		{`{"name":"x","policy":{"abandoned":"lost"}}`, "invalid-request", 400, "pending or error"},
		{`{"name":"x","policy":{"revocation":"all"}}`, "invalid-request", 400, "renewal or strict"},
		{`{"name":"x","policy":{"rejectedCsrs":0}}`, "invalid-request", 400, "1 to 1000"},
		{`{"name":"x","policy":{"attemptDeadline":"0s"}}`, "invalid-request", 400, "1s to 3650d"},
		{`{"name":"x","policy":{"certificateValidity":"soon"}}`, "invalid-request", 400, "duration"},
		{`{"name":"x","policy":{"tokens":1}}`, "invalid-request", 400, "tokens"},
		{`{"name":"x","snap":{}}`, "invalid-request", 400, "snap"},
		{`{"name":"x","seed":"edition: v1"}`, "invalid-request", 400, "object"},
		{`{"name":"x","snapshot":[]}`, "invalid-request", 400, "object"},
		{`{"name":"x","snapshot":{}}`, "snapshot-invalid", 422, "schema"},
		{`{"name":"x","snapshot":{},"seed":{}}`, "invalid-request", 400, "a seed and a snapshot"},
		{`{"name":"x","seed":[]}`, "invalid-request", 400, "object"},
		{`{"name":"x"`, "invalid-request", 400, "breaks off"},
		{`{"name":"x","seed":{"a":[}`, "invalid-request", 400, "JSON"},
		{``, "invalid-request", 400, "empty"},
	} {
		resp := send(t, http.MethodPost, l.Control+"/control/environments", test.body)
		var doc problem.Document
		if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != test.status || doc.Type != problem.TypePrefix+test.code || !strings.Contains(doc.Detail, test.detail) {
			t.Errorf("%s: got %d %+v, want %d %s about %q", test.body, resp.StatusCode, doc, test.status, test.code, test.detail)
		}
	}
	if resp := send(t, http.MethodPost, l.Control+"/control/environments", `{"name":"x"}`, "Origin", "http://evil.test"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another origin: got %d, want 403", resp.StatusCode)
	}
	if resp := send(t, http.MethodPost, l.Control+"/control/environments", `{"name":"x","seed":{"a":"`+strings.Repeat("a", 2<<20)+`"}}`); codeIn(t, resp) != "body-too-large" {
		t.Error("a seed of two MiB was read")
	}
	if got := len(l.environments.all()); got != 1 {
		t.Errorf("there are %d environments, want only the first", got)
	}
	for path, want := range map[string]string{
		"/env/nobody/api/v1/systemTypes": "environment-not-found", "/env/nobody/": "environment-not-found", "/env/nobody": "environment-not-found",
		"/env/": "environment-not-found", "/env/../api/v1/systemTypes": "environment-not-found", "/env/Taken/": "environment-not-found",
		"/env/taken/../../api/v1/systemTypes": "route-not-found", "/env/taken/env/taken/api/v1/systemTypes": "route-not-found", "/env": "route-not-found",
	} {
		for _, base := range []string{l.HTTP, l.Control} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.URL.Path = path
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			if got := codeIn(t, resp); got != want || resp.StatusCode != http.StatusNotFound {
				t.Errorf("%s%s: got %d %s, want %s", base, path, resp.StatusCode, got, want)
			}
			resp.Body.Close()
		}
	}
	resp := send(t, http.MethodGet, l.HTTP+"/env/nobody/v1/applications/management/info", "")
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 404 || resp.Header.Get("Pairsim-Reason") != "environment-not-found" || !strings.Contains(string(body), `"code":404`) {
		t.Errorf("the vendor's wire of no environment: got %d %s", resp.StatusCode, body)
	}
}

func TestTooManyEnvironments(t *testing.T) {
	var s environments
	for i := range maxEnvironments {
		if err := s.reserve(btp.EnvironmentID(fmt.Sprint("e", i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.reserve("one-more"); btp.CodeOf(err) != btp.EnvironmentLimit {
		t.Errorf("got %v, want environment-limit", err)
	}
	s.release("e0")
	if err := s.reserve("one-more"); err != nil {
		t.Errorf("after one was dropped: %v", err)
	}
}

// Rule: environment-dropped
func TestDropEnvironment(t *testing.T) {
	l := start(t)
	for _, name := range []string{"a", "b"} {
		makeEnvironment(t, l, map[string]any{"name": name})
		pairIn(t, l.HTTP+"/env/"+name, "Web Shop")
	}
	if got := deleteEnvironment(t, l, "a"); got != http.StatusNoContent {
		t.Fatalf("DELETE: got %d", got)
	}
	for _, path := range []string{"/api/v1/systemTypes", "/tenants", "/", "/control/clock"} {
		if got := codeIn(t, send(t, http.MethodGet, l.Control+"/env/a"+path, "")); got != "environment-not-found" {
			t.Errorf("%s of a dropped environment: got %s", path, got)
		}
	}
	if got := systemsIn(t, l.HTTP+"/env/b"); !slices.Equal(got, []string{"Web Shop"}) {
		t.Errorf("the other environment has %q", got)
	}
	for name, want := range map[string]string{"a": "environment-not-found", "default": "environment-permanent", "A b": "environment-not-found"} {
		if got := codeIn(t, send(t, http.MethodDelete, l.Control+"/control/environments/"+strings.ReplaceAll(name, " ", "%20"), "")); got != want {
			t.Errorf("DELETE %s: got %s, want %s", name, got, want)
		}
	}
	makeEnvironment(t, l, map[string]any{"name": "a"}) // its name is free
	if got := systemsIn(t, l.HTTP+"/env/a"); len(got) != 0 {
		t.Errorf("made again it has %q", got)
	}
}

// waiting is a handler that holds requests of a marked kind until it is told.
type waiting struct {
	next           http.Handler
	entered, leave chan struct{}
}

func (h *waiting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Hold") != "" {
		h.entered <- struct{}{}
		if r.Header.Get("Hold") == "until cancelled" {
			<-r.Context().Done()
		} else {
			<-h.leave
		}
	}
	h.next.ServeHTTP(w, r)
}

// Requests under way when their environment is dropped end with its being gone, in
// the dialect of who is asked, whether they listen to their context or not.
//
// Rule: environment-dropped
func TestDropWithRequestsUnderWay(t *testing.T) {
	hold := &waiting{entered: make(chan struct{}), leave: make(chan struct{})}
	l := start(t)
	w := l.World()
	w.WrapPublic = func(h http.Handler) http.Handler { hold.next = h; return hold }
	if err := l.MakeEnvironment(t.Context(), EnvironmentOptions{Name: "a", World: w}); err != nil {
		t.Fatal(err)
	}
	makeEnvironment(t, l, map[string]any{"name": "b"})
	pairIn(t, l.HTTP+"/env/b", "Web Shop")

	type answer struct {
		status       int
		kind, reason string
		body         string
	}
	kinds := []struct{ path, hold string }{
		{"/api/v1/globalAccounts/default/systems", "until cancelled"},
		{"/api/v1/systemTypes", "for ever"}, // it needs nothing of the environment
		{"/v1/applications/management/info", "until cancelled"},
		{"/v1/health", "for ever"},
		{"/tenants", "for ever"},
	}
	answers := make([]answer, len(kinds))
	var under sync.WaitGroup
	for i, kind := range kinds {
		under.Go(func() {
			resp := send(t, http.MethodGet, l.HTTP+"/env/a"+kind.path, "", "Hold", kind.hold)
			body, _ := io.ReadAll(resp.Body) // send has read it
			answers[i] = answer{resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get("Pairsim-Reason"), string(body)}
		})
		<-hold.entered
	}
	stream := follow(t, l.Control+"/env/a/control/journal")
	if got := deleteEnvironment(t, l, "a"); got != http.StatusNoContent {
		t.Errorf("DELETE: got %d", got)
	}
	close(hold.leave)
	under.Wait()
	<-stream // ends too
	for i, kind := range kinds {
		got := answers[i]
		vendor := strings.HasPrefix(kind.path, "/v1/")
		switch {
		case got.status != http.StatusGone, !strings.Contains(got.body, "environment a is gone"):
			t.Errorf("%s: got %+v, want 410 about the environment", kind.path, got)
		case vendor && (got.reason != "environment-gone" || !strings.HasPrefix(got.body, `{"code":410`)):
			t.Errorf("%s: got %+v, want the vendor's body", kind.path, got)
		case !vendor && (got.kind != problem.ContentType || !strings.Contains(got.body, "urn:pairsim:problem:environment-gone")):
			t.Errorf("%s: got %+v, want a problem document", kind.path, got)
		}
	}
	if got := systemsIn(t, l.HTTP+"/env/b"); !slices.Equal(got, []string{"Web Shop"}) {
		t.Errorf("the other environment has %q", got)
	}
	if ids, err := l.store.Environments(t.Context()); err != nil || !slices.Equal(ids, []btp.EnvironmentID{"b", "default"}) {
		t.Errorf("the store holds %v, %v", ids, err)
	}
}

// follow opens a stream of the journal; the channel is closed when it ends.
func follow(t *testing.T, url string) <-chan struct{} {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("journal: got %d", resp.StatusCode)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer resp.Body.Close()
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		}
	}()
	return ended
}

// Environments end when their time is up, also where it was before they were made.
//
// Rule: environment-dropped
func TestEnvironmentsExpire(t *testing.T) {
	l := start(t)
	makeEnvironment(t, l, map[string]any{"name": "lasting"})
	makeEnvironment(t, l, map[string]any{"name": "long", "ttl": "1h"})
	for n := range 20 {
		makeEnvironment(t, l, map[string]any{"name": fmt.Sprint("short-", n), "ttl": "1ns"})
	}
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	var names []string
	for bounded := waited(t); bounded.Err() == nil; <-again.C {
		names = nil
		for _, e := range l.environments.all() {
			names = append(names, string(e.id))
		}
		if slices.Equal(names, []string{"lasting", "long"}) {
			return
		}
	}
	t.Errorf("environments: got %q", names)
}

// An environment that took the name of an expired one does not go with it.
func TestOnlyTheExpiredIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s environments
		old, young := &environment{id: "a"}, &environment{id: "a"}
		if err := s.reserve("a"); err != nil {
			t.Fatal(err)
		}
		s.put(young)
		if s.take("a", old) != nil {
			t.Error("the wrong one was taken")
		}
		if s.take("a", young) != young || s.take("a", young) != nil {
			t.Error("the right one is taken once")
		}
	})
}

// Rule: environment-from-seed
func TestSeedOfAnEnvironment(t *testing.T) {
	l := start(t, func(c *Config) {
		c.ReadSeed = func(document []byte, edition string, into *Config) error {
			var seed struct{ Edition, Name string }
			if err := json.Unmarshal(document, &seed); err != nil {
				return err
			}
			if seed.Name == "" {
				return fmt.Errorf("name: is missing")
			}
			if seed.Edition != "" {
				into.Edition = seed.Edition
			}
			if edition != "" {
				into.Edition = edition
			}
			into.Landscape.Systems = []btp.DeclaredSystem{{GlobalAccount: "default", Name: seed.Name, Type: "SAP Commerce Cloud", Status: btp.Pending, TokenAge: -1}}
			into.Tenants = []Tenant{{ID: "shop", Product: "commerce"}}
			return nil
		}
	})
	e := makeEnvironment(t, l, map[string]any{"name": "a", "seed": map[string]any{"name": "Seeded", "edition": "v2"}})
	if e["edition"] != "v2" {
		t.Errorf("edition: got %v", e["edition"])
	}
	if e := makeEnvironment(t, l, map[string]any{"name": "b", "seed": map[string]any{"name": "Seeded"}}); e["edition"] != "v1" {
		t.Errorf("edition without one in the seed: got %v", e["edition"])
	}
	if got := systemsIn(t, l.HTTP+"/env/a"); !slices.Equal(got, []string{"Seeded"}) {
		t.Errorf("systems: got %q", got)
	}
	tenants := call(t, http.MethodGet, l.HTTP+"/env/a/tenants", nil, http.StatusOK)["items"].([]any)
	if len(tenants) != 1 || tenants[0].(map[string]any)["id"] != "shop" {
		t.Errorf("tenants: got %v", tenants)
	}
	for body, detail := range map[string]string{
		`{"name":"c","seed":{}}`:                             "seed: name: is missing",
		`{"name":"c","seed":{"name":" bad "}}`:               "seed: ",
		`{"name":"c","seed":{"name":"x ` + "\\u0001" + `"}}`: "seed: ",
	} {
		resp := send(t, http.MethodPost, l.Control+"/control/environments", body)
		text, _ := io.ReadAll(resp.Body) // send has read it
		if resp.StatusCode != 400 || !strings.Contains(string(text), detail) {
			t.Errorf("%s: got %d %s, want 400 with %q", body, resp.StatusCode, text, detail)
		}
	}
	makeEnvironment(t, l, map[string]any{"name": "c"}) // nothing of the refused ones is left
}

// A restart opens all environments again, with what they were made with, and drops
// what has expired in the meantime.
func TestEnvironmentsSurviveARestart(t *testing.T) {
	data := filepath.Join(t.TempDir(), "pairsim.db")
	open := func(now time.Time) *Landscape {
		cfg := Default()
		cfg.HTTP, cfg.MTLS, cfg.Control, cfg.Data = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", data
		cfg.RealNow = func() time.Time { return now }
		l, err := Start(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	stop := func(l *Landscape) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := l.Close(ctx); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now().Add(-2 * time.Hour) // TLS lives in the real present
	l := open(now)
	w := l.World()
	w.Edition, w.Policy.AttemptDeadline, w.Tenants = "v2", time.Minute, []Tenant{{
		ID: "commerce", Product: "commerce",
		APIs: []ReplacedAPI{{Identifier: "commerce-inbound-product", TargetURL: "https://elsewhere.test/products", Specification: []byte("<edmx:Edmx/>")}},
	}}
	for _, o := range []EnvironmentOptions{{Name: "kept", World: w}, {Name: "expired", World: w, TTL: time.Hour}, {Name: "later", World: w, TTL: 3 * time.Hour}} {
		if err := l.MakeEnvironment(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	system := call(t, http.MethodPost, l.HTTP+"/env/kept/api/v1/globalAccounts/default/systems", map[string]string{"name": "Web Shop", "type": "SAP Commerce Cloud"}, 201)
	token := call(t, http.MethodPost, l.HTTP+"/env/kept/api/v1/systems/"+system["id"].(string)+"/tokens", nil, 201)
	call(t, http.MethodPost, l.HTTP+"/env/kept/tenants/commerce/pairings", map[string]any{"token": token["token"]}, 201)
	call(t, http.MethodPost, l.HTTP+"/env/expired/tenants/commerce/pairings", map[string]any{"token": "nonsense"}, 201)
	folders := func() (names []string) {
		t.Helper()
		found, err := l.tenantFolders()
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if got := folders(); !slices.Equal(got, []string{"expired", "kept", "later"}) {
		t.Errorf("folders of tenants: got %q", got)
	}
	stop(l)
	if err := os.MkdirAll(filepath.Join(data+".tenants", "left-over"), 0o700); err != nil {
		t.Fatal(err)
	}

	l = open(now.Add(2 * time.Hour))
	if got := folders(); !slices.Equal(got, []string{"kept", "later"}) {
		t.Errorf("folders of tenants after the restart: got %q", got)
	}
	var names []string
	for _, e := range l.Environments() {
		names = append(names, e.Name)
	}
	if !slices.Equal(names, []string{"default", "kept", "later"}) {
		t.Errorf("environments after the restart: got %q", names)
	}
	kept := l.environments.find("kept")
	if kept.world.Policy.AttemptDeadline != time.Minute || len(kept.tenants) != 1 || kept.edition().ID != "v2" || !kept.createdAt.Equal(now) {
		t.Errorf("it was opened as something else: %+v", kept.world)
	}
	// An API of the tenant that is elsewhere still is.
	apis := call(t, http.MethodGet, l.HTTP+"/env/kept/tenants/commerce/apis", nil, 200)
	replaced := apis["items"].([]any)[1].(map[string]any)
	if replaced["targetUrl"] != "https://elsewhere.test/products" || replaced["served"] != false {
		t.Errorf("the API that is elsewhere: got %v", replaced)
	}
	if got := send(t, http.MethodGet, l.HTTP+"/env/kept/tenants/commerce/specifications/commerce-inbound-product", ""); got.ContentLength != int64(len("<edmx:Edmx/>")) {
		t.Errorf("its specification has %d bytes", got.ContentLength)
	}
	// The tenant is still paired, and told the registry where it is now.
	call(t, http.MethodPost, l.HTTP+"/env/kept/tenants/commerce/renewal", nil, 200)
	call(t, http.MethodPost, l.HTTP+"/env/kept/api/v1/systems/"+system["id"].(string)+"/deregistration", nil, 202)
	tenant := call(t, http.MethodGet, l.HTTP+"/env/kept/tenants/commerce", nil, 200)
	if tenant["connection"] != nil {
		t.Errorf("the tenant was not told of its deregistration: %v", tenant)
	}
	if got := deleteEnvironment(t, l, "kept"); got != http.StatusNoContent {
		t.Errorf("DELETE: got %d", got)
	}
	if got := folders(); !slices.Equal(got, []string{"later"}) {
		t.Errorf("folders of tenants after the drop: got %q", got)
	}
	stop(l)
}

func BenchmarkCreateEnvironment(b *testing.B) {
	l := bench(b)
	n := 0
	for b.Loop() {
		n++
		if err := l.MakeEnvironment(b.Context(), EnvironmentOptions{Name: fmt.Sprint("e", n), World: l.World()}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := l.DropEnvironment(b.Context(), fmt.Sprint("e", n)); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func BenchmarkDropEnvironment(b *testing.B) {
	l := bench(b)
	n := 0
	for b.Loop() {
		b.StopTimer()
		n++
		name := fmt.Sprint("e", n)
		if err := l.MakeEnvironment(b.Context(), EnvironmentOptions{Name: name, World: l.World()}); err != nil {
			b.Fatal(err)
		}
		for i := range 100 {
			if _, _, err := l.environments.find(btp.EnvironmentID(name)).registry.Register(b.Context(), "default", fmt.Sprint("s", i), "SAP Commerce Cloud", "http://x", ""); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		if err := l.DropEnvironment(b.Context(), name); err != nil {
			b.Fatal(err)
		}
	}
}

func bench(b *testing.B) *Landscape {
	b.Helper()
	cfg := Default()
	cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	l, err := Start(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close(context.Background()) })
	return l
}
