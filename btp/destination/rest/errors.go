package rest

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/internal/problem"
)

// notFound is SAP's text, to the letter: clients compare it.
const notFound = "Configuration with the specified name was not found"

// statusOf is the service's status for a refusal (service-apis §2).
func statusOf(code btp.Code) int {
	switch code {
	case btp.InvalidRequest, btp.DestinationInvalid:
		return http.StatusBadRequest
	case btp.Unauthenticated, btp.Forbidden: // a token of another service is as good as none
		return http.StatusUnauthorized
	case btp.DestinationNotFound, btp.CertificateFileNotFound, btp.SubaccountNotFound:
		return http.StatusNotFound
	case btp.DestinationExists, btp.DestinationLimit:
		return http.StatusConflict
	case btp.BodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case btp.UnsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case btp.EnvironmentGone:
		return http.StatusGone
	case btp.EnvironmentReplaced, btp.TryLater:
		return http.StatusServiceUnavailable
	default: // FaultInjected, Internal
		return http.StatusInternalServerError
	}
}

// errorBody is the service's.
type errorBody struct {
	ErrorMessage string      `json:"ErrorMessage"`
	Violations   []violation `json:"violations,omitempty"`
}

// violation is what is wrong with one configuration.
type violation struct {
	Configuration string   `json:"configuration"`
	Errors        []string `json:"errors"`
}

func (s *Service) refuse(c *gin.Context, err error) {
	c.Abort()
	var refused *btp.Error
	if !errors.As(err, &refused) {
		if errors.Is(err, context.Canceled) && c.Request.Context().Err() != nil {
			return // nobody is there any more
		}
		s.Log.ErrorContext(c.Request.Context(), "call of the destination service failed", "path", problem.Path(c.Request.URL.Path), "error", err)
		refused = &btp.Error{Code: btp.Internal, Detail: "internal error"}
	}
	body := errorBody{ErrorMessage: refused.Detail}
	switch refused.Code {
	case btp.DestinationNotFound, btp.CertificateFileNotFound:
		body.ErrorMessage = notFound
	case btp.DestinationInvalid:
		body.ErrorMessage = "There are invalid configurations"
		body.Violations = []violation{violationOf(refused)}
	case btp.Unauthenticated, btp.Forbidden:
		c.Header("WWW-Authenticate", `Bearer realm="pairsim"`)
	default:
	}
	btp.ExchangeOf(c.Request.Context()).Refuse(refused.Code)
	c.Header(problem.ReasonHeader, string(refused.Code))
	if !c.Writer.Written() {
		c.JSON(statusOf(refused.Code), body)
	}
}

// violationOf lists the findings; refused.Vendor is the name of the configuration.
func violationOf(refused *btp.Error) violation {
	v := violation{Configuration: refused.Vendor, Errors: []string{}}
	for _, f := range refused.Findings {
		v.Errors = append(v.Errors, destination.Words(f))
	}
	return v
}
