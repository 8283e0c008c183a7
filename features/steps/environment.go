package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// environmentSteps make environments and go from one to another. The other steps
// happen in the one where the scenario is.
func (w *world) environmentSteps(d definitions) {
	d.Given(`^there is an environment "([^"]*)"$`, w.thereIsAnEnvironment)
	d.Given(`^there is an environment "([^"]*)" with the cockpit of (v1|v2)$`, w.thereIsAnEnvironmentOf)
	d.Given(`^there is an environment "([^"]*)" that began as the snapshot$`, w.theOperatorMakesFromSnapshot)
	d.Given(`^there is an environment "([^"]*)" that lasts a moment$`, w.thereIsAnEnvironmentForAMoment)
	d.Given(`^the operator has gone to the environment "([^"]*)"$`, w.goTo)
	d.Given(`^the operator has deleted the environment "([^"]*)"$`, w.theOperatorHasDeletedEnvironment)
	d.Given(`^the client's tenant deletes the environment "([^"]*)" when it is told of its deregistration$`, w.theTenantDeletesEnvironment)

	d.When(`^the operator makes an environment named "([^"]*)"$`, w.theOperatorMakesEnvironment)
	d.When(`^the operator makes the environment "([^"]*)" from a seed with the system "([^"]*)"$`, w.theOperatorMakesSeeded)
	d.When(`^the operator makes the environment "([^"]*)" from a seed that declares nonsense$`, w.theOperatorMakesNonsense)
	d.When(`^the operator makes the environment "([^"]*)" from the snapshot$`, w.theOperatorMakesFromSnapshot)
	d.When(`^the operator makes the environment "([^"]*)" with the cockpit of (v1|v2) from the snapshot$`, w.theOperatorMakesEditionFromSnapshot)
	d.When(`^the operator makes the environment "([^"]*)" from a snapshot that (.+)$`, w.theOperatorMakesFromOneThat)
	d.When(`^the operator deletes the environment "([^"]*)"$`, w.theOperatorDeletesEnvironment)
	d.When(`^the time of the environment "([^"]*)" is up$`, w.theTimeOfTheEnvironmentIsUp)
	d.When(`^a client presents the token of "([^"]*)" that was issued in "([^"]*)"$`, w.aClientPresentsTokenOf)
	d.When(`^the client with the certificate of "([^"]*)" calls the registry$`, w.theClientOfCalls)

	d.Then(`^in the environment "([^"]*)" the system "([^"]*)" is shown as "([^"]*)"$`, w.inEnvironmentShownAs)
	d.Then(`^in the environment "([^"]*)" the token of "([^"]*)" is shown as "([^"]*)"$`, w.inEnvironmentTokenShownAs)
	d.Then(`^in the environment "([^"]*)" there is no system "([^"]*)"$`, w.inEnvironmentNoSystem)
	d.Then(`^the environments are (.+)$`, w.theEnvironmentsAre)
	d.Then(`^there is nothing at the environment "([^"]*)"$`, w.thereIsNothingAtEnvironment)
}

// home is the place where a scenario begins.
const home = btpclient.DefaultEnvironment

// moment is long enough to look at an environment that lasts so long, also on a busy machine.
const moment = time.Second

// place is an environment of a server.
type place struct {
	Landscape
	urls btpclient.EnvironmentURLs
}

func (p place) HTTP() string    { return p.urls.HTTP }
func (p place) MTLS() string    { return p.urls.MTLS }
func (p place) Control() string { return p.urls.Control }

// server is the server's own control; the scenario gets a server for itself.
func (w *world) server(ctx context.Context) (*btpclient.Control, error) {
	if w.places == nil {
		if err := w.configure(func(s *Settings) { s.OwnServer = true }); err != nil && !w.settings.OwnServer {
			return nil, err
		}
		if err := w.open(ctx); err != nil {
			return nil, err
		}
		w.place, w.places, w.served = home, map[string]world{}, w.control
	}
	return w.served, nil
}

// make makes an environment whose clock stands still, and which can be gone to.
func (w *world) make(ctx context.Context, n btpclient.NewEnvironment) error {
	server, err := w.server(ctx)
	if err != nil {
		return err
	}
	if n.Seed == nil && n.Snapshot == nil {
		n.Seed = json.RawMessage(`{"clock":{"frozen":true,"at":"2030-01-01T10:00:00Z"}}`)
	}
	made, err := server.CreateEnvironment(ctx, n)
	if err != nil {
		return err
	}
	there := *newWorld(w.start)
	there.settings, there.served = w.settings, w.served
	there.settle(place{w.landscape, made.URLs}, w.web)
	w.places[made.Name] = there
	return nil
}

// goTo goes to an environment that the scenario has made, or back to the first.
func (w *world) goTo(ctx context.Context, name string) error {
	if _, err := w.server(ctx); err != nil {
		return err
	}
	if name == w.place {
		return nil
	}
	there, known := w.places[name]
	if !known {
		return fmt.Errorf("the scenario has made no environment %q", name)
	}
	w.places[w.place] = *w
	there.closers, there.places, there.place = w.closers, w.places, name
	*w = there
	return nil
}

// at is the world as it was left in an environment, or as it is.
func (w *world) at(name string) (world, error) {
	if name == w.place {
		return *w, nil
	}
	there, known := w.places[name]
	if !known {
		return there, fmt.Errorf("the scenario has made no environment %q", name)
	}
	return there, nil
}

func (w *world) thereIsAnEnvironment(ctx context.Context, name string) error {
	return w.make(ctx, btpclient.NewEnvironment{Name: name})
}

func (w *world) thereIsAnEnvironmentOf(ctx context.Context, name, edition string) error {
	return w.make(ctx, btpclient.NewEnvironment{Name: name, Edition: edition})
}

func (w *world) thereIsAnEnvironmentForAMoment(ctx context.Context, name string) error {
	return w.make(ctx, btpclient.NewEnvironment{Name: name, TTL: moment})
}

func (w *world) theOperatorMakesEnvironment(ctx context.Context, name string) error {
	w.operated = ended(w.make(ctx, btpclient.NewEnvironment{Name: name}))
	return nil
}

func (w *world) theOperatorMakesSeeded(ctx context.Context, name, system string) error {
	seed, err := json.Marshal(map[string]any{
		"systems": []map[string]string{{"name": system, "type": "SAP Commerce Cloud", "status": "registered"}},
	})
	if err != nil {
		return err
	}
	return w.make(ctx, btpclient.NewEnvironment{Name: name, Seed: seed})
}

func (w *world) theOperatorMakesNonsense(ctx context.Context, name string) error {
	w.operated = ended(w.make(ctx, btpclient.NewEnvironment{Name: name, Seed: json.RawMessage(`{"systems":[{"name":"Web Shop"}]}`)}))
	return nil
}

func (w *world) theOperatorMakesFromSnapshot(ctx context.Context, name string) error {
	return w.make(ctx, btpclient.NewEnvironment{Name: name, Snapshot: json.RawMessage(w.snapshots.written)})
}

func (w *world) theOperatorMakesEditionFromSnapshot(ctx context.Context, name, edition string) error {
	w.operated = ended(w.make(ctx, btpclient.NewEnvironment{Name: name, Edition: edition, Snapshot: json.RawMessage(w.snapshots.written)}))
	return nil
}

func (w *world) theOperatorMakesFromOneThat(ctx context.Context, name, flaw string) error {
	if err := w.spoil(flaw); err != nil {
		return err
	}
	w.operated = ended(w.make(ctx, btpclient.NewEnvironment{Name: name, Snapshot: json.RawMessage(w.snapshots.tried)}))
	return nil
}

func (w *world) theOperatorDeletesEnvironment(ctx context.Context, name string) error {
	server, err := w.server(ctx)
	if err != nil {
		return err
	}
	w.operated = ended(server.DeleteEnvironment(ctx, name))
	return nil
}

func (w *world) theOperatorHasDeletedEnvironment(ctx context.Context, name string) error {
	if err := w.theOperatorDeletesEnvironment(ctx, name); err != nil {
		return err
	}
	if name == w.place { // who is there finds himself at home
		gone := *w
		if err := w.goTo(ctx, home); err != nil {
			return err
		}
		w.operated = gone.operated
	}
	delete(w.places, name)
	return w.operated.err
}

// theTenantDeletesEnvironment: the deregistration waits for the tenant's answer,
// so it is under way when the environment goes.
func (w *world) theTenantDeletesEnvironment(ctx context.Context, name string) error {
	server, err := w.server(ctx)
	if err != nil {
		return err
	}
	c, err := w.theClient()
	if err != nil {
		return err
	}
	info, err := c.call(ctx)
	if err != nil {
		return err
	}
	deleted := make(chan error, 1)
	address, err := w.listen(ctx, &c.told, func(rw http.ResponseWriter, _ *http.Request) {
		deleted <- server.DeleteEnvironment(context.WithoutCancel(ctx), name) // the registry hangs up meanwhile
		rw.WriteHeader(http.StatusNoContent)
	})
	if err != nil {
		return err
	}
	w.onClose(func() error { return <-deleted })
	return c.session.PutTenant(ctx, info.URLs.MetadataURL, btpclient.Descriptor{TenantID: "vendor", URL: "http://tenant.example.com", CallbackURL: address})
}

// theTimeOfTheEnvironmentIsUp follows its journal, which ends with it.
func (w *world) theTimeOfTheEnvironmentIsUp(ctx context.Context, name string) error {
	there, err := w.at(name)
	if err != nil {
		return err
	}
	var last error
	for _, err := range there.control.FollowJournal(ctx, btpclient.JournalFilter{}) {
		last = err
	}
	if last == nil {
		return fmt.Errorf("the journal of %q ended without a word", name)
	}
	return nil
}

func (w *world) aClientPresentsTokenOf(ctx context.Context, system, environment string) error {
	there, err := w.at(environment)
	if err != nil {
		return err
	}
	s, err := there.named(system)
	if err != nil {
		return err
	}
	token, err := there.newest(s)
	if err != nil {
		return err
	}
	c, err := w.newClient(ctx)
	if err != nil {
		return err
	}
	w.called = ended(c.redeem(ctx, token.Token, ""))
	return nil
}

func (w *world) theClientOfCalls(ctx context.Context, environment string) error {
	there, err := w.at(environment)
	if err != nil {
		return err
	}
	known, err := there.theClient()
	if err != nil {
		return err
	}
	if len(known.own.Certificate) == 0 {
		return errors.New("the client has no certificate")
	}
	c, err := w.newClient(ctx)
	if err != nil {
		return err
	}
	c.present(known.own)
	_, err = c.call(ctx)
	w.called = ended(err)
	return nil
}

func (w *world) inEnvironmentShownAs(ctx context.Context, environment, name, label string) error {
	there, err := w.at(environment)
	if err != nil {
		return err
	}
	s, err := there.operator.SystemNamed(ctx, defaultAccount, name)
	if err != nil {
		return err
	}
	if s.Status.Label != label {
		return fmt.Errorf("in %q the system %q is shown as %q, want %q", environment, name, s.Status.Label, label)
	}
	return nil
}

func (w *world) inEnvironmentTokenShownAs(ctx context.Context, environment, name, state string) error {
	there, err := w.at(environment)
	if err != nil {
		return err
	}
	return there.theTokenIsShownAs(ctx, name, state)
}

func (w *world) inEnvironmentNoSystem(ctx context.Context, environment, name string) error {
	there, err := w.at(environment)
	if err != nil {
		return err
	}
	for s, err := range there.operator.Systems(ctx, defaultAccount, btpclient.SystemFilter{Name: name}) {
		if err != nil {
			return err
		}
		return fmt.Errorf("in %q there is the system %q, shown as %q", environment, s.Name, s.Status.Label)
	}
	return nil
}

func (w *world) theEnvironmentsAre(ctx context.Context, list string) error {
	server, err := w.server(ctx)
	if err != nil {
		return err
	}
	all, err := server.Environments(ctx)
	if err != nil {
		return err
	}
	var got []string
	for _, e := range all {
		alone, err := server.Environment(ctx, e.Name)
		if err != nil {
			return err
		}
		if alone.Name != e.Name || alone.Edition != e.Edition || alone.URLs != e.URLs {
			return fmt.Errorf("the environment is %+v in the list, and %+v alone", e, alone)
		}
		got = append(got, e.Name)
	}
	if want := strings.Split(list, " and "); !slices.Equal(got, want) {
		return fmt.Errorf("the environments are %q, want %q", got, want)
	}
	return nil
}

// thereIsNothingAtEnvironment asks on every listener.
func (w *world) thereIsNothingAtEnvironment(ctx context.Context, name string) error {
	there, err := w.at(name)
	if err != nil {
		return err
	}
	const want = "environment-not-found"
	_, operated := there.operator.GlobalAccounts(ctx)
	_, controlled := there.control.Clock(ctx)
	_, administered := there.tenants.List(ctx)
	connector, err := there.connector()
	if err != nil {
		return err
	}
	defer connector.Close()
	_, called := connector.SigningRequestInfo(ctx, "token", "", "")
	return errors.Join(
		refusedBecauseOf("the operator", operated, want), refusedBecauseOf("control", controlled, want),
		refusedBecauseOf("the administrator", administered, want), refusedBecauseOf("a client", called, want),
	)
}
