package steps

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
)

// certificateSteps are what a vendor's client does to get, use, renew and revoke
// its certificate.
func (w *world) certificateSteps(d definitions) {
	d.Given(`^the client has sent (\d+) bad certificate requests?$`, w.theClientHasSentBadRequests)
	d.Given(`^the client has sent its certificate request$`, w.theClientHasSentRequest)
	d.Given(`^the client has renewed its certificate$`, w.theClientHasRenewed)
	d.Given(`^the client has revoked its certificate$`, w.theClientHasRevoked)

	d.When(`^the client sends its certificate request$`, w.theClientSendsRequest)
	d.When(`^the client sends a certificate request with (.+)$`, w.theClientSendsRequestWith)
	d.When(`^the client sends (\d+) bad certificate requests$`, w.theClientSendsBadRequests)
	d.When(`^the client renews its certificate$`, w.theClientRenews)
	d.When(`^the client revokes its certificate$`, w.theClientRevokes)
	d.When(`^a client calls the registry without a certificate$`, w.aClientCallsWithout)
	d.When(`^a client calls the registry with a certificate that it made itself$`, w.aClientCallsWithOwn)
	d.When(`^the client asks for the services of "([^"]*)"$`, w.theClientAsksForServices)

	d.Then(`^the client holds a certificate$`, w.theClientHoldsCertificate)
}

func (w *world) theClientHasSentBadRequests(ctx context.Context, n int) error {
	if err := w.theClientSendsBadRequests(ctx, n); err != nil {
		return err
	}
	return w.theClientIsRefused("csr-subject-invalid")
}

func (w *world) theClientSendsBadRequests(ctx context.Context, n int) error {
	for range n {
		if err := w.theClientSendsRequestWith(ctx, badRequest); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) theClientHasSentRequest(ctx context.Context) error {
	if err := w.theClientSendsRequest(ctx); err != nil {
		return err
	}
	return w.called.err
}

func (w *world) theClientSendsRequest(ctx context.Context) error {
	return w.theClientSendsRequestWith(ctx, "")
}

func (w *world) theClientSendsRequestWith(ctx context.Context, kind string) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	if _, known := requests[kind]; !known {
		return fmt.Errorf("the steps know no certificate request with %s", kind)
	}
	w.called = ended(c.certify(ctx, kind))
	return nil
}

func (w *world) theClientHasRenewed(ctx context.Context) error {
	if err := w.theClientRenews(ctx); err != nil {
		return err
	}
	return w.called.err
}

func (w *world) theClientRenews(ctx context.Context) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	w.called = ended(c.renew(ctx))
	return nil
}

func (c *client) renew(ctx context.Context) error {
	info, err := c.call(ctx)
	if err != nil {
		return err
	}
	der, key, err := requests[""].sign(info.Certificate.Subject)
	if err != nil {
		return err
	}
	fresh, err := c.session.Renew(ctx, info.URLs.RenewCertURL, der)
	if err == nil {
		c.present(tls.Certificate{Certificate: fresh.Chain, PrivateKey: key})
	}
	return err
}

func (w *world) theClientHasRevoked(ctx context.Context) error {
	if err := w.theClientRevokes(ctx); err != nil {
		return err
	}
	return w.called.err
}

func (w *world) theClientRevokes(ctx context.Context) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	info, err := c.call(ctx)
	if err == nil {
		err = c.session.Revoke(ctx, info.URLs.Revocation())
	}
	w.called = ended(err)
	return nil
}

func (w *world) aClientCallsWithout(ctx context.Context) error {
	if _, err := w.newClient(ctx); err != nil {
		return err
	}
	return w.theClientCalls(ctx)
}

func (w *world) aClientCallsWithOwn(ctx context.Context) error {
	c, err := w.newClient(ctx)
	if err != nil {
		return err
	}
	clock, err := w.control.Clock(ctx)
	if err != nil {
		return err
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	subject, err := subjectOf("O=pairsim,OU=TEST,L=Walldorf,ST=Baden,C=DE,CN=mp-web-shop")
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: subject, NotBefore: clock.Now, NotAfter: clock.Now.Add(units["day"]),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	c.present(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
	return w.theClientCalls(ctx)
}

func (w *world) theClientAsksForServices(ctx context.Context, name string) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	s, err := w.look(ctx, name)
	if err != nil {
		return err
	}
	_, err = c.session.Services(ctx, w.landscape.MTLS()+"/"+s.ApplicationName+"/v1/metadata/services")
	w.called = ended(err)
	return nil
}

// theClientHoldsCertificate looks at the certificate itself and at what the
// cockpit says of it.
func (w *world) theClientHoldsCertificate(ctx context.Context) error {
	if err := w.called.accepted("the client"); err != nil {
		return err
	}
	leaf, err := w.client.leaf()
	if err != nil {
		return err
	}
	own, ok := w.client.own.PrivateKey.(crypto.Signer)
	if public, is := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !is || !public.Equal(own.Public()) {
		return errors.New("the certificate is for another key than the client's own")
	}
	s, err := w.look(ctx, w.client.system)
	if err != nil {
		return err
	}
	var shown []string
	for _, one := range s.Certificates {
		if one.State == "valid" && one.Serial == leaf.SerialNumber.Text(16) {
			return nil
		}
		shown = append(shown, one.Serial+" ("+one.State+")")
	}
	return fmt.Errorf("the system %q shows the certificates %q, want %s (valid) among them", s.Name, shown, leaf.SerialNumber.Text(16))
}
