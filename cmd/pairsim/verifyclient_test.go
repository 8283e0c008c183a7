//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// verifyClientIn runs pairsim verify client with temporary files in a folder of its
// own, which must be empty afterwards.
func verifyClientIn(t *testing.T, args ...string) result {
	t.Helper()
	folder := t.TempDir()
	c := exec.CommandContext(t.Context(), binary, append([]string{"verify", "client"}, args...)...)
	var out, errs bytes.Buffer
	c.Env, c.Stdout, c.Stderr = environment("TMPDIR="+folder, "PAIRSIM_BINARY="+binary), &out, &errs
	if err := c.Run(); err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

var outcomeLine = regexp.MustCompile(`(?m)^(passed|failed|not applicable) +(\S+) +([a-z0-9-]+)`)

// outcomes are the ids of checks by how they ended.
func outcomes(out string) map[string][]string {
	by := map[string][]string{}
	for _, found := range outcomeLine.FindAllStringSubmatch(out, -1) {
		by[found[1]] = append(by[found[1]], found[2])
	}
	return by
}

// contains says whether a list has all of these.
func contains(list []string, wanted ...string) bool {
	return !slices.ContainsFunc(wanted, func(one string) bool { return !slices.Contains(list, one) })
}

// TestVerifyClientOnOurTenants: what pairs on the tenants' side makes no mistake.
func TestVerifyClientOnOurTenants(t *testing.T) {
	t.Parallel()
	for tenant, systemType := range map[string]string{
		"commerce": "SAP Commerce Cloud", "fsm": "SAP Field Service Management", "c4c": "SAP Cloud for Customer", "marketing": "SAP Marketing Cloud",
	} {
		args := []string{"--seeds", "1", "--type", systemType, "--edition", "v2"}
		if tenant == "commerce" { // the tenants are one program: all checks for one of them
			args = []string{
				"--seeds", "1", "--renew-command", `"$PAIRSIM_BINARY" tenants events send commerce order.created`,
				"--revoke-command", `curl --silent --show-error --fail --noproxy "*" --request POST "$PAIRSIM_URL/tenants/commerce/revocation"`,
			}
		} else {
			for _, check := range []string{"C-02", "C-03", "C-06", "C-13", "S-05", "S-all"} {
				args = append(args, "--check", check)
			}
		}
		t.Run(tenant, func(t *testing.T) {
			t.Parallel()
			// A row that failed is deleted before the next token, which Marketing Cloud asks for.
			const pair = `"$PAIRSIM_BINARY" tenants pair "$1" "$2" || { "$PAIRSIM_BINARY" tenants delete "$1"; exit 1; }`
			got := verifyClientIn(t, append(args, "--", "sh", "-c", pair, "sh", tenant, "{tokenUrl}")...)
			if by := outcomes(got.out); got.code != exitDone || len(by["failed"]) > 0 || len(by["passed"]) < 7 {
				t.Errorf("got %s", got)
			}
			if by := outcomes(got.out); tenant == "commerce" && (len(by["passed"]) < 33 || !contains(by["passed"], "C-18", "C-21", "C-22", "C-23", "C-24")) {
				t.Errorf("got %s\nwant that nearly all checks are made", got)
			}
		})
	}
}

// TestVerifyClientOnAForeignClient: the script of the README, curl and openssl, fails
// for what it says of itself: it has no JSON library, and tries nothing twice.
func TestVerifyClientOnAForeignClient(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	html, junit := filepath.Join(folder, "report.html"), filepath.Join(folder, "junit.xml")
	args := []string{"--seeds", "1", "--report", "html=" + html, "--report", "junit=" + junit}
	for _, check := range []string{"C-03", "C-06", "C-11", "C-17", "S-03", "S-04", "S-05", "S-09", "S-all"} {
		args = append(args, "--check", check)
	}
	got := verifyClientIn(t, append(args, "--", "bash", "../../scripts/pair_with_curl.sh", "--token-url", "{tokenUrl}", "{ca}")...)
	by := outcomes(got.out)
	if got.code != exitRefused || !slices.Equal(by["failed"], []string{"S-04", "S-09"}) || !slices.Equal(by["not applicable"], []string{"S-all"}) {
		t.Errorf("got %s", got)
	}
	for _, want := range []string{"document: RFC 8259 §2 and §7", "next: it may be that the client read JSON as text", "seed: 1", "7 passed, 2 failed, 1 not applicable"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("got %s\nwant %q in it", got, want)
		}
	}
	for file, want := range map[string]string{html: "base64,PHN2", junit: `failures="2"`} {
		if text, err := os.ReadFile(file); err != nil || !bytes.Contains(text, []byte(want)) || bytes.Contains(text, []byte("eyJ")) {
			t.Errorf("%s: %v, want %q in it and no token: %.600s", file, err, want, text)
		}
	}
}

func TestVerifyClientRefuses(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	notExecutable := filepath.Join(folder, "text")
	if err := os.WriteFile(notExecutable, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args   []string
		code   int
		errors string
	}{
		"no command":               {nil, exitUsage, "say which command pairs"},
		"not found":                {[]string{"--", "no-such-program", "{tokenUrl}"}, exitNotFound, "Command not found"},
		"a path that is not there": {[]string{"--", filepath.Join(folder, "nothing")}, exitNotFound, "Command not found"},
		"not executable":           {[]string{"--", notExecutable}, exitNotExecutable, "Command cannot be run"},
		"no seeds":                 {[]string{"--seeds", "0", "--", "true"}, exitUsage, "1 to 1000"},
		"too many seeds":           {[]string{"--seeds", "1001", "--", "true"}, exitUsage, "1 to 1000"},
		"an unknown check":         {[]string{"--check", "C-99", "--", "true"}, exitUsage, "there is no check"},
		"an unknown type":          {[]string{"--type", "Neverland", "--", "true"}, exitUsage, "Neverland"},
		"an unknown form":          {[]string{"--report", "pdf", "--", "true"}, exitUsage, "forms are html, junit"},
		"a misspelt placeholder":   {[]string{"--", "true", "{token_url}"}, exitUsage, "{token_url} is no placeholder; write {tokenUrl}"},
		"no time":                  {[]string{"--timeout", "1ms", "--", "true"}, exitUsage, "1s to 1h"},
		"a report that cannot be":  {[]string{"--check", "C-01", "--report", "html=" + filepath.Join(folder, "no", "r.html"), "--", "true"}, exitRefused, "Cannot write the report"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := verifyClientIn(t, tt.args...); got.code != tt.code || !strings.Contains(got.errors, tt.errors) {
				t.Errorf("got %s\nwant exit code %d and %q", got, tt.code, tt.errors)
			}
		})
	}
	if got := verifyClientIn(t, "--list"); got.code != exitDone || !strings.Contains(got.out, "S-18") || !strings.Contains(got.out, "C-01") {
		t.Errorf("--list: got %s", got)
	}
}

// TestVerifyClientThatDoesNothing fails one check, which says so.
func TestVerifyClientThatDoesNothing(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"true":  "it ended with status 0, but the system is shown as Pending; it called nothing",
		"false": "it ended with status 1, and did not pair; it called nothing",
	} {
		got := verifyClientIn(t, "--", command, "{tokenUrl}")
		if by := outcomes(got.out); got.code != exitRefused || !slices.Equal(by["failed"], []string{"C-01"}) || len(by["passed"]) > 0 || !strings.Contains(got.out, want) || strings.Count(got.out, "\n") > 12 ||
			!strings.Contains(got.out, "others; the client does not pair with a friendly registry") {
			t.Errorf("got %s\nwant %q, and nothing of the other checks but their number", got, want)
		}
	}
}

// TestVerifyClientThatWritesMuch: the end of it is kept, and holds no secret.
func TestVerifyClientThatWritesMuch(t *testing.T) {
	t.Parallel()
	got := verifyClientIn(t, "--", "sh", "-c", `head -c 20000000 /dev/zero | tr '\0' 'x'; echo; echo "the end of $PAIRSIM_TOKEN_URL"; exit 3`)
	if got.code != exitRefused || !strings.Contains(got.out, "it wrote: the end of http") || len(got.out) > 64<<10 || strings.Contains(got.out, "eyJ") {
		t.Errorf("got %.3000s, %d bytes", got, len(got.out))
	}
}

// TestVerifyClientEndsOneThatHangs: with whatever it has started.
func TestVerifyClientEndsOneThatHangs(t *testing.T) {
	t.Parallel()
	pids := filepath.Join(t.TempDir(), "pids")
	began := time.Now()
	got := verifyClientIn(t, "--timeout", "5s", "--", "sh", "-c", `sleep 1000 & echo $! >>"$1"; echo secretless; trap "" TERM; wait; sleep 1000`, "sh", pids)
	if got.code != exitRefused || !strings.Contains(got.out, "it did not end within 5s") || !slices.Equal(outcomes(got.out)["failed"], []string{"C-01"}) {
		t.Errorf("got %s", got)
	}
	if took := time.Since(began); took > tooLong {
		t.Errorf("it took %s", took)
	}
	text, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Fields(string(text)) {
		if pid, err := strconv.Atoi(line); err != nil || syscall.Kill(pid, 0) == nil && !zombie(pid) {
			t.Errorf("%s still runs (%v)", line, err)
		}
	}
}

// TestVerifyClientEndsWithASignal: and its client with it.
func TestVerifyClientEndsWithASignal(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ready := filepath.Join(folder, "ready")
	if err := syscall.Mkfifo(ready, 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), binary, "verify", "client", "--", "sh", "-c", `echo $$ >"$1"; sleep 1000`, "sh", ready)
	run.Env = environment("TMPDIR=" + folder)
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(ready)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait() // its status is looked at next
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || syscall.Kill(pid, 0) == nil && !zombie(pid) || run.ProcessState.ExitCode() != exitRefused {
		t.Errorf("the client %s still runs, or the status is %d", text, run.ProcessState.ExitCode())
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

// mapping is of WireMock's stub mappings what the guide uses.
type mapping struct {
	Request struct {
		Method, URLPath string
		QueryParameters map[string]struct{ EqualTo string }
	}
	Response struct {
		Status       int
		Headers      map[string]string
		JSONBody     json.RawMessage
		Transformers []string
	}
}

// stub answers as WireMock does with these mappings.
func stub(t *testing.T, mappings []mapping) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, m := range mappings {
			fits := m.Request.Method == r.Method && m.Request.URLPath == r.URL.Path
			for name, want := range m.Request.QueryParameters {
				fits = fits && r.URL.Query().Get(name) == want.EqualTo
			}
			if !fits {
				continue
			}
			for name, value := range m.Response.Headers {
				w.Header().Set(name, value)
			}
			var body bytes.Buffer
			if err := json.Compact(&body, m.Response.JSONBody); err != nil {
				t.Error(err)
			}
			text := body.String()
			if slices.Contains(m.Response.Transformers, "response-template") {
				text = strings.ReplaceAll(text, "{{request.baseUrl}}", "http://"+r.Host)
			}
			w.WriteHeader(m.Response.Status)
			_, _ = w.Write([]byte(text)) // the script has what it gets
			return
		}
		t.Errorf("no mapping fits %s %s", r.Method, r.URL)
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(s.Close)
	return s
}

// TestFromWireMockGuide carries out docs/guides/from-wiremock.md: its connector passes
// its stubs, and fails the checks that it says.
func TestFromWireMockGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/guides/from-wiremock.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]string{}
	for _, found := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		blocks[found[1]] = append(blocks[found[1]], found[2])
	}
	if len(blocks["bash"]) != 1 || len(blocks["json"]) != 3 || len(blocks["sh"]) != 2 || len(blocks["text"]) != 2 {
		t.Fatalf("this test does not know the guide's blocks any more: %v", slices.Sorted(maps.Keys(blocks)))
	}
	folder := t.TempDir()
	for name, content := range map[string]string{"connector.sh": blocks["bash"][0], "ca.pem": ""} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(binary, filepath.Join(folder, "pairsim")); err != nil {
		t.Fatal(err)
	}
	var mappings []mapping
	for _, one := range blocks["json"] {
		var m mapping
		if err := json.Unmarshal([]byte(one), &m); err != nil {
			t.Fatalf("%v in %s", err, one)
		}
		mappings = append(mappings, m)
	}
	carryOut := func(command string) (string, int) {
		c := exec.CommandContext(t.Context(), "bash", "-c", command)
		c.Dir, c.Env = folder, environment("PATH="+folder+string(os.PathListSeparator)+os.Getenv("PATH"), "no_proxy=*")
		out, err := c.CombinedOutput()
		if err != nil && c.ProcessState == nil {
			t.Fatal(err)
		}
		return string(out), c.ProcessState.ExitCode()
	}
	command, want, _ := strings.Cut(blocks["sh"][0], "# → ")
	out, status := carryOut(strings.ReplaceAll(command, "http://localhost:8080", stub(t, mappings).URL))
	if status != 0 || out != want {
		t.Errorf("against the stubs it ends with %d:\n%s\nwant %s", status, out, want)
	}

	out, status = carryOut(blocks["sh"][1])
	var failed []string
	for _, found := range outcomeLine.FindAllStringSubmatch(out, -1) {
		if found[1] == "failed" {
			failed = append(failed, strings.TrimSpace(strings.TrimSuffix(found[0], ":")))
		}
	}
	if got := strings.Join(failed, "\n") + "\n"; status != exitRefused || got != blocks["text"][0] {
		t.Errorf("it ends with %d, and fails\n%swant\n%s%s", status, got, blocks["text"][0], out)
	}
	for line := range strings.Lines(blocks["text"][1]) {
		if !strings.Contains(out, strings.TrimSpace(line)) {
			t.Errorf("the guide quotes %q, which is not said:\n%s", line, out)
		}
	}
}
