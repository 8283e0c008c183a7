package clientcheck_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/xml"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/clientcheck"
	"github.com/pairsim/pairsim/internal/strict"
	"github.com/pairsim/pairsim/testenv/naive"
)

// checked are the results by the id of their check.
func checked(t *testing.T, c clientcheck.Client, o clientcheck.Options) map[string]clientcheck.Result {
	t.Helper()
	report, err := clientcheck.Run(t.Context(), "a client", c, o)
	if err != nil {
		t.Fatal(err)
	}
	results := map[string]clientcheck.Result{}
	for _, r := range report.Results {
		results[r.ID] = r
	}
	return results
}

// TestACorrectClientPasses: nothing is held against a client that does what the
// documents ask for, in either edition, and every check applies to it.
func TestACorrectClientPasses(t *testing.T) {
	for _, edition := range []string{"v1", "v2"} {
		t.Run(edition, func(t *testing.T) {
			t.Parallel()
			o := clientcheck.Options{Edition: edition}
			for _, c := range clientcheck.Checks {
				if edition == "v2" && !c.Strict() { // strictness knows no editions
					o.Only = append(o.Only, c.ID)
				}
			}
			results := checked(t, correct{}.client(), o)
			for _, c := range clientcheck.Checks {
				if r, made := results[c.ID]; (made || o.Only == nil) && r.Outcome != clientcheck.Passed {
					t.Errorf("%s %s is %q: %s\n%s", c.ID, c.Name, r.Outcome, r.Why(), r.Output)
				}
			}
		})
	}
}

// TestEachMistakeHasItsCheck: a client with one mistake fails the checks of that
// mistake, which say so, and no other.
func TestEachMistakeHasItsCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		client correct
		fails  map[string]string // by check, what it is told
		only   []string          // checks that are made beside; nil: all that are not strict
	}{
		"says done whatever happens": {correct{claims: true}, map[string]string{
			"C-03": "the token had expired", "C-04": "the token was used up", "C-05": "the system is shown as Pending",
			"C-06": "as if it had paired", "C-09": "its certificate request was refused", "C-10": "the registration had failed",
			"C-11": "its certificate was refused", "C-12": "as if it had paired", "C-13": "as if it had paired", "C-14": "as if it had paired",
			"C-16": "the registry was down", "C-17": "though the registry's certificate is not of the CA", "C-20": "its certificate had expired",
			"C-21": "its system was deregistered", "C-24": "its revocation was not accepted",
		}, nil},
		"renews as somebody else": {correct{renewsAs: "-2"}, map[string]string{
			"C-18": "it ended with status 1; its last call, POST /v1/applications/certificates/renewals, was refused with 400",
		}, []string{"C-18"}},
		"renews at a path by heart": {correct{byHeart: true}, map[string]string{
			"S-05": "the client called a path that it knew by heart",
		}, []string{"C-18", "S-05", "S-09"}},
		"revokes nothing": {correct{idle: true}, map[string]string{
			"C-22": "has not revoked its certificate; it called nothing", "C-24": "as if nothing were wrong",
		}, []string{"C-22", "C-23", "C-24"}},
		"forgets before it has revoked": {correct{forgets: true}, nil, []string{"C-22", "C-23", "C-24"}},
		"pairs once": {correct{pairsOnce: true}, map[string]string{
			"C-02": "did not pair", "C-21": "when its system was deregistered it was given a new token: it ended with status 1", "C-22": "when it had revoked its certificate",
		}, []string{"C-02", "C-21", "C-22"}},
		"asks again and again": {correct{hammers: true}, map[string]string{
			"C-03": "more than 10 times, though it was refused each time: GET /v1/applications/signingRequests/info, answered 403",
			"C-04": "more than 10 times", "C-16": "answered 503",
		}, []string{"C-02", "C-03", "C-04", "C-16"}},
		"keeps the old certificate": {correct{keepsOld: true}, map[string]string{"C-18": "the second time", "C-19": "when the first certificate had expired"}, nil},
		"trusts every server":       {correct{trusts: true}, map[string]string{"C-17": "sent its token to a server"}, nil},
		"waits for ever":            {correct{hangs: true}, map[string]string{"C-06": "it did not end within 10s"}, []string{"C-06"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			only := tt.only
			for _, c := range clientcheck.Checks {
				if tt.only == nil && !c.Strict() {
					only = append(only, c.ID)
				}
			}
			client := tt.client.client()
			if tt.client.hangs {
				client.Timeout = 10 * time.Second // C-01 has to pair in it, on a busy machine
			}
			for id, r := range checked(t, client, clientcheck.Options{Only: only}) {
				told, fails := tt.fails[id]
				if fails != (r.Outcome == clientcheck.Failed) || !strings.Contains(r.Why(), told) {
					t.Errorf("%s %s is %s, want that it fails %t: %s\nwant %q in it", id, r.Name, r.Outcome, fails, r.Why(), told)
				}
				if fails && (r.Diagram == "" || r.Source == "" || r.Next == "") {
					t.Errorf("%s has no diagram, document or next step", id)
				}
			}
		})
	}
}

// TestSeedsDiffer: what the registry does to a client is drawn anew with each seed, and
// is the same with the same seed.
//
// Rule: strict-seeded
func TestSeedsDiffer(t *testing.T) {
	t.Parallel()
	seen := func() (runs []string) {
		c := correct{}.client()
		pair := c.Pair
		c.Renew = nil
		c.Pair = func(ctx context.Context, s clientcheck.Setting) clientcheck.Ending {
			ended := pair(ctx, s)
			entries, _, err := btpclient.NewControl(s.Control, http.DefaultClient).Journal(ctx, btpclient.JournalFilter{Limit: 1000})
			if err != nil {
				t.Error(err)
			}
			calls := ""
			for _, e := range entries {
				if e.Kind == "request" && !strings.HasPrefix(e.Path, "/control") && !strings.HasPrefix(e.Path, "/api") {
					calls += fmt.Sprintf("%s %d\n", e.Path, e.Status)
				}
			}
			runs = append(runs, calls)
			return ended
		}
		if r := checked(t, c, clientcheck.Options{Only: []string{"S-09"}, Seeds: 8})["S-09"]; r.Outcome != clientcheck.Passed || len(runs) != 9 {
			t.Fatalf("S-09 is %s in %d runs: %s", r.Outcome, len(runs), r.Why())
		}
		return runs[1:] // the first is C-01's
	}
	first, again := seen(), seen()
	if !slices.Equal(first, again) {
		t.Errorf("the same seeds give other answers: %q, then %q", first, again)
	}
	slices.Sort(first)
	if different := slices.Compact(first); len(different) < 4 {
		t.Errorf("8 seeds make %d sequences of calls, want them to differ: %q", len(different), different)
	}
}

// naively is a client of testenv/naive. It is one connector as long as a check lasts.
func naively(k naive.Client) clientcheck.Client {
	folder, kept := "", (*naive.Connector)(nil)
	return clientcheck.Client{TakesCA: true, Pair: func(ctx context.Context, s clientcheck.Setting) clientcheck.Ending {
		if s.Folder != folder {
			text, err := os.ReadFile(s.CAFile)
			if err != nil {
				return clientcheck.Ending{Err: err}
			}
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(text)
			if kept != nil {
				kept.Close()
			}
			control := btpclient.NewControl(s.Control, http.DefaultClient)
			folder, kept = s.Folder, k.New(naive.Registry{URL: s.MTLS, CA: roots, Later: func(ctx context.Context) error {
				_, err := control.Advance(ctx, 5*time.Minute)
				return err
			}})
		}
		if err := kept.Pair(ctx, s.Token); err != nil {
			return clientcheck.Ending{Status: 1, Output: err.Error()}
		}
		return clientcheck.Ending{}
	}}
}

// TestNaiveClientsFailForTheirReason: each fails the check of its rule, and no
// other that says something of it.
func TestNaiveClientsFailForTheirReason(t *testing.T) {
	const seeds = 16 // enough for what is drawn one time in four
	for _, k := range naive.Clients {
		t.Run(k.Rule+" "+k.Mistake, func(t *testing.T) {
			t.Parallel()
			rule, _ := strict.Find(k.Rule)
			only := []string{"C-02", "C-03", "C-09", "C-13", k.Rule, "S-all"}
			if os.Getenv("PAIRSIM_VOLUME") == "full" {
				only = nil
			}
			for id, r := range checked(t, naively(k), clientcheck.Options{Only: only, Seeds: seeds}) {
				if want := id == k.Rule; want != (r.Outcome == clientcheck.Failed) {
					t.Errorf("%s is %s, want that it fails %t: %s\n%s", id, r.Outcome, want, r.Why(), r.Output)
				}
				if id != k.Rule {
					continue
				}
				if r.Seed == 0 || r.Source != rule.Source || !strings.Contains(r.Next, rule.Mistake) || rule.Noticed && !strings.Contains(r.Why(), rule.Mistake) {
					t.Errorf("%s is told of with seed %d, %s: %s; next: %s", id, r.Seed, r.Source, r.Why(), r.Next)
				}
			}
		})
	}
	t.Run("the honest one passes", func(t *testing.T) {
		t.Parallel()
		for id, r := range checked(t, naively(naive.Honest), clientcheck.Options{Seeds: 3}) {
			if r.Outcome == clientcheck.Failed {
				t.Errorf("%s: %s\n%s", id, r.Why(), r.Output)
			}
			if r.Strict() && r.Outcome != clientcheck.Passed {
				t.Errorf("%s is %s: %s", id, r.Outcome, r.Why())
			}
		}
	})
}

// TestAClientThatDoesNotPair: one that fails with a friendly registry is told that,
// and spared the rest.
func TestAClientThatDoesNotPair(t *testing.T) {
	t.Parallel()
	nothing := clientcheck.Client{Pair: func(context.Context, clientcheck.Setting) clientcheck.Ending { return clientcheck.Ending{} }}
	for id, r := range checked(t, nothing, clientcheck.Options{}) {
		switch {
		case id == "C-01" && (r.Outcome != clientcheck.Failed || !strings.Contains(r.Why(), "it called nothing")):
			t.Errorf("%s: %s, %s", id, r.Outcome, r.Why())
		case id != "C-01" && (r.Outcome != clientcheck.NotApplicable || !strings.Contains(r.Reason, "see to C-01 first")):
			t.Errorf("%s: %s, %s", id, r.Outcome, r.Why())
		}
	}
}

// TestWhatDoesNotApply: what a client lacks makes checks not applicable,
// with the reason.
func TestWhatDoesNotApply(t *testing.T) {
	t.Parallel()
	c := correct{}.client()
	c.Renew, c.Revoke, c.TakesCA = nil, nil, false
	for id, want := range map[string]string{"C-17": "{ca}", "C-18": "--renew-command", "C-21": "--renew-command", "C-22": "--revoke-command"} {
		if r := checked(t, c, clientcheck.Options{Only: []string{id}})[id]; r.Outcome != clientcheck.NotApplicable || !strings.Contains(r.Reason, want) {
			t.Errorf("%s is %s: %s", id, r.Outcome, r.Why())
		}
	}
}

// TestReports: both forms say what failed and why, and hold no token.
//
// Rule: token-secret-nowhere
func TestReports(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var tokens []string
	c := correct{}.client()
	pair := c.Pair
	c.Pair = func(ctx context.Context, s clientcheck.Setting) clientcheck.Ending {
		tokens = append(tokens, s.Token)
		e := pair(ctx, s)
		return clientcheck.Ending{Output: "<script>paired by " + s.TokenURL + "</script>", Status: e.Status + len(tokens) - 1}
	}
	o := clientcheck.Options{JUnit: filepath.Join(folder, "junit.xml"), HTML: filepath.Join(folder, "report.html"), Only: []string{"pairing", "c-02", "C-18"}}
	c.Renew = nil
	report, err := clientcheck.Run(t.Context(), "./connector {tokenUrl}", c, o)
	if err == nil {
		err = report.Write(o)
	}
	if err != nil {
		t.Fatal(err)
	}
	var suites struct {
		Failures int `xml:"failures,attr"`
		Skipped  int `xml:"skipped,attr"`
		Cases    []struct {
			Name    string `xml:"name,attr"`
			Failure string `xml:"failure"`
		} `xml:"testsuite>testcase"`
	}
	junit, err := os.ReadFile(o.JUnit)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(junit, &suites); err != nil {
		t.Fatal(err)
	}
	if len(suites.Cases) != 3 || suites.Failures != 1 || suites.Skipped != 1 || !strings.Contains(suites.Cases[1].Failure, "document: pairing-protocols §1.3 and §1.4\nnext: keep URLs") {
		t.Errorf("JUnit: got %s", junit)
	}
	html, err := os.ReadFile(o.HTML)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"./connector {tokenUrl}", "<b>1</b>passed", "<b>1</b>failed", "<b>1</b>not applicable", "base64,PHN2", "&lt;script&gt;paired by"} {
		if !bytes.Contains(html, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, text := range [][]byte{junit, html} {
		if slices.ContainsFunc(tokens, func(token string) bool { return bytes.Contains(text, []byte(token)) }) {
			t.Errorf("a report holds a token: %s", text)
		}
	}
}

// TestNothingIsLeft: no folder is there when the checks have ended.
func TestNothingIsLeft(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	checked(t, correct{}.client(), clientcheck.Options{Only: []string{"C-06", "C-17"}})
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestOptionsThatCannotBeMeant(t *testing.T) {
	for want, o := range map[string]clientcheck.Options{
		"there is no check": {Only: []string{"C-99"}},
		"1 to 1000":         {Seeds: 1001},
	} {
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestChecksAreWhole: each has what whoever fails needs, and an id of its own.
func TestChecksAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range clientcheck.Checks {
		if c.ID == "" || c.Name == "" || c.Does == "" || c.Source == "" || c.Next == "" || seen[c.ID] || seen[c.Name] {
			t.Errorf("not whole, or twice: %+v", c)
		}
		seen[c.ID], seen[c.Name] = true, true
	}
}
