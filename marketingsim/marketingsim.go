// Package marketingsim simulates tenants of SAP Marketing Cloud. It holds the
// product's data; the engine is internal/tenant.
package marketingsim

import (
	"embed"

	"github.com/pairsim/pairsim/internal/odata"
	"github.com/pairsim/pairsim/internal/tenant"
)

// Config is a tenant's configuration. ID empty: marketing; Product is filled in.
type Config = tenant.Config

//go:embed products
var specifications embed.FS

func specification(name string) []byte {
	doc, err := specifications.ReadFile("products/" + name)
	if err != nil {
		panic(err) // embedded above; a test reads every one
	}
	return doc
}

// New makes an SAP Marketing Cloud tenant.
func New(cfg Config) (*tenant.Tenant, error) {
	cfg.Product = Product()
	if cfg.ID == "" {
		cfg.ID = cfg.Product.ID
	}
	return tenant.New(cfg)
}

// Product returns the data of SAP Marketing Cloud. Console and labels are those
// of domain §7.3, and so are Disable and Delete of its column Action(s), and that a
// failed extension is deleted before a new token helps (e9d975a.md@v1). It gives a
// failed extension no exact label and says nothing of Enable, Disabled and
// Deregistered: these are our own. APIs and events are those of §9.4, scenarios
// stand in scenarios.go. Identifiers are our own.
func Product() tenant.Product {
	return tenant.Product{
		ID: "marketing", SystemType: "SAP Marketing Cloud", Provider: "SAP",
		Console: tenant.Console{
			Path: "Home > Communication Management > Maintain Extensions on SAP BTP",
			Row:  "extension", Field: "Integration Token",
			Disable: "Disable", Enable: "Enable", Delete: "Delete",
		},
		Labels: tenant.Labels{
			InProgress: "Enabling", Registered: "Enabled", Disabled: "Disabled", Deregistered: "Deregistered", Failed: "Failed",
		},
		FailedFirst: true,
		APIs: []tenant.API{
			api(&contactService, contactAPI, "Contacts", contactMetadata),
			api(&interactionService, interactionAPI, "Interactions of contacts", interactionMetadata),
			api(&campaignService, campaignAPI, "Campaigns", campaignMetadata),
		},
		Seed: seed, Emissions: emissions,
		Events: tenant.Events{
			Identifier: "marketing-events", Name: "SAP Marketing Cloud - Business Events", Description: "Events of business objects.",
			Specification: specification("events.asyncapi.json"),
		},
		Communication: communication(),
	}
}

func api(service *odata.Service, identifier, what string, metadata func() []byte) tenant.API {
	return tenant.API{
		Identifier: identifier, Name: service.Namespace, Description: what + " of SAP Marketing Cloud.",
		Path: "/sap/opu/odata/sap/" + service.Namespace, Auth: tenant.Basic, CSRF: true, OData: true, Specification: metadata,
		Open: func(b tenant.Backend) tenant.Responder {
			return &odata.Server{Service: service, Store: b.Store, Root: b.Root}
		},
	}
}
