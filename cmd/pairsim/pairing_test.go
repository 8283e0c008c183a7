package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/pairsim/pairsim/btpclient"
)

// TestPairingByCommandLine walks through both editions as an operator and a
// tenant's admin would.
func TestPairingByCommandLine(t *testing.T) {
	for _, edition := range []struct{ name, pending, registered string }{{"v1", "Pending", "Registered"}, {"v2", "", "Registered"}} {
		t.Run(edition.name, func(t *testing.T) {
			t.Parallel()
			s := serveFor(t, "--edition", edition.name)
			registered := decode[btpclient.System](t, s.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud", "-o", "json"))
			if registered.Status.Label != edition.pending || (registered.IntegrationToken != nil) != (edition.name == "v1") {
				t.Errorf("got status %q, token %t; want %q, a token in v1 only", registered.Status.Label, registered.IntegrationToken != nil, edition.pending)
			}
			r := s.run(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
			if want := "error: Name is taken\n  there is a system \"Web Shop\" in global account default already\n  next: Choose another name"; r.code != exitRefused || !strings.HasPrefix(r.errors, want) {
				t.Errorf("got %s\nwant exit code 1 and\n%s", r, want)
			}
			url := s.must(t, "systems", "register", "Outlet", "--type", "SAP Commerce Cloud", "-o", "url")
			if r := s.feed(t, url, "token", "inspect", "-"); r.code != exitDone || !strings.Contains(r.out, "Outlet") || strings.Contains(r.out, "refused") {
				t.Errorf("register -o url: got %s, want a token that is good", r)
			}
			first := s.must(t, "systems", "token", "Web Shop", "-o", "url")
			second := s.must(t, "systems", "token", registered.ID, "-o", "url")
			if first == second {
				t.Error("a CX type showed its token twice, want a new one")
			}
			if r := s.feed(t, first, "tenants", "pair", "commerce", "-"); r.code != exitRefused || !strings.Contains(r.errors, "error: Pairing failed") {
				t.Errorf("void token: got %s, want exit code 1", r)
			}
			if r := s.feed(t, second, "tenants", "pair", "fsm", "-"); r.code != exitRefused || !strings.Contains(r.errors, "next: ") {
				t.Errorf("another product's tenant: got %s, want exit code 1", r)
			}
			if r := s.feed(t, second, "tenants", "pair", "commerce", "-"); r.code != exitDone {
				t.Fatalf("got %s, want a pairing", r)
			}
			s.must(t, "wait", "--system", "Web Shop", "--status", edition.registered)
			if list := s.must(t, "systems", "list", "--status", "registered"); !strings.Contains(list, "Web Shop  SAP Commerce Cloud  "+edition.registered) {
				t.Errorf("got\n%s\nwant the shop in it", list)
			}
			s.must(t, "tenants", "events", "send", "commerce", "order.created", "--data", `{"orderCode":"4711"}`)
			used := s.feed(t, second, "token", "inspect", "-")
			if used.code != exitDone || !strings.Contains(used.out, "it would be refused: ") || !strings.Contains(used.out, "Web Shop ("+registered.ID+")") {
				t.Errorf("got %s, want a used token", used)
			}
		})
	}
}

func TestTokenOfSevenDaysIsShownAgain(t *testing.T) {
	t.Parallel()
	s := serveFor(t)
	s.must(t, "systems", "register", "Campaigns", "--type", "SAP Marketing Cloud")
	first := s.must(t, "systems", "token", "Campaigns", "-o", "token")
	tokenID := func(bare string) string {
		r := s.feed(t, bare, "token", "inspect", "--offline", "-o", "json", "-")
		return decode[struct{ Claims struct{ JTI string } }](t, r.out).Claims.JTI
	}
	if again := s.must(t, "systems", "token", "Campaigns", "-o", "token"); tokenID(again) != tokenID(first) {
		t.Errorf("got token %s, want %s again", tokenID(again), tokenID(first))
	}
	s.must(t, "clock", "advance", "7d")
	r := s.feed(t, first, "token", "inspect", "-")
	if r.code != exitDone || !strings.Contains(r.out, "expired") || !strings.Contains(r.out, "next ") {
		t.Errorf("got %s, want it expired, and what to do next", r)
	}
	if later := s.must(t, "systems", "token", "Campaigns", "-o", "token"); tokenID(later) == tokenID(first) {
		t.Error("an expired token was shown again, want a new one")
	}
	if got := s.must(t, "journal", "--system", "Campaigns", "--kind", "due"); !strings.Contains(got, "token-expired") || strings.Count(got, "\n") != 1 {
		t.Errorf("got journal\n%s\nwant the expiry alone", got)
	}
	lines := strings.Split(strings.TrimSpace(s.must(t, "journal", "--format", "ndjson", "--limit", "3")), "\n")
	if len(lines) != 3 || !json.Valid([]byte(lines[2])) {
		t.Errorf("got %q, want three lines of JSON", lines)
	}
	for _, text := range []string{s.must(t, "journal"), s.log.String()} {
		if strings.Contains(text, strings.Split(first, ".")[1]) {
			t.Error("a token stands in the journal or the log")
		}
	}
}

// TestTenantActionsByCommandLine: without an id the newest row in a fitting state
// is meant. What deregistration makes of a row needs a registry that tells it.
func TestTenantActionsByCommandLine(t *testing.T) {
	t.Parallel()
	s := serveFor(t)
	refused := func(want string, args ...string) {
		t.Helper()
		if r := s.run(t, args...); r.code != exitRefused || !strings.Contains(r.errors, want) {
			t.Errorf("%s: got %s, want it refused with %q", strings.Join(args, " "), r, want)
		}
	}
	contains := func(want string, args ...string) {
		t.Helper()
		if got := s.must(t, args...); !strings.Contains(got, want) {
			t.Errorf("%s: got\n%s\nwant %q", strings.Join(args, " "), got, want)
		}
	}
	refused("error: Nothing to disable\n  tenant marketing has no row\n  next: Look at the tenant: pairsim tenants show marketing.", "tenants", "disable", "marketing")
	refused("error: No such tenant", "tenants", "delete", "nobody")

	s.must(t, "systems", "register", "Campaigns", "--type", "SAP Marketing Cloud")
	token := s.must(t, "systems", "token", "Campaigns", "-o", "token")
	if r := s.feed(t, token, "tenants", "pair", "marketing", "-"); r.code != exitDone {
		t.Fatalf("got %s, want a pairing", r)
	}
	contains("status", "tenants", "disable", "marketing")
	contains("Disabled", "tenants", "show", "marketing")
	contains("Disabled", "tenants", "list")
	contains("Basic + CSRF    pairsim-", "tenants", "apis", "marketing")
	refused("no row of tenant marketing is registered; the newest, 1, is Disabled (disabled)", "tenants", "disable", "marketing")
	refused(`the extension 1 is Disabled (disabled): "Disable" is not possible; possible is Enable, Delete`, "tenants", "disable", "marketing", "1")
	refused("error: The extension is disabled", "tenants", "events", "send", "marketing", "bo.interaction.created")
	if got := decode[btpclient.TenantPairing](t, s.must(t, "tenants", "enable", "marketing", "-o", "json")); got.Status.Code != btpclient.PairingRegistered {
		t.Errorf("got %+v, want it registered", got.Status)
	}
	s.must(t, "tenants", "events", "send", "marketing", "bo.interaction.created")

	// The token is spent: its row fails, and blocks its system until it is deleted.
	if r := s.feed(t, token, "tenants", "pair", "marketing", "-"); r.code != exitRefused || !strings.Contains(r.errors, "already been used") {
		t.Errorf("got %s, want a failed row", r)
	}
	contains("newest extension  2, Failed, system ", "tenants", "show", "marketing")
	if r := s.feed(t, token, "tenants", "pair", "marketing", "-"); r.code != exitRefused ||
		!strings.Contains(r.errors, "error: A failed extension has to be deleted first\n  the extension 2 of system ") {
		t.Errorf("got %s, want it refused", r)
	}
	contains("deleted  2", "tenants", "delete", "marketing")
	refused("error: No such pairing", "tenants", "delete", "marketing", "2")
	if got := s.must(t, "tenants", "show", "marketing"); strings.Contains(got, "newest") {
		t.Errorf("got\n%s\nwant the connection's row alone", got)
	}
	shown := decode[struct{ NewestPairing struct{ ID string } }](t, s.must(t, "tenants", "show", "marketing", "-o", "json"))
	if shown.NewestPairing.ID != "1" {
		t.Errorf("got newest pairing %q, want 1", shown.NewestPairing.ID)
	}
}

func TestShownTenant(t *testing.T) {
	status := func(code, label string) btpclient.SystemStatus {
		return btpclient.SystemStatus{Code: code, Label: label}
	}
	connection := &btpclient.TenantConnection{Pairing: "1", Status: status("disabled", "Disabled"), SystemID: "s1", ApplicationName: "mp-a"}
	tests := []struct {
		name       string
		connection *btpclient.TenantConnection
		newest     *newestPairing
		want       string
	}{
		{"never paired", nil, nil, "status=not paired"},
		{"deregistered", nil, &newestPairing{"1", status("deregistered", "Deregistered"), "s1"}, "status=not paired newest extension=1, Deregistered, system s1"},
		{"no token", nil, &newestPairing{"1", status("failed", "Failed"), ""}, "status=not paired newest extension=1, Failed"},
		{"disabled", connection, &newestPairing{"1", connection.Status, "s1"}, "status=Disabled system id=s1 application=mp-a"},
		{"connected by an older one", connection, &newestPairing{"2", status("failed", "Failed"), "s2"}, "status=Disabled system id=s1 application=mp-a newest extension=2, Failed, system s2"},
	}
	for _, tt := range tests {
		tenant := btpclient.Tenant{ID: "m", Product: "P", Console: btpclient.TenantConsole{Row: "extension"}, Connection: tt.connection}
		got := ""
		for _, row := range (shownTenant{tenant, tt.newest}).rows()[2:] {
			got += " " + strings.Join(row, "=")
		}
		if got != " "+tt.want {
			t.Errorf("%s: got%s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	s := serveFor(t)
	s.must(t, "clock", "freeze")
	s.must(t, "clock", "set", "2060-01-01T00:00:00Z")
	if got, want := s.must(t, "clock", "advance", "1d12h"), "2060-01-02T12:00:00Z  frozen\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if r := s.run(t, "clock", "set", "2030-01-01T00:00:00Z"); r.code != exitRefused || !strings.HasPrefix(r.errors, "error: A clock is not set back\n") {
		t.Errorf("got %s, want it refused", r)
	}
	if got := s.must(t, "clock", "resume", "-o", "yaml"); !strings.Contains(got, "frozen: false\n") {
		t.Errorf("got %q, want it to run", got)
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]string{
		"10m": "10m0s", "7d": "168h0m0s", "1d12h": "36h0m0s", "0s": "0s", "90s": "1m30s",
		"": "", "d": "", "-1m": "", "1d-1h": "", "1d24h": "", "1d2d": "", "1.5d": "", "99999d": "", "1w": "",
	} {
		got := ""
		if d, err := parseDuration(text); err == nil {
			got = d.String()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestPairAsClient(t *testing.T) {
	t.Parallel()
	s := serveFor(t)
	dir := filepath.Join(t.TempDir(), "shop")
	s.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	out := s.must(t, "systems", "pair", "Web Shop", "--out", dir)
	if !strings.Contains(out, "Registered") || !strings.Contains(out, "mp-web-shop") {
		t.Errorf("got\n%s\nwant mp-web-shop Registered", out)
	}
	modes := map[string]fs.FileMode{".": 0o700, "key.pem": 0o600, "cert.pem": 0o600, "chain.pem": 0o600, "ca.pem": 0o600, "urls.json": 0o600}
	for name, want := range modes {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v (%v), want mode %v", name, info, err, want)
		}
	}
	client := clientOf(t, dir)
	var urls btpclient.URLs
	text, err := os.ReadFile(filepath.Join(dir, "urls.json"))
	if err != nil || json.Unmarshal(text, &urls) != nil {
		t.Fatalf("urls.json: %s (%v)", text, err)
	}
	if status, body := get(t, client, urls.MetadataURL); status != http.StatusOK || strings.TrimSpace(body) != "[]" {
		t.Errorf("got %d %s, want 200 []", status, body)
	}
	if r := s.run(t, "systems", "pair", "Web Shop", "--out", dir); r.code != exitRefused || !strings.Contains(r.errors, "Folder holds credentials already") {
		t.Errorf("same folder again: got %s, want it refused", r)
	}
	if r := s.run(t, "systems", "pair", "Web Shop", "--out", dir+"-2"); r.code != exitRefused || !strings.Contains(r.errors, "Registered") {
		t.Errorf("a registered system: got %s, want it refused", r)
	}
}

// clientOf is an HTTP client with the credentials that systems pair wrote.
func clientOf(t *testing.T, dir string) *http.Client {
	t.Helper()
	certificate, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestExportCA(t *testing.T) {
	t.Parallel()
	s := serveFor(t)
	server := s.must(t, "ca", "export")
	if _, want := get(t, http.DefaultClient, s.http+"/ca.pem"); server != want {
		t.Errorf("got\n%s\nwant what /ca.pem says", server)
	}
	if client := s.must(t, "ca", "export", "--which", "client"); client == server || !strings.HasPrefix(client, "-----BEGIN CERTIFICATE-----") {
		t.Errorf("got\n%s\nwant another CA", client)
	}
	path := filepath.Join(t.TempDir(), "trust.p12")
	s.must(t, "ca", "export", "--format", "p12", "--password", "secret", "--out", path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if certificates, err := pkcs12.DecodeTrustStore(data, "secret"); err != nil || len(certificates) != 1 {
		t.Errorf("got %d certificates (%v), want 1", len(certificates), err)
	}
	// Over TLS the CA has to be named.
	if r := pairsim(t, []string{"PAIRSIM_URL=" + s.mtls}, "", "systems", "list"); r.code != exitRefused || !strings.Contains(r.errors, "pairsim ca export --out ca.pem") {
		t.Errorf("without CA: got %s, want it refused with what to do", r)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	s.must(t, "ca", "export", "--out", ca)
	if r := pairsim(t, []string{"PAIRSIM_URL=" + s.mtls, "PAIRSIM_CA=" + ca}, "", "systems", "list"); r.code != exitDone {
		t.Errorf("with CA: got %s, want the list", r)
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	s := serveFor(t)
	s.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"ready", nil, exitDone, ""},
		{"label, in any case", []string{"--system", "Web Shop", "--status", "PENDING"}, exitDone, ""},
		{"not yet", []string{"--system", "Web Shop", "--timeout", "1s"}, exitRefused, `system "Web Shop" is "Pending"`},
		{"no such system", []string{"--system", "Shop", "--timeout", "1s"}, exitRefused, `there is no system "Shop"`},
		{"no such status ends at once", []string{"--system", "Web Shop", "--status", "Regsitered", "--timeout", "1h"}, exitRefused, `there is no status "Regsitered"`},
		{"no such status, no such system", []string{"--system", "Shop", "--status", "Regsitered", "--timeout", "1h"}, exitRefused, `there is no status "Regsitered"`},
		{"no such account", []string{"--system", "Web Shop", "--account", "other", "--timeout", "1h"}, exitRefused, `other`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := s.run(t, append([]string{"wait"}, test.args...)...)
			if got.code != test.code || !strings.Contains(got.errors, test.want) {
				t.Errorf("got %s\nwant exit code %d and %q", got, test.code, test.want)
			}
		})
	}
	ended := make(chan result, 1)
	go func() { ended <- s.run(t, "wait", "--system", "Web Shop") }()
	s.must(t, "systems", "pair", "Web Shop", "--out", filepath.Join(t.TempDir(), "shop"))
	if got := <-ended; got.code != exitDone {
		t.Errorf("while it pairs: got %s, want exit code 0", got)
	}
}
