// Package rapidtest says how much of a property's cases a run of the tests draws.
package rapidtest

import (
	"flag"
	"os"
	"strconv"
	"testing"
)

// ours are the flags of rapid that Volume has set: the command line has set the others.
var ours = map[string]bool{}

// Volume sets how many cases rapid draws for the properties that follow: few, always the
// same, so that what make test finds is about a change; many, new ones each time, in make
// soak. What the command line says (-rapid.checks, -rapid.seed) stays. Not for tests that
// run in parallel: rapid's flags are the process's.
func Volume(t *testing.T, few, many int) {
	t.Helper()
	checks, seed := few, "1"
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		checks, seed = many, "0" // rapid's word for a new one
	}
	set(t, "rapid.checks", strconv.Itoa(checks))
	set(t, "rapid.seed", seed)
}

func set(t *testing.T, name, value string) {
	t.Helper()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == name && !ours[name] })
	if asked {
		return
	}
	ours[name] = true
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
}
