//go:build containers

package containers_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/internal/landscapetest"
	"github.com/pairsim/pairsim/testenv/containers"
)

// The variables of a test that is run again as the process that will be killed.
const (
	victim      = "PAIRSIM_TEST_VICTIM"
	victimImage = "PAIRSIM_TEST_VICTIM_IMAGE"
)

// TestKilledTestLeavesNothing kills a test's process, which it starts as this test once
// more, at points of a landscape's start and behind it.
func TestKilledTestLeavesNothing(t *testing.T) {
	if os.Getenv(victim) != "" {
		fmt.Println("session", containers.Session())
		_, err := containers.RunLandscape(t.Context(), os.Getenv(victimImage))
		fmt.Println("started", err)
		select {} // until it is killed
	}
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("*** NOT RUN: it looks for processes in /proc, which is Linux'")
	}
	for _, test := range []struct {
		name  string
		event string // of the engine
		count int    // so many times
	}{
		{"as its network is made", "network create", 1},
		{"as its first container is made", "container create", 1},
		{"as its first container starts", "container start", 1},
		{"as the tenants' containers are made", "container create", 2},
		{"as the last container starts", "container start", 3},
		{"when all has started", "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			killed(t, test.event, test.count)
		})
	}
}

func killed(t *testing.T, event string, count int) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	files := t.TempDir()
	test := again(ctx, t, os.Args[0], "TestKilledTestLeavesNothing", victim+"=yes", victimImage+"="+image, "TMPDIR="+files)
	out, err := test.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := test.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	session := behind(t, lines, "session ")
	if event != "" {
		happens(ctx, t, began, session, event, count)
	} else if err := behind(t, lines, "started "); err != "<nil>" {
		t.Errorf("the landscape did not start: %s", err)
	}
	watchdogs := landscapetest.Children(t, test.Process.Pid)
	if len(watchdogs) != 1 {
		t.Errorf("the test's process has the processes %v, want its watchdog", watchdogs)
	}
	if err := test.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = test.Wait() // it was killed
	for _, pid := range watchdogs {
		await(t, "the watchdog has ended", func() bool { return !landscapetest.Runs(pid) })
	}
	if found := left(t, session); found != "" {
		t.Errorf("left behind: %s", found)
	}
	if list, err := os.ReadDir(files); err != nil || len(list) > 0 {
		t.Errorf("the files %v are left (%v), want none", list, err)
	}
}

// behind is what stands behind a word at the start of a line.
func behind(t *testing.T, lines *bufio.Scanner, word string) string {
	t.Helper()
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), word); ok {
			return text
		}
	}
	t.Fatalf("the test's process ended without a word of %q", word)
	return ""
}

// happens waits for an event of the engine about what a session makes.
func happens(ctx context.Context, t *testing.T, since time.Time, session, event string, count int) {
	t.Helper()
	kind, action, _ := strings.Cut(event, " ")
	events := exec.CommandContext(ctx, "docker", "events", "--since", strconv.FormatInt(since.Unix(), 10), "--format", "{{.Type}} {{.Action}}",
		"--filter", "type="+kind, "--filter", "event="+action)
	if kind == "container" {
		events.Args = append(events.Args, "--filter", "label="+containers.SessionLabel+"="+session)
	} else {
		// Of a network the engine tells no label: it is asked for.
		await(t, event, func() bool { return strings.Contains(left(t, session), kind) })
		return
	}
	out, err := events.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := events.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range count {
		if !lines.Scan() {
			t.Fatalf("the engine ended its events: %v", lines.Err())
		}
	}
	_ = events.Process.Kill()
	_, _ = io.Copy(io.Discard, out)
	_ = events.Wait() // it was killed
}
