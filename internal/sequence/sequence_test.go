package sequence_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/sequence"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

var start = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

const shop = btp.SystemID("0b9c4a52-7d5e-4f6e-9a41-0c2f5d1e7a10")

// life is the life of a system: registered, paired at the second try, told of its
// deregistration in vain, and gone.
func life(name string) []btp.Entry {
	about := btp.Reference{System: shop, Name: name}
	paired := about
	paired.Tenant = "commerce"
	request := func(n uint64, point btp.Point, about btp.Reference, method, path string, status int, rule string) btp.Entry {
		return btp.Entry{Kind: btp.EntryRequest, Request: n, Point: point, About: about, Method: method, Path: path, Status: status, Rule: rule}
	}
	entries := []btp.Entry{
		{Kind: btp.EntryDecision, Request: 1, Point: btp.PointRegister, About: about, Source: "SEED-000 step 3", Detail: "Register System: SAP Commerce Cloud"},
		{Kind: btp.EntryDecision, Request: 1, Point: btp.PointTokenIssue, About: about, Source: "SEED-000", Detail: "valid until 2030-01-01T10:10:00Z"},
		request(1, btp.PointRegister, about, "POST", "/api/v1/globalAccounts/default/systems", 201, ""),
		{Kind: btp.EntryDue, Request: 2, At: start.Add(10 * time.Minute), Point: btp.PointTokenExpiry, About: about, Rule: "token-expired", Source: "SEED-000 step 8, e9d975a.md", Detail: "the token has expired unused"},
		request(2, btp.PointClock, btp.Reference{}, "POST", "/control/clock", 200, ""),
		request(3, btp.PointTokenIssue, about, "POST", "/api/v1/systems/"+string(shop)+"/tokens", 201, ""),
		{Kind: btp.EntryDecision, Request: 4, Point: btp.PointInfo, About: paired, Source: "SEED-000 step 8", Detail: "token accepted; it is spent"},
		request(4, btp.PointInfo, paired, "GET", "/v1/applications/signingRequests/info", 200, ""),
		{Kind: btp.EntryRefusal, Request: 5, Point: btp.PointCSR, About: about, Rule: "csr-subject-invalid", Source: "Kyma Connector Service", Detail: "CSR: Invalid common name provided."},
		request(5, btp.PointCSR, about, "POST", "/v1/applications/certificates", 400, "csr-subject-invalid"),
		request(6, btp.PointCSR, about, "POST", "/v1/applications/certificates", 201, ""),
		{Kind: btp.EntryTransition, Request: 7, Point: btp.PointDescriptor, About: paired, Rule: "PairingCompleted", Source: "SEED-000 Results", Detail: "Pending → Registered"},
		request(7, btp.PointDescriptor, paired, "PUT", "/mp-web-shop/v1/pairsim/tenant", 204, ""),
		{Kind: btp.EntryTransition, Request: 8, Point: btp.PointDeregister, About: paired, Source: "0c6f498.md", Detail: "Registered → Deregistering"},
		{Kind: btp.EntryCall, Request: 8, Point: btp.PointDeregisterTell, About: paired, Method: "POST", Path: "/tenants/commerce/callback/deregistration", Detail: "the host cannot be reached: connection refused"},
		{Kind: btp.EntryRefusal, Request: 8, Point: btp.PointDeregisterTell, About: paired, Rule: "tenant-not-told", Source: "pairsim", Detail: "the tenant's callback could not be told"},
		request(8, btp.PointDeregister, paired, "POST", "/api/v1/systems/"+string(shop)+"/deregistration", 202, ""),
		{Kind: btp.EntryCall, Point: btp.PointDeregisterTell, About: paired, Method: "POST", Path: "/tenants/commerce/callback/deregistration", Status: 204},
		{Kind: btp.EntryTransition, Point: btp.PointDeregisterDone, About: paired, Source: "0c6f498.md", Detail: "Deregistering → gone"},
		request(9, "", btp.Reference{}, "GET", "/v1/applications/management/info", 0, ""),
	}
	for i := range entries {
		entries[i].Sequence = uint64(i + 1)
		if entries[i].At.IsZero() {
			entries[i].At = start.Add(time.Duration(i/5) * 10 * time.Minute)
		}
	}
	return entries
}

// mischief are names that would be something else than text if they could.
var mischief = []string{
	`<img src=x onerror=alert(1)>`, "shop\nP0->>P1: forged", `x; P0->>P1: forged`, "end", "%% a comment", "#quot;#60;script#62;", `"]]>&amp;<script>`,
	"%%{init: {'securityLevel':'loose'}}%%", "```\nalert\n```", "wrap: x", "\u202egnihton", "\x00\x1b[31m\ufffe", strings.Repeat("ä", 300), "", "  ", "as Operator", "- - -", "click P0 href",
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
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

// Rule: journal-drawn
func TestALifeAsDiagrams(t *testing.T) {
	d := sequence.Of(life("Web Shop"), false)
	golden(t, "life.mmd", d.Mermaid())
	golden(t, "life.svg", d.SVG())
	well(t, d)
}

// Rule: journal-drawn
func TestMischiefIsText(t *testing.T) {
	var entries []btp.Entry
	for i, name := range mischief {
		entries = append(entries,
			btp.Entry{Sequence: uint64(2*i + 1), At: start, Kind: btp.EntryTransition, About: btp.Reference{System: shop, Name: name, Tenant: name}, Detail: name, Source: name},
			btp.Entry{Sequence: uint64(2*i + 2), At: start, Kind: btp.EntryRequest, Request: uint64(i + 1), About: btp.Reference{System: shop, Tenant: name}, Method: name, Path: "/" + name, Status: 403, Rule: name})
	}
	d := sequence.Of(entries, true)
	golden(t, "mischief.mmd", d.Mermaid())
	golden(t, "mischief.svg", d.SVG())
	well(t, d)
}

func TestNothingHappened(t *testing.T) {
	d := sequence.Of(nil, false)
	if got := string(d.Mermaid()); got != "sequenceDiagram\n    participant P0 as Registry\n    Note over P0: nothing happened\n" {
		t.Errorf("got %s", got)
	}
	well(t, d)
}

// A call through the gateway is a workload's, and goes to a tenant or to somebody
// else's target.
func TestCallsThroughTheGateway(t *testing.T) {
	about := btp.Reference{System: shop, Name: "Web Shop", Tenant: "commerce"}
	entry := func(kind btp.EntryKind, request uint64, path string) btp.Entry {
		return btp.Entry{At: start, Kind: kind, Request: request, Point: btp.PointGatewayCall, About: about, Method: "GET", Path: path, Status: 200}
	}
	d := sequence.Of([]btp.Entry{
		entry(btp.EntryCall, 1, "/tenants/commerce/api/occ"), entry(btp.EntryRequest, 1, "/gateway/mp-shop/occ"),
		entry(btp.EntryCall, 2, "/orders"), entry(btp.EntryRequest, 2, "/gateway-ucl/mp-shop/orders/orders"),
	}, false)
	golden(t, "gateway.mmd", d.Mermaid())
	well(t, d)
}

// line is every line that a diagram in Mermaid may have.
var line = regexp.MustCompile(`^(sequenceDiagram|    participant P\d+ as TEXT|    P\d+(->>|-->>|--x)P\d+: TEXT|    Note over P\d+: TEXT)$`)

// text is one that says nothing to Mermaid.
var text = regexp.MustCompile(`(: | as )((?:[\p{L}\p{N}\p{M}\p{P}\p{S} ]|#\d+;|<br/>)+)$`)

// well fails the test unless the Mermaid holds lines of ours only, and the SVG is
// XML with elements of ours only.
func well(t *testing.T, d sequence.Diagram) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(string(d.Mermaid()), "\n"), "\n")
	if want := 1 + len(d.Participants) + len(d.Steps); len(lines) != want {
		t.Errorf("Mermaid has %d lines, want %d", len(lines), want)
	}
	for _, l := range lines {
		if found := text.FindStringSubmatch(l); found != nil {
			bare := regexp.MustCompile(`#\d+;|<br/>`).ReplaceAllString(found[2], " ")
			if strings.ContainsAny(bare, "<>#;:%{}[]\"'`&\\") || regexp.MustCompile(`(?i)\bend\b`).MatchString(bare) {
				t.Errorf("Mermaid has the line %q, whose text is syntax", l)
			}
			l = strings.TrimSuffix(l, found[2]) + "TEXT"
		}
		if !line.MatchString(l) {
			t.Errorf("Mermaid has the line %q", l)
		}
	}
	elements := map[string]bool{"svg": true, "title": true, "rect": true, "line": true, "path": true, "text": true}
	decoder := xml.NewDecoder(bytes.NewReader(d.SVG()))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the SVG is no XML: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !elements[token.Name.Local] {
				t.Errorf("the SVG has the element %s", token.Name.Local)
			}
			for _, a := range token.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || a.Name.Local == "style" {
					t.Errorf("the SVG has the attribute %s", a.Name.Local)
				}
			}
		case xml.Comment, xml.ProcInst, xml.Directive:
			t.Errorf("the SVG has %T", token)
		}
	}
}

// Rule: journal-drawn
func FuzzDiagram(f *testing.F) {
	for i, name := range mischief {
		f.Add(name, "/v1/"+name, 100*i, uint64(i))
	}
	kinds := append([]btp.EntryKind{"other"}, btp.EntryKinds...)
	f.Fuzz(func(t *testing.T, name, path string, status int, request uint64) {
		var entries []btp.Entry
		for i, kind := range kinds {
			entries = append(entries, btp.Entry{
				Sequence: uint64(i + 1), At: start, Kind: kind, Request: request * uint64(i%2), Method: name, Path: path, Status: status,
				About: btp.Reference{System: btp.SystemID(name), Name: path, Tenant: name}, Rule: name, Source: path, Detail: name,
			})
		}
		well(t, sequence.Of(entries, request%2 == 0))
	})
}
