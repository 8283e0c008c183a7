package seed

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	other "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// refused are documents with the places that a schema refuses in them.
var refused = []struct {
	document string
	want     []string
}{
	{"7", []string{""}},
	{"- a", []string{""}},
	{"sytems: []\na.b: 1", []string{"a.b", "sytems"}},
	{"edition: 7\nseed: 0\nkeyAlgorithm: HS256\nclock: {at: 7, x: 1}", []string{"clock", "clock.at", "clock.x", "edition", "keyAlgorithm", "seed"}},
	{"seed: 1.5", []string{"seed"}},
	{"seed: -1", []string{"seed"}},
	{"seed: true", []string{"seed"}},
	{"edition:\nsystems:\nclock:\npolicy:", []string{"clock", "edition", "policy", "systems"}},
	{"clock: {frozen: 1, at: tomorrow}", []string{"clock.at", "clock.frozen"}},
	{"globalAccounts: []", []string{"globalAccounts"}},
	{
		"globalAccounts: [{id: a, subaccounts: [{id: b, environments: [kyma, kyma]}, {id: '', environments: [mars, 7, 7, 7.0], x: 1}]}]",
		[]string{
			"globalAccounts[0].subaccounts[0].environments", "globalAccounts[0].subaccounts[1].environments",
			"globalAccounts[0].subaccounts[1].environments[0]", "globalAccounts[0].subaccounts[1].environments[1]",
			"globalAccounts[0].subaccounts[1].environments[2]", "globalAccounts[0].subaccounts[1].environments[3]",
			"globalAccounts[0].subaccounts[1].id", "globalAccounts[0].subaccounts[1].x",
		},
	},
	{
		"systems: [{}, 7, {name: '', type: x, token: 7}, {name: a, type: b, token: {}}, {name: a, type: b, cause: '', token: {age: soon, x: 1}}]",
		[]string{"systems[0]", "systems[1]", "systems[2].token", "systems[3].token", "systems[4].cause", "systems[4].token.age", "systems[4].token.x"},
	},
	{"systems: [{name: a, type: b, id: ../x, token: old, globalAccount: 'a b'}]", []string{"systems[0].globalAccount", "systems[0].id", "systems[0].token"}},
	{"systems: [{name: a, type: b, cause: " + strings.Repeat("ä", 1001) + "}]", []string{"systems[0].cause"}},
	{"tenants: [{id: A, product: erp}, {}]", []string{"tenants[0].id", "tenants[0].product", "tenants[1]"}},
	{"tenants: [" + strings.Repeat("{id: a, product: fsm},", 1001) + "]", []string{"tenants"}},
	{
		"policy: {attemptDeadline: 7, certificateValidity: " + strings.Repeat("0", 41) + "x, rejectedCSRs: 1001, burnOnRejectedCSR: ja, tokenValidity: {a: soon, b: 7}}",
		[]string{
			"policy.attemptDeadline", "policy.burnOnRejectedCSR", "policy.certificateValidity", "policy.certificateValidity",
			"policy.rejectedCSRs", "policy.tokenValidity.a", "policy.tokenValidity.b",
		},
	},
	{
		"policy: {transitions: {removing: {}, deregistering: {held: false, reads: 0}, synchronizing: {after: soon}, pairing: {held: true}}}",
		[]string{
			"policy.transitions.deregistering", "policy.transitions.deregistering.held", "policy.transitions.deregistering.reads",
			"policy.transitions.pairing", "policy.transitions.removing", "policy.transitions.synchronizing.after",
		},
	},
	{"policy: {abandoned: x, revocation: 7, rejectedCSRs: 0}", []string{"policy.abandoned", "policy.rejectedCSRs", "policy.revocation"}},
}

// Rule: seed-checked
func TestTheSchemaRefuses(t *testing.T) {
	judge := otherJudge(t)
	for _, test := range refused {
		t.Run("", func(t *testing.T) {
			instance, lines, err := read([]byte(test.document))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, places(t, validate(instance, lines))); diff != "" {
				t.Errorf("%s\nplaces (-want +got):\n%s", test.document, diff)
			}
			if diff := cmp.Diff(test.want, otherPlaces(t, judge, instance)); diff != "" {
				t.Errorf("%s\nplaces (-want +santhosh-tekuri/jsonschema):\n%s", test.document, diff)
			}
		})
	}
}

// FuzzSchema holds our walk against another implementation of JSON Schema: both
// refuse the same places.
//
// Rule: seed-checked
func FuzzSchema(f *testing.F) {
	judge := otherJudge(f)
	paths, err := filepath.Glob("../../docs/examples/seeds/*.yaml")
	if err != nil || len(paths) == 0 {
		f.Fatalf("got %d examples (%v), want some", len(paths), err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, test := range refused {
		if len(test.document) < 1000 { // the fuzzer spends its time shortening long ones
			f.Add([]byte(test.document))
		}
	}
	f.Add([]byte("seed: 1e3\npolicy: {rejectedCSRs: 1000.0}\nsystems: [{name: a, type: b, token: none}]\ntenants: []\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		instance, lines, err := read(data)
		if err != nil {
			return
		}
		want, got := otherPlaces(t, judge, instance), places(t, validate(instance, lines))
		if diff := cmp.Diff(slices.Compact(want), slices.Compact(got)); diff != "" {
			t.Errorf("places (-santhosh-tekuri/jsonschema +got):\n%s", diff)
		}
	})
}

func otherJudge(tb testing.TB) *other.Schema {
	tb.Helper()
	document, err := other.UnmarshalJSON(bytes.NewReader(schemaJSON))
	if err != nil {
		tb.Fatal(err)
	}
	c := other.NewCompiler()
	if err := c.AddResource("urn:pairsim:schema:seed:1", document); err != nil {
		tb.Fatal(err)
	}
	schema, err := c.Compile("urn:pairsim:schema:seed:1")
	if err != nil {
		tb.Fatal(err)
	}
	return schema
}

// places are the paths of findings, sorted.
func places(t *testing.T, err error) []string {
	t.Helper()
	var found Findings
	if err != nil && !errors.As(err, &found) {
		t.Fatalf("got %v, want findings", err)
	}
	var paths []string
	for _, one := range found {
		paths = append(paths, one.Path)
	}
	slices.Sort(paths)
	return paths
}

// otherPlaces are what the other judge refuses, sorted.
func otherPlaces(t *testing.T, judge *other.Schema, instance any) []string {
	t.Helper()
	err := judge.Validate(instance)
	if err == nil {
		return nil
	}
	var invalid *other.ValidationError
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	paths := leaves(invalid, instance)
	slices.Sort(paths)
	return paths
}

// leaves are the places of the innermost errors; the others only say that
// something below is wrong.
func leaves(e *other.ValidationError, instance any) (paths []string) {
	for _, cause := range e.Causes {
		paths = append(paths, leaves(cause, instance)...)
	}
	if len(e.Causes) > 0 {
		return paths
	}
	path := ""
	for _, token := range e.InstanceLocation {
		switch holder := instance.(type) {
		case []any:
			i, _ := strconv.Atoi(token)
			path, instance = at(path, i), holder[i]
		case map[string]any:
			path, instance = join(path, token), holder[token]
		}
	}
	if unknown, ok := e.ErrorKind.(*kind.AdditionalProperties); ok {
		for _, key := range unknown.Properties {
			paths = append(paths, join(path, key))
		}
		return paths
	}
	return []string{path}
}
