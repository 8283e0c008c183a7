package connector

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/pairsim/pairsim/btp"
)

// maxEvent is the most bytes of an event, in both forms (pairing-protocols §4.1).
const maxEvent = 65536

// eventRefusal is an event that is refused with a body of its own form: the
// event service's JSON on the legacy path, plain text for CloudEvents.
type eventRefusal struct {
	code   btp.Code
	legacy *eventError
	status int
	text   string
}

// eventError is pairing-protocols §4.1; empty members are left out.
type eventError struct {
	Status   int                `json:"status"`
	Type     string             `json:"type"`
	Message  string             `json:"message"`
	MoreInfo string             `json:"moreInfo,omitempty"`
	Details  []eventErrorDetail `json:"details,omitempty"`
}

type eventErrorDetail struct {
	Field   string `json:"field"`
	Type    string `json:"type"`
	Message string `json:"message"`
}

func (r *eventRefusal) Error() string { return string(r.code) + ": " + r.text }

func (r *eventRefusal) write(c *gin.Context) {
	c.Header(ReasonHeader, string(r.code))
	if r.legacy != nil {
		writeJSON(c, r.status, r.legacy)
	} else {
		c.String(r.status, "%s", r.text)
	}
	c.Abort()
}

func legacyRefusal(code btp.Code, e eventError) error {
	return &eventRefusal{code: code, legacy: &e, status: e.Status, text: e.Message}
}

func badPayload(moreInfo string) error {
	return legacyRefusal(btp.EventInvalid, eventError{
		Status: http.StatusBadRequest, Type: "bad_payload_syntax", Message: "Bad payload syntax", MoreInfo: moreInfo,
	})
}

func missingField(field string) error { return fieldRefusal(field, "missing_field", "Missing field") }

func invalidField(field string) error { return fieldRefusal(field, "invalid_field", "Invalid field") }

func fieldRefusal(field, kind, message string) error {
	return legacyRefusal(btp.EventInvalid, eventError{
		Status: http.StatusBadRequest, Type: "validation_violation", Message: message,
		Details: []eventErrorDetail{{Field: field, Type: kind, Message: message}},
	})
}

// legacyEvent is pairing-protocols §4.1.
type legacyEvent struct {
	Type    string          `json:"event-type"`
	Version string          `json:"event-type-version"`
	ID      string          `json:"event-id"`
	Time    string          `json:"event-time"`
	Data    json.RawMessage `json:"data"`
}

type legacyAnswer struct {
	EventID string `json:"event-id"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
}

// publishLegacy takes an event of any content type, as the vendor does.
func (s *server) publishLegacy(c *gin.Context, caller btp.Caller) error {
	body, err := readBody(c, maxEvent, btp.EventTooLarge)
	if btp.CodeOf(err) == btp.EventTooLarge {
		return legacyRefusal(btp.EventTooLarge, eventError{
			Status: http.StatusRequestEntityTooLarge, Type: "request_body_too_large", Message: "Request body too large",
			MoreInfo: "http: request body too large",
		})
	}
	if err != nil {
		return badPayload("unexpected EOF")
	}
	event, err := parseLegacyEvent(body)
	if err != nil {
		return err
	}
	if event.ID == "" {
		event.ID = uuid.NewString()
	}
	published := btp.PublishedEvent{
		ID: event.ID, Type: event.Type, Version: event.Version,
		Attributes: map[string]string{"time": event.Time, "datacontenttype": "application/json"}, Data: event.Data,
	}
	if err := s.Registry.AcceptEvent(c.Request.Context(), btp.PointEventLegacy, caller, published); err != nil {
		return err
	}
	writeJSON(c, http.StatusOK, legacyAnswer{EventID: event.ID})
	return nil
}

// parseLegacyEvent makes the checks of pairing-protocols §4.1, in their order.
func parseLegacyEvent(body []byte) (legacyEvent, error) {
	var e legacyEvent
	if len(body) == 0 {
		return e, badPayload("Bad payload syntax")
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, badPayload(err.Error())
	}
	switch {
	case e.Type == "":
		return e, missingField("event-type")
	case e.Version == "":
		return e, missingField("event-type-version")
	case !strings.ContainsFunc(e.Version, alphanumeric):
		return e, invalidField("event-type-version")
	case e.Time == "":
		return e, missingField("event-time")
	case !isTime(e.Time):
		return e, invalidField("event-time")
	case e.ID != "" && (len(e.ID) != 36 || uuid.Validate(e.ID) != nil):
		return e, invalidField("event-id")
	case len(e.Data) == 0, string(e.Data) == "null", string(e.Data) == `""`:
		return e, missingField("data")
	}
	return e, nil
}

func alphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func isTime(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}

// cloudEvent holds the attributes of a CloudEvent 1.0 (pairing-protocols §4.2).
type cloudEvent map[string]string

func badCloudEvent(format string, args ...any) error {
	return &eventRefusal{code: btp.EventInvalid, status: http.StatusBadRequest, text: fmt.Sprintf(format, args...)}
}

// publishCloudEvent takes an event in structured or binary mode and answers 204.
func (s *server) publishCloudEvent(c *gin.Context, caller btp.Caller) error {
	body, err := readBody(c, maxEvent, btp.EventTooLarge)
	if btp.CodeOf(err) == btp.EventTooLarge {
		return &eventRefusal{code: btp.EventTooLarge, status: http.StatusRequestEntityTooLarge, text: "Request body too large"}
	}
	if err != nil {
		return badCloudEvent("the body ended early")
	}
	event, err := parseCloudEvent(c.Request.Header, body)
	if err != nil {
		return err
	}
	data, err := eventData(c.Request.Header, body, event)
	if err != nil {
		return err
	}
	published := btp.PublishedEvent{
		ID: event["id"], Type: event["type"], Version: event["eventtypeversion"], Attributes: map[string]string(event), Data: data,
	}
	delete(event, "specversion")
	delete(event, "eventtypeversion") // as it is matched; the registry sets it
	if err := s.Registry.AcceptEvent(c.Request.Context(), btp.PointEventCloudEvent, caller, published); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// parseCloudEvent reads an event; its content type tells the mode (CloudEvents
// HTTP binding 1.0). There are no batches (pairing-protocols §4.4).
func parseCloudEvent(header http.Header, body []byte) (cloudEvent, error) {
	structured, err := isStructured(header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	var e cloudEvent
	if structured {
		e, err = structuredEvent(body)
	} else {
		e, err = binaryEvent(header)
	}
	if err != nil {
		return nil, err
	}
	return e, e.check()
}

// eventData is the data of an event, of which datacontenttype says what it is.
func eventData(header http.Header, body []byte, e cloudEvent) ([]byte, error) {
	contentType := header.Get("Content-Type")
	if structured, err := isStructured(contentType); err != nil || !structured {
		delete(e, "datacontenttype") // in this mode it is no header of its own
		if contentType != "" {
			e["datacontenttype"] = contentType
		}
		return body, err
	}
	var members struct {
		Data   json.RawMessage `json:"data"`
		Base64 *string         `json:"data_base64"`
	}
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, badCloudEvent("body: %v", err)
	}
	var text string
	switch {
	case members.Base64 != nil:
		data, err := base64.StdEncoding.DecodeString(*members.Base64)
		if err != nil {
			return nil, badCloudEvent("data_base64: it is not base64")
		}
		return data, nil
	case jsonKind(members.Data) == "null":
		return nil, nil
	case !isJSONType(e["datacontenttype"]) && json.Unmarshal(members.Data, &text) == nil:
		return []byte(text), nil
	}
	return members.Data, nil
}

func isJSONType(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return contentType == "" || err == nil && (strings.HasSuffix(media, "/json") || strings.HasSuffix(media, "+json"))
}

func isStructured(contentType string) (bool, error) {
	if contentType == "" {
		return false, nil
	}
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false, badCloudEvent("content type: it has the wrong form")
	}
	if !strings.HasPrefix(media, "application/cloudevents") {
		return false, nil
	}
	if media != "application/cloudevents+json" {
		return false, badCloudEvent("content type: one event as application/cloudevents+json is taken")
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return false, badCloudEvent("content type: the charset must be utf-8")
	}
	return true, nil
}

// structuredEvent keeps attributes of simple types; data is any JSON.
func structuredEvent(body []byte) (cloudEvent, error) {
	if !utf8.Valid(body) {
		return nil, badCloudEvent("body: it is not UTF-8")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, badCloudEvent("body: %v", err)
	}
	e := make(cloudEvent, len(members))
	for name, value := range members {
		switch kind := jsonKind(value); {
		case name == "data", kind == "null":
		case kind == "string":
			var text string
			if err := json.Unmarshal(value, &text); err != nil {
				return nil, badCloudEvent("body: %v", err)
			}
			e[name] = text
		case kind == "object", kind == "array", contextAttributes[name]:
			return nil, badCloudEvent("%s: it has the wrong type", clipped(name))
		default:
			e[name] = string(value)
		}
	}
	if _, encoded := e["data_base64"]; encoded {
		if data := jsonKind(members["data"]); data != "" && data != "null" {
			return nil, badCloudEvent("data_base64: the event has data, too")
		}
		delete(e, "data_base64")
	}
	return e, nil
}

// binaryEvent takes the attributes from headers; the body is the data.
func binaryEvent(header http.Header) (cloudEvent, error) {
	e := cloudEvent{}
	for name, values := range header {
		attribute, ok := strings.CutPrefix(strings.ToLower(name), "ce-")
		if !ok || len(values) == 0 {
			continue
		}
		text, err := url.PathUnescape(values[0])
		if err != nil {
			text = values[0] // many senders do not escape
		}
		if !utf8.ValidString(text) {
			return nil, badCloudEvent("%s: it is not UTF-8", clipped(attribute))
		}
		e[attribute] = text
	}
	return e, nil
}

// contextAttributes of CloudEvents 1.0 are strings; they are not empty when there.
var contextAttributes = map[string]bool{
	"specversion": true, "id": true, "source": true, "type": true,
	"time": true, "subject": true, "datacontenttype": true, "dataschema": true, "data_base64": true,
}

func (e cloudEvent) check() error {
	for _, name := range []string{"specversion", "id", "source", "type"} {
		if e[name] == "" {
			return badCloudEvent("%s: MUST be a non-empty string", name)
		}
	}
	if e["specversion"] != "1.0" {
		return badCloudEvent("specversion: only 1.0 is known")
	}
	if _, err := url.Parse(e["source"]); err != nil {
		return badCloudEvent("source: MUST be a URI reference")
	}
	if text, ok := e["time"]; ok && !isTime(text) {
		return badCloudEvent("time: MUST be a timestamp of RFC 3339")
	}
	if text, ok := e["datacontenttype"]; ok {
		if _, _, err := mime.ParseMediaType(text); err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
			return badCloudEvent("datacontenttype: MUST be a media type")
		}
	}
	for name := range e {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') }) {
			return badCloudEvent("%s: names of attributes hold lower-case letters and digits only", clipped(name))
		}
	}
	return nil
}

// clipped quotes a name that a caller chose.
func clipped(name string) string { return fmt.Sprintf("%.40q", name) }

// subscriptions is pairing-protocols §4.3.
type subscriptions struct {
	EventsInfo []eventInfo `json:"eventsInfo"`
}

type eventInfo struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// subscribed lists what somebody listens to. The list is never null.
func (s *server) subscribed(c *gin.Context, caller btp.Caller) error {
	listened, err := s.Registry.ListenedEvents(c.Request.Context(), caller)
	if err != nil {
		return err
	}
	answer := subscriptions{EventsInfo: make([]eventInfo, len(listened))}
	for i, e := range listened {
		answer.EventsInfo[i] = eventInfo{e.Type, e.Version}
	}
	writeJSON(c, http.StatusOK, answer)
	return nil
}
