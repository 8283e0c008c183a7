package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// TestNoProgramRunsAtStart puts a go on the PATH that leaves a trace. Libraries must not
// run it before main does; what main runs finds the PATH.
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
	if path == dir+string(os.PathListSeparator) {
		t.Error("this process has no PATH any more")
	}
	cmd := exec.CommandContext(t.Context(), binary, "--version")
	cmd.Env = append(os.Environ(), "PATH="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if text, err := os.ReadFile(trace); !os.IsNotExist(err) {
		t.Errorf("go ran before main did: %q, %v", text, err)
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
