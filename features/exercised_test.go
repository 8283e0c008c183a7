package features_test

import (
	"context"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cucumber/godog"

	"github.com/pairsim/pairsim/features"
	"github.com/pairsim/pairsim/internal/evidence"
)

// record writes internal/evidence/exercised.json anew (make evidence).
var record = flag.Bool("record", false, "record which operations the scenarios exercise; needs all scenarios")

// exercises are which operations each scenario exercises.
type exercises struct {
	keys map[string]string // a scenario's key by feature file and title, of an example with its values
	mu   sync.Mutex
	seen evidence.Exercised
}

func newExercises(t *testing.T) *exercises {
	t.Helper()
	scenarios, err := evidence.Scenarios(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	e := &exercises{keys: map[string]string{}, seen: evidence.Exercised{}}
	for _, s := range scenarios {
		for _, name := range s.Names {
			e.keys[s.File+"\x00"+name] = s.Key()
		}
	}
	return e
}

// exercisedKey is where the context of a scenario has what is told of its operations.
type exercisedKey struct{}

// exercisedBy returns who is told of a scenario's operations on a wire; nobody, where
// none watches.
func exercisedBy(ctx context.Context) func(wire string) func(operation string, struck bool) {
	return func(wire string) func(string, bool) {
		return func(operation string, struck bool) {
			if tell, ok := ctx.Value(exercisedKey{}).(func(string)); ok {
				tell(evidence.ExercisedKey(wire, operation, struck))
			}
		}
	}
}

// undocumented tells of operations that no OpenAPI document has.
func undocumented(tell func(operation string, struck bool)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			if operation, ok := evidence.UndocumentedOperation(r.Method, r.URL.Path); ok {
				tell(operation, w.Header().Get("Pairsim-Fault") != "")
			}
		})
	}
}

// watch is what initializes scenarios, with each being watched.
func (e *exercises) watch(initialize func(*godog.ScenarioContext)) func(*godog.ScenarioContext) {
	return func(sc *godog.ScenarioContext) {
		sc.Before(func(ctx context.Context, s *godog.Scenario) (context.Context, error) {
			key := e.keys[filepath.Base(s.Uri)+"\x00"+s.Name]
			e.mu.Lock()
			defer e.mu.Unlock()
			e.seen[key] = append(e.seen[key], []string{}...)
			return context.WithValue(ctx, exercisedKey{}, func(operation string) { e.add(key, operation) }), nil
		})
		initialize(sc)
	}
}

func (e *exercises) add(key, operation string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Contains(e.seen[key], operation) {
		e.seen[key] = append(e.seen[key], operation)
	}
}

// unsteady tells whether what a scenario asks for differs from run to run: it goes on until
// a strict registry has drawn something, or is about what ends by itself in real time.
func unsteady(key string) bool {
	return strings.HasPrefix(key, "strict_answers.feature: ") || key == "environments.feature: Its time is up"
}

// compare holds the record against what was seen: what it claims of a scenario that was
// carried out has to be so, unless that is unsteady. With -record it is written.
func (e *exercises) compare(t *testing.T) {
	t.Helper()
	const root = ".."
	e.mu.Lock()
	defer e.mu.Unlock()
	if *record {
		wires, err := evidence.Wires(os.DirFS(root))
		if err != nil {
			t.Fatal(err)
		}
		text, err := e.seen.Of(wires).JSON()
		if err == nil {
			err = os.WriteFile(filepath.Join(root, evidence.ExercisedFile), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	recorded, err := evidence.ReadExercised(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for key, seen := range e.seen {
		if unsteady(key) {
			continue
		}
		for _, operation := range recorded.Missing(key, seen) {
			t.Errorf("%s exercises no %s, as %s claims; make evidence records anew", key, operation, evidence.ExercisedFile)
		}
	}
}
