//go:build containers

package containers_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/pairsim/pairsim/testenv"
	"github.com/pairsim/pairsim/testenv/containers"
)

// TestSiblingPairs: a container beside the landscape's registers and pairs by what it
// is told inside, and its certificate is good there.
func TestSiblingPairs(t *testing.T) {
	t.Parallel()
	l := containers.Start(t)
	for _, command := range [][]string{
		{"systems", "register", "Inside", "--type", testenv.CommerceCloud},
		{"systems", "pair", "Inside", "--out", "/tmp/shop"},
	} {
		out := sibling(t, l, command)
		if command[1] == "pair" && !strings.Contains(out, "Registered") {
			t.Errorf("got\n%s\nwant it registered", out)
		}
	}
	l.ExpectStatus(t, "Inside", "Registered")
	if s := l.System(t, "Inside"); len(s.Certificates) != 1 {
		t.Errorf("the registry knows %d certificates, want the sibling's", len(s.Certificates))
	}
	apis, err := l.TenantsAt("commerce").APIs(t.Context(), "commerce")
	if err != nil || len(apis) == 0 || !strings.HasPrefix(apis[0].TargetURL, "http://cxsim:8080/") {
		t.Errorf("the tenant's APIs are %+v (%v), want them where the network reaches them", apis, err)
	}
}

// sibling runs pairsim as a client in the landscape's network, to its end.
func sibling(t *testing.T, l *containers.Landscape, command []string) string {
	t.Helper()
	c, err := testcontainers.Run(t.Context(), image,
		testcontainers.WithCmd(command...),
		testcontainers.WithEnv(map[string]string{"PAIRSIM_URL": "http://btp:8080"}),
		testcontainers.CustomizeRequestOption(func(r *testcontainers.GenericContainerRequest) error {
			r.Networks = []string{l.Network()}
			return nil
		}),
		testcontainers.WithTmpfs(map[string]string{"/tmp": "mode=1777"}),
		testcontainers.WithWaitStrategy(wait.ForExit()),
	)
	testcontainers.CleanupContainer(t, c)
	if err != nil {
		t.Fatal(err)
	}
	logs, err := c.Logs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(logs)
	state, stateErr := c.State(t.Context())
	if err := errors.Join(err, stateErr); err != nil {
		t.Fatal(err)
	}
	if state.ExitCode != 0 {
		t.Fatalf("pairsim %s ended with %d:\n%s", strings.Join(command, " "), state.ExitCode, text)
	}
	return string(text)
}

// TestContainerHasNoRights: its user has no name, its root cannot be written.
func TestContainerHasNoRights(t *testing.T) {
	t.Parallel()
	c := run(t)
	is, err := c.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if is.Config.User != "65532:65532" || !is.HostConfig.ReadonlyRootfs || is.HostConfig.Privileged || len(is.HostConfig.CapDrop) == 0 {
		t.Errorf("user %q, read-only root %t, capabilities dropped %v", is.Config.User, is.HostConfig.ReadonlyRootfs, is.HostConfig.CapDrop)
	}
	// Control is open to the host, but not without its key.
	answer, err := http.Get(c.Control() + "/control/clock")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("control answers %s without its key, want 401", answer.Status)
	}
	// The certificate is good for the name by which the host reaches it.
	connection, err := tls.Dial("tcp", strings.TrimPrefix(c.MTLS(), "https://"), c.TLS())
	if err != nil {
		t.Fatal(err)
	}
	connection.Close()
}

// left counts what this package has made and not removed, of a part.
func left(t *testing.T, part string) string {
	t.Helper()
	var found []string
	for _, list := range [][]string{{"ps", "--all", "--quiet"}, {"network", "ls", "--quiet"}} {
		filter := "label=io.github.pairsim.testenv"
		if part != "" {
			filter += "=" + part
		}
		out, err := exec.CommandContext(t.Context(), "docker", append(list, "--filter", filter)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, strings.Fields(string(out))...)
	}
	return strings.Join(found, " ")
}

// TestNothingIsLeft is not parallel: nothing else runs meanwhile. All that goes wrong is
// told within seconds.
func TestNothingIsLeft(t *testing.T) {
	if before := left(t, ""); before != "" {
		t.Fatalf("there are %s before the test", before)
	}
	const soon = 30 * time.Second // far more than any takes, and far less than a pull's tries
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
		if found := left(t, ""); found != "" {
			t.Errorf("%s: left behind: %s", name, found)
		}
	}
}

// TestNoEngine runs in a process of its own: an engine's address is looked up once.
func TestNoEngine(t *testing.T) {
	if os.Getenv("PAIRSIM_TEST_NO_ENGINE") != "" {
		err := containers.Reachable(t.Context())
		if !errors.Is(err, containers.ErrNoEngine) {
			t.Fatalf("got %v, want ErrNoEngine", err)
		}
		t.Log("told: " + err.Error())
		return
	}
	t.Parallel()
	test := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestNoEngine$", "-test.v")
	test.Env = append(os.Environ(), "PAIRSIM_TEST_NO_ENGINE=yes", "DOCKER_HOST=tcp://127.0.0.1:1")
	out, err := test.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "told: no container engine answers: start Docker") {
		t.Errorf("got %v\n%s\nwant to be told what to start", err, out)
	}
}

// TestKilledTestLeavesNoContainer kills a test's process that has started a container:
// it runs this test again as that process.
func TestKilledTestLeavesNoContainer(t *testing.T) {
	const victim = "PAIRSIM_TEST_VICTIM"
	if os.Getenv(victim) != "" {
		c := run(t)
		_, _ = os.Stdout.WriteString("container " + c.GetContainerID() + "\n")
		select {} // until it is killed
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	test := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestKilledTestLeavesNoContainer$")
	test.Env = append(os.Environ(), victim+"=yes")
	out, err := test.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := test.Start(); err != nil {
		t.Fatal(err)
	}
	id := ""
	buffer := make([]byte, 4096)
	for text := ""; id == ""; {
		n, err := out.Read(buffer)
		text += string(buffer[:n])
		if _, behind, ok := strings.Cut(text, "container "); ok && strings.Contains(behind, "\n") {
			id = strings.TrimSpace(behind[:strings.Index(behind, "\n")])
		}
		if err != nil && id == "" {
			t.Fatalf("the test's process started no container: %s", text)
		}
	}
	if err := test.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = test.Wait() // it was killed
	await(t, "the container is gone", func() bool {
		return exec.CommandContext(t.Context(), "docker", "inspect", id).Run() != nil
	})
}

// TestShellCI runs the example for the shell with the image.
func TestShellCI(t *testing.T) {
	t.Parallel()
	binary, err := testenv.Build(runtime.GOOS, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	settings := []string{"PAIRSIM_BINARY=" + binary, "PAIRSIM_IMAGE=" + image}
	for _, name := range []string{"HTTP", "MTLS", "CONTROL"} {
		l, err := net.Listen("tcp", ":0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		settings = append(settings, "PAIRSIM_"+name+"_PORT="+port)
		l.Close() // for the engine
	}
	example := exec.CommandContext(t.Context(), "bash", "../../docs/examples/shell-ci/ci.sh")
	example.Env = append(os.Environ(), settings...)
	if out, err := example.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "ok\n") {
		t.Errorf("got %v\n%s\nwant it to end with ok", err, out)
	}
}
