package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

// TestVerifyFeatures verifies a server in a process of its own: by its control, and
// by token URLs as a foreign registry.
func TestVerifyFeatures(t *testing.T) {
	t.Parallel()
	s := serveFor(t)
	report := filepath.Join(t.TempDir(), "report.html")
	out := s.must(t, "verify", "features", "--target", s.http, "--control", s.control, "--feature", "wire.feature", "--report", "html="+report)
	if !strings.Contains(out, "17 passed, 0 failed, 0 not applicable") {
		t.Errorf("got %s", out)
	}
	if text, err := os.ReadFile(report); err != nil || !strings.Contains(string(text), "<b>17</b>passed") {
		t.Errorf("the report: %v", err)
	}

	operator := btpclient.NewOperator(s.http, http.DefaultClient)
	args := []string{"verify", "features", "--ca", caOf(t, s), "--feature", "wire.feature", "-q"}
	for n := range 2 {
		system, err := operator.Register(t.Context(), "default", fmt.Sprint("Foreign ", n), "SAP Commerce Cloud")
		if err != nil {
			t.Fatal(err)
		}
		token, err := operator.IssueToken(t.Context(), system.ID)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, "--token-url", token.TokenURL)
	}
	if out := s.must(t, args...); !strings.Contains(out, "2 passed, 0 failed, 15 not applicable") || !strings.Contains(out, "no token URL is left") {
		t.Errorf("got %s", out)
	}
	for name, command := range map[string]string{
		"ended with status 3": "echo no registry >&2; exit 3",
		"printed something":   "echo sesame",
	} {
		r := s.run(t, "verify", "features", "--token-command", command, "--feature", "wire.feature", "--tags", "@wire")
		if r.code != exitRefused || !strings.Contains(r.out, name) || !strings.Contains(r.out, "0 passed, 17 failed") {
			t.Errorf("%s: got %s", command, r)
		}
	}
}

// caOf is a file with the CA of a server's TLS listener.
func caOf(t *testing.T, s *serving) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	s.must(t, "ca", "export", "--out", file)
	return file
}

func TestVerifyFeaturesRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{nil, exitUsage, "say what to verify"},
		{[]string{"--target", "localhost"}, exitUsage, "--target: want http"},
		{[]string{"--target", "http://127.0.0.1:1", "--report", "pdf"}, exitUsage, "forms are cucumber, html, junit, messages"},
		{[]string{"--target", "http://127.0.0.1:1", "--report", "html=/nowhere/r.html"}, exitRefused, "Cannot write the report"},
		{[]string{"--target", "http://127.0.0.1:1", "--report", "junit=" + t.TempDir()}, exitRefused, "is a directory"},
		{[]string{"--target", "http://127.0.0.1:1", "--tags", "@wire &&"}, exitUsage, "--tags: want @TAG"},
		{[]string{"--target", "http://127.0.0.1:1", "--tags", "not @wire"}, exitUsage, "want @TAG"},
		{[]string{"--target", "http://127.0.0.1:1", "--feature", "nowhere.feature"}, exitUsage, "they are api_access.feature, "},
		{[]string{"--target", "http://127.0.0.1:1", "--concurrency", "0"}, exitUsage, "1 to 64"},
		{[]string{"--token-url", "http://a.test/?token=t", "--token-command", "x"}, exitUsage, "give one of them"},
		{[]string{"--token-url", "sesame"}, exitUsage, "--token-url: want http"},
		{[]string{"--target", "http://127.0.0.1:1"}, exitRefused, "the target's registry cannot be used"},
		{[]string{"--token-url", "http://127.0.0.1:1/?token=t", "--tags", "@nowhere"}, exitRefused, "no scenario was carried out"},
	} {
		r := pairsim(t, nil, "", append([]string{"verify", "features"}, test.args...)...)
		if r.code != test.code || !strings.Contains(r.errors, test.want) {
			t.Errorf("%q: got %s, want %d and %q", test.args, r, test.code, test.want)
		}
	}
}
