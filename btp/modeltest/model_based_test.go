package modeltest

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/store/postgres"
	"github.com/pairsim/pairsim/btp/store/postgres/postgrestest"
	"github.com/pairsim/pairsim/btp/store/sqlite"
	"github.com/pairsim/pairsim/internal/rapidtest"
)

// inMemory outlives a registry, as a store of another process would.
type inMemory struct{ kept btp.Store }

func (s inMemory) open(context.Context) (btp.Store, error) { return s.kept, nil }

// kept closes the store at a place and opens it again.
type kept struct {
	place string
	at    func(ctx context.Context, place string) (btp.Store, error)
	last  btp.Store
}

func (s *kept) open(ctx context.Context) (_ btp.Store, err error) {
	if s.last != nil {
		if err := s.last.Close(); err != nil {
			return nil, err
		}
	}
	s.last, err = s.at(ctx, s.place)
	return s.last, err
}

// storages are the stores on which every sequence is carried out.
var storages = map[string]func(*testing.T) storage{
	"memory": func(*testing.T) storage { return inMemory{memory.New()} },
	"sqlite": func(t *testing.T) storage {
		return closing(t, &kept{place: filepath.Join(t.TempDir(), "model.db"), at: func(ctx context.Context, file string) (btp.Store, error) {
			return sqlite.Open(ctx, file)
		}})
	},
	"postgres": func(t *testing.T) storage {
		return closing(t, &kept{place: postgrestest.New(t), at: func(ctx context.Context, address string) (btp.Store, error) {
			return postgres.Open(ctx, address)
		}})
	},
}

func closing(t *testing.T, s *kept) *kept {
	t.Cleanup(func() {
		if s.last != nil {
			_ = s.last.Close()
		}
	})
	return s
}

var worlds atomic.Int64

// carryOut does what s says in a fresh environment and in a fresh model. The
// error tells where the two part.
func (s sequence) carryOut(ctx context.Context, from storage) error {
	w, err := newWorld(ctx, s, btp.EnvironmentID(fmt.Sprint("world-", worlds.Add(1))), from)
	if err != nil {
		return err
	}
	defer func() { w.Close() }()
	m := newModel(s.edition, s.transitions)
	before, err := w.look()
	if err != nil {
		return err
	}
	for i, o := range s.ops {
		want, refusal := m.do(o), w.do(o)
		if got := string(btp.CodeOf(refusal)); got != want {
			return fmt.Errorf("operation %d, %s: got %q (%s), want %q", i+1, o, got, fmt.Sprint(refusal), want)
		}
		after, err := w.look()
		if err != nil {
			return fmt.Errorf("operation %d, %s: look around: %w", i+1, o, err)
		}
		if diff := cmp.Diff(m.lines(), w.lines(after)); diff != "" {
			return fmt.Errorf("operation %d, %s: what is seen differs (-want +got):\n%s", i+1, o, diff)
		}
		if broken := invariants(before, after, o, refusal == nil); len(broken) > 0 {
			return fmt.Errorf("operation %d, %s breaks sap-domain\n%s", i+1, o, indent(broken))
		}
		before = after
	}
	return nil
}

// TestRandomOperations carries out random sequences: in make test always the same, so
// that what it finds is about a change; in make soak new ones. A failing one is shrunk
// and printed as it is kept in testdata/regressions.
//
// Rule: system-name-ascii, token-validity-cx, token-validity-marketing, token-single-use
// Rule: token-expiry-keeps-status, pairing-makes-registered, pairing-failure-is-error, deregister-status-forbids
// Rule: deregister-blocked-by-formation, deregister-blocked-by-entitlement, formation-cx-before-pairing, formation-marketing-after-pairing
// Rule: access-needs-pairing-and-formation, token-quota, reregister-same-tenant, remove-registered-refused
func TestRandomOperations(t *testing.T) {
	few, many, longest := map[string]int{"memory": 80, "sqlite": 12, "postgres": 3}, map[string]int{"memory": 10_000, "sqlite": 1_000, "postgres": 200}, 100
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		longest = 200
	}
	for name, open := range storages {
		t.Run(name, func(t *testing.T) {
			from := open(t)
			rapidtest.Volume(t, few[name], many[name])
			var failed sequence
			defer func() {
				if t.Failed() {
					t.Logf("Keep this in testdata/regressions:\n\n%s", failed.smallest(from))
				}
			}()
			rapid.Check(t, func(rt *rapid.T) {
				s := drawSequence(rt, longest)
				if err := s.carryOut(t.Context(), from); err != nil {
					failed = s
					rt.Fatalf("%v\n\n%s", err, s)
				}
			})
		})
	}
}

// smallest leaves out every operation without which s fails as well: rapid has
// done so with whole templates.
func (s sequence) smallest(from storage) sequence {
	for i := len(s.ops) - 1; i >= 0; i-- {
		shorter := s
		shorter.ops = slices.Delete(slices.Clone(s.ops), i, i+1)
		if shorter.carryOut(context.Background(), from) != nil {
			s = shorter
		}
	}
	return s
}

// TestRegressions carries out the sequences that failed once, or that somebody
// thought of.
func TestRegressions(t *testing.T) {
	files, err := filepath.Glob("testdata/regressions/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files (%v)", len(files), err)
	}
	for name, open := range storages {
		t.Run(name, func(t *testing.T) {
			from := open(t)
			for _, file := range files {
				t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { carryOutFile(t, file, from) })
			}
		})
	}
}

func carryOutFile(t *testing.T, file string, from storage) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseSequence(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if err := s.carryOut(t.Context(), from); err != nil {
		t.Errorf("%v\n\n%s", err, s)
	}
}

func TestSequenceIsReadAsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSequence(rt, 20)
		again, err := parseSequence("# as written\n\n" + s.String())
		if err != nil || again.String() != s.String() {
			rt.Fatalf("got %v (%v), want %v", again, err, s)
		}
	})
	for _, text := range []string{"register default/Shop commerce", "world v1", "world v1 transitions=0s\nexplode"} {
		if _, err := parseSequence(text); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}

// TestModelKnowsEveryFaultPoint: what can be made to fail has its effect in the model.
func TestModelKnowsEveryFaultPoint(t *testing.T) {
	t.Parallel()
	known := slices.Concat(slices.Collect(maps.Keys(faultEffects)), slices.Collect(maps.Values(requestPoints)), certificatePoints, unmetPoints)
	for _, p := range btp.FaultPoints {
		if !slices.Contains(known, string(p.Point)) {
			t.Errorf("the model knows nothing of a fault at %s: give it an effect in model_test.go", p.Point)
		}
	}
}

// TestEveryOperationIsDrawn: a verb without a template would never be tried.
func TestEveryOperationIsDrawn(t *testing.T) {
	t.Parallel()
	for verb := range verbs {
		if !slices.ContainsFunc(templates, func(t template) bool { return strings.Contains("\n"+t.text+" ", "\n"+verb+" ") }) {
			t.Errorf("no template has %s", verb)
		}
	}
}
