package control_test

import (
	"net/http/httptest"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func TestDiscoveries(t *testing.T) {
	for edition, want := range map[string]btp.Code{"v1": btp.OperationNotInEdition, "v2": ""} {
		h, registry := newControlOf(t, edition, btp.DefaultLandscape())
		server := httptest.NewServer(h)
		defer server.Close()
		c := btpclient.NewControl(server.URL, server.Client())
		d := btpclient.DiscoveredSystem{
			GlobalAccount: "default", Name: "shop-prd", Type: "SAP Commerce Cloud", URL: "https://shop.test", SystemID: "SHOP-1",
			BusinessType: "Production", CorrelationIDs: []string{"c1"},
		}
		found, err := c.Discover(t.Context(), d)
		if btpclient.CodeOf(err) != string(want) {
			t.Fatalf("%s: got %v, want %q", edition, err, want)
		}
		if want != "" {
			continue
		}
		s, err := registry.System(t.Context(), btp.SystemID(found.ID))
		if err != nil || !s.AutoDiscovered() || s.Discovery.URL != d.URL || s.Discovery.SystemID != "SHOP-1" || len(s.Discovery.CorrelationIDs) != 1 {
			t.Errorf("got %+v, %v", s.Discovery, err)
		}
		if _, err := c.Discover(t.Context(), d); btpclient.CodeOf(err) != string(btp.NameTaken) {
			t.Errorf("twice: got %v", err)
		}
		d.Name, d.URL = "other", ""
		if _, err := c.Discover(t.Context(), d); btpclient.CodeOf(err) != string(btp.InvalidRequest) {
			t.Errorf("without a URL: got %v", err)
		}
	}
}
