package containers

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	testnetwork "github.com/testcontainers/testcontainers-go/network"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/pairsim/pairsim/internal/gobuild"
)

const (
	toxicName    = "toxic"
	toxicProgram = "github.com/pairsim/pairsim/testenv/containers/toxic"
	toxicFile    = "/data/toxic"
	toxicPort    = "8474"
	// itself is added to the name of a part that is reached by that name through
	// Toxiproxy.
	itself = "-itself"
)

// link is a way to a part through Toxiproxy, which listens at a port of its own for it.
type link struct{ name, port, to string }

// links are all of them. The registry keeps its ports, by which its certificate and the
// addresses that it hands out go; tenants are told theirs.
var links = []link{
	{btpName, httpPort, httpPort},
	{btpName, mtlsPort, mtlsPort},
	{cxName, "9080", httpPort},
	{marketingName, "9081", httpPort},
}

// WithNetworkFaults has everything that the parts of a landscape say to each other pass
// through Toxiproxy, a container of its own, so that Delay, Throttle, Hang and Reset can
// disturb it. TLS is not ended there. The tenants are at the ports 9080 (cxsim) and 9081
// (marketingsim) then.
func WithNetworkFaults() LandscapeOption {
	return func(s *landscapeSettings) { s.faults = true }
}

// startToxic starts Toxiproxy: the image of pairsim has what it needs, which is nothing.
func (l *Landscape) startToxic(ctx context.Context, img string) error {
	version, err := l.engine.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return err
	}
	file, err := gobuild.Build(toxicProgram, "linux", version.Arch)
	if err != nil {
		return err
	}
	program, err := os.ReadFile(file) //nolint:gosec // built just now
	if err != nil {
		return err
	}
	var at string
	l.toxic, err = start(ctx, img, toxicName, func(host string, ports [3]int) []testcontainers.ContainerCustomizer {
		at = net.JoinHostPort(host, strconv.Itoa(ports[0]))
		return []testcontainers.ContainerCustomizer{
			testcontainers.WithEntrypoint(toxicFile), testcontainers.WithCmd(),
			withFile(toxicFile, program, 0o555), published(ports[0], toxicPort),
			testcontainers.WithConfigModifier(func(c *container.Config) { c.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}} }),
			testcontainers.WithWaitStrategyAndDeadline(readyWithin, wait.ForHTTP("/version").WithPort(toxicPort+"/tcp").WithPollInterval(readyPoll)),
			testnetwork.WithBridgeNetwork(), testnetwork.WithNetworkName([]string{btpName, cxName, marketingName}, l.network),
		}
	})
	if err != nil {
		return err
	}
	api := toxiproxy.NewClient(at)
	l.proxies = map[string][]*toxiproxy.Proxy{}
	for _, link := range links {
		proxy, err := api.CreateProxy(link.name+"-"+link.to, "0.0.0.0:"+link.port, link.name+itself+":"+link.to)
		if err != nil {
			return fmt.Errorf("the way to %s through Toxiproxy: %w", link.name, err)
		}
		l.proxies[link.name] = append(l.proxies[link.name], proxy)
	}
	return nil
}

// tenantPort is the port at which others reach a tenant's container in the network.
func (l *Landscape) tenantPort(name string) string {
	for _, link := range links {
		if l.faults && link.name == name {
			return link.port
		}
	}
	return httpPort
}

// Delay has everything that a part says to another arrive later by latency, more or
// less up to jitter. A connection over TLS that is new is late twice.
func (l *Landscape) Delay(t testing.TB, p *Part, latency, jitter time.Duration) {
	t.Helper()
	l.disturb(t, p, "latency", toxiproxy.Attributes{"latency": latency.Milliseconds(), "jitter": jitter.Milliseconds()})
}

// Throttle lets a part say so many kilobytes in a second on each connection.
func (l *Landscape) Throttle(t testing.TB, p *Part, kilobytes int) {
	t.Helper()
	l.disturb(t, p, "bandwidth", toxiproxy.Attributes{"rate": kilobytes})
}

// Hang lets nothing more that a part says arrive; connections stay open. What others say
// still reaches it.
func (l *Landscape) Hang(t testing.TB, p *Part) {
	t.Helper()
	l.disturb(t, p, "timeout", toxiproxy.Attributes{"timeout": 0})
}

// Reset resets every connection to a part as soon as it says something.
func (l *Landscape) Reset(t testing.TB, p *Part) {
	t.Helper()
	l.disturb(t, p, "reset_peer", toxiproxy.Attributes{"timeout": 0})
}

// Calm ends everything that disturbs what a part says.
func (l *Landscape) Calm(t testing.TB, p *Part) {
	t.Helper()
	for _, proxy := range l.Proxies(t, p) {
		toxics, err := proxy.Toxics()
		if err != nil {
			t.Fatalf("what disturbs %s: %v", p.name, err)
		}
		for _, toxic := range toxics {
			if err := proxy.RemoveToxic(toxic.Name); err != nil {
				t.Fatalf("end %s of %s: %v", toxic.Name, p.name, err)
			}
		}
	}
}

func (l *Landscape) disturb(t testing.TB, p *Part, kind string, attributes toxiproxy.Attributes) {
	t.Helper()
	for _, proxy := range l.Proxies(t, p) {
		if _, err := proxy.AddToxic("", kind, "downstream", 1, attributes); err != nil {
			t.Fatalf("disturb %s: %v", p.name, err)
		}
	}
}

// Proxies are those of Toxiproxy on the way to a part, for every kind of toxic that it
// has. It needs WithNetworkFaults.
func (l *Landscape) Proxies(t testing.TB, p *Part) []*toxiproxy.Proxy {
	t.Helper()
	list := l.proxies[p.name]
	if len(list) == 0 {
		t.Fatalf("nothing stands between %s and the others: start the landscape with containers.WithNetworkFaults()", p.name)
	}
	return list
}
