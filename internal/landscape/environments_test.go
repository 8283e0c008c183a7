package landscape

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
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
