package btpclient

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// LegacyEvent is an event of pairing-protocols §4.1. ID is a UUID, or empty for
// one that the registry makes; Data is any JSON but null and "".
type LegacyEvent struct {
	Type    string          `json:"event-type"`
	Version string          `json:"event-type-version"`
	ID      string          `json:"event-id,omitempty"`
	Time    time.Time       `json:"event-time"`
	Data    json.RawMessage `json:"data"`
}

// PublishLegacy sends e to eventsURL and returns the id of the event.
func (s *Session) PublishLegacy(ctx context.Context, eventsURL string, e LegacyEvent) (string, error) {
	var answer struct {
		ID string `json:"event-id"`
	}
	err := s.do(ctx, request{step: "event", method: http.MethodPost, url: eventsURL, body: e, want: http.StatusOK}, &answer)
	return answer.ID, err
}

// CloudEvent is a structured CloudEvent 1.0 (pairing-protocols §4.2).
type CloudEvent struct {
	SpecVersion      string          `json:"specversion"` // "1.0" when empty
	ID               string          `json:"id"`
	Source           string          `json:"source"`
	Type             string          `json:"type"`
	EventTypeVersion string          `json:"eventtypeversion,omitempty"`
	Time             *time.Time      `json:"time,omitempty"`
	DataContentType  string          `json:"datacontenttype,omitempty"`
	Data             json.RawMessage `json:"data,omitempty"`
}

// PublishCloudEvent sends e beside eventsURL, as /{app}/events.
func (s *Session) PublishCloudEvent(ctx context.Context, eventsURL string, e CloudEvent) error {
	prefix, ok := strings.CutSuffix(eventsURL, "/v1/events")
	if !ok {
		return fmt.Errorf("events URL %s has an unknown form", eventsURL)
	}
	if e.SpecVersion == "" {
		e.SpecVersion = "1.0"
	}
	return s.do(ctx, request{
		step: "event", method: http.MethodPost, url: prefix + "/events", body: e,
		contentType: "application/cloudevents+json", want: http.StatusNoContent,
	}, nil)
}

// SubscribedEvent is an event that somebody listens to.
type SubscribedEvent struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Subscribed lists the active subscriptions (pairing-protocols §4.3).
func (s *Session) Subscribed(ctx context.Context, eventsInfoURL string) ([]SubscribedEvent, error) {
	var answer struct {
		EventsInfo []SubscribedEvent `json:"eventsInfo"`
	}
	err := s.do(ctx, request{step: "subscribed", method: http.MethodGet, url: eventsInfoURL, want: http.StatusOK}, &answer)
	return answer.EventsInfo, err
}
