package marketingsim

import (
	"fmt"
	"slices"
	"testing"

	"github.com/pairsim/pairsim/internal/odata"
	"github.com/pairsim/pairsim/internal/tenant"
	"github.com/pairsim/pairsim/internal/tenant/tenanttest"
)

func TestProduct(t *testing.T) {
	p := Product()
	tenanttest.CheckProduct(t, p)
	types, err := p.Events.Types()
	want := "[bo.interaction.created.v1 bo.marketingcampaign.completed.v1 bo.marketingcoupon.changed.v1 " +
		"bo.marketingobjectattachment.created.v1 bo.marketingpermission.changed.v1 bo.marketingpermission.created.v1]" // domain §9.4
	if got := fmt.Sprint(types); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestNew(t *testing.T) {
	got, err := New(Config{RegistryURL: "http://registry.test", PublicURL: "http://tenants.test"})
	if err != nil || got.ID() != "marketing" || got.Product().SystemType != "SAP Marketing Cloud" {
		t.Errorf("got %v, %v, want tenant marketing", got, err)
	}
}

func TestModels(t *testing.T) {
	for _, s := range []*odata.Service{&contactService, &interactionService, &campaignService} {
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
	}
	types, err := Product().Events.Types()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range emissions {
		if !slices.Contains(types, tenant.EventType{Type: e.Type, Version: e.Version}) {
			t.Errorf("%s.%s is no event that the product announces", e.Type, e.Version)
		}
	}
}
