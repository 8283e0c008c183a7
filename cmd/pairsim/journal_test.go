package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

func TestJournalOfASystem(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t), t}
	for _, name := range []string{"Web Shop", "Other"} {
		o.must(t, "systems", "register", name, "--type", "SAP Commerce Cloud")
	}
	o.pairs("Web Shop", "commerce")

	o.sees([]string{"journal", "--system", "Web Shop", "--kind", "transition"}, "Pending → Registered", "[SEED-000")
	o.sees([]string{"journal", "--point", "pairing.*", "--status", "2xx"}, "GET /v1/applications/signingRequests/info → 200", "[pairing-protocols §1.5]")
	o.sees([]string{"journal", "--kind", "call", "--tenant", "commerce", "--method", "GET"})
	if got := o.sees([]string{"journal", "--path", "/api/v1/globalAccounts/*/systems", "--method", "post", "--limit", "1"}, "→ 201"); strings.Count(got, "\n") != 1 {
		t.Errorf("got\n%s\nwant the latest entry alone", got)
	}
	drawn := o.sees([]string{"journal", "--system", "Web Shop", "--format", "mermaid"}, "sequenceDiagram", "as Tenant commerce", "Pending → Registered")
	if strings.Contains(drawn, "Other") {
		t.Errorf("got\n%s\nwant nothing of the other system", drawn)
	}
	if part := o.sees([]string{"journal", "--system", "Web Shop", "--format", "mermaid", "--limit", "1"}); strings.Contains(part, "Register System") {
		t.Errorf("got\n%s\nwant the latest entry alone", part)
	}
	if err := xml.Unmarshal([]byte(o.must(t, "journal", "--format", "svg")), new(struct {
		XMLName xml.Name `xml:"svg"`
	})); err != nil {
		t.Error(err)
	}
	o.isRefused([]string{"journal", "--point", "pairing.dance"}, "there is no point", "certificate.renew")
	for _, wrong := range [][]string{
		{"journal", "--from", "yesterday"},
		{"journal", "--follow", "--format", "svg"},
		{"journal", "--format", "png"},
		{"journal", "verify", "--in-order", "method"},
		{"journal", "verify", "--in-order", "colour=red"},
		{"journal", "verify", "--in-order", "method=GET method=PUT"},
		{"journal", "verify", "--in-order", " "},
		{"journal", "verify", "--in-order", "method=GET", "--method", "GET"},
	} {
		if r := o.run(t, wrong...); r.code != exitUsage {
			t.Errorf("pairsim %q: got %s, want exit code 2", wrong, r)
		}
	}
}

func TestWhatARequestSaidIsShown(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t), t}
	o.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	o.pairs("Web Shop", "commerce")
	entries := decode[[]btpclient.JournalEntry](t, o.must(t, "journal", "--kind", "request", "--point", "pairing.csr", "--format", "json"))
	if len(entries) != 1 {
		t.Fatalf("got %d certificate requests, want one", len(entries))
	}
	seq := strconv.FormatUint(entries[0].Seq, 10)
	o.sees([]string{"journal", "show", seq}, "→ POST /v1/applications/certificates?token=***", "  Content-Type: application/json", "← 201", "base64 of certificate of",
		"certificate request for")
	said := decode[btpclient.Recording](t, o.must(t, "journal", "show", seq, "-o", "json"))
	if said.Seq != entries[0].Seq || said.Response == nil || said.Response.Status != 201 || said.Request.Body == nil {
		t.Errorf("got %+v", said)
	}
	o.isRefused([]string{"journal", "show", "1"}, "No such recording", "is a decision")
	o.isRefused([]string{"journal", "show", "99999"}, "has no entry 99999")
	for _, wrong := range []string{"0", "x", "-1"} {
		if r := o.run(t, "journal", "show", wrong); r.code != exitUsage {
			t.Errorf("%s: got %s, want exit code 2", wrong, r)
		}
	}
}

func TestNothingIsRecordedUnlessWanted(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t, "--record-messages=false"), t}
	o.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	entries := decode[[]btpclient.JournalEntry](t, o.must(t, "journal", "--kind", "request", "--format", "json"))
	o.isRefused([]string{"journal", "show", strconv.FormatUint(entries[0].Seq, 10)}, "--record-messages=false")
}

func TestJournalIsVerified(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t), t}
	o.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	o.pairs("Web Shop", "commerce")

	o.sees([]string{"journal", "verify", "--method", "POST", "--path", "/v1/applications/certificates", "--status", "201", "--exactly", "1"},
		"MET  FOUND  EXPECTED", "yes  1      exactly 1 request with method POST, path /v1/applications/certificates, status 201")
	o.sees([]string{"journal", "verify", "--kind", "refusal", "--rule", "token-used", "--at-most", "0"}, "yes  0")
	o.sees([]string{"journal", "verify", "--in-order", "point=pairing.info", "--in-order", "method=PUT path=/*/v1/pairsim/tenant"}, "yes  2")
	v := decode[btpclient.Verification](t, o.must(t, "journal", "verify", "--point", "pairing.*", "--at-least", "2", "-o", "json"))
	if !v.Met || !v.Complete || v.Found < 2 || len(v.Entries) != v.Found {
		t.Errorf("got %+v", v)
	}

	r := o.run(t, "journal", "verify", "--method", "POST", "--path", "/v1/applications/certificate", "--status", "201")
	if r.code != exitRefused || !strings.Contains(r.out, "no   0") {
		t.Errorf("got %s, want it not met", r)
	}
	for _, want := range []string{
		"The journal is not as expected", "expected at least 1 request with method POST, path /v1/applications/certificate, status 201; found 0", "closest are:",
		`POST /v1/applications/certificates → 201: path is "/v1/applications/certificates", expected "/v1/applications/certificate"`, "next: ",
	} {
		if !strings.Contains(r.errors, want) {
			t.Errorf("got\n%s\nwant %q in it", r.errors, want)
		}
	}
	o.isRefused([]string{"journal", "verify", "--exactly", "-1"}, "nothing happens -1 times")
}

// TestKillKeepsTheJournal: what was on disk when the process was killed is there
// again, torn lines are not, and the numbers go on.
//
// Rule: store-survives-death
func TestKillKeepsTheJournal(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "pairsim.db")
	s := serveFor(t, returning(t, []string{"--data", data})...)
	s.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	file := filepath.Join(data+".journal", "journal-0.ndjson")
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	bound := time.After(tooLong)
	for written := ""; !strings.Contains(written, `"status":201`); { // it is written behind the request
		select {
		case <-bound:
			t.Fatalf("the registration is not on disk: %s", written)
		case <-look.C:
			text, _ := os.ReadFile(file)
			written = string(text)
		}
	}
	before := lines(t, s)
	s = s.crash(t, []string{"--data", data})
	s.must(t, "systems", "register", "Other", "--type", "SAP Commerce Cloud")
	after := lines(t, s)
	if len(after) <= len(before) {
		t.Fatalf("got %d entries, before were %d", len(after), len(before))
	}
	for i, e := range after {
		if e.Seq != uint64(i+1) || i < len(before) && (e.Point != before[i].Point || !e.At.Equal(before[i].At)) {
			t.Errorf("entry %d is %+v", i+1, e)
		}
	}
	if last := after[len(after)-1]; last.Request <= before[len(before)-1].Request {
		t.Errorf("the numbers of requests go from %d to %d", before[len(before)-1].Request, last.Request)
	}
}

func lines(t *testing.T, s *serving) (entries []btpclient.JournalEntry) {
	t.Helper()
	for line := range strings.Lines(s.must(t, "journal", "--format", "ndjson")) {
		var e btpclient.JournalEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}
