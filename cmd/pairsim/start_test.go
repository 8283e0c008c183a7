package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestNoProgramRunsAtStart puts a go on the PATH that leaves a trace. Libraries must not
// run it, as godog does, when it is linked.
func TestNoProgramRunsAtStart(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the go of this test is a shell script")
	}
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace")
	script := "#!/bin/sh\necho ran >> '" + trace + "'\n"
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	path := dir + string(os.PathListSeparator) + os.Getenv("PATH")
	cmd := exec.CommandContext(t.Context(), binary, "--version")
	cmd.Env = append(os.Environ(), "PATH="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if text, err := os.ReadFile(trace); !os.IsNotExist(err) {
		t.Errorf("go ran before main did: %q, %v", text, err)
	}
}

// TestNoMethodIsCalledByName: where one is, be it by a template, the linker keeps every
// method of everything, which is a fifth of the binary (ADR 44). It is seen by methods that
// nobody calls. Which function it is says go build -ldflags=-dumpdep.
func TestNoMethodIsCalledByName(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	text := string(program)
	if !strings.Contains(text, "math/big.(*Int).Exp") {
		t.Fatal("the binary does not say which functions it has")
	}
	for _, name := range []string{"math/big.(*Int).Binomial", "time.Time.ISOWeek", "net/http.(*Client).PostForm"} {
		if strings.Contains(text, name) {
			t.Errorf("%s is in the binary", name)
		}
	}
}

// A command is found by the name that it has.
func TestCommandsByName(t *testing.T) {
	t.Parallel()
	for name, construct := range commands {
		if got := construct().Name(); got != name {
			t.Errorf("%s makes the command %s", name, got)
		}
	}
	whole, alone := newRootCommand(constructors([]string{"--config", "x"})...), newRootCommand(constructors([]string{"wait", "serve"})...)
	if len(whole.Commands()) != len(commands) || len(alone.Commands()) != 1 || alone.Commands()[0].Name() != "wait" {
		t.Errorf("%d commands, want %d; %d of wait, want it alone", len(whole.Commands()), len(commands), len(alone.Commands()))
	}
}
