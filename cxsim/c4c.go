package cxsim

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/pairsim/pairsim/internal/odata"
	"github.com/pairsim/pairsim/internal/records"
	"github.com/pairsim/pairsim/internal/tenant"
)

// The data of SAP Cloud for Customer, as its OData API c4codataapi shows it.
// Entity sets, keys and properties have SAP's names; they are a selection. The
// navigations between accounts, opportunities and tickets are our own.

const c4cPath = "/sap/c4c/odata/v1/c4codataapi"

// c4cObject tells what the three kinds of objects differ in.
type c4cObject struct {
	collection string
	id         string // property with the number that people read
	first      int
	created    string // property with the time of creation
	changed    string
	account    string            // property with the account's number; "" for accounts
	defaults   map[string]string // of codes
	texts      map[string]texts  // by property with a code: texts of its codes
}

type texts map[string]string

var (
	c4cAccount = c4cObject{
		"accounts", "AccountID", 1000001, "CreationOn", "ChangedOn", "",
		map[string]string{"LifeCycleStatusCode": "2", "RoleCode": "CRM000"},
		map[string]texts{
			"LifeCycleStatusCode": {"1": "In Preparation", "2": "Active", "3": "Blocked", "4": "Obsolete"},
			"RoleCode":            {"CRM000": "Customer", "BUP002": "Prospect"},
		},
	}
	c4cOpportunity = c4cObject{
		"opportunities", "ID", 2001, "CreationDateTime", "LastChangeDateTime", "ProspectPartyID",
		map[string]string{"LifeCycleStatusCode": "1"},
		map[string]texts{"LifeCycleStatusCode": {"1": "Open", "2": "In Process", "3": "Stopped", "4": "Won", "5": "Lost"}},
	}
	c4cTicket = c4cObject{
		"tickets", "ID", 3001, "CreationDateTime", "LastChangeDateTime", "BuyerPartyID",
		map[string]string{"ServicePriorityCode": "3", "ServiceRequestLifeCycleStatusCode": "1"},
		map[string]texts{
			"ServicePriorityCode":               {"1": "Immediate", "2": "Urgent", "3": "Normal", "7": "Low"},
			"ServiceRequestLifeCycleStatusCode": {"1": "Open", "2": "In Process", "3": "Completed", "4": "Closed"},
		},
	}
)

// prepare gives an object its ids, times and texts, and checks its codes and its
// account.
func (o c4cObject) prepare(tx *records.Tx, e, before map[string]any) error {
	if before == nil {
		number := tx.Number(o.collection)
		e["ObjectID"], e[o.id] = tx.ID(o.collection, number), strconv.Itoa(o.first+number-1)
	}
	for code, text := range o.defaults {
		if e[code] == nil {
			e[code] = text
		}
	}
	for code, known := range o.texts {
		text, ok := known[fmt.Sprint(e[code])]
		if !ok {
			return odata.Refuse("InvalidCode", "property %s: there is no code %.20q", code, fmt.Sprint(e[code]))
		}
		e[code+"Text"] = text
	}
	if o.account != "" && e[o.account] != nil {
		account, found := find(tx, c4cAccount.collection, "AccountID", e[o.account])
		if !found {
			return odata.Refuse("AccountNotFound", "property %s: there is no account %.20q", o.account, fmt.Sprint(e[o.account]))
		}
		e[nameOf(o.account)] = account.Fields["Name"]
	} else if o.account != "" {
		e[nameOf(o.account)] = nil
	}
	now := odata.Time(tx.Stamp())
	if before == nil {
		e[o.created] = now
	}
	e[o.changed], e["EntityLastChangedOn"], e["ETag"] = now, now, now
	return nil
}

// nameOf is the property with a party's name beside that with its number.
func nameOf(id string) string { return id[:len(id)-len("ID")] + "Name" }

func find(tx *records.Tx, collection, property string, value any) (records.Record, bool) {
	for _, r := range tx.List(collection) {
		if r.Fields[property] == value {
			return r, true
		}
	}
	return records.Record{}, false
}

// administrative are the properties that every object of the product has.
func (o c4cObject) administrative(properties ...odata.Property) []odata.Property {
	all := append([]odata.Property{
		odata.Text("ObjectID", 70).ByService(), odata.Of("ETag", odata.DateTimeOffset).ByService(), odata.Text(o.id, 35).ByService(),
	}, properties...)
	return append(all, odata.Of(o.created, odata.DateTimeOffset).ByService(),
		odata.Of(o.changed, odata.DateTimeOffset).ByService(),
		odata.Of("EntityLastChangedOn", odata.DateTimeOffset).ByService())
}

func codeText(code string) odata.Property {
	return odata.Text(code+"Text", 0).ByService()
}

func (o c4cObject) set(name, entityType string, navigations []odata.Navigation, properties ...odata.Property) odata.Set {
	return odata.Set{
		Name: name, Type: entityType, Keys: []string{"ObjectID"}, Concurrency: "ETag", Collection: o.collection,
		Properties: o.administrative(properties...), Navigations: navigations, Prepare: o.prepare,
		ID: func(e map[string]any) string { return fmt.Sprint(e["ObjectID"]) },
	}
}

var c4cService = odata.Service{Namespace: "c4codata", Bare: true, Sets: []odata.Set{
	c4cAccount.set("CorporateAccountCollection", "CorporateAccount", []odata.Navigation{
		{Name: "Opportunity", Target: "OpportunityCollection", Many: true, Here: []string{"AccountID"}, There: []string{"ProspectPartyID"}},
		{Name: "ServiceRequest", Target: "ServiceRequestCollection", Many: true, Here: []string{"AccountID"}, There: []string{"BuyerPartyID"}},
	},
		odata.Text("Name", 40).NotNull(), odata.Text("RoleCode", 6), codeText("RoleCode"), odata.Text("LifeCycleStatusCode", 2), codeText("LifeCycleStatusCode"),
		odata.Text("CustomerABCClassificationCode", 1), odata.Text("LanguageCode", 2), odata.Text("CountryCode", 3), odata.Text("City", 40),
		odata.Text("StreetPostalCode", 10), odata.Text("Street", 60), odata.Text("HouseNumber", 10), odata.Text("Email", 255), odata.Text("Phone", 350), odata.Text("WebSite", 1280)),
	c4cOpportunity.set("OpportunityCollection", "Opportunity", []odata.Navigation{
		{Name: "ProspectPartyAccount", Target: "CorporateAccountCollection", Here: []string{"ProspectPartyID"}, There: []string{"AccountID"}},
	},
		odata.Text("Name", 255).NotNull(), odata.Text("ProspectPartyID", 60), odata.Text("ProspectPartyName", 480).ByService(),
		odata.Text("LifeCycleStatusCode", 2), codeText("LifeCycleStatusCode"), odata.Amount("ExpectedRevenueAmount", 6), odata.Text("ExpectedRevenueAmountCurrencyCode", 3),
		odata.Amount("ProbabilityPercent", 2), odata.Of("ExpectedProcessingStartDate", odata.DateTime),
		odata.Of("ExpectedProcessingEndDate", odata.DateTime)),
	c4cTicket.set("ServiceRequestCollection", "ServiceRequest", []odata.Navigation{
		{Name: "BuyerPartyAccount", Target: "CorporateAccountCollection", Here: []string{"BuyerPartyID"}, There: []string{"AccountID"}},
	},
		odata.Text("Name", 255).NotNull(), odata.Text("BuyerPartyID", 60), odata.Text("BuyerPartyName", 480).ByService(),
		odata.Text("ServicePriorityCode", 1), codeText("ServicePriorityCode"), odata.Text("ServiceRequestLifeCycleStatusCode", 2),
		codeText("ServiceRequestLifeCycleStatusCode"), odata.Of("CompletionDueDate", odata.DateTimeOffset)),
}}

var c4cMetadata = sync.OnceValue(c4cService.EDMX)

// seededAt is when the data that a tenant begins with was made.
var seededAt = time.Date(2024, time.January, 15, 9, 0, 0, 0, time.UTC)

// c4cSeed is a small company's data.
func c4cSeed(tx *records.Tx) error {
	return odata.Seed(tx, &c4cService, seededAt, []odata.Row{
		{Set: "CorporateAccountCollection", Values: map[string]any{"Name": "Alpine Sports AG", "CountryCode": "CH", "City": "Zurich", "Street": "Bahnhofstrasse", "HouseNumber": "7", "StreetPostalCode": "8001", "Email": "info@alpine.test", "CustomerABCClassificationCode": "A"}},
		{Set: "CorporateAccountCollection", Values: map[string]any{"Name": "Harbour Foods Ltd", "CountryCode": "GB", "City": "Bristol", "Email": "office@harbour.test", "CustomerABCClassificationCode": "B"}},
		{Set: "CorporateAccountCollection", Values: map[string]any{"Name": "Nordlicht GmbH", "CountryCode": "DE", "City": "Hamburg", "RoleCode": "BUP002", "LifeCycleStatusCode": "1"}},
		{Set: "OpportunityCollection", Values: map[string]any{"Name": "200 ski racks", "ProspectPartyID": "1000001", "ExpectedRevenueAmount": "48000.000000", "ExpectedRevenueAmountCurrencyCode": "CHF", "ProbabilityPercent": "60.00", "LifeCycleStatusCode": "2"}},
		{Set: "OpportunityCollection", Values: map[string]any{"Name": "Cold store extension", "ProspectPartyID": "1000002", "ExpectedRevenueAmount": "125000.000000", "ExpectedRevenueAmountCurrencyCode": "GBP", "ProbabilityPercent": "25.00"}},
		{Set: "ServiceRequestCollection", Values: map[string]any{"Name": "Rack delivered with a scratch", "BuyerPartyID": "1000001", "ServicePriorityCode": "3"}},
		{Set: "ServiceRequestCollection", Values: map[string]any{"Name": "Freezer does not start", "BuyerPartyID": "1000002", "ServicePriorityCode": "1", "ServiceRequestLifeCycleStatusCode": "2"}},
	})
}

// c4cEmissions are Account.Root.Created.v1 and so on, with their payload (domain §9.4).
func c4cEmissions() []tenant.Emission {
	operations := map[records.Operation]string{records.Created: "Created", records.Updated: "Updated", records.Deleted: "Deleted"}
	var all []tenant.Emission
	for object, collection := range map[string]string{
		"Account": c4cAccount.collection, "Opportunity": c4cOpportunity.collection, "Ticket": c4cTicket.collection,
	} {
		for operation, word := range operations {
			all = append(all, tenant.Emission{
				Collection: collection, Operation: operation, Type: object + ".Root." + word, Version: "v1",
				Data: func(r records.Record) any {
					return map[string]string{"entity-id": r.Text("ObjectID"), "root-entity-id": r.Text("ObjectID")}
				},
			})
		}
	}
	return all
}
