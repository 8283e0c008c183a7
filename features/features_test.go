package features_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/cucumber/godog"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi/openapitest"
	"github.com/pairsim/pairsim/features"
	"github.com/pairsim/pairsim/features/steps"
	"github.com/pairsim/pairsim/internal/evidence"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/openapi/conformance"
	"github.com/pairsim/pairsim/testenv"
)

// options can be changed by flags: go test ./features -godog.tags=@x. GODOG_TAGS
// says the same where flags are not to hand.
var options = godog.Options{
	Strict: true, Randomize: -1, Concurrency: 4, Format: "progress", NoColors: true,
	FS: features.FS, Paths: []string{"."}, Tags: os.Getenv("GODOG_TAGS"), Output: os.Stdout,
}

func init() { godog.BindFlags("godog.", flag.CommandLine, &options) }

// TestFeatures gives each scenario a landscape of its own in this process or, as
// PAIRSIM_FEATURES says, an environment of one that all share (environments), or the
// binary as a process of its own (process).
func TestFeatures(t *testing.T) {
	start := inProcess
	where := os.Getenv("PAIRSIM_FEATURES")
	switch where {
	case "":
	case "environments":
		start = environmentsOf(testenv.Start(t))
	case "process":
		start = asProcess(t.TempDir())
	default:
		t.Fatalf("PAIRSIM_FEATURES=%s: want environments or process", where)
	}
	seen := newExercises(t)
	suite := godog.TestSuite{Name: "features", ScenarioInitializer: seen.watch(scenario(start)), Options: &options}
	if suite.Run() != 0 {
		t.Fatal("scenarios failed; see the summary above")
	}
	if where != "process" { // whose answers nobody sees here
		seen.compare(t)
	}
}

// TestFeaturesInEnvironments carries out the features of pairing in many environments
// of one server at once: with PAIRSIM_VOLUME=full in 100.
func TestFeaturesInEnvironments(t *testing.T) {
	t.Parallel()
	runs := 4
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		runs = 100
	}
	start := environmentsOf(testenv.Start(t))
	var done sync.WaitGroup
	for run := range runs {
		done.Go(func() {
			var out bytes.Buffer
			suite := godog.TestSuite{
				Name: fmt.Sprint("pairing ", run), ScenarioInitializer: scenario(start),
				Options: &godog.Options{
					Strict: true, Randomize: int64(run + 1), Format: "progress", NoColors: true,
					FS: features.FS, Paths: []string{"pairing.feature"}, Output: &out,
				},
			}
			if suite.Run() != 0 {
				t.Errorf("run %d failed:\n%s", run, out.String())
			}
		})
	}
	done.Wait()
}

// TestFeaturesWithAStrictRegistry holds the same scenarios, here those about
// pairing and with PAIRSIM_VOLUME=full all, against a registry that is unfriendly
// where no scenario speaks of it: with its answers, not with where and when it gives
// them. They must also still go by the OpenAPI document.
func TestFeaturesWithAStrictRegistry(t *testing.T) {
	strictly := options
	strictly.Paths = []string{"pairing.feature"}
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		strictly.Paths = options.Paths
	}
	suite := godog.TestSuite{Name: "strict features", Options: &strictly, ScenarioInitializer: scenario(
		func(ctx context.Context, s steps.Settings) (steps.Landscape, func() error, error) {
			if s.Strict == 0 {
				s.Strict, s.StrictOff = 11, []string{"S-05", "S-06", "S-07", "S-08", "S-09"}
			}
			return inProcess(ctx, s)
		})}
	if suite.Run() != 0 {
		t.Fatal("scenarios failed; see the summary above")
	}
}

// inProcess starts a landscape in this process. Every answer of an API that has an
// OpenAPI document is held against it; what goes against it fails the scenario.
func inProcess(ctx context.Context, s steps.Settings) (steps.Landscape, func() error, error) {
	return checked(ctx, s, func(options ...testenv.Option) (*testenv.Env, error) { return testenv.New(ctx, options...) })
}

func checked(ctx context.Context, s steps.Settings, start func(...testenv.Option) (*testenv.Env, error)) (steps.Landscape, func() error, error) {
	var wire violations
	exercised := exercisedBy(ctx)
	checkControl, err := openapitest.Control.Middleware(wire.report, exercised("control"))
	if err != nil {
		return nil, nil, err
	}
	var checks []func(http.Handler) http.Handler
	for name, api := range map[string]*conformance.API{
		"registry": openapitest.Registry, "destinations": openapitest.Destinations, "tokens": openapitest.TokenService,
		"broker": openapitest.Broker, "manager": openapitest.Manager, "bus": openapitest.EventBus,
		"tenants": openapitest.Tenants,
	} {
		check, err := api.Middleware(wire.report, exercised(name))
		if err != nil {
			return nil, nil, err
		}
		checks = append(checks, check)
	}
	checks = append(checks, undocumented(exercised(evidence.Undocumented)))
	check := func(h http.Handler) http.Handler {
		for _, wrap := range checks {
			h = wrap(h)
		}
		return h
	}
	env, err := start(append(optionsOf(s), testenv.WithPublicHandler(check), testenv.WithControlHandler(checkControl))...)
	if err != nil {
		return nil, nil, err
	}
	return env, func() error { return errors.Join(env.Close(), wire.seen()) }, nil
}

// environmentsOf makes an environment of a server for each scenario. Scenarios
// about what a server is as a whole get one of their own.
func environmentsOf(server *testenv.Env) steps.Start {
	return func(ctx context.Context, s steps.Settings) (steps.Landscape, func() error, error) {
		if s.Auth || s.OwnServer {
			return inProcess(ctx, s)
		}
		return checked(ctx, s, func(options ...testenv.Option) (*testenv.Env, error) { return server.Environment(ctx, options...) })
	}
}

func optionsOf(s steps.Settings) []testenv.Option {
	list := []testenv.Option{testenv.WithEdition(cmp.Or(s.Edition, "v1"))}
	if s.BurntTokens {
		list = append(list, testenv.WithBurntTokens())
	}
	if s.AbandonedAsError {
		list = append(list, testenv.WithAbandonedAsError())
	}
	if s.CollisionsStopSync {
		list = append(list, testenv.WithCollisionsStopSync())
	}
	if s.StrictRevocation {
		list = append(list, testenv.WithStrictRevocation())
	}
	for transition, d := range s.Durations {
		list = append(list, testenv.WithDuration(transition, d))
	}
	if s.NoTenantRenewal {
		list = append(list, testenv.WithoutTenantRenewal())
	}
	if s.CallbackTimeout > 0 {
		list = append(list, testenv.WithCallbackTimeout(s.CallbackTimeout))
	}
	if s.GatewayTimeout > 0 {
		list = append(list, testenv.WithGatewayTimeout(s.GatewayTimeout))
	}
	for id, product := range s.Tenants {
		list = append(list, testenv.WithTenant(id, product))
	}
	if s.Strict != 0 {
		list = append(list, testenv.WithStrict(s.Strict, s.StrictOff...))
	}
	if s.Auth {
		list = append(list, testenv.WithAuth())
	}
	if s.TrustedProxy {
		list = append(list, func(c *landscape.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	}
	return list
}

// violations collects what goes against the OpenAPI document, over all requests
// of a scenario.
type violations struct {
	mu   sync.Mutex
	errs []error
}

func (v *violations) report(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.errs = append(v.errs, err)
}

func (v *violations) seen() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.errs) == 0 {
		return nil
	}
	return errors.Join(append([]error{errors.New("answers went against the OpenAPI documents")}, v.errs...)...)
}

// TestEveryRecipeHasAScenario looks for the tag @recipe-NAME.
func TestEveryRecipeHasAScenario(t *testing.T) {
	suite := godog.TestSuite{Options: &godog.Options{FS: features.FS, Paths: []string{"."}}}
	all, err := suite.RetrieveFeatures()
	if err != nil {
		t.Fatal(err)
	}
	tagged := map[string]bool{}
	for _, feature := range all {
		for _, scenario := range feature.Pickles {
			for _, tag := range scenario.Tags {
				if name, ok := strings.CutPrefix(tag.Name, "@recipe-"); ok {
					tagged[name] = true
				}
			}
		}
	}
	for _, recipe := range btp.Recipes {
		if !tagged[recipe.Name] {
			t.Errorf("no scenario is tagged @recipe-%s", recipe.Name)
		}
		delete(tagged, recipe.Name)
	}
	for name := range tagged {
		t.Errorf("a scenario is tagged @recipe-%s, and there is no such recipe", name)
	}
}

// TestEveryInvariantHasAScenario looks for the tag @invariant-N of sap-domain §24.
func TestEveryInvariantHasAScenario(t *testing.T) {
	suite := godog.TestSuite{Options: &godog.Options{FS: features.FS, Paths: []string{"."}}}
	all, err := suite.RetrieveFeatures()
	if err != nil {
		t.Fatal(err)
	}
	tagged := map[string]int{}
	for _, feature := range all {
		for _, scenario := range feature.Pickles {
			for _, tag := range scenario.Tags {
				tagged[tag.Name]++
			}
		}
	}
	const first, last = 1, 17
	for n := first; n <= last; n++ {
		tag := fmt.Sprintf("@invariant-%d", n)
		if tagged[tag] == 0 {
			t.Errorf("no scenario has the tag %s", tag)
		}
		delete(tagged, tag)
	}
	for tag := range tagged {
		if strings.HasPrefix(tag, "@invariant") {
			t.Errorf("the tag %s names no invariant", tag)
		}
	}
}
