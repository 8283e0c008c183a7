package connector

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/publicurl"
)

// Registry is what the wires need of the rules.
type Registry interface {
	Now() time.Time
	OpenPairing(context.Context, btp.Presentation) (btp.Opened, error)
	SignCSR(ctx context.Context, followUp, csr string) (btp.SignedCertificate, error)
	Recognise(context.Context, []*x509.Certificate) (btp.Caller, error)
	Authenticate(context.Context, []*x509.Certificate) (btp.Caller, error)
	CheckApplication(ctx context.Context, c btp.Caller, application string) error
	Renew(ctx context.Context, c btp.Caller, csr string) (btp.SignedCertificate, error)
	Revoke(context.Context, btp.Caller) error
	SetDescriptor(context.Context, btp.Caller, btp.Descriptor) error
	ReportFailure(ctx context.Context, followUp string, caller *btp.Caller, cause string) error
	DeleteExtension(ctx context.Context, release string, caller *btp.Caller) error
	Services(context.Context, btp.Caller) ([]btp.Service, error)
	Service(context.Context, btp.Caller, btp.ServiceID) (btp.Service, error)
	CreateService(context.Context, btp.Caller, btp.Service) (btp.Service, error)
	UpdateService(context.Context, btp.Caller, btp.ServiceID, btp.Service) (btp.Service, error)
	DeleteService(context.Context, btp.Caller, btp.ServiceID) error
	Visit(context.Context, btp.Point, btp.Caller) error
	ListenedEvents(context.Context, btp.Caller) ([]btp.ListenedEvent, error)
	AcceptEvent(context.Context, btp.Point, btp.Caller, btp.PublishedEvent) error
}

// Fetcher gets specifications from addresses that callers name.
type Fetcher interface {
	// Fetch gets url within its own limits of hosts, time and size.
	Fetch(ctx context.Context, req *http.Request) (body []byte, contentType string, err error)
}

// Config is what the wires are mounted with.
type Config struct {
	Registry Registry
	URLs     *publicurl.Book
	Fetch    Fetcher
	// TrustedProxies are the addresses whose X-Forwarded-Client-Cert is believed.
	TrustedProxies []netip.Prefix
	Log            *slog.Logger
}

// Bounds of request bodies, in bytes.
const (
	maxCSRBody     = 64 << 10
	maxServiceBody = 4 << 20
	maxSmallBody   = 64 << 10
)

type server struct {
	Config
}

// Mount adds the routes of all three wires. They may be served on a plain
// listener too; what needs a client certificate then answers 403.
func Mount(router gin.IRouter, cfg Config) {
	s := &server{cfg}

	// Connector Service, with a token.
	router.GET("/v1/applications/signingRequests/info", s.handle(s.info))
	router.POST("/v1/applications/certificates", s.handle(s.signOrRenew))
	router.POST("/v1/applications/pairsim/pairing-failure", s.handle(s.reportFailure))
	router.POST("/v1/applications/pairsim/extension-deletion", s.handle(s.deleteExtension))

	// Connector Service, with a certificate.
	router.GET("/v1/applications/management/info", s.called(s.managementInfo))
	router.POST("/v1/applications/certificates/renewals", s.called(s.renew))
	router.POST("/v1/applications/certificates/revocations", s.called(s.revoke))

	// Application Registry.
	router.GET("/:app/v1/metadata/services", s.called(s.listServices))
	router.POST("/:app/v1/metadata/services", s.called(s.createService))
	router.GET("/:app/v1/metadata/services/:service", s.called(s.getService))
	router.PUT("/:app/v1/metadata/services/:service", s.called(s.updateService))
	router.DELETE("/:app/v1/metadata/services/:service", s.called(s.deleteService))
	router.PUT("/:app/v1/pairsim/tenant", s.called(s.setDescriptor))

	// Events.
	router.POST("/:app/v1/events", s.called(s.publishLegacy))
	router.GET("/:app/v1/events/subscribed", s.called(s.subscribed))
	router.POST("/:app/events", s.called(s.publishCloudEvent))
	router.POST("/:app/v2/events", s.called(s.publishCloudEvent))

	// What describes the wires themselves.
	mountDescriptions(router)
}

// handle adapts a handler that returns its refusal.
func (s *server) handle(h func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			s.writeError(c, err)
		}
	}
}

// called adapts a handler for a caller with a client certificate; a path with an
// application must name the caller's own.
func (s *server) called(h func(*gin.Context, btp.Caller) error) gin.HandlerFunc {
	return s.handle(func(c *gin.Context) error {
		caller, err := s.caller(c, s.Registry.Recognise)
		if err != nil {
			return err
		}
		if app, ok := c.Params.Get("app"); ok {
			if err := s.Registry.CheckApplication(c.Request.Context(), caller, app); err != nil {
				return err
			}
		}
		if caller.System.Status == btp.Pending { // a first call that is not refused
			if caller, err = s.caller(c, s.Registry.Authenticate); err != nil {
				return err
			}
		}
		return h(c, caller)
	})
}

// caller finds who is behind the client certificate of the request.
func (s *server) caller(c *gin.Context, by func(context.Context, []*x509.Certificate) (btp.Caller, error)) (btp.Caller, error) {
	chain, err := s.clientChain(c.Request)
	if err != nil {
		return btp.Caller{}, err
	}
	caller, err := by(c.Request.Context(), chain)
	if caller.System.ID != "" {
		btp.ExchangeOf(c.Request.Context()).Note("", caller.System.Reference())
	}
	return caller, err
}

func (s *server) writeError(c *gin.Context, err error) {
	var event *eventRefusal
	if errors.As(err, &event) {
		event.write(c)
		return
	}
	WriteError(c, s.Log, err)
}

// readBody reads a bounded body.
func readBody(c *gin.Context, most int64, tooLarge btp.Code) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, most))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, btp.Errorf(tooLarge, "the body has more than %d bytes", most)
	case err != nil:
		return nil, btp.Errorf(btp.InvalidRequest, "the body ended early").WithVendor("Error while reading request body.")
	}
	return body, nil
}

// decode reads a bounded JSON body; unknown keys are ignored, as clients send some.
func decode(c *gin.Context, most int64, into any) error {
	body, err := readBody(c, most, btp.BodyTooLarge)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}
