package btpclient

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// Fault is a rule: what goes wrong on purpose, where, for whom and how often
// (docs/faults.md). With an Action it is read in full; without one a step fails,
// as Subject, Cause and Times say.
type Fault struct {
	ID string `json:"id"`
	// Point is a point, or a pattern: "pairing.*", "*".
	Point    string         `json:"point"`
	Match    FaultMatch     `json:"match"`
	Action   *FaultAction   `json:"action,omitempty"`
	Schedule *FaultSchedule `json:"schedule,omitempty"`
	// Recipe is the recipe that it came with.
	Recipe string `json:"recipe,omitempty"`
	// Considered is how often it was looked at, Struck how often it acted.
	Considered int `json:"considered"`
	Struck     int `json:"struck"`

	// Subject is the id of the system or formation that it is for; "" for all.
	Subject string `json:"subject"`
	// Cause is what the failure says; "" leaves it to the server.
	Cause string `json:"cause"`
	// Times is how often it strikes; 0: until it is removed.
	Times int `json:"times"`
}

// FaultMatch is whom a fault is for; what is empty is for all. Systems and
// formations are named by id, or by a name that only one has.
type FaultMatch struct {
	System     string `json:"system,omitempty"`
	SystemType string `json:"systemType,omitempty"`
	Tenant     string `json:"tenant,omitempty"`
	Formation  string `json:"formation,omitempty"`
}

// FaultAction is what a fault does. Kind is fail, delay, hold, drop, truncate,
// corrupt or duplicate; the other fields are those of one kind.
type FaultAction struct {
	Kind string `json:"kind"`
	// Of fail: a code of the catalogue, a problem document or a raw answer.
	Code    string        `json:"code,omitempty"`
	Cause   string        `json:"cause,omitempty"`
	Problem *FaultProblem `json:"problem,omitempty"`
	Answer  *FaultAnswer  `json:"answer,omitempty"`
	// Final ends the open pairing in the error status.
	Final bool `json:"final,omitempty"`
	// Of delay, one of both: durations as "10m", on the clock or real.
	Virtual string `json:"virtual,omitempty"`
	Real    string `json:"real,omitempty"`
	// When, of drop, is before or after the work is done.
	When string `json:"when,omitempty"`
	// Of truncate: so many bytes are sent, or this share of the body.
	Bytes int     `json:"bytes,omitempty"`
	Share float64 `json:"share,omitempty"`
	// Part, of corrupt, is tokenSignature, certificate or json.
	Part string `json:"part,omitempty"`
}

// FaultProblem is a problem document instead of the answer.
type FaultProblem struct {
	Status int    `json:"status"`
	Title  string `json:"title,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// FaultAnswer is a raw answer.
type FaultAnswer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
}

// FaultSchedule says which visits are struck: those for which all that is set
// holds. First and Every count the visits of each subject to each point.
type FaultSchedule struct {
	First       int     `json:"first,omitempty"`
	Every       int     `json:"every,omitempty"`
	Probability float64 `json:"probability,omitempty"`
	// Limit is the most strikes altogether.
	Limit int `json:"limit,omitempty"`
}

// FaultPoint is a point where something can be made to go wrong.
type FaultPoint struct {
	Point       string `json:"point"`
	Description string `json:"description"`
	Flow        string `json:"flow"`
	// MetBy is tenant, operator, anybody or workload (their requests), call (to a tenant) or due (work).
	MetBy string `json:"metBy"`
	// Match are the fields of a match that are known there.
	Match   []string `json:"match"`
	Actions []string `json:"actions"`
	// Parts are what can be garbled.
	Parts []string `json:"parts"`
	// Final says that a failure can end the pairing for good.
	Final bool `json:"final"`
}

// FaultRecipe is a set of rules under a name.
type FaultRecipe struct {
	Name    string   `json:"name"`
	Aliases []string `json:"aliases"`
	What    string   `json:"what"`
	// For are the kinds of objects that it can be limited to: system, tenant, formation.
	For []string `json:"for"`
	// Edition is the only one in which it can happen; "" for both.
	Edition string `json:"edition,omitempty"`
	// Labels are what the cockpits show then, by edition.
	Labels map[string]string `json:"labels"`
	Do     string            `json:"do"`
	Seen   string            `json:"seen"`
	Source string            `json:"source"`
	Rules  []Fault           `json:"rules"`
}

// RecipeTarget is whom a recipe is for: one system, formation or tenant, or all.
type RecipeTarget struct {
	System    string `json:"system,omitempty"`
	Formation string `json:"formation,omitempty"`
	Tenant    string `json:"tenant,omitempty"`
}

// Faults lists the rules, oldest first.
func (c *Control) Faults(ctx context.Context) ([]Fault, error) {
	return c.listFaults(ctx, nil)
}

// UnfiredFaults lists the rules that have never struck.
func (c *Control) UnfiredFaults(ctx context.Context) ([]Fault, error) {
	return c.listFaults(ctx, url.Values{"unfired": {"true"}})
}

func (c *Control) listFaults(ctx context.Context, query url.Values) ([]Fault, error) {
	var answer page[Fault]
	err := c.do(ctx, http.MethodGet, "/control/faults", query, nil, &answer)
	return answer.Items, err
}

// AddFault adds a rule. ID, Recipe and the counts are not read.
func (c *Control) AddFault(ctx context.Context, f Fault) (added Fault, err error) {
	body := map[string]any{"point": f.Point}
	if f.Action == nil {
		body["subject"], body["cause"], body["times"] = f.Subject, f.Cause, f.Times
	} else {
		body["match"], body["action"] = f.Match, f.Action
		if f.Schedule != nil {
			body["schedule"] = f.Schedule
		}
	}
	err = c.do(ctx, http.MethodPost, "/control/faults", nil, body, &added)
	return added, err
}

// RemoveFault removes one rule.
func (c *Control) RemoveFault(ctx context.Context, id string) error {
	if id == "" {
		return errors.New("a fault is named by its id") // its path would be that of all faults
	}
	return c.do(ctx, http.MethodDelete, "/control/faults/"+url.PathEscape(id), nil, nil, nil)
}

// ClearFaults removes all rules.
func (c *Control) ClearFaults(ctx context.Context) error {
	return c.do(ctx, http.MethodDelete, "/control/faults", nil, nil, nil)
}

// FaultPoints lists the points where something can be made to go wrong.
func (c *Control) FaultPoints(ctx context.Context) ([]FaultPoint, error) {
	var answer page[FaultPoint]
	err := c.do(ctx, http.MethodGet, "/control/faults/points", nil, nil, &answer)
	return answer.Items, err
}

// FaultRecipes lists the recipes.
func (c *Control) FaultRecipes(ctx context.Context) ([]FaultRecipe, error) {
	var answer page[FaultRecipe]
	err := c.do(ctx, http.MethodGet, "/control/faults/recipes", nil, nil, &answer)
	return answer.Items, err
}

// ApplyRecipe sets the rules of a recipe, and returns it with them.
func (c *Control) ApplyRecipe(ctx context.Context, name string, target RecipeTarget) (FaultRecipe, []Fault, error) {
	var answer struct {
		Recipe FaultRecipe `json:"recipe"`
		Faults []Fault     `json:"faults"`
	}
	if name == "" {
		return answer.Recipe, nil, errors.New("a recipe is named")
	}
	err := c.do(ctx, http.MethodPost, "/control/faults/recipes/"+url.PathEscape(name), nil, target, &answer)
	return answer.Recipe, answer.Faults, err
}
