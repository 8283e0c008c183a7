package connector

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// serviceBase is what the list shows of a service; it holds the identifier,
// by which clients look for their own (pairing-protocols §3.4).
type serviceBase struct {
	ID          btp.ServiceID     `json:"id,omitempty"`
	Provider    string            `json:"provider"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Identifier  string            `json:"identifier,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
}

// serviceDetails is the answer of GET: the document, with credentials masked.
type serviceDetails struct {
	serviceBase
	ShortDescription string          `json:"shortDescription,omitempty"`
	API              *apiDocument    `json:"api,omitempty"`
	Events           *eventsDocument `json:"events,omitempty"`
	Documentation    json.RawMessage `json:"documentation,omitempty"`
}

func baseOf(s btp.Service) serviceBase {
	return serviceBase{
		ID: s.ID, Provider: s.Provider, Name: s.Name, Description: s.Description, Identifier: s.Identifier, Labels: s.Labels,
	}
}

func (s *server) listServices(c *gin.Context, caller btp.Caller) error {
	services, err := s.Registry.Services(c.Request.Context(), caller)
	if err != nil {
		return err
	}
	list := make([]serviceBase, 0, len(services))
	for _, service := range services {
		list = append(list, baseOf(service))
	}
	writeJSON(c, http.StatusOK, list)
	return nil
}

func (s *server) getService(c *gin.Context, caller btp.Caller) error {
	service, err := s.Registry.Service(c.Request.Context(), caller, btp.ServiceID(c.Param("service")))
	if err != nil {
		return err
	}
	writeJSON(c, http.StatusOK, detailsOf(service, caller.System.ApplicationName))
	return nil
}

// createService answers 200, not 201: clients compare (pairing-protocols §3.1).
func (s *server) createService(c *gin.Context, caller btp.Caller) error {
	d, err := readServiceDocument(c)
	if err != nil {
		return err
	}
	ctx, service := c.Request.Context(), d.service()
	if d.needsWork() {
		// CreateService decides; but nothing is fetched or made for a document that it will refuse.
		if err := s.checkIdentifier(ctx, caller, service.Identifier); err != nil {
			return err
		}
	}
	if err := s.complete(ctx, d, &service, btp.Service{}); err != nil {
		return err
	}
	made, err := s.Registry.CreateService(ctx, caller, service)
	if err != nil {
		return err
	}
	writeJSON(c, http.StatusOK, struct {
		ID btp.ServiceID `json:"id"`
	}{made.ID})
	return nil
}

func (s *server) checkIdentifier(ctx context.Context, caller btp.Caller, identifier string) error {
	if identifier == "" {
		return nil
	}
	services, err := s.Registry.Services(ctx, caller)
	if err != nil {
		return err
	}
	for _, service := range services {
		if service.Identifier == identifier {
			return btp.Errorf(btp.ServiceIdentifierTaken, "the system has a service with identifier %q already", identifier).
				WithVendor("Service with Identifier " + identifier + " already exists")
		}
	}
	return nil
}

// updateService returns base fields only, without the id (pairing-protocols §3.1).
func (s *server) updateService(c *gin.Context, caller btp.Caller) error {
	d, err := readServiceDocument(c)
	if err != nil {
		return err
	}
	ctx, id, service := c.Request.Context(), btp.ServiceID(c.Param("service")), d.service()
	var present btp.Service
	if d.needsWork() {
		if present, err = s.Registry.Service(ctx, caller, id); err != nil {
			return err
		}
	}
	if err := s.complete(ctx, d, &service, present); err != nil {
		return err
	}
	updated, err := s.Registry.UpdateService(ctx, caller, id, service)
	if err != nil {
		return err
	}
	base := baseOf(updated)
	base.ID = ""
	writeJSON(c, http.StatusOK, base)
	return nil
}

// deleteService answers 204 for a service that is not there, too.
func (s *server) deleteService(c *gin.Context, caller btp.Caller) error {
	if err := s.Registry.DeleteService(c.Request.Context(), caller, btp.ServiceID(c.Param("service"))); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// needsWork says whether a specification has to be fetched or a certificate made.
func (d *serviceDocument) needsWork() bool {
	return d.API != nil && (d.API.specificationAddress() != "" || d.API.Credentials != nil && d.API.Credentials.CertificateGen != nil)
}

// complete fetches the specification and makes the certificate that a document
// asks for. present is the service that it replaces.
func (s *server) complete(ctx context.Context, d *serviceDocument, service *btp.Service, present btp.Service) error {
	if service.API == nil {
		return nil
	}
	if d.API.specificationAddress() != "" {
		spec, err := s.fetchSpecification(ctx, d.API)
		if err != nil {
			return err
		}
		service.API.Spec = spec
	}
	generated := certificateOf(*service)
	if generated == nil {
		return nil
	}
	if before := certificateOf(present); before != nil && before.CommonName == generated.CommonName {
		generated.CertificatePEM, generated.PrivateKeyPEM = before.CertificatePEM, before.PrivateKeyPEM
		return nil
	}
	return generateCertificate(generated, s.Registry.Now())
}

func certificateOf(s btp.Service) *btp.CertificateCredentials {
	if s.API == nil || s.API.Credentials == nil {
		return nil
	}
	return s.API.Credentials.CertificateGen
}

// MakeCertificate makes the certificate that a parsed service's credentials ask
// for, unless it has one.
func MakeCertificate(s *btp.Service, now time.Time) error {
	g := certificateOf(*s)
	if g == nil || len(g.CertificatePEM) > 0 || s.API.MissingSecret == btp.SecretCredentials {
		return nil
	}
	return generateCertificate(g, now)
}

// generateCertificate makes an RSA 2048 key and a self-signed SHA-256
// certificate for one year (pairing-protocols §3.3).
func generateCertificate(g *btp.CertificateCredentials, now time.Time) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("make key of a service: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return fmt.Errorf("draw serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:       serial.Add(serial, big.NewInt(1)),
		Subject:            pkix.Name{CommonName: g.CommonName},
		NotBefore:          now,
		NotAfter:           now.AddDate(1, 0, 0),
		SignatureAlgorithm: x509.SHA256WithRSA,
		KeyUsage:           x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:        []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("make certificate of a service: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode key of a service: %w", err)
	}
	g.CertificatePEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	g.PrivateKeyPEM = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	return nil
}

// mask stands for every secret (pairing-protocols §3.3).
const mask = "********"

func detailsOf(s btp.Service, application string) serviceDetails {
	d := serviceDetails{serviceBase: baseOf(s), ShortDescription: s.ShortDescription, Documentation: s.Documentation}
	if a := s.API; a != nil {
		d.API = &apiDocument{
			TargetURL: a.TargetURL, SpecificationURL: a.SpecificationURL, APIType: a.APIType,
			Spec: publishedSpecification(s, application), Credentials: maskedCredentials(a.Credentials),
			RequestParameters: (*requestParameters)(a.RequestParameters),
		}
	}
	if s.Events != nil {
		d.Events = &eventsDocument{Spec: s.Events.Spec}
	}
	return d
}

func maskedCredentials(c *btp.Credentials) *credentials {
	switch {
	case c == nil:
		return nil
	case c.OAuth != nil:
		return &credentials{OAuth: &oauthCredentials{
			URL: c.OAuth.URL, ClientID: mask, ClientSecret: mask,
			RequestParameters: (*requestParameters)(c.OAuth.RequestParameters), CSRFInfo: csrfOf(c.OAuth.CSRFTokenURL),
		}}
	case c.Basic != nil:
		return &credentials{Basic: &basicCredentials{Username: mask, Password: mask, CSRFInfo: csrfOf(c.Basic.CSRFTokenURL)}}
	case c.CertificateGen != nil:
		return &credentials{CertificateGen: &certificateCredentials{
			CommonName:  c.CertificateGen.CommonName,
			Certificate: base64.StdEncoding.EncodeToString(c.CertificateGen.CertificatePEM),
			CSRFInfo:    csrfOf(c.CertificateGen.CSRFTokenURL),
		}}
	}
	return nil
}

func csrfOf(url string) *csrfInfo {
	if url == "" {
		return nil
	}
	return &csrfInfo{TokenEndpointURL: url}
}
