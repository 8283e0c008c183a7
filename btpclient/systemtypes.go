package btpclient

import (
	"context"
	"net/http"
)

// SystemType is a type that can be registered.
type SystemType struct {
	Name                 string   `json:"name"`
	TokenValiditySeconds int64    `json:"tokenValiditySeconds"`
	PairedByToken        bool     `json:"pairedByToken"`
	ShowsPresentToken    bool     `json:"showsPresentToken"`
	Environments         []string `json:"environments"`
	SupportComponent     string   `json:"supportComponent"`
	// FormationBeforePairing: its systems may join a formation without being registered.
	FormationBeforePairing bool `json:"formationBeforePairing"`
	// Namespace and Provider are those of a third party's type.
	Namespace string `json:"namespace,omitempty"`
	Provider  string `json:"provider,omitempty"`
}

// SystemTypes lists the types that can be registered.
func (o *Operator) SystemTypes(ctx context.Context) ([]SystemType, error) {
	var answer page[SystemType]
	err := o.do(ctx, http.MethodGet, "/api/v1/systemTypes", nil, nil, &answer)
	return answer.Items, err
}

// AccountSystemTypes lists the types that can be registered in a global account: SAP's,
// and those of third parties that it has.
func (o *Operator) AccountSystemTypes(ctx context.Context, ga string) ([]SystemType, error) {
	var answer page[SystemType]
	err := o.do(ctx, http.MethodGet, accountPath(ga)+"/systemTypes", nil, nil, &answer)
	return answer.Items, err
}

// CreateSystemType makes a type for systems of a third party, whose namespace begins with
// customer.; edition v2 only.
func (o *Operator) CreateSystemType(ctx context.Context, ga, name, namespace, provider string, options ...CallOption) (t SystemType, err error) {
	body := map[string]string{"name": name, "namespace": namespace, "provider": provider}
	err = o.do(ctx, http.MethodPost, accountPath(ga)+"/systemTypes", nil, body, &t, options...)
	return t, err
}
