package btpclient

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// FormationFields stand in every answer about a formation.
type FormationFields struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	Type          string `json:"type"`
	GlobalAccount string `json:"globalAccount"`
	Edition       string `json:"edition"`
	// Status is what the cockpit shows; its label is empty in an edition that
	// shows none. State is the formation's own.
	Status    SystemStatus `json:"status"`
	State     string       `json:"state"`
	Error     *SystemError `json:"error,omitempty"`
	CreatedAt time.Time    `json:"createdAt"`
	UpdatedAt time.Time    `json:"updatedAt"`
}

// FormationRow is a formation as it stands in a list: it names ids only.
type FormationRow struct {
	FormationFields
	// Subaccount is "" while none is assigned.
	Subaccount string   `json:"subaccount"`
	Systems    []string `json:"systems"`
}

// Formation groups systems of a global account with a subaccount.
type Formation struct {
	FormationFields
	// Subaccount is nil while none is assigned.
	Subaccount  *FormationSubaccount `json:"subaccount"`
	Systems     []FormationSystem    `json:"systems"`
	Assignments []Assignment         `json:"assignments"`
	// Actions are what can be done with it now.
	Actions []string `json:"actions"`
	ETag    string   `json:"-"`
}

func (f *Formation) tagged(tag string) { f.ETag = tag }

// FormationSubaccount is the subaccount that a formation is assigned.
type FormationSubaccount struct {
	ID           string   `json:"id"`
	DisplayName  string   `json:"displayName"`
	Region       string   `json:"region"`
	Environments []string `json:"environments"`
}

// FormationSystem is a system in a formation.
type FormationSystem struct {
	SystemName
	Status SystemStatus `json:"status"`
}

// Assignment is a directed pair of participants of a formation.
type Assignment struct {
	ID        string      `json:"id"`
	Source    Participant `json:"source"`
	Target    Participant `json:"target"`
	State     string      `json:"state"`
	Error     string      `json:"error,omitempty"`
	UpdatedAt time.Time   `json:"updatedAt"`
}

// Participant is a system (APPLICATION) or a subaccount's runtime (RUNTIME).
type Participant struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// NewFormation asks for a formation. Edition v1 needs no Type and no Draft;
// Subaccount is an id or a subdomain.
type NewFormation struct {
	Name       string   `json:"name"`
	Type       string   `json:"type,omitempty"`
	Subaccount string   `json:"subaccount,omitempty"`
	Systems    []string `json:"systems,omitempty"`
	Draft      bool     `json:"draft,omitempty"`
}

// CreateFormation creates a formation with its systems.
func (o *Operator) CreateFormation(ctx context.Context, ga string, n NewFormation, options ...CallOption) (f Formation, err error) {
	err = o.do(ctx, http.MethodPost, accountPath(ga)+"/formations", nil, n, &f, options...)
	return f, err
}

// FormationFilter selects formations; empty fields select all.
type FormationFilter struct {
	// Subaccount is an id or a subdomain, System an id.
	Name, Subaccount, System string
	// PageSize is how many are fetched at once, 1 to 200; 0: the registry's default.
	PageSize int
}

// Formations goes through the formations of a global account, in the order of
// creation, fetching page by page. It ends with the first error.
func (o *Operator) Formations(ctx context.Context, ga string, f FormationFilter) iter.Seq2[FormationRow, error] {
	query := filters(f.PageSize, map[string]string{"name": f.Name, "subaccount": f.Subaccount, "system": f.System})
	return pages[FormationRow](ctx, o.api, accountPath(ga)+"/formations", query)
}

// Formation returns a formation by id.
func (o *Operator) Formation(ctx context.Context, id string) (f Formation, err error) {
	err = o.do(ctx, http.MethodGet, formationPath(id), nil, nil, &f)
	return f, err
}

// FormationNamed finds a formation of a global account by its exact name.
// Without one it returns a *Problem with code formation-not-found.
func (o *Operator) FormationNamed(ctx context.Context, ga, name string) (Formation, error) {
	for f, err := range o.Formations(ctx, ga, FormationFilter{Name: name}) {
		if err != nil {
			return Formation{}, err
		}
		return o.Formation(ctx, f.ID)
	}
	return Formation{}, nobodyNamed("formation", ga, name)
}

// ChangeFormationSubaccount assigns another subaccount, by id or subdomain; ""
// takes it away.
func (o *Operator) ChangeFormationSubaccount(ctx context.Context, id, subaccount string, options ...CallOption) (f Formation, err error) {
	body := map[string]string{"subaccount": subaccount}
	err = o.do(ctx, http.MethodPatch, formationPath(id), nil, body, &f, options...)
	return f, err
}

// IncludeSystem includes a system in a formation.
func (o *Operator) IncludeSystem(ctx context.Context, id, system string, options ...CallOption) (f Formation, err error) {
	err = o.do(ctx, http.MethodPut, memberPath(id, system), nil, nil, &f, options...)
	return f, err
}

// ExcludeSystem excludes a system from a formation. It is there until its last
// assignment is gone.
func (o *Operator) ExcludeSystem(ctx context.Context, id, system string, options ...CallOption) (f Formation, err error) {
	err = o.do(ctx, http.MethodDelete, memberPath(id, system), nil, nil, &f, options...)
	return f, err
}

// Resynchronize tries again what failed; with reset, everything starts anew.
func (o *Operator) Resynchronize(ctx context.Context, id string, reset bool, options ...CallOption) (f Formation, err error) {
	body := map[string]bool{"reset": reset}
	err = o.do(ctx, http.MethodPost, formationPath(id)+"/resynchronization", nil, body, &f, options...)
	return f, err
}

// FinalizeFormation ends a draft.
func (o *Operator) FinalizeFormation(ctx context.Context, id string, options ...CallOption) (f Formation, err error) {
	err = o.do(ctx, http.MethodPost, formationPath(id)+"/finalization", nil, nil, &f, options...)
	return f, err
}

// FormationDeletion is what a deletion does, step by step. It is not Done while
// it goes on.
type FormationDeletion struct {
	ID    string         `json:"id"`
	Name  string         `json:"name"`
	Done  bool           `json:"done"`
	Steps []DeletionStep `json:"steps"`
}

// DeletionStep is one step of a deletion. System is the id of the one that is
// excluded, "" for the other steps.
type DeletionStep struct {
	Step   string `json:"step"`
	System string `json:"system,omitempty"`
	Name   string `json:"name"`
	Done   bool   `json:"done"`
}

// DeleteFormation deletes a formation. Edition v1 refuses one that is not empty
// with formation-not-empty, and the *Problem names what is in it.
func (o *Operator) DeleteFormation(ctx context.Context, id string, options ...CallOption) (d FormationDeletion, err error) {
	err = o.do(ctx, http.MethodDelete, formationPath(id), nil, nil, &d, options...)
	return d, err
}

// FormationType is a kind of formation.
type FormationType struct {
	Name          string   `json:"name"`
	SystemTypes   []string `json:"systemTypes"`
	Environment   string   `json:"environment"`
	NeededSystems int      `json:"neededSystems"`
	SupportsReset bool     `json:"supportsReset"`
}

// FormationTypes lists the types that can be created.
func (o *Operator) FormationTypes(ctx context.Context) ([]FormationType, error) {
	var answer page[FormationType]
	err := o.do(ctx, http.MethodGet, "/api/v1/formationTypes", nil, nil, &answer)
	return answer.Items, err
}

func formationPath(id string) string { return "/api/v1/formations/" + url.PathEscape(id) }

func memberPath(id, system string) string {
	return formationPath(id) + "/systems/" + url.PathEscape(system)
}
