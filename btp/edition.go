package btp

import (
	"slices"
	"strings"

	"github.com/pairsim/pairsim/internal/pattern"
)

// Edition is one generation of SAP's documents as a table: what the cockpit
// calls things, which moves a system can make and what an operator may do.
// An environment has one edition, stored with it (sap-domain §0.2).
type Edition struct {
	// ID is the stable name ("v1"), Alias another accepted spelling.
	ID, Alias string
	// Cockpit says which cockpit a reader is looking at.
	Cockpit string
	// TokenName is what the edition calls the token.
	TokenName string
	// RegisterVerb, TokenVerb and the others are the cockpit's buttons.
	RegisterVerb, TokenVerb, DeregisterVerb, RemoveVerb, MergeVerb, IncludeVerb, ExcludeVerb string
	// TokenAtRegistration says that registering a system issues its first token.
	TokenAtRegistration bool
	// Labels are what the cockpit shows for a status; every status of the edition has one.
	Labels map[Status]string
	// Lifecycle lists every move that a system can make.
	Lifecycle []Move
	// FormationName is what a formation's name must match; FormationNameRule says it in words.
	FormationName     *pattern.Pattern
	FormationNameRule string
	// FormationLabels are what the cockpit shows for a formation's status; an
	// edition without statuses has none.
	FormationLabels map[FormationStatus]string
	// FormationActions are what the cockpit offers in a status.
	FormationActions map[FormationStatus][]FormationAction
	// EnvironmentFirst: a formation is created for a subaccount only that has an
	// environment; otherwise it is created and shows Action Required.
	EnvironmentFirst bool
	// EmptyFirst: a formation is deleted only when nothing is assigned to it;
	// otherwise its deletion excludes and unassigns by itself.
	EmptyFirst bool
	// NamesKeptByTenant: the name of a system whose type says so is free when the
	// tenant has deleted its extension too (e9d975a.md@v1).
	NamesKeptByTenant bool
	// AllTypesInRuntime: every system in a Kyma formation is an application in the
	// runtime; otherwise only those of the CX types (design §4).
	AllTypesInRuntime bool
	// DestinationAlways: every instance of plan api-access gets a destination (SEED-004);
	// otherwise those with an inbound connection do (d866cf6.md).
	DestinationAlways bool
	// AutoDiscovery: systems of the global account's customer appear by themselves, and
	// are merged (3ce5e05.md, 5592d86.md).
	AutoDiscovery bool
	// OwnSystemTypes: a global account may have system types of third parties (5481d59.md).
	OwnSystemTypes bool
	// PrefixedEvents: the types of events that a runtime receives begin with
	// sap.kyma.custom and the application's name (design §4 event names).
	PrefixedEvents bool
}

// V1 is the cockpit of SEED-000, until 2022-04-14.
var V1 = &Edition{
	ID:                  "v1",
	Alias:               "2021-10",
	Cockpit:             "SAP BTP cockpit as of October 2021",
	TokenName:           "integration token",
	RegisterVerb:        "Register System",
	TokenVerb:           "Display token",
	DeregisterVerb:      "Deregister System",
	IncludeVerb:         "Assign",
	ExcludeVerb:         "Unassign",
	TokenAtRegistration: true,
	Labels: map[Status]string{ //nolint:exhaustive // v1 removes nothing; Gone is never stored
		Pending:         "Pending",
		Registered:      "Registered",
		Failed:          "Error",
		Deregistering:   "Deregistering",
		DeregisterError: "Deregister Error",
	},
	Lifecycle:         lifecycleV1,
	FormationName:     formationNameV1,
	PrefixedEvents:    true,
	FormationNameRule: "lower-case letters, digits, dots and hyphens; it starts and ends with a letter or digit",
	FormationActions: map[FormationStatus][]FormationAction{
		// v1 shows no statuses: what it offers does not depend on them.
		StatusDraft: formationActionsV1, StatusSynchronizing: formationActionsV1, StatusActionRequired: formationActionsV1,
		StatusReady: formationActionsV1, StatusError: formationActionsV1,
	},
	EnvironmentFirst:  true,
	EmptyFirst:        true,
	NamesKeptByTenant: true,
	DestinationAlways: true,
}

// formationActionsV1 are what 68b04fa.md@v1 describes, at any time.
var formationActionsV1 = []FormationAction{ActionInclude, ActionExclude, ActionChangeSubaccount, ActionDelete}

// V2 is the cockpit from 2022-04-15 to now.
var V2 = &Edition{
	ID:             "v2",
	Alias:          "latest",
	Cockpit:        "SAP BTP cockpit of today",
	TokenName:      "registration token",
	RegisterVerb:   "Add System",
	TokenVerb:      "Get Token",
	DeregisterVerb: "Deregister System",
	RemoveVerb:     "Remove System",
	MergeVerb:      "Merge System",
	IncludeVerb:    "Include System",
	ExcludeVerb:    "Exclude System",
	Labels: map[Status]string{ //nolint:exhaustive // Gone is never stored
		Pending:         "",
		Registered:      "Registered",
		Failed:          "Error while Registering",
		Deregistering:   "Deregistering",
		DeregisterError: "Error while Deregistering",
		Removing:        "Removing",
		RemoveError:     "Error while Removing",
	},
	Lifecycle:         lifecycleV2,
	FormationName:     formationNameV2,
	AllTypesInRuntime: true,
	AutoDiscovery:     true,
	OwnSystemTypes:    true,
	FormationNameRule: "letters, digits, hyphens, blanks and underscores; it starts and ends with a letter or digit",
	FormationLabels: map[FormationStatus]string{
		StatusReady: "Ready", StatusDraft: "Draft", StatusActionRequired: "Action Required",
		StatusSynchronizing: "Synchronizing", StatusError: "Error",
	},
	// sap-domain §8.2. Systems are included and excluded at any time (68b04fa.md);
	// the subaccount is fixed at creation.
	FormationActions: map[FormationStatus][]FormationAction{
		StatusDraft:          {ActionInclude, ActionExclude, ActionFinalize, ActionDelete},
		StatusSynchronizing:  {ActionInclude, ActionExclude},
		StatusActionRequired: {ActionInclude, ActionExclude, ActionDelete},
		StatusReady:          {ActionInclude, ActionExclude, ActionReset, ActionDelete},
		StatusError:          {ActionInclude, ActionExclude, ActionResynchronize, ActionDelete},
	},
}

// Editions are all editions, the default first.
var Editions = []*Edition{V1, V2}

// EditionNamed finds an edition by id or alias, ignoring case; "" is the default.
func EditionNamed(name string) (*Edition, error) {
	if name == "" {
		return V1, nil
	}
	for _, e := range Editions {
		if strings.EqualFold(name, e.ID) || strings.EqualFold(name, e.Alias) {
			return e, nil
		}
	}
	return nil, Errorf(InvalidRequest, "there is no edition %q; editions are v1 (2021-10) and v2 (latest)", name)
}

// Label is what the cockpit of e shows for s.
func (e *Edition) Label(s Status) string { return e.Labels[s] }

// FormationLabel is what the cockpit of e shows for a formation's status.
func (e *Edition) FormationLabel(s FormationStatus) string { return e.FormationLabels[s] }

// Offers says whether the cockpit offers an action on a formation in status s.
func (e *Edition) Offers(s FormationStatus, a FormationAction) bool {
	return slices.Contains(e.FormationActions[s], a)
}

// Knows says whether the edition has an event at all, in any status.
func (e *Edition) Knows(on Event) bool {
	return slices.ContainsFunc(e.Lifecycle, func(m Move) bool { return m.On == on })
}

// Move returns the move that event makes from status, and whether there is one.
func (e *Edition) Move(from Status, on Event) (Move, bool) {
	for _, m := range e.Lifecycle {
		if m.From == from && m.On == on {
			return m, true
		}
	}
	return Move{}, false
}
