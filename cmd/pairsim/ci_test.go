package main

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pairsim/pairsim/internal/freeport"
)

// example runs an example to its end, which must be a good one.
func example(t *testing.T, settings []string, command ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Env = environment(append([]string{"PAIRSIM_BINARY=" + binary, "no_proxy=localhost,127.0.0.1"}, settings...)...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return string(out)
}

// TestNodeCI: the example for Node runs both of its tests.
func TestNodeCI(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("node is not installed, and the example in Node has to be run in CI")
		}
		t.Skip("NOT CHECKED, the example in Node cannot run: install nodejs (Debian's name), or run make setup")
	}
	if out := example(t, nil, node, "--test", "--test-reporter=tap", "../../docs/examples/node-ci/"); !strings.Contains(out, "# pass 2\n# fail 0\n") {
		t.Errorf("got\n%s\nwant two tests to pass", out)
	}
}

// TestShellCI: the example for the shell ends well, and leaves no server.
func TestShellCI(t *testing.T) {
	t.Parallel()
	port := freeport.Port(t)
	out := example(t, []string{"PAIRSIM_HTTP_PORT=" + port, "PAIRSIM_MTLS_PORT=" + freeport.Port(t), "PAIRSIM_CONTROL_PORT=" + freeport.Port(t)},
		"bash", "../../docs/examples/shell-ci/ci.sh")
	if !strings.HasSuffix(out, "ok\n") {
		t.Errorf("got\n%s\nwant it to end with ok", out)
	}
	if l, err := net.Listen("tcp", "127.0.0.1:"+port); err != nil {
		t.Errorf("the server still listens: %v", err)
	} else {
		l.Close()
	}
}

// TestUntilStdinCloses: who holds the pipe's other end holds the server.
func TestUntilStdinCloses(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), tooLong)
	defer cancel()
	c := exec.CommandContext(ctx, binary, append([]string{"serve", "--until-stdin-closes"}, free...)...)
	c.Env = environment()
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
	}
	if lines.Text() != "ready" {
		t.Error("it did not get ready")
	}
	in.Close()
	if err := c.Wait(); err != nil {
		t.Errorf("it ended with %v, want a good end", err)
	}
}

// TestCompose: every command of compose.yaml is one of pairsim, its roots are read-only,
// and what its services refer to is there.
func TestCompose(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Image     string
			Command   []string
			ReadOnly  bool     `yaml:"read_only"`
			CapDrop   []string `yaml:"cap_drop"`
			Ports     []string
			Volumes   []string
			DependsOn map[string]struct{ Condition string } `yaml:"depends_on"`
		}
		Volumes map[string]any
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"btp", "cxsim", "marketingsim"} {
		if !slices.Contains(file.Services[name].Command, "--roles="+name) {
			t.Errorf("there is no service %s that plays it", name)
		}
	}
	for name, s := range file.Services {
		if s.Image == "" || !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) {
			t.Errorf("%s: image %q, read-only %t, without capabilities %v", name, s.Image, s.ReadOnly, s.CapDrop)
		}
		command, rest, err := newRootCommand(constructors(nil)...).Find(s.Command)
		if err == nil {
			err = command.ParseFlags(rest)
		}
		if err != nil || !command.Runnable() || command.Flags().NArg() > 0 {
			t.Errorf("%s: %v is no command of pairsim: %v", name, s.Command, err)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s: the port %s is open to other machines", name, port)
			}
		}
		for _, volume := range s.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if _, there := file.Volumes[source]; !there {
				t.Errorf("%s: there is no volume %s", name, source)
			}
		}
		for other := range s.DependsOn {
			if _, there := file.Services[other]; !there {
				t.Errorf("%s: there is no service %s", name, other)
			}
		}
	}
}
