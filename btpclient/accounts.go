package btpclient

import (
	"context"
	"net/http"
	"net/url"
)

// GlobalAccount owns systems.
type GlobalAccount struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	Subdomain   string `json:"subdomain"`
}

// Subaccount is where extensions live; Environments are cloudFoundry and kyma.
// ETag stands in answers about one subaccount only.
type Subaccount struct {
	ID            string   `json:"id"`
	GlobalAccount string   `json:"globalAccount"`
	DisplayName   string   `json:"displayName"`
	Subdomain     string   `json:"subdomain"`
	Region        string   `json:"region"`
	Environments  []string `json:"environments"`
	ETag          string   `json:"-"`
}

func (s *Subaccount) tagged(tag string) { s.ETag = tag }

// GlobalAccounts lists the global accounts.
func (o *Operator) GlobalAccounts(ctx context.Context) ([]GlobalAccount, error) {
	var answer page[GlobalAccount]
	err := o.do(ctx, http.MethodGet, "/api/v1/globalAccounts", nil, nil, &answer)
	return answer.Items, err
}

// GlobalAccount finds a global account by id or subdomain.
func (o *Operator) GlobalAccount(ctx context.Context, ga string) (a GlobalAccount, err error) {
	err = o.do(ctx, http.MethodGet, accountPath(ga), nil, nil, &a)
	return a, err
}

// CreateGlobalAccount adds a global account; without an id it gets one.
func (o *Operator) CreateGlobalAccount(ctx context.Context, a GlobalAccount, options ...CallOption) (created GlobalAccount, err error) {
	err = o.do(ctx, http.MethodPost, "/api/v1/globalAccounts", nil, a, &created, options...)
	return created, err
}

// Subaccounts lists the subaccounts of a global account.
func (o *Operator) Subaccounts(ctx context.Context, ga string) ([]Subaccount, error) {
	var answer page[Subaccount]
	err := o.do(ctx, http.MethodGet, accountPath(ga)+"/subaccounts", nil, nil, &answer)
	return answer.Items, err
}

// CreateSubaccount adds a subaccount; without an id it gets one. GlobalAccount is not read.
func (o *Operator) CreateSubaccount(ctx context.Context, ga string, s Subaccount, options ...CallOption) (created Subaccount, err error) {
	if s.Environments == nil {
		s.Environments = []string{}
	}
	body := map[string]any{
		"id": s.ID, "displayName": s.DisplayName, "subdomain": s.Subdomain, "region": s.Region, "environments": s.Environments,
	}
	err = o.do(ctx, http.MethodPost, accountPath(ga)+"/subaccounts", nil, body, &created, options...)
	return created, err
}

func accountPath(ga string) string { return "/api/v1/globalAccounts/" + url.PathEscape(ga) }
