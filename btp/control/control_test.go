package control_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/control"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/btp/httpapi/openapitest"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
	"github.com/pairsim/pairsim/internal/publicurl"
	"github.com/pairsim/pairsim/internal/snapshot"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

var start = time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)

func newControl(t *testing.T) (controlAPI, *btp.Registry) {
	t.Helper()
	return newControlOf(t, "v1", btp.DefaultLandscape())
}

// controlAPI is the API, which is held against openapi.yaml.
type controlAPI struct {
	http.Handler
	routes gin.RoutesInfo
}

func newControlOf(t testing.TB, edition string, landscape btp.Landscape) (controlAPI, *btp.Registry) {
	t.Helper()
	registry, err := btp.Open(context.WithoutCancel(t.Context()), btp.Config{
		Store: memory.New(), Environment: btp.DefaultEnvironment, Edition: edition, Seed: 7, Tokens: token.NewSigner(nil),
		NewAuthority:  func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(start); return m, err },
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return start }, StartFrozen: start,
		Policy: btp.DefaultPolicy(), Landscape: landscape,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	urls, err := publicurl.New("8080", "8443", "", "")
	if err != nil {
		t.Fatal(err)
	}
	r := gin.New()
	r.HandleMethodNotAllowed = true
	control.Mount(r, control.Config{
		Registry: registry, URLs: urls, Environments: environments{}, Snapshots: &snapshot.Environment{Registry: registry},
		ServerCA: func() []byte { return []byte("server PEM") }, ClientCA: func() []byte { return []byte("client PEM") },
	})
	r.NoRoute(httpapi.NoRoute)
	r.NoMethod(httpapi.NoMethod)
	return controlAPI{openapitest.Control.Check(t, r), r.Routes()}, registry
}

func call(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8081"+target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func codeOf(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var doc struct{ Type string }
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatalf("answer %d %s: %v", w.Code, w.Body, err)
	}
	return strings.TrimPrefix(doc.Type, "urn:pairsim:problem:")
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: -want +got\n%s", file, diff)
	}
}

// Rule: clock-never-back
func TestClock(t *testing.T) {
	tests := []struct {
		body, want string // want: the answer, or a code
		status     int
	}{
		{`{"advance":"10m"}`, `{"now":"2030-01-01T10:10:00Z","frozen":true}`, 200},
		{`{"advance":"1.5s"}`, `{"now":"2030-01-01T10:00:01.5Z","frozen":true}`, 200},
		{`{"advance":"7d"}`, `{"now":"2030-01-08T10:00:00Z","frozen":true}`, 200},
		{`{"advance":"90d"}`, `{"now":"2030-04-01T10:00:00Z","frozen":true}`, 200},
		{`{"advance":"1d2h30m"}`, `{"now":"2030-01-02T12:30:00Z","frozen":true}`, 200},
		{`{"advance":"0s"}`, `{"now":"2030-01-01T10:00:00Z","frozen":true}`, 200},
		{`{"set":"2030-01-01T12:00:00+01:00"}`, `{"now":"2030-01-01T11:00:00Z","frozen":true}`, 200},
		{`{"set":"2030-01-01T10:00:00Z"}`, `{"now":"2030-01-01T10:00:00Z","frozen":true}`, 200},
		{`{"resume":true}`, `{"now":"2030-01-01T10:00:00Z","frozen":false}`, 200},
		{`{"freeze":true}`, `{"now":"2030-01-01T10:00:00Z","frozen":true}`, 200},

		{`{"advance":"-1s"}`, "clock-backwards", 409},
		{`{"advance":"-7d"}`, "clock-backwards", 409},
		{`{"set":"2030-01-01T09:59:59Z"}`, "clock-backwards", 409},
		{`{"advance":"60000d"}`, "invalid-request", 400},
		{`{"advance":"99999d"}`, "invalid-request", 400},
		{`{"advance":"65000d2000000h"}`, "invalid-request", 400},
		{`{"advance":"1d-1h"}`, "invalid-request", 400},
		{`{"advance":"d"}`, "invalid-request", 400},
		{`{"advance":"10"}`, "invalid-request", 400},
		{`{"advance":""}`, "invalid-request", 400},
		{`{"advance":600}`, "invalid-request", 400},
		{`{"set":"tomorrow"}`, "invalid-request", 400},
		{`{"set":"0001-01-01T00:00:00Z"}`, "invalid-request", 400},
		{`{"set":"2130-01-01T00:00:00Z"}`, "invalid-request", 400},
		{`{"freeze":false}`, "invalid-request", 400},
		{`{"resume":false}`, "invalid-request", 400},
		{`{}`, "invalid-request", 400},
		{`{"freeze":true,"resume":true}`, "invalid-request", 400},
		{`{"advance":"1s","set":"2031-01-01T10:00:00Z"}`, "invalid-request", 400},
		{`{"stop":true}`, "invalid-request", 400},
	}
	for _, tt := range tests {
		t.Run(tt.body, func(t *testing.T) {
			h, registry := newControl(t)
			w := call(h, "POST", "/control/clock", tt.body)
			got := strings.TrimSpace(w.Body.String())
			if tt.status != 200 {
				got = codeOf(t, w)
			}
			if w.Code != tt.status || got != tt.want {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, tt.status, tt.want)
			}
			if got, want := w.Header().Get("Pairsim-Time"), registry.Now().Format("2006-01-02T15:04:05.000000000Z"); got != want {
				t.Errorf("got Pairsim-Time %s, want %s", got, want)
			}
			if tt.status == 200 {
				if shown := strings.TrimSpace(call(h, "GET", "/control/clock", "").Body.String()); shown != tt.want {
					t.Errorf("afterwards the clock shows %s, want %s", shown, tt.want)
				}
			}
		})
	}
}

// filled returns a journal with a story in it.
func filled(t *testing.T) (controlAPI, *btp.Registry, btp.SystemID) {
	t.Helper()
	h, registry := newControl(t)
	shop, _, err := registry.Register(t.Context(), "default", "Web Shop", "SAP Commerce Cloud", "https://x", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := registry.Register(t.Context(), "default", "Web Shop", "SAP Commerce Cloud", "https://x", ""); err == nil {
		t.Fatal("a name was taken twice")
	}
	registry.Journal().Append(btp.Entry{
		At: start, Kind: btp.EntryRequest, Method: "GET", Path: "/api/v1/systems/7", Status: 404, Rule: "system-not-found",
		About: btp.Reference{Tenant: "commerce"},
	})
	if _, err := registry.ChangeClock(t.Context(), btp.ClockChange{Advance: 10 * time.Minute}); err != nil {
		t.Fatal(err)
	}
	return h, registry, shop.ID
}

func TestJournal(t *testing.T) {
	h, _, shop := filled(t)
	w := call(h, "GET", "/control/journal", "")
	golden(t, "journal.json", indent(t, w.Body.Bytes()))
	w = call(h, "GET", "/control/journal", "", "Accept", "application/x-ndjson")
	golden(t, "journal.ndjson", w.Body.Bytes())
	if got := w.Header().Get("Content-Type"); got != "application/x-ndjson" {
		t.Errorf("got Content-Type %s", got)
	}

	tests := []struct {
		query, want string // want: seqs, and nextAfter
	}{
		{"", "1 2 3 4 5 > 5"},
		{"?after=0&limit=2", "1 2 > 2"},
		{"?after=2&limit=2", "3 4 > 4"},
		{"?after=4", "5 > 5"},
		{"?after=5", "> 5"},
		{"?after=99", "1 2 3 4 5 > 5"}, // a number of an earlier process: from the start
		{"?after=18446744073709551615", "1 2 3 4 5 > 5"},
		{"?kind=refusal", "3 > 5"},
		{"?kind=request", "4 > 5"},
		{"?kind=transition", "> 5"},
		{"?point=token.issue", "2 > 5"},
		{"?system=" + string(shop), "1 2 5 > 5"},
		{"?system=" + string(shop) + "&kind=due&limit=1000", "5 > 5"},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			var answer struct {
				Items     []struct{ Seq uint64 }
				NextAfter uint64
			}
			w := call(h, "GET", "/control/journal"+tt.query, "")
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				t.Fatalf("%d %s: %v", w.Code, w.Body, err)
			}
			got := ""
			for _, e := range answer.Items {
				got += fmt.Sprint(e.Seq, " ")
			}
			if got += fmt.Sprint("> ", answer.NextAfter); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func indent(t *testing.T, body []byte) []byte {
	t.Helper()
	var doc any
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	pretty, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(pretty, '\n')
}

func TestFollowJournal(t *testing.T) {
	h, registry, _ := filled(t)
	server := httptest.NewServer(h)
	defer server.Close()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/control/journal?kind=request", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Last-Event-ID", "1")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("got Content-Type %s", got)
	}
	lines := bufio.NewScanner(res.Body)
	next := func() string {
		for lines.Scan() {
			if line := lines.Text(); strings.HasPrefix(line, "id: ") {
				return line
			}
		}
		return fmt.Sprint("no more: ", lines.Err())
	}
	if got := next(); got != "id: 4" {
		t.Errorf("got %q, want id: 4", got)
	}
	registry.Journal().Append(btp.Entry{At: start, Kind: btp.EntryDecision}) // filtered out
	for seq := 7; seq < 10; seq++ {
		registry.Journal().Append(btp.Entry{At: start, Kind: btp.EntryRequest})
		if got, want := next(), fmt.Sprint("id: ", seq); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	leave()
	server.Close() // waits for the stream's handler to return
}

func TestKeysURLsAuthorities(t *testing.T) {
	h, registry := newControl(t)
	for _, algorithm := range []string{"ES256", "EdDSA"} {
		var key struct{ Kid, Algorithm, CreatedAt string }
		w := call(h, "POST", "/control/signingKeys/rotation", `{"algorithm":"`+algorithm+`"}`)
		if err := json.Unmarshal(w.Body.Bytes(), &key); err != nil || w.Code != 200 {
			t.Fatalf("%d %s: %v", w.Code, w.Body, err)
		}
		if key.Algorithm != algorithm || key.CreatedAt != "2030-01-01T10:00:00Z" || key.Kid == "" {
			t.Errorf("got %+v, want a key for %s", key, algorithm)
		}
		set, err := registry.JWKS(t.Context())
		if err != nil || !strings.Contains(string(set), key.Kid) {
			t.Errorf("key %s is not published: %s, %v", key.Kid, set, err)
		}
	}
	for _, tt := range []struct{ method, path, body, want string }{
		{"PUT", "/control/publicUrls", `{"http":"https://a.example/","mtls":"https://b.example:9"}`, `{"http":"https://a.example","mtls":"https://b.example:9"}`},
		{"GET", "/control/publicUrls", "", `{"http":"https://a.example","mtls":"https://b.example:9"}`},
		{"PUT", "/control/publicUrls", `{}`, `{"http":"","mtls":""}`},
		{"GET", "/control/authorities", "", `{"client":"client PEM","server":"server PEM"}`},
	} {
		w := call(h, tt.method, tt.path, tt.body)
		if got := strings.TrimSpace(w.Body.String()); w.Code != 200 || got != tt.want {
			t.Errorf("%s %s: got %d %s, want %s", tt.method, tt.path, w.Code, got, tt.want)
		}
	}
	golden(t, "index.json", indent(t, call(h, "GET", "/control", "").Body.Bytes()))
}

// parameter is one of a gin path; the index writes it as a URI template does.
var parameter = regexp.MustCompile(`:(\w+)`)

func TestIndexLinksExist(t *testing.T) {
	h, _ := newControl(t)
	var index struct{ Links map[string]string }
	if err := json.Unmarshal(call(h, "GET", "/control", "").Body.Bytes(), &index); err != nil {
		t.Fatal(err)
	}
	for _, route := range h.routes {
		linked := route.Path == "/control"
		for _, link := range index.Links {
			linked = linked || link == parameter.ReplaceAllString(route.Path, "{$1}")
		}
		if !linked {
			t.Errorf("%s is not in the index", route.Path)
		}
	}
}

// Rule: input-refused-precisely
func TestRefused(t *testing.T) {
	h, _ := newControl(t)
	for _, tt := range []struct {
		method, target, body, code string
		status                     int
	}{
		{"GET", "/control/journal?after=x", "", "invalid-request", 400},
		{"GET", "/control/journal?after=-1", "", "invalid-request", 400},
		{"GET", "/control/journal?limit=1001", "", "invalid-request", 400},
		{"GET", "/control/journal?limit=0", "", "invalid-request", 400},
		{"GET", "/control/journal?kind=joke", "", "invalid-request", 400},
		{"GET", "/control/journal?point=nowhere", "", "invalid-request", 400},
		{"GET", "/control/journal?sytem=x", "", "invalid-request", 400},
		{"GET", "/control/clock?x=1", "", "invalid-request", 400},
		{"POST", "/control/clock?x=1", `{"freeze":true}`, "invalid-request", 400},
		{"POST", "/control/clock", ``, "invalid-request", 400},
		{"GET", "/control/transitions?name=removing", "", "invalid-request", 400},
		{"PUT", "/control/transitions/removing", ``, "invalid-request", 400},
		{"PUT", "/control/transitions/removing", `{}`, "invalid-request", 400},
		{"PUT", "/control/transitions/removing", `{"reads":1,"held":true}`, "invalid-request", 400},
		{"PUT", "/control/transitions/removing", `{"held":false}`, "invalid-request", 400},
		{"PUT", "/control/transitions/removing", `{"immediate":false}`, "invalid-request", 400},
		{"PUT", "/control/transitions/removing", `{"immediate":"yes"}`, "invalid-request", 400},
		{"PUT", "/control/transitions/removing", `{"reads":0}`, "invalid-request", 400},
		{"PUT", "/control/transitions/removing", `{"reads":-3}`, "invalid-request", 400},
		{"PUT", "/control/transitions/deregistering", `{"reads":10001}`, "invalid-request", 400},
		{"PUT", "/control/transitions/removing", `{"reads":1.5}`, "invalid-request", 400},
		{"PUT", "/control/transitions/removing", `{"after":10}`, "invalid-request", 400},
		{"PUT", "/control/transitions/removing", `{"after":"soon"}`, "invalid-request", 400},
		{"PUT", "/control/transitions/deregistering", `{"after":"-1s"}`, "invalid-request", 400},
		{"PUT", "/control/transitions/deregistering", `{"after":"3651d"}`, "invalid-request", 400},
		{"PUT", "/control/transitions/removing?x=1", `{"held":true}`, "invalid-request", 400},
		{"PUT", "/control/transitions/pairing", `{"held":true}`, "invalid-request", 400},
		{"PUT", "/control/transitions/removing", `{"held":true}`, "operation-not-in-edition", 409},
		{"DELETE", "/control/transitions/pairing", "", "invalid-request", 400},
		{"DELETE", "/control/transitions/deregistering?x=1", "", "invalid-request", 400},
		{"POST", "/control/transitions", `{"held":true}`, "method-not-allowed", 405},
		{"GET", "/control/holds?limit=1", "", "invalid-request", 400},
		{"POST", "/control/holds/nothing/release", "", "hold-not-found", 404},
		{"POST", "/control/holds/nothing/release?x=1", "", "invalid-request", 400},
		{"DELETE", "/control/holds/nothing", "", "route-not-found", 404},
		{"POST", "/control/signingKeys/rotation", `{"algorithm":"HS256"}`, "key-algorithm-unsupported", 400},
		{"PUT", "/control/publicUrls", `{"http":"ftp://x"}`, "invalid-request", 400},
		{"PUT", "/control/publicUrls", `{"mtls":"http://x"}`, "invalid-request", 400},
		{"PUT", "/control/publicUrls", `{"http":"https://u:p@x"}`, "invalid-request", 400},
		{"GET", "/control/nothing", "", "route-not-found", 404},
		{"DELETE", "/control/clock", "", "method-not-allowed", 405},
	} {
		t.Run(tt.method+" "+tt.target+" "+tt.body, func(t *testing.T) {
			w := call(h, tt.method, tt.target, tt.body)
			if code := codeOf(t, w); w.Code != tt.status || code != tt.code {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, tt.status, tt.code)
			}
		})
	}
}

// Rule: origin-checked
func TestGuard(t *testing.T) {
	tests := []struct {
		name, method, host, origin, site string
		want                             int
	}{
		{"curl", "POST", "127.0.0.1:8081", "", "", 200},
		{"localhost", "POST", "localhost:8081", "", "", 200},
		{"upper case, dot", "POST", "LOCALHOST.:8081", "", "", 200},
		{"IPv6", "POST", "[::1]:8081", "", "", 200},
		{"IPv6 without a port", "POST", "[::1]", "", "", 200},
		{"another loopback address", "GET", "127.3.2.1", "", "", 200},
		{"subdomain of localhost", "GET", "pairsim.localhost:8081", "", "", 200},
		{"configured host", "POST", "sim.example:443", "", "", 200},
		{"configured host with its port", "POST", "proxy.example", "", "", 200},
		{"rebound name", "GET", "evil.example:8081", "", "", 403},
		{"rebound name, own origin", "POST", "evil.example:8081", "http://evil.example:8081", "same-origin", 403},
		{"name that only ends like ours", "GET", "notlocalhost", "", "", 403},
		{"foreign address", "GET", "192.0.2.1:8081", "", "", 403},
		{"no host", "GET", "", "", "", 403},

		{"own page", "POST", "127.0.0.1:8081", "http://127.0.0.1:8081", "same-origin", 200},
		{"own page of an old browser", "POST", "127.0.0.1:8081", "http://127.0.0.1:8081", "", 200},
		{"typed into the browser", "GET", "127.0.0.1:8081", "", "none", 200},
		{"configured page behind a proxy", "POST", "127.0.0.1:8081", "https://sim.example", "cross-site", 200},
		{"foreign page writes", "POST", "127.0.0.1:8081", "https://evil.example", "cross-site", 403},
		{"foreign page of an old browser writes", "POST", "127.0.0.1:8081", "https://evil.example", "", 403},
		{"foreign page reads", "GET", "127.0.0.1:8081", "https://evil.example", "cross-site", 403},
		{"opaque page writes", "POST", "127.0.0.1:8081", "null", "cross-site", 403},
		{"page on another port writes", "POST", "127.0.0.1:8081", "http://127.0.0.1:3000", "same-site", 403},
		{"page on another port of an old browser writes", "PUT", "127.0.0.1:8081", "http://127.0.0.1:3000", "", 403},
		{"page on another port reads", "GET", "127.0.0.1:8081", "http://127.0.0.1:3000", "same-site", 200},
		{"no URL", "POST", "127.0.0.1:8081", "http://%zz", "", 403},
	}
	r := gin.New()
	r.Use(control.Guard(func() []string { return []string{"sim.example", "proxy.example:9000", ""} }))
	r.Any("/", func(c *gin.Context) { c.Status(http.StatusOK) })
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := httptest.NewRequest(tt.method, "http://x/", nil)
			req.Host = tt.host
			for name, value := range map[string]string{"Origin": tt.origin, "Sec-Fetch-Site": tt.site} {
				if value != "" {
					req.Header.Set(name, value)
				}
			}
			w := httptest.NewRecorder()
			r.ServeHTTP(w, req)
			if w.Code != tt.want {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, tt.want)
			}
			if tt.want == 403 && codeOf(t, w) != "origin-refused" {
				t.Errorf("got %s, want origin-refused", w.Body)
			}
		})
	}
}

func TestControlKey(t *testing.T) {
	const key = "correct horse battery"
	for _, tt := range []struct {
		name, key, header string
		want              int
	}{
		{"no key asked for", "", "", 200},
		{"the key", key, "Bearer " + key, 200},
		{"scheme in lower case", key, "bearer " + key, 200},
		{"none", key, "", 401},
		{"another", key, "Bearer correct horse batterx", 401},
		{"its beginning", key, "Bearer correct", 401},
		{"empty", key, "Bearer ", 401},
		{"as Basic", key, "Basic " + key, 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := gin.New()
			r.Use(control.RequireKey(tt.key))
			r.GET("/control/clock", func(c *gin.Context) { c.Status(200) })
			w := call(r, "GET", "/control/clock", "", "Authorization", tt.header)
			if w.Code != tt.want {
				t.Errorf("got %d, want %d", w.Code, tt.want)
			}
			if tt.want == 401 && (codeOf(t, w) != "control-key-needed" || w.Header().Get("WWW-Authenticate") == "" || strings.Contains(w.Body.String(), key)) {
				t.Errorf("got %v %s", w.Header(), w.Body)
			}
		})
	}
}
