package tenant

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/pairsim/pairsim/internal/problem"
)

// Code names a way in which a tenant refuses its admin: the last part of a
// problem's type. docs/problems.md holds one paragraph per code.
type Code string

// Every way for a tenant to refuse.
const (
	internal             Code = "internal"
	invalidRequest       Code = "invalid-request"
	bodyTooLarge         Code = "body-too-large"
	unsupportedMediaType Code = "unsupported-media-type"
	routeNotFound        Code = "route-not-found"
	methodNotAllowed     Code = "method-not-allowed"
	unauthenticated      Code = "unauthenticated" // with Config.Authorize
	forbidden            Code = "forbidden"

	tenantNotFound        Code = "tenant-not-found"
	pairingNotFound       Code = "pairing-not-found"
	specificationNotFound Code = "specification-not-found"
	pairingInProgress     Code = "pairing-in-progress"
	tenantBusy            Code = "tenant-busy"
	tenantClosed          Code = "tenant-closed"
	tenantNotPaired       Code = "tenant-not-paired"
	eventUnknown          Code = "event-unknown"
	registryRefused       Code = "registry-refused"
	registryUnreachable   Code = "registry-unreachable"
	pairingStatusForbids  Code = "pairing-status-forbids"
	extensionDisabled     Code = "extension-disabled"
	failedExtensionExists Code = "failed-extension-exists"
	noticeInvalid         Code = "notice-invalid"
	noticeMismatch        Code = "notice-mismatch"

	scenarioNotFound              Code = "scenario-not-found"
	scenarioExists                Code = "scenario-exists"
	scenarioNotEnabled            Code = "scenario-not-enabled"
	arrangementNotFound           Code = "arrangement-not-found"
	arrangementExists             Code = "arrangement-exists"
	arrangementsNotSupported      Code = "arrangements-not-supported"
	authenticationNotSupported    Code = "authentication-not-supported"
	outboundServicesNotConfigured Code = "outbound-services-not-configured"
	outboundServiceUnknown        Code = "outbound-service-unknown"
	attributeInvalid              Code = "attribute-invalid"
	channelTaken                  Code = "channel-taken"
)

const (
	seeDocs = "See docs/wire.md, Tenants."
	ours    = "pairsim" // a tenant's own API rests on no vendor's document
)

// sources names the documents that the other refusals rest on.
//
//nolint:exhaustive // the others rest on none
var sources = map[Code]string{
	failedExtensionExists: "e9d975a.md@v1", unauthenticated: "RFC 6750", forbidden: "sap-domain §1",
	scenarioNotEnabled: "69889e4.md", authenticationNotSupported: "69889e4.md", outboundServicesNotConfigured: "TUT:S/4 extensibility",
	outboundServiceUnknown: "553a4c6.md", attributeInvalid: "2d50d91.md", channelTaken: "2d50d91.md", arrangementsNotSupported: "SEED-004",
}

// problems gives every code its HTTP answer. The first eight are the registry's
// codes too and have its titles: a code has one title (docs/problems.md).
var problems = map[Code]struct {
	status      int
	title, next string
}{
	internal:              {http.StatusInternalServerError, "Internal error", "This is a fault of pairsim. Report it with the journal (pairsim journal)."},
	invalidRequest:        {http.StatusBadRequest, "Invalid request", seeDocs},
	bodyTooLarge:          {http.StatusRequestEntityTooLarge, "Body is too large", "Send less; " + seeDocs},
	unsupportedMediaType:  {http.StatusUnsupportedMediaType, "Unsupported media type", "Send application/json."},
	routeNotFound:         {http.StatusNotFound, "No such path", seeDocs},
	methodNotAllowed:      {http.StatusMethodNotAllowed, "Method not allowed", seeDocs},
	unauthenticated:       {http.StatusUnauthorized, "Access token is missing or not valid", "Send an access token of the tenant's administrator: Authorization: Bearer … (pairsim auth token, PAIRSIM_TOKEN)."},
	forbidden:             {http.StatusForbidden, "Role does not allow it", "Ask the tenant's administrator."},
	tenantNotFound:        {http.StatusNotFound, "No such tenant", "GET /tenants lists the tenants."},
	pairingNotFound:       {http.StatusNotFound, "No such pairing", "GET /tenants/{tenant}/pairings lists the tenant's pairings."},
	specificationNotFound: {http.StatusNotFound, "No such specification", ""},
	pairingInProgress:     {http.StatusConflict, "A pairing is in progress", "Wait until it has ended."},
	tenantBusy:            {http.StatusConflict, "The tenant is busy", "Try again in a moment."},
	tenantClosed:          {http.StatusServiceUnavailable, "The tenant is being stopped", ""},
	tenantNotPaired:       {http.StatusConflict, "The tenant is not paired", "Pair it with an integration token first."},
	eventUnknown:          {http.StatusBadRequest, "The product publishes no such event", "Send one of the types that the detail names."},
	registryRefused:       {http.StatusBadGateway, "The registry refused", ""},
	registryUnreachable:   {http.StatusBadGateway, "The registry cannot be reached", "Check the registry URLs of the tenant."},
	pairingStatusForbids:  {http.StatusConflict, "The pairing's status forbids this", "Do what the detail calls possible."},
	extensionDisabled:     {http.StatusConflict, "The extension is disabled", "Enable it: POST /tenants/{tenant}/pairings/{id}/enablement, or pairsim tenants enable TENANT."},
	failedExtensionExists: {http.StatusConflict, "A failed extension has to be deleted first", "Delete it: DELETE /tenants/{tenant}/pairings/{id}, or pairsim tenants delete TENANT ID. Then enter the token."},
	noticeInvalid:         {http.StatusUnauthorized, "The notice is not signed by the registry", "Send Authorization: Bearer with the registry's signed notice; " + seeDocs},
	noticeMismatch:        {http.StatusForbidden, "The notice is about something else", "Send it to the tenant, and with the system, that its signed claims name."},

	scenarioNotFound: {http.StatusNotFound, "No such communication scenario", "Look at them: pairsim tenants scenarios list TENANT, or GET /tenants/{tenant}/communicationScenarios."},
	scenarioExists:   {http.StatusConflict, "There is such a communication scenario already", "Take another id."},
	scenarioNotEnabled: {
		http.StatusUnprocessableEntity, "The communication scenario is not enabled in the tenant",
		"Enable it in the tenant (pairsim tenants scenarios enable TENANT SCENARIO), or create the custom scenario there. Then create the instance again.",
	},
	arrangementNotFound: {http.StatusNotFound, "No such communication arrangement", "Look at them: pairsim tenants arrangements TENANT, or GET /tenants/{tenant}/communicationArrangements."},
	arrangementExists:   {http.StatusConflict, "There is such a communication arrangement already", "Choose another communicationArrangementName, or delete the instance that has it."},
	arrangementsNotSupported: {
		http.StatusUnprocessableEntity, "The product has no communication arrangements",
		"Create the instance for an SAP Marketing Cloud system.",
	},
	authenticationNotSupported: {
		http.StatusUnprocessableEntity, "The authentication is not supported",
		"Take one that the detail names; pairsim tenants scenarios list TENANT shows those of every scenario.",
	},
	outboundServicesNotConfigured: {
		http.StatusUnprocessableEntity, "Outbound services are not configured",
		"Say how the extension is called, or switch the services off with isServiceActive false.",
	},
	outboundServiceUnknown: {http.StatusUnprocessableEntity, "The scenario has no such outbound service", "Take the id or name of one that the detail names."},
	attributeInvalid:       {http.StatusUnprocessableEntity, "An attribute is not valid", "Correct the attribute that the detail names."},
	channelTaken:           {http.StatusConflict, "The event channel is taken", "Choose another CHANNEL NAME, or another emClientId, from which it is made."},
}

// documentOf is the problem document of a code, without what is only of one occurrence.
func documentOf(code Code) problem.Document {
	row := problems[code]
	return problem.Document{
		Type: problem.TypePrefix + string(code), Title: row.title, Status: row.status, Next: row.next, Source: cmp.Or(sources[code], ours),
	}
}

// Refusal is why a tenant did not do what it was asked to. Detail holds nothing
// secret.
type Refusal struct {
	Code   Code
	Detail string
	Cause  error // for the log
}

func refuse(code Code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Detail: fmt.Sprintf(format, args...)}
}

func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Detail }

func (r *Refusal) Unwrap() error { return r.Cause }
