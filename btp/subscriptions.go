package btp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Deliverer sends events to sinks.
type Deliverer interface {
	// CheckSink refuses with SinkForbidden where no event may go to.
	CheckSink(ctx context.Context, sink string) error
	// Deliver posts an event once. It refuses with EventNotDelivered.
	Deliver(ctx context.Context, to Subscription, d Delivery) error
}

// CreateSubscription lets the Kyma runtime of a subaccount listen to events of an
// application.
func (r *Registry) CreateSubscription(ctx context.Context, subaccount SubaccountID, n NewSubscription, key IdempotencyKey) (s Subscription, err error) {
	var about Reference
	if n.Mode == "" {
		n.Mode = StructuredMode
	}
	err = r.step(ctx, PointSubscriptionCreate, &about, func(ctx context.Context) error {
		if err := n.check(); err != nil {
			return err
		}
		if r.config.Deliverer != nil {
			if err := r.config.Deliverer.CheckSink(ctx, n.Sink); err != nil {
				return err
			}
		}
		return r.update(ctx, func(u *unit) error {
			sub, err := u.subaccount(subaccount)
			if err != nil {
				return err
			}
			m, err := u.once(key, "subscription", func() (Replay, error) {
				made, err := u.subscribe(&sub, n, "")
				return Replay{Created: string(made.ID)}, err
			}, string(sub.ID), n.Source, n.Type, n.Version, n.Sink, string(n.Mode))
			if err != nil {
				return err
			}
			s, err = u.subscription(sub.ID, SubscriptionID(m.Created))
			return err
		})
	})
	return s, err
}

// subscribe stores a subscription; without an id it draws one.
func (u *unit) subscribe(sub *Subaccount, n NewSubscription, id SubscriptionID) (Subscription, error) {
	if !sub.Has(Kyma) {
		return Subscription{}, Errorf(SubaccountWithoutEnvironment, "subaccount %q does not have Kyma enabled, which is what receives events", sub.ID)
	}
	there, err := u.Subscriptions().ListOf(sub.ID)
	if err != nil {
		return Subscription{}, err
	}
	if len(there) >= MaxSubscriptions {
		return Subscription{}, Errorf(SubscriptionLimit, "a subaccount has at most %d subscriptions", MaxSubscriptions)
	}
	u.env.Sequence++
	if id == "" {
		id = SubscriptionID(u.env.newID())
	}
	s := Subscription{
		ID: id, Subaccount: sub.ID, Source: n.Source, Type: n.Type, Version: n.Version, Sink: n.Sink, Mode: n.Mode,
		Sequence: u.env.Sequence, CreatedAt: u.now,
	}
	u.record(EntryDecision, PointSubscriptionCreate, nil, "", "sap-domain §15.5",
		fmt.Sprintf("subaccount %s listens to %s %s of application %s", sub.ID, clip(s.Type), s.Version, s.Source))
	return s, u.Subscriptions().Put(s)
}

// subscription finds a subaccount's subscription, or refuses with SubscriptionNotFound.
func (u *unit) subscription(subaccount SubaccountID, id SubscriptionID) (Subscription, error) {
	s, ok, err := u.Subscriptions().Find(id)
	if err == nil && (!ok || s.Subaccount != subaccount) {
		err = Errorf(SubscriptionNotFound, "subaccount %q has no subscription %q", subaccount, clip(string(id)))
	}
	return s, err
}

// Subscriptions lists the subscriptions of a subaccount in the order of creation.
func (r *Registry) Subscriptions(ctx context.Context, subaccount SubaccountID) (list []Subscription, err error) {
	err = r.look(ctx, PointSubscriptionList, Reference{}, func(u *unit) error {
		sub, err := u.subaccount(subaccount)
		if err != nil {
			return err
		}
		list, err = u.Subscriptions().ListOf(sub.ID)
		return err
	})
	return list, err
}

// DeleteSubscription ends a subscription with all its deliveries. One that is on
// its way may still arrive.
func (r *Registry) DeleteSubscription(ctx context.Context, subaccount SubaccountID, id SubscriptionID) error {
	return r.change(ctx, PointSubscriptionDelete, func(u *unit) error {
		if _, err := u.subaccount(subaccount); err != nil {
			return err
		}
		s, err := u.subscription(subaccount, id)
		if err != nil {
			return err
		}
		if _, err := u.dropDeliveries(DeliveryFilter{Subscription: s.ID}); err != nil {
			return err
		}
		u.record(EntryDecision, PointSubscriptionDelete, nil, "", "sap-domain §15.5",
			fmt.Sprintf("subaccount %s no longer listens to %s %s of application %s", s.Subaccount, clip(s.Type), s.Version, s.Source))
		return errors.Join(u.Due().Cancel(DueEventDelivery, string(s.ID)), u.Subscriptions().Delete(s.ID))
	})
}

func (u *unit) dropDeliveries(f DeliveryFilter) (int, error) {
	list, err := u.Deliveries().List(f)
	for _, d := range list {
		err = errors.Join(err, u.Deliveries().Delete(d.Sequence))
	}
	return len(list), err
}

// Deliveries lists a page of the events that are on their way to the subscribers
// of f.Subaccount, or could not be delivered, oldest first, and whether there are more.
func (r *Registry) Deliveries(ctx context.Context, f DeliveryFilter) (page []Delivery, more bool, err error) {
	err = r.look(ctx, PointDeliveryList, Reference{}, func(u *unit) error {
		if _, err := u.subaccount(f.Subaccount); err != nil {
			return err
		}
		g := f
		page, more, err = pageOf(f.Limit, func(limit int) ([]Delivery, error) {
			g.Limit = limit
			return u.Deliveries().List(g)
		})
		return err
	})
	return page, more, err
}

// Redeliver lets an event that was given up be sent anew, before what waits. It
// refuses with DeliveryNotFound, DeliveryNotDead and DeliveriesFull.
func (r *Registry) Redeliver(ctx context.Context, subaccount SubaccountID, sequence uint64) (d Delivery, err error) {
	err = r.change(ctx, PointDeliveryRetry, func(u *unit) error {
		if _, err := u.subaccount(subaccount); err != nil {
			return err
		}
		found, err := u.Deliveries().List(DeliveryFilter{Subaccount: subaccount, After: sequence - 1, Limit: 1})
		if err != nil {
			return err
		}
		if len(found) == 0 || found[0].Sequence != sequence {
			return Errorf(DeliveryNotFound, "subaccount %q has no delivery %d", subaccount, sequence)
		}
		if d = found[0]; d.State != DeliveryDead {
			return Errorf(DeliveryNotDead, "the event is sent still; it was sent in vain %d times of %d", d.Attempts, MaxDeliveryAttempts)
		}
		waiting, err := u.Deliveries().Count(d.Subscription, DeliveryWaiting)
		if err != nil {
			return err
		}
		if waiting >= MaxWaitingDeliveries {
			return Errorf(DeliveriesFull, "%d events wait for subscription %s already", waiting, d.Subscription)
		}
		d.State, d.Attempts, d.Failure = DeliveryWaiting, 0, ""
		u.record(EntryDecision, PointDeliveryRetry, nil, "", "pairsim",
			fmt.Sprintf("%s id %s is sent to subscription %s anew", clip(d.Attributes["type"]), clip(d.Attributes["id"]), d.Subscription))
		return errors.Join(u.Deliveries().Put(d), u.wakeDelivery(d.Subscription))
	})
	return d, err
}

// wakeDelivery lets what waits for a subscription be sent. Work that is there keeps
// its instant, and its claim: it goes on with what waits.
func (u *unit) wakeDelivery(id SubscriptionID) error {
	if _, there, err := u.Due().Find(DueEventDelivery, string(id)); err != nil || there {
		return err
	}
	return u.schedule(u.now, DueEventDelivery, string(id))
}

// PublishedEvent is an event that a tenant sent and that was accepted.
type PublishedEvent struct {
	ID, Type, Version string
	// Attributes are further ones of the CloudEvent that is made of it: time,
	// datacontenttype, extensions.
	Attributes map[string]string
	Data       []byte
}

// AcceptEvent notes an accepted event, which the wire has checked, and stores a
// delivery for everybody who listens to it. It refuses with DeliveriesFull, and
// stores nothing, while too many wait.
func (r *Registry) AcceptEvent(ctx context.Context, point Point, c Caller, e PublishedEvent) error {
	about := c.reference()
	return r.step(ctx, point, &about, func(ctx context.Context) error {
		if e.Type == "" {
			return errors.New("event without type")
		}
		return r.update(ctx, func(u *unit) error {
			present, err := u.callerBy(c.Certificate.Serial)
			if err != nil {
				return err
			}
			s, source := &present.System, present.System.ApplicationName
			u.events.accepted++
			u.record(EntryDecision, point, s, "", "Kyma event service", clip(e.Type)+" "+clip(e.Version)+" id "+clip(e.ID))
			runtime, err := u.eventRuntime(s)
			if err != nil {
				return err
			}
			if runtime != "" && runtime != s.EventRuntime {
				s.EventRuntime = runtime
				u.record(EntryDecision, PointRuntimeSync, s, "", "sap-domain §15.5", "the runtime of subaccount "+string(runtime)+" gets the events of the application from now on")
				if err := u.Systems().Put(*s); err != nil {
					return err
				}
			}
			listeners, err := u.listenersTo(s, runtime)
			if err != nil {
				return err
			}
			eventType, version := typeAndVersion(source, e.Type, e.Version)
			for _, to := range listeners {
				if !to.wants(source, eventType, version) {
					continue
				}
				if err := u.enqueue(&to, e, eventType, version); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// eventRuntime is the only runtime that gets a system's events: the one that got the
// latest while it has the application, else that of the application's oldest
// formation, for a runtime has no age here; "" for none (sap-domain §15.5).
func (u *unit) eventRuntime(s *System) (SubaccountID, error) {
	runtimes, err := u.runtimesOf(s)
	switch {
	case err != nil || len(runtimes) == 0:
		return "", err
	case slices.Contains(runtimes, s.EventRuntime):
		return s.EventRuntime, nil
	}
	return runtimes[0], nil
}

// listenersTo are the subscriptions to a system's events in the runtime that gets them.
func (u *unit) listenersTo(s *System, runtime SubaccountID) (list []Subscription, err error) {
	if runtime == "" {
		return nil, nil
	}
	there, err := u.Subscriptions().ListOf(runtime)
	for _, one := range there {
		if one.Source == s.ApplicationName {
			list = append(list, one)
		}
	}
	return list, err
}

func (u *unit) enqueue(s *Subscription, e PublishedEvent, eventType, version string) error {
	waiting, err := u.Deliveries().Count(s.ID, DeliveryWaiting)
	if err != nil {
		return err
	}
	if waiting >= MaxWaitingDeliveries {
		return Errorf(DeliveriesFull, "%d events wait for subscription %s already", waiting, s.ID)
	}
	attributes := maps.Clone(e.Attributes)
	if attributes == nil {
		attributes = map[string]string{}
	}
	attributes["id"], attributes["source"] = e.ID, s.Source
	attributes["type"] = u.r.edition.eventName(s.Source, eventType, version)
	if version != "" {
		attributes["eventtypeversion"] = version
	}
	u.env.Sequence++
	err = u.Deliveries().Put(Delivery{
		Subscription: s.ID, Subaccount: s.Subaccount, Sequence: u.env.Sequence, State: DeliveryWaiting,
		Attributes: attributes, Data: e.Data, CreatedAt: u.now,
	})
	if err != nil {
		return err
	}
	return u.wakeDelivery(s.ID)
}

// ListenedEvent is a type of event that somebody listens to.
type ListenedEvent struct{ Type, Version string }

// ListenedEvents are the events of the caller that somebody listens to, each once.
func (r *Registry) ListenedEvents(ctx context.Context, c Caller) (list []ListenedEvent, err error) {
	err = r.look(ctx, PointSubscribed, c.reference(), func(u *unit) error {
		list = nil
		present, err := u.callerBy(c.Certificate.Serial)
		if err != nil {
			return err
		}
		runtime, err := u.eventRuntime(&present.System)
		if err != nil {
			return err
		}
		listeners, err := u.listenersTo(&present.System, runtime)
		for _, s := range listeners {
			if e := (ListenedEvent{s.Type, s.Version}); !slices.Contains(list, e) {
				list = append(list, e)
			}
		}
		return err
	})
	return list, err
}

// eventDelivery prepares sending the oldest event that waits for a subscription:
// one at a time, so that they arrive in order. When the application has left the
// runtime its events are dropped.
func (u *unit) eventDelivery(subject string) (*job, error) {
	s, ok, err := u.Subscriptions().Find(SubscriptionID(subject))
	if err != nil || !ok || u.r.config.Deliverer == nil {
		return nil, err
	}
	system, known, err := u.Systems().FindByApplicationName(s.Source)
	if err != nil {
		return nil, err
	}
	var runtimes []SubaccountID
	if known {
		if runtimes, err = u.runtimesOf(&system); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(runtimes, s.Subaccount) {
		n, err := u.dropDeliveries(DeliveryFilter{Subscription: s.ID, State: DeliveryWaiting})
		u.events.ended(OutcomeDropped, n)
		u.record(EntryDue, PointEventDeliver, nil, "", "SEED-000 Results",
			fmt.Sprintf("application %s has left the runtime of subaccount %s; %d events for subscription %s are dropped", s.Source, s.Subaccount, n, s.ID))
		return nil, err
	}
	d, ok, err := u.firstWaiting(s.ID)
	if err != nil || !ok {
		return nil, err
	}
	deliverer := u.r.config.Deliverer
	return &job{
		point: PointEventDeliver, about: system.Reference(),
		call:   func(ctx context.Context) error { return deliverer.Deliver(ctx, s, d) },
		finish: func(u *unit, failure error) error { return u.delivered(&system, &s, d, failure) },
	}, nil
}

func (u *unit) firstWaiting(id SubscriptionID) (d Delivery, ok bool, err error) {
	list, err := u.Deliveries().List(DeliveryFilter{Subscription: id, State: DeliveryWaiting, Limit: 1})
	if err != nil || len(list) == 0 {
		return d, false, err
	}
	return list[0], true, nil
}

// delivered ends an attempt, and schedules the next one or the next event.
func (u *unit) delivered(system *System, s *Subscription, d Delivery, failure error) error {
	name := clip(d.Attributes["type"]) + " id " + clip(d.Attributes["id"])
	again := u.now
	if failure == nil {
		u.events.ended(OutcomeDelivered, 1)
		u.record(EntryDue, PointEventDeliver, system, "", "sap-domain §15.5", fmt.Sprintf("%s is delivered to subscription %s", name, s.ID))
		if err := u.Deliveries().Delete(d.Sequence); err != nil {
			return err
		}
	} else {
		d.Attempts++
		d.Failure = failureText(failure)
		switch {
		case d.Attempts < MaxDeliveryAttempts:
			wait := time.Second << (d.Attempts - 1)
			again = u.now.Add(wait)
			u.events.ended(OutcomeFailed, 1)
			u.record(EntryDecision, PointEventDeliver, system, "", "pairsim", fmt.Sprintf("%s is sent to subscription %s again in %s", name, s.ID, wait))
		default:
			d.State = DeliveryDead
			u.events.ended(OutcomeDead, 1)
			u.record(EntryDecision, PointEventDeliver, system, "", "pairsim",
				fmt.Sprintf("%s is not sent to subscription %s any more, after %d attempts", name, s.ID, d.Attempts))
		}
		if err := errors.Join(u.Deliveries().Put(d), u.forgetDead(s.ID)); err != nil {
			return err
		}
	}
	if _, more, err := u.firstWaiting(s.ID); err != nil || !more {
		return err
	}
	return u.schedule(again, DueEventDelivery, string(s.ID))
}

// failureText is why an event was not delivered, for everybody to see.
func failureText(failure error) string {
	var refused *Error
	if errors.As(failure, &refused) {
		return refused.Detail
	}
	return "internal error"
}

// forgetDead keeps the list of what could not be delivered bounded.
func (u *unit) forgetDead(id SubscriptionID) error {
	dead, err := u.Deliveries().List(DeliveryFilter{Subscription: id, State: DeliveryDead})
	for len(dead) > MaxDeadDeliveries && err == nil {
		err = u.Deliveries().Delete(dead[0].Sequence)
		dead = dead[1:]
	}
	return err
}
