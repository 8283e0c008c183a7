package seed

import (
	"strconv"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/control"
	"github.com/pairsim/pairsim/internal/pattern"
)

// Fault is a rule, as the control API takes it, or a recipe for a system, a
// formation or a tenant.
type Fault struct {
	control.NewFault
	Recipe    string `json:"recipe"`
	System    string `json:"system"`
	Formation string `json:"formation"`
	Tenant    string `json:"tenant"`
}

// faults are set at every start; whom they are for is looked up then.
func (f *File) faults(c *checker) []btp.DeclaredFault {
	declared := make([]btp.DeclaredFault, len(f.Faults))
	for i, one := range f.Faults {
		path := at("faults", i)
		target := btp.RecipeTarget{System: btp.SystemID(one.System), Formation: btp.FormationID(one.Formation), Tenant: one.Tenant}
		switch {
		case one.Recipe == "" && one.Point == "":
			c.refuse(path, "a fault is a rule with a point, or a recipe")
		case one.Recipe != "" && (one.Point != "" || one.Match != nil || one.Action != nil || one.Schedule != nil ||
			one.Subject != "" || one.Cause != "" || one.Times != 0):
			c.refuse(path, "a recipe takes system, formation or tenant, and nothing else")
		case one.Recipe != "":
			_, err := btp.RecipeNamed(one.Recipe)
			c.refuseError(path+".recipe", err)
			declared[i] = btp.DeclaredFault{Recipe: one.Recipe, Target: target}
		case target != (btp.RecipeTarget{}):
			c.refuse(path, "system, formation and tenant are of a recipe; a rule has them in match")
		default:
			rule, err := one.Rule()
			c.refuseError(path, err)
			declared[i] = btp.DeclaredFault{Rule: rule}
		}
	}
	return declared
}

// faultPlace finds the fault that a refusal at the start is about.
func faultPlace(text string) (path string, ok bool) {
	found := numberedFault.Regexp().FindStringSubmatch(text)
	if found == nil {
		return "", false
	}
	n, err := strconv.Atoi(found[1])
	return at("faults", n-1), err == nil && n > 0
}

var numberedFault = pattern.New(`\bfault ([0-9]+): `)
