//go:build containers

package containers_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/pairsim/pairsim/internal/freeport"
	"github.com/pairsim/pairsim/testenv"
	"github.com/pairsim/pairsim/testenv/containers"
)

// TestSiblingPairs: a container beside the landscape's registers and pairs by what it
// is told inside, and its certificate is good there.
//
// Rule: public-urls, tls-names-and-ca
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

// TestShellCI runs the example for the shell with the image.
func TestShellCI(t *testing.T) {
	t.Parallel()
	binary, err := testenv.Build(runtime.GOOS, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	settings := []string{"PAIRSIM_BINARY=" + binary, "PAIRSIM_IMAGE=" + image}
	for _, name := range []string{"HTTP", "MTLS", "CONTROL"} {
		settings = append(settings, "PAIRSIM_"+name+"_PORT="+freeport.Port(t))
	}
	example := exec.CommandContext(t.Context(), "bash", "../../docs/examples/shell-ci/ci.sh")
	example.Env = append(os.Environ(), settings...)
	if out, err := example.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "ok\n") {
		t.Errorf("got %v\n%s\nwant it to end with ok", err, out)
	}
}
