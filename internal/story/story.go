// Package story tells the pairing of all four products over a running landscape,
// as its users and tenants would do it, in the words and step numbers of the
// documents. It knows the landscape's addresses only: every status on the page
// is the answer to a call, and one that the documents do not promise ends the
// story.
package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

const globalAccount = "default"

// Where the commands of pairsim look unless told otherwise.
const (
	defaultHTTP    = "http://127.0.0.1:8080"
	defaultControl = "http://127.0.0.1:8081"
)

// Landscape is where the story plays: the base URLs of the three listeners and
// the CA of the TLS one, as PEM.
type Landscape struct {
	HTTP, MTLS, Control string
	CAPEM               []byte
}

// Options say how it is told.
type Options struct {
	// Edition is the cockpit that the reader expects to see, v1 or v2; a
	// registry of another edition ends the story.
	Edition string
	// Color writes terminal colours.
	Color bool
	// Stays says that the landscape can be looked at after the story.
	Stays bool
	// Now times the story; nil: time.Now.
	Now func() time.Time
}

// Tell pairs all four products, uses what they expose, shows what is refused,
// what goes wrong and how a system leaves, and sums up, written to w line by
// line. The error is the step that failed, which stands on the page too,
// or why w cannot be written.
func Tell(ctx context.Context, w io.Writer, l Landscape, o Options) error {
	if o.Now == nil {
		o.Now = time.Now
	}
	t := &teller{page: page{out: w, color: o.Color}, landscape: l, options: o, instances: map[string]string{}}
	err := t.tell(ctx)
	if err != nil && ctx.Err() == nil {
		t.failed(err)
	}
	return errors.Join(err, t.err)
}

// teller tells one story.
type teller struct {
	page
	*calls
	landscape Landscape
	options   Options
	cockpit   cockpit
	cast      []member
	gone      int               // members that have left
	formation string            // id of the one that the story has created
	instances map[string]string // ids of service instances, by name
}

// member is a system that the story has registered, and who it is paired with.
type member struct{ id, tenant string }

func (t *teller) tell(ctx context.Context) error {
	began := t.options.Now()
	var known bool
	if t.cockpit, known = cockpits[t.options.Edition]; !known {
		return fmt.Errorf("there is no edition %q; editions are v1 and v2", t.options.Edition)
	}
	var err error
	if t.calls, err = newCalls(t.landscape); err != nil {
		return err
	}
	defer t.close()
	if err := t.introduce(ctx); err != nil {
		return err
	}
	for _, p := range products {
		if err := t.pairing(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p.systemType, err)
		}
	}
	if err := t.workload(ctx); err != nil {
		return fmt.Errorf("workload: %w", err)
	}
	if err := t.extension(ctx); err != nil {
		return fmt.Errorf("extension: %w", err)
	}
	if err := t.refusals(ctx); err != nil {
		return fmt.Errorf("refusals: %w", err)
	}
	if err := t.mishap(ctx); err != nil {
		return fmt.Errorf("made to go wrong: %w", err)
	}
	if err := t.leaving(ctx); err != nil {
		return fmt.Errorf("leaving: %w", err)
	}
	if err := t.sumUp(ctx); err != nil {
		return fmt.Errorf("system landscape: %w", err)
	}
	t.print("")
	t.print(fmt.Sprintf("%d systems paired, 3 tokens refused, %d systems left, in %.1f s. Every status above was a real answer.",
		len(t.cast)+t.gone, t.gone, t.options.Now().Sub(began).Seconds()))
	t.whereToLook()
	return nil
}

func (t *teller) introduce(ctx context.Context) error {
	t.print(t.in(bold, "pairsim demo: pairing four SAP products with a global account in SAP BTP"))
	t.print(t.in(yellow, "A simulator with throwaway keys: not SAP's software, not for production."))
	conf, err := t.connector.Configuration(ctx)
	if err != nil {
		return err
	}
	if err := expect("edition of the registry", conf.Edition, t.options.Edition); err != nil {
		return err
	}
	t.print("You see the " + t.cockpit.name + ".")
	t.print("In the margin: the document's step. Then: who → whom, the call, its status, what it came to.")
	return nil
}

// sumUp is the list of systems as the cockpit shows it.
func (t *teller) sumUp(ctx context.Context) error {
	t.heading("System Landscape > Systems", "global account "+globalAccount)
	columns := []int{16, 30, 12, 20, 10}
	t.row(bold, columns, "System", "Type", "Status", "Application", "Services", "Tenant")
	var rows []btpclient.System
	for s, err := range t.operator.Systems(ctx, globalAccount, btpclient.SystemFilter{}) {
		if err != nil {
			return err
		}
		rows = append(rows, s)
	}
	for _, m := range t.cast {
		s, err := t.listed(ctx, rows, m)
		if err != nil {
			return err
		}
		t.row("", columns, s.Name, s.Type, s.Status.Label, s.ApplicationName, fmt.Sprint(len(s.Services)), s.Tenant.TenantID)
	}
	for _, s := range rows {
		if s.Name == secondSystem || s.Name == thirdSystem { // where the cockpit keeps the row
			t.row("", columns, s.Name, s.Type, shown(s.Status.Label), s.ApplicationName, "", "(has left)")
		}
	}
	return nil
}

// listed finds a member among the rows, as it should be in the end.
func (t *teller) listed(ctx context.Context, rows []btpclient.System, m member) (btpclient.System, error) {
	for _, s := range rows {
		if s.ID != m.id {
			continue
		}
		if err := expect("status of "+s.Name, s.Status.Label, t.cockpit.registered); err != nil {
			return s, err
		}
		whole, err := t.operator.System(ctx, s.ID)
		if err == nil && whole.Tenant == nil {
			return s, fmt.Errorf("%s names no tenant", s.Name)
		}
		if err == nil {
			err = expect("tenant of "+s.Name, whole.Tenant.TenantID, m.tenant)
		}
		return whole, err
	}
	return btpclient.System{}, fmt.Errorf("the list lacks system %s", m.id)
}

func (t *teller) whereToLook() {
	if !t.options.Stays {
		t.print("The landscape is gone now. For one that stays, leave out --exit at a terminal, or start one:")
		t.print("  pairsim serve")
		return
	}
	t.print("")
	t.print(t.in(bold, "It is all still there; Ctrl-C ends it."))
	t.print("  cockpit   " + t.landscape.Control + "/cockpit/")
	t.print("  systems   curl " + t.landscape.HTTP + "/api/v1/globalAccounts/" + globalAccount + "/systems")
	t.print("  tenants   curl " + t.landscape.HTTP + "/tenants")
	t.print("  journal   curl " + t.landscape.Control + "/control/journal")
	t.print("  commands  pairsim systems list, tenants list, journal, clock advance 10m")
	if t.landscape.HTTP != defaultHTTP || t.landscape.Control != defaultControl {
		t.print("  with      PAIRSIM_URL=" + t.landscape.HTTP + " PAIRSIM_CONTROL_URL=" + t.landscape.Control)
	}
}
