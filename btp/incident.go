package btp

import "time"

// IncidentID names an incident.
type IncidentID string

// IncidentSubject is what an incident is about.
type IncidentSubject struct {
	Kind ObjectKind
	ID   string
	Name string
}

// ObjectKind is a kind of object that blocks something or has an incident.
type ObjectKind string

// The kinds of objects.
const (
	KindSystem      ObjectKind = "system"
	KindFormation   ObjectKind = "formation"
	KindEntitlement ObjectKind = "entitlement"
	KindSubaccount  ObjectKind = "subaccount"
)

// Incident is what every error status opens: the documents send the user to
// SAP's support with it (sap-domain §4.4).
type Incident struct {
	ID            IncidentID
	GlobalAccount GlobalAccountID
	Subject       IncidentSubject
	// Component is where SAP takes the incident.
	Component string
	Cause     string
	// Step is the point that failed.
	Step Point
	// Status is what the cockpit showed when the incident was opened.
	Status   string
	OpenedAt time.Time
	// ResolvedAt is zero while the incident is open; Resolution says how it ended.
	ResolvedAt time.Time
	Resolution string
	// Sequence orders incidents by opening.
	Sequence uint64
}

// Open says whether nobody has resolved i.
func (i *Incident) Open() bool { return i.ResolvedAt.IsZero() }

// IncidentFilter selects incidents; empty fields select all.
type IncidentFilter struct {
	GlobalAccount GlobalAccountID
	// Subject is the id of a system or formation.
	Subject string
	// OpenOnly leaves out those that are resolved.
	OpenOnly bool
	// After is the Sequence behind which the page starts, Limit its length; 0: no limit.
	After uint64
	Limit int
}
