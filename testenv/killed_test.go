package testenv_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/internal/landscapetest"
	"github.com/pairsim/pairsim/testenv"
)

// victim tells a test that is run again that it is the process that will be killed; its
// value is the binary to start.
const victim = "PAIRSIM_TEST_VICTIM"

// TestKilledTestLeavesNothing kills a test process that has started pairsim: it runs
// this test again as that process.
func TestKilledTestLeavesNothing(t *testing.T) {
	if binary := os.Getenv(victim); binary != "" {
		p := testenv.StartProcess(t, testenv.WithBinary(binary))
		_, _ = os.Stdout.WriteString("serving " + strings.TrimPrefix(p.HTTP(), "http://") + "\n")
		select {} // until it is killed
	}
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("*** NOT RUN: it looks for processes in /proc, which is Linux'")
	}
	binary, err := testenv.Build(runtime.GOOS, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	for name, reached := range map[string]func(*testing.T, *exec.Cmd, *bufio.Scanner){
		"as pairsim starts": func(t *testing.T, test *exec.Cmd, _ *bufio.Scanner) {
			awaitSoon(t, "it has started pairsim", func() bool { return len(landscapetest.Children(t, test.Process.Pid)) > 0 })
		},
		"while pairsim serves": func(t *testing.T, _ *exec.Cmd, lines *bufio.Scanner) {
			for lines.Scan() {
				if address, ok := strings.CutPrefix(lines.Text(), "serving "); ok {
					connection, err := net.Dial("tcp", address) // and one that is open
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { connection.Close() })
					return
				}
			}
			t.Fatal("the test's process did not start pairsim")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killed(t, binary, reached)
		})
	}
}

func killed(t *testing.T, binary string, reached func(*testing.T, *exec.Cmd, *bufio.Scanner)) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	files := t.TempDir()
	test := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestKilledTestLeavesNothing$")
	test.Env = append(os.Environ(), victim+"="+binary, "TMPDIR="+files)
	out, err := test.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := test.Start(); err != nil {
		t.Fatal(err)
	}
	reached(t, test, bufio.NewScanner(out))
	started := landscapetest.Children(t, test.Process.Pid)
	if len(started) != 1 {
		t.Errorf("the test's process has the processes %v, want pairsim", started)
	}
	if err := test.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = test.Wait() // it was killed
	for _, pid := range started {
		awaitSoon(t, "pairsim has ended", func() bool { return !landscapetest.Runs(pid) })
	}
	if left, err := os.ReadDir(files); err != nil || len(left) > 0 {
		t.Errorf("the files %v are left (%v), want none", left, err)
	}
}

// awaitSoon looks again until it is so, in real time.
func awaitSoon(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(time.Minute); !so(); <-tick.C {
		if time.Now().After(until) {
			t.Fatalf("still not: %s", what)
		}
	}
}
