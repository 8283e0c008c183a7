package cxsim

import (
	"fmt"
	"strings"
	"sync"

	"github.com/pairsim/pairsim/internal/odata"
	"github.com/pairsim/pairsim/internal/records"
	"github.com/pairsim/pairsim/internal/tenant"
)

// The data of SAP Commerce Cloud: the shop behind OCC (occ.go), and its products
// as the integration object InboundProduct shows them.

const (
	products  = "products"
	customers = "customers"
	carts     = "carts"
	orders    = "orders"

	baseSite = "electronics"
	currency = "EUR"
)

// inboundProduct: an integration key joins the values of an item's key attributes;
// here that is the code alone, as there is one catalog version. POST of an item
// that exists updates it.
var inboundProduct = odata.Service{Namespace: "HYBRIS", Sets: []odata.Set{{
	Name: "Products", Type: "Product", Keys: []string{"integrationKey"}, Collection: products, Upsert: true,
	ID: func(e map[string]any) string { return fmt.Sprint(e["code"]) },
	Properties: []odata.Property{
		odata.Text("code", 64).NotNull().AtCreation(), odata.Text("integrationKey", 64).ByService(), odata.Text("name", 255), odata.Text("description", 4000),
		odata.Text("ean", 20), odata.Text("manufacturerName", 100),
	},
	Prepare: func(_ *records.Tx, e, _ map[string]any) error {
		if e["code"] == "" {
			return odata.Refuse("PropertyMissing", "property code is required")
		}
		e["integrationKey"] = e["code"]
		return nil
	},
}}}

var inboundProductMetadata = sync.OnceValue(inboundProduct.EDMX)

// commerceSeed is a small shop.
func commerceSeed(tx *records.Tx) error {
	tx.SetTime(seededAt)
	for _, p := range [][]string{ // code, name, price, stock, ean
		{"1934793", "PowerShot A480", "99.85", "12", "4960999631332"},
		{"300938", "Photosmart E317 Digital Camera", "114.12", "3", "0829160571157"},
		{"23355", "Battery Video Light", "16.50", "120", "0027242636521"},
		{"872912", "Secure Digital Card 2GB", "10.00", "0", "0027242711938"},
	} {
		err := tx.Create(products, records.Record{ID: p[0], Fields: map[string]any{
			"code": p[0], "integrationKey": p[0], "name": p[1], "price": p[2], "stock": p[3], "ean": p[4], "description": nil, "manufacturerName": nil,
		}})
		if err != nil {
			return err
		}
	}
	for _, name := range []string{"Jane Keller", "Omar Lind"} {
		first, last, _ := strings.Cut(name, " ")
		_, err := register(tx, baseSite, occCustomer{UID: strings.ToLower(first) + "@shop.test", FirstName: first, LastName: last})
		if err != nil {
			return err
		}
	}
	return nil
}

// commerceEmissions have the payloads of domain §9.4; that of a cancelled order is
// not documented and is the created one's.
var commerceEmissions = []tenant.Emission{
	{
		Collection: customers, Operation: records.Created, Type: "customer.created", Version: "v1",
		Data: func(r records.Record) any {
			return map[string]string{"customerUid": r.Text("uid"), "storeUid": r.Text("site"), "customerId": r.Text("customerId")}
		},
	},
	{Collection: orders, Operation: records.Created, Type: "order.created", Version: "v1", Data: orderCode},
	{
		Collection: orders, Operation: records.Updated, Type: "order.cancelled", Version: "v1", Data: orderCode,
		When: func(before, after records.Record) bool {
			return after.Text("status") == orderCancelled && before.Text("status") != orderCancelled
		},
	},
}

func orderCode(r records.Record) any { return map[string]string{"orderCode": r.Text("code")} }
