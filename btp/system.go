package btp

import "time"

// SystemID names a registered system.
type SystemID string

// System is one row of System Landscape > Systems.
type System struct {
	ID            SystemID
	GlobalAccount GlobalAccountID
	// Name is unique per global account, case-sensitive.
	Name string
	// Type is a SystemType's name.
	Type string
	// ApplicationName is fixed at registration; it is the path segment and the CN.
	ApplicationName string
	Status          Status
	// Failure says why the system is in an error status; nil otherwise.
	Failure *Failure
	// Tenant is what the paired tenant said of itself; nil without a descriptor.
	Tenant *Descriptor
	// FormerTenant is the tenant id before a deregistration that kept the row:
	// only the same tenant registers it again (0c6f498.md); "" for any.
	FormerTenant string
	// ExtensionDeleted: the tenant has deleted its side of the pairing. There is
	// nobody to tell of a deregistration, and no certificate is good.
	ExtensionDeleted bool
	// EventRuntime is the subaccount whose runtime got the system's latest event; "" for
	// none yet. It stays the one that gets them while it has the application.
	EventRuntime SubaccountID
	// Discovery is what SAP's landscape tells of it; nil for nothing.
	Discovery *Discovery
	// Sequence orders systems by registration; lists and cursors run on it.
	Sequence                           uint64
	CreatedAt, UpdatedAt, RegisteredAt time.Time
}

// Failure is the cause of an error status.
type Failure struct {
	Cause string
	// Step is the point that failed, e.g. pairing.csr.
	Step Point
	// Component is SAP's support component (sap-domain §4.4).
	Component string
	At        time.Time
}

// Descriptor is what a tenant says of itself when its pairing is complete
// (design §4 descriptor).
type Descriptor struct {
	TenantID               string   `json:"tenantId"`
	URL                    string   `json:"url"`
	CallbackURL            string   `json:"callbackUrl"`
	CommunicationScenarios []string `json:"communicationScenarios"`
	// WakeAt is an instant of the environment's clock at which the tenant is to be
	// woken, as it has something to do then; zero: never.
	WakeAt time.Time `json:"wakeAt,omitzero"`
}

// SystemFilter selects systems; empty fields select all.
type SystemFilter struct {
	GlobalAccount GlobalAccountID
	Status        Status
	Type          string
	Name          string
	// After is the Sequence behind which the page starts, Limit its length.
	After uint64
	Limit int
}

// Reference is how steps and entries speak of s.
func (s *System) Reference() Reference {
	about := Reference{System: s.ID, Name: s.Name}
	if s.Tenant != nil {
		about.Tenant = s.Tenant.TenantID
	}
	return about
}
