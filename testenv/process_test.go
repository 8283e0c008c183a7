package testenv_test

import (
	"net"
	"os"
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
	if err := landscapetest.WriteProgram(mute, []byte("#!/bin/sh\nexec cat\n")); err != nil {
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
