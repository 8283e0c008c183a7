package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pairsim/pairsim/internal/gobuild"
)

// binary is the program under test, built once as a user would.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pairsim-test-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "pairsim")
	build := exec.Command("go", "build", "-tags", gobuild.Tags, "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version=1.2.3-test", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build pairsim: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir) // it is the system's temporary folder
	os.Exit(code)
}

// tooLong bounds what a test waits for something that must happen, also where a machine has
// much else to do.
const tooLong = 3 * time.Minute

// result is how a command ended.
type result struct {
	code        int
	out, errors string
}

func (r result) String() string {
	return fmt.Sprintf("exit code %d\nstdout: %s\nstderr: %s", r.code, r.out, r.errors)
}

// environment is the test's own, without settings.
func environment(more ...string) []string {
	var env []string
	for _, line := range os.Environ() {
		if !strings.HasPrefix(line, "PAIRSIM_") && !strings.HasPrefix(line, "OTEL_") {
			env = append(env, line)
		}
	}
	return append(env, more...)
}

// pairsim runs the program to its end.
func pairsim(t *testing.T, env []string, stdin string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), tooLong)
	defer cancel()
	var out, errs bytes.Buffer
	c := exec.CommandContext(ctx, binary, args...)
	c.Env, c.Stdin, c.Stdout, c.Stderr = environment(env...), strings.NewReader(stdin), &out, &errs
	if err := c.Run(); err != nil && c.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("run pairsim %q: %v\n%s", args, err, errs.String())
	}
	return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

// serving is a running server.
type serving struct {
	http, mtls, control string // base URLs
	announced           []string
	process             *exec.Cmd
	log                 *buffer
	ended               chan struct{}
}

// buffer is a bytes.Buffer that is read while it is written.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// free are addresses on free ports; later flags win over them.
// passwordOfNobody is a password that no output may tell.
const passwordOfNobody = "s3cr3t-Wort"

var free = []string{"--http", "127.0.0.1:0", "--mtls", "127.0.0.1:0", "--control", "127.0.0.1:0"}

// serve starts a server and returns when it says that it is ready.
func serveFor(t *testing.T, args ...string) *serving {
	t.Helper()
	s := &serving{log: &buffer{}, ended: make(chan struct{})}
	s.process = exec.Command(binary, append(append([]string{"serve"}, free...), args...)...)
	s.process.Env, s.process.Stderr = environment(), s.log
	out, err := s.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			s.announced = append(s.announced, lines.Text())
			fields := strings.Fields(lines.Text())
			if len(fields) == 2 {
				for name, target := range map[string]*string{"http": &s.http, "mtls": &s.mtls, "control": &s.control} {
					if fields[0] == name {
						*target = fields[1]
					}
				}
			}
			if lines.Text() == "ready" {
				ready <- true
			}
		}
		_ = s.process.Wait() // its state is looked at
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = s.process.Process.Kill() // it may have ended
		<-s.ended
	})
	select {
	case <-ready:
	case <-s.ended:
		t.Fatalf("pairsim serve %q ended with %d\n%s", args, s.process.ProcessState.ExitCode(), s.log)
	case <-time.After(tooLong):
		t.Fatalf("pairsim serve %q is not ready after %s\n%s", args, tooLong, s.log)
	}
	return s
}

func (s *serving) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := s.process.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// wait returns the exit code, -1 for a process that a signal killed.
func (s *serving) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(tooLong):
		t.Fatalf("pairsim has not ended after %s\n%s", tooLong, s.log)
	}
	return s.process.ProcessState.ExitCode()
}

// run runs a client command against s.
func (s *serving) run(t *testing.T, args ...string) result {
	t.Helper()
	return s.feed(t, "", args...)
}

// feed runs a client command with a standard input.
func (s *serving) feed(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return pairsim(t, []string{"PAIRSIM_URL=" + s.http, "PAIRSIM_CONTROL_URL=" + s.control}, stdin, args...)
}

// must runs a client command that has to succeed, and returns what it prints.
func (s *serving) must(t *testing.T, args ...string) string {
	t.Helper()
	r := s.run(t, args...)
	if r.code != exitDone {
		t.Fatalf("pairsim %q: got %s, want exit code 0", args, r)
	}
	return r.out
}

// decode reads the JSON that a client command prints.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}

func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	noServer := "http://127.0.0.1:1"
	tests := []struct {
		name string
		env  []string
		args []string
		code int
		out  string // stdout holds it
		errs string // stderr holds it
	}{
		{"version", nil, []string{"--version"}, exitDone, "pairsim 1.2.3-test\n", ""},
		{"a reference", nil, []string{"documents", "pairing-protocols §1.4"}, exitDone, "\n  §1  Kyma's Connector Service: token, certificate request", ""},
		{"no reference", nil, []string{"documents", "nowhere"}, exitUsage, "", "names no document"},
		{"version, as a command", nil, []string{"version"}, exitDone, "pairsim 1.2.3-test\n", ""},
		{"help", nil, nil, exitDone, "Available Commands:", ""},
		{"help of serve says where data is", nil, []string{"serve", "--help"}, exitDone, "Data is kept in memory", ""},
		{"completion", nil, []string{"completion", "bash"}, exitDone, "bash completion", ""},
		{"completes types", nil, []string{"__complete", "systems", "register", "A", "--type", "SAP M"}, exitDone, "SAP Marketing Cloud\n", ""},
		{"completes choices", nil, []string{"__complete", "serve", "--edition", ""}, exitDone, "latest\n", ""},

		{"completes plans", nil, []string{"__complete", "entitlements", "assign", "--plan", ""}, exitDone, "messaging\n", ""},
		{"completes statuses", nil, []string{"__complete", "systems", "list", "--status", ""}, exitDone, "Error while Removing\n", ""},
		{"completes points", nil, []string{"__complete", "fault", "add", "rem"}, exitDone, "removal.complete\ta removal ends", ""},
		{"fault points", nil, []string{"fault", "points"}, exitDone, "formation.synchronize         the assignments of a formation", ""},

		{"unknown command", nil, []string{"server"}, exitUsage, "", "unknown command \"server\""},
		{"unknown command in a group", nil, []string{"systems", "add"}, exitUsage, "", `there is no command "add" below systems; commands are deregister, discover, list, merge, pair, register, remove, show, token`},
		{"group alone", nil, []string{"tenants"}, exitUsage, "", "tenants needs one of apis, arrangements, delete, disable, enable, events, list, log, pair, scenarios, show, topics"},
		{"unknown flag", nil, []string{"serve", "--port", "1"}, exitUsage, "", "unknown flag: --port"},
		{"access token of no role", nil, []string{"auth", "token", "--role", "admin"}, exitUsage, "", `there is no role "admin"; roles are Global Account Administrator`},
		{"access token without a role", nil, []string{"auth", "token"}, exitUsage, "", `required flag(s) "role" not set`},
		{"tenant's administrator of nothing", nil, []string{"auth", "token", "--role", "tenantAdministrator"}, exitUsage, "", "needs --tenant"},
		{"viewer of a tenant", nil, []string{"auth", "token", "--role", "System Landscape Viewer", "--tenant", "commerce"}, exitUsage, "", "--tenant is for"},
		{"completes roles", nil, []string{"__complete", "auth", "token", "--role", "System"}, exitDone, "System Landscape Viewer\n", ""},
		{"token that is none", nil, []string{"systems", "list", "--token", "a b"}, exitUsage, "", "cannot stand in a header"},
		{"flag without value", nil, []string{"serve", "--data"}, exitUsage, "", "flag needs an argument: --data"},
		{"too many arguments", nil, []string{"serve", "now"}, exitUsage, "", "Run 'pairsim serve --help' for usage."},
		{"too few arguments", nil, []string{"systems", "show"}, exitUsage, "", "accepts 1 arg(s), received 0"},
		{"missing flag", nil, []string{"systems", "register", "A"}, exitUsage, "", `required flag(s) "type" not set`},
		{"no edition", nil, []string{"serve", "--edition", "v3"}, exitUsage, "", "must be one of v1, 2021-10, v2, latest"},
		{"no role", nil, []string{"serve", "--roles", "btp,erp"}, exitUsage, "", `--roles: there is no part "erp"`},
		{"tenants without registry", nil, []string{"serve", "--roles", "cxsim"}, exitUsage, "", "say where the registry is (--registry)"},
		{"two registries", nil, []string{"serve", "--registry", "http://127.0.0.1:1"}, exitUsage, "", "for a process without the part btp"},
		{"no duration", nil, []string{"clock", "advance", "soon"}, exitUsage, "", `"soon" is no duration`},
		{"no instant", nil, []string{"clock", "set", "tomorrow"}, exitUsage, "", `"tomorrow" is no instant`},
		{"clock back", nil, []string{"clock", "advance", "--", "-1h"}, exitUsage, "", `"-1h" is no duration`},
		{"no policy", nil, []string{"serve", "--deregistering", "soon"}, exitUsage, "", `--deregistering: "soon" is no policy; write immediate, after=10s, reads=3 or held`},
		{"policy without reads", nil, []string{"serve", "--removing", "reads=0"}, exitUsage, "", `--removing: "reads=0" is no policy`},
		{"policy with too many reads", nil, []string{"serve", "--removing", "reads=10001"}, exitUsage, "", "--removing: a transition ends after 1 to 10000 reads"},
		{"policy without a duration", nil, []string{"serve", "--synchronizing", "after=soon"}, exitUsage, "", `--synchronizing: "soon" is no duration`},
		{"policy that takes too long", nil, []string{"serve", "--synchronizing", "after=4000d"}, exitUsage, "", "--synchronizing: a transition takes no time or more, and 3650 days at most"},
		{"policy and duration", nil, []string{"serve", "--removing", "held", "--removing-duration", "1m"}, exitUsage, "", "--removing and --removing-duration exclude each other"},
		{"set no policy", nil, []string{"transitions", "set", "removing", "held=true"}, exitUsage, "", `"held=true" is no policy`},
		{"release of nothing", nil, []string{"hold", "release"}, exitUsage, "", "name one hold, or --all"},
		{"release of one and all", nil, []string{"hold", "release", "x", "--all"}, exitUsage, "", "name one hold, or --all"},
		{"completes transitions", nil, []string{"__complete", "transitions", "set", "rem"}, exitDone, "removing\tremoving a system", ""},
		{"completes policies", nil, []string{"__complete", "transitions", "set", "removing", ""}, exitDone, "held\n", ""},
		{"no format", nil, []string{"systems", "list", "-o", "xml"}, exitUsage, "", "must be one of table, json, yaml"},
		{"endless JSON", nil, []string{"journal", "--follow", "--format", "json"}, exitUsage, "", "use --format ndjson"},
		{"no data", nil, []string{"tenants", "events", "send", "commerce", "order.created", "--data", "{"}, exitUsage, "", "--data is not JSON"},
		{"no tenant to delete from", nil, []string{"tenants", "delete"}, exitUsage, "", "accepts between 1 and 2 arg(s), received 0"},
		{"status of nothing", nil, []string{"wait", "--status", "Error"}, exitUsage, "", "--status needs --system"},
		{"nothing to be gone", nil, []string{"wait", "--gone"}, exitUsage, "", "--gone needs --system"},
		{"gone with a status", nil, []string{"wait", "--system", "A", "--gone", "--status", "Error"}, exitUsage, "", "exclude each other"},
		{"no change of a subaccount", nil, []string{"subaccounts", "change", "dev"}, exitUsage, "", "--environments or --name"},
		{"no environment", nil, []string{"subaccounts", "change", "dev", "--environments", "kyma,none"}, exitUsage, "", `there is no environment "none"`},
		{"no subaccount to change to", nil, []string{"formations", "change", "a"}, exitUsage, "", `required flag(s) "subaccount" not set`},
		{"half an entitlement", nil, []string{"entitlements", "remove", "--plan", "messaging"}, exitUsage, "", "by its id, or by --system and --plan"},
		{"an entitlement twice", nil, []string{"entitlements", "remove", "a", "--plan", "messaging"}, exitUsage, "", "by its id, or by --system and --plan"},
		{"no transition", nil, []string{"serve", "--removing-duration", "-1s"}, exitUsage, "", "--removing-duration: a transition takes no time or more"},
		{"no URL", nil, []string{"systems", "list", "--server", "127.0.0.1:8080"}, exitUsage, "", "--server 127.0.0.1:8080: want http(s)://HOST[:PORT]"},
		{"no environment's name", nil, []string{"systems", "list", "--env", "../a"}, exitUsage, "", "--env: an environment has a name of"},
		{"environment for no time", nil, []string{"env", "create", "a", "--ttl", "0s"}, exitUsage, "", "--ttl 0s"},
		{"environment without name", nil, []string{"env", "create"}, exitUsage, "", "accepts 1 arg"},
		{"environment from a seed with a mistake", nil, []string{"env", "create", "a", "--seed", file("seed5.yaml", "system: []\n")}, exitRefused, "", "seed5.yaml:1: system: there is no such key"},
		{"no validity", nil, []string{"serve", "--token-validity", "SAP Commerce Cloud=soon"}, exitUsage, "", "want whole seconds"},
		{"validity of nothing", nil, []string{"serve", "--token-validity", "ERP=1m"}, exitUsage, "", `there is no system type "ERP"`},
		{"no deadline", nil, []string{"serve", "--attempt-deadline", "0s"}, exitUsage, "", "must be longer than 0s"},

		{"variable that does not fit", []string{"PAIRSIM_REJECTED_CSRS=many"}, []string{"serve"}, exitUsage, "", `PAIRSIM_REJECTED_CSRS: "many"`},
		{"variable out of a choice", []string{"PAIRSIM_EDITION=v9"}, []string{"serve"}, exitUsage, "", `PAIRSIM_EDITION: "v9": must be one of`},
		{"no configuration file", nil, []string{"serve", "--config", filepath.Join(dir, "none.yaml")}, exitUsage, "", "none.yaml: no such file or directory"},
		{"unknown key", nil, []string{"serve", "--config", file("typo.yaml", "htpp: 127.0.0.1:0\n")}, exitUsage, "", "there is no setting htpp"},
		{"key that does not fit", nil, []string{"serve", "--config", file("wrong.yaml", "rejected-csrs: many\n")}, exitUsage, "", `wrong.yaml: rejected-csrs: "many"`},

		{"no server", []string{"PAIRSIM_URL=" + noServer}, []string{"systems", "list"}, exitRefused, "", "error: No answer\n  GET /api/v1/globalAccounts/default/systems got no answer"},
		{"no server: what to do next", []string{"PAIRSIM_URL=" + noServer}, []string{"tenants", "list"}, exitRefused, "", "next: Start pairsim serve, or say where it is"},
		{"not ready", []string{"PAIRSIM_URL=" + noServer}, []string{"wait", "--timeout", "50ms"}, exitRefused, "", "error: Timed out after 50ms"},
		{"no CA file", nil, []string{"systems", "list", "--ca", filepath.Join(dir, "none.pem")}, exitRefused, "", "none.pem: no such file or directory"},
		{"CA file without CA", nil, []string{"systems", "list", "--ca", file("empty.pem", "nothing")}, exitRefused, "", "holds no PEM certificate"},
		{"no token", nil, []string{"token", "inspect", "--offline", "hello"}, exitRefused, "", "error: Token is malformed"},
		{"seed with a mistake", nil, []string{"seed", "validate", file("seed.yaml", "edition: v1\nsystem: []\n")}, exitRefused, "", "seed.yaml:2: system: there is no such key"},
		{"serve a seed with a mistake", nil, []string{"serve", "--seed", file("seed2.yaml", "edition: v7\n")}, exitRefused, "", "seed2.yaml:1: edition:"},
		{"seed of another edition", nil, []string{"serve", "--edition", "v2", "--seed", file("seed3.yaml", "edition: v1\n")}, exitRefused, "", "written for edition v1; v2 was asked for"},
		{"seed with what a rule refuses", nil, append([]string{"serve", "--seed", file("seed4.yaml", "formations:\n  - name: a_b\n    subaccount: dev\n")}, free...), exitRefused, "", `seed4.yaml:2: formations[0]: formation name "a_b": lower-case`},
		{"schema", nil, []string{"seed", "schema"}, exitDone, "urn:pairsim:schema:seed:1", ""},
		{"no address", nil, []string{"serve", "--http", "nowhere"}, exitRefused, "", "error: Cannot listen\n  --http nowhere"},
		{"no folder for data", nil, append([]string{"serve", "--data", filepath.Join(dir, "none", "x.db")}, free...), exitRefused, "", "--data " + filepath.Join(dir, "none", "x.db")},
		{
			"no database", nil, append([]string{"serve", "--data", "postgres://u:" + passwordOfNobody + "@127.0.0.1:1/x"}, free...), exitRefused, "",
			"error: Cannot use the database\n  --data: PostgreSQL at 127.0.0.1:1, database x, user u: no server to connect to",
		},
		{"no address of a database", nil, append([]string{"serve", "--data", "postgres://u:" + passwordOfNobody + "%zz@h/x"}, free...), exitRefused, "", "no address as postgres://"},
		{"database in a variable", []string{"PAIRSIM_DATA=postgres://u:" + passwordOfNobody + "@127.0.0.1:1/x"}, append([]string{"serve"}, free...), exitRefused, "", "database x, user u"},
		{"sync of a database", nil, []string{"serve", "--data", "postgres://h/x", "--sync", "full"}, exitUsage, "", "--sync is for a file"},
		{"local data beside a file", nil, []string{"serve", "--data", "x.db", "--local-data", "y"}, exitUsage, "", "--local-data is for data in PostgreSQL"},
		{"database without registry", nil, []string{"serve", "--data", "postgres://h/x", "--roles", "cxsim", "--registry", "http://127.0.0.1:1"}, exitUsage, "", "a database is for a process with the part btp"},
		{"no CA folder", nil, append([]string{"serve", "--client-ca", filepath.Join(dir, "none")}, free...), exitRefused, "", "client CA: "},
		{"wrong public URL", nil, append([]string{"serve", "--public-url", "registry"}, free...), exitRefused, "", `public URL "registry"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := pairsim(t, test.env, "", test.args...)
			if got.code != test.code || !strings.Contains(got.out, test.out) || !strings.Contains(got.errors, test.errs) {
				t.Errorf("got %s\nwant exit code %d, stdout with %q, stderr with %q", got, test.code, test.out, test.errs)
			}
			if strings.Contains(got.out+got.errors, passwordOfNobody) {
				t.Errorf("got %s\nwhich tells the password", got)
			}
			if test.code != exitDone && got.out != "" {
				t.Errorf("got stdout %q, want a refusal on stderr alone", got.out)
			}
		})
	}
}
