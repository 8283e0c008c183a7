package cxsim

import (
	"embed"

	"github.com/pairsim/pairsim/internal/odata"
	"github.com/pairsim/pairsim/internal/tenant"
)

// Names, paths and credentials of APIs and the events are those of domain §9.4;
// each product shows a few representative ones. Identifiers are our own.

//go:embed products
var specifications embed.FS

func specification(name string) []byte {
	doc, err := specifications.ReadFile("products/" + name)
	if err != nil {
		panic(err) // embedded above; a test reads every one
	}
	return doc
}

// commerce: console and labels are those of domain §9.1. That is silent about
// what can be done with a registered target: the actions, Disabled, Deregistered
// and Failed are our own.
func commerce() tenant.Product {
	return tenant.Product{
		ID: "commerce", SystemType: "SAP Commerce Cloud", Provider: "SAP",
		Console: tenant.Console{
			Path: "Backoffice > System > API > Destination Targets", Row: "destination target", Field: "Token URL",
			Disable: "Disable", Enable: "Enable", Delete: "Delete",
		},
		Labels: tenant.Labels{
			InProgress: "In Progress", Registered: "Registered", Disabled: "Disabled", Deregistered: "Deregistered", Failed: "Failed",
		},
		APIs: []tenant.API{{
			Identifier: "commerce-webservices", Name: "SAP Commerce Cloud - Commerce Webservices",
			Description: "Omni Commerce Connect (OCC): products, customers, carts and orders of a shop.",
			Path:        "/occ/v2", Auth: tenant.OAuth, TokenPath: "/authorizationserver/oauth/token",
			Specification: tenant.Text(specification("commerce/occ.openapi.json")), Open: openOCC, Denied: occDenied,
		}, {
			Identifier: "commerce-inbound-product", Name: "SAP Commerce Cloud - Inbound Product",
			Description: "OData service InboundProduct of the integration API.",
			Path:        "/odata2webservices/InboundProduct", Auth: tenant.Basic, OData: true,
			Specification: inboundProductMetadata, Open: entities(&inboundProduct),
		}},
		Events: tenant.Events{
			Identifier: "commerce-events", Name: "SAP Commerce Cloud - Events", Description: "Events of customers, orders, quotes and carts.",
			Specification: specification("commerce/events.asyncapi.json"),
		},
		Seed: commerceSeed, Emissions: commerceEmissions,
	}
}

// fieldService: that a key field in the extension settings takes the token is
// domain §9.3; everything else there is open, so APIs, events, labels and actions
// are our own decision.
func fieldService() tenant.Product {
	return tenant.Product{
		ID: "fsm", SystemType: "SAP Field Service Management", Provider: "SAP",
		Console: tenant.Console{
			Path: "Company > SAP BTP Extensions", Row: "SAP BTP extension", Field: "Key",
			Disable: "Disconnect", Enable: "Reconnect", Delete: "Remove",
		},
		Labels: tenant.Labels{
			InProgress: "Connecting", Registered: "Connected", Disabled: "Disconnected", Deregistered: "Deregistered", Failed: "Failed",
		},
		APIs: []tenant.API{{
			Identifier: "fsm-service", Name: "SAP Field Service Management - Service API",
			Description: "Service calls of a company.",
			Path:        "/data/v4/ServiceCall", Auth: tenant.OAuth, TokenPath: "/oauth2/v1/token",
			Specification: tenant.Text(specification("fsm/service.openapi.json")), Open: fsmServiceCall.open, Denied: fsmDenied,
		}, {
			Identifier: "fsm-activity", Name: "SAP Field Service Management - Activity API",
			Description: "Activities that technicians carry out for service calls.",
			Path:        "/data/v4/Activity", Auth: tenant.OAuth, TokenPath: "/oauth2/v1/token",
			Specification: tenant.Text(specification("fsm/activity.openapi.json")), Open: fsmActivity.open, Denied: fsmDenied,
		}},
		Events: tenant.Events{
			Identifier: "fsm-events", Name: "SAP Field Service Management - Events", Description: "Events of service calls and activities.",
			Specification: specification("fsm/events.asyncapi.json"),
		},
		Seed: fsmSeed, Emissions: fsmEmissions(),
	}
}

// cloudForCustomer: console and field are those of domain §9.2, which names no
// states of a consumer: the labels are our own decision, Active after its action
// Activate. Deactivate and Delete are our own words too.
func cloudForCustomer() tenant.Product {
	return tenant.Product{
		ID: "c4c", SystemType: "SAP Cloud for Customer", Provider: "SAP",
		Console: tenant.Console{
			Path: "Administrator > General Settings > System Administration > Event Notification",
			Row:  "consumer", Field: "Remote Environment URL",
			Disable: "Deactivate", Enable: "Activate", Delete: "Delete",
		},
		Labels: tenant.Labels{
			InProgress: "In Preparation", Registered: "Active", Disabled: "Inactive", Deregistered: "Deregistered", Failed: "Failed",
		},
		APIs: []tenant.API{{
			Identifier: "c4c-odata", Name: "SAP Cloud for Customer - OData API",
			Description: "Accounts, opportunities and tickets.",
			Path:        c4cPath, Auth: tenant.Basic, CSRF: true, OData: true,
			Specification: c4cMetadata, Open: entities(&c4cService),
		}},
		Events: tenant.Events{
			Identifier: "c4c-events", Name: "SAP Cloud for Customer - Events", Description: "Events of accounts, opportunities and tickets.",
			Specification: specification("c4c/events.asyncapi.json"),
		},
		Seed: c4cSeed, Emissions: c4cEmissions(),
	}
}

// entities answers an OData API from its model.
func entities(service *odata.Service) func(tenant.Backend) tenant.Responder {
	return func(b tenant.Backend) tenant.Responder {
		return &odata.Server{Service: service, Store: b.Store, Root: b.Root}
	}
}
