package connector_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/testenv"
)

// mock behaves as varkes does, the framework of SAP's own mock systems
// (pairing-protocols §9.2): naive where it is naive, over real TLS.
type mock struct {
	t       *testing.T
	env     *testenv.Env
	key     *ecdsa.PrivateKey
	subject string
	client  *http.Client // presents the certificate, once there is one
	urls    map[string]string
}

func newMock(t *testing.T) *mock {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	env := testenv.Start(t)
	return &mock{t: t, env: env, key: key, client: env.Client()}
}

func (m *mock) call(method, target string, body any, want int) ([]byte, http.Header) {
	m.t.Helper()
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			m.t.Fatal(err)
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(m.t.Context(), method, target, payload)
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := m.client.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	if resp.StatusCode != want {
		m.t.Fatalf("%s %s: got %d %s, want %d", method, req.URL.Path, resp.StatusCode, text, want)
	}
	return text, resp.Header
}

func decode[T any](t *testing.T, text []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

type info struct {
	CSRURL      string            `json:"csrUrl"`
	API         map[string]string `json:"api"`
	Certificate map[string]string `json:"certificate"`
}

func (m *mock) info() info {
	m.t.Helper()
	system := m.env.RegisterSystem(m.t, "Web Shop", testenv.CommerceCloud)
	text, _ := m.call(http.MethodGet, system.IntegrationToken.TokenURL, nil, http.StatusOK)
	i := decode[info](m.t, text)
	m.subject = i.Certificate["subject"]
	return i
}

// csr splits the subject on comma and then on the equals sign, in the order
// that came, or reversed.
func (m *mock) csr(reversed bool) string {
	m.t.Helper()
	ids := map[string]asn1.ObjectIdentifier{
		"O": {2, 5, 4, 10}, "OU": {2, 5, 4, 11}, "L": {2, 5, 4, 7}, "ST": {2, 5, 4, 8}, "C": {2, 5, 4, 6}, "CN": {2, 5, 4, 3},
	}
	var name pkix.RDNSequence
	for part := range strings.SplitSeq(m.subject, ",") {
		pair := strings.Split(part, "=")
		if len(pair) != 2 || ids[pair[0]] == nil || pair[1] == "" || strings.TrimSpace(part) != part {
			m.t.Fatalf("subject %q: part %q cannot be split naively", m.subject, part)
		}
		rdn := pkix.RelativeDistinguishedNameSET{{Type: ids[pair[0]], Value: pair[1]}}
		if reversed {
			name = append(pkix.RDNSequence{rdn}, name...)
		} else {
			name = append(name, rdn)
		}
	}
	return m.request(name)
}

// request is a certificate request with this subject, as it goes over the wire.
func (m *mock) request(name pkix.RDNSequence) string {
	m.t.Helper()
	raw, err := asn1.Marshal(name)
	if err != nil {
		m.t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{RawSubject: raw}, m.key)
	if err != nil {
		m.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// sign takes the certificate and presents what the answer calls crt from then on.
func (m *mock) sign(target string, reversed bool) map[string]string {
	m.t.Helper()
	text, _ := m.call(http.MethodPost, target, map[string]string{"csr": m.csr(reversed)}, http.StatusCreated)
	answer := decode[map[string]string](m.t, text)
	m.present(answer["crt"])
	return answer
}

func (m *mock) present(encoded string) {
	m.t.Helper()
	chain, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		m.t.Fatal(err)
	}
	certificate := tls.Certificate{PrivateKey: m.key}
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		certificate.Certificate = append(certificate.Certificate, block.Bytes)
	}
	transport := &http.Transport{TLSClientConfig: m.env.TLS(certificate)}
	m.t.Cleanup(transport.CloseIdleConnections)
	m.client = &http.Client{Transport: transport}
}

// leaf is the client certificate of an answer.
func (m *mock) leaf(answer map[string]string) *x509.Certificate {
	m.t.Helper()
	text, err := base64.StdEncoding.DecodeString(answer["clientCrt"])
	if err != nil {
		m.t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		m.t.Fatalf("clientCrt is not PEM: %.80q", text)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		m.t.Fatal(err)
	}
	return certificate
}

func (m *mock) management(target string) {
	m.t.Helper()
	text, _ := m.call(http.MethodGet, target, nil, http.StatusOK)
	m.urls = decode[struct {
		URLs map[string]string `json:"urls"`
	}](m.t, text).URLs
}

func paired(t *testing.T) *mock {
	t.Helper()
	m := newMock(t)
	i := m.info()
	m.sign(i.CSRURL, false)
	m.management(i.API["infoUrl"])
	return m
}

// Each test below is a row of §9.2 (quirks) or §10.4 (traps) of
// pairing-protocols. GraphQL and formation rows have nothing to hold against yet.

func TestQuirkTokenTextThatStartsWithHTTPMeansREST(t *testing.T) {
	env := testenv.Start(t)
	token := env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud).IntegrationToken
	if !strings.HasPrefix(token.TokenURL, "https://") || !strings.Contains(token.TokenURL, "/v1/applications/signingRequests/info?token=") {
		t.Errorf("token URL %.60q…: want https and the info path", token.TokenURL)
	}
}

// Rule: pairing-exact-statuses
func TestQuirkEveryPairingCallHasItsExactStatus(t *testing.T) {
	m := paired(t) // info 200, certificates 201, management info 200
	m.env.ExpectStatus(t, "Web Shop", "Registered")
	m.sign(m.urls["renewCertUrl"], false) // renewal 201
	m.management(m.env.MTLS() + "/v1/applications/management/info")
}

// Rule: pairing-token-missing-or-invalid, token-spent-by-first-request
func TestQuirkUsedTokenIs403(t *testing.T) {
	m := newMock(t)
	system := m.env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	m.call(http.MethodGet, system.IntegrationToken.TokenURL, nil, http.StatusOK)
	text, header := m.call(http.MethodGet, system.IntegrationToken.TokenURL, nil, http.StatusForbidden)
	if got := strings.TrimSpace(string(text)); got != `{"code":403,"error":"Invalid token."}` {
		t.Errorf("body %s, want the vendor's", got)
	}
	if got := header.Get("Content-Type"); got != "application/json;charset=UTF-8" {
		t.Errorf("content type %q", got)
	}
	if got := header.Get("Pairsim-Reason"); got != "token-used" {
		t.Errorf("reason %q, want token-used", got)
	}
}

// TestQuirkExpiredTokenIs403: nobody can tell it from one that was used, but by the reason.
//
// Rule: pairing-token-missing-or-invalid
func TestQuirkExpiredTokenIs403(t *testing.T) {
	m := newMock(t)
	system := m.env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	m.env.Advance(t, 10*time.Minute)
	text, header := m.call(http.MethodGet, system.IntegrationToken.TokenURL, nil, http.StatusForbidden)
	if got := strings.TrimSpace(string(text)); got != `{"code":403,"error":"Invalid token."}` {
		t.Errorf("body %s, want the vendor's", got)
	}
	if got := header.Get("Pairsim-Reason"); got != "token-expired" {
		t.Errorf("reason %q, want token-expired", got)
	}
}

// TestQuirkRefusedCertificateRequests: 400 with the vendor's text for what is no request
// for the subject that was given; a body that is no JSON is 500 (pairing-protocols §1.5).
//
// Rule: csr-form
// Rule: csr-subject
func TestQuirkRefusedCertificateRequests(t *testing.T) {
	m := newMock(t)
	opened := m.info()
	m.subject = strings.Replace(m.subject, "CN=mp-web-shop", "CN=mp-another", 1)
	for _, test := range []struct {
		name   string
		body   any
		status int
		text   string
	}{
		{"no base64", map[string]string{"csr": "!"}, http.StatusBadRequest, "There was an error while parsing the base64 content. An incorrect value was provided."},
		{"no PEM", map[string]string{"csr": "AAAA"}, http.StatusBadRequest, "Error while decoding pem block."},
		{"another subject", map[string]string{"csr": m.csr(false)}, http.StatusBadRequest, "CSR: Invalid common name provided."},
		{"no object", "csr", http.StatusInternalServerError, "Error while unmarshalling request body"},
	} {
		text, _ := m.call(http.MethodPost, opened.CSRURL, test.body, test.status)
		if refusal := decode[struct{ Error string }](t, text); !strings.HasPrefix(refusal.Error, test.text) {
			t.Errorf("%s: got %q, want %q", test.name, refusal.Error, test.text)
		}
	}
	m.subject = opened.Certificate["subject"]
	m.sign(opened.CSRURL, false) // mended
}

func TestQuirkConsoleLinkIsBuiltFromTheMetadataURL(t *testing.T) {
	m := paired(t)
	if !strings.HasSuffix(m.urls["metadataUrl"], "/mp-web-shop/v1/metadata/services") {
		t.Errorf("metadataUrl %q: a console link cannot be cut from it", m.urls["metadataUrl"])
	}
}

// Rule: management-info
func TestQuirkBothRevocationKeysAndEventsInfoURL(t *testing.T) {
	m := paired(t)
	if m.urls["revokeCertUrl"] == "" || m.urls["revokeCertUrl"] != m.urls["revocationCertUrl"] {
		t.Errorf("revokeCertUrl %q and revocationCertUrl %q, want one address twice", m.urls["revokeCertUrl"], m.urls["revocationCertUrl"])
	}
	if m.urls["eventsInfoUrl"] != m.urls["eventsUrl"]+"/subscribed" {
		t.Errorf("eventsInfoUrl %q", m.urls["eventsInfoUrl"])
	}
	text, _ := m.call(http.MethodGet, m.urls["eventsInfoUrl"], nil, http.StatusOK)
	if got := strings.TrimSpace(string(text)); got != `{"eventsInfo":[]}` {
		t.Errorf("subscribed: %s, want an empty list and no null", got)
	}
}

func TestQuirkCloudEventsURLIsDerivedFromTheEventsURL(t *testing.T) {
	m := paired(t)
	target := strings.Replace(m.urls["eventsUrl"], "/v1/events", "/events", 1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target,
		strings.NewReader(`{"specversion":"1.0","id":"1","source":"shop","type":"order.created","eventtypeversion":"v1","data":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/cloudevents+json")
	resp, err := m.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		t.Errorf("got %d, want 204", resp.StatusCode)
	}
}

func TestQuirkSendingEventsReadsManagementInfoFirst(t *testing.T) {
	m := newMock(t)
	i := m.info()
	m.sign(i.CSRURL, false)
	for _, order := range []string{"1", "2"} {
		m.management(i.API["infoUrl"])
		m.call(http.MethodPost, m.urls["eventsUrl"], map[string]any{
			"event-type": "order.created", "event-type-version": "v1", "event-time": "2030-01-01T10:00:00Z", "data": map[string]any{"order": order},
		}, http.StatusOK)
	}
}

// Rule: certificate-renewal
func TestQuirkRenewalSubjectComesFromTheCertificateInUse(t *testing.T) {
	m := newMock(t)
	i := m.info()
	inUse := m.leaf(m.sign(i.CSRURL, false))
	m.management(i.API["infoUrl"])
	var name pkix.RDNSequence
	for _, attribute := range inUse.Subject.Names { // in the certificate's order
		name = append(name, pkix.RelativeDistinguishedNameSET{attribute})
	}
	text, _ := m.call(http.MethodPost, m.urls["renewCertUrl"], map[string]string{"csr": m.request(name)}, http.StatusCreated)
	renewed := m.leaf(decode[map[string]string](t, text))
	if !bytes.Equal(renewed.RawSubject, inUse.RawSubject) {
		t.Errorf("renewed for %s, want %s", renewed.Subject, inUse.Subject)
	}
	if renewed.SerialNumber.Cmp(inUse.SerialNumber) == 0 {
		t.Errorf("got the certificate in use again, serial number %x", inUse.SerialNumber)
	}
}

func TestQuirkRegistryCallsWithEmptyCredentialsAndAPrivateKey(t *testing.T) {
	m := paired(t)
	document := map[string]any{
		"provider": "SAP", "name": "Orders", "description": "Order API", "identifier": "orders", "varkes": true,
		"api": map[string]any{"targetUrl": "https://shop.example.test", "credentials": map[string]any{}},
	}
	text, _ := m.call(http.MethodPost, m.urls["metadataUrl"], document, http.StatusOK)
	id := decode[map[string]string](t, text)["id"]
	m.call(http.MethodPut, m.urls["metadataUrl"]+"/"+id, document, http.StatusOK)
	list, _ := m.call(http.MethodGet, m.urls["metadataUrl"], nil, http.StatusOK)
	if !strings.Contains(string(list), `"identifier":"orders"`) {
		t.Errorf("the list %s lacks the identifier that clients look for", list)
	}
	m.call(http.MethodDelete, m.urls["metadataUrl"]+"/"+id, nil, http.StatusNoContent)
	m.call(http.MethodDelete, m.urls["metadataUrl"]+"/"+id, nil, http.StatusNoContent)
	m.call(http.MethodGet, m.urls["metadataUrl"]+"/"+id, nil, http.StatusNotFound)
}

func TestQuirkInsecureClientAndTrustingClientBothConnect(t *testing.T) {
	env := testenv.Start(t)
	for _, config := range []*tls.Config{env.TLS(), {InsecureSkipVerify: true}} { //nolint:gosec // that is the quirk
		transport := &http.Transport{TLSClientConfig: config}
		defer transport.CloseIdleConnections()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, env.MTLS()+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Client{Transport: transport}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
}

// Rule: pairing-exact-statuses
func TestTrapStatusCodesAndEmptyBodies(t *testing.T) {
	m := paired(t)
	event := map[string]any{"event-type": "order.created", "event-type-version": "v1", "event-time": "2030-01-01T10:00:00Z", "data": map[string]any{}}
	m.call(http.MethodPost, m.urls["eventsUrl"], event, http.StatusOK)
	if text, _ := m.call(http.MethodPost, m.urls["revokeCertUrl"], nil, http.StatusCreated); len(text) != 0 {
		t.Errorf("revocation answered %q, want nothing", text)
	}
	m.call(http.MethodPost, m.urls["revocationCertUrl"], nil, http.StatusCreated)
}

// Rule: followup-token, token-spent-by-first-request
func TestTrapTwoTokensPerPairing(t *testing.T) {
	m := newMock(t)
	i := m.info()
	u, err := url.Parse(i.CSRURL)
	if err != nil {
		t.Fatal(err)
	}
	second := u.Query().Get("token")
	if raw, err := base64.URLEncoding.DecodeString(second); err != nil || len(raw) != 64 {
		t.Errorf("follow-up token: %d bytes of URL-safe base64 (%v), want 64", len(raw), err)
	}
	first := m.env.System(t, "Web Shop")
	if first.Token.State != "used" {
		t.Errorf("the first token is %s, want used", first.Token.State)
	}
	// The second token must survive being sent unescaped.
	m.sign(m.env.MTLS()+"/v1/applications/certificates?token="+second, false)
}

// Rule: certificate-contents
func TestTrapBase64Layers(t *testing.T) {
	m := newMock(t)
	i := m.info()
	answer := m.sign(i.CSRURL, false)
	for key, count := range map[string]int{"crt": 2, "clientCrt": 1, "caCrt": 1} {
		text, err := base64.StdEncoding.DecodeString(answer[key])
		if err != nil {
			t.Fatalf("%s is not standard base64: %v", key, err)
		}
		if got := bytes.Count(text, []byte("-----BEGIN CERTIFICATE-----")); got != count {
			t.Errorf("%s has %d certificates in PEM, want %d", key, got, count)
		}
	}
	token := m.env.IssueToken(t, m.env.RegisterSystem(t, "other", testenv.CommerceCloud).ID)
	raw, err := base64.StdEncoding.DecodeString(token.Encoded)
	if err != nil {
		t.Fatalf("encoded token: %v", err)
	}
	if whole := decode[map[string]string](t, raw); whole["token"] != token.Token || whole["connectorURL"] == "" {
		t.Error("the encoded form lacks token or connectorURL")
	}
}

// Rule: pairing-info-answer, csr-subject
func TestTrapSubjectIsPrintedInOrderAndComparedByAttribute(t *testing.T) {
	m := newMock(t)
	i := m.info()
	if want := "O=pairsim,OU=TEST,L=Walldorf,ST=Baden,C=DE,CN=mp-web-shop"; m.subject != want {
		t.Errorf("subject %q, want %q", m.subject, want)
	}
	if i.Certificate["key-algorithm"] != "rsa2048" || i.Certificate["extensions"] != "" {
		t.Errorf("certificate info %v", i.Certificate)
	}
	m.sign(i.CSRURL, true)
}

func TestTrapClientThatPresentsTheLeafAlone(t *testing.T) {
	m := newMock(t)
	i := m.info()
	m.present(m.sign(i.CSRURL, false)["clientCrt"])
	m.management(i.API["infoUrl"])
}

func TestTrapCertificatesURLRenewsWithACertificateAndNoToken(t *testing.T) {
	m := newMock(t)
	i := m.info()
	m.sign(i.CSRURL, false)
	m.management(i.API["infoUrl"])
	m.sign(i.API["certificatesUrl"], false)
	m.call(http.MethodPost, i.API["certificatesUrl"]+"/revocations", nil, http.StatusCreated)
}

// Rule: certificate-needed
func TestTrapNoClientCertificateIs403(t *testing.T) {
	m := newMock(t)
	for _, base := range []string{m.env.MTLS(), m.env.HTTP()} {
		_, header := m.call(http.MethodGet, base+"/v1/applications/management/info", nil, http.StatusForbidden)
		if got := header.Get("Pairsim-Reason"); got != "certificate-missing" {
			t.Errorf("%s: reason %q, want certificate-missing", base, got)
		}
	}
}

// Rule: forwarded-certificate
func TestTrapForwardedIdentityIsNotBelieved(t *testing.T) {
	m := paired(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.env.HTTP()+"/v1/applications/management/info", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-Client-Cert", `Hash=00;Subject="CN=mp-web-shop,OU=TEST,O=pairsim,L=Walldorf,ST=Baden,C=DE"`)
	resp, err := m.env.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("got %d, want 403", resp.StatusCode)
	}
}

// Rule: tls-names-and-ca
func TestTrapTheCAForClientsIsServed(t *testing.T) {
	env := testenv.Start(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, env.HTTP()+"/ca.pem", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := env.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Equal(text, env.CA()) {
		t.Errorf("/ca.pem answers %d %s (%v)", resp.StatusCode, text, err)
	}
}

// Rule: event-name-cleaned
func TestTrapEventTypesWithDotsDashesAndUpperCaseAreTaken(t *testing.T) {
	m := paired(t)
	for _, name := range []string{"order.created", "Account.Root.Created", "order-created", "ORDER"} {
		event := map[string]any{"event-type": name, "event-type-version": "v1", "event-time": "2030-01-01T10:00:00Z", "data": "x"}
		m.call(http.MethodPost, m.urls["eventsUrl"], event, http.StatusOK)
	}
}
