package naive

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
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Registry is where a connector pairs.
type Registry struct {
	// URL is the base of the TLS listener, CA the pool that its certificate is of.
	URL string
	CA  *x509.CertPool
	// Later lets five minutes pass on the registry's clock.
	Later func(context.Context) error
}

// Connector pairs as one system after another, the way that its habits are.
type Connector struct {
	at     Registry
	habits habits
	client *http.Client
	met    []string // the rules that had a hand in an answer
}

// habits are what a connector does the honest way or its own.
type habits struct {
	transport func(*tls.Config) http.RoundTripper
	read      func(*http.Response) ([]byte, error)
	// again says how long to wait before a call is made again that was answered
	// 503; an error gives up.
	again    func(*http.Response) (time.Duration, error)
	keys     func(ctx context.Context, c *Connector) (map[string]bool, error) // by kid
	readInfo func(body []byte) (info, error)
	before   func(ctx context.Context, c *Connector) error // its certificate request
	csrURL   func(c *Connector, i info) string
	chain    func(pem []byte) ([][]byte, error)
	urls     func(first, present urls) urls // of services and events
	// find finds the id of the i-th service that was registered in a list.
	find func(list []service, i int, identifier string) string
}

type info struct {
	CSRURL      string `json:"csrUrl"`
	API         urls   `json:"api"`
	Certificate struct {
		Subject    string `json:"subject"`
		Extensions string `json:"extensions"`
		Algorithm  string `json:"key-algorithm"`
	} `json:"certificate"`
}

type urls struct {
	EventsInfo   string `json:"eventsInfoUrl"`
	Events       string `json:"eventsUrl"`
	Metadata     string `json:"metadataUrl"`
	Info         string `json:"infoUrl"`
	Certificates string `json:"certificatesUrl"`
	Renew        string `json:"renewCertUrl"`
}

type service struct {
	ID          string          `json:"id,omitempty"`
	Provider    string          `json:"provider"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Identifier  string          `json:"identifier"`
	API         json.RawMessage `json:"api,omitempty"`
}

// Failure is a pairing that a connector could not complete.
type Failure struct {
	Step string
	Err  error
	// Rules had a hand in the answers that it had got by then.
	Rules []string
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s: %v (rules met: %s)", f.Step, f.Err, strings.Join(f.Rules, ", "))
}

func (f *Failure) Unwrap() error { return f.Err }

// honest are the habits that the documents ask for.
func honest() habits {
	return habits{
		transport: func(t *tls.Config) http.RoundTripper { return &http.Transport{TLSClientConfig: t} },
		read:      func(res *http.Response) ([]byte, error) { return io.ReadAll(io.LimitReader(res.Body, 1<<20)) },
		again:     retryAfter,
		keys:      func(ctx context.Context, c *Connector) (map[string]bool, error) { return c.keySet(ctx) },
		readInfo: func(body []byte) (i info, err error) {
			err = json.Unmarshal(body, &i)
			return i, err
		},
		before: func(context.Context, *Connector) error { return nil },
		csrURL: func(_ *Connector, i info) string { return i.CSRURL },
		chain:  everyCertificate,
		urls:   func(_, present urls) urls { return present },
		find: func(list []service, _ int, identifier string) string {
			i := slices.IndexFunc(list, func(s service) bool { return s.Identifier == identifier })
			if i < 0 {
				return ""
			}
			return list[i].ID
		},
	}
}

// retryAfter takes both forms, a date by the time that the answer tells.
func retryAfter(res *http.Response) (time.Duration, error) {
	text := res.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 8); err == nil {
		return time.Duration(seconds) * time.Second, nil
	}
	at, err := http.ParseTime(text)
	now, dateErr := http.ParseTime(res.Header.Get("Date"))
	return max(0, at.Sub(now)), errors.Join(err, dateErr)
}

// newConnector makes a connector with these habits.
func newConnector(at Registry, h habits) *Connector {
	c := &Connector{at: at, habits: h}
	c.client = &http.Client{Transport: h.transport(&tls.Config{RootCAs: at.CA, MinVersion: tls.VersionTLS12})}
	return c
}

// Close drops its connections.
func (c *Connector) Close() { c.client.CloseIdleConnections() }

// maxTries bounds how often a call is made that is put off.
const maxTries = 6

// call makes one call, again while the registry says when, and returns the body
// of an answer with the status wanted.
func (c *Connector) call(ctx context.Context, client *http.Client, method, target string, body any, want int) ([]byte, error) {
	raw := []byte(nil)
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	for try := 1; ; try++ {
		req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(raw))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		answer, err := c.habits.read(res)
		_ = res.Body.Close() // it was read
		c.meet(res.Header.Get("Pairsim-Strict-Rules"))
		switch {
		case err != nil:
			return nil, err
		case res.StatusCode == want:
			return answer, nil
		case res.StatusCode != http.StatusServiceUnavailable || try == maxTries:
			return nil, fmt.Errorf("%s answered %d: %.300s", method, res.StatusCode, answer)
		}
		wait, err := c.habits.again(res)
		if err != nil {
			return nil, fmt.Errorf("put off, Retry-After %q: %w", res.Header.Get("Retry-After"), err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}

func (c *Connector) meet(rules string) {
	for rule := range strings.SplitSeq(rules, ", ") {
		if rule != "" && !slices.Contains(c.met, rule) {
			c.met = append(c.met, rule)
		}
	}
}

func (c *Connector) callFor(ctx context.Context, client *http.Client, method, target string, body any, want int, into any) error {
	answer, err := c.call(ctx, client, method, target, body, want)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(answer, into)
}

// Pair pairs with an integration token: it checks the token's key, has a
// certificate signed, registers two services, sends an event and renews.
func (c *Connector) Pair(ctx context.Context, token string) error {
	p := &pairing{Connector: c, token: token}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"token", p.checkToken},
		{"info", p.present},
		{"certificate", p.certify},
		{"management info", p.identify},
		{"services", p.publish},
		{"event", p.send},
		{"renewal", p.renew},
	} {
		if err := step.do(ctx); err != nil {
			return &Failure{Step: step.name, Err: err, Rules: slices.Clone(c.met)}
		}
	}
	p.session.CloseIdleConnections()
	return nil
}

// pairing is one pairing on its way.
type pairing struct {
	*Connector
	token   string
	info    info
	managed urls // of management info
	key     *ecdsa.PrivateKey
	session *http.Client
}

// checkToken looks for the key that signed the token.
func (p *pairing) checkToken(ctx context.Context) error {
	header, _, _ := strings.Cut(p.token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil {
		return err
	}
	var h struct{ Kid string }
	if err := json.Unmarshal(raw, &h); err != nil {
		return err
	}
	keys, err := p.habits.keys(ctx, p.Connector)
	if err == nil && !keys[h.Kid] {
		err = fmt.Errorf("no key has the kid %s", h.Kid)
	}
	return err
}

func (c *Connector) keySet(ctx context.Context) (map[string]bool, error) {
	var conf struct {
		JWKS string `json:"jwks_uri"`
	}
	if err := c.callFor(ctx, c.client, http.MethodGet, c.at.URL+"/.well-known/pairsim-configuration", nil, http.StatusOK, &conf); err != nil {
		return nil, err
	}
	var set struct{ Keys []struct{ Kid string } }
	err := c.callFor(ctx, c.client, http.MethodGet, conf.JWKS, nil, http.StatusOK, &set)
	keys := map[string]bool{}
	for _, k := range set.Keys {
		keys[k.Kid] = true
	}
	return keys, err
}

func (p *pairing) present(ctx context.Context) error {
	target := p.at.URL + "/v1/applications/signingRequests/info?token=" + url.QueryEscape(p.token)
	body, err := p.call(ctx, p.client, http.MethodGet, target, nil, http.StatusOK)
	if err != nil {
		return err
	}
	p.info, err = p.habits.readInfo(body)
	return err
}

func (p *pairing) certify(ctx context.Context) error {
	if err := p.habits.before(ctx, p.Connector); err != nil {
		return err
	}
	return p.sign(ctx, p.client, p.habits.csrURL(p.Connector, p.info))
}

// sign has a new key certified.
func (p *pairing) sign(ctx context.Context, client *http.Client, target string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject(p.info.Certificate.Subject)}, key)
	if err != nil {
		return err
	}
	body := map[string]string{"csr": base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}))}
	var answer struct{ Crt string }
	if err := p.callFor(ctx, client, http.MethodPost, target, body, http.StatusCreated, &answer); err != nil {
		return err
	}
	text, err := base64.StdEncoding.DecodeString(answer.Crt)
	if err != nil {
		return err
	}
	chain, err := p.habits.chain(text)
	if err != nil {
		return err
	}
	p.key = key
	p.session = &http.Client{Transport: p.habits.transport(&tls.Config{
		RootCAs: p.at.CA, MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: chain, PrivateKey: key}},
	})}
	return nil
}

// subject reads O=…,OU=…,… as the vendor writes it.
func subject(text string) pkix.Name {
	var n pkix.Name
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "O":
			n.Organization = []string{value}
		case "OU":
			n.OrganizationalUnit = []string{value}
		case "L":
			n.Locality = []string{value}
		case "ST":
			n.Province = []string{value}
		case "C":
			n.Country = []string{value}
		case "CN":
			n.CommonName = value
		}
	}
	return n
}

func everyCertificate(text []byte) ([][]byte, error) {
	var chain [][]byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		chain = append(chain, block.Bytes)
	}
	if len(chain) == 0 {
		return nil, errors.New("no certificate")
	}
	return chain, nil
}

func (p *pairing) identify(ctx context.Context) error {
	var answer struct{ URLs urls }
	err := p.callFor(ctx, p.session, http.MethodGet, p.info.API.Info, nil, http.StatusOK, &answer)
	p.managed = answer.URLs
	return err
}

// publish registers two services, and replaces each by what it finds in the list.
func (p *pairing) publish(ctx context.Context) error {
	at := p.habits.urls(p.info.API, p.managed).Metadata
	services := []service{p.service("orders"), p.service("customers")}
	made := make([]string, len(services))
	for i, s := range services {
		var answer struct{ ID string }
		if err := p.callFor(ctx, p.session, http.MethodPost, at, s, http.StatusOK, &answer); err != nil {
			return err
		}
		made[i] = answer.ID
	}
	var list []service
	if err := p.callFor(ctx, p.session, http.MethodGet, at, nil, http.StatusOK, &list); err != nil {
		return err
	}
	for i, s := range services {
		if found := p.habits.find(list, i, s.Identifier); found != made[i] {
			return fmt.Errorf("would replace service %s, which is not %s", found, s.Identifier)
		}
		if err := p.callFor(ctx, p.session, http.MethodPut, at+"/"+made[i], s, http.StatusOK, nil); err != nil {
			return err
		}
	}
	return nil
}

func (p *pairing) service(name string) service {
	return service{
		Provider: "naive", Name: name, Description: "A service.", Identifier: name,
		API: json.RawMessage(`{"targetUrl":"https://shop.example.test/` + name + `","spec":{"openapi":"3.0.0"}}`),
	}
}

func (p *pairing) send(ctx context.Context) error {
	at := p.habits.urls(p.info.API, p.managed).Events
	return p.callFor(ctx, p.session, http.MethodPost, at, map[string]any{
		"event-type": "order.created", "event-type-version": "v1", "event-time": "2030-01-01T10:00:00Z", "data": map[string]string{"orderCode": "1"},
	}, http.StatusOK, nil)
}

func (p *pairing) renew(ctx context.Context) error {
	before := p.session
	defer before.CloseIdleConnections()
	return p.sign(ctx, before, p.managed.Renew)
}
