//go:build pact

package contracts_test

import (
	"bytes"
	"flag"
	"io"
	stdlog "log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pact-foundation/pact-go/v2/log"

	"github.com/pairsim/pairsim/contracts/verifier"
)

var update = flag.Bool("update", false, "write the pact files of contracts/pacts anew")

func TestMain(m *testing.M) {
	flag.Parse()
	if err := log.SetLogLevel("ERROR"); err != nil {
		panic(err)
	}
	stdlog.SetOutput(io.Discard) // pact-go says each time that it has set up its log before
	if err := verifier.Silence(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestPacts has the code of every consumer meet what it expects, and holds the pacts
// that come of it against the committed ones.
func TestPacts(t *testing.T) {
	var contracts []*contract
	consumers := tenantConsumers()
	for _, name := range slices.Sorted(maps.Keys(consumers)) {
		s := newTenantSuite(t, name, consumers[name])
		t.Run(name, s.all)
		contracts = append(contracts, s.contract)
	}
	for _, s := range registrySuites() {
		t.Run("btp for "+s.provider, s.all)
		contracts = append(contracts, s.contract)
	}
	t.Run("extension", func(t *testing.T) { contracts = append(contracts, extensionContract(t)) })
	if t.Failed() || strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
		return // a part of the tests writes a part of the pacts
	}
	written := map[string]bool{}
	for _, c := range contracts {
		name := c.consumer + "-" + c.provider + ".json"
		written[name] = true
		file := filepath.Join("pacts", name)
		text := c.merged(t)
		if *update {
			if err := os.WriteFile(file, text, 0o644); err != nil { //nolint:gosec // committed
				t.Fatal(err)
			}
		}
		committed, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(committed, text) {
			t.Errorf("%s is not what the consumers' tests say (%v); if it should be, scripts/pact.sh go test ./contracts -run TestPacts -update\n%s",
				file, err, cmp.Diff(string(committed), string(text)))
		}
	}
	files, err := filepath.Glob(filepath.Join("pacts", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !written[filepath.Base(file)] {
			t.Errorf("%s is a pact that no test writes", file)
		}
	}
}
