//go:build pact

package contracts_test

import (
	"strings"
	"testing"

	"github.com/pairsim/pairsim/contracts/pactfile"
	"github.com/pairsim/pairsim/contracts/states"
	"github.com/pairsim/pairsim/contracts/verifier"
)

// ours starts our registry with its tenants, and the means to bring them into states.
func ours(t *testing.T) *states.States {
	t.Helper()
	s, err := states.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func committed(t *testing.T) []pactfile.File {
	t.Helper()
	files, err := pactfile.ReadDir("pacts")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestProviders holds our registry and tenants against every committed pact: over
// HTTP, and where a state gives a client certificate over mTLS. Then it looks whether
// each pact would notice if they did something else.
func TestProviders(t *testing.T) {
	for _, file := range committed(t) {
		t.Run(file.Consumer+" → "+file.Provider, func(t *testing.T) {
			t.Parallel()
			report, err := verifier.Verify(ours(t).Provider(), verifier.Options{Provider: file.Provider, Files: []pactfile.File{file}})
			if err != nil {
				t.Fatal(err)
			}
			if report.Failed() > 0 {
				var text strings.Builder
				if err := report.Write(&text); err != nil {
					t.Fatal(err)
				}
				t.Error(text.String())
			}
			if len(report.Results) != len(file.Interactions) {
				t.Errorf("%d of %d interactions were verified", len(report.Results), len(file.Interactions))
			}
			if !t.Failed() {
				hasTeeth(t, file, report)
			}
		})
	}
}
