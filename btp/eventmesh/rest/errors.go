package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/problem"
)

// statusOf is the status of a refusal on both interfaces.
func statusOf(code btp.Code) int {
	switch code {
	case btp.InvalidRequest, btp.MessageInvalid, btp.TopicInvalid, btp.NameInvalid, btp.WebhookInvalid, btp.SinkForbidden:
		return http.StatusBadRequest
	case btp.Unauthenticated:
		return http.StatusUnauthorized
	case btp.Forbidden, btp.ChannelNotEnabled, btp.OutsideNamespace:
		return http.StatusForbidden
	case btp.RouteNotFound, btp.QueueNotFound, btp.MessageNotFound, btp.WebhookNotFound:
		return http.StatusNotFound
	case btp.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case btp.NameTaken, btp.QueueLimit, btp.WebhookLimit, btp.HandshakeRefused:
		return http.StatusConflict
	case btp.EnvironmentGone:
		return http.StatusGone
	case btp.MessageTooLarge, btp.BodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case btp.UnsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case btp.TooManyUnacknowledged:
		return http.StatusTooManyRequests
	case btp.TryLater, btp.EnvironmentReplaced:
		return http.StatusServiceUnavailable
	case btp.QueueFull:
		return http.StatusInsufficientStorage
	default: // FaultInjected, Internal
		return http.StatusInternalServerError
	}
}

// refusals says which statuses an interface answers without a body.
type refusals map[int]bool

var (
	messagingRefusals  = refusals{}
	managementRefusals = refusals{http.StatusUnauthorized: true, http.StatusForbidden: true}
)

// refusalBody is service-apis §6. Error is what clients look at who create what may
// be there already.
type refusalBody struct {
	Message string       `json:"message"`
	Error   *refusalCode `json:"error,omitempty"`
}

type refusalCode struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// refuse answers a refusal as the service does, with our code beside it.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, bare refusals, err error) {
	var refused *btp.Error
	if !errors.As(err, &refused) {
		if !errors.Is(err, context.Canceled) {
			s.Log.ErrorContext(r.Context(), "call of the event bus failed", "path", problem.Path(r.URL.Path), "error", err)
		}
		refused = &btp.Error{Code: btp.Internal, Detail: "internal error"}
	}
	status := statusOf(refused.Code)
	w.Header().Set(problem.ReasonHeader, string(refused.Code))
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="pairsim"`)
	}
	if bare[status] {
		w.WriteHeader(status)
		return
	}
	body := refusalBody{Message: refused.Detail}
	if refused.Vendor != "" {
		body.Message = refused.Vendor
	}
	if status == http.StatusConflict {
		body.Error = &refusalCode{"CONFLICT", body.Message}
	}
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller may have gone
}

func cut(route string) (method, rest string) {
	method, rest, _ = strings.Cut(route, " ")
	return method, rest
}
