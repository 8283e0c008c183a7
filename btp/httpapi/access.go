package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// Access decides who may do what (--auth); btp/tokenservice is one.
type Access interface {
	// Admit refuses with Unauthenticated or Forbidden.
	Admit(ctx context.Context, authorization []string, needed btp.Permission) (btp.Principal, error)
}

// anyone may call a route without an access token.
const anyone btp.Permission = ""

// access is what every route needs with --auth: sap-domain §1, as far as a route
// can tell. Within it the rules see the objects of the caller's own global
// account only (btp.InAccount). The rows also write security, 401 and 403 into
// the OpenAPI document. A test reports a route without a row.
var access = map[string]btp.Permission{
	"GET /.well-known/jwks.json":             anyone,
	"GET /.well-known/pairsim-configuration": anyone,
	"GET /api/v1/openapi.json":               anyone,

	"GET /api/v1/systemTypes":    btp.LandscapeRead,
	"GET /api/v1/formationTypes": btp.LandscapeRead,

	"GET /api/v1/globalAccounts":                       btp.LandscapeRead, // of which the caller sees one
	"POST /api/v1/globalAccounts":                      btp.AccountsCreate,
	"GET /api/v1/globalAccounts/:ga":                   btp.LandscapeRead,
	"GET /api/v1/globalAccounts/:ga/subaccounts":       btp.LandscapeRead,
	"POST /api/v1/globalAccounts/:ga/subaccounts":      btp.AccountsWrite,
	"GET /api/v1/subaccounts/:id":                      btp.LandscapeRead,
	"PATCH /api/v1/subaccounts/:id":                    btp.AccountsWrite,
	"GET /api/v1/globalAccounts/:ga/systemTypes":       btp.LandscapeRead,
	"POST /api/v1/globalAccounts/:ga/systemTypes":      btp.LandscapeWrite,
	"GET /api/v1/globalAccounts/:ga/systems":           btp.LandscapeRead,
	"POST /api/v1/globalAccounts/:ga/systems":          btp.LandscapeWrite,
	"GET /api/v1/systems/:id":                          btp.LandscapeRead,
	"DELETE /api/v1/systems/:id":                       btp.LandscapeWrite,
	"POST /api/v1/systems/:id/deregistration":          btp.LandscapeWrite,
	"POST /api/v1/systems/:id/merge":                   btp.LandscapeWrite,
	"GET /api/v1/systems/:id/token":                    btp.LandscapeWrite, // a secret: no viewer sees it
	"POST /api/v1/systems/:id/tokens":                  btp.LandscapeWrite,
	"POST /api/v1/tokens/inspection":                   btp.LandscapeRead, // whoever asks has the token already
	"GET /api/v1/globalAccounts/:ga/formations":        btp.LandscapeRead,
	"POST /api/v1/globalAccounts/:ga/formations":       btp.LandscapeWrite,
	"GET /api/v1/formations/:id":                       btp.LandscapeRead,
	"PATCH /api/v1/formations/:id":                     btp.LandscapeWrite,
	"DELETE /api/v1/formations/:id":                    btp.LandscapeWrite,
	"PUT /api/v1/formations/:id/systems/:system":       btp.LandscapeWrite,
	"DELETE /api/v1/formations/:id/systems/:system":    btp.LandscapeWrite,
	"POST /api/v1/formations/:id/finalization":         btp.LandscapeWrite,
	"POST /api/v1/formations/:id/resynchronization":    btp.LandscapeWrite,
	"GET /api/v1/globalAccounts/:ga/incidents":         btp.LandscapeRead,
	"GET /api/v1/incidents/:id":                        btp.LandscapeRead,
	"GET /api/v1/subaccounts/:id/servicePlans":         btp.LandscapeRead,
	"GET /api/v1/subaccounts/:id/entitlements":         btp.LandscapeRead, // they tell what holds a system
	"POST /api/v1/subaccounts/:id/entitlements":        btp.EntitlementsWrite,
	"DELETE /api/v1/subaccounts/:id/entitlements":      btp.EntitlementsWrite,
	"GET /api/v1/subaccounts/:id/runtime/applications": btp.LandscapeRead,

	"GET /api/v1/subaccounts/:id/runtime":                                     btp.LandscapeRead,
	"GET /api/v1/subaccounts/:id/runtime/events":                              btp.LandscapeRead,
	"GET /api/v1/subaccounts/:id/runtime/applications/:application/manifests": btp.LandscapeWrite, // they hold secrets: no viewer sees them
	"POST /api/v1/subaccounts/:id/runtime/deliveries/:delivery/redelivery":    btp.LandscapeWrite,

	"GET /api/v1/subaccounts/:id/runtime/subscriptions":  btp.LandscapeRead,
	"POST /api/v1/subaccounts/:id/runtime/subscriptions": btp.LandscapeWrite,
	"GET /api/v1/subaccounts/:id/runtime/deliveries":     btp.LandscapeRead,

	"GET /api/v1/subaccounts/:id/destinations":                    btp.LandscapeRead, // without secrets
	"GET /api/v1/subaccounts/:id/destinations/:destination":       btp.LandscapeRead,
	"PUT /api/v1/subaccounts/:id/destinations/:destination":       btp.LandscapeWrite,
	"DELETE /api/v1/subaccounts/:id/destinations/:destination":    btp.LandscapeWrite,
	"POST /api/v1/subaccounts/:id/destinations/:destination/find": btp.LandscapeWrite, // secrets and tokens
	"GET /api/v1/subaccounts/:id/eventBus":                        btp.LandscapeRead,
	"GET /api/v1/subaccounts/:id/eventBus/messages":               btp.LandscapeRead, // without bodies
	"GET /api/v1/subaccounts/:id/trust":                           btp.LandscapeRead,
	"GET /api/v1/subaccounts/:id/serviceOfferings":                btp.LandscapeRead,
	"GET /api/v1/subaccounts/:id/serviceInstances":                btp.LandscapeRead,
	"POST /api/v1/subaccounts/:id/serviceInstances":               btp.LandscapeWrite,
	"GET /api/v1/serviceInstances/:id":                            btp.LandscapeRead,
	"PATCH /api/v1/serviceInstances/:id":                          btp.LandscapeWrite,
	"DELETE /api/v1/serviceInstances/:id":                         btp.LandscapeWrite,
	"GET /api/v1/serviceInstances/:id/serviceBindings":            btp.LandscapeRead,
	"POST /api/v1/serviceInstances/:id/serviceBindings":           btp.LandscapeWrite,
	"GET /api/v1/serviceBindings/:id":                             btp.LandscapeWrite, // credentials: no viewer sees them
	"DELETE /api/v1/serviceBindings/:id":                          btp.LandscapeWrite,

	"POST /api/v1/subaccounts/:id/eventBus/clients/:instance/queues":               btp.LandscapeWrite,
	"DELETE /api/v1/subaccounts/:id/eventBus/clients/:instance/queues":             btp.LandscapeWrite,
	"POST /api/v1/subaccounts/:id/eventBus/clients/:instance/queueSubscriptions":   btp.LandscapeWrite,
	"DELETE /api/v1/subaccounts/:id/eventBus/clients/:instance/queueSubscriptions": btp.LandscapeWrite,
	"POST /api/v1/subaccounts/:id/eventBus/clients/:instance/publications":         btp.LandscapeWrite,
	"POST /api/v1/subaccounts/:id/eventBus/clients/:instance/consumptions":         btp.LandscapeWrite, // it shows the message
	"POST /api/v1/subaccounts/:id/eventBus/clients/:instance/acknowledgements":     btp.LandscapeWrite,
	"POST /api/v1/subaccounts/:id/eventBus/clients/:instance/webhooks":             btp.LandscapeWrite,
	"DELETE /api/v1/subaccounts/:id/eventBus/clients/:instance/webhooks":           btp.LandscapeWrite,
	"POST /api/v1/subaccounts/:id/eventBus/clients/:instance/webhooks/handshake":   btp.LandscapeWrite,
	"PUT /api/v1/subaccounts/:id/eventBus/clients/:instance/webhooks/state":        btp.LandscapeWrite,

	"DELETE /api/v1/subaccounts/:id/runtime/subscriptions/:subscription": btp.LandscapeWrite,
	"DELETE /api/v1/subaccounts/:id/entitlements/:entitlement":           btp.EntitlementsWrite,
}

// admitted asks for what the route needs before h runs. It stands around each
// handler and not in a group's middleware, which HEAD would not pass through.
func (s *server) admitted(h func(*gin.Context) error) func(*gin.Context) error {
	if s.Access == nil {
		return h
	}
	return func(c *gin.Context) error {
		needed, known := access[routeOf(c)]
		if known && needed == anyone {
			return h(c)
		}
		if !known { // nobody has said who may: nobody may
			needed = "undecided"
		}
		given := c.Request.Header.Values("Authorization")
		who, err := s.Access.Admit(c.Request.Context(), given, needed)
		if err != nil {
			challenge(c, err, len(given) > 0)
			return err
		}
		c.Request = c.Request.WithContext(btp.InAccount(c.Request.Context(), who.GlobalAccount))
		return h(c)
	}
}

// routeOf is the route of a request as the table writes it.
func routeOf(c *gin.Context) string {
	method := c.Request.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return method + " " + c.FullPath()
}

// challenge says how to come in (RFC 6750 §3).
func challenge(c *gin.Context, err error, presented bool) {
	const scheme = `Bearer realm="pairsim"`
	switch code := btp.CodeOf(err); {
	case code == btp.Forbidden:
		c.Header("WWW-Authenticate", scheme+`, error="insufficient_scope"`)
	case code == btp.Unauthenticated && presented:
		c.Header("WWW-Authenticate", scheme+`, error="invalid_token"`)
	case code == btp.Unauthenticated:
		c.Header("WWW-Authenticate", scheme)
	}
}

// secure writes into an OpenAPI document what holds for many operations: who may
// call one, as the table says, and how it refuses.
func secure(doc map[string]any) {
	paths, _ := doc["paths"].(map[string]any)
	for path, item := range paths {
		operations, _ := item.(map[string]any)
		for method, operation := range operations {
			o, _ := operation.(map[string]any)
			responses, _ := o["responses"].(map[string]any)
			for status, name := range map[string]string{"410": "Gone", "503": "Replaced"} { // it may outlive its environment
				if _, there := responses[status]; responses != nil && !there {
					responses[status] = map[string]any{"$ref": "#/components/responses/" + name}
				}
			}
			route := strings.ToUpper(method) + " " + ginPath(path)
			if needed := access[route]; responses != nil && needed != anyone {
				o["security"] = []any{map[string]any{}, map[string]any{"accessToken": []any{}}} // none, unless --auth
				o["x-pairsim-roles"] = append([]string{}, btp.RolesThatPermit(needed)...)
				responses["401"] = map[string]any{"$ref": "#/components/responses/Unauthenticated"}
				responses["403"] = map[string]any{"$ref": "#/components/responses/Forbidden"}
			}
		}
	}
}

// ginPath writes {name} as :name.
func ginPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}
