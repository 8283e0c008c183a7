package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
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
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/btp/destination/rest"
	"github.com/pairsim/pairsim/btp/eventmesh"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/btp/httpapi/openapitest"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
	"github.com/pairsim/pairsim/internal/outbound"
	"github.com/pairsim/pairsim/internal/publicurl"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

var start = time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)

// api is a registry with a frozen clock behind the real routes. Every answer is
// held against openapi.yaml.
type api struct {
	t        *testing.T
	registry *btp.Registry
	handler  http.Handler
	log      bytes.Buffer
}

func newAPI(t *testing.T, edition string) *api {
	t.Helper()
	return newAPIOf(t, edition, btp.DefaultLandscape(), btp.DefaultPolicy())
}

// newAPIOf declares a landscape of its own.
func newAPIOf(t *testing.T, edition string, landscape btp.Landscape, policy btp.Policy) *api {
	t.Helper()
	registry, err := btp.Open(t.Context(), btp.Config{
		Store: memory.New(), Environment: btp.DefaultEnvironment, Edition: edition, Seed: 7, Tokens: token.NewSigner(nil),
		NewAuthority:  func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(start); return m, err },
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return start }, StartFrozen: start,
		Policy: policy, Landscape: landscape, Workers: catalogue.Workers(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	a := &api{t: t, registry: registry}
	a.handler = openapitest.Registry.Check(t, router(t, registry, registry, &a.log))
	return a
}

func router(t *testing.T, registry httpapi.Registry, clock interface{ Now() time.Time }, log io.Writer) *gin.Engine {
	t.Helper()
	urls, err := publicurl.New("8080", "8443", "", "")
	if err != nil {
		t.Fatal(err)
	}
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.Use(httpapi.Time(clock))
	whole, ok := registry.(*btp.Registry)
	if !ok {
		whole = registry.(staged).Registry
	}
	destinations := rest.New(rest.Config{Registry: whole, Outbound: outbound.New(outbound.Config{})})
	t.Cleanup(destinations.Close)
	httpapi.Mount(r, httpapi.Config{Registry: registry, Services: engineOn(registry), EventBus: &eventmesh.Bus{Registry: whole}, URLs: urls, Destinations: destination.UseCases{Registry: whole}, Finder: destinations, Log: slog.New(slog.NewTextHandler(log, nil))})
	r.NoRoute(httpapi.NoRoute)
	r.NoMethod(httpapi.NoMethod)
	return r
}

// call sends a request; header lists names and values.
func (a *api) call(method, target, body string, header ...string) *httptest.ResponseRecorder {
	a.t.Helper()
	return call(a.handler, method, target, body, header...)
}

func call(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+target, strings.NewReader(body))
	if body == "" {
		r.Body = http.NoBody
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// must returns the JSON of an answer of this status.
func (a *api) must(want int, w *httptest.ResponseRecorder) map[string]any {
	a.t.Helper()
	if w.Code != want {
		a.t.Fatalf("got status %d %s, want %d", w.Code, w.Body, want)
	}
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		a.t.Fatalf("answer %s: %v", w.Body, err)
	}
	return doc
}

func (a *api) register(name, systemType string) map[string]any {
	a.t.Helper()
	body, _ := json.Marshal(map[string]string{"name": name, "type": systemType})
	return a.must(http.StatusCreated, a.call("POST", "/api/v1/globalAccounts/default/systems", string(body)))
}

func (a *api) advance(d time.Duration) {
	a.t.Helper()
	if _, err := a.registry.ChangeClock(context.Background(), btp.ClockChange{Advance: d}); err != nil {
		a.t.Fatal(err)
	}
}

func refusal(t *testing.T, w *httptest.ResponseRecorder) (code, detail string) {
	t.Helper()
	var doc struct{ Type, Detail string }
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatalf("answer %d %s: %v", w.Code, w.Body, err)
	}
	return strings.TrimPrefix(doc.Type, "urn:pairsim:problem:"), doc.Detail
}

// What differs from run to run: keys are random, so are signatures and the issuer.
var random = []struct {
	what *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+`), "JWS"},
	{regexp.MustCompile(`"encoded": "[^"]+"`), `"encoded": "BASE64"`},
	{regexp.MustCompile(`urn:pairsim:[0-9a-f]{8}-[0-9a-f-]+`), "urn:pairsim:UUID"},
	{regexp.MustCompile(`"(kid|x|y)": "[^"]+"`), `"$1": "RANDOM"`},
}

func golden(t *testing.T, name string, body []byte) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, body, "", "  "); err != nil {
		t.Fatalf("answer %s: %v", body, err)
	}
	got := pretty.Bytes()
	for _, r := range random {
		got = r.what.ReplaceAll(got, []byte(r.put))
	}
	file := filepath.Join("testdata", name+".json")
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

func TestGolden(t *testing.T) {
	for _, edition := range []string{"v1", "v2"} {
		t.Run(edition, func(t *testing.T) {
			a := newAPI(t, edition)
			shop := a.call("POST", "/api/v1/globalAccounts/default/systems", `{"name":"Web Shop","type":"SAP Commerce Cloud"}`)
			id, _ := a.must(201, shop)["id"].(string)
			golden(t, "register_"+edition, shop.Body.Bytes())
			newToken := a.call("POST", "/api/v1/systems/"+id+"/tokens", "")
			golden(t, "token_"+edition, newToken.Body.Bytes())
			jws, _ := a.must(201, newToken)["token"].(string)
			for name, w := range map[string]*httptest.ResponseRecorder{
				"systems":       a.call("GET", "/api/v1/globalAccounts/default/systems", ""),
				"system":        a.call("GET", "/api/v1/systems/"+id, ""),
				"inspection":    a.call("POST", "/api/v1/tokens/inspection", `{"token":"`+jws+`"}`),
				"configuration": a.call("GET", "/.well-known/pairsim-configuration", ""),
			} {
				golden(t, name+"_"+edition, w.Body.Bytes())
			}
		})
	}
	a := newAPI(t, "v1")
	for name, w := range map[string]*httptest.ResponseRecorder{
		"systemTypes":    a.call("GET", "/api/v1/systemTypes", ""),
		"globalAccounts": a.call("GET", "/api/v1/globalAccounts", ""),
		"subaccounts":    a.call("GET", "/api/v1/globalAccounts/default/subaccounts", ""),
		"jwks":           a.call("GET", "/.well-known/jwks.json", ""),
		"notFound":       a.call("GET", "/api/v1/systems/nothing", ""),
	} {
		golden(t, name, w.Body.Bytes())
	}
}

func TestAccounts(t *testing.T) {
	a := newAPI(t, "v1")
	w := a.call("POST", "/api/v1/globalAccounts", `{"id":"acme","displayName":"ACME","subdomain":"acme-sub"}`)
	a.must(201, w)
	if got := w.Header().Get("Location"); got != "/api/v1/globalAccounts/acme" {
		t.Errorf("got Location %q", got)
	}
	if got := a.must(200, a.call("GET", "/api/v1/globalAccounts/acme-sub", ""))["id"]; got != "acme" {
		t.Errorf("by subdomain: got id %v, want acme", got)
	}
	drawn := a.must(201, a.call("POST", "/api/v1/globalAccounts", `{"subdomain":"other"}`))
	if id, _ := drawn["id"].(string); len(id) != 36 {
		t.Errorf("without an id: got id %q, want one of 36 characters", id)
	}
	sub := a.must(201, a.call("POST", "/api/v1/globalAccounts/acme/subaccounts",
		`{"id":"test","subdomain":"test","region":"eu10","environments":["kyma"]}`))
	if got := sub["globalAccount"]; got != "acme" {
		t.Errorf("subaccount: got global account %v, want acme", got)
	}
	if items, _ := a.must(200, a.call("GET", "/api/v1/globalAccounts/acme/subaccounts", ""))["items"].([]any); len(items) != 1 {
		t.Errorf("got subaccounts %v, want one", items)
	}
}

// Rule: system-type-own
func TestTypesOfAnAccount(t *testing.T) {
	a := newAPI(t, "v2")
	a.must(201, a.call("POST", "/api/v1/globalAccounts", `{"id":"acme","subdomain":"acme"}`))
	a.must(201, a.call("POST", "/api/v1/globalAccounts/acme/systemTypes", `{"name":"Warehouse","namespace":"customer.acme","provider":"Acme"}`))
	all, _ := a.must(200, a.call("GET", "/api/v1/systemTypes", ""))["items"].([]any)
	own, _ := a.must(200, a.call("GET", "/api/v1/globalAccounts/acme/systemTypes", ""))["items"].([]any)
	others, _ := a.must(200, a.call("GET", "/api/v1/globalAccounts/default/systemTypes", ""))["items"].([]any)
	if len(own) != len(all)+1 || len(others) != len(all) || own[len(all)].(map[string]any)["name"] != "Warehouse" {
		t.Errorf("got %v, and %d types in another account, want Warehouse after the %d of SAP", own, len(others), len(all))
	}
	a.must(404, a.call("GET", "/api/v1/globalAccounts/nowhere/systemTypes", ""))
}

// Rule: list-pages
func TestPages(t *testing.T) {
	a := newAPI(t, "v1")
	const all = 7
	for i := range all {
		systemType := "SAP Commerce Cloud"
		if i%2 == 1 {
			systemType = "SAP Marketing Cloud"
		}
		a.register(string(rune('A'+i)), systemType)
	}
	tests := []struct{ name, query, want string }{
		{"all", "", "ABCDEFG"},
		{"by type", "type=SAP+Marketing+Cloud", "BDF"},
		{"by name", "name=C", "C"},
		{"by a name that nobody has", "name=c", ""},
		{"by code", "status=pending", "ABCDEFG"},
		{"by label", "status=PENDING", "ABCDEFG"},
		{"by label of two words", "status=deregister+error", ""},
		{"empty filters", "status=&type=&name=&limit=&cursor=", "ABCDEFG"},
	}
	for _, tt := range tests {
		for _, limit := range []string{"1", "3", "7", "200"} {
			t.Run(tt.name+"/"+limit, func(t *testing.T) {
				got, cursor := "", ""
				query := strings.ReplaceAll(tt.query, "&limit=&cursor=", "")
				for pages := 0; pages == 0 || cursor != ""; pages++ {
					if pages > all {
						t.Fatal("the pages do not end")
					}
					target := "/api/v1/globalAccounts/default/systems?" + query + "&limit=" + limit + "&cursor=" + cursor
					page := a.must(200, a.call("GET", target, ""))
					for _, item := range page["items"].([]any) {
						got += item.(map[string]any)["name"].(string)
					}
					cursor, _ = page["nextCursor"].(string)
				}
				if got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		}
	}
}

func TestEmptyStatusOfV2(t *testing.T) {
	a := newAPI(t, "v2")
	a.register("A", "SAP Commerce Cloud")
	for query, want := range map[string]int{"status=pending": 1, "status=registered": 0, "status=removing": 0, "status=": 1} {
		items := a.must(200, a.call("GET", "/api/v1/globalAccounts/default/systems?"+query, ""))["items"].([]any)
		if len(items) != want {
			t.Errorf("%s: got %d systems, want %d", query, len(items), want)
		}
	}
}

// Rule: list-pages
func TestCursors(t *testing.T) {
	a := newAPI(t, "v1")
	for _, name := range []string{"A", "B"} {
		a.register(name, "SAP Commerce Cloud")
	}
	const path = "/api/v1/globalAccounts/default/systems?limit=1"
	cursor, _ := a.must(200, a.call("GET", path, ""))["nextCursor"].(string)
	if cursor == "" {
		t.Fatal("the first page has no cursor")
	}
	tests := []struct{ name, target string }{
		{"not base64", path + "&cursor=@@"},
		{"too short", path + "&cursor=AQAA"},
		{"padded", path + "&cursor=" + cursor + "%3D"},
		{"of another version", path + "&cursor=Ag" + cursor[2:]},
		{"of another status", path + "&status=error&cursor=" + cursor},
		{"of another type", path + "&type=SAP+Commerce+Cloud&cursor=" + cursor},
		{"of another name", path + "&name=A&cursor=" + cursor},
		{"of another account", "/api/v1/globalAccounts/other/systems?cursor=" + cursor},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := a.call("GET", tt.target, "")
			if code, _ := refusal(t, w); w.Code != 400 || code != "invalid-cursor" {
				t.Errorf("got %d %s, want 400 invalid-cursor", w.Code, w.Body)
			}
		})
	}
}

// Rule: input-refused-precisely
func TestBadInput(t *testing.T) {
	a := newAPI(t, "v1")
	a.register("Taken", "SAP Commerce Cloud")
	const systems = "/api/v1/globalAccounts/default/systems"
	tests := []struct {
		name, method, target, body, contentType string
		status                                  int
		code, detail                            string // detail: a part of it
	}{
		{"empty body", "POST", systems, "", "", 400, "invalid-request", "body is empty"},
		{"blank body", "POST", systems, " \n", "", 400, "invalid-request", "body is empty"},
		{"not JSON", "POST", systems, "name=x", "", 400, "invalid-request", "not JSON"},
		{"truncated", "POST", systems, `{"name":"x","ty`, "", 400, "invalid-request", "breaks off at byte"},
		{"truncated behind a comma", "POST", systems, `{"name":"x",`, "", 400, "invalid-request", "breaks off"},
		{"trailing data", "POST", systems, `{"name":"x","type":"y"} {}`, "", 400, "invalid-request", "behind the JSON object"},
		{"trailing brace", "POST", systems, `{"name":"x"}}`, "", 400, "invalid-request", "behind the JSON object"},
		{"a list", "POST", systems, `[]`, "", 400, "invalid-request", "$ is a list; it must be an object"},
		{"null", "POST", systems, `null`, "", 400, "invalid-request", "$ is null; it must be an object"},
		{"unknown field", "POST", systems, `{"nme":"x"}`, "", 400, "invalid-request", `unknown field "nme"; fields are name, type`},
		{"field in another case", "POST", systems, `{"Name":"x"}`, "", 400, "invalid-request", `unknown field "Name"`},
		{"field twice", "POST", systems, `{"name":"x","name":"y"}`, "", 400, "invalid-request", "$.name stands there twice"},
		{"wrong type", "POST", systems, `{"name":7}`, "", 400, "invalid-request", "$.name is a number; it must be a string"},
		{"null field", "POST", systems, `{"name":null}`, "", 400, "invalid-request", "$.name is null; it must be a string"},
		{"wrong type in a list", "POST", "/api/v1/globalAccounts/default/subaccounts", `{"environments":["kyma",true]}`, "", 400, "invalid-request", "$.environments[1] is a boolean; it must be a string"},
		{"string for a list", "POST", "/api/v1/globalAccounts/default/subaccounts", `{"environments":"kyma"}`, "", 400, "invalid-request", "$.environments is a string; it must be a list"},
		{"not UTF-8", "POST", systems, "{\"name\":\"\xff\"}", "", 400, "invalid-request", "not UTF-8"},
		{"too large", "POST", systems, `{"name":"` + strings.Repeat("x", httpapi.MaxBody) + `"}`, "", 413, "body-too-large", "65536 bytes"},
		{"text", "POST", systems, `{}`, "text/plain", 415, "unsupported-media-type", "text/plain"},
		{"form", "POST", systems, `{}`, "application/x-www-form-urlencoded", 415, "unsupported-media-type", "application/json"},
		{"no media type", "POST", systems, `{}`, "json", 415, "unsupported-media-type", `"json"`},
		{"other charset", "POST", systems, `{}`, "application/json; charset=latin1", 415, "unsupported-media-type", "latin1"},

		{"no name", "POST", systems, `{"type":"SAP Commerce Cloud"}`, "", 400, "name-invalid", "needs a name"},
		{"name not ASCII", "POST", systems, `{"name":"Café","type":"SAP Commerce Cloud"}`, "", 400, "name-invalid", "ASCII"},
		{"name taken", "POST", systems, `{"name":"Taken","type":"SAP Commerce Cloud"}`, "", 409, "name-taken", "Taken"},
		{"no type", "POST", systems, `{"name":"x"}`, "", 400, "type-unknown", "types are SAP Commerce Cloud"},
		{"unknown account", "POST", "/api/v1/globalAccounts/other/systems", `{"name":"x","type":"SAP Commerce Cloud"}`, "", 404, "global-account-not-found", "other"},

		{"unknown query parameter", "GET", systems + "?stauts=x", "", "", 400, "invalid-request", `"stauts"; parameters are status, type`},
		{"query parameter where there is none", "GET", "/api/v1/systemTypes?x=1", "", "", 400, "invalid-request", "has none"},
		{"query parameter of a POST", "POST", systems + "?x=1", `{}`, "", 400, "invalid-request", `"x"`},
		{"query parameter twice", "GET", systems + "?name=a&name=b", "", "", 400, "invalid-request", "2 times"},
		{"bad escape", "GET", systems + "?name=%zz", "", "", 400, "invalid-request", "escaped"},
		{"limit 0", "GET", systems + "?limit=0", "", "", 400, "invalid-request", "1 to 200"},
		{"limit 201", "GET", systems + "?limit=201", "", "", 400, "invalid-request", "1 to 200"},
		{"limit x", "GET", systems + "?limit=x", "", "", 400, "invalid-request", "1 to 200"},
		{"unknown status", "GET", systems + "?status=lost", "", "", 400, "invalid-request", `registered ("Registered")`},
		{"status of the other edition", "GET", systems + "?status=removing", "", "", 400, "invalid-request", "no status"},
		{"unknown type", "GET", systems + "?type=sap+commerce+cloud", "", "", 400, "type-unknown", "types are"},
		{"list of an unknown account", "GET", "/api/v1/globalAccounts/other/systems", "", "", 404, "global-account-not-found", "other"},

		{"unknown system", "GET", "/api/v1/systems/7", "", "", 404, "system-not-found", ""},
		{"token of an unknown system", "GET", "/api/v1/systems/7/token", "", "", 404, "system-not-found", ""},
		{"new token of an unknown system", "POST", "/api/v1/systems/7/tokens", "", "", 404, "system-not-found", ""},
		{"new token with a field", "POST", "/api/v1/systems/7/tokens", `{"validity":"1h"}`, "", 400, "invalid-request", `"validity"`},
		{"inspection of nothing", "POST", "/api/v1/tokens/inspection", `{"token":""}`, "", 400, "token-missing", ""},
		{"inspection of something else", "POST", "/api/v1/tokens/inspection", `{"token":"hello"}`, "", 400, "token-malformed", ""},
		{"bad subdomain", "POST", "/api/v1/globalAccounts", `{"subdomain":"-"}`, "", 400, "invalid-request", "hyphen"},
		{"account taken", "POST", "/api/v1/globalAccounts", `{"subdomain":"default"}`, "", 409, "name-taken", ""},
		{"subaccount in no region", "POST", "/api/v1/globalAccounts/default/subaccounts", `{"subdomain":"x"}`, "", 400, "invalid-request", "eu10"},

		{"no such path", "GET", "/api/v1/nothing", "", "", 404, "route-not-found", ""},
		{"no such well-known", "GET", "/.well-known/nothing", "", "", 404, "route-not-found", ""},
		{"method", "DELETE", systems, "", "", 405, "method-not-allowed", "POST"},
		{"method of a well-known", "POST", "/.well-known/jwks.json", "", "", 405, "method-not-allowed", "GET"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var header []string
			if tt.contentType != "" {
				header = []string{"Content-Type", tt.contentType}
			}
			w := a.call(tt.method, tt.target, tt.body, header...)
			code, detail := refusal(t, w)
			if w.Code != tt.status || code != tt.code || !strings.Contains(detail, tt.detail) {
				t.Errorf("got %d %s %q, want %d %s …%q…", w.Code, code, detail, tt.status, tt.code, tt.detail)
			}
			if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("got Content-Type %q", got)
			}
			if w.Header().Get("Pairsim-Time") == "" {
				t.Error("the answer has no Pairsim-Time")
			}
		})
	}
}

func TestJSONMediaTypes(t *testing.T) {
	a := newAPI(t, "v1")
	for i, media := range []string{"application/json", "application/json; charset=UTF-8", "APPLICATION/JSON", "application/vnd.x+json"} {
		body := `{"name":"` + string(rune('A'+i)) + `","type":"SAP Commerce Cloud"}`
		if w := a.call("POST", "/api/v1/globalAccounts/default/systems", body, "Content-Type", media); w.Code != 201 {
			t.Errorf("%s: got %d %s, want 201", media, w.Code, w.Body)
		}
	}
	w := a.call("POST", "/api/v1/globalAccounts/default/systems", "\x1f\x8b", "Content-Encoding", "gzip")
	if code, _ := refusal(t, w); code != "unsupported-media-type" {
		t.Errorf("compressed: got %d %s", w.Code, w.Body)
	}
}

// Rule: token-forms
func TestTokenForms(t *testing.T) {
	a := newAPI(t, "v1")
	id, _ := a.register("Campaigns", "SAP Marketing Cloud")["id"].(string)
	shown := a.must(200, a.call("GET", "/api/v1/systems/"+id+"/token", ""))
	for _, form := range []string{"token", "tokenUrl", "encoded"} {
		body, _ := json.Marshal(map[string]any{"token": shown[form]})
		in := a.must(200, a.call("POST", "/api/v1/tokens/inspection", string(body)))
		if in["accepted"] != true || in["state"] != "live" || in["claims"].(map[string]any)["sub"] != id {
			t.Errorf("%s: got %v, want the live token of %s", form, in, id)
		}
	}
	if got, want := shown["tokenUrl"], "https://127.0.0.1:8443/v1/applications/signingRequests/info?token="+shown["token"].(string); got != want {
		t.Errorf("got tokenUrl %v, want %v", got, want)
	}
	if got := shown["remainingSeconds"]; got != float64(7*24*3600) {
		t.Errorf("got remainingSeconds %v, want 7 days", got)
	}
}

func TestTokensOverTime(t *testing.T) {
	a := newAPI(t, "v1")
	shop := a.register("Web Shop", "SAP Commerce Cloud")
	campaigns := a.register("Campaigns", "SAP Marketing Cloud")
	inspect := func(token any) (string, string) {
		body, _ := json.Marshal(map[string]any{"token": token})
		in := a.must(200, a.call("POST", "/api/v1/tokens/inspection", string(body)))
		state, _ := in["state"].(string)
		refused, _ := in["refusal"].(map[string]any)
		code, _ := refused["code"].(string)
		return state, code
	}
	first := shop["integrationToken"].(map[string]any)["token"]
	path := "/api/v1/systems/" + shop["id"].(string)
	if code, _ := refusal(t, a.call("GET", path+"/token", "")); code != "token-shown-once" {
		t.Errorf("Commerce token again: got %s, want token-shown-once", code)
	}
	second := a.must(201, a.call("POST", path+"/tokens", "{}"))["token"]
	if state, code := inspect(first); state != "void" || code != "token-void" {
		t.Errorf("first token: got %q %q, want void", state, code)
	}
	a.advance(10*time.Minute - time.Second)
	if state, code := inspect(second); state != "live" || code != "" {
		t.Errorf("second token before its tenth minute: got %q %q, want live", state, code)
	}
	a.advance(time.Second)
	if state, code := inspect(second); state != "expired" || code != "token-expired" {
		t.Errorf("second token at its tenth minute: got %q %q, want expired", state, code)
	}
	jws := second.(string)
	if state, code := inspect(jws[:len(jws)-8] + "AAAAAAAA"); state != "" || code != "token-forged" {
		t.Errorf("forged token: got %q %q, want token-forged", state, code)
	}
	a.advance(7 * 24 * time.Hour)
	w := a.call("GET", "/api/v1/systems/"+campaigns["id"].(string)+"/token", "")
	if code, _ := refusal(t, w); w.Code != 410 || code != "token-expired" {
		t.Errorf("Marketing token after 7 days: got %d %s, want 410 token-expired", w.Code, code)
	}
}

func TestTokenNotIssued(t *testing.T) {
	a := newAPI(t, "v2")
	sys := a.register("Campaigns", "SAP Marketing Cloud")
	if _, there := sys["integrationToken"]; there {
		t.Error("v2 gives a token at registration")
	}
	w := a.call("GET", "/api/v1/systems/"+sys["id"].(string)+"/token", "")
	if code, _ := refusal(t, w); w.Code != 404 || code != "token-not-issued" {
		t.Errorf("got %d %s, want 404 token-not-issued", w.Code, code)
	}
}

// Rule: update-if-match
func TestEntityTags(t *testing.T) {
	a := newAPI(t, "v1")
	path := "/api/v1/systems/" + a.register("Web Shop", "SAP Commerce Cloud")["id"].(string)
	tag := a.call("GET", path, "").Header().Get("ETag")
	a.advance(time.Minute) // which changes nothing of the system
	tests := []struct {
		ifNoneMatch string
		want        int
	}{
		{tag, 304},
		{strings.TrimPrefix(tag, "W/"), 304},
		{`"x", ` + tag, 304},
		{"*", 304},
		{`W/"x"`, 200},
		{"", 200},
	}
	for _, tt := range tests {
		w := a.call("GET", path, "", "If-None-Match", tt.ifNoneMatch)
		if w.Code != tt.want || w.Header().Get("ETag") != tag {
			t.Errorf("If-None-Match %s: got %d %s, want %d %s", tt.ifNoneMatch, w.Code, w.Header().Get("ETag"), tt.want, tag)
		}
	}
	a.advance(9 * time.Minute)
	if w := a.call("GET", path, "", "If-None-Match", tag); w.Code != 200 || w.Header().Get("ETag") == tag {
		t.Errorf("after the token has expired: got %d %s, want 200 with another tag", w.Code, w.Header().Get("ETag"))
	}
}

// Rule: time-on-answers
func TestTimeHeader(t *testing.T) {
	a := newAPI(t, "v1")
	if got, want := a.call("GET", "/api/v1/systemTypes", "").Header().Get("Pairsim-Time"), "2030-01-01T10:00:00.000000000Z"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Rule: token-secret-nowhere
func TestNothingSecretIsLogged(t *testing.T) {
	a := newAPI(t, "v1")
	shown := a.register("Web Shop", "SAP Commerce Cloud")["integrationToken"].(map[string]any)
	jws := shown["token"].(string)
	a.call("POST", "/api/v1/tokens/inspection", `{"token":"`+jws+`","`+jws+`":1}`)
	a.call("POST", "/api/v1/tokens/inspection?token="+jws, `{"token":7}`)
	a.call("GET", "/api/v1/systems/7?token="+jws, "")
	if a.log.Len() == 0 {
		t.Error("refusals are not logged")
	}
	if signature := jws[strings.LastIndex(jws, "."):]; strings.Contains(a.log.String(), signature) {
		t.Errorf("the log holds a token: %s", a.log.String())
	}
}
