package testenv

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pairsim/pairsim/internal/gobuild"
)

// program is what StartProcess builds.
const program = "github.com/pairsim/pairsim/cmd/pairsim"

// Process is a landscape in a process of its own: the binary, as a user runs it. It
// is safe for concurrent use.
type Process struct {
	*Session
	run   *exec.Cmd
	stdin io.Closer
	log   *tail
	ended chan struct{} // closed when the process has
}

var _ Landscape = (*Process)(nil)

// processOptions are what a process is started with.
type processOptions struct {
	binary string
	flags  []string
	seed   string
	ready  time.Duration
}

// ProcessOption changes how StartProcess starts pairsim.
type ProcessOption func(*processOptions)

// WithBinary starts this program; without it the one of this module's version is
// built, once in a test's process.
func WithBinary(path string) ProcessOption {
	return func(o *processOptions) { o.binary = path }
}

// WithFlags adds flags of pairsim serve (docs/configuration.md); a later one wins.
func WithFlags(flags ...string) ProcessOption {
	return func(o *processOptions) { o.flags = append(o.flags, flags...) }
}

// WithSeedFile starts from a seed file, whose clock holds; without it the clock stands
// still at Epoch.
func WithSeedFile(path string) ProcessOption {
	return func(o *processOptions) { o.seed = path }
}

// WithReadyTimeout bounds, in real time, how long it may take until it is ready: 30
// seconds otherwise.
func WithReadyTimeout(d time.Duration) ProcessOption {
	return func(o *processOptions) { o.ready = d }
}

// StartProcess starts pairsim as a process on free ports and ends it with the test.
// It ends too when the test's process is killed. Its log is shown when the test fails.
func StartProcess(t testing.TB, options ...ProcessOption) *Process {
	t.Helper()
	p, err := NewProcess(t.Context(), options...)
	if err != nil {
		t.Fatalf("start pairsim: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of pairsim, its end:\n%s", p.Log())
		}
		if err := p.Close(); err != nil {
			t.Errorf("stop pairsim: %v", err)
		}
	})
	return p
}

// SeedAtEpoch is a seed document that declares only a clock which stands still at
// Epoch.
func SeedAtEpoch() []byte {
	return []byte("clock: {frozen: true, at: \"" + Epoch.Format(time.RFC3339) + "\"}\n")
}

// NewProcess starts pairsim as a process outside of a test; Close ends it.
func NewProcess(ctx context.Context, options ...ProcessOption) (*Process, error) {
	o := processOptions{ready: 30 * time.Second}
	for _, option := range options {
		option(&o)
	}
	if o.binary == "" {
		var err error
		if o.binary, err = Build(runtime.GOOS, runtime.GOARCH); err != nil {
			return nil, err
		}
	}
	if o.seed == "" {
		var err error
		if o.seed, err = epochFile(); err != nil {
			return nil, err
		}
	}
	p := &Process{log: &tail{}, ended: make(chan struct{})}
	if err := p.start(ctx, o); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// epochFile holds SeedAtEpoch. It stays in the user's cache, as what is built does: a
// test that is killed leaves nothing of its own.
var epochFile = sync.OnceValues(func() (string, error) {
	folder, err := gobuild.Cache()
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, fmt.Sprintf("epoch-%d.yaml", Epoch.Unix()))
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, SeedAtEpoch()) { //nolint:gosec // our own file
		return path, nil
	}
	part := fmt.Sprintf("%s.%d", path, os.Getpid())
	return path, errors.Join(os.WriteFile(part, SeedAtEpoch(), 0o600), os.Rename(part, path))
})

// start returns when it is ready.
func (p *Process) start(ctx context.Context, o processOptions) error {
	p.run = exec.Command(o.binary, append([]string{ //nolint:gosec // the caller's program
		"serve", "--until-stdin-closes", "--seed", o.seed, "--http", "127.0.0.1:0", "--mtls", "127.0.0.1:0", "--control", "127.0.0.1:0",
	}, o.flags...)...)
	for _, line := range os.Environ() {
		if !strings.HasPrefix(line, "PAIRSIM_") { // settings of somebody else
			p.run.Env = append(p.run.Env, line)
		}
	}
	p.run.Stderr = p.log
	stdin, err := p.run.StdinPipe()
	if err != nil {
		return err
	}
	out, err := p.run.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.run.Start(); err != nil {
		p.run = nil
		return err
	}
	p.stdin = stdin
	announced := make(chan Address, 1)
	go func() {
		p.listen(out, announced)
		_ = p.run.Wait() // its state is looked at
		close(p.ended)
	}()
	timeout := time.NewTimer(o.ready)
	defer timeout.Stop()
	select {
	case at := <-announced:
		at.ControlKey, at.Auth = flagValue(o.flags, "control-key"), slices.Contains(o.flags, "--auth")
		p.Session, err = Connect(ctx, at)
		return err
	case <-p.ended:
		return fmt.Errorf("pairsim serve ended with exit code %d before it was ready:\n%s", p.run.ProcessState.ExitCode(), p.Log())
	case <-timeout.C:
		return fmt.Errorf("pairsim serve was not ready after %s:\n%s", o.ready, p.Log())
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// listen reads what pairsim prints at start: where to look, and then that it is ready.
func (p *Process) listen(out io.Reader, announced chan<- Address) {
	var at Address
	urls := map[string]*string{"http": &at.HTTP, "mtls": &at.MTLS, "control": &at.Control}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) == 2 && urls[fields[0]] != nil {
			*urls[fields[0]] = fields[1]
		} else if lines.Text() == "ready" {
			announced <- at
			break
		}
	}
	_, _ = io.Copy(io.Discard, out) // or it could not write
}

// flagValue is what stands behind --name, or after its equals sign; "" if nothing does.
func flagValue(flags []string, name string) (value string) {
	for i, flag := range flags {
		if with, ok := strings.CutPrefix(flag, "--"+name+"="); ok {
			value = with
		} else if flag == "--"+name && i+1 < len(flags) {
			value = flags[i+1]
		}
	}
	return value
}

// Log is the end of what the process has logged.
func (p *Process) Log() string { return p.log.String() }

// Kill ends the process as a crash does.
func (p *Process) Kill() error {
	err := p.run.Process.Kill()
	<-p.ended
	return err
}

// endTimeout bounds how long the process may take to end. It waits ten seconds itself
// for open requests.
const endTimeout = 30 * time.Second

// Close ends the process.
func (p *Process) Close() error {
	var err error
	if p.Session != nil {
		p.client.CloseIdleConnections()
	}
	if p.stdin != nil {
		_ = p.stdin.Close() // asks it to end; it may have
		bound := time.NewTimer(endTimeout)
		defer bound.Stop()
		select {
		case <-p.ended:
		case <-bound.C:
			err = errors.Join(fmt.Errorf("it did not end within %s", endTimeout), p.Kill())
		}
	}
	return err
}

// maxTail is how much of a log is kept, in bytes.
const maxTail = 64 << 10

// tail is the end of what is written to it. It is safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (w *tail) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, p...)
	if over := len(w.text) - maxTail; over > 0 {
		w.text = append([]byte{}, w.text[over:]...)
	}
	return len(p), nil
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.text)
}

// Build builds pairsim, of the version that the test's module has, for a platform. The
// file stands in the user's cache, one for each module, and is replaced by the next
// process that builds. Within one it is built once.
func Build(system, arch string) (string, error) { return gobuild.Build(program, system, arch) }
