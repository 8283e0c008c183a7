package tenant

import (
	"fmt"
	"net/http"
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
