package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// maxNamed is how many of the tests that failed are named.
const maxNamed = 3

// verdict is how a run of tests ended.
type verdict struct {
	// Passed and Failed count tests that ended, subtests too.
	Passed int
	// Failed are the innermost tests that failed, or what happened to the package.
	Failed []string
	// TimedOut says that the tests did not end.
	TimedOut bool
	// NotBuilt is what the compiler says; "" when it is content.
	NotBuilt string
	output   string // the end of it
}

// ok says that tests ran and all of them passed.
func (v *verdict) ok() bool {
	return v.Passed > 0 && len(v.Failed) == 0 && !v.TimedOut && v.NotBuilt == ""
}

// testEvent is a line of go test -json (go doc test2json); of a build, of go build -json.
type testEvent struct {
	Action, Test, Output, FailedBuild string
}

// goTest runs tests in the module at root. overlay, if any, is a file for go build's -overlay.
func goTest(ctx context.Context, root, overlay string, t tests, limit time.Duration) (verdict, error) {
	// Neither go vet nor debugging information is worth its time here.
	args := []string{"test", "-json", "-vet=off", "-ldflags=-w", "-p=2", "-timeout=" + limit.String(), "-run=" + t.Run}
	if overlay != "" {
		args = append(args, "-overlay="+overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./"+t.Package)...)
	cmd.Dir = root
	cmd.Cancel = func() error { return cmd.Process.Signal(interrupt) } // go test ends its tests, too
	cmd.WaitDelay = 10 * time.Second
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	if ctx.Err() != nil {
		return verdict{}, ctx.Err()
	}
	v := readEvents(&out)
	if err == nil || len(v.Failed) > 0 || v.NotBuilt != "" {
		return v, nil
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return verdict{}, err
	}
	return verdict{}, fmt.Errorf("go test ./%s: %w: %s", t.Package, err, strings.TrimSpace(complaints.String()))
}

// readEvents reads what go test -json prints. Lines that are no events are a part of
// what the tests print.
func readEvents(out *bytes.Buffer) verdict {
	var v verdict
	var failed []string
	var build strings.Builder
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e testEvent
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		switch e.Action {
		case "build-output":
			build.WriteString(e.Output)
		case "output":
			v.TimedOut = v.TimedOut || strings.HasPrefix(e.Output, "panic: test timed out after")
			if name, running := strings.CutPrefix(e.Output, "\t\tTest"); running && v.TimedOut {
				name, _, _ = strings.Cut(name, " (")
				failed = append(failed, "Test"+name)
			}
			v.output = lastBytes(v.output+e.Output, 4000)
		case "pass":
			if e.Test != "" {
				v.Passed++
			}
		case "fail":
			switch {
			case e.FailedBuild != "":
				v.NotBuilt = build.String()
			case e.Test != "":
				failed = append(failed, e.Test)
			case len(failed) == 0:
				failed = append(failed, "the package")
			}
		}
	}
	v.Failed = innermost(failed)
	return v
}

// innermost are the tests without those that failed because of a subtest, sorted.
func innermost(failed []string) []string {
	failed = slices.Clone(failed)
	slices.Sort(failed)
	return slices.DeleteFunc(slices.Clone(failed), func(name string) bool {
		return slices.ContainsFunc(failed, func(other string) bool { return strings.HasPrefix(other, name+"/") })
	})
}

func lastBytes(s string, n int) string { return s[max(0, len(s)-n):] }
