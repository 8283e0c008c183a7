package btpclient

import (
	"context"
	"net/http"
)

// DiscoveredSystem is a system that SAP's landscape discovery is to find.
type DiscoveredSystem struct {
	GlobalAccount  string   `json:"globalAccount"`
	Name           string   `json:"name"`
	Type           string   `json:"type"`
	URL            string   `json:"url"`
	SystemID       string   `json:"systemId,omitempty"`
	BusinessType   string   `json:"businessType,omitempty"`
	CorrelationIDs []string `json:"correlationIds,omitempty"`
}

// Discover lets a system appear among those of its account, as SAP's landscape
// discovery would; edition v2 only.
func (c *Control) Discover(ctx context.Context, d DiscoveredSystem) (found SystemName, err error) {
	err = c.do(ctx, http.MethodPost, "/control/discoveries", nil, d, &found)
	return found, err
}

// Merge merges an auto-discovered system without a status into the registered system
// that it duplicates, and returns that one.
func (o *Operator) Merge(ctx context.Context, source, target string) (s System, err error) {
	err = o.do(ctx, http.MethodPost, systemPath(source)+"/merge", nil, map[string]string{"target": target}, &s)
	return s, err
}
