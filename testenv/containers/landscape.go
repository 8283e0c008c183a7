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
	ended                    sync.Once
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
// containers' logs are shown when the test fails. Options are for the registry.
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
// registry. What could not start is gone when it returns an error.
func RunLandscape(ctx context.Context, img string, opts ...testcontainers.ContainerCustomizer) (*Landscape, error) {
	engine, _, err := connectEngine(ctx)
	if err != nil {
		return nil, err
	}
	if err := guard.enter(); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	l := &Landscape{engine: engine}
	if err := l.start(ctx, img, opts); err != nil {
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
	if _, err := l.engine.NetworkCreate(ctx, name, client.NetworkCreateOptions{Driver: "bridge", Internal: true, Labels: marks}); err != nil {
		return fmt.Errorf("make a network: %w", err)
	}
	l.network = name
	at := testenv.Address{ControlKey: rand.Text(), Tenants: map[string]string{}}
	l.BTP, err = start(ctx, img, btpName, func(host string, ports [3]int) []testcontainers.ContainerCustomizer {
		options := append(registryOptions(&at, host, ports), l.inside(btpName)...)
		return append(append(options, WithFlags("--roles", "btp", "--allow-host", cxName+","+marketingName)), opts...)
	})
	if err != nil {
		return err
	}
	if l.Session, err = testenv.Connect(ctx, at); err != nil {
		return fmt.Errorf("the registry is not reached from here: %w", err)
	}
	ca := l.CA()
	var both sync.WaitGroup
	var failures [2]error
	var bases [2]string
	for i, part := range []struct {
		name string
		at   **Part
	}{{cxName, &l.CXSim}, {marketingName, &l.MarketingSim}} {
		both.Go(func() {
			*part.at, failures[i] = start(ctx, img, part.name, func(host string, ports [3]int) []testcontainers.ContainerCustomizer {
				bases[i] = "http://" + net.JoinHostPort(host, strconv.Itoa(ports[0]))
				return append(tenantOptions(part.name, ports[0], ca), l.inside(part.name)...)
			})
		})
	}
	both.Wait()
	if err := errors.Join(failures[:]...); err != nil {
		return err
	}
	at.CA, at.Tenants = ca, map[string]string{"commerce": bases[0], "fsm": bases[0], "c4c": bases[0], "marketing": bases[1]}
	l.Client().CloseIdleConnections()
	l.Session, err = testenv.Connect(ctx, at)
	return err
}

// tenantOptions are those of a container of tenants, whose registry is btp.
func tenantOptions(name string, port int, ca []byte) []testcontainers.ContainerCustomizer {
	return []testcontainers.ContainerCustomizer{
		testcontainers.WithCmd("serve", "--until-stdin-closes", "--roles", name, "--http", "0.0.0.0:"+httpPort, "--mtls", "off", "--control", "off",
			"--public-url", "http://"+name+":"+httpPort, "--registry", "https://"+btpName+":"+mtlsPort,
			"--registry-mtls", "https://"+btpName+":"+mtlsPort, "--ca", caFile),
		published(port, httpPort),
		withFile(caFile, ca),
	}
}

// inside puts a container into the network, by this name.
func (l *Landscape) inside(name string) []testcontainers.ContainerCustomizer {
	return []testcontainers.ContainerCustomizer{testnetwork.WithBridgeNetwork(), testnetwork.WithNetworkName([]string{name}, l.network)}
}

func (l *Landscape) parts() []*Part {
	var list []*Part
	for _, p := range []*Part{l.BTP, l.CXSim, l.MarketingSim} {
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
	parts := l.parts()
	failures := make([]error, len(parts))
	var all sync.WaitGroup
	for i, p := range parts {
		all.Go(func() { failures[i] = p.Close(ctx) })
	}
	all.Wait()
	if l.network != "" {
		_, err := l.engine.NetworkRemove(context.WithoutCancel(ctx), l.network, client.NetworkRemoveOptions{})
		failures = append(failures, err)
	}
	return errors.Join(append(failures, l.engine.Close(), guard.leave())...)
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
		Container: p.GetContainerID(), EndpointConfig: &network.EndpointSettings{Aliases: []string{p.name}},
	})
	if err != nil {
		t.Fatalf("connect %s again: %v", p.name, err)
	}
}
