package btpclient

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// SubaccountOffering is a service as a subaccount sees it.
type SubaccountOffering struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	DisplayName string           `json:"displayName"`
	Description string           `json:"description"`
	Tags        []string         `json:"tags"`
	Plans       []SubaccountPlan `json:"plans"`
}

// SubaccountPlan is a plan that a subaccount can use. Systems are the registered
// systems for which it is entitled; Parameters and BindingParameters are JSON Schemas.
type SubaccountPlan struct {
	ID                string          `json:"id"`
	Name              string          `json:"name"`
	DisplayName       string          `json:"displayName"`
	Description       string          `json:"description"`
	Asynchronous      bool            `json:"asynchronous"`
	Systems           []SystemName    `json:"systems,omitempty"`
	Parameters        json.RawMessage `json:"parameters,omitempty"`
	BindingParameters json.RawMessage `json:"bindingParameters,omitempty"`
}

// Place is where in a subaccount an instance is used: a space of Cloud Foundry, or a
// namespace of Kyma.
type Place struct {
	// Environment is cloudFoundry or kyma.
	Environment  string `json:"environment,omitempty"`
	Organization string `json:"organization,omitempty"`
	Space        string `json:"space,omitempty"`
}

// NewInstance asks for a service instance. Without a Place it is used in the default
// namespace or space of the subaccount's first environment.
type NewInstance struct {
	Name       string              `json:"name"`
	Offering   string              `json:"offering"`
	Plan       string              `json:"plan"`
	Place      *Place              `json:"place,omitempty"`
	Parameters json.RawMessage     `json:"parameters,omitempty"`
	Labels     map[string][]string `json:"labels,omitempty"`
}

// Instance is a service instance. System is nil for a service that is for no system.
type Instance struct {
	ID            string              `json:"id"`
	Name          string              `json:"name"`
	GlobalAccount string              `json:"globalAccount"`
	Subaccount    string              `json:"subaccount"`
	Offering      string              `json:"offering"`
	Plan          string              `json:"plan"`
	Place         Place               `json:"place"`
	System        *SystemName         `json:"system,omitempty"`
	Parameters    json.RawMessage     `json:"parameters"`
	Labels        map[string][]string `json:"labels,omitempty"`
	// Usable says that it can be bound.
	Usable    bool              `json:"usable"`
	Bindings  int               `json:"bindings"`
	Operation InstanceOperation `json:"operation"`
	CreatedAt time.Time         `json:"createdAt"`
	UpdatedAt time.Time         `json:"updatedAt"`
}

// InstanceOperation is the last operation on an instance. Type is create or delete,
// State in progress, succeeded or failed; Description and Code tell why it failed.
type InstanceOperation struct {
	ID          string    `json:"id"`
	Type        string    `json:"type"`
	State       string    `json:"state"`
	Description string    `json:"description,omitempty"`
	Code        string    `json:"code,omitempty"`
	StartedAt   time.Time `json:"startedAt"`
	EndedAt     time.Time `json:"endedAt,omitzero"`
}

// InstanceFilter selects instances; empty fields select all.
type InstanceFilter struct {
	// System is an id.
	Name, Offering, Plan, System string
	// PageSize is how many are fetched at once, 1 to 200; 0: the registry's default.
	PageSize int
}

// NewBinding asks for a binding; without a Name it is named by its id.
type NewBinding struct {
	Name       string              `json:"name,omitempty"`
	Parameters json.RawMessage     `json:"parameters,omitempty"`
	Labels     map[string][]string `json:"labels,omitempty"`
}

// Binding is what an application gets of an instance. Credentials, a secret, are there
// only where one binding is shown.
type Binding struct {
	ID          string              `json:"id"`
	Name        string              `json:"name"`
	Instance    string              `json:"instance"`
	Subaccount  string              `json:"subaccount"`
	Parameters  json.RawMessage     `json:"parameters"`
	Labels      map[string][]string `json:"labels,omitempty"`
	Credentials json.RawMessage     `json:"credentials,omitempty"`
	CreatedAt   time.Time           `json:"createdAt"`
}

// ServiceOfferings lists the services that a subaccount can have instances of.
func (o *Operator) ServiceOfferings(ctx context.Context, subaccount string) ([]SubaccountOffering, error) {
	var answer page[SubaccountOffering]
	err := o.do(ctx, http.MethodGet, subaccountPath(subaccount)+"/serviceOfferings", nil, nil, &answer)
	return answer.Items, err
}

// CreateInstance creates a service instance; its Operation says how far it is.
func (o *Operator) CreateInstance(ctx context.Context, subaccount string, n NewInstance, options ...CallOption) (i Instance, err error) {
	err = o.do(ctx, http.MethodPost, subaccountPath(subaccount)+"/serviceInstances", nil, n, &i, options...)
	return i, err
}

// Instances goes through the service instances of a subaccount, in the order of creation.
func (o *Operator) Instances(ctx context.Context, subaccount string, f InstanceFilter) iter.Seq2[Instance, error] {
	query := url.Values{}
	for name, value := range map[string]string{"name": f.Name, "offering": f.Offering, "plan": f.Plan, "system": f.System} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if f.PageSize > 0 {
		query.Set("limit", strconv.Itoa(f.PageSize))
	}
	return pages[Instance](ctx, o.api, subaccountPath(subaccount)+"/serviceInstances", query)
}

func instancePath(id string) string { return "/api/v1/serviceInstances/" + url.PathEscape(id) }

func bindingPath(id string) string { return "/api/v1/serviceBindings/" + url.PathEscape(id) }

var errNoID = errors.New("a service instance or binding is named by its id")

// Instance finds a service instance by its id.
func (o *Operator) Instance(ctx context.Context, id string) (i Instance, err error) {
	if id == "" {
		return i, errNoID
	}
	err = o.do(ctx, http.MethodGet, instancePath(id), nil, nil, &i)
	return i, err
}

// DeleteInstance deletes a service instance. An empty one is answered when it is gone.
func (o *Operator) DeleteInstance(ctx context.Context, id string) (i Instance, err error) {
	if id == "" {
		return i, errNoID
	}
	err = o.do(ctx, http.MethodDelete, instancePath(id), nil, nil, &i)
	return i, err
}

// Bind binds an application to a service instance; the answer has the credentials.
func (o *Operator) Bind(ctx context.Context, instance string, n NewBinding, options ...CallOption) (b Binding, err error) {
	if instance == "" {
		return b, errNoID
	}
	err = o.do(ctx, http.MethodPost, instancePath(instance)+"/serviceBindings", nil, n, &b, options...)
	return b, err
}

// Bindings lists the bindings of a service instance, without credentials.
func (o *Operator) Bindings(ctx context.Context, instance string) ([]Binding, error) {
	if instance == "" {
		return nil, errNoID
	}
	var answer page[Binding]
	err := o.do(ctx, http.MethodGet, instancePath(instance)+"/serviceBindings", nil, nil, &answer)
	return answer.Items, err
}

// Binding finds a binding by its id, with its credentials.
func (o *Operator) Binding(ctx context.Context, id string) (b Binding, err error) {
	if id == "" {
		return b, errNoID
	}
	err = o.do(ctx, http.MethodGet, bindingPath(id), nil, nil, &b)
	return b, err
}

// Unbind deletes a binding.
func (o *Operator) Unbind(ctx context.Context, id string) error {
	if id == "" {
		return errNoID
	}
	return o.do(ctx, http.MethodDelete, bindingPath(id), nil, nil, nil)
}
