package btpclient

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Subaccount returns a subaccount by id.
func (o *Operator) Subaccount(ctx context.Context, id string) (s Subaccount, err error) {
	err = o.do(ctx, http.MethodGet, subaccountPath(id), nil, nil, &s)
	return s, err
}

// SubaccountChange changes what is not nil. Environments are those that are
// enabled from now on.
type SubaccountChange struct {
	DisplayName  *string   `json:"displayName,omitempty"`
	Environments *[]string `json:"environments,omitempty"`
}

// ChangeSubaccount renames a subaccount, or enables and disables environments.
func (o *Operator) ChangeSubaccount(ctx context.Context, id string, change SubaccountChange, options ...CallOption) (s Subaccount, err error) {
	if change.Environments != nil && *change.Environments == nil {
		change.Environments = &[]string{}
	}
	err = o.do(ctx, http.MethodPatch, subaccountPath(id), nil, change, &s, options...)
	return s, err
}

// Entitlement is an entitlement configuration: a plan that a subaccount has for
// a registered system.
type Entitlement struct {
	ID            string `json:"id"`
	GlobalAccount string `json:"globalAccount"`
	Subaccount    string `json:"subaccount"`
	// System is empty where the service is for no system.
	System  SystemName `json:"system"`
	Service string     `json:"service"`
	Plan    string     `json:"plan"`
	// Quota is the most service instances, 0 for no limit; Used how many there are.
	Quota     int       `json:"quota"`
	Used      int       `json:"used"`
	CreatedAt time.Time `json:"createdAt"`
}

// EntitlementFilter selects entitlements; empty fields select all.
type EntitlementFilter struct {
	// System is an id.
	System, Plan string
	// PageSize is how many are fetched at once, 1 to 200; 0: the registry's default.
	PageSize int
}

// Entitlements goes through the entitlement configurations of a subaccount, in
// the order of creation, fetching page by page. It ends with the first error.
func (o *Operator) Entitlements(ctx context.Context, subaccount string, f EntitlementFilter) iter.Seq2[Entitlement, error] {
	query := filters(f.PageSize, map[string]string{"system": f.System, "plan": f.Plan})
	return pages[Entitlement](ctx, o.api, subaccountPath(subaccount)+"/entitlements", query)
}

// NewEntitlement asks for an entitlement configuration. System is an id, "" for a
// service that is for no system; without a Service it is for SAP S/4HANA Cloud
// Extensibility. Quota is the most instances, 0 for no limit.
type NewEntitlement struct {
	System  string `json:"system,omitempty"`
	Service string `json:"service,omitempty"`
	Plan    string `json:"plan"`
	Quota   int    `json:"quota,omitempty"`
}

// AssignEntitlement gives a subaccount a plan for a registered system.
func (o *Operator) AssignEntitlement(ctx context.Context, subaccount string, n NewEntitlement, options ...CallOption) (e Entitlement, err error) {
	err = o.do(ctx, http.MethodPost, subaccountPath(subaccount)+"/entitlements", nil, n, &e, options...)
	return e, err
}

// RemoveEntitlement takes an entitlement configuration away.
func (o *Operator) RemoveEntitlement(ctx context.Context, subaccount, id string) error {
	if id == "" {
		return errors.New("an entitlement is named by its id")
	}
	return o.do(ctx, http.MethodDelete, subaccountPath(subaccount)+"/entitlements/"+url.PathEscape(id), nil, nil, nil)
}

// RemoveEntitlementOf takes away what a subaccount has for a system and plan.
func (o *Operator) RemoveEntitlementOf(ctx context.Context, subaccount, system, plan string) error {
	query := url.Values{"plan": {plan}}
	if system != "" {
		query.Set("system", system)
	}
	return o.do(ctx, http.MethodDelete, subaccountPath(subaccount)+"/entitlements", query, nil, nil)
}

// ServiceOffering is a service that can be entitled, with the registered systems
// for which.
type ServiceOffering struct {
	Service     string       `json:"service"`
	DisplayName string       `json:"displayName"`
	Plans       []string     `json:"plans"`
	Systems     []SystemName `json:"systems"`
}

// ServicePlans lists what can be added to a subaccount's entitlements; what is for
// systems is not there while none is registered.
func (o *Operator) ServicePlans(ctx context.Context, subaccount string) ([]ServiceOffering, error) {
	var answer page[ServiceOffering]
	err := o.do(ctx, http.MethodGet, subaccountPath(subaccount)+"/servicePlans", nil, nil, &answer)
	return answer.Items, err
}

// RuntimeApplication is an application as a subaccount's Kyma runtime sees it.
// Formations are ids.
type RuntimeApplication struct {
	Name       string          `json:"name"`
	System     SystemName      `json:"system"`
	Services   []SystemService `json:"services"`
	Formations []string        `json:"formations"`
	// GetsEvents: of several runtimes that have an application, one gets its events.
	GetsEvents bool `json:"getsEvents"`
}

// RuntimeApplications lists the applications in a subaccount's Kyma runtime.
func (o *Operator) RuntimeApplications(ctx context.Context, subaccount string) ([]RuntimeApplication, error) {
	var answer page[RuntimeApplication]
	err := o.do(ctx, http.MethodGet, subaccountPath(subaccount)+"/runtime/applications", nil, nil, &answer)
	return answer.Items, err
}

// Runtime is a subaccount's Kyma runtime as a whole.
type Runtime struct {
	Subaccount      string          `json:"subaccount"`
	Synchronization Synchronization `json:"synchronization"`
	Applications    int             `json:"applications"`
	Subscriptions   int             `json:"subscriptions"`
	Deliveries      struct {
		Waiting int `json:"waiting"`
		Dead    int `json:"dead"`
	} `json:"deliveries"`
}

// Synchronization says whether a runtime follows the landscape: State is
// synchronized, or stopped by a name that two applications would have.
type Synchronization struct {
	State string `json:"state"`
	Name  string `json:"name,omitempty"`
}

// Runtime tells of a subaccount's Kyma runtime.
func (o *Operator) Runtime(ctx context.Context, subaccount string) (r Runtime, err error) {
	err = o.do(ctx, http.MethodGet, subaccountPath(subaccount)+"/runtime", nil, nil, &r)
	return r, err
}

// RuntimeManifests are the Application resource of an application and the Secrets
// that it names, as a Kubernetes List. The Secrets hold credentials.
func (o *Operator) RuntimeManifests(ctx context.Context, subaccount, application string) (list json.RawMessage, err error) {
	if application == "" {
		return nil, errors.New("an application is named by its name")
	}
	path := subaccountPath(subaccount) + "/runtime/applications/" + url.PathEscape(application) + "/manifests"
	err = o.do(ctx, http.MethodGet, path, nil, nil, &list)
	return list, err
}

// RuntimeEvent is a type of event that an application says that it publishes;
// Subscriptions counts who listens to it in the runtime.
type RuntimeEvent struct {
	Application   string `json:"application"`
	Service       string `json:"service"`
	Type          string `json:"type"`
	Version       string `json:"version"`
	Subscriptions int    `json:"subscriptions"`
}

// RuntimeEvents lists the types of events of the applications in a subaccount's
// Kyma runtime.
func (o *Operator) RuntimeEvents(ctx context.Context, subaccount string) ([]RuntimeEvent, error) {
	var answer page[RuntimeEvent]
	err := o.do(ctx, http.MethodGet, subaccountPath(subaccount)+"/runtime/events", nil, nil, &answer)
	return answer.Items, err
}

func subaccountPath(id string) string { return "/api/v1/subaccounts/" + url.PathEscape(id) }
