// Package evidence writes docs/evidence.md: which kinds of proof there are of every
// documented rule and every operation, test by test. It reads sources (feature files, Go
// tests, pacts, OpenAPI documents) and runs nothing.
package evidence

import (
	"slices"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/strict"
)

// Rule is one thing that a document says of the landscape, or that we decided where the
// documents are silent. Tests name it by its id: a scenario with the tag @rule:ID, a Go
// test with a line "Rule: ID" in its doc comment. An id that has landed is not changed.
type Rule struct {
	ID   string
	Says string
	// Source is the documents that it rests on, separated by semicolons: the seeds
	// (SEED-000 …), files of SAP's documentation (suffix.md), our sheets of facts
	// (sap-domain, pairing-protocols, service-apis), RFCs, or design.
	Source string
}

// Area is what rules are about.
type Area struct {
	Name  string
	Rules []Rule
}

// Areas are all rules, in the order in which a system lives.
var Areas = slices.Concat(systemRules, pairingRules, landscapeRules, serviceRules, platformRules, []Area{
	{"Strictness", strictRules()},
	{"Recipes of faults", recipeRules()},
})

// Rules are all rules of all areas.
func Rules() (list []Rule) {
	for _, a := range Areas {
		list = append(list, a.Rules...)
	}
	return list
}

// strictRules are those of docs/strictness.md, from the table that the server runs on.
func strictRules() (list []Rule) {
	for _, r := range strict.Rules {
		list = append(list, Rule{
			ID:     "strict-" + r.Name,
			Says:   string(r.Number) + ": " + r.Does + ".",
			Source: r.Source,
		})
	}
	return list
}

// recipePrefix begins the ids of recipes, which are also the tags that their scenarios have.
const recipePrefix = "recipe-"

// recipeRules are those of docs/faults.md: each recipe leads to what the documents say.
func recipeRules() (list []Rule) {
	for _, r := range btp.Recipes {
		list = append(list, Rule{
			ID:     recipePrefix + r.Name,
			Says:   r.What + " " + r.Seen,
			Source: r.Source,
		})
	}
	return list
}
