package tenant

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

const (
	infoTries     = 10 // of management info (pairing-protocols §1.9)
	reportTimeout = 10 * time.Second
)

// run carries one row to its end. Its own goroutine, which whoever asked for it may
// leave: it lasts as long as the tenant, and has only values of asked, such as its trace.
func (t *Tenant) run(asked context.Context, r *row, tokenText string) {
	defer t.running.Done()
	ctx, cancel := context.WithCancel(context.WithoutCancel(asked))
	defer cancel()
	defer context.AfterFunc(t.life, cancel)()
	a := &attempt{t: t, row: r, connector: t.connector.Traced(t.journal(r))}
	err := a.pair(ctx, tokenText)
	if err != nil && t.life.Err() != nil {
		err = errInterrupted
	}
	if err != nil {
		a.report(ctx, err)
	}
	t.mu.Lock()
	a.end(err)
	t.busy, t.engaged = "", nil
	ended := r.snapshot()
	t.mu.Unlock()
	if err := t.save(context.Background()); err != nil {
		t.cfg.Logger.Error("pairing not saved", "pairing", ended.ID, "error", err)
	}
	t.cfg.Logger.Info("pairing ended", "pairing", ended.ID, "system", ended.SystemID,
		"status", ended.Status.Code, "reason", ended.Reason, "cause", ended.Cause)
	close(r.done)
}

// attempt is one pairing on its way.
type attempt struct {
	t         *Tenant
	row       *row
	connector *btpclient.Connector
	edition   string
	presented bool               // the connector has seen the token
	followUp  string             // from acceptance on
	session   *btpclient.Session // from the certificate on
	infoURL   string
	metadata  string
}

// pair goes through the steps of a pairing (pairing-protocols §1.9, design §4).
func (a *attempt) pair(ctx context.Context, tokenText string) error {
	jws, err := a.verify(ctx, tokenText)
	if err != nil {
		return err
	}
	a.presented = true
	info, err := a.connector.SigningRequestInfo(ctx, jws, a.t.cfg.Product.SystemType, a.t.cfg.ID)
	a.followUp, a.infoURL = info.FollowUpToken(), info.API.InfoURL
	if err != nil {
		return err
	}
	if err := a.certify(ctx, info); err != nil {
		return err
	}
	if err := a.identify(ctx); err != nil {
		return err
	}
	if err := a.t.publish(ctx, a.session, a.metadata); err != nil {
		return err
	}
	if err := a.t.put(ctx, a.session, a.metadata, a.row.Connection); err != nil {
		return err
	}
	a.t.mu.Lock()
	a.row.Callback, a.row.Base = a.t.callback(), a.t.base
	a.t.mu.Unlock()
	return nil
}

// descriptor is what t says of itself (design §4 descriptor), and when it wants to
// renew the certificate of c or has something to send.
func (t *Tenant) descriptor(c *connection) btpclient.Descriptor {
	t.mu.Lock()
	defer t.mu.Unlock()
	return btpclient.Descriptor{
		TenantID: t.cfg.ID, URL: t.base, CallbackURL: t.callback(), CommunicationScenarios: t.enabledScenarios(), WakeAt: t.nextWake(c),
	}
}

func (t *Tenant) callback() string { return t.facing + "/callback" }

// verify checks the token with the registry's published keys and time, before
// anything is sent to the connector.
func (a *attempt) verify(ctx context.Context, tokenText string) (string, error) {
	jws, err := ParseToken(tokenText)
	if err != nil {
		return "", err
	}
	conf, err := a.connector.Configuration(ctx)
	if err != nil {
		return "", err
	}
	a.edition = conf.Edition
	keys, err := a.connector.JWKS(ctx, conf)
	if err != nil {
		return "", err
	}
	claims, err := verifyToken(jws, keys, conf.Issuer, a.t.cfg.Product.SystemType, a.t.now())
	if err != nil {
		return "", err
	}
	a.t.mu.Lock()
	a.row.SystemID = clip(claims.Subject, maxSystemID)
	a.t.mu.Unlock()
	return jws, nil
}

// certify has a key of our own certified for the subject that info gives.
func (a *attempt) certify(ctx context.Context, info btpclient.Info) error {
	subject, err := parseSubject(info.Certificate.Subject)
	if err != nil {
		return err
	}
	a.t.mu.Lock()
	a.row.ApplicationName = subject.CommonName
	a.t.mu.Unlock()
	conn, leaf, err := a.t.certified(ctx, &x509.CertificateRequest{Subject: subject}, a.infoURL,
		func(csr []byte) (btpclient.Certificate, error) { return a.connector.Sign(ctx, info.CSRURL, csr) })
	if err != nil {
		return err
	}
	session, err := a.t.adopt(a.row, conn, leaf)
	if err != nil {
		return err
	}
	a.session = session.Traced(a.t.journal(a.row))
	return nil
}

// certified makes a key and a CSR, has it signed, and checks the answer.
func (t *Tenant) certified(ctx context.Context, request *x509.CertificateRequest, infoURL string, sign func(csr []byte) (btpclient.Certificate, error)) (*connection, *x509.Certificate, error) {
	key, err := t.cfg.Keys(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("own key: %w", err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, request, key)
	if err != nil {
		return nil, nil, fmt.Errorf("certificate request: %w", err)
	}
	cert, err := sign(csr)
	if err != nil {
		return nil, nil, err
	}
	return newConnection(key, cert, infoURL)
}

// adopt makes conn the identity of r. It is kept with the next save: during a
// pairing at its end, as a row that was interrupted has no use for it.
func (t *Tenant) adopt(r *row, conn *connection, leaf *x509.Certificate) (*btpclient.Session, error) {
	cert, err := conn.tls()
	if err != nil {
		return nil, err
	}
	session := t.connector.Authenticated(cert)
	t.mu.Lock()
	old := r.session
	r.Connection, r.session, r.Certificate, r.settled = conn, session, describe(leaf), nil
	t.mu.Unlock()
	if old != nil {
		old.Close()
	}
	return session, nil
}

// identify reads management info, again while the registry cannot answer, and
// takes the URLs from it: those of info are provisional (pairing-protocols §1.4).
func (a *attempt) identify(ctx context.Context) error {
	for try := 1; ; try++ {
		info, err := a.session.ManagementInfo(ctx, a.infoURL)
		if err == nil {
			a.metadata = info.URLs.MetadataURL
			a.t.mu.Lock()
			defer a.t.mu.Unlock()
			a.row.Connection.URLs = info.URLs
			if name := info.ClientIdentity.Application; name != "" {
				a.row.ApplicationName = clip(name, 100)
			}
			return nil
		}
		if try == infoTries || !transient(err) {
			return err
		}
		if err := a.t.cfg.Pause(ctx, try); err != nil {
			return err
		}
	}
}

func transient(err error) bool {
	var refused *btpclient.RefusedError
	var unreachable *btpclient.UnreachableError
	return errors.As(err, &refused) && refused.Status >= 500 || errors.As(err, &unreachable)
}

// publish registers the product's APIs and events: those that the registry has
// by our identifier are replaced (pairing-protocols §3.4).
func (t *Tenant) publish(ctx context.Context, session *btpclient.Session, metadataURL string) error {
	there, err := session.Services(ctx, metadataURL)
	if err != nil {
		return err
	}
	ids := map[string]string{}
	for _, s := range there {
		ids[s.Identifier] = s.ID
	}
	for _, s := range t.cfg.Product.services(t.base, t.facing, t.state.Credentials) {
		if id := ids[s.Identifier]; id != "" {
			err = session.UpdateService(ctx, metadataURL, id, s)
		} else {
			_, err = session.CreateService(ctx, metadataURL, s)
		}
		if err != nil {
			return fmt.Errorf("service %q: %w", s.Name, err)
		}
	}
	return nil
}

// report tells the registry that an accepted pairing failed, with the
// certificate or, before there is one, the follow-up token. An interrupted one
// is not reported: its attempt ends at its deadline (design §4, abandoned).
func (a *attempt) report(ctx context.Context, cause error) {
	if errors.Is(cause, errInterrupted) || a.session == nil && a.followUp == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	var err error
	if text := clip(cause.Error(), 500); a.session != nil {
		err = a.session.ReportPairingFailure(ctx, a.infoURL, text)
	} else {
		err = a.connector.ReportPairingFailure(ctx, a.followUp, text)
	}
	if err != nil {
		a.t.cfg.Logger.Warn("failure not reported", "pairing", a.row.ID, "error", err)
	}
}

// end writes the outcome into the row. The caller holds t.mu.
func (a *attempt) end(err error) {
	r, t := a.row, a.t
	r.UpdatedAt = t.now()
	if err == nil {
		t.move(r, succeed)
		return
	}
	if errors.Is(err, errInterrupted) {
		t.interrupt(r)
	} else {
		t.move(r, giveUp)
		r.Cause, r.Reason, r.Next = a.explain(err)
		r.Next = t.deleteFirst(r) + r.Next
	}
	r.disconnect() // its key is of no more use
}

// refusals says in the admin's words why the connector refused a token.
var refusals = map[string]string{
	"token-used":    "The integration token has already been used: it pairs one system, once.",
	"token-void":    "The integration token is void: a newer one has taken its place.",
	"token-expired": "The integration token has expired.",
	"token-unknown": "The system of the integration token is no longer in the system landscape.",
}

// explain turns an error into cause, reason and next of a row.
func (a *attempt) explain(err error) (cause, reason, next string) {
	next = a.t.freshToken(a.edition)
	if !a.presented {
		next = "Check the registry and this tenant's registry URL; then enter the same token again in a new " + a.t.cfg.Product.Console.Row + "."
	}
	var token *tokenError
	var refused *btpclient.RefusedError
	var unreachable *btpclient.UnreachableError
	var foreign *btpclient.ForeignHostError
	switch {
	case errors.As(err, &token) && token.fresh:
		return token.cause, token.reason, a.t.freshToken(a.edition)
	case errors.As(err, &token):
		return token.cause, token.reason, token.next
	case errors.As(err, &refused):
		if known := refusals[refused.Reason]; known != "" && a.followUp == "" {
			return known, refused.Reason, next
		}
		return "The registry refused: " + err.Error() + ".", refused.Reason, next
	case errors.As(err, &foreign):
		return "The registry named a foreign address: " + err.Error() + ".", "registry-foreign-url", next
	case errors.As(err, &unreachable):
		return "The registry cannot be reached: " + err.Error() + ".", string(registryUnreachable), next
	}
	return "The pairing failed: " + err.Error() + ".", "", next
}

// subjectOf asks for the very subject of a certificate in use.
func subjectOf(leaf *x509.Certificate) *x509.CertificateRequest {
	return &x509.CertificateRequest{RawSubject: leaf.RawSubject, Subject: pkix.Name{}}
}
