package containers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	testnetwork "github.com/testcontainers/testcontainers-go/network"

	"github.com/pairsim/pairsim/testenv"
)

// Landscape is a registry and its tenants, each in a container of its own on one
// network, where they are btp, cxsim and marketingsim. They speak mutual TLS.
type Landscape struct {
	*testenv.Session
	BTP, CXSim, MarketingSim *Part
	network                  string // its name
	engine                   *testcontainers.DockerClient
	landscapeSettings
	toxic   *Part                         // nil without faults of the network
	proxies map[string][]*toxiproxy.Proxy // by the part's name
	ended   sync.Once
}

// landscapeSettings are what is not a container's.
type landscapeSettings struct {
	faults      bool // Toxiproxy stands between the parts
	tenantFlags []string
}

// LandscapeOption changes what Start and RunLandscape start.
type LandscapeOption func(*landscapeSettings)

var _ testcontainers.ContainerCustomizer = LandscapeOption(nil)

// Customize refuses: Run starts a container, which has no such option.
func (LandscapeOption) Customize(*testcontainers.GenericContainerRequest) error {
	return errors.New("this option is for a landscape: Start, RunLandscape")
}

// WithTenantFlags adds flags of pairsim serve (docs/configuration.md) to those of the
// tenants' containers.
func WithTenantFlags(flags ...string) LandscapeOption {
	return func(s *landscapeSettings) { s.tenantFlags = append(s.tenantFlags, flags...) }
}

var _ testenv.Landscape = (*Landscape)(nil)

// The names in the network.
const (
	btpName       = "btp"
	cxName        = "cxsim"
	marketingName = "marketingsim"
)

// image is what Start runs, built once in a test's process.
var built = sync.OnceValues(func() (string, error) { return BuildImage(context.Background()) })

// Start builds the image, starts a landscape of it and ends it with the test. The
// containers' logs are shown when the test fails. Options are for the registry, unless
// they are a LandscapeOption.
func Start(t testing.TB, opts ...testcontainers.ContainerCustomizer) *Landscape {
	t.Helper()
	img, err := built()
	if err != nil {
		t.Fatalf("build the image: %v", err)
	}
	l, err := RunLandscape(t.Context(), img, opts...)
	if err != nil {
		t.Fatalf("start the landscape: %v", err)
	}
	t.Cleanup(func() {
		for _, p := range l.parts() {
			if t.Failed() {
				t.Logf("the log of %s, its end:\n%s", p.name, p.Log())
			}
		}
		if err := l.Close(context.Background()); err != nil {
			t.Errorf("end the landscape: %v", err)
		}
	})
	return l
}

// RunLandscape starts a landscape of an image; Close ends it. Options are for the
// registry, unless they are a LandscapeOption. What could not start is gone when it
// returns an error.
func RunLandscape(ctx context.Context, img string, opts ...testcontainers.ContainerCustomizer) (*Landscape, error) {
	engine, _, err := connectEngine(ctx)
	if err != nil {
		return nil, err
	}
	if err := guard.enter(); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	l := &Landscape{engine: engine}
	var forRegistry []testcontainers.ContainerCustomizer
	for _, option := range opts {
		if of, ok := option.(LandscapeOption); ok {
			of(&l.landscapeSettings)
		} else {
			forRegistry = append(forRegistry, option)
		}
	}
	if err := l.start(ctx, img, forRegistry); err != nil {
		return nil, errors.Join(err, l.Close(ctx))
	}
	return l, nil
}

func (l *Landscape) start(ctx context.Context, img string, opts []testcontainers.ContainerCustomizer) (err error) {
	// Inside it there is no way out: each container has one by the engine's own bridge,
	// which also keeps its ports on the host while it is cut off.
	name := "pairsim-" + strings.ToLower(rand.Text())
	marks := labels("landscape")
	testcontainers.AddGenericLabels(marks)
	if err := l.makeNetwork(ctx, name, marks); err != nil {
		return fmt.Errorf("make a network: %w", err)
	}
	at := testenv.Address{ControlKey: rand.Text(), Tenants: map[string]string{}}
	err = together(
		func() (err error) {
			l.BTP, err = start(ctx, img, btpName, func(host string, ports [3]int) []testcontainers.ContainerCustomizer {
				options := append(registryOptions(&at, host, ports), l.inside(btpName)...)
				options = append(options, WithFlags("--roles", "btp", "--tls-name", btpName, "--allow-host", cxName+","+marketingName))
				return append(append(options, opts...), testcontainers.CustomizeRequestOption(namedInside))
			})
			return err
		},
		func() error {
			if !l.faults {
				return nil
			}
			return l.startToxic(ctx, img)
		})
	if err != nil {
		return err
	}
	if l.Session, err = testenv.Connect(ctx, at); err != nil {
		return fmt.Errorf("the registry is not reached from here: %w", err)
	}
	ca := l.CA()
	var cx, marketing string
	tenants := func(name string, part **Part, base *string) func() error {
		return func() (err error) {
			*part, err = start(ctx, img, name, func(host string, ports [3]int) []testcontainers.ContainerCustomizer {
				*base = "http://" + net.JoinHostPort(host, strconv.Itoa(ports[0]))
				return append(l.tenantOptions(name, ports[0], ca), l.inside(name)...)
			})
			return err
		}
	}
	if err := together(tenants(cxName, &l.CXSim, &cx), tenants(marketingName, &l.MarketingSim, &marketing)); err != nil {
		return err
	}
	at.CA, at.Tenants = ca, map[string]string{"commerce": cx, "fsm": cx, "c4c": cx, "marketing": marketing}
	l.Client().CloseIdleConnections()
	l.Session, err = testenv.Connect(ctx, at)
	return err
}

// makeNetwork does not give up half way: the engine would keep what it was asked for.
func (l *Landscape) makeNetwork(ctx context.Context, name string, marks map[string]string) error {
	bounded, cancel := unbroken(ctx)
	defer cancel()
	_, err := l.engine.NetworkCreate(bounded, name, client.NetworkCreateOptions{Driver: "bridge", Internal: true, Labels: marks})
	if err != nil {
		return err
	}
	l.network = name
	return context.Cause(ctx)
}

// together does things at once.
func together(things ...func() error) error {
	failures := make([]error, len(things))
	var all sync.WaitGroup
	for i, do := range things {
		all.Go(func() { failures[i] = do() })
	}
	all.Wait()
	return errors.Join(failures...)
}

// tenantOptions are those of a container of tenants, whose registry is btp.
func (l *Landscape) tenantOptions(name string, port int, ca []byte) []testcontainers.ContainerCustomizer {
	return []testcontainers.ContainerCustomizer{
		testcontainers.WithCmd("serve", "--until-stdin-closes", "--roles", name, "--http", "0.0.0.0:"+httpPort, "--mtls", "off", "--control", "off",
			"--public-url", "http://"+name+":"+l.tenantPort(name), "--registry", "https://"+btpName+":"+mtlsPort,
			"--registry-mtls", "https://"+btpName+":"+mtlsPort, "--ca", caFile),
		WithFlags(l.tenantFlags...),
		published(port, httpPort),
		withFile(caFile, ca, 0o444),
	}
}

// inside puts a container into the network.
func (l *Landscape) inside(name string) []testcontainers.ContainerCustomizer {
	return []testcontainers.ContainerCustomizer{testnetwork.WithBridgeNetwork(), testnetwork.WithNetworkName([]string{l.alias(name)}, l.network)}
}

// alias is what a part is called in the network, where its name may be Toxiproxy's.
func (l *Landscape) alias(name string) string {
	if l.faults {
		return name + itself
	}
	return name
}

func (l *Landscape) parts() []*Part {
	var list []*Part
	for _, p := range []*Part{l.BTP, l.CXSim, l.MarketingSim, l.toxic} {
		if p != nil {
			list = append(list, p)
		}
	}
	return list
}

// Network is the name of the landscape's network, for containers that join it.
func (l *Landscape) Network() string { return l.network }

// Close ends and removes the containers and their network.
func (l *Landscape) Close(ctx context.Context) (err error) {
	l.ended.Do(func() { err = l.close(ctx) })
	return err
}

func (l *Landscape) close(ctx context.Context) error {
	if l.Session != nil {
		l.Client().CloseIdleConnections()
	}
	var ends []func() error
	for _, p := range l.parts() {
		ends = append(ends, func() error { return p.Close(ctx) })
	}
	err := together(ends...)
	if l.network != "" {
		_, gone := l.engine.NetworkRemove(context.WithoutCancel(ctx), l.network, client.NetworkRemoveOptions{})
		err = errors.Join(err, gone)
	}
	return errors.Join(err, l.engine.Close(), guard.leave())
}

// Cut takes a part off the network: others cannot connect to it, nor it to them. The
// host still reaches it.
func (l *Landscape) Cut(t testing.TB, p *Part) {
	t.Helper()
	_, err := p.engine.NetworkDisconnect(t.Context(), l.network, client.NetworkDisconnectOptions{Container: p.GetContainerID()})
	if err != nil {
		t.Fatalf("cut %s off: %v", p.name, err)
	}
}

// Rejoin puts it back.
func (l *Landscape) Rejoin(t testing.TB, p *Part) {
	t.Helper()
	_, err := p.engine.NetworkConnect(t.Context(), l.network, client.NetworkConnectOptions{
		Container: p.GetContainerID(), EndpointConfig: &network.EndpointSettings{Aliases: []string{l.alias(p.name)}},
	})
	if err != nil {
		t.Fatalf("connect %s again: %v", p.name, err)
	}
}
