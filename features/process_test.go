package features_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cucumber/godog"

	"github.com/pairsim/pairsim/features/steps"
	"github.com/pairsim/pairsim/testenv"
)

// TestFeaturesAsProcess holds the binary, as a user starts it, to the features about
// what crosses the border of a process; with PAIRSIM_VOLUME=full to all.
func TestFeaturesAsProcess(t *testing.T) {
	t.Parallel()
	as := options
	as.Paths = []string{"pairing.feature", "wire.feature", "strictness.feature"}
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		as.Paths = options.Paths
	}
	suite := godog.TestSuite{Name: "features as process", ScenarioInitializer: scenario(asProcess(t.TempDir())), Options: &as}
	if suite.Run() != 0 {
		t.Fatal("scenarios failed; see the summary above")
	}
}

// asProcess starts the binary for each scenario, whose wishes are flags and a seed file
// in folder.
func asProcess(folder string) steps.Start {
	return func(ctx context.Context, s steps.Settings) (steps.Landscape, func() error, error) {
		options := []testenv.ProcessOption{testenv.WithFlags(flagsOf(s)...)}
		if len(s.Tenants) > 0 {
			file, err := seedOf(folder, s.Tenants)
			if err != nil {
				return nil, nil, err
			}
			options = append(options, testenv.WithSeedFile(file))
		}
		p, err := testenv.NewProcess(ctx, options...)
		if err != nil {
			return nil, nil, err
		}
		return p, p.Close, nil
	}
}

func flagsOf(s steps.Settings) []string {
	flags := []string{"--edition=" + cmp.Or(s.Edition, "v1")}
	for flag, wanted := range map[string]bool{
		"--burn-on-rejected-csr": s.BurntTokens, "--name-collision=stop-sync": s.CollisionsStopSync, "--abandoned=error": s.AbandonedAsError,
		"--trusted-proxy=127.0.0.0/8": s.TrustedProxy, "--revocation=strict": s.StrictRevocation, "--no-tenant-renewal": s.NoTenantRenewal, "--auth": s.Auth,
		"--callback-timeout=" + s.CallbackTimeout.String(): s.CallbackTimeout > 0,
		"--gateway-timeout=" + s.GatewayTimeout.String():   s.GatewayTimeout > 0,
		"--strict=" + strconv.FormatUint(s.Strict, 10):     s.Strict != 0,
		"--strict-off=" + strings.Join(s.StrictOff, ","):   len(s.StrictOff) > 0,
	} {
		if wanted {
			flags = append(flags, flag)
		}
	}
	for transition, d := range s.Durations {
		flags = append(flags, fmt.Sprintf("--%s=after=%s", transition, d))
	}
	return flags
}

// seedOf writes a seed file with further tenants beside one of each product.
func seedOf(folder string, further map[string]string) (string, error) {
	tenants := []map[string]string{}
	for _, product := range []string{"commerce", "fsm", "c4c", "marketing"} {
		tenants = append(tenants, map[string]string{"id": product, "product": product})
	}
	for _, id := range slices.Sorted(maps.Keys(further)) {
		tenants = append(tenants, map[string]string{"id": id, "product": further[id]})
	}
	text, err := json.Marshal(map[string]any{"clock": map[string]any{"frozen": true, "at": testenv.Epoch}, "tenants": tenants})
	if err != nil {
		return "", err
	}
	file, err := os.CreateTemp(folder, "seed-*.yaml")
	if err != nil {
		return "", err
	}
	_, err = file.Write(text)
	return file.Name(), errors.Join(err, file.Close())
}
