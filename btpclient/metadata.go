package btpclient

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Service is a service document (pairing-protocols §3.2). ID is the registry's
// and stands in answers only; Identifier is the caller's own, unique per
// application. One of API and Events is required.
type Service struct {
	ID          string            `json:"id,omitempty"`
	Provider    string            `json:"provider"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Identifier  string            `json:"identifier,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	API         *API              `json:"api,omitempty"`
	Events      *Events           `json:"events,omitempty"`
}

// API is the api part of a service document. Spec is a JSON object; other kinds
// go by SpecificationURL, which the registry fetches.
type API struct {
	TargetURL        string          `json:"targetUrl"`
	APIType          string          `json:"apiType,omitempty"`
	Spec             json.RawMessage `json:"spec,omitempty"`
	SpecificationURL string          `json:"specificationUrl,omitempty"`
	Credentials      *Credentials    `json:"credentials,omitempty"`
}

// Credentials hold exactly one kind; answers mask the values.
type Credentials struct {
	OAuth *OAuth `json:"oauth,omitempty"`
	Basic *Basic `json:"basic,omitempty"`
}

// OAuth is the client credentials flow at URL.
type OAuth struct {
	URL          string    `json:"url"`
	ClientID     string    `json:"clientId"`
	ClientSecret string    `json:"clientSecret"`
	CSRF         *CSRFInfo `json:"csrfInfo,omitempty"`
}

// Basic is user and password.
type Basic struct {
	Username string    `json:"username"`
	Password string    `json:"password"`
	CSRF     *CSRFInfo `json:"csrfInfo,omitempty"`
}

// CSRFInfo says where a CSRF token is fetched.
type CSRFInfo struct {
	TokenEndpointURL string `json:"tokenEndpointURL"`
}

// Events is the events part of a service document: an AsyncAPI object.
type Events struct {
	Spec json.RawMessage `json:"spec"`
}

// Services lists the application's services; Identifier is among the fields.
func (s *Session) Services(ctx context.Context, metadataURL string) ([]Service, error) {
	var list []Service
	err := s.do(ctx, request{step: "services", method: http.MethodGet, url: metadataURL, want: http.StatusOK}, &list)
	return list, err
}

// CreateService registers d and returns its id. The answer is 200, not 201.
func (s *Session) CreateService(ctx context.Context, metadataURL string, d Service) (string, error) {
	var answer struct {
		ID string `json:"id"`
	}
	err := s.do(ctx, request{step: "service", method: http.MethodPost, url: metadataURL, body: d, want: http.StatusOK}, &answer)
	if err == nil && answer.ID == "" {
		err = errors.New("the registry's answer names no service id")
	}
	return answer.ID, err
}

// Service reads one service; a *RefusedError of 404 means that it is not there.
func (s *Session) Service(ctx context.Context, metadataURL, id string) (Service, error) {
	var d Service
	err := s.do(ctx, request{step: "service", method: http.MethodGet, url: serviceURL(metadataURL, id), want: http.StatusOK}, &d)
	return d, err
}

// UpdateService replaces one service; its identifier stays.
func (s *Session) UpdateService(ctx context.Context, metadataURL, id string, d Service) error {
	return s.do(ctx, request{step: "service", method: http.MethodPut, url: serviceURL(metadataURL, id), body: d, want: http.StatusOK}, nil)
}

// DeleteService removes one service; an unknown one is no error.
func (s *Session) DeleteService(ctx context.Context, metadataURL, id string) error {
	return s.do(ctx, request{step: "service", method: http.MethodDelete, url: serviceURL(metadataURL, id), want: http.StatusNoContent}, nil)
}

func serviceURL(metadataURL, id string) string {
	return strings.TrimRight(metadataURL, "/") + "/" + url.PathEscape(id)
}
