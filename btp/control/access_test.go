package control_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

func TestOAuthClients(t *testing.T) {
	h, registry := newControl(t)
	server := httptest.NewServer(h)
	defer server.Close()
	c := btpclient.NewControl(server.URL, server.Client()).WithToken("ignored")
	ctx := t.Context()

	viewer, err := c.CreateOAuthClient(ctx, btpclient.OAuthClient{Role: "systemLandscapeViewer", GlobalAccount: "default"})
	if err != nil || viewer.ID == "" || len(viewer.Secret) < 40 || viewer.Role != "System Landscape Viewer" || viewer.GlobalAccount != "default" || !viewer.CreatedAt.Equal(start) {
		t.Fatalf("got %+v, %v; want a viewer of default with its secret", viewer, err)
	}
	shop, err := c.CreateOAuthClient(ctx, btpclient.OAuthClient{ID: "shop", Role: "Tenant Administrator", Tenant: "commerce"})
	if err != nil || shop.ID != "shop" || shop.Tenant != "commerce" {
		t.Errorf("got %+v, %v; want the administrator of commerce", shop, err)
	}
	if g, err := registry.Authorize(ctx, viewer.ID, viewer.Secret); err != nil || g.GlobalAccount != "default" {
		t.Errorf("got %+v, %v; want the told secret to hold", g, err)
	}
	if list, err := c.OAuthClients(ctx); err != nil || len(list) != 2 || list[0].Secret+list[1].Secret != "" {
		t.Errorf("got %+v, %v; want two clients without their secrets", list, err)
	}
	if err := c.DeleteOAuthClient(ctx, "shop"); err != nil {
		t.Error(err)
	}
	if err := c.DeleteOAuthClient(ctx, "shop"); btpclient.CodeOf(err) != "oauth-client-not-found" {
		t.Errorf("deleted twice: got %v, want oauth-client-not-found", err)
	}
	if a, err := c.CreateGlobalAccount(ctx, btpclient.GlobalAccount{ID: "acme", Subdomain: "acme-sub"}); err != nil || a.ID != "acme" || a.Subdomain != "acme-sub" {
		t.Errorf("got %+v, %v; want the account acme", a, err)
	}
}

func TestOAuthClientsOnTheWire(t *testing.T) {
	h, _ := newControl(t)
	w := call(h, "POST", "/control/oauthClients", `{"id":"v","role":"System Landscape Viewer","globalAccount":"default"}`)
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != 201 || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("got %d %s, %v", w.Code, w.Body, err)
	}
	secret, _ := doc["client_secret"].(string)
	if len(doc) != 5 || doc["client_id"] != "v" || doc["role"] != "System Landscape Viewer" || doc["globalAccount"] != "default" || secret == "" {
		t.Errorf("got %v", doc)
	}
	const listed = `{"items":[{"client_id":"v","role":"System Landscape Viewer","globalAccount":"default","createdAt":"2030-01-01T10:00:00Z"}]}`
	if got := strings.TrimSpace(call(h, "GET", "/control/oauthClients", "").Body.String()); got != listed {
		t.Errorf("got %s, want %s", got, listed)
	}
	for body, code := range map[string]string{
		`{"role":"nobody"}`: "invalid-request",
		`{"id":"v","role":"System Landscape Viewer","globalAccount":"default"}`:          "name-taken",
		`{"role":"System Landscape Viewer","globalAccount":"other"}`:                     "global-account-not-found",
		`{"role":"System Landscape Viewer","globalAccount":"default","tenant":"c"}`:      "invalid-request",
		`{"role":"System Landscape Viewer","globalAccount":"default","secret":"secret"}`: "invalid-request",
	} {
		if got := codeOf(t, call(h, "POST", "/control/oauthClients", body)); got != code {
			t.Errorf("%s: got %s, want %s", body, got, code)
		}
	}
	if w := call(h, "DELETE", "/control/oauthClients/v", ""); w.Code != 204 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if got := codeOf(t, call(h, "DELETE", "/control/oauthClients/v", "")); got != "oauth-client-not-found" {
		t.Errorf("deleted twice: got %s, want oauth-client-not-found", got)
	}
}
