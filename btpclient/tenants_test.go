package btpclient

import (
	"cmp"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestWhatMayBeDoneWithARow(t *testing.T) {
	const row = `{"id":"a/b","status":{"code":"disabled","label":"Disabled"}}`
	refusal := `{"type":"urn:pairsim:problem:pairing-status-forbids","title":"T","detail":"D","next":"N"}`
	tests := []struct {
		name, at string
		status   int
		body     string
		call     func(*Tenants) error
	}{
		{"disable", "POST /tenants/shop%20eu/pairings/a%2Fb/disablement", 200, row, func(n *Tenants) error {
			p, err := n.Disable(t.Context(), "shop eu", "a/b")
			return cmp.Or(err, isRow(p))
		}},
		{"enable", "POST /tenants/shop%20eu/pairings/a%2Fb/enablement", 200, row, func(n *Tenants) error {
			p, err := n.Enable(t.Context(), "shop eu", "a/b")
			return cmp.Or(err, isRow(p))
		}},
		{"delete", "DELETE /tenants/shop%20eu/pairings/a%2Fb", 204, "", func(n *Tenants) error {
			return n.Delete(t.Context(), "shop eu", "a/b")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body, got := tt.status, tt.body, ""
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = r.Method + " " + r.URL.EscapedPath()
				answer(status, body)(w, r)
			}))
			defer server.Close()
			tenants := NewTenants(server.URL, nil)
			if err := tt.call(tenants); err != nil || got != tt.at {
				t.Errorf("got %s, %v, want %s", got, err, tt.at)
			}
			status, body = 409, refusal
			var refused *Problem
			if err := tt.call(tenants); !errors.As(err, &refused) || refused.Code != "pairing-status-forbids" || refused.Detail != "D" || refused.Next != "N" {
				t.Errorf("got %v, want the problem", err)
			}
		})
	}
}

func isRow(p TenantPairing) error {
	if p.Status.Code != PairingDisabled {
		return errors.New("the row was not read")
	}
	return nil
}
