package strict

import (
	"net/http"
	"strings"
)

// surface is whose wire a path belongs to.
type surface int

const (
	untouched surface = iota // other parties, health, the CA: never unfriendly
	vendor                   // Connector Service, Application Registry, events
	own                      // the registry's REST API, discovery, the token service
)

// call is what a request asks for.
type call struct {
	surface surface
	// step names the call without ids, so that it can be counted.
	step string
	// handedOut says that the vendor's documents have clients take its URL from
	// an answer.
	handedOut bool
	// application says that its path has the application in it.
	application bool
	// open says, of our own surface, that its answers may have further members.
	open bool
}

// The steps that a rule looks at.
const (
	stepInfo        = "info"
	stepCertificate = "certificate"
	stepManagement  = "management-info"
	stepRenewal     = "renewal"
	stepServices    = "services"
	stepSubscribed  = "events-subscribed"
	stepKeys        = "keys"
)

// fixed are the calls whose path holds no id.
var fixed = map[string]call{
	"/v1/applications/signingRequests/info":       {surface: vendor, step: stepInfo},
	"/v1/applications/certificates":               {surface: vendor, step: stepCertificate, handedOut: true},
	"/v1/applications/management/info":            {surface: vendor, step: stepManagement, handedOut: true},
	"/v1/applications/certificates/renewals":      {surface: vendor, step: stepRenewal, handedOut: true},
	"/v1/applications/certificates/revocations":   {surface: vendor, step: "revocation", handedOut: true},
	"/v1/applications/pairsim/pairing-failure":    {surface: vendor, step: "failure"},
	"/v1/applications/pairsim/extension-deletion": {surface: vendor, step: "deletion"},
	"/.well-known/pairsim-configuration":          {surface: own, step: "configuration"},
	"/.well-known/jwks.json":                      {surface: own, step: stepKeys},
	"/oauth/token":                                {surface: own, step: "access-token", open: true},
	"/token_keys":                                 {surface: own, step: "token-keys", open: true},
}

// classify finds out what a path, without an alias before it, asks for.
func classify(path string) call {
	if c, ok := fixed[path]; ok {
		return c
	}
	if strings.HasPrefix(path, "/api/v1/") {
		return call{surface: own, step: path}
	}
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case strings.HasPrefix(path, "/tenants/"), strings.HasPrefix(path, "/v1/"):
		return call{}
	case rest == "v1/metadata/services":
		return call{surface: vendor, step: stepServices, handedOut: true, application: true}
	case strings.HasPrefix(rest, "v1/metadata/services/"):
		return call{surface: vendor, step: "service", handedOut: true, application: true}
	case rest == "v1/events":
		return call{surface: vendor, step: "event", handedOut: true, application: true}
	case rest == "v1/events/subscribed":
		return call{surface: vendor, step: stepSubscribed, handedOut: true, application: true}
	case rest == "v1/pairsim/tenant":
		return call{surface: vendor, step: "tenant", application: true}
	case rest == "events", rest == "v2/events":
		return call{surface: vendor, step: "cloudevent", application: true}
	}
	return call{}
}

// bodyless says whether an answer has no body to change.
func bodyless(method string, status int) bool {
	return method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified || status < 200
}
