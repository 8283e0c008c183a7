//go:build containers

package containers_test

import (
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
	"github.com/pairsim/pairsim/testenv/containers"
)

// How long the parts wait for each other where the network is disturbed, in real time.
const (
	tenantWaits   = 6 * time.Second
	registryWaits = 4 * time.Second
)

// impatient are the settings of a landscape that is about to be disturbed. Of v2, as in
// v1 only support ends Deregister Error.
func impatient() []testcontainers.ContainerCustomizer {
	return []testcontainers.ContainerCustomizer{
		containers.WithEdition("v2"), containers.WithFlags("--callback-timeout", registryWaits.String()),
		containers.WithTenantFlags("--tenant-timeout", tenantWaits.String()),
	}
}

// TestDisturbedNetwork has one landscape for all; each leaves it whole.
func TestDisturbedNetwork(t *testing.T) {
	t.Parallel()
	env := containers.Start(t, append(impatient(), containers.WithNetworkFaults())...)
	for _, test := range []struct {
		name string
		hold func(*testing.T, *containers.Landscape)
	}{
		{"a slow registry is waited for", registrySlow},
		{"a registry that is too slow fails the pairing, not the token", registryTooSlow},
		{"the registry falls silent in the middle of a pairing", registrySilent},
		{"the certificate is lost on a connection that breaks", answerCutOff},
		{"a slow tenant is waited for", tenantSlow},
		{"a tenant that is too slow ends in the error status", tenantTooSlow},
		{"a tenant that resets connections ends in the error status", tenantResets},
		{"a narrow way to the registry suffices", registryThrottled},
	} {
		t.Run(test.name, func(t *testing.T) { test.hold(t, env) })
	}
}

func registrySlow(t *testing.T, env *containers.Landscape) {
	shop := env.RegisterSystem(t, "Slow Registry", testenv.CommerceCloud)
	token := env.IssueToken(t, shop.ID)
	const latency = 200 * time.Millisecond
	env.Delay(t, env.BTP, latency, 50*time.Millisecond)
	began := time.Now()
	env.Pair(t, "commerce", token.TokenURL)
	if took := time.Since(began); took < 2*latency {
		t.Errorf("it paired within %s, want it to wait for %s and more", took, 2*latency)
	}
	env.Calm(t, env.BTP)
	env.AwaitStatus(t, "Slow Registry", "Registered")
}

// registryTooSlow: the registry has heard nothing of the tenant, whose connection was
// not made in time, and the token is as good as before.
func registryTooSlow(t *testing.T, env *containers.Landscape) {
	shop := env.RegisterSystem(t, "Too Slow Registry", testenv.FieldServiceManagement)
	token := env.IssueToken(t, shop.ID)
	env.Delay(t, env.BTP, 2*tenantWaits, 0)
	row := failed(t, env, "fsm", token.TokenURL)
	env.Calm(t, env.BTP)
	env.ExpectRequests(t, testenv.Match{System: shop.ID, Point: "pairing.info"}, testenv.Exactly(0))
	env.ExpectStatus(t, "Too Slow Registry", "")
	forget(t, env, "fsm", row)
	env.Pair(t, "fsm", token.TokenURL)
	env.AwaitStatus(t, "Too Slow Registry", "Registered")
}

// registrySilent: what the tenant asks still arrives, and is not answered. The token is
// spent; the next one pairs, with the one certificate that the registry knows.
func registrySilent(t *testing.T, env *containers.Landscape) {
	shop := env.RegisterSystem(t, "Silent Registry", testenv.CloudForCustomer)
	token := env.IssueToken(t, shop.ID)
	env.AddFault(t, btpclient.Fault{ // the middle lasts until it is let go
		Point: "pairing.csr", Schedule: &btpclient.FaultSchedule{First: 1}, Action: &btpclient.FaultAction{Kind: "hold"},
	})
	row := started(t, env, "c4c", token.TokenURL)
	await(t, "the token is accepted, and a certificate asked for", func() bool { return len(env.Holds(t)) > 0 })
	env.Hang(t, env.BTP)
	env.Release(t, shop.Name)
	await(t, "the tenant's row has failed", func() bool {
		ended, err := env.TenantsAt("c4c").EndedPairing(t.Context(), "c4c", row.ID)
		return err == nil && ended.Failed() && ended.Cause != ""
	})
	env.Calm(t, env.BTP)
	env.ClearFaults(t)
	forget(t, env, "c4c", row.ID)
	env.Pair(t, "c4c", env.IssueToken(t, shop.ID).TokenURL)
	env.AwaitStatus(t, "Silent Registry", "Registered")
	if s := env.System(t, "Silent Registry"); len(s.Certificates) == 0 {
		t.Error("the registry knows no certificate")
	}
}

// answerCutOff: the registry has issued a certificate that the tenant never gets in full.
func answerCutOff(t *testing.T, env *containers.Landscape) {
	shop := env.RegisterSystem(t, "Cut Answer", testenv.MarketingCloud)
	token := env.IssueToken(t, shop.ID)
	const most = 5000 // bytes: the handshake and the token's answer, and less than the certificates
	for _, proxy := range env.Proxies(t, env.BTP) {
		if _, err := proxy.AddToxic("", "limit_data", "downstream", 1, toxiproxy.Attributes{"bytes": most}); err != nil {
			t.Fatal(err)
		}
	}
	row := failed(t, env, "marketing", token.TokenURL)
	env.Calm(t, env.BTP)
	env.ExpectRequests(t, testenv.Match{System: shop.ID, Point: "pairing.csr", Status: "201"}, testenv.Exactly(1))
	forget(t, env, "marketing", row)
	env.Pair(t, "marketing", env.IssueToken(t, shop.ID).TokenURL)
	env.AwaitStatus(t, "Cut Answer", "Registered")
}

func tenantSlow(t *testing.T, env *containers.Landscape) {
	env.Delay(t, env.CXSim, 200*time.Millisecond, 50*time.Millisecond)
	deregisteredAgain(t, env, env.System(t, "Slow Registry"), "commerce")
	env.Calm(t, env.CXSim)
}

// tenantTooSlow: the tenant has heard of its deregistration, which the registry does not
// know: the second time ends it for both.
func tenantTooSlow(t *testing.T, env *containers.Landscape) {
	env.Delay(t, env.CXSim, 2*registryWaits, 0)
	deregisteredInVain(t, env, env.System(t, "Too Slow Registry"), "fsm")
	env.Calm(t, env.CXSim)
	deregisteredAgain(t, env, env.System(t, "Too Slow Registry"), "fsm")
}

func tenantResets(t *testing.T, env *containers.Landscape) {
	env.Reset(t, env.MarketingSim)
	deregisteredInVain(t, env, env.System(t, "Cut Answer"), "marketing")
	env.Calm(t, env.MarketingSim)
	deregisteredAgain(t, env, env.System(t, "Cut Answer"), "marketing")
}

func registryThrottled(t *testing.T, env *containers.Landscape) {
	shop := env.RegisterSystem(t, "Narrow Way", testenv.CommerceCloud)
	token := env.IssueToken(t, shop.ID)
	env.Throttle(t, env.BTP, 16)
	env.Pair(t, "commerce", token.TokenURL)
	env.Calm(t, env.BTP)
	env.AwaitStatus(t, "Narrow Way", "Registered")
}

// failed pairs in vain, and gives the tenant's row, which tells the cause.
func failed(t *testing.T, env *containers.Landscape, tenant, token string) (row string) {
	t.Helper()
	ended, err := env.TenantsAt(tenant).Pair(t.Context(), tenant, token, "")
	if err != nil || !ended.Failed() || ended.Cause == "" {
		t.Errorf("the row is %+v (%v), want it failed with a cause", ended, err)
	}
	return ended.ID
}

// forget deletes a row that has failed.
func forget(t *testing.T, env *containers.Landscape, tenant, row string) {
	t.Helper()
	if err := env.TenantsAt(tenant).Delete(t.Context(), tenant, row); err != nil {
		t.Fatal(err)
	}
}

// TestLandscapeOptionOfAContainer: a landscape's options are not a container's.
func TestLandscapeOptionOfAContainer(t *testing.T) {
	t.Parallel()
	c, err := containers.Run(t.Context(), image, containers.WithNetworkFaults())
	if err == nil {
		t.Error("it started, want it refused", c.Close(t.Context()))
	}
}
