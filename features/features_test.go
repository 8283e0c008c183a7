package features_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/cucumber/godog"

	"github.com/pairsim/pairsim/btp/httpapi/openapitest"
	"github.com/pairsim/pairsim/features"
	"github.com/pairsim/pairsim/features/steps"
	"github.com/pairsim/pairsim/testenv"
)

// options can be changed by flags: go test ./features -godog.tags=@x. GODOG_TAGS
// says the same where flags are not to hand.
var options = godog.Options{
	Strict: true, Randomize: -1, Concurrency: 4, Format: "progress", NoColors: true,
	FS: features.FS, Paths: []string{"."}, Tags: os.Getenv("GODOG_TAGS"), Output: os.Stdout,
}

func init() { godog.BindFlags("godog.", flag.CommandLine, &options) }

func TestFeatures(t *testing.T) {
	suite := godog.TestSuite{Name: "features", ScenarioInitializer: steps.Scenario(inProcess), Options: &options}
	if suite.Run() != 0 {
		t.Fatal("scenarios failed; see the summary above")
	}
}

// inProcess starts a landscape in this process. Every answer of the API is held
// against its OpenAPI document; what goes against it fails the scenario.
func inProcess(ctx context.Context, s steps.Settings) (steps.Landscape, func() error, error) {
	var wire violations
	check, err := openapitest.Middleware(wire.report)
	if err != nil {
		return nil, nil, err
	}
	env, err := testenv.New(ctx, optionsOf(s, check)...)
	if err != nil {
		return nil, nil, err
	}
	return env, func() error { return errors.Join(env.Close(), wire.seen()) }, nil
}

func optionsOf(s steps.Settings, wrap func(http.Handler) http.Handler) []testenv.Option {
	list := []testenv.Option{testenv.WithEdition(cmp.Or(s.Edition, "v1")), testenv.WithPublicHandler(wrap)}
	if s.BurntTokens {
		list = append(list, testenv.WithBurntTokens())
	}
	if s.AbandonedAsError {
		list = append(list, testenv.WithAbandonedAsError())
	}
	if s.StrictRevocation {
		list = append(list, testenv.WithStrictRevocation())
	}
	for transition, d := range s.Durations {
		list = append(list, testenv.WithDuration(transition, d))
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
	if s.Auth {
		list = append(list, testenv.WithAuth())
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
	return errors.Join(append([]error{errors.New("answers went against the OpenAPI document")}, v.errs...)...)
}

// TestEveryInvariantHasAScenario looks for the tag @invariant-N of sap-domain §24.
// Service instances, of which 12 to 14 speak, do not exist yet.
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
		if later := n >= 12 && n <= 14; tagged[tag] == 0 && !later {
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
