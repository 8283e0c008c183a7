package btpclient

import (
	"context"
	"net/http"
)

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
