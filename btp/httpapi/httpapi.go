package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/publicurl"
	"github.com/pairsim/pairsim/internal/stamp"
)

// Accounts are the use cases around accounts. {ga} is an id or a subdomain.
type Accounts interface {
	GlobalAccounts(context.Context) ([]btp.GlobalAccount, error)
	GlobalAccount(ctx context.Context, ga string) (btp.GlobalAccount, error)
	CreateGlobalAccount(context.Context, btp.GlobalAccount, btp.IdempotencyKey) (btp.GlobalAccount, error)
	Subaccounts(ctx context.Context, ga string) ([]btp.Subaccount, error)
	CreateSubaccount(ctx context.Context, ga string, s btp.Subaccount, key btp.IdempotencyKey) (btp.Subaccount, error)
	Subaccount(context.Context, btp.SubaccountID) (btp.Subaccount, error)
	ChangeSubaccount(context.Context, btp.SubaccountID, btp.SubaccountChange, btp.Match) (btp.Subaccount, error)
}

// Systems are the use cases around systems and their tokens. infoURL is the
// address that a token names.
type Systems interface {
	Register(ctx context.Context, ga, name, systemType, infoURL string, key btp.IdempotencyKey) (btp.System, *btp.IssuedToken, error)
	ReadSystems(context.Context, btp.SystemFilter) (page []btp.System, more bool, err error)
	ReadSystem(context.Context, btp.SystemID) (btp.SystemView, error)
	System(context.Context, btp.SystemID) (btp.SystemView, error)
	AccountSystemTypes(ctx context.Context, ga string) ([]*btp.SystemType, error)
	CreateSystemType(ctx context.Context, ga string, n btp.NewSystemType, key btp.IdempotencyKey) (*btp.SystemType, error)
	ShowToken(ctx context.Context, id btp.SystemID, infoURL string) (*btp.IssuedToken, error)
	IssueToken(ctx context.Context, id btp.SystemID, infoURL string, key btp.IdempotencyKey) (*btp.IssuedToken, error)
	InspectToken(ctx context.Context, jws string) (btp.Inspection, error)
	Deregister(context.Context, btp.SystemID) (btp.System, error)
	Remove(context.Context, btp.SystemID) (btp.System, error)
	Merge(ctx context.Context, source, target btp.SystemID) (btp.System, error)
}

// Formations are the use cases around formations.
type Formations interface {
	CreateFormation(ctx context.Context, ga string, n btp.NewFormation, key btp.IdempotencyKey) (btp.FormationView, error)
	ReadFormations(context.Context, btp.FormationFilter) (page []btp.FormationView, more bool, err error)
	ReadFormation(context.Context, btp.FormationID) (btp.FormationView, error)
	IncludeSystem(context.Context, btp.FormationID, btp.SystemID, btp.Match) (btp.FormationView, error)
	ExcludeSystem(context.Context, btp.FormationID, btp.SystemID, btp.Match) (btp.FormationView, error)
	ChangeFormationSubaccount(ctx context.Context, id btp.FormationID, subaccount string, match btp.Match) (btp.FormationView, error)
	FinalizeFormation(context.Context, btp.FormationID, btp.Match) (btp.FormationView, error)
	Resynchronize(ctx context.Context, id btp.FormationID, reset bool, match btp.Match) (btp.FormationView, error)
	DeleteFormation(context.Context, btp.FormationID, btp.Match) (btp.FormationDeletion, error)
}

// Entitlements are the use cases around what a subaccount is given and sees.
type Entitlements interface {
	AssignEntitlement(context.Context, btp.SubaccountID, btp.NewEntitlement, btp.IdempotencyKey) (btp.EntitlementView, error)
	SubaccountEntitlements(context.Context, btp.EntitlementFilter) (page []btp.EntitlementView, more bool, err error)
	RemoveEntitlement(context.Context, btp.SubaccountID, btp.EntitlementID) error
	ServicePlans(context.Context, btp.SubaccountID) ([]btp.ServiceOffering, error)
}

// Runtimes are the use cases around what a subaccount's Kyma runtime has.
type Runtimes interface {
	Runtime(context.Context, btp.SubaccountID) (btp.RuntimeView, error)
	RuntimeApplications(context.Context, btp.SubaccountID) ([]btp.RuntimeApplication, error)
	RuntimeApplication(ctx context.Context, subaccount btp.SubaccountID, name string) (btp.RuntimeApplication, error)
	RuntimeEvents(context.Context, btp.SubaccountID) ([]btp.RuntimeEvent, error)
}

// Events are the use cases around events in a subaccount's Kyma runtime.
type Events interface {
	CreateSubscription(context.Context, btp.SubaccountID, btp.NewSubscription, btp.IdempotencyKey) (btp.Subscription, error)
	Subscriptions(context.Context, btp.SubaccountID) ([]btp.Subscription, error)
	DeleteSubscription(context.Context, btp.SubaccountID, btp.SubscriptionID) error
	Deliveries(context.Context, btp.DeliveryFilter) (page []btp.Delivery, more bool, err error)
	Redeliver(ctx context.Context, subaccount btp.SubaccountID, sequence uint64) (btp.Delivery, error)
}

// Incidents are the use cases around incidents that an operator has.
type Incidents interface {
	Incidents(context.Context, btp.IncidentFilter) (page []btp.Incident, more bool, err error)
	Incident(context.Context, btp.IncidentID) (btp.Incident, error)
}

// Environment is what the registry tells about itself.
type Environment interface {
	ID() btp.EnvironmentID
	Edition() *btp.Edition
	Issuer() string
	TokenValidity(*btp.SystemType) time.Duration
	JWKS(context.Context) ([]byte, error)
}

// Registry is all of it; *btp.Registry is one.
type Registry interface {
	Accounts
	Systems
	Formations
	Entitlements
	Runtimes
	Events
	Incidents
	Environment
}

var _ Registry = (*btp.Registry)(nil)

// Config is what the API stands on.
type Config struct {
	Registry Registry
	Services Services
	// URLs decides which addresses tokens and discovery name.
	URLs *publicurl.Book
	// Destinations and Finder are behind the routes of destinations.
	Destinations Destinations
	Finder       Finder
	// EventBus is behind the routes of event buses.
	EventBus EventBus
	// Access asks for roles (--auth); nil: everybody may do everything.
	Access Access
	// Log may be nil.
	Log *slog.Logger
}

type server struct{ Config }

// Mount adds the API's routes. Paths and methods that do not exist are the
// engine's: NoRoute and NoMethod answer them.
func Mount(router gin.IRouter, c Config) {
	s := &server{c}
	h := func(f func(*gin.Context) error) gin.HandlerFunc { return Handle(c.Log, s.admitted(f)) }

	api := router.Group("/api/v1")
	api.GET("/openapi.json", h(s.showOpenAPI))
	api.GET("/systemTypes", h(s.listSystemTypes))

	api.GET("/globalAccounts", h(s.listGlobalAccounts))
	api.POST("/globalAccounts", h(s.createGlobalAccount))
	api.GET("/globalAccounts/:ga", h(s.showGlobalAccount))
	api.GET("/globalAccounts/:ga/subaccounts", h(s.listSubaccounts))
	api.POST("/globalAccounts/:ga/subaccounts", h(s.createSubaccount))
	api.GET("/globalAccounts/:ga/systemTypes", h(s.listAccountSystemTypes))
	api.POST("/globalAccounts/:ga/systemTypes", h(s.createSystemType))
	api.GET("/globalAccounts/:ga/systems", h(s.listSystems))
	api.POST("/globalAccounts/:ga/systems", h(s.registerSystem))

	api.GET("/systems/:id", h(s.showSystem))
	api.GET("/systems/:id/token", h(s.showToken))
	api.POST("/systems/:id/tokens", h(s.issueToken))
	api.POST("/systems/:id/deregistration", h(s.deregisterSystem))
	api.DELETE("/systems/:id", h(s.removeSystem))
	api.POST("/systems/:id/merge", h(s.mergeSystem))
	api.POST("/tokens/inspection", h(s.inspectToken))

	api.GET("/formationTypes", h(s.listFormationTypes))
	api.GET("/globalAccounts/:ga/formations", h(s.listFormations))
	api.POST("/globalAccounts/:ga/formations", h(s.createFormation))
	api.GET("/formations/:id", h(s.showFormation))
	api.PATCH("/formations/:id", h(s.changeFormation))
	api.DELETE("/formations/:id", h(s.deleteFormation))
	api.PUT("/formations/:id/systems/:system", h(s.includeSystem))
	api.DELETE("/formations/:id/systems/:system", h(s.excludeSystem))
	api.POST("/formations/:id/resynchronization", h(s.resynchronizeFormation))
	api.POST("/formations/:id/finalization", h(s.finalizeFormation))

	api.GET("/subaccounts/:id", h(s.showSubaccount))
	api.PATCH("/subaccounts/:id", h(s.changeSubaccount))
	api.GET("/subaccounts/:id/entitlements", h(s.listEntitlements))
	api.POST("/subaccounts/:id/entitlements", h(s.assignEntitlement))
	api.DELETE("/subaccounts/:id/entitlements", h(s.removeEntitlementOf))
	api.DELETE("/subaccounts/:id/entitlements/:entitlement", h(s.removeEntitlement))
	api.GET("/subaccounts/:id/servicePlans", h(s.listServicePlans))
	api.GET("/subaccounts/:id/runtime", h(s.showRuntime))
	api.GET("/subaccounts/:id/runtime/applications", h(s.listApplications))
	api.GET("/subaccounts/:id/runtime/applications/:application/manifests", h(s.showManifests))
	api.GET("/subaccounts/:id/runtime/events", h(s.listRuntimeEvents))
	api.GET("/subaccounts/:id/runtime/subscriptions", h(s.listSubscriptions))
	api.POST("/subaccounts/:id/runtime/subscriptions", h(s.createSubscription))
	api.DELETE("/subaccounts/:id/runtime/subscriptions/:subscription", h(s.deleteSubscription))
	api.GET("/subaccounts/:id/runtime/deliveries", h(s.listDeliveries))
	api.POST("/subaccounts/:id/runtime/deliveries/:delivery/redelivery", h(s.redeliver))

	s.mountDestinations(api, h)
	s.mountEventBus(api, h)

	api.GET("/globalAccounts/:ga/incidents", h(s.listIncidents))
	api.GET("/incidents/:id", h(s.showIncident))

	s.mountServices(api, h)

	router.GET("/.well-known/jwks.json", h(s.showKeys))
	router.GET("/.well-known/pairsim-configuration", h(s.showConfiguration))
}

// TimeHeader carries the environment's now.
const TimeHeader = "Pairsim-Time"

// Clock is what Time needs.
type Clock interface{ Now() time.Time }

// Time puts the environment's now on every answer, as Date and, to the
// nanosecond, as Pairsim-Time (docs/wire.md, Headers).
func Time(clock Clock) gin.HandlerFunc {
	return stamp.Answers(clock.Now, func(h http.Header, now time.Time) {
		stamp.Date(h, now)
		h.Set(TimeHeader, stamp.Nanoseconds(now))
	})
}

// List is the answer to a call that lists things.
type List[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor,omitempty"`
}

// ListOf is a whole list.
func ListOf[From, To any](all []From, convert func(From) To) List[To] {
	l := List[To]{Items: make([]To, len(all))}
	for i, one := range all {
		l.Items[i] = convert(one)
	}
	return l
}

// PageOf is one page of a list, with the cursor of the next one if there are more.
func PageOf[From, To any](page []From, more bool, p Page, sequence func(From) uint64, convert func(From) To) List[To] {
	l := ListOf(page, convert)
	if more && len(page) > 0 {
		l.NextCursor = p.cursor(sequence(page[len(page)-1]))
	}
	return l
}
