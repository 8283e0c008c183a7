package cxsim

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pairsim/pairsim/internal/tenant"
	"github.com/pairsim/pairsim/internal/tenant/tenanttest"
)

func TestProducts(t *testing.T) {
	for _, p := range Products() {
		t.Run(p.ID, func(t *testing.T) {
			tenanttest.CheckProduct(t, p)
			for _, a := range p.APIs {
				if a.OData {
					continue
				}
				doc, err := openapi3.NewLoader().LoadFromData(a.Specification())
				if err == nil {
					err = doc.Validate(t.Context())
				}
				if err != nil || doc.Info.Title != a.Name || doc.Servers[0].URL != a.Path {
					t.Errorf("%s: %v", a.Name, err)
				}
			}
		})
	}
}

// The names are those of domain §3 and §9.4.
func TestEventNames(t *testing.T) {
	want := map[string]string{
		"SAP Commerce Cloud": `customer.created.v1 customer.changeuid.v1 password.forgotten.v1 order.created.v1 order.placed.v1
			order.processing.v1 order.completed.v1 order.cancelled.v1 order.cancelpending.v1 order.partiallycanceled.v1
			order.partiallyrefunded.v1 order.refund.v1 order.createreturn.v1 order.paymentfailed.v1 order.paymentauthfailed.v1
			order.fraud.v1 order.frauderror.v1 order.fraudcustomernotified.v1 order.fraudemployeenotified.v1 order.deliverysent.v1
			order.readyforpickup.v1 order.pickedup.v1 order.pickupconfirmation.v1 order.notpickedcancelconsignment.v1
			quote.orderplaced.v1 quote.expired.v1 quote.expiresoonevent.v1 quote.cancelled.v1 quote.buyersubmit.v1
			quote.sellerapproved.v1 quote.salesrepsubmit.v1 consigment.consignmentprocessing.v1 cart.fileupload.v1
			cronjob.*.v1 system.*.v1`,
		"SAP Cloud for Customer": `Account.Root.Created.v1 Account.Root.Updated.v1 Account.Root.Deleted.v1
			Opportunity.Root.Created.v1 Opportunity.Root.Updated.v1 Opportunity.Root.Deleted.v1
			Ticket.Root.Created.v1 Ticket.Root.Updated.v1 Ticket.Root.Deleted.v1`,
	}
	for _, p := range Products() {
		if want[p.SystemType] == "" {
			continue // SAP Field Service Management: our own decision
		}
		types, err := p.Events.Types()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range types {
			got = append(got, e.String())
		}
		names := strings.Fields(want[p.SystemType])
		slices.Sort(names)
		if !slices.Equal(got, names) {
			t.Errorf("%s: got %v, want %v", p.SystemType, got, names)
		}
	}
}

func TestNew(t *testing.T) {
	cfg := Config{RegistryURL: "http://registry.test", PublicURL: "http://tenants.test"}
	for product, want := range map[string]string{"commerce": "commerce", "SAP Field Service Management": "fsm", "c4c": "c4c"} {
		got, err := New(product, cfg)
		if err != nil || got.ID() != want || got.Product().ID != want {
			t.Errorf("%s: got %v, %v, want tenant %s", product, got, err, want)
		}
	}
	if _, err := New("SAP Marketing Cloud", cfg); err == nil {
		t.Error("cxsim made a tenant of a product that is not its own")
	}
	cfg.ID = "shop-eu"
	for _, make := range []func(Config) (*tenant.Tenant, error){NewCommerce, NewFSM, NewC4C} {
		if got, err := make(cfg); err != nil || got.ID() != "shop-eu" {
			t.Errorf("got %v, %v, want tenant shop-eu", got, err)
		}
	}
}
