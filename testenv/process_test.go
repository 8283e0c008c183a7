package testenv_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/internal/landscapetest"
	"github.com/pairsim/pairsim/testenv"
)

func TestLandscapeInProcess(t *testing.T) {
	t.Parallel()
	landscapetest.Run(t, testenv.Start(t))
}

func TestLandscapeAsProcess(t *testing.T) {
	t.Parallel()
	landscapetest.Run(t, testenv.StartProcess(t))
}

func TestProcessTakesFlagsAndSeed(t *testing.T) {
	t.Parallel()
	p := testenv.StartProcess(t, testenv.WithSeedFile("../docs/examples/seeds/frozen-v2.yaml"),
		testenv.WithFlags("--control-key", "a-key-of-a-test-run", "--edition=v2"))
	if _, err := p.Controls().Clock(t.Context()); err != nil {
		t.Errorf("the control listener is asked without its key: %v", err)
	}
	if !strings.Contains(p.Log(), "not for production") {
		t.Errorf("got log %q, want the warning in it", p.Log())
	}
}

// TestProcessThatCannotStart: clear within seconds, and nothing stays.
func TestProcessThatCannotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder) // where a process's files would be left
	mute := filepath.Join(t.TempDir(), "mute")
	if err := os.WriteFile(mute, []byte("#!/bin/sh\nexec cat\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		options []testenv.ProcessOption
		want    string
	}{
		"port taken":         {[]testenv.ProcessOption{testenv.WithFlags("--http", taken.Addr().String())}, "Address is taken"},
		"no such flag":       {[]testenv.ProcessOption{testenv.WithFlags("--edtion", "v1")}, "unknown flag: --edtion"},
		"no such seed":       {[]testenv.ProcessOption{testenv.WithSeedFile("nowhere.yaml")}, "nowhere.yaml"},
		"no such binary":     {[]testenv.ProcessOption{testenv.WithBinary("/nowhere/pairsim")}, "/nowhere/pairsim"},
		"never ready":        {[]testenv.ProcessOption{testenv.WithBinary(mute), testenv.WithReadyTimeout(100 * time.Millisecond)}, "was not ready after 100ms"},
		"not pairsim at all": {[]testenv.ProcessOption{testenv.WithBinary("/bin/true")}, "ended with exit code 0 before it was ready"},
	} {
		p, err := testenv.NewProcess(t.Context(), test.options...)
		if err == nil {
			t.Errorf("%s: it started; want it refused", name)
			_ = p.Close()
			continue
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%d files are left (%v), want none", len(left), err)
	}
}

// TestKilledTestLeavesNothing kills a test process that has started pairsim: it runs
// this test again as that process.
func TestKilledTestLeavesNothing(t *testing.T) {
	const victim = "PAIRSIM_TEST_VICTIM"
	if os.Getenv(victim) != "" {
		p := testenv.StartProcess(t)
		_, _ = os.Stdout.WriteString("serving " + strings.TrimPrefix(p.HTTP(), "http://") + "\n")
		select {} // until it is killed
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	test := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestKilledTestLeavesNothing$")
	files := t.TempDir()
	test.Env = append(os.Environ(), victim+"=yes", "TMPDIR="+files)
	out, err := test.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := test.Start(); err != nil {
		t.Fatal(err)
	}
	address := ""
	for lines := bufio.NewScanner(out); address == "" && lines.Scan(); {
		address, _ = strings.CutPrefix(lines.Text(), "serving ")
		if !strings.Contains(address, ":") || strings.Contains(address, " ") {
			address = ""
		}
	}
	if address == "" {
		t.Fatal("the test's process did not start pairsim")
	}
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := test.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = test.Wait() // it was killed
	// The server closes an open connection when it ends.
	if err := connection.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("pairsim outlives the test's process: %v", err)
	}
	if left, err := os.ReadDir(files); err != nil || len(left) > 0 {
		t.Errorf("the files %v are left (%v), want none", left, err)
	}
}
