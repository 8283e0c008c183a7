package btp

import (
	"encoding/json"
	"time"
)

// ServiceID names a service that a system registered (a bundle in UCL's words).
type ServiceID string

// Service is one document of the Application Registry wire, kept on its system
// (pairing-protocols §3.2).
type Service struct {
	ID       ServiceID
	System   SystemID
	Sequence uint64

	Provider, Name, Description string
	ShortDescription            string
	// Identifier is the caller's own key: unique per system, fixed.
	Identifier    string
	Labels        map[string]string
	API           *ServiceAPI
	Events        *ServiceEvents
	Documentation json.RawMessage
	UpdatedAt     time.Time
}

// ServiceAPI is an API that a system exposes.
type ServiceAPI struct {
	TargetURL, APIType, SpecificationURL string
	// Spec is a JSON object, or a JSON string holding XML that was fetched.
	Spec        json.RawMessage
	Credentials *Credentials
	// RequestParameters are sent to the target by the gateway.
	RequestParameters *RequestParameters
	// MissingSecret is what the runtime does not have, though it should. It is
	// only ever declared: the Application Registry always makes its secrets.
	MissingSecret SecretKind `json:",omitempty"`
}

// SecretKind is what Kyma keeps in a Kubernetes Secret of its own for an API.
type SecretKind string

// The kinds of secrets.
const (
	SecretCredentials       SecretKind = "credentials"
	SecretRequestParameters SecretKind = "requestParameters"
)

// RequestParameters are extra headers and query parameters of a target.
type RequestParameters struct {
	Headers         map[string][]string `json:"headers,omitempty"`
	QueryParameters map[string][]string `json:"queryParameters,omitempty"`
}

// Credentials are how the gateway authenticates at a target; at most one is set.
type Credentials struct {
	OAuth          *OAuthCredentials
	Basic          *BasicCredentials
	CertificateGen *CertificateCredentials
	// OAuthWithCertificate is Kyma's; the Application Registry has no form for it.
	OAuthWithCertificate *OAuthCertificateCredentials `json:",omitempty"`
}

// CSRFTokenURL is where a CSRF token is fetched before a call; "" for no token.
func (c *Credentials) CSRFTokenURL() string {
	switch {
	case c == nil:
	case c.OAuth != nil:
		return c.OAuth.CSRFTokenURL
	case c.Basic != nil:
		return c.Basic.CSRFTokenURL
	case c.CertificateGen != nil:
		return c.CertificateGen.CSRFTokenURL
	case c.OAuthWithCertificate != nil:
		return c.OAuthWithCertificate.CSRFTokenURL
	}
	return ""
}

// OAuthCredentials are for the client credentials grant.
type OAuthCredentials struct {
	URL, ClientID, ClientSecret string
	RequestParameters           *RequestParameters
	CSRFTokenURL                string
}

// OAuthCertificateCredentials are for the client credentials grant of a client
// that proves itself with a certificate.
type OAuthCertificateCredentials struct {
	URL, ClientID                 string
	CertificatePEM, PrivateKeyPEM []byte
	RequestParameters             *RequestParameters
	CSRFTokenURL                  string
}

// BasicCredentials are user name and password.
type BasicCredentials struct {
	Username, Password string
	CSRFTokenURL       string
}

// CertificateCredentials are a certificate that the registry makes itself.
type CertificateCredentials struct {
	CommonName string
	// CertificatePEM and PrivateKeyPEM are made when the service is registered.
	CertificatePEM, PrivateKeyPEM []byte
	CSRFTokenURL                  string
}

// ServiceEvents are the events that a system publishes.
type ServiceEvents struct {
	// Spec is an AsyncAPI document.
	Spec json.RawMessage
}
