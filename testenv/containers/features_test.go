//go:build containers

package containers_test

import (
	"crypto/x509"
	"os"
	"testing"

	"github.com/pairsim/pairsim/features/verify"
	"github.com/pairsim/pairsim/testenv/containers"
)

// inContainers are the features of what goes over the wire between containers; all the
// others are about rules, which do not know where they run. PAIRSIM_VOLUME=full takes
// them too.
func inContainers() []string {
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		return nil
	}
	return []string{"pairing.feature", "wire.feature"}
}

// TestFeatures holds a container to the features, each scenario in an environment of its
// own, and all that it can be asked for: a scenario that is not applicable has its
// reason, and most are.
func TestFeatures(t *testing.T) {
	t.Parallel()
	c := run(t)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(c.CA())
	report, err := verify.Run(t.Context(), verify.Target{
		HTTP: c.HTTP(), MTLS: c.MTLS(), Control: c.Control(), ControlKey: c.ControlKey(), Apart: true, Roots: roots,
	}, verify.Options{Paths: inContainers()})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		if r.Outcome == verify.Failed {
			t.Errorf("%s: %s\nat: %s\n%s", r.Feature, r.Name, r.Step, r.Reason)
		}
	}
	passed, skipped := report.Count(verify.Passed), report.Count(verify.NotApplicable)
	t.Logf("%d scenarios passed, %d are not applicable", passed, skipped)
	if skipped > passed/4 {
		t.Errorf("%d scenarios passed and %d were not applicable, want nearly all to pass", passed, skipped)
	}
}

// wire holds a registry in a container, its tenants in others, to the wire's scenarios.
func wire(t *testing.T, l *containers.Landscape) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.CA())
	report, err := verify.Run(t.Context(), verify.Target{HTTP: l.HTTP(), MTLS: l.MTLS(), Roots: roots}, verify.Options{Tags: "@wire"})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		if r.Outcome != verify.Passed {
			t.Errorf("%s: %s is %s\nat: %s\n%s", r.Feature, r.Name, r.Outcome, r.Step, r.Reason)
		}
	}
}
