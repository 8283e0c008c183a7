package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/cloudevent"
)

// eventSteps are workloads that listen to events, and clients that publish them.
func (w *world) eventSteps(d definitions) {
	d.Given(`^a workload listens to "([^"]*)" "([^"]*)" of "([^"]*)" in (structured|binary) mode$`, w.aWorkloadListens)
	d.Given(`^the operator has deleted its subscription$`, w.itsSubscriptionIsDeleted)
	d.Given(`^the workload takes no events$`, w.theWorkloadTakesNone)
	d.Given(`^the workload has begun to take events again$`, w.theWorkloadTakesAgain)
	d.Given(`^the client has published the event "([^"]*)" "([^"]*)"$`, w.theClientPublishes)

	d.When(`^the client publishes the event "([^"]*)" "([^"]*)"$`, w.theClientPublishes)
	d.When(`^the workload takes events again$`, w.theWorkloadTakesAgain)
	d.When(`^the operator lets a workload at "([^"]*)" listen to "([^"]*)" "([^"]*)" of the application "([^"]*)"$`, w.theOperatorSubscribes)

	d.When(`^the operator looks at the events of the runtime$`, w.theOperatorLooksAtEvents)
	d.When(`^the operator lets what was given up be sent anew$`, w.theOperatorRedelivers)

	d.Then(`^the runtime of subaccount "([^"]*)" (gets|does not get) the events of "([^"]*)"$`, w.theRuntimeGetsEvents)
	d.Then(`^the operator sees that (\d+) workloads? listens? to "([^"]*)" "([^"]*)" of "([^"]*)"$`, w.theOperatorSeesListeners)
	d.Then(`^the workload has received (\d+) events?$`, w.theWorkloadHasReceived)
	d.Then(`^the client is told that somebody listens to "([^"]*)" "([^"]*)"$`, w.theClientIsToldOf)
	d.Then(`^(\d+) events? (?:is|are) given up, after (\d+) attempts$`, w.eventsAreGivenUp)
}

// subscriber is a workload that listens to events.
type subscriber struct {
	subscription btpclient.Subscription
	away         atomic.Bool
	mu           sync.Mutex
	ids          []string
	wrong        []error // events that are none, or in another mode
}

const eventData = `{"orderCode":"1001"}`

// ServeHTTP takes an event, as any receiver of CloudEvents does.
func (s *subscriber) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if s.away.Load() {
		rw.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	e, mode, wrong := cloudevent.Read(r.Header, body)
	err = errors.Join(err, wrong)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		s.wrong = append(s.wrong, err)
	case string(e.Data) != eventData || e.Attributes["source"] != s.subscription.Source || mode != s.subscription.Mode:
		s.wrong = append(s.wrong, fmt.Errorf("got the event %v with %.200q in %s mode", e.Attributes, e.Data, mode))
	default:
		s.ids = append(s.ids, e.Attributes["id"])
	}
}

func (w *world) aWorkloadListens(ctx context.Context, kind, version, name, mode string) error {
	application, err := w.applicationName(ctx, name)
	if err != nil {
		return err
	}
	s := &subscriber{subscription: btpclient.Subscription{Source: application, Mode: mode}}
	var calls atomic.Int32
	sink, err := w.listen(ctx, &calls, s.ServeHTTP)
	if err != nil {
		return err
	}
	made, err := w.operator.CreateSubscription(ctx, defaultSubaccount, btpclient.NewSubscription{
		Source: application, Type: kind, Version: version, Sink: sink + "/events", Mode: mode,
	})
	if err != nil {
		return err
	}
	s.subscription = made
	w.subscriber = s
	return nil
}

func (w *world) theOperatorSubscribes(ctx context.Context, sink, kind, version, application string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.operator.CreateSubscription(ctx, defaultSubaccount, btpclient.NewSubscription{
		Source: application, Type: kind, Version: version, Sink: sink,
	})
	w.operated = ended(err)
	return nil
}

// theSubscriber is the latest workload that listens.
func (w *world) theSubscriber() (*subscriber, error) {
	if w.subscriber == nil {
		return nil, errors.New("no workload listens in this scenario")
	}
	return w.subscriber, nil
}

func (w *world) itsSubscriptionIsDeleted(ctx context.Context) error {
	if _, err := w.theSubscriber(); err != nil {
		return err
	}
	return w.operator.DeleteSubscription(ctx, defaultSubaccount, w.subscriber.subscription.ID)
}

func (w *world) theWorkloadTakesNone() error  { return w.takes(false) }
func (w *world) theWorkloadTakesAgain() error { return w.takes(true) }

func (w *world) takes(events bool) error {
	s, err := w.theSubscriber()
	if err == nil {
		s.away.Store(!events)
	}
	return err
}

func (w *world) theClientPublishes(ctx context.Context, kind, version string) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	info, err := c.call(ctx)
	if err != nil {
		return err
	}
	now, err := w.control.Clock(ctx)
	if err != nil {
		return err
	}
	_, err = c.session.PublishLegacy(ctx, info.URLs.EventsURL, btpclient.LegacyEvent{
		Type: kind, Version: version, Time: now.Now, Data: json.RawMessage(eventData),
	})
	return err
}

func (w *world) theWorkloadHasReceived(n int) error {
	s, err := w.theSubscriber()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wrong) > 0 {
		return errors.Join(s.wrong...)
	}
	if ids := slices.Compact(slices.Clone(s.ids)); len(ids) != n {
		return fmt.Errorf("the workload has received the events %q, want %d", ids, n)
	}
	return nil
}

func (w *world) theClientIsToldOf(ctx context.Context, kind, version string) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	info, err := c.call(ctx)
	if err != nil {
		return err
	}
	told, err := c.session.Subscribed(ctx, info.URLs.EventsURL+"/subscribed")
	if err != nil {
		return err
	}
	if len(told) != 1 || told[0].Name != kind || told[0].Version != version {
		return fmt.Errorf("the client is told of listeners to %+v, want %s %s", told, kind, version)
	}
	return nil
}

func (w *world) eventsAreGivenUp(ctx context.Context, n, attempts int) error {
	dead := 0
	for d, err := range w.operator.Deliveries(ctx, defaultSubaccount, "dead") {
		if err != nil {
			return err
		}
		if d.Attempts != attempts {
			return fmt.Errorf("event %s was given up after %d attempts, want %d", d.EventID, d.Attempts, attempts)
		}
		dead++
	}
	if dead != n {
		return fmt.Errorf("%d events are given up, want %d", dead, n)
	}
	return nil
}

func (w *world) theOperatorRedelivers(ctx context.Context) error {
	for d, err := range w.operator.Deliveries(ctx, defaultSubaccount, "dead") {
		if err == nil {
			_, err = w.operator.Redeliver(ctx, defaultSubaccount, d.Sequence)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *world) theOperatorLooksAtEvents(ctx context.Context) (err error) {
	w.events, err = w.operator.RuntimeEvents(ctx, defaultSubaccount)
	return err
}

// theOperatorSeesListeners holds what is counted of a type of event against the list of subscriptions.
func (w *world) theOperatorSeesListeners(ctx context.Context, n int, kind, version, name string) error {
	application, err := w.applicationName(ctx, name)
	if err != nil {
		return err
	}
	all, err := w.operator.Subscriptions(ctx, defaultSubaccount)
	if err != nil {
		return err
	}
	listed := 0
	for _, s := range all {
		if s.Source == application && s.Type == kind && s.Version == version {
			listed++
		}
	}
	for _, e := range w.events {
		if e.Application != application || e.Type != kind || e.Version != version {
			continue
		}
		if e.Subscriptions != n || listed != n {
			return fmt.Errorf("%d listen to %s %s, and %d subscriptions are listed; want %d", e.Subscriptions, kind, version, listed, n)
		}
		return nil
	}
	return fmt.Errorf("none of %d types of events is %s %s of %s", len(w.events), kind, version, application)
}

func (w *world) theRuntimeGetsEvents(ctx context.Context, subaccount, gets, name string) error {
	a, err := w.application(ctx, subaccount, name)
	if err == nil && a.GetsEvents != (gets == "gets") {
		err = fmt.Errorf("the runtime of subaccount %s gets the events of %s: %t", subaccount, a.Name, a.GetsEvents)
	}
	return err
}
