package marketingsim

import (
	"fmt"
	"testing"

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
