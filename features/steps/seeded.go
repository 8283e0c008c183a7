package steps

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/pairsim/pairsim/btpclient"
)

// seededSteps compare what registries draw that are strict by one seed, or by another.
func (w *world) seededSteps(d definitions) {
	d.Given(`^there is an environment "([^"]*)" that is strict by the seed (\d+)$`, w.thereIsAStrictEnvironment)
	d.Given(`^somebody else has asked for much in the environment "([^"]*)"$`, w.somebodyHasAskedForMuch)

	d.When(`^a program asks the same of (.+), again and again$`, w.aProgramAsksTheSame)

	d.Then(`^"([^"]*)" has answered to the letter as "([^"]*)", and "([^"]*)" has not$`, w.theyHaveAnsweredAlike)
}

func (w *world) thereIsAStrictEnvironment(ctx context.Context, name string, seed uint64) error {
	text, err := json.Marshal(map[string]any{"clock": members{"frozen": true, "at": "2030-01-01T10:00:00Z"}, "strict": members{"seed": seed}})
	if err != nil {
		return err
	}
	return w.make(ctx, btpclient.NewEnvironment{Name: name, Seed: text})
}

// somebodyHasAskedForMuch asks for other things than the program does.
func (w *world) somebodyHasAskedForMuch(ctx context.Context, environment string) error {
	there, err := w.at(environment)
	if err != nil {
		return err
	}
	for range often {
		if _, err := there.operator.GlobalAccounts(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) aProgramAsksTheSame(ctx context.Context, list string) error {
	w.drawn = map[string][][]byte{}
	for _, name := range names(list) {
		there, err := w.at(name)
		if err != nil {
			return err
		}
		for range often {
			h, err := there.ask(ctx, http.MethodGet, there.landscape.HTTP()+"/api/v1/systemTypes", "")
			if err != nil {
				return err
			}
			if h.status != http.StatusOK {
				return fmt.Errorf("in the environment %s: got status %d, want 200", name, h.status)
			}
			w.drawn[name] = append(w.drawn[name], h.body)
		}
	}
	return nil
}

func (w *world) theyHaveAnsweredAlike(two, one, other string) error {
	if len(w.drawn[one]) != often {
		return fmt.Errorf("the program has asked %d times, want %d", len(w.drawn[one]), often)
	}
	if !slices.EqualFunc(w.drawn[one], w.drawn[two], bytes.Equal) {
		return fmt.Errorf("%s and %s have one seed, and have answered otherwise", one, two)
	}
	if slices.EqualFunc(w.drawn[one], w.drawn[other], bytes.Equal) {
		return fmt.Errorf("%s has another seed than %s, and has answered to the letter alike", other, one)
	}
	return nil
}
