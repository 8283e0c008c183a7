package odata

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/internal/records"
)

// things is a service with a property of each type.
var things = Service{Namespace: "test", Sets: []Set{{
	Name: "Things", Type: "Thing", Keys: []string{"ID", "Part"}, Collection: "things", Concurrency: "Changed",
	Properties: []Property{
		{Name: "ID", Type: String},
		{Name: "Part", Type: Int32},
		{Name: "Name", Type: String, MaxLength: 20},
		{Name: "Done", Type: Boolean},
		{Name: "Big", Type: Int64},
		{Name: "Price", Type: Decimal, Scale: 2},
		{Name: "Ratio", Type: Double},
		{Name: "UUID", Type: GUID},
		{Name: "Start", Type: DateTime},
		{Name: "Changed", Type: DateTimeOffset},
	},
	Navigations: []Navigation{{Name: "Siblings", Target: "Things", Many: true, Here: []string{"ID"}, There: []string{"ID"}}},
	Prepare:     func(*records.Tx, map[string]any, map[string]any) error { return nil },
}}}

var thing = map[string]any{
	"ID": "a'b", "Part": json.Number("3"), "Name": "Grüne Tür", "Done": true, "Big": "9007199254740993", "Price": "12.50",
	"Ratio": json.Number("0.25"), "UUID": "253f842d-d739-41b8-ac8c-139ac7a9dd14", "Start": "2030-01-31T10:20:30Z", "Changed": nil,
}

func TestFilter(t *testing.T) {
	if err := things.Validate(); err != nil {
		t.Fatal(err)
	}
	for filter, want := range map[string]bool{
		`ID eq 'a''b'`:            true,
		`ID ne 'a''b'`:            false,
		`Part eq 3`:               true,
		`Part gt 2 and Part lt 4`: true,
		`Part gt 3 or Done`:       true,
		`not Done`:                false,
		`not (Part eq 3) or Done`: true,
		`Done eq true`:            true,
		`Part eq 3 or Part eq 4 and Done eq false`:           true, // and binds tighter
		`(Part eq 3 or Part eq 4) and Done eq false`:         false,
		`Big eq 9007199254740993L`:                           true,
		`Big eq 9007199254740992`:                            false,
		`Price eq 12.5M`:                                     true,
		`Price ge 12.51`:                                     false,
		`Ratio eq 2.5e-1d`:                                   true,
		`UUID eq guid'253F842D-d739-41b8-ac8c-139ac7a9dd14'`: true,
		`Start lt datetime'2030-01-31T10:20:31'`:             true,
		`Start eq datetimeoffset'2030-01-31T12:20:30+02:00'`: true,
		`Changed eq null`:                                    true,
		`Changed gt datetimeoffset'2000-01-01T00:00:00Z'`:    false,
		`Changed lt datetimeoffset'2000-01-01T00:00:00Z'`:    false,
		`null eq Name`:                                       false,
		`substringof('Tür',Name)`:                            true,
		`substringof('tür',tolower(Name)) eq true`:           true,
		`startswith(Name,'Grü') and endswith(Name,'r')`:      true,
		`length(Name) eq 9`:                                  true,
		`indexof(Name,'Tür') eq 6`:                           true,
		`substring(Name,6) eq 'Tür'`:                         true,
		`substring(Name,6,1) eq 'T'`:                         true,
		`substring(Name,60,1) eq ''`:                         true,
		`trim('  x ') eq toupper('x')`:                       false,
		`year(Start) eq 2030 and month(Start) eq 1 and day(Start) eq 31 and hour(Start) eq 10 and minute(Start) eq 20 and second(Start) eq 30`: true,
		`year(Changed) eq null`: true,
	} {
		holds, err := parseFilter(&things.Sets[0], filter)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
		} else if got := holds(thing); got != want {
			t.Errorf("%s: got %t, want %t", filter, got, want)
		}
	}
}

func TestFilterRefusals(t *testing.T) {
	for _, filter := range []string{
		``, `Name`, `Nothing eq 1`, `Name eq`, `Name eq 'x`, `Name eq 'x' 'y'`, `Name = 'x'`, `eq`, `Name like 'x'`, `Name eq 5`,
		`Part eq '3'`, `(Part eq 3`, `Part eq 3)`, `not Part`, `Part and Done`, `frobnicate(Name) eq 1`, `length(Part) eq 1`,
		`length() eq 1`, `length(Name,Name) eq 1`, `substring(Name) eq 'x'`, `startswith(Name,'a'`, `Siblings/Name eq 'x'`, `Part add 1 eq 4`,
		`Start eq datetime'yesterday'`, `UUID eq guid'x'`, `Part eq 99999999999999999999999999999999999`, `Part eq 1e999`,
		`Name eq "x"`, `Name eq 'x' ; drop`, `Name eq $it`, "Name eq 'x'\x00",
		strings.Repeat("(", 100) + "Done" + strings.Repeat(")", 100), strings.Repeat("not ", 100) + "Done",
		"Done" + strings.Repeat(" and Done", 300), "Name eq '" + strings.Repeat("x", 5000) + "'",
	} {
		if _, err := parseFilter(&things.Sets[0], filter); err == nil {
			t.Errorf("%.60s: was taken", filter)
		}
	}
}

// Rule: product-data
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{`ID eq 'a''b'`, `not (Part gt 3L) or substringof('x',tolower(Name))`, `Start lt datetime'2030-01-31T10:20:31'`, `Price eq 1.5M`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		holds, err := parseFilter(&things.Sets[0], filter)
		if err != nil {
			return
		}
		if yes, opposite := holds(thing), negation(t, filter)(thing); yes == opposite {
			t.Errorf("%q and its negation are both %t", filter, yes)
		}
		holds(map[string]any{}) // everything null
	})
}

// negation is the filter with not before it, where that is not nested too deep.
func negation(t *testing.T, filter string) func(map[string]any) bool {
	holds, err := parseFilter(&things.Sets[0], "not ("+filter+")")
	if err != nil {
		plain, _ := parseFilter(&things.Sets[0], filter)
		return func(e map[string]any) bool { return !plain(e) }
	}
	return holds
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"", "$metadata", "Things(ID='a',Part=3)/Siblings/$count", "Things(ID='a%2Fb',Part=3)/Name/$value", "Things()", "Things(ID='x'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		to, err := things.parsePath(path)
		if err != nil {
			return
		}
		for _, s := range to.steps {
			if s.key != nil && len(s.key) != len(s.set.Keys) {
				t.Errorf("%q: got key %v", path, s.key)
			}
		}
	})
}

// FuzzKey: a key that the service writes is one that it reads.
func FuzzKey(f *testing.F) {
	f.Add("a'b(),=", int32(3))
	f.Add("ü/%2F", int32(-1))
	f.Fuzz(func(t *testing.T, id string, part int32) {
		set := &things.Sets[0]
		kept, err := set.property("ID").canonical(id)
		if err != nil {
			return
		}
		number, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		e := map[string]any{"ID": kept, "Part": json.Number(number)}
		w := writer{service: &things}
		to, err := things.parsePath(w.uri(set, e))
		if err != nil || to.steps[0].key["ID"] != e["ID"] || to.steps[0].key["Part"] != e["Part"] {
			t.Errorf("%q: got %v, %v, want the key of %v", w.uri(set, e), to, err, e)
		}
	})
}
