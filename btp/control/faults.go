package control

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/publicurl"
)

// fault is a rule as the API shows it (docs/wire.md, Control). Subject, Cause and
// Times are the plain form of Match, Action and Schedule.
type fault struct {
	ID         string        `json:"id"`
	Point      btp.Point     `json:"point"`
	Match      faultMatch    `json:"match"`
	Action     faultAction   `json:"action"`
	Schedule   faultSchedule `json:"schedule"`
	Recipe     string        `json:"recipe,omitempty"`
	Considered int           `json:"considered"`
	Struck     int           `json:"struck"`
	Subject    string        `json:"subject"`
	Cause      string        `json:"cause"`
	Times      int           `json:"times"`
}

// NewFault is a rule as it is asked for, here and in seed files: in the plain
// form, or in the full one.
type NewFault struct {
	Point    btp.Point      `json:"point"`
	Match    *faultMatch    `json:"match"`
	Action   *faultAction   `json:"action"`
	Schedule *faultSchedule `json:"schedule"`
	Subject  string         `json:"subject"`
	Cause    string         `json:"cause"`
	Times    int            `json:"times"`
}

type faultMatch struct {
	System     string `json:"system,omitempty"`
	SystemType string `json:"systemType,omitempty"`
	Tenant     string `json:"tenant,omitempty"`
	Formation  string `json:"formation,omitempty"`
}

type faultAction struct {
	Kind    btp.FaultKind  `json:"kind"`
	Code    btp.Code       `json:"code,omitempty"`
	Cause   string         `json:"cause,omitempty"`
	Problem *faultProblem  `json:"problem,omitempty"`
	Answer  *faultAnswer   `json:"answer,omitempty"`
	Final   bool           `json:"final,omitempty"`
	Virtual string         `json:"virtual,omitempty"`
	Real    string         `json:"real,omitempty"`
	When    string         `json:"when,omitempty"`
	Bytes   int            `json:"bytes,omitempty"`
	Share   float64        `json:"share,omitempty"`
	Part    btp.Corruption `json:"part,omitempty"`
}

type faultProblem struct {
	Status int    `json:"status"`
	Title  string `json:"title,omitempty"`
	Detail string `json:"detail,omitempty"`
}

type faultAnswer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
}

type faultSchedule struct {
	First       int     `json:"first,omitempty"`
	Every       int     `json:"every,omitempty"`
	Probability float64 `json:"probability,omitempty"`
	Limit       int     `json:"limit,omitempty"`
}

// The values of action.when.
const (
	beforeWork = "before"
	afterWork  = "after"
)

func faultOf(f btp.Fault) fault {
	shown := fault{
		ID: f.ID, Point: f.Point, Recipe: f.Recipe, Considered: f.Considered, Struck: f.Struck,
		Match:    faultMatch{string(f.Match.System), f.Match.SystemType, f.Match.Tenant, string(f.Match.Formation)},
		Action:   actionOf(f.Action),
		Schedule: faultSchedule(f.Schedule),
		Subject:  string(f.Match.System), Cause: f.Action.Cause, Times: f.Schedule.Limit,
	}
	if shown.Subject == "" {
		shown.Subject = string(f.Match.Formation)
	}
	return shown
}

func actionOf(a btp.FaultAction) faultAction {
	shown := faultAction{
		Kind: a.Kind, Code: a.Code, Cause: a.Cause, Problem: (*faultProblem)(a.Problem), Answer: (*faultAnswer)(a.Answer), Final: a.Final,
		Bytes: a.Bytes, Share: a.Share, Part: a.Part,
	}
	if a.Virtual > 0 {
		shown.Virtual = a.Virtual.String()
	}
	if a.Real > 0 {
		shown.Real = a.Real.String()
	}
	if a.Kind == btp.FaultDrop {
		shown.When = beforeWork
		if a.AfterWork {
			shown.When = afterWork
		}
	}
	return shown
}

// Rule is what was asked for, in the words of the rules. It refuses with
// btp.InvalidRequest what has no such form.
func (n NewFault) Rule() (btp.Fault, error) {
	if n.Action == nil {
		if n.Match != nil || n.Schedule != nil {
			return btp.Fault{}, btp.Errorf(btp.InvalidRequest, "match and schedule go with an action; without one subject, cause and times are read")
		}
		if n.Times < 0 {
			return btp.Fault{}, btp.Errorf(btp.InvalidRequest, "times is 0 (always) or more")
		}
		return btp.FailAt(n.Point, n.Subject, n.Cause, n.Times), nil
	}
	if n.Subject != "" || n.Cause != "" || n.Times != 0 {
		return btp.Fault{}, btp.Errorf(btp.InvalidRequest, "subject, cause and times are the plain form; with an action use match, action.cause and schedule.limit")
	}
	f := btp.Fault{Point: n.Point}
	if m := n.Match; m != nil {
		f.Match = btp.FaultMatch{System: btp.SystemID(m.System), SystemType: m.SystemType, Tenant: m.Tenant, Formation: btp.FormationID(m.Formation)}
	}
	if n.Schedule != nil {
		f.Schedule = btp.FaultSchedule(*n.Schedule)
	}
	var err error
	f.Action, err = n.Action.rule()
	return f, err
}

func (a faultAction) rule() (btp.FaultAction, error) {
	action := btp.FaultAction{
		Kind: a.Kind, Code: a.Code, Cause: a.Cause, Problem: (*btp.FaultProblem)(a.Problem), Answer: (*btp.FaultAnswer)(a.Answer), Final: a.Final,
		Bytes: a.Bytes, Share: a.Share, Part: a.Part,
	}
	for _, d := range []struct {
		name, text string
		into       *time.Duration
	}{{"virtual", a.Virtual, &action.Virtual}, {"real", a.Real, &action.Real}} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.into, err = time.ParseDuration(d.text); err != nil || *d.into <= 0 {
			return action, btp.Errorf(btp.InvalidRequest, "action.%s is a duration above 0, as 30s or 10m", d.name)
		}
	}
	switch {
	case a.Kind == btp.FaultDrop && a.When != beforeWork && a.When != afterWork:
		return action, btp.Errorf(btp.InvalidRequest, "action drop takes when: before (the work is done) or after")
	case a.Kind != btp.FaultDrop && a.When != "":
		return action, btp.Errorf(btp.InvalidRequest, "action.when is of drop")
	}
	action.AfterWork = a.When == afterWork
	return action, nil
}

func (s *server) listFaults(c *gin.Context) error {
	q, err := httpapi.ReadQuery(c, "unfired")
	if err != nil {
		return err
	}
	list := s.Registry.Faults()
	switch q.Text("unfired") {
	case "", "false":
	case "true":
		var unfired []btp.Fault
		for _, f := range list {
			if f.Struck == 0 {
				unfired = append(unfired, f)
			}
		}
		list = unfired
	default:
		return btp.Errorf(btp.InvalidRequest, "query: unfired is true or false")
	}
	return httpapi.Respond(c, http.StatusOK, httpapi.ListOf(list, faultOf))
}

func (s *server) addFault(c *gin.Context) error {
	var req NewFault
	if err := readOnlyBody(c, &req); err != nil {
		return err
	}
	f, err := req.Rule()
	if err != nil {
		return err
	}
	if f, err = s.Registry.AddFault(c.Request.Context(), f); err != nil {
		return err
	}
	c.Header("Location", publicurl.Path(c.Request, "/control/faults/"+f.ID))
	return httpapi.Respond(c, http.StatusCreated, faultOf(f))
}

func (s *server) removeFault(c *gin.Context) error { return s.dropFaults(c, c.Param("id")) }

func (s *server) clearFaults(c *gin.Context) error { return s.dropFaults(c, "") }

func (s *server) dropFaults(c *gin.Context, id string) error {
	if err := httpapi.ReadNothing(c); err != nil {
		return err
	}
	if err := s.Registry.RemoveFault(c.Request.Context(), id); err != nil {
		return err
	}
	return httpapi.NoContent(c)
}

// faultPoint is a point where something can be made to go wrong.
type faultPoint struct {
	Point       btp.Point        `json:"point"`
	Description string           `json:"description"`
	Flow        string           `json:"flow"`
	MetBy       btp.Meeting      `json:"metBy"`
	Match       []string         `json:"match"`
	Actions     []btp.FaultKind  `json:"actions"`
	Parts       []btp.Corruption `json:"parts"`
	Final       bool             `json:"final"`
}

func faultPointOf(p btp.FaultPoint) faultPoint {
	shown := faultPoint{
		Point: p.Point, Description: btp.Points[p.Point].Text, Flow: p.Flow, MetBy: p.Met, Match: p.Matches(), Actions: p.Actions(),
		Parts: p.Carries, Final: p.Final,
	}
	if shown.Parts == nil {
		shown.Parts = []btp.Corruption{}
	}
	return shown
}

func (s *server) listFaultPoints(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, httpapi.ListOf(btp.FaultPoints, faultPointOf))
}

// recipe is a recipe as the API shows it.
type recipe struct {
	Name    string            `json:"name"`
	Aliases []string          `json:"aliases"`
	What    string            `json:"what"`
	For     []btp.ObjectKind  `json:"for"`
	Edition string            `json:"edition,omitempty"`
	Labels  map[string]string `json:"labels"`
	Do      string            `json:"do"`
	Seen    string            `json:"seen"`
	Source  string            `json:"source"`
	Rules   []recipeRule      `json:"rules"`
}

type recipeRule struct {
	Point    btp.Point     `json:"point"`
	Action   faultAction   `json:"action"`
	Schedule faultSchedule `json:"schedule"`
}

func recipeOf(r btp.Recipe) recipe {
	shown := recipe{
		Name: r.Name, Aliases: append([]string{}, r.Aliases...), What: r.What, For: append([]btp.ObjectKind{}, r.For...),
		Edition: r.Edition, Labels: r.Labels, Do: r.Do, Seen: r.Seen, Source: r.Source,
	}
	if shown.Labels == nil {
		shown.Labels = map[string]string{}
	}
	for _, f := range r.Rules {
		shown.Rules = append(shown.Rules, recipeRule{f.Point, actionOf(f.Action), faultSchedule(f.Schedule)})
	}
	return shown
}

func (s *server) listRecipes(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, httpapi.ListOf(btp.Recipes, recipeOf))
}

// applyRecipe sets the rules of a recipe, for what the body names or for all.
func (s *server) applyRecipe(c *gin.Context) error {
	var req struct {
		System    string `json:"system"`
		Formation string `json:"formation"`
		Tenant    string `json:"tenant"`
	}
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	if err := httpapi.DecodeOptionalBody(c, &req); err != nil {
		return err
	}
	target := btp.RecipeTarget{System: btp.SystemID(req.System), Formation: btp.FormationID(req.Formation), Tenant: req.Tenant}
	applied, rules, err := s.Registry.ApplyRecipe(c.Request.Context(), c.Param("name"), target)
	if err != nil {
		return err
	}
	faults := make([]fault, len(rules))
	for i, f := range rules {
		faults[i] = faultOf(f)
	}
	c.Header("Location", publicurl.Path(c.Request, "/control/faults/"+rules[0].ID))
	return httpapi.Respond(c, http.StatusCreated, gin.H{"recipe": recipeOf(applied), "faults": faults})
}

// withoutFaults: faults are set here, and do not hinder that.
func withoutFaults(c *gin.Context) {
	c.Request = c.Request.WithContext(btp.WithoutFaults(c.Request.Context()))
}
