package btpclient

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Tenants is the administration of simulated tenants, as their administrators
// use it (docs/wire.md, Tenants). Refusals are *Problem.
type Tenants struct {
	api
	// waiting calls answer when a pairing has ended, or after a while.
	waiting api
}

// NewTenants makes a client; client may be nil.
func NewTenants(baseURL string, client *http.Client) *Tenants {
	plain := newAPI(baseURL, client)
	waiting := plain
	waiting.prefer = "wait=25" // seconds, below the bound of a call
	return &Tenants{api: plain, waiting: waiting}
}

// TenantConsole is where a product's administrator enters a token, and the
// product's words for what may be done with a row.
type TenantConsole struct {
	Path    string `json:"path"`
	Row     string `json:"row"`
	Field   string `json:"field"`
	Disable string `json:"disable"`
	Enable  string `json:"enable"`
	Delete  string `json:"delete"`
}

// Tenant is a simulated tenant.
type Tenant struct {
	ID         string            `json:"id"`
	Product    string            `json:"product"`
	Console    TenantConsole     `json:"console"`
	Connection *TenantConnection `json:"connection"`
}

// TenantConnection is the system that a tenant is paired as; its status says
// whether the row is registered or disabled.
type TenantConnection struct {
	Pairing         string             `json:"pairing"`
	Status          SystemStatus       `json:"status"`
	SystemID        string             `json:"systemId"`
	ApplicationName string             `json:"applicationName"`
	Certificate     *TenantCertificate `json:"certificate"`
}

// TenantCertificate is what a tenant tells of its client certificate.
type TenantCertificate struct {
	Serial   string    `json:"serial"`
	NotAfter time.Time `json:"notAfter"`
	Revoked  bool      `json:"revoked,omitempty"`
}

// TenantCall is one call that a tenant made to the registry; Status is 0 when no
// answer came.
type TenantCall struct {
	Step   string `json:"step"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Status int    `json:"status"`
}

// TenantPairing is a row in a tenant's console: one token entered once.
type TenantPairing struct {
	ID              string             `json:"id"`
	Tenant          string             `json:"tenant"`
	Description     string             `json:"description"`
	Status          SystemStatus       `json:"status"`
	Cause           string             `json:"cause"`
	Reason          string             `json:"reason,omitempty"`
	Next            string             `json:"next,omitempty"`
	SystemID        string             `json:"systemId"`
	ApplicationName string             `json:"applicationName"`
	CreatedAt       time.Time          `json:"createdAt"`
	UpdatedAt       time.Time          `json:"updatedAt"`
	Certificate     *TenantCertificate `json:"certificate,omitempty"`
	Calls           []TenantCall       `json:"calls"`
}

// Codes of a pairing's status; its label is the product's own word.
const (
	PairingInProgress   = "inProgress"
	PairingRegistered   = "registered"
	PairingDisabled     = "disabled"
	PairingDeregistered = "deregistered"
	PairingFailed       = "failed"
)

// Failed says whether the pairing ended without success.
func (p TenantPairing) Failed() bool { return p.Status.Code == PairingFailed }

// List lists the tenants.
func (t *Tenants) List(ctx context.Context) ([]Tenant, error) {
	var list struct {
		Items []Tenant `json:"items"`
	}
	err := t.do(ctx, http.MethodGet, "/tenants", nil, nil, &list)
	return list.Items, err
}

// Tenant returns one tenant.
func (t *Tenants) Tenant(ctx context.Context, id string) (tenant Tenant, err error) {
	err = t.do(ctx, http.MethodGet, tenantPath(id), nil, nil, &tenant)
	return tenant, err
}

// StartPairing enters a token, in any of its forms, and returns the new row
// while its pairing goes on.
func (t *Tenants) StartPairing(ctx context.Context, id, token, description string) (TenantPairing, error) {
	return pairing(ctx, t.api, id, token, description)
}

func pairing(ctx context.Context, a api, id, token, description string) (row TenantPairing, err error) {
	body := map[string]string{"token": token}
	if description != "" {
		body["description"] = description
	}
	err = a.do(ctx, http.MethodPost, tenantPath(id)+"/pairings", nil, body, &row)
	return row, err
}

// EndedPairing returns a row when its pairing has ended, or as it is when ctx ends.
func (t *Tenants) EndedPairing(ctx context.Context, id, pairing string) (row TenantPairing, err error) {
	for {
		err = t.waiting.do(ctx, http.MethodGet, pairingPath(id, pairing), nil, nil, &row)
		if err != nil || row.Status.Code != PairingInProgress || ctx.Err() != nil {
			return row, err
		}
	}
}

// Pair enters a token, in any of its forms, and waits until the pairing has
// ended. A pairing that failed is no error.
func (t *Tenants) Pair(ctx context.Context, id, token, description string) (TenantPairing, error) {
	row, err := pairing(ctx, t.waiting, id, token, description)
	if err != nil || row.Status.Code != PairingInProgress {
		return row, err
	}
	return t.EndedPairing(ctx, id, row.ID)
}

// TenantAPI is an API of a tenant with the credentials that it takes: secrets.
type TenantAPI struct {
	Identifier  string             `json:"identifier"`
	Name        string             `json:"name"`
	Description string             `json:"description"`
	TargetURL   string             `json:"targetUrl"`
	Served      bool               `json:"served"` // by the tenant itself
	CSRF        bool               `json:"csrf"`
	Basic       *TenantBasic       `json:"basic,omitempty"`
	OAuth       *TenantOAuthClient `json:"oauth,omitempty"`
}

// TenantBasic is a user of a tenant's API.
type TenantBasic struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// TenantOAuthClient is a client of a tenant's own token endpoint.
type TenantOAuthClient struct {
	TokenURL     string `json:"tokenUrl"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
}

// APIs lists the APIs of a tenant with their credentials.
func (t *Tenants) APIs(ctx context.Context, id string) ([]TenantAPI, error) {
	var list struct {
		Items []TenantAPI `json:"items"`
	}
	err := t.do(ctx, http.MethodGet, tenantPath(id)+"/apis", nil, nil, &list)
	return list.Items, err
}

// Specification returns the document of an API or of the events of a tenant.
func (t *Tenants) Specification(ctx context.Context, id, identifier string) (doc json.RawMessage, err error) {
	err = t.do(ctx, http.MethodGet, tenantPath(id)+"/specifications/"+url.PathEscape(identifier), nil, nil, &doc)
	return doc, err
}

// Pairings lists a tenant's rows, newest first.
func (t *Tenants) Pairings(ctx context.Context, id string) ([]TenantPairing, error) {
	var list struct {
		Items []TenantPairing `json:"items"`
	}
	err := t.do(ctx, http.MethodGet, tenantPath(id)+"/pairings", nil, nil, &list)
	return list.Items, err
}

// SendEvent makes a tenant publish an event of its product; it returns the event's id.
func (t *Tenants) SendEvent(ctx context.Context, id, eventType, version string, data json.RawMessage) (string, error) {
	body := map[string]any{"type": eventType, "version": version, "data": data}
	var answer struct {
		EventID string `json:"eventId"`
	}
	err := t.do(ctx, http.MethodPost, tenantPath(id)+"/events", nil, body, &answer)
	return answer.EventID, err
}

// Renew makes a tenant renew its client certificate.
func (t *Tenants) Renew(ctx context.Context, id string) (tenant Tenant, err error) {
	err = t.do(ctx, http.MethodPost, tenantPath(id)+"/renewal", nil, nil, &tenant)
	return tenant, err
}

// Revoke makes a tenant revoke its client certificate.
func (t *Tenants) Revoke(ctx context.Context, id string) (tenant Tenant, err error) {
	err = t.do(ctx, http.MethodPost, tenantPath(id)+"/revocation", nil, nil, &tenant)
	return tenant, err
}

// Disable disables a registered row: its connection is kept and not used.
func (t *Tenants) Disable(ctx context.Context, id, pairing string) (row TenantPairing, err error) {
	err = t.do(ctx, http.MethodPost, pairingPath(id, pairing)+"/disablement", nil, nil, &row)
	return row, err
}

// Enable takes a disabled row into use again.
func (t *Tenants) Enable(ctx context.Context, id, pairing string) (row TenantPairing, err error) {
	err = t.do(ctx, http.MethodPost, pairingPath(id, pairing)+"/enablement", nil, nil, &row)
	return row, err
}

// Delete deletes a row, after the tenant has told the registry where there is
// something to tell.
func (t *Tenants) Delete(ctx context.Context, id, pairing string) error {
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	res, err := t.send(ctx, http.MethodDelete, pairingPath(id, pairing), nil, nil, "application/json")
	if err != nil {
		return err
	}
	return res.Body.Close()
}

func pairingPath(id, pairing string) string {
	return tenantPath(id) + "/pairings/" + url.PathEscape(pairing)
}

func tenantPath(id string) string { return "/tenants/" + url.PathEscape(id) }
