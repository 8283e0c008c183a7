// Package control is the management API: what a simulator's user may do and no
// participant may (docs/wire.md, Control). It moves the clock, reads the
// journal, makes steps fail, resolves incidents, rotates keys. It belongs on a listener of its own, behind Guard.
package control

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/btp/recording"
	"github.com/pairsim/pairsim/internal/publicurl"
	"github.com/pairsim/pairsim/internal/strict"
)

// Registry are the use cases that control needs; *btp.Registry has them.
type Registry interface {
	httpapi.Clock
	ReadClock(context.Context) (btp.ClockState, error)
	ChangeClock(context.Context, btp.ClockChange) (btp.ClockState, error)
	RotateKey(context.Context, btp.KeyAlgorithm) (btp.SigningKey, error)
	Journal() *btp.Journal
	Edition() *btp.Edition
	httpapi.Incidents
	ResolveIncident(ctx context.Context, id btp.IncidentID, resolution string) (btp.Incident, error)
	Faults() []btp.Fault
	AddFault(context.Context, btp.Fault) (btp.Fault, error)
	RemoveFault(ctx context.Context, id string) error
	ApplyRecipe(context.Context, string, btp.RecipeTarget) (btp.Recipe, []btp.Fault, error)
	TransitionStates(context.Context) ([]btp.TransitionState, error)
	SetTransition(context.Context, btp.Transition, *btp.TransitionPolicy) (btp.TransitionState, error)
	Holds(context.Context) ([]btp.Hold, error)
	Release(context.Context, btp.HoldID) error
	ReportAssignment(context.Context, btp.FormationID, btp.AssignmentID, btp.AssignmentReport) (btp.FormationView, error)
	Discover(context.Context, btp.DiscoveredSystem) (btp.System, error)
	CreateGlobalAccount(context.Context, btp.GlobalAccount, btp.IdempotencyKey) (btp.GlobalAccount, error)
	CreateOAuthClient(context.Context, btp.DeclaredOAuthClient) (c btp.OAuthClient, secret string, err error)
	OAuthClients(context.Context) ([]btp.OAuthClient, error)
	DeleteOAuthClient(ctx context.Context, id string) error
	CreateUser(context.Context, btp.DeclaredUser) (btp.SubaccountUser, error)
	Users(context.Context) ([]btp.SubaccountUser, error)
	DeleteUser(ctx context.Context, subaccount btp.SubaccountID, name string) error
}

var _ Registry = (*btp.Registry)(nil)

// Config is what the API stands on.
type Config struct {
	Registry Registry
	URLs     *publicurl.Book
	// ServerCA and ClientCA return the PEM of the TLS listener's CA and of the
	// environment's client CA.
	ServerCA, ClientCA func() []byte
	// Key is what callers must send (RequireKey); "" for none.
	Key string
	// Environments are the server's, on its own control API; nil on that of an
	// environment.
	Environments Environments
	// Strictness tells what strictness has done; nil: there is none.
	Strictness func() strict.Report
	// Snapshots writes the environment and its tenants down, and restores them.
	Snapshots Snapshots
	// Messages are what the journal's requests and calls said; nil: nothing is recorded.
	Messages *recording.Recorder
	// Log may be nil.
	Log *slog.Logger
}

type server struct{ Config }

// Mount adds the API's routes. Streams of the journal end with their request's
// context: cancel it (http.Server.BaseContext) before Shutdown, which waits for them.
func Mount(router gin.IRouter, c Config) {
	s := &server{c}
	h := func(f func(*gin.Context) error) gin.HandlerFunc { return httpapi.Handle(c.Log, f) }

	api := router.Group("/control", httpapi.Time(c.Registry), httpapi.Journalled(c.Registry, c.Messages), RequireKey(c.Key), withoutFaults)
	api.GET("", h(s.showIndex))
	api.GET("/openapi.json", h(s.showOpenAPI))
	api.GET("/clock", h(s.showClock))
	api.POST("/clock", h(s.changeClock))
	api.GET("/journal", h(s.readJournal))
	api.GET("/journal/:seq/message", h(s.showMessage))
	api.POST("/verifications", h(s.verify))
	api.POST("/signingKeys/rotation", h(s.rotateKey))
	api.GET("/publicUrls", h(s.showPublicURLs))
	api.PUT("/publicUrls", h(s.setPublicURLs))
	api.GET("/authorities", h(s.showAuthorities))

	api.GET("/incidents", h(s.listIncidents))
	api.POST("/incidents/:id/resolution", h(s.resolveIncident))
	api.GET("/strictness", h(s.showStrictness))
	api.GET("/faults", h(s.listFaults))
	api.POST("/faults", h(s.addFault))
	api.DELETE("/faults", h(s.clearFaults))
	api.DELETE("/faults/:id", h(s.removeFault))
	api.GET("/faults/points", h(s.listFaultPoints))
	api.GET("/faults/recipes", h(s.listRecipes))
	api.POST("/faults/recipes/:name", h(s.applyRecipe))
	api.GET("/transitions", h(s.listTransitions))
	api.PUT("/transitions/:name", h(s.setTransition))
	api.DELETE("/transitions/:name", h(s.resetTransition))
	api.GET("/holds", h(s.listHolds))
	api.POST("/holds/:id/release", h(s.releaseHold))
	api.PUT("/formations/:id/assignments/:assignment/status", h(s.reportAssignment))

	api.GET("/snapshot", h(s.exportSnapshot))
	api.PUT("/snapshot", h(s.importSnapshot))
	api.GET("/snapshot/schema", h(s.showSnapshotSchema))
	api.POST("/reset", h(s.reset))

	api.POST("/discoveries", h(s.discoverSystem))
	api.POST("/globalAccounts", h(s.createGlobalAccount))
	api.GET("/oauthClients", h(s.listOAuthClients))
	api.POST("/oauthClients", h(s.createOAuthClient))
	api.DELETE("/oauthClients/:id", h(s.deleteOAuthClient))
	api.GET("/users", h(s.listUsers))
	api.POST("/users", h(s.createUser))
	api.DELETE("/users/:subaccount/:name", h(s.deleteUser))

	if c.Environments != nil {
		api.GET("/environments", h(s.listEnvironments))
		api.POST("/environments", h(s.createEnvironment))
		api.GET("/environments/:name", h(s.showEnvironment))
		api.DELETE("/environments/:name", h(s.deleteEnvironment))
	}
}

func (s *server) showIndex(c *gin.Context) error {
	links := map[string]string{
		"clock":               "/control/clock",
		"journal":             "/control/journal",
		"journalMessage":      "/control/journal/{seq}/message",
		"verifications":       "/control/verifications",
		"signingKeysRotation": "/control/signingKeys/rotation",
		"publicUrls":          "/control/publicUrls",
		"authorities":         "/control/authorities",
		"incidents":           "/control/incidents",
		"incidentResolution":  "/control/incidents/{id}/resolution",
		"strictness":          "/control/strictness",
		"faults":              "/control/faults",
		"fault":               "/control/faults/{id}",
		"faultPoints":         "/control/faults/points",
		"faultRecipes":        "/control/faults/recipes",
		"faultRecipe":         "/control/faults/recipes/{name}",
		"transitions":         "/control/transitions",
		"transition":          "/control/transitions/{name}",
		"holds":               "/control/holds",
		"holdRelease":         "/control/holds/{id}/release",
		"assignmentStatus":    "/control/formations/{id}/assignments/{assignment}/status",
		"snapshot":            "/control/snapshot",
		"snapshotSchema":      "/control/snapshot/schema",
		"reset":               "/control/reset",
		"discoveries":         "/control/discoveries",
		"globalAccounts":      "/control/globalAccounts",
		"oauthClients":        "/control/oauthClients",
		"oauthClient":         "/control/oauthClients/{id}",
		"users":               "/control/users",
		"user":                "/control/users/{subaccount}/{name}",
		"openapi":             "/api/v1/openapi.json",
		"controlOpenapi":      "/control/openapi.json",
	}
	if s.Environments != nil {
		links["environments"] = "/control/environments"
		links["environment"] = "/control/environments/{name}"
	}
	for name, path := range links {
		links[name] = publicurl.Path(c.Request, path)
	}
	return httpapi.Respond(c, http.StatusOK, gin.H{"links": links})
}

func (s *server) rotateKey(c *gin.Context) error {
	var req struct {
		Algorithm string `json:"algorithm"`
	}
	if err := readOnlyBody(c, &req); err != nil {
		return err
	}
	key, err := s.Registry.RotateKey(c.Request.Context(), btp.KeyAlgorithm(req.Algorithm))
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, gin.H{"kid": key.ID, "algorithm": key.Algorithm, "createdAt": key.CreatedAt.UTC()})
}

type publicURLs struct {
	HTTP string `json:"http"`
	MTLS string `json:"mtls"`
}

func (s *server) showPublicURLs(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	httpURL, mtlsURL := s.URLs.Configured()
	return httpapi.Respond(c, http.StatusOK, publicURLs{httpURL, mtlsURL})
}

// setPublicURLs replaces both; one that is missing or empty is derived from requests.
func (s *server) setPublicURLs(c *gin.Context) error {
	var req publicURLs
	if err := readOnlyBody(c, &req); err != nil {
		return err
	}
	if err := s.URLs.Set(req.HTTP, req.MTLS); err != nil {
		return btp.Errorf(btp.InvalidRequest, "%w", err)
	}
	return s.showPublicURLs(c)
}

func (s *server) showAuthorities(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, gin.H{"server": string(s.ServerCA()), "client": string(s.ClientCA())})
}

// readOnlyBody reads the body of a call without query parameters.
func readOnlyBody(c *gin.Context, into any) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	return httpapi.DecodeBody(c, into)
}
