package btp

// Status is where a system stands, under one name in both editions; what a
// cockpit shows for it is its edition's label.
type Status string

// The statuses. V1 knows no Removing and RemoveError.
const (
	Pending         Status = "pending" // v2 shows an empty status
	Registered      Status = "registered"
	Failed          Status = "error"
	Deregistering   Status = "deregistering"
	DeregisterError Status = "deregisterError"
	Removing        Status = "removing"
	RemoveError     Status = "removeError"
	// Gone is no status that is ever stored: the row has disappeared.
	Gone Status = "gone"
)

// Statuses are all stored statuses, in the order of a system's life.
var Statuses = []Status{Pending, Registered, Failed, Deregistering, DeregisterError, Removing, RemoveError}

// Event is what happens to a system. There is none for an expired token: it
// leaves its system as it was (SEED-000).
type Event string

// The events.
const (
	TokenRequested          Event = "token requested"
	PairingCompleted        Event = "pairing completed"
	PairingFailed           Event = "pairing failed"
	DeregistrationRequested Event = "deregistration requested"
	DeregistrationDone      Event = "deregistration done"
	DeregistrationFailed    Event = "deregistration failed"
	RemovalRequested        Event = "removal requested"
	RemovalDone             Event = "removal done"
	RemovalFailed           Event = "removal failed"
	MergeRequested          Event = "merge requested"
	// IncidentResolved is SAP's support ending an error status.
	IncidentResolved Event = "incident resolved"
)

// Events are all events.
var Events = []Event{
	TokenRequested, PairingCompleted, PairingFailed,
	DeregistrationRequested, DeregistrationDone, DeregistrationFailed,
	RemovalRequested, RemovalDone, RemovalFailed, MergeRequested, IncidentResolved,
}

// Move is one row of a lifecycle.
type Move struct {
	From Status
	On   Event
	To   Status
	// Only limits the move to types with this property; empty: all types.
	Only TypeProperty
	// Source is the document that the move rests on.
	Source string
}

// lifecycleV1 is every move of sap-domain §4.1. Anything else is refused.
var lifecycleV1 = []Move{
	{From: Pending, On: TokenRequested, To: Pending, Source: "SEED-000 step 6"},
	{From: Pending, On: PairingCompleted, To: Registered, Source: "SEED-000 Context"},
	{From: Pending, On: PairingFailed, To: Failed, Source: "SEED-000 Context"},
	{From: Pending, On: DeregistrationRequested, To: Deregistering, Source: "design §4 Pending in v1"},
	{From: Registered, On: DeregistrationRequested, To: Deregistering, Source: "SEED-000 Results"},
	{From: Failed, On: TokenRequested, To: Pending, Only: RetriesAfterError, Source: "e9d975a.md@v1"},
	{From: Deregistering, On: DeregistrationDone, To: Gone, Source: "sap-domain §4.1"},
	{From: Deregistering, On: DeregistrationFailed, To: DeregisterError, Source: "SEED-000 Results"},
	{From: Failed, On: IncidentResolved, To: Pending, Source: "design §4 errors and incidents"},
	{From: DeregisterError, On: IncidentResolved, To: Gone, Source: "SEED-000 Results (report an incident)"},
}

// lifecycleV2 is every move of sap-domain §4.2. Anything else is refused.
var lifecycleV2 = []Move{
	{From: Pending, On: TokenRequested, To: Pending, Source: "1582d72.md"},
	{From: Pending, On: PairingCompleted, To: Registered, Source: "1582d72.md"},
	{From: Pending, On: PairingFailed, To: Failed, Source: "1582d72.md"},
	{From: Pending, On: RemovalRequested, To: Removing, Source: "0c6f498.md"},
	{From: Pending, On: MergeRequested, To: Gone, Source: "5592d86.md"},
	{From: Registered, On: DeregistrationRequested, To: Deregistering, Source: "0c6f498.md"},
	{From: Failed, On: RemovalRequested, To: Removing, Source: "1582d72.md"},
	{From: Deregistering, On: DeregistrationDone, To: Pending, Source: "0c6f498.md"},
	{From: Deregistering, On: DeregistrationFailed, To: DeregisterError, Source: "1582d72.md"},
	{From: DeregisterError, On: DeregistrationRequested, To: Deregistering, Source: "1582d72.md, since 2024-03-21"},
	{From: Removing, On: RemovalDone, To: Gone, Source: "0c6f498.md"},
	{From: Removing, On: RemovalFailed, To: RemoveError, Source: "1582d72.md"},
	{From: RemoveError, On: RemovalRequested, To: Removing, Source: "1582d72.md"},
	{From: Failed, On: IncidentResolved, To: Pending, Source: "design §4 errors and incidents"},
	{From: DeregisterError, On: IncidentResolved, To: Pending, Source: "1582d72.md (report a case)"},
	{From: RemoveError, On: IncidentResolved, To: Gone, Source: "1582d72.md (report a case)"},
}

// apply moves s by event in edition e, or refuses with StatusForbids.
func (s *System) apply(e *Edition, on Event) (Move, error) {
	m, ok := e.Move(s.Status, on)
	if ok && m.Only != "" {
		t, err := TypeNamed(s.Type)
		ok = err == nil && t.Has(m.Only)
	}
	if !ok {
		return Move{}, statusForbids(e, s, on)
	}
	s.Status = m.To
	return m, nil
}

// forbidden says what a system cannot do where there is no move.
var forbidden = map[Event]string{
	TokenRequested:          "no token is made for it",
	PairingCompleted:        "no pairing can complete",
	PairingFailed:           "no pairing can fail",
	DeregistrationRequested: "it cannot be deregistered",
	DeregistrationDone:      "it is not being deregistered",
	DeregistrationFailed:    "it is not being deregistered",
	RemovalRequested:        "it cannot be removed",
	RemovalDone:             "it is not being removed",
	RemovalFailed:           "it is not being removed",
	MergeRequested:          "it cannot be merged",
	IncidentResolved:        "there is nothing for support to end",
}

func statusForbids(e *Edition, s *System, on Event) *Error {
	if !e.Knows(on) {
		return Errorf(OperationNotInEdition, "edition %s does not know this: %s", e.ID, forbidden[on])
	}
	why := forbidden[on]
	if on == RemovalRequested && s.Status == Registered {
		why += "; deregister it first" // the dialog of 0c6f498.md
	}
	return Errorf(StatusForbids, "system %q has the status %s: %s", s.Name, statusText(e, s.Status), why)
}
