package seed

import (
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/landscape"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	f, err := Parse([]byte(`
systems:
  - {name: Web Shop, type: SAP Commerce Cloud}
faults:
  - {recipe: lost-certificate-answer, system: Web Shop}
  - {point: removal.complete, cause: disk full, times: 2}
  - point: services.*
    match: {tenant: commerce}
    action: {kind: fail, answer: {status: 503, headers: {Retry-After: "5"}}}
    schedule: {probability: 0.25}
`))
	if err != nil {
		t.Fatal(err)
	}
	cfg := landscape.Default()
	cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", landscape.Off, landscape.Off
	if err := f.Apply(&cfg); err != nil {
		t.Fatal(err)
	}
	l, err := landscape.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(t.Context()) //nolint:errcheck // nothing is under way
	set := l.Registry().Faults()
	if len(set) != 3 || set[0].Recipe != "lost-certificate-answer" || set[0].Match.System == "" || set[1].Schedule.Limit != 2 ||
		set[2].Action.Answer.Headers["Retry-After"] != "5" || set[2].Schedule.Probability != 0.25 || set[2].Match.Tenant != "commerce" {
		t.Errorf("got %+v", set)
	}
	if set[1].Action.Kind != btp.FaultFail || set[1].Action.Cause != "disk full" {
		t.Errorf("got the plain form as %+v", set[1].Action)
	}
}

func TestRefusedFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`faults: [{cause: x}]`:                                                          "faults[0]",
		`faults: [{recipe: x, point: pairing.csr}]`:                                     "faults[0]",
		`faults: [{recipe: tea}]`:                                                       "no recipe",
		`faults: [{recipe: tenant-down, cause: x}]`:                                     "nothing else",
		`faults: [{point: pairing.csr, system: x}]`:                                     "in match",
		`faults: [{point: pairing.csr, action: {kind: drop}}]`:                          "when: before",
		`faults: [{point: pairing.csr, action: {kind: explode}}]`:                       "faults[0].action.kind",
		`faults: [{point: pairing.csr, action: {kind: hold}, schedule: {first: -1}}]`:   "faults[0].schedule.first",
		`faults: [{point: pairing.csr, action: {kind: hold}, match: {system: nobody}}]`: "nobody",
		`faults: [{point: clock.change}]`:                                               "control listener",
		`faults: [{recipe: remove-error}]`:                                              "edition",
	} {
		f, err := Parse([]byte(text))
		if err == nil {
			err = f.Try(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
