package evidence

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Kind is a kind of proof.
type Kind string

// The kinds, in the order in which they are told.
const (
	Feature    Kind = "feature"
	Validated  Kind = "feature, OpenAPI-validated"
	Unit       Kind = "unit"
	Pact       Kind = "pact"
	OpenAPI    Kind = "OpenAPI-validated"
	Fuzzed     Kind = "fuzzed"
	FaultTest  Kind = "fault-tested"
	Foreign    Kind = "foreign client"
	Browser    Kind = "browser"
	ModelBased Kind = "model-based"
	Mutation   Kind = "mutation caught"
)

// Kinds are all kinds.
var Kinds = []Kind{Feature, Validated, Unit, Pact, OpenAPI, Fuzzed, FaultTest, Foreign, Browser, ModelBased, Mutation}

// Proof is what there is for a rule or an operation: by kind, the tests' names.
type Proof map[Kind][]string

func (p Proof) add(k Kind, name string) {
	if !slices.Contains(p[k], name) {
		p[k] = append(p[k], name)
	}
}

// Evidence is everything that is there.
type Evidence struct {
	Scenarios    []Scenario
	Tests        []Test
	Interactions []Interaction
	Wires        []Wire
	Exercised    Exercised
	Clients      []Client
	Mutants      []Mutant
	faultSteps   []*regexp.Regexp
	// keys are those of the operations that calls of tests and clients are of.
	keys map[string]string
}

// Collect reads the sources below the module's root.
func Collect(root fs.FS) (*Evidence, error) {
	var e Evidence
	features, err := fs.Sub(root, "features")
	if err != nil {
		return nil, fmt.Errorf("read the features: %w", err)
	}
	for _, read := range []func() error{
		func() (err error) { e.Scenarios, err = Scenarios(features); return err },
		func() (err error) { e.faultSteps, err = faultSteps(features); return err },
		func() (err error) { e.Tests, err = Tests(root); return err },
		func() (err error) { e.Wires, err = Wires(root); return err },
		func() (err error) { e.Interactions, err = Interactions(root, e.Wires); return err },
		func() (err error) { e.Exercised, err = ReadExercised(root); return err },
		func() (err error) { e.Clients, err = Clients(root); return err },
		func() (err error) { e.Mutants, err = Mutants(root); return err },
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	e.keys = map[string]string{}
	for _, t := range e.Tests {
		e.resolve(t.Dir, t.Calls)
	}
	for _, c := range e.Clients {
		e.resolve("", c.Calls)
	}
	return &e, nil
}

// resolve looks up the operations of calls that stand in a folder: there a path may lack
// what all paths of the folder's own documents begin with.
func (e *Evidence) resolve(dir string, calls []string) {
	for _, call := range calls {
		if _, known := e.keys[dir+" "+call]; known {
			continue
		}
		key, found := find(e.Wires, call)
		for _, w := range e.Wires {
			if !found && path.Dir(w.Document) == dir {
				method, at, _ := strings.Cut(call, " ")
				key, found = find([]Wire{w}, method+" "+w.base()+at)
			}
		}
		e.keys[dir+" "+call] = key
	}
}

// calls tells whether one of the calls in a folder is of an operation.
func (e *Evidence) calls(key, dir string, calls []string) bool {
	return slices.ContainsFunc(calls, func(call string) bool { return e.keys[dir+" "+call] == key })
}

// kindOf is what a Go test is, by what it is of and where it stands.
func kindOf(t Test) Kind {
	switch {
	case strings.HasPrefix(t.Name, "Fuzz"):
		return Fuzzed
	case t.Dir == "features/browser":
		return Browser
	case t.Dir == "btp/modeltest":
		return ModelBased
	case t.Dir == "contracts":
		return Pact
	case t.Dir == "internal/clientcheck" || t.Dir == "testenv/naive":
		return Foreign
	}
	return Unit
}

// Title is how a page names the test.
func (t Test) Title() string { return "`" + t.Dir + "` " + t.Name }

// Rule returns the proof of a rule.
func (e *Evidence) Rule(id string) Proof {
	p := Proof{}
	wires := map[string]bool{}
	for _, s := range e.Scenarios {
		if !slices.Contains(s.Rules, id) {
			continue
		}
		p.add(Feature, s.Title())
		if s.takes(e.faultSteps) {
			p.add(FaultTest, s.Title())
		}
		for _, key := range e.Exercised[s.Key()] {
			wire, _, _ := strings.Cut(key, ".")
			wires[wire] = true
		}
	}
	for _, d := range documents {
		if wires[d.key] {
			p.add(OpenAPI, d.name)
		}
	}
	for _, t := range e.Tests {
		if slices.Contains(t.Rules, id) {
			p.add(kindOf(t), t.Title())
			if t.Faults {
				p.add(FaultTest, t.Title())
			}
		}
	}
	p.pacts(e.Interactions, func(i Interaction) bool { return slices.ContainsFunc(pactsOf[id], i.named) })
	for _, c := range e.Clients {
		if slices.Contains(c.Rules, id) {
			p.add(Foreign, c.Name)
		}
	}
	for _, m := range e.Mutants {
		if m.Rule == id && m.Outcome == "caught" {
			p.add(Mutation, m.Breaks+": "+strings.Join(m.CaughtBy, ", "))
		}
	}
	return p
}

// Title is how a page names the scenario.
func (s Scenario) Title() string { return s.File + " *" + s.Name + "*" }

// pacts adds interactions, each with the consumers that have it.
func (p Proof) pacts(sorted []Interaction, are func(Interaction) bool) {
	consumers := map[string][]string{}
	var order []string
	for _, i := range sorted {
		if !are(i) {
			continue
		}
		if consumers[i.Description] == nil {
			order = append(order, i.Description)
		}
		consumers[i.Description] = append(consumers[i.Description], i.Consumer)
	}
	for _, description := range order {
		p.add(Pact, "*"+description+"* ("+strings.Join(consumers[description], ", ")+")")
	}
}

// Operation returns the proof of an operation. Scenarios come in the order of how many
// other operations they exercise: the first ones are the most about it.
func (e *Evidence) Operation(key string) Proof {
	p := Proof{}
	var scenarios []Scenario
	for _, s := range e.Scenarios {
		if seen := e.Exercised[s.Key()]; slices.Contains(seen, key) || slices.Contains(seen, key+struckMark) {
			scenarios = append(scenarios, s)
		}
	}
	slices.SortStableFunc(scenarios, func(a, b Scenario) int {
		return cmp.Compare(len(e.Exercised[a.Key()]), len(e.Exercised[b.Key()]))
	})
	for _, s := range scenarios {
		switch seen := e.Exercised[s.Key()]; {
		case strings.HasPrefix(key, Undocumented+"."):
			p.add(Feature, s.Title())
		case slices.Contains(seen, key):
			p.add(Validated, s.Title())
		}
		if slices.Contains(e.Exercised[s.Key()], key+struckMark) {
			p.add(FaultTest, s.Title())
		}
	}
	for _, t := range e.Tests {
		if !e.calls(key, t.Dir, t.Calls) {
			continue
		}
		p.add(kindOf(t), t.Title())
		if t.Faults {
			p.add(FaultTest, t.Title())
		}
	}
	p.pacts(e.Interactions, func(i Interaction) bool { return i.Operation == key })
	for _, c := range e.Clients {
		if e.calls(key, "", c.Calls) {
			p.add(Foreign, c.Name)
		}
	}
	return p
}

// stepLine is a definition in features/steps, with its pattern and what carries it out.
var stepLine = regexp.MustCompile("d\\.(?:Given|When)\\((`[^`]*`), w\\.(\\w+)\\)")

// faultSteps are the steps that set a fault: those whose function calls AddFault or
// ApplyRecipe, in features/steps/fault.go.
func faultSteps(features fs.FS) (list []*regexp.Regexp, err error) {
	text, err := fs.ReadFile(features, "steps/fault.go")
	if err != nil {
		return nil, fmt.Errorf("read the steps: %w", err)
	}
	for _, found := range stepLine.FindAllStringSubmatch(string(text), -1) {
		pattern, err := strconv.Unquote(found[1])
		if err != nil {
			return nil, fmt.Errorf("read the steps: %w", err)
		}
		_, body, _ := strings.Cut(string(text), "\nfunc (w *world) "+found[2]+"(")
		body, _, _ = strings.Cut(body, "\n}\n")
		if strings.Contains(body, ".AddFault(") || strings.Contains(body, ".ApplyRecipe(") {
			step, err := regexp.Compile(pattern)
			if err != nil {
				return nil, fmt.Errorf("read the steps: %w", err)
			}
			list = append(list, step)
		}
	}
	return list, nil
}

// Problems are pointers that lead nowhere: ids that no rule has, and names that no test,
// interaction or check has.
func (e *Evidence) Problems() (list []string) {
	known := map[string]bool{}
	for _, r := range Rules() {
		if known[r.ID] {
			list = append(list, "two rules are called "+r.ID)
		}
		known[r.ID] = true
	}
	check := func(where string, ids ...string) {
		for _, id := range ids {
			if !known[id] {
				list = append(list, fmt.Sprintf("%s names the rule %s, and there is none", where, id))
			}
		}
	}
	scenarios := map[string]bool{}
	for _, s := range e.Scenarios {
		check(s.Title(), s.Rules...)
		scenarios[s.Key()] = true
		if _, there := e.Exercised[s.Key()]; !there {
			list = append(list, ExercisedFile+" knows no "+s.Key()+"; make evidence records it")
		}
	}
	for key := range e.Exercised {
		if !scenarios[key] {
			list = append(list, ExercisedFile+" has "+key+", which is no scenario; make evidence records anew")
		}
	}
	for _, t := range e.Tests {
		check(t.Title(), t.Rules...)
	}
	for _, c := range e.Clients {
		check(c.Name, c.Rules...)
	}
	for _, m := range e.Mutants {
		check(mutantsFile+" "+m.Name, m.Rule)
	}
	for rule := range noScenario {
		check("noScenario", rule)
		if len(e.Rule(rule)[Feature]) > 0 {
			list = append(list, "noScenario explains why "+rule+" has no scenario, and it has one")
		}
	}
	for rule, names := range pactsOf {
		check("pactsOf", rule)
		for _, name := range names {
			if !slices.ContainsFunc(e.Interactions, func(i Interaction) bool { return i.named(name) }) {
				list = append(list, fmt.Sprintf("no pact has %q, which stands for the rule %s", name, rule))
			}
		}
	}
	return append(list, problemsOfChecks(known)...)
}
