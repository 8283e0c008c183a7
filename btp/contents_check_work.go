package btp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

func (k *contentsChecker) incidents() {
	for i, n := range k.Incidents {
		path := func(field string) string { return at("incidents", i, field) }
		k.id("incident", path("id"), string(n.ID))
		k.account(path("globalAccount"), n.GlobalAccount)
		k.numbered("incident", path("sequence"), n.Sequence)
		switch n.Subject.Kind { //nolint:exhaustive // the others have no incidents
		case KindSystem:
			if n.Open() { // the subject of one that is resolved may be gone
				k.system(path("subject.id"), SystemID(n.Subject.ID), n.GlobalAccount)
			}
		case KindFormation:
			if n.Open() {
				k.formation(path("subject.id"), n.Subject.ID)
			}
		default:
			k.refuse(path("subject.kind"), "%q has no incidents; %s and %s have", clip(string(n.Subject.Kind)), KindSystem, KindFormation)
		}
	}
}

func (k *contentsChecker) subscriptionsAndDeliveries() {
	of, count := map[SubscriptionID]*Subscription{}, map[string]int{}
	limit := func(path, list string, most int) {
		if count[list]++; count[list] == most+1 {
			k.refuse(path, "there are at most %d of %s", most, list)
		}
	}
	for i, s := range k.Subscriptions {
		path := func(field string) string { return at("subscriptions", i, field) }
		k.id("subscription", path("id"), string(s.ID))
		k.subaccount(path("subaccount"), s.Subaccount, "")
		k.hold(path(""), (&NewSubscription{s.Source, s.Type, s.Version, s.Sink, s.Mode}).check())
		k.numbered("subscription", path("sequence"), s.Sequence)
		limit(path(""), "the subscriptions of subaccount "+string(s.Subaccount), MaxSubscriptions)
		of[s.ID] = &k.Subscriptions[i]
	}
	most := map[DeliveryState]int{DeliveryWaiting: MaxWaitingDeliveries, DeliveryDead: MaxDeadDeliveries}
	for i, d := range k.Deliveries {
		path := func(field string) string { return at("deliveries", i, field) }
		k.numbered("delivery", path("sequence"), d.Sequence)
		known(k, path("state"), "state of a delivery", d.State, DeliveryStates)
		if s := of[d.Subscription]; s == nil || s.Subaccount != d.Subaccount {
			k.refuse(path("subscription"), "subaccount %q has no subscription %q", clip(string(d.Subaccount)), clip(string(d.Subscription)))
		}
		for _, name := range []string{"id", "source", "type"} {
			if d.Attributes[name] == "" {
				k.refuse(path("attributes"), "a CloudEvent has an %s", name)
			}
		}
		for name := range d.Attributes {
			if !attributeRule.MatchString(name) {
				k.refuse(path("attributes"), "%q: names of attributes hold lower-case letters and digits only", clip(name))
			}
		}
		if d.Attempts < 0 || d.Attempts > MaxDeliveryAttempts || d.State == DeliveryWaiting && d.Attempts == MaxDeliveryAttempts {
			k.refuse(path("attempts"), "an event is sent at most %d times", MaxDeliveryAttempts)
		}
		limit(path(""), fmt.Sprintf("the %s deliveries of subscription %s", d.State, clip(string(d.Subscription))), most[d.State])
	}
}

// dueSubjects say which kinds of due work are about what else stands in the contents.
var dueSubjects = map[DueKind]func(k *contentsChecker, subject string) bool{
	DueTokenExpiry:       func(k *contentsChecker, id string) bool { return k.tokens[TokenID(id)] != nil },
	DueAttemptDeadline:   func(k *contentsChecker, id string) bool { return k.there["attempt of system"][id] },
	DueCertExpiry:        func(k *contentsChecker, id string) bool { return k.there["certificate"][id] },
	DueKeyRetirement:     func(k *contentsChecker, id string) bool { return k.there["signing key"][id] },
	DueReplayExpiry:      func(k *contentsChecker, id string) bool { return k.there["replay"][id] },
	DueIncidentExpiry:    func(k *contentsChecker, id string) bool { return k.there["incident"][id] },
	DueDeregistration:    func(k *contentsChecker, id string) bool { return k.systems[SystemID(id)] != nil },
	DueEventDelivery:     func(k *contentsChecker, id string) bool { return k.there["subscription"][id] },
	DueTenantWake:        func(k *contentsChecker, id string) bool { return k.systems[SystemID(id)] != nil },
	DueInstanceCreation:  func(k *contentsChecker, id string) bool { return k.there[string(KindServiceInstance)][id] },
	DueInstanceDeletion:  func(k *contentsChecker, id string) bool { return k.there[string(KindServiceInstance)][id] },
	DueMessageExpiry:     func(k *contentsChecker, id string) bool { return k.there[string(KindMessage)][id] },
	DueWebhookHandshake:  func(k *contentsChecker, id string) bool { return k.there[string(KindWebhook)][id] },
	DueWebhookPush:       func(k *contentsChecker, id string) bool { return k.there[string(KindWebhook)][id] },
	DueRemoval:           func(k *contentsChecker, id string) bool { return k.systems[SystemID(id)] != nil },
	DueSynchronization:   func(k *contentsChecker, id string) bool { return k.formations[FormationID(id)] != nil },
	DueFormationDeletion: func(k *contentsChecker, id string) bool { return k.formations[FormationID(id)] != nil },
}

func (k *contentsChecker) due() {
	for i, d := range k.Due {
		path := func(field string) string { return at("due", i, field) }
		k.once("due work", path("subject"), string(d.Kind), d.Subject)
		if _, ok := dueKinds[d.Kind]; !ok {
			kinds := make([]DueKind, 0, len(dueKinds))
			for kind := range dueKinds {
				kinds = append(kinds, kind)
			}
			slices.SortFunc(kinds, cmp.Compare)
			known(k, path("kind"), "kind of due work", d.Kind, kinds)
			continue
		}
		if is := dueSubjects[d.Kind]; is != nil && !is(k, d.Subject) {
			k.refuse(path("subject"), "%s: there is no %q", d.Kind, clip(d.Subject))
		}
		if d.At.IsZero() {
			k.refuse(path("at"), "due work has an instant")
		}
		k.waiting(path, d)
	}
}

// waiting holds what due work waits for instead of its instant.
func (k *contentsChecker) waiting(path func(string) string, d Due) {
	if d.Hold != "" {
		k.id("hold", path("hold"), string(d.Hold))
	}
	switch {
	case d.Reads != 0 && d.Hold != "":
		k.refuse(path("hold"), "it waits for reads or for a release, not for both")
	case d.waits() && dueKinds[d.Kind].transition == "":
		k.refuse(path("kind"), "%s waits for its instant only", d.Kind)
	}
	if d.Reads < 0 || d.Reads > MaxTransitionReads {
		k.refuse(path("reads"), "it is 0 to %d", MaxTransitionReads)
	}
	if d.Tries < 0 || d.Tries > maxTries {
		k.refuse(path("tries"), "it is 0 to %d", maxTries)
	}
}

// objects holds what the store needs to know of objects of platform services.
func (k *contentsChecker) objects() {
	for i, o := range k.Objects {
		path := func(field string) string { return at("objects", i, field) }
		known(k, path("kind"), "kind of object", o.Kind, ServiceObjectKinds)
		k.id(string(o.Kind), path("id"), o.ID)
		k.numbered(string(o.Kind), path("sequence"), o.Sequence)
		if o.Name != "" {
			k.once(string(o.Kind)+" in "+o.Scope, path("name"), o.Name)
		}
		if o.System != "" {
			k.system(path("system"), o.System, "")
		}
		for field, text := range map[string][]byte{"document": o.Document, "secret": o.Secret} {
			if len(text) > 0 && !json.Valid(text) {
				k.refuse(path(field), "it is no JSON")
			}
		}
	}
}

func (k *contentsChecker) transitions() {
	names := slices.DeleteFunc(slices.Clone(Transitions), func(t Transition) bool { return !k.edition.lasts(t) })
	for i, s := range k.Transitions {
		known(k, at("transitions", i, "name"), "transition of edition "+k.edition.ID, s.Name, names)
		k.once("transition", at("transitions", i, "name"), string(s.Name))
		k.hold(at("transitions", i, ""), s.Policy.Check())
	}
}
