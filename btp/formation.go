package btp

import (
	"slices"
	"strings"
	"time"

	"github.com/pairsim/pairsim/internal/pattern"
)

// FormationID names a formation.
type FormationID string

// MaxFormationSystems is the most systems of one formation. SAP states no limit
// (sap-domain §8.1); ours bounds the assignments, which grow with its square.
const MaxFormationSystems = 100

// MaxFormationName is the most bytes of a formation's name (68b04fa.md).
const MaxFormationName = 128

// FormationState is where the formation itself stands (pairing-protocols §6.7).
// What a cockpit shows is its FormationStatus.
type FormationState string

// The stored states.
const (
	FormationReady       FormationState = "READY"
	FormationDraft       FormationState = "DRAFT"
	FormationDeleting    FormationState = "DELETING"
	FormationDeleteError FormationState = "DELETE_ERROR"
	// FormationGone is no state that is ever stored.
	FormationGone FormationState = "GONE"
)

// FormationStates are all stored states.
var FormationStates = []FormationState{FormationDraft, FormationReady, FormationDeleting, FormationDeleteError}

// FormationEvent is what happens to a formation.
type FormationEvent string

// The events.
const (
	FormationFinalized         FormationEvent = "formation finalized"
	FormationDeletionRequested FormationEvent = "deletion requested"
	FormationDeletionDone      FormationEvent = "deletion done"
	FormationDeletionFailed    FormationEvent = "deletion failed"
)

// FormationEvents are all events.
var FormationEvents = []FormationEvent{FormationFinalized, FormationDeletionRequested, FormationDeletionDone, FormationDeletionFailed}

// FormationMove is one row of the formations' lifecycle.
type FormationMove struct {
	From   FormationState
	On     FormationEvent
	To     FormationState
	Source string
}

// FormationLifecycle is every move of a formation, in both editions
// (pairing-protocols §6.7). Anything else is refused.
var FormationLifecycle = []FormationMove{
	{FormationDraft, FormationFinalized, FormationReady, "68b04fa.md"},
	{FormationDraft, FormationDeletionRequested, FormationDeleting, "68b04fa.md"},
	{FormationReady, FormationDeletionRequested, FormationDeleting, "68b04fa.md"},
	{FormationDeleting, FormationDeletionDone, FormationGone, "68b04fa.md"},
	{FormationDeleting, FormationDeletionFailed, FormationDeleteError, "pairing-protocols §6.7"},
	{FormationDeleteError, FormationDeletionRequested, FormationDeleting, "pairing-protocols §6.7"},
}

// FormationStatus is what the cockpit shows for a formation (sap-domain §8.2);
// an edition without statuses has no label for any.
type FormationStatus string

// The statuses.
const (
	StatusReady          FormationStatus = "ready"
	StatusDraft          FormationStatus = "draft"
	StatusActionRequired FormationStatus = "actionRequired"
	StatusSynchronizing  FormationStatus = "synchronizing"
	StatusError          FormationStatus = "error"
)

// FormationStatuses are all statuses.
var FormationStatuses = []FormationStatus{StatusDraft, StatusSynchronizing, StatusActionRequired, StatusReady, StatusError}

// FormationAction is what an operator can do with a formation.
type FormationAction string

// The actions.
const (
	ActionInclude          FormationAction = "include"
	ActionExclude          FormationAction = "exclude"
	ActionChangeSubaccount FormationAction = "changeSubaccount"
	ActionFinalize         FormationAction = "finalize"
	ActionResynchronize    FormationAction = "resynchronize"
	ActionReset            FormationAction = "resetAndResynchronize"
	ActionDelete           FormationAction = "delete"
)

// FormationActions are all actions.
var FormationActions = []FormationAction{
	ActionInclude, ActionExclude, ActionChangeSubaccount, ActionFinalize, ActionResynchronize, ActionReset, ActionDelete,
}

// WithheldActions are not offered in a state, whatever the status says: what is
// on its way out takes and gives nobody (pairing-protocols §6.7).
var WithheldActions = map[FormationState][]FormationAction{ //nolint:exhaustive // the others withhold nothing
	FormationDeleting:    {ActionInclude, ActionExclude, ActionChangeSubaccount, ActionDelete},
	FormationDeleteError: {ActionInclude, ActionExclude, ActionChangeSubaccount},
}

// FormationType is a kind of formation (sap-domain §8.3). Types are data: a
// further one needs only a row.
type FormationType struct {
	// Name is the exact label in the cockpit.
	Name string
	// SystemTypes are the types of systems that it takes.
	SystemTypes []string
	// Environment is the subaccount environment whose runtime takes part.
	Environment RuntimeEnvironment
	// NeededSystems is the number of systems below which it is a draft.
	NeededSystems int
	// SupportsReset: Reset and Resynchronize is offered.
	SupportsReset bool
	Source        string
}

// SideBySideWithKyma is the type that extends systems in a Kyma runtime.
const SideBySideWithKyma = "Side-by-Side Extensibility with Kyma"

// FormationTypes are the types that can be created; the first is what an edition
// without types takes.
var FormationTypes = []*FormationType{{
	Name:        SideBySideWithKyma,
	SystemTypes: []string{"SAP Cloud for Customer", "SAP Commerce Cloud", "SAP Field Service Management", "SAP Marketing Cloud"},
	Environment: Kyma, NeededSystems: 1, SupportsReset: true, Source: "9154051.md",
}}

// FormationTypeNamed finds a type by its exact label.
func FormationTypeNamed(name string) (*FormationType, error) {
	names := make([]string, len(FormationTypes))
	for i, t := range FormationTypes {
		if t.Name == name {
			return t, nil
		}
		names[i] = t.Name
	}
	return nil, Errorf(FormationTypeUnknown, "there is no formation type %q; types are %s", clip(name), strings.Join(names, ", "))
}

// Takes says whether systems of a type can be in formations of type t.
func (t *FormationType) Takes(systemType string) bool {
	return slices.Contains(t.SystemTypes, systemType)
}

// Formation groups systems of a global account with a subaccount (sap-domain §8).
type Formation struct {
	ID            FormationID
	GlobalAccount GlobalAccountID
	// Name is unique in the global account.
	Name string
	// Type is a FormationType's name.
	Type string
	// Subaccount is "" while none is assigned.
	Subaccount SubaccountID
	// Systems are included, in this order. One that is being excluded stays until
	// its last assignment is gone.
	Systems []SystemID
	State   FormationState
	// Failure says why the deletion failed; nil otherwise.
	Failure *Failure
	// Version counts the changes.
	Version uint64
	// Sequence orders formations by creation.
	Sequence             uint64
	CreatedAt, UpdatedAt time.Time
}

// Has says whether a system is included.
func (f *Formation) Has(id SystemID) bool { return slices.Contains(f.Systems, id) }

// FormationFilter selects formations; empty fields select all.
type FormationFilter struct {
	GlobalAccount GlobalAccountID
	Subaccount    SubaccountID
	System        SystemID
	Name          string
	// After is the Sequence behind which the page starts, Limit its length; 0: no limit.
	After uint64
	Limit int
}

// apply moves f by event, or refuses with FormationStatusForbids.
func (f *Formation) apply(on FormationEvent) (FormationMove, error) {
	for _, m := range FormationLifecycle {
		if m.From == f.State && m.On == on {
			f.State = m.To
			return m, nil
		}
	}
	return FormationMove{}, Errorf(FormationStatusForbids, "formation %q is in state %s: no %s", f.Name, f.State, on)
}

// Names of formations by edition (68b04fa.md@v1, 68b04fa.md).
var (
	formationNameV1 = pattern.New(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
	formationNameV2 = pattern.New(`^[A-Za-z0-9]([A-Za-z0-9 _-]*[A-Za-z0-9])?$`)
)

func (e *Edition) checkFormationName(name string) error {
	switch {
	case name == "":
		return Errorf(NameInvalid, "a formation needs a name")
	case len(name) > MaxFormationName:
		return Errorf(NameInvalid, "a formation name has at most %d characters; this one has %d", MaxFormationName, len(name))
	case !e.FormationName.MatchString(name):
		return Errorf(NameInvalid, "formation name %q: %s", clip(name), e.FormationNameRule)
	}
	return nil
}
