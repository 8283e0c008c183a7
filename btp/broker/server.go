package broker

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/offerings"
	"github.com/pairsim/pairsim/btp/services"
	"github.com/pairsim/pairsim/internal/openapi"
	"github.com/pairsim/pairsim/internal/publicurl"
)

// Services are the use cases; *services.Engine is one.
type Services interface {
	Offerings(context.Context, btp.SubaccountID) ([]services.Offered, error)
	CreateInstance(context.Context, btp.SubaccountID, services.NewInstance, btp.IdempotencyKey) (services.InstanceView, error)
	Instance(ctx context.Context, id string) (services.InstanceView, error)
	Instances(context.Context, services.InstanceFilter) (page []services.InstanceView, more bool, err error)
	UpdateInstance(ctx context.Context, id string) error
	Relabel(ctx context.Context, id string, changes []services.LabelChange) (services.InstanceView, error)
	DeleteInstance(ctx context.Context, id string) (services.InstanceView, error)
	Bind(ctx context.Context, instance string, n services.NewBinding, key btp.IdempotencyKey) (services.Binding, error)
	Binding(ctx context.Context, id string) (services.Binding, services.Instance, error)
	SubaccountBindings(context.Context, btp.SubaccountID) ([]services.Binding, error)
	Unbind(ctx context.Context, id string) error
}

// Registry is what the doors need of the rules beside them; *btp.Registry is one.
type Registry interface {
	// AuthorizeClient refuses with Unauthenticated; service is nil for a client in a role.
	AuthorizeClient(context.Context, btp.TokenRequest) (role *btp.Grant, service *btp.ServiceGrant, err error)
	Subaccount(context.Context, btp.SubaccountID) (btp.Subaccount, error)
}

// Tokens read the access tokens of service clients; *tokenservice.Service is one.
type Tokens interface {
	// AdmitService refuses with Unauthenticated, and with Forbidden for the token of
	// another service.
	AdmitService(ctx context.Context, authorization []string, service string) (btp.ServicePrincipal, error)
}

// Config is what the doors stand on.
type Config struct {
	Registry Registry
	Services Services
	Tokens   Tokens
	// URLs decides which addresses credentials name.
	URLs *publicurl.Book
	// Log may be nil.
	Log *slog.Logger
}

type server struct{ Config }

// Mount adds the routes of both doors.
func Mount(router gin.IRouter, c Config) {
	s := &server{c}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	router.GET("/broker/openapi.json", func(c *gin.Context) { openapi.Respond(c, BrokerOpenAPI()) })
	router.GET("/service-manager/openapi.json", func(c *gin.Context) { openapi.Respond(c, ManagerOpenAPI()) })
	s.mountBroker(router.Group("/broker/v2"))
	s.mountServiceManager(router.Group("/service-manager/v1"))
}

// The documents of the doors, our own words about public interfaces.
var (
	//go:embed osb.yaml
	osbYAML []byte
	//go:embed servicemanager.yaml
	serviceManagerYAML []byte
)

// BrokerOpenAPI and ManagerOpenAPI are the OpenAPI 3.1 documents of the doors, as JSON.
var (
	BrokerOpenAPI  = sync.OnceValue(func() []byte { return openapi.Make(osbYAML, nil) })
	ManagerOpenAPI = sync.OnceValue(func() []byte { return openapi.Make(serviceManagerYAML, nil) })
)

const (
	// maxBody is the most bytes of a request body.
	maxBody = 64 << 10
	// reasonHeader carries the code of a refusal beside the vendor's body.
	reasonHeader = "Pairsim-Reason"
)

// credentialsOf is a binding's credentials with the addresses by which r came.
func (s *server) credentialsOf(r *http.Request, b services.Binding) json.RawMessage {
	return services.Credentials(b.Credentials).Resolve(s.URLs.HTTP(r), s.URLs.MTLS(r))
}

// readJSON reads a JSON object; unknown keys are ignored, as both APIs want. With strict
// the media type has to be JSON.
func readJSON(c *gin.Context, into any, strict bool) error {
	if media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); strict && (err != nil || media != "application/json") {
		return btp.Errorf(btp.UnsupportedMediaType, "unsupported media type %.80q; want application/json", c.GetHeader("Content-Type"))
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return btp.Errorf(btp.BodyTooLarge, "a body has at most %d bytes", over.Limit)
	case err != nil:
		return btp.Errorf(btp.InvalidRequest, "the body broke off")
	case !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")):
		return btp.Errorf(btp.InvalidRequest, "the body is no JSON object")
	}
	if err := json.Unmarshal(body, into); err != nil { // which could quote a secret
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return btp.Errorf(btp.InvalidRequest, "the body: %.100s is %s", wrong.Field, wrong.Value)
		}
		return btp.Errorf(btp.InvalidRequest, "the body is not JSON")
	}
	return nil
}

// refusedBy is what may be told of an error, and logs what may not.
func (s *server) refusedBy(c *gin.Context, err error) *btp.Error {
	var refused *btp.Error
	if errors.As(err, &refused) && refused.Code != btp.Internal {
		return refused
	}
	s.Log.ErrorContext(c.Request.Context(), "request failed", "method", c.Request.Method, "path", c.Request.URL.Path, "error", err)
	return btp.Errorf(btp.Internal, "internal error")
}

// statusOf is a refusal on both doors, as far as these agree.
func statusOf(code btp.Code) int {
	switch code { //nolint:exhaustive // whatever else a rule refuses is 422
	case btp.Internal, btp.FaultInjected:
		return http.StatusInternalServerError
	case btp.EnvironmentReplaced, btp.TryLater:
		return http.StatusServiceUnavailable
	case btp.EnvironmentGone:
		return http.StatusGone
	case btp.InvalidRequest, btp.NameInvalid, btp.PlaceInvalid, btp.ParametersInvalid, btp.ServiceOfferingUnknown, btp.NotEntitled:
		return http.StatusBadRequest
	case btp.BodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case btp.UnsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case btp.Unauthenticated:
		return http.StatusUnauthorized
	case btp.Forbidden:
		return http.StatusForbidden
	case btp.ServiceInstanceNotFound, btp.ServiceBindingNotFound, btp.RouteNotFound, btp.SubaccountNotFound:
		return http.StatusNotFound
	case btp.NameTaken, btp.InstanceExists, btp.BindingExists:
		return http.StatusConflict
	}
	return http.StatusUnprocessableEntity
}

// serviceOfClients is whose clients may use both doors: a binding of the service manager
// stands for a subaccount (docs/fidelity.md).
const serviceOfClients = offerings.ServiceManager
