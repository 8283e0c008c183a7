package states

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// world is one state: an environment with what its making has left.
type world struct {
	*States
	env    *testenv.Env
	ctx    context.Context // ends with the state
	cancel context.CancelFunc

	keepNotices atomic.Bool // tenants are not told: the notices are for the pact
	notices     chan notice
	keepCalls   atomic.Bool  // neither about arrangements nor at their token service
	calls       chan message // about arrangements
	asked       chan message // at the token service of a tenant
	published   chan message // what tenants published
	delivered   chan message // what a subscriber got
	client      *client      // of the paired system, if the state has one
	time        time.Time    // the environment's
	closing     []func() error
}

func (w *world) close() error {
	var errs []error
	for _, end := range w.closing {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

// notice is what the registry told a tenant of a deregistration.
type notice struct {
	jwt  string
	body struct{ SystemID, ReleaseToken string }
}

// message is a body as it was sent.
type message struct {
	body                       []byte
	contentType, authorization string
}

// soon bounds, in real time, what a state waits for.
const soon = 30 * time.Second

// take waits for what another goroutine sends, in real time.
func take[T any](ctx context.Context, what string, from <-chan T) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	select {
	case got := <-from:
		return got, nil
	case <-ctx.Done():
		var none T
		return none, fmt.Errorf("no %s came", what)
	}
}

// watch stands before the environment's public handler. It sees what tenants publish
// and, where a state needs a notice that its tenant has not got, keeps that.
func (w *world) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/callback/deregistration") && w.keepNotices.Load():
			n, err := readNotice(r)
			if err != nil {
				http.Error(rw, err.Error(), http.StatusBadRequest)
				return
			}
			select {
			case w.notices <- n:
			default: // more than a state asks for
			}
			http.Error(rw, "kept for a contract", http.StatusServiceUnavailable)
			return
		case r.Method == http.MethodPost && (strings.HasSuffix(r.URL.Path, "/v1/events") || strings.Contains(r.URL.Path, "/messagingrest/v1/topics/")):
			w.see(r, w.published)
		case r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/callback/communicationArrangements/"):
			w.see(r, w.calls)
			if w.keepCalls.Load() {
				http.Error(rw, "kept for a contract", http.StatusServiceUnavailable)
				return
			}
		case strings.HasSuffix(r.URL.Path, "/sap/bc/sec/oauth2/token") && w.keepCalls.Load():
			w.see(r, w.asked)
			http.Error(rw, "kept for a contract", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

// see reads a request's body, which can be read again, and tells what was sent; more
// than a state asks for is not kept.
func (w *world) see(r *http.Request, to chan<- message) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return // it breaks off for the next reader, too
	}
	select {
	case to <- message{body, r.Header.Get("Content-Type"), r.Header.Get("Authorization")}:
	default:
	}
}

func readNotice(r *http.Request) (n notice, err error) {
	n.jwt = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	err = json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(&n.body)
	return n, err
}

// serveSide is what a client of the registry has of its own: a callback, a
// specification, an API, a subscriber's sink.
func (s *States) serveSide(rw http.ResponseWriter, r *http.Request) {
	w, err := s.present()
	if err != nil { // what was there is gone
		w = nil
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/callback/deregistration"):
		n, err := readNotice(r)
		if err == nil && w != nil {
			w.notices <- n
		}
		rw.WriteHeader(http.StatusNoContent)
	case strings.HasSuffix(r.URL.Path, "/metadata.xml"):
		rw.Header().Set("Content-Type", "application/xml")
		_, _ = io.WriteString(rw, metadataXML)
	case strings.HasPrefix(r.URL.Path, "/orders/"):
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, `{"code":"42","status":"open"}`)
	case r.URL.Path == "/token":
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, `{"access_token":"pact-access-token","token_type":"Bearer","expires_in":3600}`)
	case strings.HasPrefix(r.URL.Path, "/broken/"):
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(rw, `{"error":"out of order"}`)
	case r.URL.Path == "/sink":
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err == nil && w != nil {
			w.delivered <- message{body: body, contentType: r.Header.Get("Content-Type")}
		}
		rw.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(rw, r)
	}
}

const metadataXML = `<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"><edmx:DataServices m:DataServiceVersion="2.0"
 xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"><Schema Namespace="PACT"
 xmlns="http://schemas.microsoft.com/ado/2008/09/edm"/></edmx:DataServices></edmx:Edmx>
`

// SystemName is what the system of every state is called.
const SystemName = "Pact Shop"

func (w *world) register(ctx context.Context, p params) (btpclient.System, error) {
	s, err := w.env.Operator().Register(ctx, "default", SystemName, p.or("type", testenv.CommerceCloud))
	if err != nil || s.IntegrationToken != nil {
		return s, err
	}
	token, err := w.env.Operator().IssueToken(ctx, s.ID) // in edition v2 it does not come with the system
	s.IntegrationToken = &token
	return s, err
}

// client pairs as a vendor's client does, by hand.
type client struct {
	connector *btpclient.Connector
	info      btpclient.Info
	own       tls.Certificate
	session   *btpclient.Session
}

// accepted presents the token of a system.
func (w *world) accepted(ctx context.Context, s btpclient.System, tenant string) (*client, error) {
	connector, err := w.env.Connector()
	if err != nil {
		return nil, err
	}
	w.closing = append(w.closing, func() error { connector.Close(); return nil })
	c := &client{connector: connector}
	c.info, err = connector.SigningRequestInfo(ctx, s.IntegrationToken.Token, s.Type, tenant)
	return c, err
}

// certify gets the client its certificate.
func (w *world) certify(ctx context.Context, c *client) error {
	key, der, err := request(c.info.Certificate.Subject)
	if err != nil {
		return err
	}
	signed, err := c.connector.Sign(ctx, c.info.CSRURL, der)
	if err != nil {
		return err
	}
	c.own = tls.Certificate{Certificate: signed.Chain, PrivateKey: key}
	c.session = c.connector.Authenticated(c.own)
	w.closing = append(w.closing, func() error { c.session.Close(); return nil })
	return nil
}

// request makes a key and a certificate request (DER) for a subject as info writes it.
func request(subject string) (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	var name pkix.Name
	for _, attribute := range strings.Split(subject, ",") {
		kind, value, _ := strings.Cut(attribute, "=")
		switch kind {
		case "C":
			name.Country = []string{value}
		case "ST":
			name.Province = []string{value}
		case "L":
			name.Locality = []string{value}
		case "O":
			name.Organization = []string{value}
		case "OU":
			name.OrganizationalUnit = []string{value}
		case "CN":
			name.CommonName = value
		default:
			return nil, nil, fmt.Errorf("the subject %q has an attribute %q", subject, kind)
		}
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: name}, key)
	return key, der, err
}

// strangers is a certificate that its holder has signed.
func strangers() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a stranger"},
		NotBefore: testenv.Epoch.AddDate(-1, 0, 0), NotAfter: testenv.Epoch.AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// encoded is a certificate request as it stands in a call: base64 of PEM.
func encoded(der []byte) string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// pems are a certificate and its key as values of a state.
func pems(own tls.Certificate) (certificate, key string, err error) {
	der, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		return "", "", err
	}
	var chain bytes.Buffer
	for _, one := range own.Certificate {
		_ = pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: one})
	}
	return chain.String(), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}
