package meter

import "strings"

// Surface is a part of what a listener serves.
type Surface int

// The surfaces. Own is what is about the process: health, its CA, its metrics; and
// what nobody serves.
const (
	Own Surface = iota
	Registry
	Connector
	Events
	Gateway
	Tenants
	TokenService
	Destinations
	EventMesh
	Broker
	ServiceManager
	Control
	surfaces // how many there are
)

var surfaceNames = [surfaces]string{
	Own: "own", Registry: "registry", Connector: "connector", Events: "events", Gateway: "gateway", Tenants: "tenants",
	TokenService: "tokenService", Destinations: "destinations", EventMesh: "eventMesh", Broker: "broker", ServiceManager: "serviceManager",
	Control: "control",
}

// String is the surface's name, as metrics have it.
func (s Surface) String() string { return surfaceNames[s] }

// OfVendor says whether a vendor's wire is spoken there.
func (s Surface) OfVendor() bool { return s == Connector || s == Events || s == Gateway }

// SurfaceOf is the surface that a path belongs to, whether or not it is served. On
// the connector's wire most paths begin with the name of an application, which may
// be any but ours.
func SurfaceOf(path string) Surface {
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "api":
		return Registry
	case "tenants":
		return Tenants
	case "v1":
		return Connector
	case "gateway", "gateway-ucl":
		return Gateway
	case "destination-configuration":
		return Destinations
	case "messagingrest":
		return EventMesh
	case "hub":
		if strings.HasPrefix(rest, "rest/") {
			return EventMesh
		}
	case "uaa":
		return TokenService
	case "broker":
		return Broker
	case "service-manager":
		return ServiceManager
	}
	switch {
	case strings.HasPrefix(rest, "events"), strings.HasPrefix(rest, "v1/events"), strings.HasPrefix(rest, "v2/events"):
		return Events
	case strings.HasPrefix(rest, "v1/"):
		return Connector
	}
	switch first {
	case ".well-known":
		if rest == "openid-configuration" {
			return TokenService
		}
		return Registry
	case "oauth", "token_keys":
		return TokenService
	case "control", "cockpit":
		return Control
	}
	return Own
}
