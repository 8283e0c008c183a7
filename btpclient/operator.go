package btpclient

import (
	"context"
	"encoding/json"
	"net/http"
)

// Operator is the registry as an administrator of its global accounts sees it
// (docs/wire.md, Registry REST). It is safe for concurrent use. A refusal is a
// *Problem, a call without a whole answer an *UnreachableError.
type Operator struct{ api }

// NewOperator makes a client for the registry at this base URL. It makes no
// call; client may be nil.
func NewOperator(baseURL string, client *http.Client) *Operator {
	return &Operator{newAPI(baseURL, client)}
}

// OpenAPI returns the API's OpenAPI document, as JSON.
func (o *Operator) OpenAPI(ctx context.Context) (doc json.RawMessage, err error) {
	err = o.do(ctx, http.MethodGet, "/api/v1/openapi.json", nil, nil, &doc)
	return doc, err
}
