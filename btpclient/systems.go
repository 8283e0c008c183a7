package btpclient

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// SystemStatus is a stable code and what the edition's cockpit shows for it.
type SystemStatus struct {
	Code  string `json:"code"`
	Label string `json:"label"`
}

// System is a row of the system landscape. Token, Services, Certificates, and
// what holds the system stand in answers about one system only.
type System struct {
	ID               string              `json:"id"`
	Name             string              `json:"name"`
	Type             string              `json:"type"`
	GlobalAccount    string              `json:"globalAccount"`
	Edition          string              `json:"edition"`
	Status           SystemStatus        `json:"status"`
	ApplicationName  string              `json:"applicationName"`
	CreatedAt        time.Time           `json:"createdAt"`
	UpdatedAt        time.Time           `json:"updatedAt"`
	RegisteredAt     time.Time           `json:"registeredAt,omitzero"`
	Token            *TokenState         `json:"token,omitempty"`
	Tenant           *SystemTenant       `json:"tenant,omitempty"`
	Error            *SystemError        `json:"error,omitempty"`
	Services         []SystemService     `json:"services,omitempty"`
	Certificates     []SystemCertificate `json:"certificates,omitempty"`
	Formations       []SystemFormation   `json:"formations,omitempty"`
	Entitlements     []SystemEntitlement `json:"entitlements,omitempty"`
	IntegrationToken *IntegrationToken   `json:"integrationToken,omitempty"`
	Discovery        SystemDiscovery     `json:"discovery"`
	// MergeTargets are what an auto-discovered system can be merged into.
	MergeTargets []SystemName `json:"mergeTargets,omitempty"`
}

// SystemDiscovery is how a row came, Mode being manual or auto, and what SAP's landscape
// tells of its system.
type SystemDiscovery struct {
	Mode           string   `json:"mode"`
	Label          string   `json:"label"`
	URL            string   `json:"url,omitempty"`
	SystemID       string   `json:"systemId,omitempty"`
	BusinessType   string   `json:"businessType,omitempty"`
	CorrelationIDs []string `json:"correlationIds,omitempty"`
}

// TokenState is a system's newest token, without its secret. State is live,
// used, void or expired.
type TokenState struct {
	State     string    `json:"state"`
	IssuedAt  time.Time `json:"issuedAt"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// SystemTenant is what a paired tenant said of itself.
type SystemTenant struct {
	TenantID               string   `json:"tenantId"`
	URL                    string   `json:"url"`
	CallbackURL            string   `json:"callbackUrl,omitempty"`
	CommunicationScenarios []string `json:"communicationScenarios"`
}

// SystemError is why a system is in an error status.
type SystemError struct {
	Cause     string    `json:"cause"`
	Step      string    `json:"step"`
	Component string    `json:"component"`
	At        time.Time `json:"at"`
	// Incident is the id of the open incident, in answers about one system only.
	Incident string `json:"incident,omitempty"`
}

// SystemFormation is a formation that holds a system.
type SystemFormation struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// SystemEntitlement is an entitlement configuration that holds a system.
type SystemEntitlement struct {
	ID         string `json:"id"`
	Plan       string `json:"plan"`
	Subaccount string `json:"subaccount"`
}

// SystemName is a system as other objects name it.
type SystemName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// SystemService is what a paired system publishes.
type SystemService struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Provider    string `json:"provider"`
	Description string `json:"description"`
	API         bool   `json:"api"`
	Events      bool   `json:"events"`
	// EventTypes are those that it publishes, in answers about one system only.
	EventTypes []string `json:"eventTypes,omitempty"`
}

// SystemCertificate is a client certificate of a system. State is valid,
// expired, revoked or renewalBlocked.
type SystemCertificate struct {
	Serial    string    `json:"serial"`
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
	State     string    `json:"state"`
}

// Register adds a system to a global account. In edition v1 it comes with its
// first IntegrationToken.
func (o *Operator) Register(ctx context.Context, ga, name, systemType string, options ...CallOption) (s System, err error) {
	body := map[string]string{"name": name, "type": systemType}
	err = o.do(ctx, http.MethodPost, accountPath(ga)+"/systems", nil, body, &s, options...)
	return s, err
}

// System returns a system by id.
func (o *Operator) System(ctx context.Context, id string) (s System, err error) {
	err = o.do(ctx, http.MethodGet, systemPath(id), nil, nil, &s)
	return s, err
}

// SystemFilter selects systems; empty fields select all.
type SystemFilter struct {
	// Status is a code or label, in any case.
	Status, Type, Name string
	// PageSize is how many are fetched at once, 1 to 200; 0: the registry's default.
	PageSize int
}

// Systems goes through the systems of a global account, in the order of
// registration, fetching page by page. It ends with the first error.
func (o *Operator) Systems(ctx context.Context, ga string, f SystemFilter) iter.Seq2[System, error] {
	query := filters(f.PageSize, map[string]string{"status": f.Status, "type": f.Type, "name": f.Name})
	return pages[System](ctx, o.api, accountPath(ga)+"/systems", query)
}

// SystemNamed finds a system of a global account by its exact name. Without one
// it returns a *Problem with code system-not-found.
func (o *Operator) SystemNamed(ctx context.Context, ga, name string) (System, error) {
	for s, err := range o.Systems(ctx, ga, SystemFilter{Name: name}) {
		if err != nil {
			return System{}, err
		}
		return o.System(ctx, s.ID)
	}
	return System{}, nobodyNamed("system", ga, name)
}

// Deregister takes the connectivity of a system down; it returns the system as
// accepted. While formations or entitlements hold it, it is refused with
// system-in-use, and the *Problem names them.
func (o *Operator) Deregister(ctx context.Context, id string) (s System, err error) {
	err = o.do(ctx, http.MethodPost, systemPath(id)+"/deregistration", nil, nil, &s)
	return s, err
}

// Remove deletes the record of a system that is not registered, in edition v2;
// it returns the system as accepted.
func (o *Operator) Remove(ctx context.Context, id string) (s System, err error) {
	err = o.do(ctx, http.MethodDelete, systemPath(id), nil, nil, &s)
	return s, err
}

func systemPath(id string) string { return "/api/v1/systems/" + url.PathEscape(id) }
