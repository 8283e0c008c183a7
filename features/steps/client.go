package steps

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/pairsim/pairsim/btpclient"
)

// clientSteps are what a vendor's client does that knows the connector's wire and
// nothing of ours: it announces no product and sends no descriptor.
func (w *world) clientSteps(d definitions) {
	d.Given(`^a client has presented the token of "([^"]*)"(?: and vanished)?$`, w.aClientHasPresented)
	d.Given(`^a client has exchanged the token of "([^"]*)" for a certificate$`, w.aClientHasExchanged)
	d.Given(`^a client has paired with the token of "([^"]*)"$`, w.aClientPairs)
	d.Given(`^the pairing of "([^"]*)" has failed$`, w.thePairingHasFailed)
	d.Given(`^a client has paired with the token of one of them$`, w.aClientHasPairedWithOne)
	d.Given(`^the client has reported that the pairing failed because "([^"]*)"$`, w.theClientHasReported)

	d.When(`^a client presents the token of "([^"]*)"$`, w.aClientPresents)
	d.When(`^a client presents the first token of "([^"]*)"$`, w.aClientPresentsFirst)
	d.When(`^a client of (.+) presents the token of "([^"]*)"$`, w.aClientOfPresents)
	d.When(`^a client presents a token that is (.+)$`, w.aClientPresentsForged)
	d.When(`^(\d+) clients present the token of "([^"]*)" at the same moment$`, w.clientsPresent)
	d.When(`^a client exchanges the token of "([^"]*)" for a certificate$`, w.aClientExchanges)
	d.When(`^the client reports that the pairing failed because "([^"]*)"$`, w.theClientReports)
	d.When(`^the client makes its first call$`, w.theClientCalls)
	d.When(`^the client calls the registry$`, w.theClientCalls)

	d.Then(`^a client pairs with the token of "([^"]*)"$`, w.aClientPairs)
	d.Then(`^the client is answered$`, w.theClientIsAnswered)
	d.Then(`^the client is refused because of "([^"]*)"$`, w.theClientIsRefused)
	d.Then(`^exactly one of them is accepted$`, w.exactlyOneIsAccepted)
	d.Then(`^the others are refused because of "([^"]*)"$`, w.theOthersAreRefused)
}

// client is a vendor's client on its way through a pairing.
type client struct {
	connector *btpclient.Connector
	web       *http.Client
	system    string // the name of the one that it pairs as
	info      btpclient.Info
	own       tls.Certificate // empty until one was issued
	session   *btpclient.Session
	told      atomic.Int32 // how often its callback was called
}

// connector is the registry, asked over TLS as the products do.
func (w *world) connector() (*btpclient.Connector, error) {
	c, err := btpclient.New(btpclient.Config{
		RegistryURL: w.landscape.MTLS(), RegistryMTLSURL: w.landscape.MTLS(), RootCAs: w.landscape.TLS().RootCAs,
	})
	if err == nil {
		w.onClose(func() error { c.Close(); return nil })
	}
	return c, err
}

// newClient makes the client that the scenario speaks of from now on.
func (w *world) newClient(ctx context.Context) (*client, error) {
	if err := w.open(ctx); err != nil {
		return nil, err
	}
	connector, err := w.connector()
	if err != nil {
		return nil, err
	}
	w.client = &client{connector: connector, web: w.web}
	w.client.info.API.InfoURL = w.landscape.MTLS() + "/v1/applications/management/info"
	w.client.present(tls.Certificate{}) // none
	w.onClose(w.client.close)
	return w.client, nil
}

// theClient is the one that the scenario spoke of last.
func (w *world) theClient() (*client, error) {
	if w.client == nil {
		return nil, errors.New("the scenario has spoken of no client")
	}
	return w.client, nil
}

// present makes the client show this certificate from now on.
func (c *client) present(own tls.Certificate) {
	_ = c.close()
	c.own, c.session = own, c.connector.Authenticated(own)
}

func (c *client) close() error {
	if c.session != nil {
		c.session.Close()
	}
	return nil
}

// redeem presents an integration token. product is what the client says that it
// is; a vendor's client says nothing.
func (c *client) redeem(ctx context.Context, token, product string) error {
	info, err := c.connector.SigningRequestInfo(ctx, token, product, "")
	if err == nil {
		c.info = info
	}
	return err
}

// certify sends a certificate request and shows the certificate from then on.
func (c *client) certify(ctx context.Context, kind string) error {
	how := requests[kind]
	der, key, err := how.sign(c.info.Certificate.Subject)
	if err != nil {
		return fmt.Errorf("make a certificate request: %w", err)
	}
	chain, err := c.send(ctx, c.info.CSRURL, how.encode(der))
	if err == nil {
		c.present(tls.Certificate{Certificate: chain, PrivateKey: key})
	}
	return err
}

// send posts the text of a certificate request, broken ones too, and returns the
// chain of the certificate.
func (c *client) send(ctx context.Context, target, request string) ([][]byte, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, errors.New("the registry named no usable address for certificate requests")
	}
	body, err := json.Marshal(map[string]string{"csr": request})
	if err != nil {
		return nil, err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the registry named no usable address for certificate requests")
	}
	post.Header.Set("Content-Type", "application/json")
	res, err := c.web.Do(post)
	if err != nil {
		return nil, fmt.Errorf("the certificate request got no answer: %w", errors.Unwrap(err)) // which leaves out the address
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		return nil, &btpclient.RefusedError{
			Status: res.StatusCode, Reason: res.Header.Get("Pairsim-Reason"), Method: http.MethodPost, Path: u.Path,
			Rule: res.Header.Get("Pairsim-Strict"),
		}
	}
	const most = 1 << 20
	var answer struct{ Crt string }
	if err := json.NewDecoder(io.LimitReader(res.Body, most)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("the answer to the certificate request: %w", err)
	}
	return chainOf(answer.Crt)
}

// chainOf reads base64 of PEM.
func chainOf(text string) (chain [][]byte, err error) {
	rest, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("the certificate is not base64: %w", err)
	}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		chain = append(chain, block.Bytes)
	}
	if len(chain) == 0 {
		return nil, errors.New("the answer holds no certificate")
	}
	return chain, nil
}

// call makes the call that every client makes first.
func (c *client) call(ctx context.Context) (btpclient.ManagementInfo, error) {
	return c.session.ManagementInfo(ctx, c.info.API.InfoURL)
}

// leaf is the certificate that the client holds.
func (c *client) leaf() (*x509.Certificate, error) {
	if len(c.own.Certificate) == 0 {
		return nil, errors.New("the client holds no certificate, want one")
	}
	return x509.ParseCertificate(c.own.Certificate[0])
}

func (w *world) aClientHasPresented(ctx context.Context, name string) error {
	if err := w.aClientPresents(ctx, name); err != nil {
		return err
	}
	return w.called.err
}

func (w *world) aClientPresents(ctx context.Context, name string) error {
	return w.aClientOfPresents(ctx, "", name)
}

func (w *world) aClientOfPresents(ctx context.Context, product, name string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	token, err := w.newest(s)
	if err != nil {
		return err
	}
	c, err := w.newClient(ctx)
	if err != nil {
		return err
	}
	c.system = name
	w.called = ended(c.redeem(ctx, token.Token, product))
	return nil
}

func (w *world) aClientPresentsFirst(ctx context.Context, name string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	if len(s.tokens) < 2 {
		return fmt.Errorf("the operator has got %d tokens for %q, want a second one", len(s.tokens), name)
	}
	c, err := w.newClient(ctx)
	if err != nil {
		return err
	}
	w.called = ended(c.redeem(ctx, s.tokens[0].Token, ""))
	return nil
}

func (w *world) aClientPresentsForged(ctx context.Context, kind string) error {
	token, err := w.notOurs(ctx, kind)
	if err != nil {
		return err
	}
	c, err := w.newClient(ctx)
	if err != nil {
		return err
	}
	w.called = ended(c.redeem(ctx, token, ""))
	return nil
}

// clientsPresent lets every client connect first, so that they meet at the registry.
func (w *world) clientsPresent(ctx context.Context, n int, name string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	token, err := w.newest(s)
	if err != nil {
		return err
	}
	connectors := make([]*btpclient.Connector, n)
	for i := range connectors {
		if connectors[i], err = w.connector(); err != nil {
			return err
		}
		if _, err = connectors[i].Configuration(ctx); err != nil {
			return err
		}
	}
	requests := make([]func() error, n)
	for i, c := range connectors {
		requests[i] = func() error { _, err := c.SigningRequestInfo(ctx, token.Token, "", ""); return err }
	}
	w.atOnce(requests...)
	return nil
}

func (w *world) aClientHasExchanged(ctx context.Context, name string) error {
	if err := w.aClientExchanges(ctx, name); err != nil {
		return err
	}
	return w.called.err
}

func (w *world) aClientExchanges(ctx context.Context, name string) error {
	if err := w.aClientHasPresented(ctx, name); err != nil {
		return err
	}
	w.called = ended(w.client.certify(ctx, ""))
	return nil
}

// aClientPairs carries a pairing through to the first call, after which the
// system is Registered.
func (w *world) aClientPairs(ctx context.Context, name string) error {
	if err := w.aClientHasExchanged(ctx, name); err != nil {
		return err
	}
	if _, err := w.client.call(ctx); err != nil {
		return err
	}
	return w.theSystemIsShownAs(ctx, name, "Registered")
}

func (w *world) aClientHasPairedWithOne(ctx context.Context) error {
	if w.present == nil {
		return errors.New("the scenario has registered no system")
	}
	return w.aClientPairs(ctx, w.present.name)
}

func (w *world) theClientHasReported(ctx context.Context, cause string) error {
	if err := w.theClientReports(ctx, cause); err != nil {
		return err
	}
	return w.called.err
}

// thePairingHasFailed lets a client give up what it has begun.
func (w *world) thePairingHasFailed(ctx context.Context, name string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	w.present = s
	if err := w.theOperatorHasGotItsToken(ctx); err != nil {
		return err
	}
	if err := w.aClientHasPresented(ctx, name); err != nil {
		return err
	}
	return w.theClientHasReported(ctx, "the disk is full")
}

func (w *world) theClientReports(ctx context.Context, cause string) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	if len(c.own.Certificate) > 0 { // the follow-up token is spent
		err = c.session.ReportPairingFailure(ctx, c.info.API.InfoURL, cause)
	} else {
		err = c.connector.ReportPairingFailure(ctx, c.info.FollowUpToken(), cause)
	}
	w.called = ended(err)
	return nil
}

func (w *world) theClientCalls(ctx context.Context) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	_, err = c.call(ctx)
	w.called = ended(err)
	return nil
}

func (w *world) theClientIsAnswered() error { return w.called.accepted("the client") }

func (w *world) theClientIsRefused(reason string) error {
	return w.called.refusedBecauseOf("the client", reason)
}

func (w *world) exactlyOneIsAccepted() error {
	accepted := 0
	for _, err := range w.presented {
		if err == nil {
			accepted++
		}
	}
	if accepted != 1 {
		return fmt.Errorf("%d of %d were accepted, want exactly one", accepted, len(w.presented))
	}
	return nil
}

func (w *world) theOthersAreRefused(reason string) error {
	for _, err := range w.presented {
		if err == nil {
			continue
		}
		if err := refusedBecauseOf("one of the clients", err, reason); err != nil {
			return err
		}
	}
	return nil
}
