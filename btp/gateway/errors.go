package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/problem"
)

// statusOf is the vendor's status for a refusal (pairing-protocols §5.3); what
// the vendor did not foresee is 500.
func statusOf(code btp.Code) int {
	switch code {
	case btp.GatewayPathIncomplete, btp.ServiceAmbiguous, btp.ServiceWithoutAPI, btp.InvalidRequest:
		return http.StatusBadRequest
	case btp.ApplicationNotFound, btp.ServiceNotFound:
		return http.StatusNotFound
	case btp.BodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case btp.TokenCallFailed, btp.CSRFCallFailed, btp.TargetForbidden, btp.TargetUnreachable, btp.TargetFailed, btp.GatewayLoop:
		return http.StatusBadGateway
	case btp.TargetTimeout:
		return http.StatusGatewayTimeout
	default: // CredentialsUnusable, TokenCallMTLSFailed, FaultInjected, Internal
		return http.StatusInternalServerError
	}
}

// errorBody is the vendor's.
type errorBody struct {
	Code  int    `json:"code"`
	Error string `json:"error"`
}

// writeError answers a refusal as the vendor does; a call that took too long
// without a body.
func (s *server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	var refused *btp.Error
	if !errors.As(err, &refused) {
		if !errors.Is(err, context.Canceled) {
			s.Log.ErrorContext(r.Context(), "call through the gateway failed", "path", problem.Path(r.URL.Path), "error", err)
		}
		refused = &btp.Error{Code: btp.Internal, Detail: "internal error"}
	}
	status := statusOf(refused.Code)
	w.Header().Set(problem.ReasonHeader, string(refused.Code))
	if refused.Code == btp.TargetTimeout {
		w.WriteHeader(status)
		return
	}
	text := refused.Vendor
	if text == "" {
		text = refused.Detail
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(errorBody{Code: status, Error: text}) // the caller may have gone
}
