//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

// execIn runs pairsim exec with temporary files in a folder of its own, which must
// be empty afterwards.
func execIn(t *testing.T, args ...string) result {
	t.Helper()
	folder := t.TempDir()
	got := pairsim(t, []string{"TMPDIR=" + folder, "PAIRSIM_BINARY=" + binary}, "from stdin\n", append([]string{"exec"}, args...)...)
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
	return got
}

func TestExecEndsAsItsCommand(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	notExecutable := filepath.Join(folder, "text")
	if err := os.WriteFile(notExecutable, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		args   []string
		code   int
		errors string // part of stderr
	}{
		{"done", []string{"--", "true"}, 0, "a simulator with throwaway keys"},
		{"without dashes", []string{"sh", "-c", "exit 4"}, 4, ""},
		{"flags of the command", []string{"--", "sh", "-c", `test "$1" = --seed`, "sh", "--seed"}, 0, ""},
		{"a status", []string{"--", "sh", "-c", "exit 3"}, 3, ""},
		{"a status of wrong usage", []string{"--", "sh", "-c", "exit 2"}, 2, ""},
		{"a signal", []string{"--", "sh", "-c", "kill -TERM $$"}, 128 + 15, ""},
		{"not found", []string{"--", "no-such-program"}, 127, "Command not found"},
		{"a path that is not there", []string{"--", filepath.Join(folder, "nothing")}, 127, "Command not found"},
		{"not executable", []string{"--", notExecutable}, 126, "Command cannot be run"},
		{"no command", nil, 2, "say which command to run"},
		{"a flag that does not exist", []string{"--nonsense", "--", "true"}, 2, "nonsense"},
		{"no type", []string{"--register", "Shop", "--", "true"}, 2, "NAME=TYPE"},
		{"an unknown type", []string{"--register", "Shop=Neverland", "--", "true"}, 2, "Neverland"},
		{"a fault for nobody", []string{"--fault", "x:who=y", "--", "true"}, 2, "NAME:system=SYSTEM"},
		{"an unknown rule", []string{"--strict", "1", "--strict-off", "S-99", "--", "true"}, 2, "S-99"},
		{"a rule off of nothing", []string{"--strict-off", "S-01", "--", "true"}, 2, "--strict SEED"},
		{"a recipe that is not there", []string{"--fault", "no-such-recipe", "--", "true"}, 1, "no-such-recipe"},
		{"a seed file that is not there", []string{"--seed", filepath.Join(folder, "nothing.yaml"), "--", "true"}, 1, "nothing.yaml"},
		{"a report over a file", []string{"--report", notExecutable, "--", "true"}, 1, "Cannot write the report"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := execIn(t, tt.args...); got.code != tt.code || !strings.Contains(got.errors, tt.errors) {
				t.Errorf("got %s\nwant exit code %d and %q", got, tt.code, tt.errors)
			}
		})
	}
}

func TestExecGivesItsCommandALandscape(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{"v1", "v2"} {
		got := execIn(t, "--edition", edition, "--register", "Web Shop=SAP Commerce Cloud", "--register", "A=B=SAP Marketing Cloud", "--",
			"sh", "-ec", `cat; "$PAIRSIM_BINARY" tenants pair commerce "$PAIRSIM_TOKEN_URL" >&2; "$PAIRSIM_BINARY" tenants pair marketing "$PAIRSIM_TOKEN_URL_2" >&2
"$PAIRSIM_BINARY" systems list; "$PAIRSIM_BINARY" clock show >/dev/null; grep -c CERTIFICATE "$PAIRSIM_CA"; echo "$PAIRSIM_ENV $PAIRSIM_MTLS_URL"; echo "$PAIRSIM_URL"`)
		if got.code != exitDone {
			t.Fatalf("edition %s: got %s", edition, got)
		}
		for _, want := range []string{"from stdin\n", "Web Shop", "A=B", "default https://127.0.0.1:"} {
			if !strings.Contains(got.out, want) {
				t.Errorf("edition %s: got %s\nwant %q", edition, got, want)
			}
		}
		if n := strings.Count(got.out, "Registered"); n != 2 {
			t.Errorf("edition %s: got %s\nwant two systems Registered", edition, got)
		}
		lines := strings.Fields(got.out)
		u, err := url.Parse(lines[len(lines)-1])
		if err != nil {
			t.Fatal(err)
		}
		if c, err := net.Dial("tcp", u.Host); err == nil {
			_ = c.Close()
			t.Errorf("something still listens at %s", u.Host)
		}
	}
}

// A signal reaches the command and what it has started, and the command decides.
func TestExecPassesSignalsOn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		signal syscall.Signal
		name   string
		trap   string
		code   int
	}{
		{syscall.SIGTERM, "TERM", "exit 7", 7},
		{syscall.SIGINT, "INT", "exit 0", 0},
		{syscall.SIGHUP, "HUP", "exit 9", 9},
		{syscall.SIGUSR1, "USR1", "exit 5", 5},
		{syscall.SIGTERM, "TERM", "trap - TERM; kill -TERM $$", 128 + 15},
	} {
		t.Run(tt.name+" "+tt.trap, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), tooLong)
			defer cancel()
			// The inner shell, of the same group, notes the signal too.
			script := `mkfifo hold; sh -c 'trap "echo inner >>noted; exit" ` + tt.name + `; echo up >hold; while :; do read x <wait; done' &
trap "` + tt.trap + `" ` + tt.name + `; mkfifo wait; read up <hold; echo ready; wait; wait`
			run := exec.CommandContext(ctx, binary, "exec", "--", "sh", "-c", script)
			run.Env, run.Dir = environment("TMPDIR="+folder), folder
			var errs bytes.Buffer
			run.Stderr = &errs
			out, err := run.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
				t.Fatalf("got %q (%v), stderr %s", line, err, errs.String())
			}
			if err := run.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			_ = run.Wait() // its status is looked at next
			if got := run.ProcessState.ExitCode(); got != tt.code {
				t.Errorf("got status %d, want %d; stderr %s", got, tt.code, errs.String())
			}
		})
	}
}

// What the command leaves running ends with it.
func TestExecEndsWhatIsLeft(t *testing.T) {
	t.Parallel()
	for _, left := range []string{"sleep 1000", `sh -c 'trap "" TERM; sleep 1000'`} {
		got := execIn(t, "--", "sh", "-c", left+" >/dev/null 2>&1 & echo $!")
		pid, err := strconv.Atoi(strings.TrimSpace(got.out))
		if err != nil || got.code != exitDone {
			t.Fatalf("got %s", got)
		}
		if err := syscall.Kill(pid, 0); err == nil && !zombie(pid) {
			t.Errorf("%s still runs as %d", left, pid)
		}
	}
}

// zombie says whether a process has ended and nobody has asked how.
func zombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestExecReports(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "made", "for it")
	got := execIn(t, "--strict", "7", "--strict-off", "busy", "--register", "Web Shop=SAP Commerce Cloud", "--report", folder, "--", "sh", "-c",
		`"$PAIRSIM_BINARY" fault add removal.complete --times 1 >/dev/null
"$PAIRSIM_BINARY" tenants pair commerce "$PAIRSIM_TOKEN_URL" >/dev/null; "$PAIRSIM_BINARY" systems show nobody; exit 6`)
	if got.code != 6 {
		t.Fatalf("got %s\nwant status 6", got)
	}
	data, err := os.ReadFile(filepath.Join(folder, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := decode[execReport](t, string(data))
	if r.ExitStatus != 6 || r.Edition != "v1" || r.Seed != 7 || r.Version != "1.2.3-test" || r.Command[0] != "sh" {
		t.Errorf("got %s", data)
	}
	if len(r.Systems) != 1 || r.Systems[0].Name != "Web Shop" || r.Systems[0].Status.Label != "Registered" {
		t.Errorf("systems: got %+v", r.Systems)
	}
	if r.Strict == nil || r.Strict.Seed != 7 || len(r.Strict.Tripped) != 0 || len(r.Strict.Rules) != 18 {
		t.Errorf("strict: got %+v", r.Strict)
	}
	if len(r.Faults) != 1 || r.Faults[0].Point != "removal.complete" || len(r.Unfired) != 1 || r.Unfired[0] != r.Faults[0].ID {
		t.Errorf("faults: got %+v, unfired %v", r.Faults, r.Unfired)
	}
	journal, err := os.ReadFile(filepath.Join(folder, "journal.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	entries, requests := 0, 0
	for line := range strings.Lines(string(journal)) {
		var e btpclient.JournalEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		entries++
		if e.Kind == "request" {
			requests++
		}
	}
	if entries == 0 || entries != r.Journal.Entries || requests != r.Requests || r.Journal.Dropped != 0 {
		t.Errorf("journal.ndjson has %d entries, %d of them requests; the report says %+v, %d", entries, requests, r.Journal, r.Requests)
	}
}
