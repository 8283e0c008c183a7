package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/publicurl"
)

// Accounts are the use cases around accounts. {ga} is an id or a subdomain.
type Accounts interface {
	GlobalAccounts(context.Context) ([]btp.GlobalAccount, error)
	GlobalAccount(ctx context.Context, ga string) (btp.GlobalAccount, error)
	CreateGlobalAccount(context.Context, btp.GlobalAccount) (btp.GlobalAccount, error)
	Subaccounts(ctx context.Context, ga string) ([]btp.Subaccount, error)
	CreateSubaccount(ctx context.Context, ga string, s btp.Subaccount) (btp.Subaccount, error)
}

// Systems are the use cases around systems and their tokens. infoURL is the
// address that a token names.
type Systems interface {
	Register(ctx context.Context, ga, name, systemType, infoURL string) (btp.System, *btp.IssuedToken, error)
	Systems(context.Context, btp.SystemFilter) (page []btp.System, more bool, err error)
	System(context.Context, btp.SystemID) (btp.SystemView, error)
	ShowToken(ctx context.Context, id btp.SystemID, infoURL string) (*btp.IssuedToken, error)
	IssueToken(ctx context.Context, id btp.SystemID, infoURL string) (*btp.IssuedToken, error)
	InspectToken(ctx context.Context, jws string) (btp.Inspection, error)
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
	Environment
}

var _ Registry = (*btp.Registry)(nil)

// Config is what the API stands on.
type Config struct {
	Registry Registry
	// URLs decides which addresses tokens and discovery name.
	URLs *publicurl.Book
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
	api.GET("/globalAccounts/:ga/systems", h(s.listSystems))
	api.POST("/globalAccounts/:ga/systems", h(s.registerSystem))

	api.GET("/systems/:id", h(s.showSystem))
	api.GET("/systems/:id/token", h(s.showToken))
	api.POST("/systems/:id/tokens", h(s.issueToken))
	api.POST("/tokens/inspection", h(s.inspectToken))

	router.GET("/.well-known/jwks.json", h(s.showKeys))
	router.GET("/.well-known/pairsim-configuration", h(s.showConfiguration))
}

// TimeHeader carries the environment's now.
const TimeHeader = "Pairsim-Time"

// Clock is what Time needs.
type Clock interface{ Now() time.Time }

// Time puts the environment's now on every answer (docs/wire.md, Headers): RFC
// 3339 with nanoseconds, as of the moment when the answer begins.
func Time(clock Clock) gin.HandlerFunc {
	return func(c *gin.Context) {
		w := &timedWriter{c.Writer, clock.Now}
		w.stamp() // for handlers that never set a status
		c.Writer = w
		c.Next()
	}
}

type timedWriter struct {
	gin.ResponseWriter
	now func() time.Time
}

func (w *timedWriter) stamp() {
	w.Header().Set(TimeHeader, w.now().UTC().Format("2006-01-02T15:04:05.000000000Z07:00"))
}

// WriteHeader stamps again: the call may have moved the clock.
func (w *timedWriter) WriteHeader(status int) {
	if !w.Written() {
		w.stamp()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// list is the answer to a call that lists things.
type list[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor,omitempty"`
}

func listOf[From, To any](all []From, convert func(From) To) list[To] {
	l := list[To]{Items: make([]To, len(all))}
	for i, one := range all {
		l.Items[i] = convert(one)
	}
	return l
}
