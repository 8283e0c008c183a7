package btp

import (
	"encoding/json"
	"time"
)

// AssignmentID names a formation assignment.
type AssignmentID string

// ParticipantKind is a kind of object in a formation (sap-domain §8.4).
type ParticipantKind string

// The kinds of participants that assignments join.
const (
	ParticipantApplication ParticipantKind = "APPLICATION" // a system; its id
	ParticipantRuntime     ParticipantKind = "RUNTIME"     // a subaccount's Kyma runtime; the subaccount's id
)

// Participant is a system or a runtime in a formation.
type Participant struct {
	Kind ParticipantKind
	ID   string
}

func applicationOf(id SystemID) Participant { return Participant{ParticipantApplication, string(id)} }
func runtimeOf(id SubaccountID) Participant { return Participant{ParticipantRuntime, string(id)} }

// AssignmentState is where a formation assignment stands (pairing-protocols §6.8).
type AssignmentState string

// The stored states.
const (
	AssignmentInitial       AssignmentState = "INITIAL"
	AssignmentReady         AssignmentState = "READY"
	AssignmentConfigPending AssignmentState = "CONFIG_PENDING"
	AssignmentCreateError   AssignmentState = "CREATE_ERROR"
	AssignmentDeleting      AssignmentState = "DELETING"
	AssignmentDeleteError   AssignmentState = "DELETE_ERROR"
)

// AssignmentStates are all stored states.
var AssignmentStates = []AssignmentState{
	AssignmentInitial, AssignmentReady, AssignmentConfigPending, AssignmentCreateError, AssignmentDeleting, AssignmentDeleteError,
}

// Assignment is a directed pair of participants: its notification goes to the
// target, about the source. n participants have n² of them, each with itself
// included (pairing-protocols §6.8).
type Assignment struct {
	ID             AssignmentID
	Formation      FormationID
	Source, Target Participant
	State          AssignmentState
	// Configuration is what the target answered; nil before.
	Configuration json.RawMessage
	// Error says why the state is an error; "" otherwise.
	Error     string
	UpdatedAt time.Time
}

// leaves says whether a is on its way out.
func (a *Assignment) leaves() bool {
	return a.State == AssignmentDeleting || a.State == AssignmentDeleteError
}

// condition works out what the cockpit shows for f, of whose assignments count
// tells how many are in which state. served says that the environment which its
// type needs is there (pairing-protocols §6.7, Aggregated status; sap-domain §8.2).
func (f *Formation) condition(count map[AssignmentState]int, served bool) FormationStatus {
	switch {
	case f.State == FormationDraft:
		return StatusDraft
	case f.State == FormationDeleteError:
		return StatusError
	case f.State == FormationDeleting:
		return StatusSynchronizing
	case count[AssignmentCreateError]+count[AssignmentDeleteError] > 0:
		return StatusError
	case count[AssignmentInitial]+count[AssignmentConfigPending]+count[AssignmentDeleting] > 0:
		return StatusSynchronizing
	case !served:
		return StatusActionRequired
	}
	return StatusReady
}

// AssignmentResynchronized is the state from which an assignment is tried again; the
// others are left alone, CONFIG_PENDING too (pairing-protocols §6.8).
var AssignmentResynchronized = map[AssignmentState]AssignmentState{ //nolint:exhaustive // the others are left alone
	AssignmentInitial:     AssignmentInitial,
	AssignmentCreateError: AssignmentInitial,
	AssignmentDeleting:    AssignmentDeleting,
	AssignmentDeleteError: AssignmentDeleting,
}

// AssignmentFailed is the state after a synchronization that failed.
var AssignmentFailed = map[AssignmentState]AssignmentState{ //nolint:exhaustive // the others are not synchronized
	AssignmentInitial:  AssignmentCreateError,
	AssignmentDeleting: AssignmentDeleteError,
}

// AssignmentReports are the states that a participant may report of an assignment in a
// state (pairing-protocols §6.8).
var AssignmentReports = map[AssignmentState][]AssignmentState{
	AssignmentInitial:       {AssignmentReady, AssignmentConfigPending, AssignmentCreateError},
	AssignmentConfigPending: {AssignmentReady, AssignmentConfigPending, AssignmentCreateError},
	AssignmentReady:         {AssignmentReady, AssignmentConfigPending, AssignmentCreateError},
	AssignmentCreateError:   {AssignmentReady, AssignmentConfigPending, AssignmentCreateError},
	AssignmentDeleting:      {AssignmentDeleteError},
	AssignmentDeleteError:   {AssignmentDeleteError},
}
