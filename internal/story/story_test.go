package story

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/pairsim/pairsim/internal/landscape"
)

// start runs a landscape on free ports. Its tenants have ECDSA keys: RSA ones
// take their time to make, above all under the race detector.
func start(t *testing.T, change func(*landscape.Config)) Landscape {
	t.Helper()
	cfg := landscape.Default()
	cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.TenantKeys = func(context.Context) (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }
	change(&cfg)
	l, err := landscape.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(context.Background()) })
	return Landscape{HTTP: l.HTTP, MTLS: l.MTLS, Control: l.Control, CAPEM: l.CAPEM}
}

func edition(name string) func(*landscape.Config) {
	return func(cfg *landscape.Config) { cfg.Edition = name }
}

// commerce is what both editions tell about the first product, after its token.
var commerce = []string{
	`^ 7 +Recommended first: formation "customer-experience" for subaccount "dev", with "Web Shop"\.$`,
	`operator → registry +POST +/api/v1/globalAccounts/default/formations +201  %s`,
	`^ 8 +Backoffice > System > API > Destination Targets: new destination target, paste as Token URL\.$`,
	`admin → commerce +POST +/tenants/commerce/pairings +201  In Progress`,
	`commerce → registry +GET +/\.well-known/jwks\.json +200  token checked`,
	`commerce → registry +GET +/v1/applications/signingRequests/info +200  token spent`,
	`commerce → registry +POST +/v1/applications/certificates +201  CSR signed`,
	`commerce → registry +GET +/v1/applications/management/info +200`,
	`commerce → registry +POST +/mp-web-shop/v1/metadata/services +×3 +200`,
	`commerce → registry +PUT +/mp-web-shop/v1/pairsim/tenant +204  descriptor`,
	`admin → commerce +GET +/tenants/commerce/pairings/1 +200  Registered`,
	`^ 9 +operator → registry +GET +/api/v1/systems/\S+ +200  Registered`,
	`operator → registry +GET +/api/v1/subaccounts\S+/applications +200  Kyma sees it`,
	`Application mp-web-shop publishes 3 services: 2 APIs, and \d+ types of events`,
}

// fsmAndC4C is what both editions tell about the next two.
var fsmAndC4C = []string{
	`^SAP Field Service Management +SEED-000`, `^ 7 +operator → registry +PUT +/api/v1/formations/\S+ +200  %s`, `new SAP BTP extension, paste as Key`,
	`admin → fsm +POST .* 201  Connecting`,
	`fsm → registry +GET +/\.well-known/pairsim-configuration +200`, `fsm → registry +GET +/\.well-known/jwks\.json +200  token checked`,
	`fsm → registry +GET +/v1/applications/signingRequests/info +200  token spent`,
	`fsm → registry +POST +/v1/applications/certificates +201  CSR signed`, `fsm → registry +GET +/v1/applications/management/info +200`,
	`fsm → registry +POST +/mp-field-service/v1/metadata/services +×3 +200`,
	`fsm → registry +PUT +/mp-field-service/v1/pairsim/tenant +204  descriptor`, `200  Connected`, ` 9 .*200  Registered`, `200  Kyma sees it`,
	`^SAP Cloud for Customer +SEED-000`, `^ 7 +operator → registry +PUT .* 200  %s`, `paste as Remote Environment URL`,
	`c4c → registry +GET +/\.well-known/jwks\.json +200  token checked`,
	`c4c → registry +POST +/v1/applications/certificates +201  CSR signed`, `c4c → registry +POST +/mp-sales/v1/metadata/services +×2 +200`,
	`c4c → registry +PUT +/mp-sales/v1/pairsim/tenant +204  descriptor`, `200  Active`, ` 9 .*200  Registered`, `200  Kyma sees it`,
	`^SAP Marketing Cloud +SEED-004`, `valid for 7 days`,
}

// used is what a workload does with it, the same in both editions.
var used = []string{
	`^A workload uses what was exposed +SEED-000, Results; Kyma's application gateway$`,
	`A program in the Kyma runtime of "dev", without credentials, reads products of "Web Shop":$`,
	`workload → gateway +GET +/gateway/mp-web-shop\S+/products/search +200  \d+ products$`,
	`gateway → commerce +POST +/tenants/commerce/\S+/oauth/token +200  OAuth token$`, `gateway → commerce +GET +/tenants/commerce/\S+/products/search +200$`,
	`Another program there listens to Account\.Root\.Created, version v1, of "Sales":$`,
	`operator → registry +POST +/api/v1/subaccounts/\S+subscriptions +201  subscribed$`,
	`The first one creates an account in "Sales"`,
	`workload → gateway +POST +/gateway/mp-sales/\S+AccountCollection +201  no\. \d+$`,
	`gateway → c4c +GET +/tenants/c4c/api/\S+ +200  Basic, CSRF$`, `gateway → c4c +POST +/tenants/c4c/\S+AccountCollection +201$`,
	`c4c → registry +POST +/mp-sales/v1/events +200  an event$`, `you → control +GET +/control/journal +200  the journal$`,
	`✓ The journal has it all: the gateway's calls, and Account\.Root\.Created, accepted as an event\.$`,
	`registry → listener +POST +/events +204  a CloudEvent$`, `✓ Delivered as \S*Account\.?Root\.Created\.v1: entity-id [0-9A-F]{8}…\.$`,
}

// failing and opened are what both editions tell of a deregistration that fails:
// %s is the document, and what the row shows in the end.
var failing = []string{
	`^Made to go wrong +%s$`, `"Kiosk", a third SAP Commerce Cloud`, `^ 8 +admin → commerce +GET .* 200  Registered$`,
	`Over control, deregistering "Kiosk" is made to fail, after 2 looks at its row:$`,
	`you → control +POST +/control/faults/recipes/deregister-error +201  1 fault$`, `you → control +PUT +/control/transitions/deregistering +200  reads=2$`,
	`operator → registry +POST +/api/v1/systems/\S+/deregistration +202  Deregistering$`,
	`operator → registry +GET +/api/v1/systems/\S+ +×2 200  Deregistering$`,
	`operator → registry +GET +/api/v1/systems/\S+ +200  %s$`,
}

var opened = []string{
	`“the connectivity could not be taken down”`, `operator → registry +GET +/api/v1/incidents/\S+ +200  incident open$`,
}

// The way out of it is another in each edition.
var (
	supported = []string{
		`The way out: report an incident\. SAP's support, whom control plays, resolves it:$`,
		`you → control +POST +/control/incidents/\S+/resolution +200  resolved$`, `operator → registry +GET +/api/v1/systems/\S+ +404  the row is gone$`,
		`admin → commerce +GET +/tenants/commerce/pairings +200  Registered$`, `✓ The row is gone, by support's hand: the registry never reached the tenant\.$`,
	}
	again = []string{
		`admin → commerce +GET +/tenants/commerce/pairings +200  Registered$`, `The way out, since 21 March 2024: deregister it again\.$`,
		`operator → registry +POST +/api/v1/systems/\S+/deregistration +202  Deregistering$`, `admin → commerce +GET +/tenants/commerce/pairings +200  Deregistered$`,
		`operator → registry +GET +/api/v1/systems/\S+ +200  \(empty\)$`, `operator → registry +GET +/api/v1/incidents/\S+ +200  resolved$`,
		`✓ The fault struck once: this time the tenant was told, which resolved the incident too\.$`,
	}
)

// refused is told the same in both editions, where %s is the status before pairing.
var refused = []string{
	`^What is refused`, `POST +/control/clock +200`,
	`admin → commerce +POST .* 201  In Progress`, `commerce → registry +GET +/\.well-known/jwks\.json`, `admin → commerce +GET .* 200  Failed`, `“The integration token expired at `,
	`someone → registry +GET +/v1/applications/signingRequests/info +403  token-expired`, ` 9 .* 200  %s`,
	`POST +/api/v1/systems/\S+/tokens +201  %s`,
	`admin → c4c +GET .* 200  Failed`, `“The integration token is for a system of type "SAP Commerce Cloud", this is a tenant of`,
	`someone → registry .* 403  token-wrong-type`, ` 9 .* 200  %s`,
	`admin → commerce +GET .* 200  Registered`, ` 9 .* 200  Registered`,
	`someone → registry .* 403  token-used`, `✓ Each time the connector says "Invalid token\."`,
}

// leaves is told the same, where %s is what the cockpit shows afterwards.
var leaves = []string{
	`^A system leaves +SEED-000, Results`, `POST +/api/v1/systems/\S+/deregistration +409  system-in-use`, `“system "Outlet" is still in use: formation "customer-experience"`,
	`DELETE +/api/v1/formations/\S+/systems/\S+ +200  3 systems left`, `POST +/api/v1/systems/\S+/deregistration +202  Deregistering`,
	`admin → commerce .* 200  Deregistered`, `GET +/api/v1/systems/\S+ +%s`, `✓ The tenant was told, every certificate is revoked`,
}

var table = []string{
	`^System Landscape > Systems`,
	`Web Shop +SAP Commerce Cloud +Registered +mp-web-shop +3 +commerce`,
	`Field Service +SAP Field Service Management +Registered +mp-field-service +3 +fsm`,
	`Sales +SAP Cloud for Customer +Registered +mp-sales +2 +c4c`,
	`Campaigns +SAP Marketing Cloud +Registered +mp-campaigns +4 +marketing`,
}

// extended is told the same in both editions.
var extended = []string{
	`^An extension of Campaigns +SEED-004, steps 2 and 3$`, ` 2 +operator → registry +POST +/api/v1/subaccounts/dev/entitlements +201  api-access$`,
	` 3 +operator → registry +POST +/api/v1/subaccounts/dev/serviceInstances +201  contacts$`,
	`registry → marketing +PUT +/\S+ +201  arrangement$`, `registry → marketing +PUT +/\S+ +201  arrangement$`, `admin → marketing +POST .* 200  topics bound$`,
	`app → event mesh +PUT .* 201  subscribed$`, `app → registry .* 200  with password$`, `app → marketing +GET .* 200  \d+ contacts$`,
	`app → marketing +MERGE .* 204  CSRF token$`, `app → event mesh +POST .* 200  an event$`, `✓ It hears sap\.s4\.beh\.contact\.v1\.Contact\.Changed\.v1`,
}

const summary = `6 systems paired, 3 tokens refused, 2 systems left`

func filled(lines []string, with ...string) []string {
	out := append([]string(nil), lines...)
	for i := range out {
		if strings.Contains(out[i], "%s") {
			out[i] = strings.Replace(out[i], "%s", with[0], 1)
			with = with[1:]
		}
	}
	return out
}

func join(parts ...[]string) []string {
	var all []string
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestTell(t *testing.T) {
	t.Parallel()
	tests := []struct {
		edition string
		want    []string // patterns of lines, in this order
	}{
		{"v1", join([]string{
			`A simulator with throwaway keys`, `SAP BTP cockpit as of October 2021 \(edition v1\)`, `^SAP Commerce Cloud +SEED-000, steps 1 to 9$`,
			`^ 1-3 .*> Register System: "Web Shop" \(SAP Commerce Cloud\)\.$`,
			`operator → registry +POST +/api/v1/globalAccounts/default/systems +201  with its token`,
			`^ 4 +Copy the integration token eyJ\S{9}…, valid for 10 minutes; send it to the administrator\.$`, `/v1/applications/signingRequests/info\?token=\S{12}…$`,
			`^ 5 +operator → registry .* 200  Pending`,
		}, filled(commerce, "assigned"), filled(fsmAndC4C, "assigned", "assigned"), []string{
			`Home > Communication Management > Maintain Extensions on SAP BTP > Integrations: new`,
			`^ 4 .*admin → marketing +POST .* 201  Enabling`, `^ 5 .*admin → marketing +GET .* 200  Enabled`, `^ 7 .* 200  Registered`,
		}, used, extended, filled(refused, "Pending", "Display token", "Pending"), filled(failing, "SEED-000, Results", "Deregister Error"), opened, supported,
			filled(leaves, "404  the row is gone"), table, []string{`^$`, summary})},
		{"v2", join([]string{
			`SAP BTP cockpit of today \(edition v2\)`, `^ 1-3 .*> Add System: "Web Shop" \(SAP Commerce Cloud\)\.$`,
			`POST +/api/v1/globalAccounts/default/systems +201  no token yet`, `^ 4 .*POST +/api/v1/systems/\S+/tokens +201  Get Token`,
			`Copy the registration token`, `^ 5 .* 200  \(empty\)`,
		}, filled(commerce, "formation Ready"), filled(fsmAndC4C, "formation Ready", "formation Ready"), []string{
			`SAP BTP > Extensions: new`, `201  Enabling`, `200  Enabled`, `^ 7 .* 200  Registered`,
		}, used, extended, filled(refused, `\(empty\)`, "Get Token", `\(empty\)`), filled(failing, "1582d72", "Error while"), []string{`^ {80,}Deregistering$`}, opened, again,
			filled(leaves, `200  \(empty\)`),
			table, []string{`Outlet +SAP Commerce Cloud +\(empty\) +mp-outlet +\(has left\)`, `Kiosk +SAP Commerce Cloud +\(empty\) +mp-kiosk +\(has left\)`, summary})},
	}
	for _, tt := range tests {
		t.Run(tt.edition, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			l := start(t, edition(tt.edition))
			if err := Tell(t.Context(), &out, l, Options{Edition: tt.edition, Stays: true}); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			inOrder(t, out.String(), append(tt.want, `curl `+l.HTTP+`/api/v1/globalAccounts/default/systems`, `curl `+l.Control+`/control/journal`))
			pleasant(t, out.String())
		})
	}
}

// inOrder wants a line for each pattern, each behind the line of the one before.
func inOrder(t *testing.T, text string, patterns []string) {
	t.Helper()
	lines := strings.Split(text, "\n")
	at := 0
	for _, p := range patterns {
		re := regexp.MustCompile(p)
		for at < len(lines) && !re.MatchString(lines[at]) {
			at++
		}
		if at == len(lines) {
			t.Fatalf("no line matches %q, or not in its place:\n%s", p, text)
		}
		at++
	}
}

// pleasant is the layout: narrow, short, no colour codes, no token.
func pleasant(t *testing.T, text string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	const most = 228 // with what to look at afterwards
	if len(lines) > most {
		t.Errorf("got %d lines, want at most %d", len(lines), most)
	}
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > width {
			t.Errorf("line of %d characters, want at most %d: %s", n, width, line)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Error("colour codes, though none were wanted")
	}
	if secret := regexp.MustCompile(`eyJ[\w-]{10,}`).FindString(text); secret != "" {
		t.Errorf("the story shows more of a token than its first 12 characters: %s", secret)
	}
}

func TestColor(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := Tell(t.Context(), &out, start(t, edition("v1")), Options{Edition: "v1", Color: true}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "\x1b[32m204\x1b[0m") || !strings.Contains(got, "\x1b[33m403\x1b[0m") {
		t.Errorf("want statuses in colour, got\n%s", got)
	}
	if strings.Contains(out.String(), "Ctrl-C") || strings.Contains(out.String(), "curl") {
		t.Error("the landscape does not stay, yet the reader is told to look at it")
	}
	if !strings.HasSuffix(out.String(), "\n  pairsim serve\n") {
		t.Errorf("want how to start at the end of\n%s", out.String())
	}
}

// TestBroken breaks a landscape in many ways: each shows where the story broke off.
func TestBroken(t *testing.T) {
	t.Parallel()
	without := func(id string) func(*landscape.Config) {
		return func(cfg *landscape.Config) {
			for i, one := range cfg.Tenants {
				if one.ID == id {
					cfg.Tenants = append(cfg.Tenants[:i:i], cfg.Tenants[i+1:]...)
					return
				}
			}
		}
	}
	tests := []struct {
		name    string
		change  func(*landscape.Config)
		spoil   func(*testing.T, *Landscape)
		edition string
		want    string // after FAILED
		told    string // before it
	}{
		{"no FSM tenant", without("fsm"), nil, "v1", `SAP Field Service Management: GET /tenants/fsm answered 404`, "Application mp-web-shop publishes"},
		{
			"tenant of another product", func(cfg *landscape.Config) { cfg.Tenants[2].Product = "commerce" }, nil, "v1",
			`SAP Cloud for Customer: product of tenant c4c: got "SAP Commerce Cloud", the documents say "SAP Cloud for Customer"`, "Connected",
		},
		{"other edition", edition("v2"), nil, "v1", `edition of the registry: got "v2", the documents say "v1"`, "throwaway keys"},
		{"unknown edition", edition("v1"), nil, "v3", `there is no edition "v3"`, ""},
		{"no registry", edition("v1"), func(_ *testing.T, l *Landscape) { l.HTTP, l.MTLS = "http://127.0.0.1:1", "https://127.0.0.1:1" }, "v1", `got no answer`, "throwaway keys"},
		{"no control", edition("v1"), func(_ *testing.T, l *Landscape) { l.Control = "http://127.0.0.1:1" }, "v1", `workload: GET /control/journal got no answer`, "A workload uses what was exposed"},
		{"a shop without products", edition("v1"), replacing(`"products"`, `"articles"`, "/gateway/mp-web-shop/"), "v1", `workload: the shop has no products`, "without credentials, reads products"},
		{"an event of another name", edition("v1"), replacing(`"sink":"http://127.0.0.1`, `"sink":"http://127.0.0.2`, "/api/v1/subaccounts/dev/runtime/subscriptions"), "v1", `workload: sink of the subscription`, "4 products"},
		{"an account without a number", edition("v1"), replacing(`"AccountID"`, `"Number"`, "/gateway/mp-sales/"), "v1", `workload: the new account has no number`, "OAuth token"},
		{
			"deregistering never fails", edition("v1"), replacing(`"label":"Deregister Error"`, `"label":"Deregistering"`, "/api/v1/systems/"), "v1",
			`made to go wrong: status of Kiosk: got "Deregistering", the documents say "Deregister Error"`, "Made to go wrong",
		},
		{
			"deregistering is over at once", edition("v2"), replacing(`"label":"Deregistering"`, `"label":""`, "/api/v1/systems/"), "v2",
			`made to go wrong: status of Kiosk: got "", the documents say "Deregistering"`, "reads=2",
		},
		{
			"the incident stays open", edition("v2"), replacing(`"open":false`, `"open":true`, "/api/v1/incidents/"), "v2",
			`made to go wrong: incident of Kiosk: got "incident open", the documents say "resolved"`, "deregister it again",
		},
		{"no CA", edition("v1"), func(_ *testing.T, l *Landscape) { l.CAPEM = nil }, "v1", `no PEM certificate`, ""},
		{
			"other validity", func(cfg *landscape.Config) {
				cfg.Policy.TokenValidity = map[string]time.Duration{"SAP Marketing Cloud": time.Hour}
			}, nil, "v1",
			`SAP Marketing Cloud: validity of the token: got "1h0m0s", the documents say "168h0m0s"`, "Active",
		},
		{"a system never leaves Pending", edition("v1"), replacing(`"label":"Registered"`, `"label":"Pending"`, "/api/v1/systems/"), "v1", `status of Web Shop: got "Pending", the documents say "Registered"`, "200 Pending"},
		{
			"the registry refuses the descriptor", func(cfg *landscape.Config) {
				cfg.WrapPublic = func(public http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/mp-sales/v1/pairsim/tenant" {
							http.Error(w, "broken", http.StatusInternalServerError)
							return
						}
						public.ServeHTTP(w, r)
					})
				}
			}, nil, "v1", `SAP Cloud for Customer: tenant c4c: the row is Failed (failed): The registry refused: PUT /mp-sales/v1/pairsim/tenant answered 500`, "PUT /mp-sales/v1/pairsim/tenant 500",
		},
		{"the registry stops mid-way", edition("v1"), stopping(30), "v1", `answered 502`, "Application mp-web-shop publishes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := start(t, tt.change)
			if tt.spoil != nil {
				tt.spoil(t, &l)
			}
			var out strings.Builder
			err := Tell(t.Context(), &out, l, Options{Edition: tt.edition})
			if err == nil {
				t.Fatalf("got no error\n%s", out.String())
			}
			if got := strings.Join(strings.Fields(err.Error()), " "); !strings.Contains(got, tt.want) {
				t.Errorf("got error %q, want %q in it", got, tt.want)
			}
			told, failure, found := strings.Cut(out.String(), "✗ FAILED")
			if !found || !strings.Contains(strings.Join(strings.Fields(failure), " "), tt.want) || !strings.Contains(strings.Join(strings.Fields(told), " "), tt.told) {
				t.Errorf("want %q, then FAILED %q, got\n%s", tt.told, tt.want, out.String())
			}
			if strings.Contains(out.String(), "paired, 3 tokens") {
				t.Error("a broken story came to its end")
			}
		})
	}
}

// replacing puts a proxy before the HTTP listener that changes answers of a path.
func replacing(old, by, path string) func(*testing.T, *Landscape) {
	return func(t *testing.T, l *Landscape) {
		t.Helper()
		behind(t, l, func(proxy http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasPrefix(r.URL.Path, path) {
					proxy.ServeHTTP(w, r)
					return
				}
				answer := httptest.NewRecorder()
				proxy.ServeHTTP(answer, r)
				w.WriteHeader(answer.Code)
				_, _ = w.Write([]byte(strings.ReplaceAll(answer.Body.String(), old, by)))
			})
		})
	}
}

// stopping lets n calls through.
func stopping(n int64) func(*testing.T, *Landscape) {
	return func(t *testing.T, l *Landscape) {
		t.Helper()
		var calls atomic.Int64
		behind(t, l, func(proxy http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1) > n {
					http.Error(w, "stopped", http.StatusBadGateway)
					return
				}
				proxy.ServeHTTP(w, r)
			})
		})
	}
}

func behind(t *testing.T, l *Landscape, wrap func(http.Handler) http.Handler) {
	t.Helper()
	target, err := url.Parse(l.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(wrap(httputil.NewSingleHostReverseProxy(target)))
	t.Cleanup(server.Close)
	l.HTTP = server.URL
}

// TestInterrupted: Ctrl-C is no failed step.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	err := Tell(ctx, &out, start(t, edition("v1")), Options{Edition: "v1"})
	if !errors.Is(err, context.Canceled) || strings.Contains(out.String(), "FAILED") {
		t.Errorf("got %v, want context canceled and no FAILED in\n%s", err, out.String())
	}
}

// TestUnwritable: a reader who has gone away ends the story with an error.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	if err := Tell(t.Context(), closedPipe{}, start(t, edition("v1")), Options{Edition: "v1"}); !errors.Is(err, errClosed) {
		t.Errorf("got %v, want %v", err, errClosed)
	}
}

var errClosed = errors.New("pipe closed")

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, errClosed }
