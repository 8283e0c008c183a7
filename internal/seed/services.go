package seed

import (
	"crypto/tls"
	"encoding/json"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/connector"
)

// Service declares what a system's tenant registered. It is a document of the
// Application Registry (pairing-protocols §3.2), with what that cannot say but
// Kyma's runtime can hold.
type Service struct {
	Provider    string            `json:"provider,omitempty"`
	Name        string            `json:"name,omitempty"`
	Description string            `json:"description,omitempty"`
	Identifier  string            `json:"identifier,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	API         *API              `json:"api,omitempty"`
	Events      *Events           `json:"events,omitempty"`
}

// API is a service's API.
type API struct {
	TargetURL         string          `json:"targetUrl,omitempty"`
	APIType           string          `json:"apiType,omitempty"`
	Spec              json.RawMessage `json:"spec,omitempty"`
	Credentials       *Credentials    `json:"credentials,omitempty"`
	RequestParameters json.RawMessage `json:"requestParameters,omitempty"`
	MissingSecret     btp.SecretKind  `json:"missingSecret,omitempty"`
}

// Credentials are of one kind.
type Credentials struct {
	OAuth                json.RawMessage   `json:"oauth,omitempty"`
	Basic                json.RawMessage   `json:"basic,omitempty"`
	CertificateGen       *Certificate      `json:"certificateGen,omitempty"`
	OAuthWithCertificate *OAuthCertificate `json:"oauthWithCertificate,omitempty"`
}

// Certificate is what the gateway shows to a target: one that is made, or a given one.
type Certificate struct {
	CommonName string          `json:"commonName"`
	CSRFInfo   json.RawMessage `json:"csrfInfo,omitempty"`
	pair
}

// OAuthCertificate is what the gateway shows to a token server.
type OAuthCertificate struct {
	URL               string                 `json:"url"`
	ClientID          string                 `json:"clientId"`
	RequestParameters *btp.RequestParameters `json:"requestParameters"`
	CSRFInfo          struct {
		TokenEndpointURL string `json:"tokenEndpointURL"`
	} `json:"csrfInfo"`
	pair
}

// pair is a certificate and its key, in PEM.
type pair struct {
	Certificate string `json:"certificate,omitempty"`
	PrivateKey  string `json:"privateKey,omitempty"`
}

// Events are what a service publishes: an AsyncAPI document.
type Events struct {
	Spec json.RawMessage `json:"spec"`
}

// checkServices holds the services of a system against the Application Registry.
func (f *File) checkServices(c *checker, path string, s *System) {
	identifiers := map[string]string{}
	for i, service := range s.Services {
		path := at(path+".services", i)
		_, err := service.declared(s.Name)
		c.refuseError(path, err)
		if service.Identifier != "" {
			c.unique(identifiers, service.Identifier, path+".identifier")
		}
		if service.API == nil || service.API.Credentials == nil {
			continue
		}
		path += ".api.credentials"
		if g := service.API.Credentials.CertificateGen; g != nil && g.pair != (pair{}) {
			g.check(c, path+".certificateGen")
		}
		if o := service.API.Credentials.OAuthWithCertificate; o != nil {
			o.check(c, path+".oauthWithCertificate")
		}
	}
}

func (p pair) check(c *checker, path string) {
	if _, err := tls.X509KeyPair([]byte(p.Certificate), []byte(p.PrivateKey)); err != nil {
		c.refuse(path, "certificate and privateKey are no pair in PEM")
	}
}

// declared is the service as the registry keeps it, without a certificate that is
// still to be made.
func (s Service) declared(system string) (btp.Service, error) {
	s.Provider, s.Description = either(s.Provider, system), either(s.Description, s.Name)
	var beyond API // what the wire cannot say
	if s.API != nil {
		api := *s.API
		beyond, api.MissingSecret = api, ""
		if api.Credentials != nil {
			credentials := *api.Credentials
			credentials.OAuthWithCertificate = nil
			if g := credentials.CertificateGen; g != nil {
				credentials.CertificateGen = &Certificate{CommonName: g.CommonName, CSRFInfo: g.CSRFInfo}
			}
			api.Credentials = &credentials
		}
		s.API = &api
	}
	document, err := json.Marshal(s)
	if err != nil {
		return btp.Service{}, err
	}
	kept, err := connector.ParseService(document)
	if err != nil || s.API == nil {
		return kept, err
	}
	kept.API.MissingSecret = beyond.MissingSecret
	if beyond.Credentials == nil {
		return kept, nil
	}
	if g := beyond.Credentials.CertificateGen; g != nil && g.Certificate != "" && kept.API.Credentials != nil {
		made := kept.API.Credentials.CertificateGen
		made.CertificatePEM, made.PrivateKeyPEM = []byte(g.Certificate), []byte(g.PrivateKey)
	}
	if o := beyond.Credentials.OAuthWithCertificate; o != nil {
		if kept.API.Credentials != nil {
			return kept, btp.Errorf(btp.ServiceInvalid, "credentials are of one kind")
		}
		kept.API.Credentials = &btp.Credentials{OAuthWithCertificate: &btp.OAuthCertificateCredentials{
			URL: o.URL, ClientID: o.ClientID, RequestParameters: o.RequestParameters, CSRFTokenURL: o.CSRFInfo.TokenEndpointURL,
			CertificatePEM: []byte(o.Certificate), PrivateKeyPEM: []byte(o.PrivateKey),
		}}
	}
	return kept, nil
}

// services are what a system's tenant registered; certificates that are made
// begin at now.
func (s *System) services(now time.Time) ([]btp.Service, error) {
	var list []btp.Service
	for _, service := range s.Services {
		kept, err := service.declared(s.Name)
		if err == nil {
			err = connector.MakeCertificate(&kept, now)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, kept)
	}
	return list, nil
}
