package broker

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/services"
)

// What the Service Manager says of itself.
const (
	platformID = "service-manager"
	// brokerID is that of the one broker there is.
	brokerID = "2f1c3a5e-7b9d-4e60-8a42-6c8e0f2b4d17"
	// Pages of lists.
	defaultItems = 50
	mostItems    = 500
)

// since is when the catalogue was made: it was always there.
var since = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

func (s *server) mountServiceManager(g *gin.RouterGroup) {
	g.GET("/info", func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"token_issuer_url": s.URLs.HTTP(c.Request), "token_basic_auth": true, "service_manager_certificate_subject": ""})
	})
	h := func(f func(*gin.Context, zone) error) gin.HandlerFunc {
		return func(c *gin.Context) {
			z, err := s.zone(c)
			if err == nil {
				c.Header("Cache-Control", "no-store") // credentials may be in it
				err = f(c, z)
			}
			if err != nil {
				s.refuseManager(c, err)
			}
		}
	}
	g.GET("/service_offerings", h(s.listOfferings))
	g.GET("/service_offerings/:id", h(s.showOffering))
	g.GET("/service_plans", h(s.listPlans))
	g.GET("/service_plans/:id", h(s.showPlan))
	g.GET("/service_instances", h(s.listInstances))
	g.POST("/service_instances", h(s.createInstance))
	g.GET("/service_instances/:id", h(s.showInstance))
	g.PATCH("/service_instances/:id", h(s.changeInstance))
	g.DELETE("/service_instances/:id", h(s.deleteInstance))
	g.GET("/service_instances/:id/parameters", h(s.showInstanceParameters))
	g.GET("/service_instances/:id/operations/:op", h(s.showInstanceOperation))
	g.GET("/service_bindings", h(s.listBindings))
	g.POST("/service_bindings", h(s.createBinding))
	g.GET("/service_bindings/:id", h(s.showBinding))
	g.DELETE("/service_bindings/:id", h(s.deleteBinding))
	g.GET("/service_bindings/:id/parameters", h(s.showBindingParameters))
	g.GET("/service_bindings/:id/operations/:op", h(s.showBindingOperation))
}

// zone is the subaccount that a token opens.
type zone struct {
	sub     btp.Subaccount
	offered []services.Offered
}

func (s *server) zone(c *gin.Context) (z zone, err error) {
	ctx := c.Request.Context()
	who, err := s.Tokens.AdmitService(ctx, c.Request.Header.Values("Authorization"), serviceOfClients)
	if err != nil {
		return z, err
	}
	if z.sub, err = s.Registry.Subaccount(ctx, who.Subaccount); err == nil {
		z.offered, err = s.Services.Offerings(ctx, who.Subaccount)
	}
	return z, err
}

// managerErrors are the errors that have a word of their own; the others go by status.
var managerErrors = map[btp.Code]struct { //nolint:exhaustive // see word
	status int
	word   string
}{
	btp.InstanceHasBindings: {http.StatusConflict, "ExistingReferenceEntity"},
	btp.OperationInProgress: {http.StatusUnprocessableEntity, "ConcurrentOperationInProgress"},
}

func word(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "Unauthorized"
	case http.StatusForbidden:
		return "Forbidden"
	case http.StatusNotFound:
		return "NotFound"
	case http.StatusConflict:
		return "Conflict"
	case http.StatusUnsupportedMediaType:
		return "UnsupportedMediaType"
	case http.StatusInternalServerError:
		return "InternalServerError"
	case http.StatusServiceUnavailable:
		return "ServiceUnavailable"
	}
	return "BadRequest"
}

// brokerRefused is what the broker behind the Service Manager refuses.
type brokerRefused struct {
	status      int
	description string
	code        btp.Code
}

func (e *brokerRefused) Error() string { return e.description }

// brokerError is it as JSON; the inner keys are capitalised.
func (e *brokerRefused) body() gin.H {
	return gin.H{
		"error": "BrokerError", "description": "BrokerError: service broker error: " + e.description,
		"broker_error": gin.H{"StatusCode": e.status, "ErrorMessage": "", "Description": e.description, "ResponseError": nil},
	}
}

// ofBroker are the refusals that are the offering's, not the Service Manager's.
func ofBroker(code btp.Code) bool {
	switch code { //nolint:exhaustive // what else the Service Manager finds out itself
	case btp.Internal, btp.FaultInjected, btp.EnvironmentGone, btp.EnvironmentReplaced, btp.TryLater, btp.InvalidRequest, btp.NameInvalid, btp.PlaceInvalid,
		btp.ServiceOfferingUnknown, btp.NotEntitled, btp.QuotaExhausted, btp.BodyTooLarge, btp.UnsupportedMediaType, btp.Unauthenticated, btp.Forbidden,
		btp.ServiceInstanceNotFound, btp.ServiceBindingNotFound, btp.RouteNotFound, btp.SubaccountNotFound, btp.SubaccountWithoutEnvironment, btp.NameTaken,
		btp.InstanceExists, btp.BindingExists, btp.InstanceHasBindings, btp.OperationInProgress, btp.InstanceNotUpdatable, btp.InstanceNotUsable,
		btp.InstanceLimit:
		return false
	}
	return true
}

func (s *server) refuseManager(c *gin.Context, err error) {
	refused, is := err.(*brokerRefused) //nolint:errorlint // nobody wraps it
	if !is {
		own := s.refusedBy(c, err)
		c.Header(reasonHeader, string(own.Code))
		if !ofBroker(own.Code) {
			row, special := managerErrors[own.Code]
			if !special {
				row.status = statusOf(own.Code)
				switch own.Code { //nolint:exhaustive // the others have their status
				case btp.QuotaExhausted, btp.InstanceNotUpdatable, btp.InstanceNotUsable, btp.InstanceLimit, btp.SubaccountWithoutEnvironment, btp.BodyTooLarge:
					row.status = http.StatusBadRequest
				}
				row.word = word(row.status)
			}
			if row.status == http.StatusUnauthorized {
				c.Header("WWW-Authenticate", `Bearer realm="pairsim"`)
			}
			c.JSON(row.status, gin.H{"error": row.word, "description": own.Detail})
			return
		}
		refused = &brokerRefused{statusOf(own.Code), own.Detail, own.Code}
	}
	c.Header(reasonHeader, string(refused.code))
	c.JSON(http.StatusBadGateway, refused.body())
}

func notFound(path string) error {
	return btp.Errorf(btp.RouteNotFound, "could not find such %s", path)
}
