package tenant

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/pairsim/pairsim/btpclient"
)

// Disable puts a registered row out of use, and the communication arrangements of its
// system with it. Its connection is kept, and the registry is told nothing: the
// product's documents name the button and no effect beyond the tenant (domain §7.3,
// §26 items 14, 15).
func (t *Tenant) Disable(ctx context.Context, id string) (Pairing, error) {
	return t.change(ctx, id, disable)
}

// Enable takes a disabled row into use again.
func (t *Tenant) Enable(ctx context.Context, id string) (Pairing, error) {
	p, err := t.change(ctx, id, enable)
	if err == nil {
		t.startDue()
	}
	return p, err
}

func (t *Tenant) change(ctx context.Context, id string, a action) (Pairing, error) {
	r, err := t.take(id, a)
	if err != nil {
		return Pairing{}, err
	}
	defer t.release()
	t.mu.Lock()
	t.move(r, a)
	r.UpdatedAt = t.now()
	changed := r.snapshot()
	t.mu.Unlock()
	if err := t.save(ctx); err != nil {
		return Pairing{}, err
	}
	t.cfg.Logger.Info("pairing changed", "pairing", id, "system", changed.SystemID, "status", changed.Status.Code)
	return changed, nil
}

// Delete removes a row, after the registry has been told where it has to know.
// While it objects or cannot be reached the row stays.
func (t *Tenant) Delete(ctx context.Context, id string) error {
	r, err := t.take(id, remove)
	if err != nil {
		return err
	}
	defer t.release()
	if err := t.tellDeletion(ctx, r); err != nil {
		t.cfg.Logger.Warn("deletion failed", "pairing", id, "error", err)
		t.keep(ctx)
		return registryError(err)
	}
	t.mu.Lock()
	at := slices.Index(t.state.Rows, r)
	t.state.Rows = slices.Delete(t.state.Rows, at, at+1)
	communication := t.state.Communication
	t.endArrangements()
	t.mu.Unlock()
	if err := t.save(ctx); err != nil {
		t.mu.Lock() // what is stored has the row still: it can be deleted again
		t.state.Rows = slices.Insert(t.state.Rows, at, r)
		t.state.Communication = communication
		t.mu.Unlock()
		return err
	}
	t.mu.Lock()
	r.disconnect()
	t.mu.Unlock()
	t.cfg.Logger.Info("pairing deleted", "pairing", id, "system", r.SystemID)
	return nil
}

// take occupies the tenant for an action on a row. Whether the row allows it is
// asked before too: that explains more than that the tenant is busy.
func (t *Tenant) take(id string, a action) (*row, error) {
	find := func() (*row, error) {
		r := t.row(id)
		if r == nil {
			return nil, t.noPairing(id)
		}
		return r, t.forbidden(r, a)
	}
	t.mu.Lock()
	_, err := find()
	t.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return t.occupy(fmt.Sprintf("action %q on pairing %s", t.cfg.Product.Console.word(a), id), find)
}

// tellDeletion tells the registry that the administrator deletes r: with the
// certificate while there is one, with the release token of a deregistration
// after that. A failed row was given up at the registry long ago.
func (t *Tenant) tellDeletion(ctx context.Context, r *row) error {
	t.mu.Lock()
	release, journal := r.ReleaseToken, t.journal(r)
	var c *connected
	var err error
	if r.Connection != nil {
		c, err = t.open(r)
	}
	t.mu.Unlock()
	switch {
	case err != nil:
		return err
	case c != nil:
		err = c.session.ReportExtensionDeletion(ctx, c.infoURL)
		if deadCertificates[refusedWith(err, http.StatusForbidden)] {
			return nil
		}
		return err
	case release == "":
		return nil
	}
	err = t.connector.Traced(journal).ReportExtensionDeletion(ctx, release)
	var refused *btpclient.RefusedError
	if errors.As(err, &refused) && refused.Status == http.StatusForbidden {
		return nil // told before, or the system is gone
	}
	return err
}

// deadCertificates are the reasons for which a registry turns a certificate away
// for good: it knows no extension by it any more, so there is nothing to tell.
var deadCertificates = map[string]bool{
	"certificate-revoked": true, "certificate-unknown": true, "certificate-expired": true,
	"certificate-foreign": true, // the registry has begun anew, with another authority
}

// refusedWith is the reason of a refusal with this status, and "" for anything else.
func refusedWith(err error, status int) string {
	var refused *btpclient.RefusedError
	if errors.As(err, &refused) && refused.Status == status {
		return refused.Reason
	}
	return ""
}
