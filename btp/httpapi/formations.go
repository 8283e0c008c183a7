package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/jsonbody"
	"github.com/pairsim/pairsim/internal/publicurl"
)

// formationFields stand in every answer about a formation.
type formationFields struct {
	ID            btp.FormationID     `json:"id"`
	Name          string              `json:"name"`
	Type          string              `json:"type"`
	GlobalAccount btp.GlobalAccountID `json:"globalAccount"`
	Edition       string              `json:"edition"`
	Status        formationStatus     `json:"status"`
	State         btp.FormationState  `json:"state"`
	Error         *failure            `json:"error,omitempty"`
	CreatedAt     time.Time           `json:"createdAt"`
	UpdatedAt     time.Time           `json:"updatedAt"`
}

type formationStatus struct {
	Code  btp.FormationStatus `json:"code"`
	Label string              `json:"label"`
}

// formationRow is a formation as it stands in a list: it names ids only.
type formationRow struct {
	formationFields
	Subaccount *btp.SubaccountID `json:"subaccount"`
	Systems    []btp.SystemID    `json:"systems"`
}

// Formation is a formation with what belongs to it (docs/wire.md, Registry REST).
type Formation struct {
	formationFields
	Subaccount  *formationSubaccount  `json:"subaccount"`
	Systems     []formationSystem     `json:"systems"`
	Assignments []assignment          `json:"assignments"`
	Actions     []btp.FormationAction `json:"actions"`
}

type formationSubaccount struct {
	ID           btp.SubaccountID         `json:"id"`
	DisplayName  string                   `json:"displayName"`
	Region       string                   `json:"region"`
	Environments []btp.RuntimeEnvironment `json:"environments"`
}

type formationSystem struct {
	systemName
	Status status `json:"status"`
}

type assignment struct {
	ID        btp.AssignmentID    `json:"id"`
	Source    participant         `json:"source"`
	Target    participant         `json:"target"`
	State     btp.AssignmentState `json:"state"`
	Error     string              `json:"error,omitempty"`
	UpdatedAt time.Time           `json:"updatedAt"`
}

type participant struct {
	Kind btp.ParticipantKind `json:"kind"`
	ID   string              `json:"id"`
}

func fieldsOfFormation(e *btp.Edition, v *btp.FormationView) formationFields {
	fields := formationFields{
		ID: v.ID, Name: v.Name, Type: v.Type, GlobalAccount: v.GlobalAccount, Edition: e.ID,
		Status: formationStatus{v.Status, e.FormationLabel(v.Status)}, State: v.State, Error: failureOf(v.Failure),
		CreatedAt: v.CreatedAt.UTC(), UpdatedAt: v.UpdatedAt.UTC(),
	}
	if fields.Error != nil {
		fields.Error.Incident = v.Incident
	}
	return fields
}

func (s *server) formationRowOf(v btp.FormationView) formationRow {
	row := formationRow{
		formationFields: fieldsOfFormation(s.Registry.Edition(), &v), Systems: append([]btp.SystemID{}, v.Systems...),
	}
	if v.Subaccount != "" {
		row.Subaccount = &v.Subaccount
	}
	return row
}

// FormationOf is a formation as the API of edition e shows it.
func FormationOf(e *btp.Edition, v btp.FormationView) Formation {
	f := Formation{
		formationFields: fieldsOfFormation(e, &v),
		Systems:         make([]formationSystem, len(v.Members)), Assignments: make([]assignment, len(v.Assignments)),
		Actions: append([]btp.FormationAction{}, v.Actions...),
	}
	if sub := v.SubaccountOf; sub != nil {
		f.Subaccount = &formationSubaccount{sub.ID, sub.DisplayName, sub.Region, append([]btp.RuntimeEnvironment{}, sub.Environments...)}
	}
	for i, one := range v.Members {
		f.Systems[i] = formationSystem{systemNameOf(one), status{one.Status, e.Label(one.Status)}}
	}
	for i, one := range v.Assignments {
		f.Assignments[i] = assignment{
			one.ID,
			participant{one.Source.Kind, one.Source.ID},
			participant{one.Target.Kind, one.Target.ID},
			one.State, one.Error, one.UpdatedAt.UTC(),
		}
	}
	return f
}

func (s *server) respondFormation(c *gin.Context, status int, v btp.FormationView) error {
	return RespondVersion(c, status, v.Version, FormationOf(s.Registry.Edition(), v))
}

func (s *server) createFormation(c *gin.Context) error {
	var req struct {
		Name       string          `json:"name"`
		Type       string          `json:"type"`
		Subaccount jsonbody.OrNull `json:"subaccount"`
		Systems    []btp.SystemID  `json:"systems"`
		Draft      bool            `json:"draft"`
	}
	key, err := readCreation(c, &req)
	if err != nil {
		return err
	}
	v, err := s.Registry.CreateFormation(c.Request.Context(), c.Param("ga"), btp.NewFormation{
		Name: req.Name, Type: req.Type, Subaccount: req.Subaccount.Text, Systems: req.Systems, Draft: req.Draft,
	}, key)
	if err != nil {
		return err
	}
	c.Header("Location", publicurl.Path(c.Request, "/api/v1/formations/"+string(v.ID)))
	return s.respondFormation(c, http.StatusCreated, v)
}

func (s *server) listFormations(c *gin.Context) error {
	q, err := ReadQuery(c, "name", "subaccount", "system", "limit", "cursor")
	if err != nil {
		return err
	}
	f := btp.FormationFilter{
		GlobalAccount: btp.GlobalAccountID(c.Param("ga")), Name: q.Text("name"),
		Subaccount: btp.SubaccountID(q.Text("subaccount")), System: btp.SystemID(q.Text("system")),
	}
	p, err := q.Page("formations", string(f.GlobalAccount), f.Name, string(f.Subaccount), string(f.System))
	if err != nil {
		return err
	}
	f.After, f.Limit = p.After, p.Limit
	page, more, err := s.Registry.ReadFormations(c.Request.Context(), f)
	if err != nil {
		return err
	}
	sequence := func(v btp.FormationView) uint64 { return v.Sequence }
	return Respond(c, http.StatusOK, PageOf(page, more, p, sequence, s.formationRowOf))
}

func (s *server) showFormation(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	v, err := s.Registry.ReadFormation(c.Request.Context(), formationID(c))
	if err != nil {
		return err
	}
	return s.respondFormation(c, http.StatusOK, v)
}

func formationID(c *gin.Context) btp.FormationID { return btp.FormationID(c.Param("id")) }

func (s *server) changeFormation(c *gin.Context) error {
	var req struct {
		Subaccount jsonbody.OrNull `json:"subaccount"`
	}
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	if err := DecodeBody(c, &req); err != nil {
		return err
	}
	if !req.Subaccount.There {
		return btp.Errorf(btp.InvalidRequest, "the body changes nothing; the field is subaccount, and null takes it away")
	}
	return s.changed(c, func(ctx context.Context, id btp.FormationID, match btp.Match) (btp.FormationView, error) {
		return s.Registry.ChangeFormationSubaccount(ctx, id, req.Subaccount.Text, match)
	})
}

// changed makes one change of a formation, under the condition of If-Match, and
// answers with the formation.
func (s *server) changed(c *gin.Context, change func(context.Context, btp.FormationID, btp.Match) (btp.FormationView, error)) error {
	match, err := ifMatch(c)
	if err != nil {
		return err
	}
	v, err := change(c.Request.Context(), formationID(c), match)
	if err != nil {
		return err
	}
	return s.respondFormation(c, http.StatusOK, v)
}

func (s *server) includeSystem(c *gin.Context) error {
	return s.changeMember(c, s.Registry.IncludeSystem)
}

func (s *server) excludeSystem(c *gin.Context) error {
	return s.changeMember(c, s.Registry.ExcludeSystem)
}

func (s *server) changeMember(c *gin.Context, do func(context.Context, btp.FormationID, btp.SystemID, btp.Match) (btp.FormationView, error)) error {
	if err := ReadNothing(c); err != nil {
		return err
	}
	return s.changed(c, func(ctx context.Context, id btp.FormationID, match btp.Match) (btp.FormationView, error) {
		return do(ctx, id, btp.SystemID(c.Param("system")), match)
	})
}

func (s *server) resynchronizeFormation(c *gin.Context) error {
	var req struct {
		Reset bool `json:"reset"`
	}
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	if err := DecodeOptionalBody(c, &req); err != nil {
		return err
	}
	return s.changed(c, func(ctx context.Context, id btp.FormationID, match btp.Match) (btp.FormationView, error) {
		return s.Registry.Resynchronize(ctx, id, req.Reset, match)
	})
}

func (s *server) finalizeFormation(c *gin.Context) error {
	if err := ReadNothing(c); err != nil {
		return err
	}
	return s.changed(c, s.Registry.FinalizeFormation)
}

// formationDeletion says what a deletion does, step by step.
type formationDeletion struct {
	ID    btp.FormationID `json:"id"`
	Name  string          `json:"name"`
	Done  bool            `json:"done"`
	Steps []deletionStep  `json:"steps"`
}

type deletionStep struct {
	Step   string       `json:"step"`
	System btp.SystemID `json:"system,omitempty"`
	Name   string       `json:"name"`
	Done   bool         `json:"done"`
}

// deleteFormation answers 202 while the deletion goes on.
func (s *server) deleteFormation(c *gin.Context) error {
	if err := ReadNothing(c); err != nil {
		return err
	}
	match, err := ifMatch(c)
	if err != nil {
		return err
	}
	d, err := s.Registry.DeleteFormation(c.Request.Context(), formationID(c), match)
	if err != nil {
		return err
	}
	answer := formationDeletion{ID: d.Formation.ID, Name: d.Formation.Name, Done: d.Done, Steps: make([]deletionStep, len(d.Steps))}
	for i, one := range d.Steps {
		answer.Steps[i] = deletionStep(one)
	}
	status := http.StatusOK
	if !d.Done {
		status = http.StatusAccepted
	}
	return Respond(c, status, answer)
}

// formationType is a row of the list of types.
type formationType struct {
	Name          string                 `json:"name"`
	SystemTypes   []string               `json:"systemTypes"`
	Environment   btp.RuntimeEnvironment `json:"environment"`
	NeededSystems int                    `json:"neededSystems"`
	SupportsReset bool                   `json:"supportsReset"`
}

func (s *server) listFormationTypes(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	return Respond(c, http.StatusOK, ListOf(btp.FormationTypes, func(t *btp.FormationType) formationType {
		return formationType{t.Name, t.SystemTypes, t.Environment, t.NeededSystems, t.SupportsReset}
	}))
}
