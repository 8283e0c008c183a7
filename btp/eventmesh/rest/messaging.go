package rest

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
	"github.com/pairsim/pairsim/internal/cloudevent"
)

const (
	qosHeader     = "X-Qos"
	expiryHeader  = "X-Message-Expiration"
	messageHeader = "X-Message-Id"

	maxContentType = 200
	maxJSON        = 64 << 10
)

func (s *server) publish(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	p, err := readPublication(w, r)
	if err != nil {
		return err
	}
	if err := s.Bus.Publish(r.Context(), who, r.PathValue("topic"), p); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) send(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	p, err := readPublication(w, r)
	if err != nil {
		return err
	}
	if err := s.Bus.Send(r.Context(), who, r.PathValue("queue"), p); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readPublication reads a message with its headers (service-apis §6).
func readPublication(w http.ResponseWriter, r *http.Request) (p eventmesh.Publication, err error) {
	if p.QoS, err = readQoS(r); err != nil {
		return p, err
	}
	if p.Expiry, err = readExpiry(r); err != nil {
		return p, err
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return p, btp.Errorf(btp.UnsupportedMediaType, "a message is sent without Content-Encoding")
	}
	p.ContentType = r.Header.Get("Content-Type")
	media, _, err := mime.ParseMediaType(p.ContentType)
	if err != nil || len(p.ContentType) > maxContentType {
		return p, btp.Errorf(btp.MessageInvalid, "Content-Type is missing, or none, or has more than %d characters", maxContentType)
	}
	if p.Body, err = readBody(w, r, eventmesh.MaxMessage, btp.MessageTooLarge); err != nil {
		return p, err
	}
	if media == cloudevent.ContentType && len(p.Body) > 0 {
		err = checkCloudEvent(p.Body)
	}
	return p, err
}

func readQoS(r *http.Request) (eventmesh.QoS, error) {
	switch given := r.Header.Values(qosHeader); {
	case len(given) == 1 && given[0] == "0":
		return eventmesh.AtMostOnce, nil
	case len(given) == 1 && given[0] == "1":
		return eventmesh.AtLeastOnce, nil
	}
	return 0, btp.Errorf(btp.MessageInvalid, "the header x-qos is 0 or 1").WithVendor("x-qos is invalid")
}

func readExpiry(r *http.Request) (time.Duration, error) {
	given := r.Header.Values(expiryHeader)
	if len(given) == 0 {
		return 0, nil
	}
	ms, err := strconv.ParseInt(given[0], 10, 64)
	if err != nil || len(given) > 1 || ms < 1 || ms > eventmesh.MaxExpiry.Milliseconds() {
		return 0, btp.Errorf(btp.MessageInvalid, "the header x-message-expiration is 1 to %d, in milliseconds", eventmesh.MaxExpiry.Milliseconds()).
			WithVendor("x-message-expiration is invalid")
	}
	return time.Duration(ms) * time.Millisecond, nil
}

func readBody(w http.ResponseWriter, r *http.Request, most int64, over btp.Code) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, btp.Errorf(over, "the body has more than %d bytes", most)
	case err != nil:
		return nil, btp.Errorf(btp.InvalidRequest, "the body broke off")
	}
	return body, nil
}

// checkCloudEvent holds a message that says so against CloudEvents 1.0.
func checkCloudEvent(body []byte) error {
	_, err := cloudevent.Parse(body)
	if err != nil {
		return btp.Errorf(btp.MessageInvalid, "the message is no CloudEvent 1.0 in structured mode: %.300s", strings.ToValidUTF8(err.Error(), "�"))
	}
	return nil
}

func (s *server) consume(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	qos, err := readQoS(r)
	if err != nil {
		return err
	}
	m, ok, err := s.Bus.Consume(r.Context(), who, r.PathValue("queue"), qos)
	if err != nil {
		return err
	}
	if !ok {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	w.Header().Set("Content-Type", m.ContentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set(messageHeader, m.ID)
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(m.Body) // the caller may have gone
	return nil
}

func (s *server) acknowledge(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	if err := s.Bus.Acknowledge(r.Context(), who, r.PathValue("queue"), r.PathValue("message")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
