package tenant

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/pattern"
)

// Renew exchanges the client certificate for a new one, with a new key and the
// same subject. A lost answer leaves the present certificate in use.
func (t *Tenant) Renew(ctx context.Context) (Pairing, error) {
	return t.upkeep("renewal", func(c *connected) error {
		info, err := c.session.ManagementInfo(ctx, c.infoURL)
		if err != nil {
			return err
		}
		leaf, err := x509.ParseCertificate(c.chain[0])
		if err != nil {
			return err
		}
		conn, fresh, err := t.certified(ctx, subjectOf(leaf), c.infoURL,
			func(csr []byte) (btpclient.Certificate, error) {
				return c.session.Renew(ctx, info.URLs.RenewCertURL, csr)
			})
		if err != nil {
			return err
		}
		conn.URLs = info.URLs
		session, err := t.adopt(c.row, conn, fresh)
		if err != nil {
			return err
		}
		if t.cfg.RenewsItself { // the next time, too
			if err := t.put(ctx, session.Traced(t.journal(c.row)), t.here(info.URLs.MetadataURL), conn); err != nil {
				t.cfg.Logger.Warn("the registry was not told of the next renewal", "error", err)
			}
		}
		return t.save(ctx)
	})
}

// renewal is when the certificate of c is renewed; zero where it cannot be told.
func (c *connection) renewal() time.Time {
	leaf, err := x509.ParseCertificate(c.Chain[0])
	if err != nil {
		return time.Time{}
	}
	return leaf.NotAfter.Add(-leaf.NotAfter.Sub(leaf.NotBefore) / 3).UTC()
}

// wake does what is to be done by now on the registry's clock. Whoever calls is
// not believed: the registry itself is asked for the time.
func (t *Tenant) wake(ctx context.Context) error {
	if _, err := t.connector.Traced(t.readClock).Configuration(ctx); err != nil {
		return registryError(err)
	}
	t.mu.Lock()
	r := t.connected()
	due := r != nil && t.cfg.RenewsItself && !r.Certificate.Revoked && !t.now().Before(r.Connection.renewal())
	if t.told != nil && !t.told.IsZero() && !t.now().Before(*t.told) {
		t.told = nil // the registry has woken t, and will not again by itself
	}
	t.mu.Unlock()
	var err error
	if due {
		_, err = t.Renew(ctx)
	}
	t.sendDue(ctx)
	// Whoever woke t may have gone; the next time has to be told all the same.
	return errors.Join(err, t.describeAgain(context.WithoutCancel(ctx), false))
}

// Revoke revokes the client certificate. That blocks its renewal only
// (pairing-protocols §1.7); the row stays registered.
func (t *Tenant) Revoke(ctx context.Context) (Pairing, error) {
	return t.upkeep("revocation", func(c *connected) error {
		info, err := c.session.ManagementInfo(ctx, c.infoURL)
		if err != nil {
			return err
		}
		if err := c.session.Revoke(ctx, info.URLs.Revocation()); err != nil {
			return err
		}
		t.mu.Lock()
		c.row.Certificate.Revoked, c.row.settled = true, nil
		t.mu.Unlock()
		return t.save(ctx)
	})
}

// SendEvent publishes one event of the product, in the legacy format
// (pairing-protocols §4.1), and returns its id. Like the known clients it reads
// management info first, which also tells the time. data is any JSON but null
// and "".
func (t *Tenant) SendEvent(ctx context.Context, eventType, version string, data json.RawMessage) (string, error) {
	if err := t.publishes(eventType, version); err != nil {
		return "", err
	}
	if text := strings.TrimSpace(string(data)); text == "" || text == "null" || text == `""` || !json.Valid(data) {
		return "", refuse(invalidRequest, `data: must be JSON other than null and ""`)
	}
	c, err := t.connect()
	if err != nil {
		return "", err
	}
	info, err := c.session.ManagementInfo(ctx, c.infoURL)
	if err != nil {
		return "", registryError(err)
	}
	if info.URLs.EventsURL == "" {
		return "", refuse(registryRefused, "the registry names no address for events: the application is in no runtime")
	}
	id := uuid.NewString()
	answered, err := c.session.PublishLegacy(ctx, info.URLs.EventsURL, btpclient.LegacyEvent{
		Type: eventType, Version: version, ID: id, Time: t.now().Truncate(time.Millisecond), Data: data,
	})
	if err != nil {
		return "", registryError(err)
	}
	if answered != "" {
		id = clip(answered, 100)
	}
	t.keep(ctx)
	return id, nil
}

func (t *Tenant) publishes(eventType, version string) error {
	known := make([]string, len(t.events))
	for i, e := range t.events {
		if e.matches(eventType, version) {
			return nil
		}
		known[i] = e.String()
	}
	return refuse(eventUnknown, "%s publishes no event %q of version %q; it publishes %s",
		t.cfg.Product.SystemType, clip(eventType, 253), clip(version, 20), strings.Join(known, ", "))
}

// connected is what a paired tenant needs to call the registry.
type connected struct {
	row     *row
	session *btpclient.Session
	infoURL string
	chain   [][]byte
}

// connect opens the session of the connection.
func (t *Tenant) connect() (*connected, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, refuse(tenantClosed, "tenant %s is being stopped", t.cfg.ID)
	}
	if t.paused {
		return nil, refuse(tenantBusy, "tenant %s is being restored", t.cfg.ID)
	}
	r, err := t.usable()
	if err != nil {
		return nil, err
	}
	return t.open(r)
}

// usable is the connection, or the reason why there is none to use. The caller
// holds t.mu.
func (t *Tenant) usable() (*row, error) {
	if r := t.connected(); r != nil {
		return r, nil
	}
	console := t.cfg.Product.Console
	if r := t.shown(); r != nil {
		return nil, refuse(extensionDisabled, "the %s %s of tenant %s is %s and no other is in use; possible is %s, %s",
			console.Row, r.ID, t.cfg.ID, r.Status.Label, console.Enable, console.Delete)
	}
	if r := t.newest(func(r *row) bool { return r.Status.Code == Deregistered }); r != nil {
		return nil, refuse(tenantNotPaired, "system %s was deregistered in SAP BTP at %s, which ended the %s %s. "+
			"Register it in the cockpit again (System Landscape > Systems) and enter its new integration token as %s in a new %s",
			r.SystemID, r.UpdatedAt.UTC().Format(time.RFC3339), console.Row, r.ID, console.Field, console.Row)
	}
	return nil, refuse(tenantNotPaired, "tenant %s is not paired", t.cfg.ID)
}

// open makes a row with a connection ready for calls. The caller holds t.mu.
func (t *Tenant) open(r *row) (*connected, error) {
	session, err := t.session(r)
	if err != nil {
		return nil, err
	}
	return &connected{
		row: r, session: session.Traced(t.journal(r)), infoURL: t.here(r.Connection.InfoURL), chain: r.Connection.Chain,
	}, nil
}

// upkeep does one thing with the certificate, alone.
func (t *Tenant) upkeep(what string, do func(*connected) error) (Pairing, error) {
	var c *connected
	_, err := t.occupy(what+" of its certificate", func() (*row, error) {
		r, err := t.usable()
		if err == nil {
			c, err = t.open(r)
		}
		return r, err
	})
	if err != nil {
		return Pairing{}, err
	}
	defer t.release()
	if err := do(c); err != nil {
		t.cfg.Logger.Warn(what+" failed", "error", err)
		return Pairing{}, registryError(err)
	}
	t.cfg.Logger.Info(what + " done")
	t.mu.Lock()
	defer t.mu.Unlock()
	return c.row.snapshot(), nil
}

// keep saves what only the list of calls changed by; losing that harms nobody.
func (t *Tenant) keep(ctx context.Context) {
	if err := t.save(ctx); err != nil {
		t.cfg.Logger.Warn("calls not saved", "error", err)
	}
}

// registryError explains to the admin what the registry did.
func registryError(err error) error {
	var refused *btpclient.RefusedError
	var unreachable *btpclient.UnreachableError
	var foreign *btpclient.ForeignHostError
	switch {
	case errors.As(err, &refused):
		return &Refusal{Code: registryRefused, Detail: err.Error(), Cause: err}
	case errors.As(err, &unreachable), errors.As(err, &foreign):
		return &Refusal{Code: registryUnreachable, Detail: err.Error(), Cause: err}
	}
	return fmt.Errorf("call the registry: %w", err)
}

// Announce tells the registry where t and its APIs are reached now, for every
// connection that was made when they were reached elsewhere: a restarted landscape
// may listen on other ports, and could neither be told of a deregistration nor
// called by workloads. What t was about to send when it ended is sent.
func (t *Tenant) Announce(ctx context.Context) error {
	t.startDue()
	var moved []*row
	t.mu.Lock()
	for _, r := range t.state.Rows {
		if r.Connection != nil && r.Ended() && (r.Callback != t.callback() || r.Base != t.base) {
			moved = append(moved, r)
		}
	}
	t.mu.Unlock()
	var errs []error
	for _, r := range moved {
		errs = append(errs, t.announce(ctx, r))
	}
	if len(moved) > 0 {
		errs = append(errs, t.save(ctx))
	}
	return errors.Join(errs...)
}

func (t *Tenant) announce(ctx context.Context, r *row) error {
	t.mu.Lock()
	c := r.Connection
	t.mu.Unlock()
	if c == nil { // deregistered in the meantime
		return nil
	}
	cert, err := c.tls()
	if err != nil {
		return err
	}
	session := t.connector.Authenticated(cert)
	defer session.Close()
	metadataURL := t.here(c.URLs.MetadataURL)
	if err := t.put(ctx, session, metadataURL, c); err != nil {
		return fmt.Errorf("pairing %s: %w", r.ID, err)
	}
	if err := t.publish(ctx, session, metadataURL); err != nil {
		return fmt.Errorf("pairing %s: %w", r.ID, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r.Callback, r.Base, r.settled = t.callback(), t.base, nil
	return nil
}

// here is a stored URL of the registry at the address where the registry is
// configured now: a restarted landscape may listen elsewhere, and what was stored in
// one environment may be restored in another.
func (t *Tenant) here(stored string) string {
	u, err := url.Parse(stored)
	base, baseErr := url.Parse(t.cfg.RegistryMTLSURL)
	if err != nil || baseErr != nil || base.Host == "" {
		return stored
	}
	u.Scheme, u.Host = base.Scheme, base.Host
	u.Path, u.RawPath = environmentPrefix.Regexp().FindString(base.Path)+environmentPrefix.Regexp().ReplaceAllString(u.Path, ""), ""
	return u.String()
}

// environmentPrefix stands before the paths of an environment beside default.
var environmentPrefix = pattern.New(`^/env/[^/]+`)
