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
)

// problems gives every code its HTTP answer.
var problems = map[Code]struct {
	status      int
	title, next string
}{
	internal:              {http.StatusInternalServerError, "Internal error", "See the log of the simulator."},
	invalidRequest:        {http.StatusBadRequest, "The request is not valid", ""},
	bodyTooLarge:          {http.StatusRequestEntityTooLarge, "The body is too large", ""},
	unsupportedMediaType:  {http.StatusUnsupportedMediaType, "The body is of a kind that is not read here", "Send application/json."},
	routeNotFound:         {http.StatusNotFound, "No such path", ""},
	methodNotAllowed:      {http.StatusMethodNotAllowed, "The path has no such method", ""},
	tenantNotFound:        {http.StatusNotFound, "No such tenant", "GET /tenants lists the tenants."},
	pairingNotFound:       {http.StatusNotFound, "No such pairing", ""},
	specificationNotFound: {http.StatusNotFound, "No such specification", ""},
	pairingInProgress:     {http.StatusConflict, "A pairing is in progress", "Wait until it has ended."},
	tenantBusy:            {http.StatusConflict, "The tenant is busy", "Try again in a moment."},
	tenantClosed:          {http.StatusServiceUnavailable, "The tenant is being stopped", ""},
	tenantNotPaired:       {http.StatusConflict, "The tenant is not paired", "Pair it with an integration token first."},
	eventUnknown:          {http.StatusBadRequest, "The product publishes no such event", ""},
	registryRefused:       {http.StatusBadGateway, "The registry refused", ""},
	registryUnreachable:   {http.StatusBadGateway, "The registry cannot be reached", "Check the registry URLs of the tenant."},
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
