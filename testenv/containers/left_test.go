//go:build containers

package containers_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/internal/landscapetest"
	"github.com/pairsim/pairsim/testenv/containers"
)

// left tells what a process has made in the engine and not removed.
func left(t *testing.T, session string) string {
	t.Helper()
	var found []string
	for _, list := range [][]string{{"ps", "--all"}, {"network", "ls"}, {"volume", "ls"}} {
		out, err := exec.CommandContext(t.Context(), "docker", append(list, "--quiet", "--filter", "label="+containers.SessionLabel+"="+session)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range strings.Fields(string(out)) {
			found = append(found, list[0]+" "+id)
		}
	}
	return strings.Join(found, ", ")
}

// TestNothingIsLeft is not parallel: nothing else runs meanwhile. All that goes wrong is
// told within seconds.
func TestNothingIsLeft(t *testing.T) {
	if before := left(t, containers.Session()); before != "" {
		t.Fatalf("there are %s before the test", before)
	}
	taken, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	const soon = 2 * time.Minute // far more than any takes, and far less than a pull's tries
	for name, test := range map[string]struct {
		start func(context.Context) error
		want  string
	}{
		"image missing": {func(ctx context.Context) error {
			_, err := containers.Run(ctx, "pairsim:nowhere")
			return err
		}, "the engine has no image pairsim:nowhere: build it"},
		"wrong flag": {func(ctx context.Context) error {
			_, err := containers.Run(ctx, image, containers.WithFlags("--edtion", "v1"))
			return err
		}, "unknown flag: --edtion"},
		"wrong seed": {func(ctx context.Context) error {
			_, err := containers.Run(ctx, image, containers.WithSeed([]byte("systmes: []\n")))
			return err
		}, "systmes"},
		"ports taken, each time": {func(ctx context.Context) error {
			return containers.RunAt(ctx, image, func(int) int { return taken.Addr().(*net.TCPAddr).Port })
		}, "in use"},
		"landscape without image": {func(ctx context.Context) error {
			_, err := containers.RunLandscape(ctx, "pairsim:nowhere")
			return err
		}, "no image"},
		"landscape that starts by half": {func(ctx context.Context) error {
			// Its TLS listener is elsewhere: the registry starts, and its CA is of no use.
			_, err := containers.RunLandscape(ctx, image, containers.WithFlags("--mtls", "off"))
			return err
		}, "the registry is not reached"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		err := test.start(ctx)
		switch {
		case err == nil:
			t.Errorf("%s: it started", name)
		case ctx.Err() != nil:
			t.Errorf("%s: not told within %s: %v", name, soon, err)
		case !strings.Contains(err.Error(), test.want):
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
		}
		cancel()
		if found := left(t, containers.Session()); found != "" {
			t.Errorf("%s: left behind: %s", name, found)
		}
	}
}

// TestInterruptedStart is not parallel either. Nothing is left of what was given up,
// at whatever moment: the engine goes on with what it was asked for.
func TestInterruptedStart(t *testing.T) {
	const moments, apart = 10, 20 * time.Millisecond
	for moment := range moments {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(moment)*apart)
		if l, err := containers.RunLandscape(ctx, image); err == nil {
			_ = l.Close(t.Context()) // this engine is quick
		}
		cancel()
		if found := left(t, containers.Session()); found != "" {
			t.Fatalf("given up after %s it left behind: %s", time.Duration(moment)*apart, found)
		}
	}
}

// TestPortThatIsTakenMeanwhile: others are tried.
func TestPortThatIsTakenMeanwhile(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	err = containers.RunAt(t.Context(), image, func(try int) int {
		if try == 1 {
			return taken.Addr().(*net.TCPAddr).Port
		}
		return 0
	})
	if err != nil {
		t.Errorf("got %v, want it to start on other ports", err)
	}
}

// again runs a test of this program in a process of its own.
func again(ctx context.Context, t *testing.T, program, name string, env ...string) *exec.Cmd {
	t.Helper()
	test := exec.CommandContext(ctx, program, "-test.run", "^"+name+"$", "-test.v")
	test.Env = append(os.Environ(), env...)
	return test
}

// TestNoEngine runs in a process of its own: an engine's address is looked up once.
func TestNoEngine(t *testing.T) {
	if os.Getenv("PAIRSIM_TEST_NO_ENGINE") != "" {
		tellNoEngine(t)
		return
	}
	t.Parallel()
	toldWhatToStart(t, again(t.Context(), t, os.Args[0], t.Name(), "PAIRSIM_TEST_NO_ENGINE=yes", "DOCKER_HOST=tcp://127.0.0.1:1"))
}

// TestEngineWithoutRights runs as a user who may not use the engine.
func TestEngineWithoutRights(t *testing.T) {
	if os.Getenv("PAIRSIM_TEST_NO_ENGINE") != "" {
		tellNoEngine(t)
		return
	}
	t.Parallel()
	if os.Getuid() != 0 || runtime.GOOS != "linux" || os.Getenv("DOCKER_HOST") != "" {
		t.Skip("*** NOT RUN: only root can become a user who may not use the engine's socket")
	}
	// Where this program stands that user may not read it.
	folder, err := os.MkdirTemp("", "pairsim-no-rights-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	program := filepath.Join(folder, "test")
	content, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = errors.Join(landscapetest.WriteProgram(program, content), os.Chmod(folder, 0o755))
	}
	if err != nil {
		t.Fatal(err)
	}
	test := again(t.Context(), t, program, t.Name(), "PAIRSIM_TEST_NO_ENGINE=yes", "HOME="+folder, "XDG_RUNTIME_DIR="+folder)
	test.Dir = folder
	asNobody(test)
	toldWhatToStart(t, test)
}

func tellNoEngine(t *testing.T) {
	began := time.Now()
	err := containers.Reachable(t.Context())
	if took := time.Since(began); !errors.Is(err, containers.ErrNoEngine) || took > 30*time.Second {
		t.Fatalf("after %s got %v, want ErrNoEngine within seconds", took, err)
	}
	t.Log("told: " + err.Error())
}

func toldWhatToStart(t *testing.T, test *exec.Cmd) {
	t.Helper()
	out, err := test.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "told: no container engine answers: start Docker, or say where it is (DOCKER_HOST); the user must be allowed") {
		t.Errorf("got %v\n%s\nwant to be told what to start", err, out)
	}
}
