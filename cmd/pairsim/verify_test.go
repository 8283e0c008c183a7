//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

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
		"ended with status 3, and said: no registry": "echo no registry >&2; exit 3",
		"printed something":                          "echo sesame",
	} {
		r := s.run(t, "verify", "features", "--token-command", command, "--feature", "wire.feature", "--tags", "@wire")
		if r.code != exitRefused || !strings.Contains(r.errors, name) || !strings.Contains(r.errors, "The target cannot be verified") || r.out != "" {
			t.Errorf("%s: got %s", command, r)
		}
	}
}

// TestVerifyFeaturesRunsOutOfTokenURLs: a command that prints no further one fails what
// comes after it.
func TestVerifyFeaturesRunsOutOfTokenURLs(t *testing.T) {
	t.Parallel()
	s := serveFor(t)
	system, err := btpclient.NewOperator(s.http, http.DefaultClient).Register(t.Context(), "default", "Once", "SAP Commerce Cloud")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte(system.IntegrationToken.TokenURL), 0o600); err != nil {
		t.Fatal(err)
	}
	r := s.run(t, "verify", "features", "--ca", caOf(t, s), "--token-command", `cat "`+file+`" && rm "`+file+`"`, "-q")
	if r.code != exitRefused || !strings.Contains(r.out, "1 passed, 16 failed") || !strings.Contains(r.out, "ended with status 1, and said: cat") {
		t.Errorf("got %s", r)
	}
}

// caOf is a file with the CA of a server's TLS listener.
func caOf(t *testing.T, s *serving) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	s.must(t, "ca", "export", "--out", file)
	return file
}

// TestVerifyFeaturesWhatHangs: neither a command for token URLs nor a registry that
// answers nothing holds a run up, and nothing is left of them.
func TestVerifyFeaturesWhatHangs(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	pids := filepath.Join(t.TempDir(), "pids")
	url := "http://" + silent.Addr().String()
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"a command":                      {[]string{"--token-command", `sleep 1000 & echo $! >>"` + pids + `"; wait`}, []string{"The target cannot be verified", "did not end within 15s"}},
		"a command that prints for ever": {[]string{"--token-command", "yes"}, []string{"The target cannot be verified", "did not end within 15s"}},
		"the registry of a token URL":    {[]string{"--token-url", url + "/?token=secret"}, []string{"The target cannot be verified", url + " cannot be used: it gave no answer within 5s"}},
		"the registry of a command":      {[]string{"--token-command", "echo '" + url + "/?token=secret'"}, []string{"The target cannot be verified", url + " cannot be used: it gave no answer within 5s"}},
		"a target":                       {[]string{"--target", url}, []string{"The target cannot be verified", "it gave no answer within 5s"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			r := pairsim(t, nil, "", append([]string{"verify", "features", "-q"}, test.args...)...)
			for _, want := range test.want {
				if all := r.out + r.errors; r.code != exitRefused || !strings.Contains(all, want) || strings.Contains(all, "secret") {
					t.Errorf("got %s, want %q in it, and no token", r, want)
				}
			}
			if took := time.Since(began); took > tooLong {
				t.Errorf("it took %s", took)
			}
		})
	}
	t.Cleanup(func() {
		text, err := os.ReadFile(pids)
		if err != nil || len(strings.Fields(string(text))) != 1 {
			t.Errorf("the command was run for %q (%v), want once", text, err)
		}
		for _, line := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(line); err != nil || syscall.Kill(pid, 0) == nil && !zombie(pid) {
				t.Errorf("%s still runs (%v)", line, err)
			}
		}
	})
}

// TestVerifyFeaturesEndsWithASignal: the environments of what was on its way are
// deleted, and no file is left.
func TestVerifyFeaturesEndsWithASignal(t *testing.T) {
	t.Parallel()
	s := serveFor(t)
	folder := t.TempDir()
	run := exec.CommandContext(t.Context(), binary, "verify", "features", "--target", s.http, "--control", s.control)
	run.Env = environment("TMPDIR=" + folder)
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	run.Stderr = &errs
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; n < 5 && lines.Scan(); n++ {
		if n == 4 {
			if err := run.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
	}
	for lines.Scan() { // or it could not write
	}
	_ = run.Wait() // its status is looked at next
	if run.ProcessState.ExitCode() != exitRefused || !strings.Contains(errs.String(), "Interrupted") {
		t.Errorf("it ends with %d, and says %s", run.ProcessState.ExitCode(), errs.String())
	}
	left, err := btpclient.NewControl(s.control, http.DefaultClient).Environments(t.Context())
	if err != nil || len(left) != 1 {
		t.Errorf("environments that are left: %v (%v)", left, err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
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
		{[]string{"--target", "http://127.0.0.1:1", "--feature", "nowhere.feature"}, exitUsage, "they are accounts.feature, "},
		{[]string{"--target", "http://127.0.0.1:1", "--concurrency", "0"}, exitUsage, "1 to 64"},
		{[]string{"--token-url", "http://a.test/?token=t", "--token-command", "x"}, exitUsage, "give one of them"},
		{[]string{"--token-url", "sesame"}, exitUsage, "--token-url: want http"},
		{[]string{"--target", "http://127.0.0.1:1"}, exitRefused, "the target's registry cannot be used"},
		{[]string{"--token-command", "true", "--tags", "@nowhere"}, exitRefused, "no scenario was carried out"},
	} {
		r := pairsim(t, nil, "", append([]string{"verify", "features"}, test.args...)...)
		if r.code != test.code || !strings.Contains(r.errors, test.want) {
			t.Errorf("%q: got %s, want %d and %q", test.args, r, test.code, test.want)
		}
	}
}
