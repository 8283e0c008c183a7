// Package openapitest has all APIs that have an OpenAPI document, so that tests
// hold their answers and requests against it.
package openapitest

import (
	"strings"

	"github.com/pairsim/pairsim/btp/broker"
	"github.com/pairsim/pairsim/btp/control"
	"github.com/pairsim/pairsim/btp/destination/rest"
	eventbus "github.com/pairsim/pairsim/btp/eventmesh/rest"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/btp/tokenservice"
	"github.com/pairsim/pairsim/internal/openapi"
	"github.com/pairsim/pairsim/internal/openapi/conformance"
	"github.com/pairsim/pairsim/internal/tenant"
)

// The APIs.
var (
	Registry = conformance.New("httpapi/openapi.yaml", httpapi.OpenAPI, func(path string) bool {
		return under(path, "/api/v1") || strings.HasPrefix(path, "/.well-known/") && path != "/.well-known/openid-configuration"
	})
	Destinations = conformance.OfVendor("destination/rest/openapi.yaml", rest.OpenAPI, func(path string) bool { return under(path, "/destination-configuration/v1") })
	TokenService = conformance.OfVendor("tokenservice/openapi.yaml", tokenservice.OpenAPI, func(path string) bool {
		return under(path, "/oauth") || path == "/token_keys" || path == "/.well-known/openid-configuration"
	})
	Broker   = conformance.OfVendor("broker/osb.yaml", broker.BrokerOpenAPI, func(path string) bool { return under(path, "/broker/v2") })
	Manager  = conformance.OfVendor("broker/servicemanager.yaml", broker.ManagerOpenAPI, func(path string) bool { return under(path, "/service-manager/v1") })
	EventBus = conformance.OfVendor("eventmesh/rest/openapi.yaml", eventBusOpenAPI, func(path string) bool {
		return under(path, eventbus.MessagingPath) || under(path, eventbus.ManagementPath)
	})
	Tenants = conformance.New("internal/tenant/openapi.yaml", tenant.OpenAPI, tenant.Documented)
	Control = conformance.New("control/openapi.yaml", control.OpenAPI, func(path string) bool { return under(path, "/control") })
)

// eventBusOpenAPI is the document of the event bus, as JSON.
func eventBusOpenAPI() []byte { return openapi.Make(eventbus.OpenAPI, nil) }

func under(path, parent string) bool { return path == parent || strings.HasPrefix(path, parent+"/") }
