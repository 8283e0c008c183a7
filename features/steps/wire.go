package steps

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// TokenSource is a landscape that has token URLs of its own: of a foreign registry,
// whose systems are registered elsewhere. Each URL is given once.
type TokenSource interface {
	TokenURL(context.Context) (string, error)
}

// Watching is a landscape that is told of the calls of a connector that knows the wire
// alone. The path is without query, and holds no token.
type Watching interface {
	Called(method, path string, status int, err error)
}

// wireSteps are what a connector does that was given a token URL and nothing else.
func (w *world) wireSteps(d definitions) {
	d.Given(`^the token URL of a system$`, w.theTokenURLOfASystem)
	d.Given(`^the connector has opened the token URL$`, w.having(w.theClientOpens, http.StatusOK))
	d.Given(`^the connector has sent its certificate request$`, w.having(w.theWireClientCertifies, http.StatusCreated))
	d.Given(`^the connector has paired$`, w.theWireClientPairs)
	d.Given(`^the connector has asked for the management info$`, w.having(w.theWireClientAsks, http.StatusOK))
	d.Given(`^the connector has revoked its certificate$`, w.having(w.theWireClientRevokes, http.StatusCreated))

	d.When(`^the connector opens the token URL$`, w.theClientOpens)
	d.When(`^the connector opens the token URL with (nothing|a word|half the token) in the token's place$`, w.theClientOpensWith)
	d.When(`^the connector sends its certificate request( on one line)?$`, w.theWireClientSends)
	d.When(`^the connector sends (a certificate request for another name|a certificate request for another country|half a certificate request|a text that is not base64)$`, w.theWireClientSendsBad)
	d.When(`^the connector asks for the management info$`, w.theWireClientAsks)
	d.When(`^the connector asks for the management info without its certificate$`, w.theWireClientAsksWithout)
	d.When(`^the connector registers a service$`, w.theWireClientRegisters)
	d.When(`^the connector deletes the service$`, w.theWireClientDeletes)
	d.When(`^the connector renews its certificate$`, w.theWireClientRenews)

	d.Then(`^it is answered with status (\d+)( and an error)?$`, w.itIsAnsweredWith)
	d.Then(`^it is told addresses for its certificate request, the management info, its services and its events$`, w.itIsToldAddresses)
	d.Then(`^the address for its certificate request holds another token$`, w.theAddressHoldsAnotherToken)
	d.Then(`^it is told a subject of six attributes without blanks, and a key of RSA$`, w.itIsToldASubject)
	d.Then(`^it gets a certificate for its key and subject, which the CA in the answer has signed$`, w.itGetsACertificate)
	d.Then(`^it is told addresses for its services, its events, renewal and revocation, by both names of the latter$`, w.itIsToldManagement)
	d.Then(`^the service is listed$`, w.theServiceIsListed)
	d.Then(`^no answer tells it anything$`, w.noAnswerTellsAnything)
	d.Then(`^the renewed certificate opens the management info$`, w.theRenewedCertificateOpens)
}

// wire is a connector on its way, which goes by what it was answered.
type wire struct {
	tokenURL string // a secret
	info     wireInfo
	manage   wireManagement
	key      *rsa.PrivateKey
	own      tls.Certificate
	service  string
	answer   wireAnswer // the latest
	// odd are the answers that the connector looked at closely, refused what it sent
	// with the last of them.
	odd     []odd
	refused members
	secured *tls.Config // of its own connections
}

type wireAnswer struct {
	method, path string // of the call, without query
	status       int
	header       http.Header
	body         []byte
	err          error // no answer came
}

type wireInfo struct {
	CSRURL string `json:"csrUrl"`
	API    struct {
		InfoURL         string `json:"infoUrl"`
		MetadataURL     string `json:"metadataUrl"`
		EventsURL       string `json:"eventsUrl"`
		CertificatesURL string `json:"certificatesUrl"`
	} `json:"api"`
	Certificate struct {
		Subject      string `json:"subject"`
		KeyAlgorithm string `json:"key-algorithm"`
	} `json:"certificate"`
}

type wireManagement struct {
	ClientIdentity struct {
		Application string `json:"application"`
	} `json:"clientIdentity"`
	URLs struct {
		EventsURL         string `json:"eventsUrl"`
		MetadataURL       string `json:"metadataUrl"`
		RenewCertURL      string `json:"renewCertUrl"`
		RevokeCertURL     string `json:"revokeCertUrl"`
		RevocationCertURL string `json:"revocationCertUrl"`
	} `json:"urls"`
}

// having is a Given of what a When does: it wants the status.
func (w *world) having(do func(context.Context) error, status int) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := do(ctx); err != nil {
			return err
		}
		return w.itIsAnsweredWith(status, "")
	}
}

// theTokenURLOfASystem takes one of the landscape's own or, where the cockpit is
// there, registers a system for one.
func (w *world) theTokenURLOfASystem(ctx context.Context) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	if source, ok := w.landscape.(TokenSource); ok {
		text, err := source.TokenURL(ctx)
		w.wire = &wire{tokenURL: text}
		return err
	}
	if err := w.theOperatorHasRegistered(ctx, "SAP Commerce Cloud", "Wire "+rand.Text()); err != nil {
		return err
	}
	if err := w.theOperatorHasGotItsToken(ctx); err != nil {
		return err
	}
	token, err := w.newest(w.present)
	w.wire = &wire{tokenURL: token.TokenURL}
	return err
}

const maxWireAnswer = 1 << 20 // bytes

// call makes a call with the client's certificate, if it has one, and notes the
// answer. body is JSON; nil for none.
func (w *world) call(ctx context.Context, method, address string, body any, own tls.Certificate) error {
	if w.wire == nil {
		return errors.New("the scenario has no token URL")
	}
	target, err := url.Parse(address)
	if err != nil || target.Host == "" {
		return errors.New("the registry named no usable address for this")
	}
	a := wireAnswer{method: method, path: target.Path}
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, sent)
	if err != nil {
		return errors.New("the registry named no usable address for this")
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	var certificates []tls.Certificate
	if own.PrivateKey != nil {
		certificates = append(certificates, own)
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: w.landscape.TLS(certificates...), DisableKeepAlives: true}
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	defer func() {
		if watching, ok := w.landscape.(Watching); ok {
			watching.Called(method, target.Path, w.wire.answer.status, w.wire.answer.err)
		}
	}()
	if err != nil {
		var wrapped *url.Error // which names the address
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		a.err = fmt.Errorf("%s %s got no answer: %w", method, target.Path, err)
		w.wire.answer = a
		return nil
	}
	defer response.Body.Close()
	a.status, a.header = response.StatusCode, response.Header
	if a.body, err = io.ReadAll(io.LimitReader(response.Body, maxWireAnswer)); err != nil {
		a.err = fmt.Errorf("%s %s: the answer broke off: %w", method, target.Path, err)
	}
	w.wire.answer = a
	return nil
}

// read takes the answer apart.
func (a wireAnswer) read(into any) error {
	if a.err != nil {
		return a.err
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return fmt.Errorf("%s %s: the answer is no JSON of the kind that is wanted: %w", a.method, a.path, err)
	}
	return nil
}

func (w *world) itIsAnsweredWith(status int, andAnError string) error {
	if w.wire == nil || w.wire.answer.method == "" {
		return errors.New("the client has asked for nothing yet")
	}
	a := w.wire.answer
	if a.err != nil {
		return a.err
	}
	if a.status != status {
		return fmt.Errorf("%s %s: got status %d, want %d", a.method, a.path, a.status, status)
	}
	if andAnError == "" {
		return nil
	}
	var refusal struct {
		Code  int    `json:"code"`
		Error string `json:"error"`
	}
	if err := a.read(&refusal); err != nil {
		return err
	}
	if refusal.Error == "" || refusal.Code != status {
		return fmt.Errorf("%s %s: the body has code %d and error %.80q, want code %d and a text", a.method, a.path, refusal.Code, refusal.Error, status)
	}
	return nil
}

func (w *world) theClientOpens(ctx context.Context) error {
	if err := w.call(ctx, http.MethodGet, w.wire.tokenURL, nil, tls.Certificate{}); err != nil {
		return err
	}
	if w.wire.answer.status != http.StatusOK {
		return nil
	}
	return w.wire.answer.read(&w.wire.info)
}

func (w *world) theClientOpensWith(ctx context.Context, what string) error {
	target, err := url.Parse(w.wire.tokenURL)
	if err != nil {
		return errors.New("the token URL is none")
	}
	query := target.Query()
	real := query.Get("token")
	switch what {
	case "nothing":
		query.Del("token")
	case "a word":
		query.Set("token", "sesame")
	default:
		query.Set("token", real[:len(real)/2])
	}
	target.RawQuery = query.Encode()
	return w.call(ctx, http.MethodGet, target.String(), nil, tls.Certificate{})
}

func (w *world) itIsToldAddresses() error {
	i := w.wire.info
	return absolute(map[string]string{
		"csrUrl": i.CSRURL, "api.infoUrl": i.API.InfoURL, "api.metadataUrl": i.API.MetadataURL, "api.eventsUrl": i.API.EventsURL,
		"api.certificatesUrl": i.API.CertificatesURL,
	})
}

func absolute(addresses map[string]string) error {
	for name, text := range addresses {
		if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("%s is no absolute http or https URL", name)
		}
	}
	return nil
}

func (w *world) theAddressHoldsAnotherToken() error {
	address, err := url.Parse(w.wire.info.CSRURL)
	if err != nil {
		return errors.New("csrUrl is no URL")
	}
	first, err := url.Parse(w.wire.tokenURL)
	if err != nil {
		return errors.New("the token URL is none")
	}
	if second := address.Query().Get("token"); second == "" || second == first.Query().Get("token") {
		return errors.New("csrUrl holds no token, or the same")
	}
	return nil
}

// itIsToldASubject wants the six attributes in either of the orders that there were.
func (w *world) itIsToldASubject() error {
	subject := w.wire.info.Certificate.Subject
	var names []string
	for part := range strings.SplitSeq(subject, ",") {
		name, value, ok := strings.Cut(part, "=")
		if !ok || value == "" || strings.TrimSpace(part) != part {
			return fmt.Errorf("the subject %.200q has a part that is not NAME=value", subject)
		}
		names = append(names, name)
	}
	if order := strings.Join(names, ","); order != "O,OU,L,ST,C,CN" && order != "OU,O,L,ST,C,CN" {
		return fmt.Errorf("the subject has %s, want O,OU,L,ST,C,CN", order)
	}
	if kind := w.wire.info.Certificate.KeyAlgorithm; !strings.HasPrefix(kind, "rsa") {
		return fmt.Errorf("key-algorithm is %.40q, want rsa and a number of bits", kind)
	}
	return nil
}

// sharedKey is one for the connectors of all scenarios: making one takes longer than a
// scenario.
var sharedKey = sync.OnceValues(newRSAKey)

func newRSAKey() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }

// request makes a certificate request for a key that the connector has from then on. A
// foreign registry may want that of each connector to be another.
func (w *world) request(change func(*pkix.Name)) ([]byte, error) {
	if w.wire.key == nil {
		make := sharedKey
		if _, foreign := w.landscape.(TokenSource); foreign {
			make = newRSAKey
		}
		key, err := make()
		if err != nil {
			return nil, err
		}
		w.wire.key = key
	}
	name, err := subjectOf(w.wire.info.Certificate.Subject)
	if err != nil {
		return nil, err
	}
	change(&name)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: name}, w.wire.key)
	return der, err
}

func same(*pkix.Name) {}

func (w *world) theWireClientCertifies(ctx context.Context) error {
	return w.theWireClientSends(ctx, "")
}

func (w *world) theWireClientSends(ctx context.Context, asOneLine string) error {
	der, err := w.request(same)
	if err != nil {
		return err
	}
	encoded := base64.StdEncoding.EncodeToString(pemOf(der))
	if asOneLine != "" {
		encoded = onOneLine(der)
	}
	return w.sendRequest(ctx, w.wire.info.CSRURL, encoded, tls.Certificate{})
}

func (w *world) theWireClientSendsBad(ctx context.Context, what string) error {
	change := same
	switch what {
	case "a certificate request for another name":
		change = func(n *pkix.Name) { n.CommonName = "another" }
	case "a certificate request for another country":
		change = func(n *pkix.Name) { n.Country = []string{"XX"} }
	}
	der, err := w.request(change)
	if err != nil {
		return err
	}
	text := pemOf(der)
	encoded := base64.StdEncoding.EncodeToString(text)
	switch what {
	case "half a certificate request":
		encoded = base64.StdEncoding.EncodeToString(text[:len(text)/2])
	case "a text that is not base64":
		encoded = "!" + encoded
	}
	return w.sendRequest(ctx, w.wire.info.CSRURL, encoded, tls.Certificate{})
}

// sendRequest sends a certificate request, and takes the certificate of an answer
// that has one.
func (w *world) sendRequest(ctx context.Context, address, encoded string, own tls.Certificate) error {
	if err := w.call(ctx, http.MethodPost, address, map[string]string{"csr": encoded}, own); err != nil {
		return err
	}
	if w.wire.answer.status != http.StatusCreated {
		return nil
	}
	var got struct{ Crt string }
	if err := w.wire.answer.read(&got); err != nil {
		return err
	}
	chain, err := chainOf(got.Crt)
	if err != nil {
		return err
	}
	w.wire.own = tls.Certificate{Certificate: chain, PrivateKey: w.wire.key}
	return nil
}

func (w *world) itGetsACertificate() error {
	var got struct{ Crt, ClientCrt, CaCrt string }
	if err := w.wire.answer.read(&got); err != nil {
		return err
	}
	var chains [3][]*x509.Certificate
	for i, text := range []string{got.Crt, got.ClientCrt, got.CaCrt} {
		ders, err := chainOf(text)
		if err != nil {
			return fmt.Errorf("%s: %w", []string{"crt", "clientCrt", "caCrt"}[i], err)
		}
		for _, der := range ders {
			c, err := x509.ParseCertificate(der)
			if err != nil {
				return err
			}
			chains[i] = append(chains[i], c)
		}
	}
	leaf, roots := chains[1][0], x509.NewCertPool()
	for _, ca := range chains[2] {
		roots.AddCert(ca)
	}
	others := x509.NewCertPool()
	for _, c := range chains[0][1:] {
		others.AddCert(c)
	}
	want, err := subjectOf(w.wire.info.Certificate.Subject)
	switch {
	case err != nil:
		return err
	case !chains[0][0].Equal(leaf):
		return errors.New("crt does not begin with clientCrt")
	case len(chains[0]) < 2:
		return errors.New("crt holds the client's certificate alone, want the CA's behind it")
	case !w.wire.key.PublicKey.Equal(leaf.PublicKey):
		return errors.New("the certificate is for another key")
	case leaf.Subject.CommonName != want.CommonName || !slices.Equal(leaf.Subject.Organization, want.Organization):
		return fmt.Errorf("the certificate's subject is %.200q, want %.200q", leaf.Subject, w.wire.info.Certificate.Subject)
	}
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: others, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, CurrentTime: leaf.NotBefore,
	})
	if err != nil {
		return fmt.Errorf("the CA in the answer has not signed the certificate for a client: %w", err)
	}
	return nil
}

func (w *world) theWireClientPairs(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		w.having(w.theClientOpens, http.StatusOK), w.having(w.theWireClientCertifies, http.StatusCreated),
		w.having(w.theWireClientAsks, http.StatusOK),
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) theWireClientAsks(ctx context.Context) error {
	if err := w.call(ctx, http.MethodGet, w.wire.info.API.InfoURL, nil, w.wire.own); err != nil {
		return err
	}
	if w.wire.answer.status != http.StatusOK {
		return nil
	}
	return w.wire.answer.read(&w.wire.manage)
}

func (w *world) itIsToldManagement() error {
	m := w.wire.manage.URLs
	if m.RevokeCertURL != m.RevocationCertURL {
		return errors.New("revokeCertUrl and revocationCertUrl differ; clients read the one or the other")
	}
	if w.wire.manage.ClientIdentity.Application == "" {
		return errors.New("clientIdentity names no application")
	}
	return absolute(map[string]string{
		"urls.metadataUrl": m.MetadataURL, "urls.eventsUrl": m.EventsURL, "urls.renewCertUrl": m.RenewCertURL, "urls.revokeCertUrl": m.RevokeCertURL,
	})
}

func (w *world) theWireClientAsksWithout(ctx context.Context) error {
	return w.call(ctx, http.MethodGet, w.wire.info.API.InfoURL, nil, tls.Certificate{})
}

// noAnswerTellsAnything lets the handshake fail, or the call be refused.
func (w *world) noAnswerTellsAnything() error {
	if a := w.wire.answer; a.err == nil && a.status != http.StatusForbidden && a.status != http.StatusUnauthorized && a.status != http.StatusBadRequest {
		return fmt.Errorf("%s %s without a certificate: got status %d, want none, or a refusal", a.method, a.path, a.status)
	}
	return nil
}

func (w *world) theWireClientRegisters(ctx context.Context) error {
	err := w.call(ctx, http.MethodPost, w.wire.manage.URLs.MetadataURL, map[string]any{
		"provider": "pairsim", "name": "Wire", "description": "made by a test", "api": map[string]any{"targetUrl": "http://127.0.0.1:9/"},
	}, w.wire.own)
	if err != nil || w.wire.answer.status != http.StatusOK {
		return err
	}
	var made struct{ ID string }
	if err := w.wire.answer.read(&made); err != nil {
		return err
	}
	w.wire.service = made.ID
	return nil
}

func (w *world) theServiceIsListed(ctx context.Context) error {
	if err := w.call(ctx, http.MethodGet, w.wire.manage.URLs.MetadataURL, nil, w.wire.own); err != nil {
		return err
	}
	var list []struct{ ID, Name string }
	if err := w.wire.answer.read(&list); err != nil {
		return err
	}
	for _, one := range list {
		if one.ID == w.wire.service && w.wire.service != "" {
			return nil
		}
	}
	return fmt.Errorf("the service %q is not among the %d that are listed", w.wire.service, len(list))
}

func (w *world) theWireClientDeletes(ctx context.Context) error {
	return w.call(ctx, http.MethodDelete, strings.TrimRight(w.wire.manage.URLs.MetadataURL, "/")+"/"+url.PathEscape(w.wire.service), nil, w.wire.own)
}

func (w *world) theWireClientRenews(ctx context.Context) error {
	der, err := w.request(same)
	if err != nil {
		return err
	}
	return w.sendRequest(ctx, w.wire.manage.URLs.RenewCertURL, base64.StdEncoding.EncodeToString(pemOf(der)), w.wire.own)
}

func (w *world) theWireClientRevokes(ctx context.Context) error {
	return w.call(ctx, http.MethodPost, w.wire.manage.URLs.RevokeCertURL, nil, w.wire.own)
}

func (w *world) theRenewedCertificateOpens(ctx context.Context) error {
	if err := w.theWireClientAsks(ctx); err != nil {
		return err
	}
	return w.itIsAnsweredWith(http.StatusOK, "")
}
