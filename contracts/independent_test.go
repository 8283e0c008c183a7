//go:build pact

package contracts_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	example "github.com/pairsim/pairsim/contracts/examples/go"
	"github.com/pairsim/pairsim/contracts/verifier"
)

// TestIndependentVerifier holds our providers against the pacts with the verifier of
// npm's @pact-foundation/pact too: another version of the Pact library, another client
// of it. A stage presents the client certificates.
func TestIndependentVerifier(t *testing.T) {
	if _, err := os.Stat("examples/node/node_modules/@pact-foundation/pact"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("@pact-foundation/pact is missing: %v; scripts/pact.sh unpacks it", err)
		}
		t.Skipf("NOT CHECKED, @pact-foundation/pact is missing: %v. Install npm, then run scripts/pact.sh", err)
	}
	files := map[string][]string{}
	for _, f := range committed(t) {
		path, err := filepath.Abs(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Provider] = append(files[f.Provider], path)
	}
	for provider, paths := range files {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			stage, err := verifier.NewStage(ours(t).Provider(), "")
			if err != nil {
				t.Fatal(err)
			}
			defer stage.Close()
			if out, err := verifyByNode(t, provider, stage.URL, stage.StateURL, paths...); err != nil {
				t.Errorf("%v: %q\n%s", err, stage.Notes(), out)
			}
		})
	}
	t.Run("a provider that does not keep them", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(example.NewRegistry())
		defer server.Close()
		out, err := verifyByNode(t, "btp", server.URL, server.URL+"/states", files["btp"][0])
		if err == nil || !strings.Contains(out, "not kept") {
			t.Errorf("got %v\n%s", err, out)
		}
	})
}

// programsWithin bounds a program that a test runs: one holds more than two hundred
// interactions against a provider, beside all other tests of a machine.
const programsWithin = 10 * time.Minute

func verifyByNode(t *testing.T, provider, base, states string, paths ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), programsWithin)
	defer cancel()
	node := exec.CommandContext(ctx, "node", append([]string{"verify.mjs"}, paths...)...)
	node.Dir = "examples/node"
	node.Env = append(os.Environ(), "PROVIDER="+provider, "PROVIDER_BASE_URL="+base, "STATE_URL="+states, "MESSAGE_PATH="+verifier.MessagePath)
	out, err := node.CombinedOutput()
	return string(out), err
}
