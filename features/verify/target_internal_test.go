package verify

import (
	"reflect"
	"testing"
	"time"

	"github.com/pairsim/pairsim/features/steps"
)

// TestEveryWishIsMetOrNotApplicable: what a scenario wants of its landscape is asked
// of the target, or said to be more than a running server can be asked for. A wish
// that is forgotten here would fail a target that does nothing wrong.
func TestEveryWishIsMetOrNotApplicable(t *testing.T) {
	plainly, err := newEnvironment(steps.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	apart := map[string]bool{
		"Durations": true, // set when the environment is there
		"StrictOff": true, // of Strict
	}
	for i := range reflect.TypeFor[steps.Settings]().NumField() {
		field := reflect.TypeFor[steps.Settings]().Field(i)
		wanted := reflect.New(reflect.TypeFor[steps.Settings]()).Elem()
		wanted.Field(i).Set(something(t, field.Type))
		asked, err := newEnvironment(wanted.Interface().(steps.Settings))
		if err != nil {
			t.Fatal(err)
		}
		asked.Name = plainly.Name
		if unmet(wanted.Interface().(steps.Settings)) == "" && reflect.DeepEqual(asked, plainly) && !apart[field.Name] {
			t.Errorf("%s is neither asked of the target nor not applicable", field.Name)
		}
	}
}

func something(t *testing.T, kind reflect.Type) reflect.Value {
	t.Helper()
	for _, v := range []any{"v2", true, time.Minute, uint64(1), []string{"S-01"}, map[string]string{"shop": "commerce"}, map[string]time.Duration{"removing": time.Minute}} {
		if reflect.TypeOf(v) == kind {
			return reflect.ValueOf(v)
		}
	}
	t.Fatalf("this test has nothing of type %s", kind)
	return reflect.Value{}
}
