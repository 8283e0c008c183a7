package testenv_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// Rule: environments-apart
func TestNewEnvironmentIsAWorldOfItsOwn(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	a, b := env.NewEnvironment(t), env.NewEnvironment(t, testenv.WithEdition("v2"), testenv.WithTenant("second", "commerce"))
	for _, e := range []*testenv.Env{env, a, b} {
		shop := e.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
		e.Pair(t, "commerce", e.IssueToken(t, shop.ID).TokenURL)
	}
	a.Advance(t, time.Hour)
	if state, err := b.Controls().Clock(t.Context()); err != nil || !state.Now.Equal(testenv.Epoch) {
		t.Errorf("the clock of b shows %s (%v), want it untouched", state.Now, err)
	}
	if tenants, err := b.Tenants().List(t.Context()); err != nil || len(tenants) != 5 {
		t.Errorf("b has %d tenants (%v), want five", len(tenants), err)
	}
	if err := a.Close(); err != nil {
		t.Errorf("close a: %v", err)
	}
	if _, err := a.Operator().GlobalAccounts(t.Context()); btpclient.CodeOf(err) != "environment-not-found" {
		t.Errorf("a after it was closed: %v", err)
	}
	b.ExpectStatus(t, "Web Shop", "Registered")
	env.ExpectStatus(t, "Web Shop", "Registered")
	list, err := env.Controls().Environments(t.Context())
	if err != nil || len(list) != 2 || list[1].Name != b.Name() || list[1].URLs.HTTP != b.HTTP() || list[1].URLs.MTLS != b.MTLS() || list[1].URLs.Control != b.Control() {
		t.Errorf("environments: %+v, %v; want default and %s", list, err, b.Name())
	}
}

func TestOptionsForAServerAreRefused(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	for name, option := range map[string]testenv.Option{
		"data": testenv.WithData(filepath.Join(t.TempDir(), "x.db")), "auth": testenv.WithAuth(),
	} {
		if _, err := env.Environment(t.Context(), option); err == nil || !strings.Contains(err.Error(), "server as a whole") {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
}

// Roles hold within an environment: an access token of another one is none.
//
// Rule: environments-apart
func TestAccessTokensStayInTheirEnvironment(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t, testenv.WithAuth())
	a, b := env.NewEnvironment(t), env.NewEnvironment(t)
	shop := a.RegisterSystem(t, "Web Shop", testenv.CommerceCloud) // signed in to a
	token := a.AccessToken(t, testenv.GlobalAccountAdministrator, "default")
	for name, e := range map[string]*testenv.Env{"b": b, "default": env} {
		foreign := btpclient.NewOperator(e.HTTP(), e.Client()).WithToken(token)
		if _, err := foreign.System(t.Context(), shop.ID); btpclient.CodeOf(err) != "unauthenticated" {
			t.Errorf("%s takes an access token of a: %v", name, err)
		}
	}
}

// TestNoAnswerOfAnotherEnvironment sends requests to 100 environments at random,
// all over the same connections, and looks at every answer for whose it is.
//
// Rule: environments-apart
func TestNoAnswerOfAnotherEnvironment(t *testing.T) {
	t.Parallel()
	worlds, requests, workers := 100, 1000, 16
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		requests = 100_000
	}
	env := testenv.Start(t)
	type world struct {
		*testenv.Env
		system btpclient.System
		issuer string
	}
	all := make([]world, worlds)
	for i := range all {
		e := env.NewEnvironment(t)
		all[i] = world{Env: e, system: e.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)}
		all[i].issuer = configuration(t, e).Issuer
	}
	issuers := map[string]bool{}
	for _, w := range all {
		issuers[w.issuer] = true
	}
	if len(issuers) != worlds {
		t.Fatalf("%d environments have %d issuers", worlds, len(issuers))
	}
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(worker)))
			for n := range requests / workers {
				w := all[random.IntN(worlds)]
				if err := askOne(t, w.Env, w.system, w.issuer, all[random.IntN(worlds)].system.ID, fmt.Sprintf("%d-%d", worker, n), random.IntN(20)); err != nil {
					t.Errorf("environment %s: %v", w.Name(), err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func configuration(t *testing.T, e *testenv.Env) btpclient.Configuration {
	t.Helper()
	c, err := btpclient.New(btpclient.Config{RegistryURL: e.HTTP(), Transport: e.Client().Transport})
	if err != nil {
		t.Fatal(err)
	}
	conf, err := c.Configuration(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return conf
}

// askOne makes one request of a kind and says what is wrong with its answer.
func askOne(t *testing.T, e *testenv.Env, own btpclient.System, issuer, foreign, name string, kind int) error {
	ctx := t.Context()
	switch kind {
	case 0:
		made, err := e.Operator().Register(ctx, "default", name, testenv.CommerceCloud)
		if err != nil || !strings.HasPrefix(made.IntegrationToken.TokenURL, e.MTLS()+"/v1/") {
			return fmt.Errorf("registered as %+v, %w", made, err)
		}
	case 1, 2:
		got, err := e.Operator().SystemNamed(ctx, "default", "Web Shop")
		if err != nil || got.ID != own.ID {
			return fmt.Errorf("Web Shop is %s, %w, want %s", got.ID, err, own.ID)
		}
	case 3, 4:
		if conf := configuration(t, e); conf.Issuer != issuer || conf.Environment != e.Name() || conf.JWKSURI != e.HTTP()+"/.well-known/jwks.json" {
			return fmt.Errorf("it says it is %+v", conf)
		}
	case 5, 6, 7:
		if got, err := e.Operator().System(ctx, foreign); foreign != own.ID && btpclient.CodeOf(err) != "system-not-found" {
			return fmt.Errorf("it has the system of another: %+v, %w", got, err)
		}
	case 8, 9:
		inspected, err := e.Operator().InspectToken(ctx, own.IntegrationToken.Token)
		if err != nil || !inspected.Accepted {
			return fmt.Errorf("its own token is refused: %+v, %w", inspected.Refusal, err)
		}
	default:
		got, err := e.Operator().System(ctx, own.ID)
		if err != nil || got.ID != own.ID || got.Name != "Web Shop" {
			return fmt.Errorf("its system is %+v, %w", got, err)
		}
	}
	return nil
}
