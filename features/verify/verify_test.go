package verify_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/features/verify"
	"github.com/pairsim/pairsim/testenv"
)

// targetOf is a landscape as somebody sees it who knows its addresses.
func targetOf(t *testing.T, env *testenv.Env) verify.Target {
	t.Helper()
	return verify.Target{HTTP: env.HTTP(), MTLS: env.MTLS(), Control: env.Control(), Roots: env.TLS().RootCAs}
}

func run(t *testing.T, target verify.Target, o verify.Options) verify.Report {
	t.Helper()
	report, err := verify.Run(t.Context(), target, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		if r.Outcome == verify.Failed {
			t.Errorf("%s: %s failed at %q: %s", r.Feature, r.Name, r.Step, r.Reason)
		}
	}
	return report
}

// TestTags: an expression that godog would misread, or end at, is refused.
func TestTags(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"", "@wire", "~@wire", "@wire && ~@invariant-3,@invariant-4", "@a,@b&&@c", "@rule:token-expired"} {
		if err := verify.CheckTags(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"wire", "@", "@a &&", ",", " ", "@a @b", "not @a", "@a and @b", "@a || @b", "(@a)", "~", "~~@a"} {
		if err := verify.CheckTags(bad); err == nil {
			t.Errorf("%q is taken for an expression", bad)
		}
	}
}

// TestAServerIsVerified: each scenario has an environment of its own, also one that
// wants other decisions, faults or further tenants, and nothing is left of it.
func TestAServerIsVerified(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	target := targetOf(t, env)
	o := verify.Options{
		Paths: []string{"pairing.feature", "wire.feature", "faults.feature", "certificates.feature", "roles.feature", "strictness.feature"},
		Tags:  "@wire,@invariant-5,@recipe-deregister-error,@recipe-slow-deregistering,@recipe-stuck-removing,@invariant-6",
	}
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		o = verify.Options{}
	}
	report := run(t, target, o)
	if passed := report.Count(verify.Passed); passed < 30 {
		t.Errorf("%d scenarios passed, want more", passed)
	}
	control := btpclient.NewControl(env.Control(), http.DefaultClient)
	left, err := control.Environments(t.Context())
	if err != nil || len(left) != 1 {
		t.Errorf("environments that are left: %v, %v; want default alone", left, err)
	}
}

// TestAnInterruptedRun leaves no environment behind, also when it is interrupted while
// the target makes one.
func TestAnInterruptedRun(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	behind, err := url.Parse(env.Control())
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var made atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(behind)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/control/environments" {
			made.Add(1)
			interrupt()
			r = r.WithContext(context.WithoutCancel(r.Context())) // the target has it, whoever hangs up
		}
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	target := targetOf(t, env)
	target.Control = front.URL
	_, _ = verify.Run(ctx, target, verify.Options{Paths: []string{"pairing.feature"}}) // what it says of itself: cmd/pairsim
	if made.Load() == 0 {
		t.Fatal("no environment was asked for")
	}
	left, err := btpclient.NewControl(env.Control(), http.DefaultClient).Environments(t.Context())
	if err != nil || len(left) != 1 {
		t.Errorf("environments that are left: %v, %v; want default alone", left, err)
	}
}

// TestAGuardedTarget: the key goes with all that a scenario asks of control.
func TestAGuardedTarget(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t, testenv.WithControlKey("a-key-of-a-test-run"))
	target := targetOf(t, env)
	target.ControlKey = env.ControlKey()
	if report := run(t, target, verify.Options{Paths: []string{"time.feature"}}); report.Count(verify.Passed) == 0 {
		t.Error("no scenario passed")
	}
}

// TestATargetApart: what the target would have to call here is not applicable.
func TestATargetApart(t *testing.T) {
	t.Parallel()
	target := targetOf(t, testenv.Start(t))
	target.Apart = true
	report := run(t, target, verify.Options{Paths: []string{"deregistration.feature"}})
	if report.Count(verify.NotApplicable) == 0 || report.Count(verify.Passed) == 0 {
		t.Errorf("%d scenarios passed, %d are not applicable; want some of both", report.Count(verify.Passed), report.Count(verify.NotApplicable))
	}
	for _, r := range report.Results {
		if r.Outcome == verify.NotApplicable && !strings.Contains(r.Reason, "can call this process") && !strings.Contains(r.Reason, "needs a server") {
			t.Errorf("%s: the reason is %q", r.Name, r.Reason)
		}
	}
}

// TestWhatCannotBeAskedOfATarget is neither passed nor failed, and says why.
func TestWhatCannotBeAskedOfATarget(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	for name, test := range map[string]struct {
		target verify.Target
		paths  []string
		why    string
	}{
		"roles":           {targetOf(t, env), []string{"roles.feature"}, "--auth"},
		"without control": {verify.Target{HTTP: env.HTTP(), Roots: env.TLS().RootCAs}, []string{"time.feature"}, "control"},
		"out of tokens":   {verify.Target{TokenURL: verify.TokenURLs(nil), Roots: env.TLS().RootCAs}, []string{"wire.feature"}, "no token URL"},
	} {
		report := run(t, test.target, verify.Options{Paths: test.paths})
		if report.Count(verify.NotApplicable) == 0 || report.Count(verify.Passed) > 0 {
			t.Errorf("%s: %d not applicable, %d passed", name, report.Count(verify.NotApplicable), report.Count(verify.Passed))
		}
		for _, r := range report.Results {
			if !strings.Contains(r.Reason, test.why) {
				t.Errorf("%s: %s: the reason is %q, want one with %q", name, r.Name, r.Reason, test.why)
			}
		}
	}
}

// tokenURLs registers a system for each token URL, in ways of its own.
func tokenURLs(env *testenv.Env, change func(string) string) func(context.Context) (string, error) {
	var n atomic.Int64
	operator := btpclient.NewOperator(env.HTTP(), http.DefaultClient)
	return func(ctx context.Context) (string, error) {
		s, err := operator.Register(ctx, "default", fmt.Sprint("Foreign ", n.Add(1)), testenv.CommerceCloud)
		if err != nil {
			return "", err
		}
		token, err := operator.IssueToken(ctx, s.ID)
		return change(token.TokenURL), err
	}
}

// TestAForeignRegistryIsVerified by token URLs alone.
func TestAForeignRegistryIsVerified(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	same := func(text string) string { return text }
	report := run(t, verify.Target{TokenURL: tokenURLs(env, same), Roots: env.TLS().RootCAs}, verify.Options{})
	if report.Count(verify.Passed) < 15 || report.Count(verify.NotApplicable) > 0 {
		t.Errorf("passed %d, not applicable %d", report.Count(verify.Passed), report.Count(verify.NotApplicable))
	}
}

// TestAWrongRegistryFails: one that answers 200 where a certificate was created. The
// reports tell the failing sentence, with the diagram where there is a journal, and no
// token.
//
// Rule: token-secret-nowhere
func TestAWrongRegistryFails(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t, testenv.WithPublicHandler(withWrongStatus))
	folder := t.TempDir()
	o := verify.Options{
		Paths: []string{"wire.feature"}, JUnit: filepath.Join(folder, "a b.xml"), Cucumber: filepath.Join(folder, "c.json"),
		Messages: filepath.Join(folder, "m.ndjson"), HTML: filepath.Join(folder, "r.html"),
	}
	report, err := verify.Run(t.Context(), verify.Target{HTTP: env.HTTP(), Control: env.Control(), Roots: env.TLS().RootCAs}, o)
	if err != nil {
		t.Fatal(err)
	}
	if report.Count(verify.Failed) == 0 || report.Count(verify.Passed) == 0 {
		t.Fatalf("failed %d, passed %d; want both", report.Count(verify.Failed), report.Count(verify.Passed))
	}
	for _, r := range report.Results {
		if r.Outcome == verify.Failed && (!strings.Contains(r.Reason, "200, want 201") || r.Step == "") {
			t.Errorf("%s: %q at %q", r.Name, r.Reason, r.Step)
		}
	}
	for path, want := range map[string]string{o.JUnit: "want 201", o.Cucumber: `"failed"`, o.Messages: `"FAILED"`, o.HTML: ";base64,PHN2Zy"} {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, has no %q", filepath.Base(path), err, want)
		}
		if strings.Contains(string(text), "eyJ") {
			t.Errorf("%s holds a token", filepath.Base(path))
		}
	}
	text, err := os.ReadFile(o.JUnit)
	var suites struct {
		Failures int `xml:"failures,attr"`
	}
	if err != nil || xml.Unmarshal(text, &suites) != nil || suites.Failures != report.Count(verify.Failed) {
		t.Errorf("the JUnit report counts %d failures (%v), want %d", suites.Failures, err, report.Count(verify.Failed))
	}
}

// withWrongStatus is a registry that answers 200 where a certificate was created.
func withWrongStatus(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/certificates") {
			w = wrong{w}
		}
		next.ServeHTTP(w, r)
	})
}

// TestAForeignRegistryThatFails: nobody can read its journal, so the connector's own
// calls are drawn.
func TestAForeignRegistryThatFails(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t, testenv.WithPublicHandler(withWrongStatus))
	for name, target := range map[string]verify.Target{
		"by token URLs":   {TokenURL: tokenURLs(env, func(text string) string { return text }), Roots: env.TLS().RootCAs},
		"without control": {HTTP: env.HTTP(), Roots: env.TLS().RootCAs},
	} {
		report, err := verify.Run(t.Context(), target, verify.Options{Paths: []string{"wire.feature"}})
		if err != nil {
			t.Fatal(err)
		}
		if report.Count(verify.Failed) == 0 {
			t.Errorf("%s: nothing failed", name)
		}
		for _, r := range report.Results {
			if drawn := strings.Contains(r.Diagram, "POST /v1/applications/certificates") && !strings.Contains(r.Diagram, "eyJ"); drawn != (r.Outcome == verify.Failed) {
				t.Errorf("%s: %s is %s; its diagram is %.400s", name, r.Name, r.Outcome, r.Diagram)
			}
		}
	}
}

// wrong answers 200 for 201.
type wrong struct{ http.ResponseWriter }

func (w wrong) WriteHeader(status int) {
	if status == http.StatusCreated {
		status = http.StatusOK
	}
	w.ResponseWriter.WriteHeader(status)
}

// TestATargetThatIsNone is told at once.
func TestATargetThatIsNone(t *testing.T) {
	t.Parallel()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	t.Cleanup(page.Close)
	env := testenv.Start(t)
	for name, target := range map[string]verify.Target{
		"nobody":          {HTTP: "http://127.0.0.1:1"},
		"a web page":      {HTTP: page.URL},
		"another control": {HTTP: env.HTTP(), Control: page.URL},
	} {
		if err := target.Reachable(t.Context()); err == nil {
			t.Errorf("%s: is taken for a registry", name)
		}
	}
	if _, err := verify.Run(t.Context(), targetOf(t, env), verify.Options{Tags: "@nowhere"}); err == nil {
		t.Error("a run of no scenario passes")
	}
	for want, o := range map[string]verify.Options{
		"they are " + verify.Files()[0]: {Paths: []string{"nowhere.feature"}},
		"tags: want @TAG":               {Tags: "@wire and not @slow"},
		"the report cannot be written":  {HTML: filepath.Join(t.TempDir(), "no", "r.html")},
		"is a directory":                {Messages: t.TempDir()},
	} {
		if report, err := verify.Run(t.Context(), targetOf(t, env), o); err == nil || !strings.Contains(err.Error(), want) || len(report.Results) > 0 {
			t.Errorf("%+v: got %v and %d results, want %q and none", o, err, len(report.Results), want)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := verify.Run(gone, targetOf(t, env), verify.Options{Paths: []string{"wire.feature"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that was given up: %v", err)
	}
}
