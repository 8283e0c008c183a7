package connector

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// infoAnswer is pairing-protocols §1.4. The eventing and metadata URLs are
// provisional; management info repeats them.
type infoAnswer struct {
	CSRURL      string          `json:"csrUrl"`
	API         apiURLs         `json:"api"`
	Certificate certificateInfo `json:"certificate"`
}

type apiURLs struct {
	EventsInfoURL   string `json:"eventsInfoUrl"`
	EventsURL       string `json:"eventsUrl"`
	MetadataURL     string `json:"metadataUrl"`
	InfoURL         string `json:"infoUrl"`
	CertificatesURL string `json:"certificatesUrl"`
}

type certificateInfo struct {
	Subject      string `json:"subject"`
	Extensions   string `json:"extensions"`
	KeyAlgorithm string `json:"key-algorithm"`
}

func certificateFor(s btp.Subject) certificateInfo {
	return certificateInfo{Subject: s.String(), KeyAlgorithm: "rsa2048"}
}

func (s *server) info(c *gin.Context) error {
	opened, err := s.Registry.OpenPairing(c.Request.Context(), btp.Presentation{
		JWS:        c.Query("token"),
		SystemType: c.GetHeader("Pairsim-System-Type"),
		Tenant:     c.GetHeader("Pairsim-Tenant"),
	})
	if err != nil {
		return err
	}
	mtls := s.URLs.MTLS(c.Request)
	// The certificate request goes to the listener that was asked, the rest
	// needs the client certificate.
	asked := mtls
	if c.Request.TLS == nil {
		asked = s.URLs.HTTP(c.Request)
	}
	app := mtls + "/" + opened.System.ApplicationName
	writeJSON(c, http.StatusOK, infoAnswer{
		// Unescaped: URL-safe base64 and its padding stand in a query as they are,
		// and clients cut the token out (pairing-protocols §1.3).
		CSRURL: asked + "/v1/applications/certificates?token=" + opened.FollowUp,
		API: apiURLs{
			EventsInfoURL:   app + "/v1/events/subscribed",
			EventsURL:       app + "/v1/events",
			MetadataURL:     app + "/v1/metadata/services",
			InfoURL:         mtls + "/v1/applications/management/info",
			CertificatesURL: mtls + "/v1/applications/certificates",
		},
		Certificate: certificateFor(opened.Subject),
	})
	return nil
}

type csrRequest struct {
	CSR string `json:"csr"`
}

// certificateAnswer is pairing-protocols §1.5: base64 of PEM, three times.
type certificateAnswer struct {
	Crt       string `json:"crt"`
	ClientCrt string `json:"clientCrt"`
	CaCrt     string `json:"caCrt"`
}

// signOrRenew signs with a follow-up token; without one it falls back to the
// client certificate, which one public client relies on (pairing-protocols §1.9).
func (s *server) signOrRenew(c *gin.Context) error {
	if c.Query("token") == "" && s.hasCertificate(c.Request) {
		caller, err := s.caller(c, s.Registry.Authenticate)
		if err != nil {
			return err
		}
		return s.renew(c, caller)
	}
	csr, err := readCSR(c)
	if err != nil {
		return err
	}
	signed, err := s.Registry.SignCSR(c.Request.Context(), c.Query("token"), csr)
	if err != nil {
		return err
	}
	writeCertificate(c, signed)
	return nil
}

// readCSR reads {"csr"}; a body that is not JSON is a 500 (pairing-protocols §1.5).
func readCSR(c *gin.Context) (string, error) {
	var req csrRequest
	err := decode(c, maxCSRBody, &req)
	if err != nil && btp.CodeOf(err) == btp.Internal {
		err = btp.Errorf(btp.InvalidRequest, "the body is not JSON of the form {\"csr\"}").
			WithVendor("Error while unmarshalling request body: " + err.Error())
	}
	return req.CSR, err
}

func writeCertificate(c *gin.Context, signed btp.SignedCertificate) {
	writeJSON(c, http.StatusCreated, certificateAnswer{Crt: signed.Crt, ClientCrt: signed.ClientCrt, CaCrt: signed.Ca})
}

// managementAnswer is pairing-protocols §1.6. Clients read either revocation
// key, so both are sent.
type managementAnswer struct {
	ClientIdentity struct {
		Application string `json:"application"`
	} `json:"clientIdentity"`
	URLs        managementURLs  `json:"urls"`
	Certificate certificateInfo `json:"certificate"`
}

type managementURLs struct {
	EventsInfoURL     string `json:"eventsInfoUrl"`
	EventsURL         string `json:"eventsUrl"`
	MetadataURL       string `json:"metadataUrl"`
	RenewCertURL      string `json:"renewCertUrl"`
	RevokeCertURL     string `json:"revokeCertUrl"`
	RevocationCertURL string `json:"revocationCertUrl"`
}

func (s *server) managementInfo(c *gin.Context, caller btp.Caller) error {
	if err := s.Registry.Visit(c.Request.Context(), btp.PointManagementInfo, caller); err != nil {
		return err
	}
	mtls := s.URLs.MTLS(c.Request)
	app := mtls + "/" + caller.System.ApplicationName
	revoke := mtls + "/v1/applications/certificates/revocations"
	a := managementAnswer{
		URLs: managementURLs{
			EventsInfoURL: app + "/v1/events/subscribed", EventsURL: app + "/v1/events",
			MetadataURL:  app + "/v1/metadata/services",
			RenewCertURL: mtls + "/v1/applications/certificates/renewals", RevokeCertURL: revoke, RevocationCertURL: revoke,
		},
		Certificate: certificateFor(caller.Subject()),
	}
	a.ClientIdentity.Application = caller.System.ApplicationName
	writeJSON(c, http.StatusOK, a)
	return nil
}

func (s *server) renew(c *gin.Context, caller btp.Caller) error {
	csr, err := readCSR(c)
	if err != nil {
		return err
	}
	signed, err := s.Registry.Renew(c.Request.Context(), caller, csr)
	if err != nil {
		return err
	}
	writeCertificate(c, signed)
	return nil
}

// revoke answers 201 with an empty body (pairing-protocols §1.7).
func (s *server) revoke(c *gin.Context, caller btp.Caller) error {
	if err := s.Registry.Revoke(c.Request.Context(), caller); err != nil {
		return err
	}
	c.Status(http.StatusCreated)
	c.Writer.WriteHeaderNow()
	return nil
}

// setDescriptor is ours (docs/wire.md).
func (s *server) setDescriptor(c *gin.Context, caller btp.Caller) error {
	var d btp.Descriptor
	if err := decode(c, maxSmallBody, &d); err != nil {
		return descriptorRefusal(err)
	}
	if err := checkDescriptor(d); err != nil {
		return err
	}
	if err := s.Registry.SetDescriptor(c.Request.Context(), caller, d); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func descriptorRefusal(err error) error {
	if btp.CodeOf(err) != btp.Internal {
		return err
	}
	return btp.Errorf(btp.DescriptorInvalid, "the descriptor is not the JSON object that it should be: %w", err)
}

func checkDescriptor(d btp.Descriptor) error {
	const most = 2048
	if d.TenantID == "" || len(d.TenantID) > 255 {
		return btp.Errorf(btp.DescriptorInvalid, "tenantId: 1 to 255 bytes")
	}
	for key, text := range map[string]string{"url": d.URL, "callbackUrl": d.CallbackURL} {
		if text == "" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || len(text) > most || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return btp.Errorf(btp.DescriptorInvalid, "%s: an absolute http or https URL of at most %d bytes", key, most)
		}
	}
	if len(d.CommunicationScenarios) > 200 {
		return btp.Errorf(btp.DescriptorInvalid, "communicationScenarios: at most 200")
	}
	for _, id := range d.CommunicationScenarios {
		if id == "" || len(id) > 64 {
			return btp.Errorf(btp.DescriptorInvalid, "communicationScenarios: ids of 1 to 64 bytes")
		}
	}
	return nil
}

// reportFailure is ours (docs/wire.md): the tenant gives up.
func (s *server) reportFailure(c *gin.Context) error {
	followUp, caller, err := s.pairingOf(c)
	if err != nil {
		return err
	}
	var req struct {
		Cause string `json:"cause"`
	}
	if err := decode(c, maxSmallBody, &req); err != nil {
		return descriptorRefusal(err)
	}
	if req.Cause == "" || len(req.Cause) > 1000 {
		return btp.Errorf(btp.DescriptorInvalid, "cause: 1 to 1000 bytes")
	}
	if err := s.Registry.ReportFailure(c.Request.Context(), followUp, caller, req.Cause); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// pairingOf names a pairing by the token in the query, else by the client
// certificate: ending it is no use of it.
func (s *server) pairingOf(c *gin.Context) (token string, caller *btp.Caller, err error) {
	if token = c.Query("token"); token != "" {
		return token, nil, nil
	}
	if !s.hasCertificate(c.Request) {
		return "", nil, btp.Errorf(btp.TokenMissing, "name the pairing by its token or client certificate")
	}
	found, err := s.caller(c, s.Registry.Recognise)
	return "", &found, err
}

// deleteExtension is ours (docs/wire.md): the tenant has deleted its side.
func (s *server) deleteExtension(c *gin.Context) error {
	release, caller, err := s.pairingOf(c)
	if err != nil {
		return err
	}
	if err := s.Registry.DeleteExtension(c.Request.Context(), release, caller); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
