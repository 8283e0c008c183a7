package containers

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/pairsim/pairsim/testenv"
)

// The ports within a container.
const (
	httpPort    = "8080"
	mtlsPort    = "8443"
	controlPort = "8081"
)

// readyWithin bounds how long a container may take until it is ready.
const readyWithin = time.Minute

// readyPoll is how often it is asked.
const readyPoll = 20 * time.Millisecond

// label marks what this package made, for who looks at the engine.
const label = "io.github.pairsim.testenv"

// Container is one container that plays registry and tenants.
type Container struct {
	*Part
	*testenv.Session
}

var _ testenv.Landscape = (*Container)(nil)

// Part is a container of pairsim.
type Part struct {
	*testcontainers.DockerContainer
	name     string
	log      *output
	attached *client.HijackedResponse // its standard input and output
	engine   *testcontainers.DockerClient
	released sync.Once
}

// WithFlags adds flags of pairsim serve (docs/configuration.md); a later one wins.
func WithFlags(flags ...string) testcontainers.CustomizeRequestOption {
	return testcontainers.WithCmdArgs(flags...)
}

// WithEdition chooses the generation of documents: v1 (the default) or v2.
func WithEdition(edition string) testcontainers.CustomizeRequestOption {
	return WithFlags("--edition", edition)
}

// WithSeed starts from a seed document (docs/examples/seeds), whose clock holds; without
// it the clock stands still at testenv.Epoch.
func WithSeed(document []byte) testcontainers.CustomizeRequestOption {
	return withFile(seedFile, document, 0o444)
}

// The files that a container is given. They are in the volume of its data: its root is
// read-only.
const (
	seedFile = "/data/seed.yaml"
	caFile   = "/data/ca.pem"
)

// withFile puts a file into the volume before the container starts. The library's own
// way takes the root, which is read-only.
func withFile(name string, content []byte, mode int64) testcontainers.CustomizeRequestOption {
	put := func(ctx context.Context, c testcontainers.Container) error {
		engine, err := testcontainers.NewDockerClientWithOpts(ctx)
		if err != nil {
			return err
		}
		defer engine.Close() //nolint:errcheck // nothing is under way
		var archive bytes.Buffer
		w := tar.NewWriter(&archive)
		err = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path.Base(name), Mode: mode, Size: int64(len(content))})
		if err == nil {
			_, err = w.Write(content)
		}
		if err = errors.Join(err, w.Close()); err != nil {
			return err
		}
		_, err = engine.CopyToContainer(ctx, c.GetContainerID(), client.CopyToContainerOptions{DestinationPath: path.Dir(name), Content: &archive})
		return err
	}
	return testcontainers.WithAdditionalLifecycleHooks(testcontainers.ContainerLifecycleHooks{PostCreates: []testcontainers.ContainerHook{put}})
}

// Run starts a container of an image of pairsim that plays registry and tenants, with
// its clock frozen at testenv.Epoch. It is reached from the host at HTTP, MTLS and
// Control; from containers of a network that it is given (network.WithNetwork) by its
// aliases there at the ports 8080 and 8443, where the https address hands out URLs
// that are right inside. What could not start is gone when it returns an error.
func Run(ctx context.Context, img string, opts ...testcontainers.ContainerCustomizer) (*Container, error) {
	at := testenv.Address{ControlKey: rand.Text()}
	part, err := start(ctx, img, "pairsim", func(host string, ports [3]int) []testcontainers.ContainerCustomizer {
		return append(append(registryOptions(&at, host, ports), opts...), testcontainers.CustomizeRequestOption(namedInside))
	})
	if err != nil {
		return nil, err
	}
	session, err := testenv.Connect(ctx, at)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the container is not reached from here: %w", err), part.Close(ctx))
	}
	return &Container{part, session}, nil
}

// namedInside puts the names under which other containers know this one into the
// certificate of its TLS listener. It comes after all that gives it names.
func namedInside(r *testcontainers.GenericContainerRequest) error {
	for _, aliases := range r.NetworkAliases {
		for _, alias := range aliases {
			r.Cmd = append(r.Cmd, "--tls-name", alias)
		}
	}
	return nil
}

// registryOptions are those of a container with the registry. at is told where that is
// reached.
func registryOptions(at *testenv.Address, host string, ports [3]int) []testcontainers.ContainerCustomizer {
	address := func(scheme string, n int) string {
		return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(ports[n]))
	}
	at.HTTP, at.MTLS, at.Control = address("http", 0), address("https", 1), address("http", 2)
	return []testcontainers.ContainerCustomizer{
		testcontainers.WithCmd("serve", "--until-stdin-closes", "--http", "0.0.0.0:"+httpPort, "--mtls", "0.0.0.0:"+mtlsPort,
			"--control", "0.0.0.0:"+controlPort, "--seed", seedFile, "--public-url", at.HTTP, "--public-mtls-url", at.MTLS, "--tls-name", host),
		testcontainers.WithEnv(map[string]string{"PAIRSIM_CONTROL_KEY": at.ControlKey}),
		published(ports[0], httpPort), published(ports[1], mtlsPort), published(ports[2], controlPort),
		withFile(seedFile, testenv.SeedAtEpoch(), 0o444),
	}
}

// published has a port of the container reached at one of the host.
func published(port int, of string) testcontainers.CustomizeRequestOption {
	return func(r *testcontainers.GenericContainerRequest) error {
		r.ExposedPorts = append(r.ExposedPorts, of+"/tcp")
		return onHost(func(h *container.HostConfig) {
			if h.PortBindings == nil {
				h.PortBindings = network.PortMap{}
			}
			h.PortBindings[network.MustParsePort(of+"/tcp")] = []network.PortBinding{{HostPort: strconv.Itoa(port)}}
		})(r)
	}
}

// onHost adds to how the engine runs the container; the library knows only one such
// change.
func onHost(change func(*container.HostConfig)) testcontainers.CustomizeRequestOption {
	return func(r *testcontainers.GenericContainerRequest) error {
		before := r.HostConfigModifier
		r.HostConfigModifier = func(h *container.HostConfig) {
			if before != nil {
				before(h)
			}
			change(h)
		}
		return nil
	}
}

// start starts a container on ports of the host that are free. Somebody may take one
// before the engine does: then it is tried again with others.
func start(ctx context.Context, img, name string, options func(host string, ports [3]int) []testcontainers.ContainerCustomizer) (*Part, error) {
	const tries = 5
	engine, host, err := connectEngine(ctx)
	if err != nil {
		return nil, err
	}
	err = hasImage(ctx, engine, img)
	if err == nil {
		err = guard.enter()
	}
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	for try := 1; ; try++ {
		ports, err := freePorts()
		if err != nil {
			return nil, errors.Join(err, engine.Close(), guard.leave())
		}
		p := &Part{name: name, log: &output{}, engine: engine}
		err = p.run(ctx, img, options(host, ports))
		if err == nil {
			return p, nil
		}
		err = errors.Join(err, p.remove(context.WithoutCancel(ctx)))
		if try == tries || !strings.Contains(err.Error(), "port is already allocated") && !strings.Contains(err.Error(), "address already in use") {
			return nil, errors.Join(err, engine.Close(), guard.leave())
		}
	}
}

// freePorts are three that nobody listens on just now.
func freePorts() (ports [3]int, err error) {
	for i := range ports {
		l, err := net.Listen("tcp", ":0") //nolint:gosec // it is let go of at once
		if err != nil {
			return ports, err
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// run creates and starts the container, and returns when it is ready.
func (p *Part) run(ctx context.Context, img string, options []testcontainers.ContainerCustomizer) error {
	options = append([]testcontainers.ContainerCustomizer{
		testcontainers.WithLabels(labels(p.name)),
		testcontainers.WithTmpfs(map[string]string{"/tmp": ""}),
		testcontainers.WithWaitStrategyAndDeadline(readyWithin,
			wait.ForHTTP("/readyz").WithPort(httpPort+"/tcp").WithPollInterval(readyPoll)),
		testcontainers.WithConfigModifier(func(c *container.Config) { c.AttachStdin, c.OpenStdin, c.StdinOnce = true, true, true }),
		onHost(func(h *container.HostConfig) {
			h.AutoRemove, h.ReadonlyRootfs, h.CapDrop = true, true, []string{"ALL"}
			h.Mounts = append(h.Mounts, mount.Mount{Type: mount.TypeVolume, Target: "/data", VolumeOptions: &mount.VolumeOptions{Labels: labels(p.name)}})
		}),
		testcontainers.WithAdditionalLifecycleHooks(testcontainers.ContainerLifecycleHooks{
			PostCreates: []testcontainers.ContainerHook{p.attach},
		}),
		testcontainers.CustomizeRequestOption(quiet),
	}, options...)
	return p.runWith(ctx, img, options)
}

// runWith creates a container and starts it. Creating it is not given up half way: the
// engine would keep one of which nobody here has heard.
func (p *Part) runWith(ctx context.Context, img string, options []testcontainers.ContainerCustomizer) error {
	bounded, cancel := unbroken(ctx)
	defer cancel()
	created, err := testcontainers.Run(bounded, img, append(options, testcontainers.WithNoStart())...)
	p.DockerContainer = created
	if err == nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		err = created.Start(ctx)
	}
	if err != nil {
		return fmt.Errorf("container %s: %s%w%s", p.name, why(err, p.log.String()), err, p.log.behind("\nits log ends with:\n"))
	}
	return nil
}

// unbroken is a context for a request that ends with its answer, in time, whoever else
// gives up.
func unbroken(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), readyWithin)
}

// why says what an error of the library comes from, and what to do, where its text does
// not; "" otherwise.
func why(err error, log string) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "reaper"):
		return "Ryuk, which removes what testcontainers leaves, cannot be started; TESTCONTAINERS_RYUK_DISABLED=true does without it, " +
			"and these containers end with the test all the same: "
	case errors.Is(err, context.DeadlineExceeded) && strings.Contains(log, "\nready"):
		return "it is ready, but not reached from here; TESTCONTAINERS_HOST_OVERRIDE says under which name the engine's ports are reached, as localhost: "
	case isGone(err) || strings.Contains(text, "unexpected container status"):
		return "it ended before it was ready: "
	}
	return ""
}

// attach takes hold of the container before it starts, so that nothing that it logs is
// missed.
func (p *Part) attach(ctx context.Context, c testcontainers.Container) error {
	got, err := p.engine.ContainerAttach(context.WithoutCancel(ctx), c.GetContainerID(), client.ContainerAttachOptions{
		Stream: true, Stdin: true, Stdout: true, Stderr: true,
	})
	if err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	p.attached = &got.HijackedResponse
	go func() {
		_, _ = stdcopy.StdCopy(p.log, p.log, p.attached.Reader) // until it ends
	}()
	return nil
}

// quiet keeps the library from writing to stderr what it does.
func quiet(r *testcontainers.GenericContainerRequest) error {
	r.Logger = silent{}
	return nil
}

type silent struct{}

func (silent) Printf(string, ...any) {}

// Log is the end of what the container has logged.
func (p *Part) Log() string { return p.log.String() }

// Close ends and removes the container, with its data.
func (p *Part) Close(ctx context.Context) error {
	var err error
	p.released.Do(func() {
		err = errors.Join(p.remove(ctx), p.engine.Close(), guard.leave())
	})
	return err
}

func (p *Part) remove(ctx context.Context) error {
	ctx, cancel := unbroken(ctx)
	defer cancel()
	if p.attached != nil {
		defer p.attached.Close()
	}
	if p.DockerContainer == nil {
		return nil
	}
	id := p.GetContainerID()
	// A container that is paused or cut off is removed all the same.
	_, err := p.engine.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !isGone(err) {
		return fmt.Errorf("remove container %s: %w", p.name, err)
	}
	for { // it may be being removed by the engine
		_, err := p.engine.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
		switch {
		case err != nil && isGone(err):
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("container %s is still there: %w", p.name, ctx.Err())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// isGone says of an error that a container is not there, or is about to be.
func isGone(err error) bool {
	text := err.Error()
	return strings.Contains(text, "No such container") || strings.Contains(text, "already in progress")
}

// Pause stops the container's processes where they are: whoever calls it waits.
func (p *Part) Pause(t testing.TB) {
	t.Helper()
	if _, err := p.engine.ContainerPause(t.Context(), p.GetContainerID(), client.ContainerPauseOptions{}); err != nil {
		t.Fatalf("pause %s: %v", p.name, err)
	}
}

// Resume lets them go on.
func (p *Part) Resume(t testing.TB) {
	t.Helper()
	if _, err := p.engine.ContainerUnpause(t.Context(), p.GetContainerID(), client.ContainerUnpauseOptions{}); err != nil {
		t.Fatalf("resume %s: %v", p.name, err)
	}
}

// maxOutput is how much of a log is kept, in bytes.
const maxOutput = 64 << 10

// output is the end of what is written to it. It is safe for concurrent use.
type output struct {
	mu   sync.Mutex
	text []byte
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	if over := len(o.text) - maxOutput; over > 0 {
		o.text = append([]byte{}, o.text[over:]...)
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}

// behind is the text behind a heading; "" without text.
func (o *output) behind(heading string) string {
	if text := strings.TrimSpace(o.String()); text != "" {
		return heading + text
	}
	return ""
}
