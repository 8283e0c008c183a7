package btpclient

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Scenario is a communication scenario of a tenant. Enabled and Custom are told, not
// asked for.
type Scenario struct {
	ID                     string            `json:"id"`
	Name                   string            `json:"name"`
	InboundAuthentication  []string          `json:"inboundAuthentication,omitempty"`
	OutboundAuthentication []string          `json:"outboundAuthentication,omitempty"`
	InboundServices        []InboundService  `json:"inboundServices,omitempty"`
	OutboundServices       []OutboundService `json:"outboundServices,omitempty"`
	Enabled                bool              `json:"enabled,omitempty"`
	Custom                 bool              `json:"custom,omitempty"`
}

// InboundService is an API that an arrangement of a scenario opens; API is its
// identifier, "" where it is not simulated.
type InboundService struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	API  string `json:"api,omitempty"`
}

// OutboundService is called at the extension when business objects change; no
// Objects are all.
type OutboundService struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Objects []string `json:"objects,omitempty"`
}

// Arrangement is a communication arrangement of a tenant, without secrets.
type Arrangement struct {
	ID                     string    `json:"id"`
	Name                   string    `json:"name"`
	InstanceID             string    `json:"instanceId"`
	InstanceName           string    `json:"instanceName"`
	SystemID               string    `json:"systemId"`
	ScenarioID             string    `json:"scenarioId"`
	CreatedAt              time.Time `json:"createdAt"`
	InUse                  bool      `json:"inUse"`
	InboundAuthentication  string    `json:"inboundAuthentication,omitempty"`
	OutboundAuthentication string    `json:"outboundAuthentication,omitempty"`
	CommunicationUser      string    `json:"communicationUser,omitempty"`
	Topics                 []string  `json:"topics,omitempty"`
	Waiting                int       `json:"waiting"`
}

// OutboundTry is one try of a tenant to call an extension or to publish an event.
type OutboundTry struct {
	Delivery    int       `json:"delivery"`
	At          time.Time `json:"at"`
	Arrangement string    `json:"arrangement"`
	Service     string    `json:"service,omitempty"`
	Topic       string    `json:"topic,omitempty"`
	Try         int       `json:"try"`
	Outcome     string    `json:"outcome"` // delivered, repeated, givenUp, lost
	Status      int       `json:"status,omitempty"`
	Detail      string    `json:"detail,omitempty"`
	Again       time.Time `json:"again,omitzero"`
}

func listOf[T any](ctx context.Context, t *Tenants, method, path string, query url.Values, body any) ([]T, error) {
	var list struct {
		Items []T `json:"items"`
	}
	err := t.do(ctx, method, path, query, body, &list)
	return list.Items, err
}

// Scenarios lists a tenant's communication scenarios.
func (t *Tenants) Scenarios(ctx context.Context, id string) ([]Scenario, error) {
	return listOf[Scenario](ctx, t, http.MethodGet, tenantPath(id)+"/communicationScenarios", nil, nil)
}

// AddScenario creates a custom scenario (YY1_…).
func (t *Tenants) AddScenario(ctx context.Context, id string, s Scenario) (added Scenario, err error) {
	s.Enabled, s.Custom = false, false
	err = t.do(ctx, http.MethodPost, tenantPath(id)+"/communicationScenarios", nil, s, &added)
	return added, err
}

// EnableScenario lets arrangements be made of a scenario.
func (t *Tenants) EnableScenario(ctx context.Context, id, scenario string) (s Scenario, err error) {
	err = t.do(ctx, http.MethodPost, tenantPath(id)+"/communicationScenarios/"+url.PathEscape(scenario)+"/enablement", nil, nil, &s)
	return s, err
}

// DisableScenario lets no more arrangements be made of a scenario.
func (t *Tenants) DisableScenario(ctx context.Context, id, scenario string) (s Scenario, err error) {
	err = t.do(ctx, http.MethodPost, tenantPath(id)+"/communicationScenarios/"+url.PathEscape(scenario)+"/disablement", nil, nil, &s)
	return s, err
}

// Arrangements lists a tenant's communication arrangements, oldest first.
func (t *Tenants) Arrangements(ctx context.Context, id string) ([]Arrangement, error) {
	return listOf[Arrangement](ctx, t, http.MethodGet, tenantPath(id)+"/communicationArrangements", nil, nil)
}

func topicsPath(id, arrangement string) string {
	return tenantPath(id) + "/communicationArrangements/" + url.PathEscape(arrangement) + "/topics"
}

// Topics lists the topics bound to the channel of a messaging arrangement.
func (t *Tenants) Topics(ctx context.Context, id, arrangement string) ([]string, error) {
	return listOf[string](ctx, t, http.MethodGet, topicsPath(id, arrangement), nil, nil)
}

// BindTopic binds a topic (sap/s4/beh/…, with /* for all below) to a channel, and
// returns all that are bound.
func (t *Tenants) BindTopic(ctx context.Context, id, arrangement, topic string) ([]string, error) {
	return listOf[string](ctx, t, http.MethodPost, topicsPath(id, arrangement), nil, map[string]string{"topic": topic})
}

// UnbindTopic takes a topic from a channel, and returns all that are bound.
func (t *Tenants) UnbindTopic(ctx context.Context, id, arrangement, topic string) ([]string, error) {
	return listOf[string](ctx, t, http.MethodDelete, topicsPath(id, arrangement), url.Values{"topic": {topic}}, nil)
}

// OutboundLog lists the newest tries to call extensions and to publish events, newest first.
func (t *Tenants) OutboundLog(ctx context.Context, id string) ([]OutboundTry, error) {
	return listOf[OutboundTry](ctx, t, http.MethodGet, tenantPath(id)+"/outboundLog", nil, nil)
}

// Users lists the business users whose SAML assertions are taken; none: every address is.
func (t *Tenants) Users(ctx context.Context, id string) ([]string, error) {
	return listOf[string](ctx, t, http.MethodGet, tenantPath(id)+"/users", nil, nil)
}

// SetUsers replaces the business users by e-mail addresses.
func (t *Tenants) SetUsers(ctx context.Context, id string, users []string) ([]string, error) {
	return listOf[string](ctx, t, http.MethodPut, tenantPath(id)+"/users", nil, map[string][]string{"items": append([]string{}, users...)})
}
