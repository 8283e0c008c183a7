package rest

import (
	"context"
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/internal/outbound"
	"github.com/pairsim/pairsim/internal/tokencache"
)

// Offering is the service whose tokens open this API.
const Offering = "destination"

// DefaultTimeout bounds the call of a token service, in real time.
const DefaultTimeout = 10 * time.Second

// Access tells who is calling; *tokenservice.Service does.
type Access interface {
	// AdmitService refuses with Unauthenticated, or with Forbidden for the token of
	// another service.
	AdmitService(ctx context.Context, authorization []string, service string) (btp.ServicePrincipal, error)
	// ReadUser refuses with Unauthenticated.
	ReadUser(ctx context.Context, raw string, subaccount btp.SubaccountID, now time.Time) (btp.User, error)
}

// Config is what the service stands on.
type Config struct {
	Registry *btp.Registry
	Access   Access
	// Outbound reaches token services.
	Outbound *outbound.Client
	// Timeout bounds such a call in real time; 0: DefaultTimeout.
	Timeout time.Duration
	// Log may be nil.
	Log *slog.Logger
}

// Service is the destination service of an environment. It is safe for concurrent use.
type Service struct {
	Config
	destinations destination.UseCases
	transport    *outbound.Transport
	tokens       tokencache.Tokens[granted]
}

// New makes a service. Close lets go of its connections.
func New(c Config) *Service {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Config: c, destinations: destination.UseCases{Registry: c.Registry}, transport: c.Outbound.Transport(nil)}
}

// Close lets go of connections; it is called when no call will come any more.
func (s *Service) Close() { s.transport.CloseIdleConnections() }

// Mount adds the service's routes.
func (s *Service) Mount(router gin.IRouter) {
	api := router.Group("/destination-configuration/v1")
	api.GET("/openapi.json", showOpenAPI)
	api.GET("/destinations/:name", s.handle(s.find))
	for _, l := range []struct {
		name  string
		level func(btp.ServicePrincipal) (instance string, err error)
	}{{"subaccount", ofSubaccount}, {"instance", ofInstance}} {
		on := func(h func(*gin.Context, caller) error) gin.HandlerFunc {
			return s.handle(func(c *gin.Context, who btp.ServicePrincipal) error {
				instance, err := l.level(who)
				if err != nil {
					return err
				}
				return h(c, caller{who.Subaccount, instance})
			})
		}
		destinations, files := "/"+l.name+"Destinations", "/"+l.name+"Certificates"
		api.GET(destinations, on(s.list))
		api.POST(destinations, on(s.create))
		api.PUT(destinations, on(s.change))
		api.GET(destinations+"/:name", on(s.show))
		api.DELETE(destinations+"/:name", on(s.remove))
		api.GET(files, on(s.listFiles))
		api.POST(files, on(s.createFiles))
		api.GET(files+"/:name", on(s.showFile))
		api.DELETE(files+"/:name", on(s.removeFile))
	}
}

// caller is the level that a call is about.
type caller struct {
	subaccount btp.SubaccountID
	instance   string
}

func ofSubaccount(btp.ServicePrincipal) (string, error) { return "", nil }

func ofInstance(who btp.ServicePrincipal) (string, error) {
	if who.Instance == "" { // it would be taken for the subaccount's level
		return "", btp.Errorf(btp.InvalidRequest, "the access token is of no service instance")
	}
	return who.Instance, nil
}

// handle admits the caller, and answers a refusal as the service does.
func (s *Service) handle(h func(*gin.Context, btp.ServicePrincipal) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		who, err := s.Access.AdmitService(c.Request.Context(), c.Request.Header.Values("Authorization"), Offering)
		if err == nil {
			err = h(c, who)
		}
		if err != nil {
			s.refuse(c, err)
		}
	}
}
