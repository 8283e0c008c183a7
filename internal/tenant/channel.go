package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/cloudevent"
	"github.com/pairsim/pairsim/internal/pattern"
	"github.com/pairsim/pairsim/internal/records"
)

// A channel is what a messaging arrangement is to the tenant: events of the topics
// that are bound to it go to the event bus.

// channel is read from the attributes of an arrangement (2d50d91.md).
type channel struct {
	name     string
	space    string        // before each topic
	qos      int           // 0: at most once; 1: at least once
	attempts int           // to reconnect; 0: for ever
	wait     time.Duration // before the first; it grows
}

var (
	channelPattern = pattern.New(`^[A-Z0-9_-]{1,60}$`)
	spacePattern   = pattern.New(`^[a-zA-Z0-9]+/[a-zA-Z0-9]+/[a-zA-Z0-9]+$`)
)

const (
	maxTopicSpace  = 24
	maxDescriptive = 60
	maxTopics      = 100
	topicRoot      = "sap/s4/beh/"
)

func channelOf(w *wantedArrangement) (channel, error) {
	c := channel{qos: 1, wait: 10 * time.Second}
	bad := func(a attribute, rule string) error {
		return refuse(attributeInvalid, "attribute %s: %s, not %q", a.Name, rule, clip(a.Value, 80))
	}
	if w.EventBus == nil {
		return c, errors.New("no channel")
	}
	for _, a := range w.Arrangement.Attributes {
		number, err := strconv.Atoi(a.Value)
		numeric := err == nil && strconv.Itoa(number) == a.Value
		switch a.Name {
		case "CHANNEL NAME":
			if c.name = a.Value; !channelPattern.MatchString(a.Value) {
				return c, bad(a, "has 1 to 60 capital letters, digits, underscores and hyphens")
			}
		case "DESCRIPTION":
			if len(a.Value) > maxDescriptive {
				return c, bad(a, fmt.Sprintf("has at most %d bytes", maxDescriptive))
			}
		case "TOPIC SPACE":
			if c.space = a.Value; len(a.Value) > maxTopicSpace || !spacePattern.MatchString(a.Value) {
				return c, bad(a, fmt.Sprintf("has three segments of letters and digits, together at most %d bytes", maxTopicSpace))
			}
			if a.Value != w.EventBus.Namespace {
				return c, bad(a, "is the namespace of the event bus client, "+clip(w.EventBus.Namespace, 80))
			}
		case "MQTT_QOS":
			if c.qos = number; a.Value != "0" && a.Value != "1" {
				return c, bad(a, "is 0 or 1")
			}
		case "RECONNECT ATTEMPTS":
			if c.attempts = number; !numeric || number < 0 || number > 1_000_000 {
				return c, bad(a, "is a number; 0 is for ever")
			}
		case "WAIT TIME":
			if c.wait = time.Duration(number) * time.Second; !numeric || number < 1 || number > int(longestPause/time.Second) {
				return c, bad(a, "is a number of seconds from 1 to 1800")
			}
		default:
			return c, refuse(attributeInvalid, "scenario %s has no attribute %q; it has CHANNEL NAME, DESCRIPTION, TOPIC SPACE, MQTT_QOS, RECONNECT ATTEMPTS, WAIT TIME",
				w.Arrangement.ScenarioID, clip(a.Name, 60))
		}
	}
	if c.name == "" || c.space == "" {
		return c, refuse(attributeInvalid, "the attributes CHANNEL NAME and TOPIC SPACE are required")
	}
	return c, nil
}

// bound tells whether a topic, without its space, is one of patterns: the topic
// itself, or a part of it that ends with /*.
func bound(patterns []string, topic string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		before, wild := strings.CutSuffix(p, "*")
		return p == topic || wild && strings.HasPrefix(topic, before)
	})
}

// Topics are the topics bound to the channel of an arrangement.
func (t *Tenant) Topics(id string) ([]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, err := t.channelArrangement(&t.state.Communication, id)
	if err != nil {
		return nil, err
	}
	return append([]string{}, a.Topics...), nil
}

// channelArrangement finds a messaging arrangement. The caller holds t.mu.
func (t *Tenant) channelArrangement(c *communication, id string) (*arrangement, error) {
	a := c.by(func(a *arrangement) bool { return a.ID == id })
	switch {
	case a == nil:
		return nil, refuse(arrangementNotFound, "tenant %s has no communication arrangement %q", t.cfg.ID, clip(id, 40))
	case a.Wanted.EventBus == nil:
		return nil, refuse(invalidRequest, "arrangement %s is of scenario %s, which has no event channel", a.ID, a.scenarioID())
	}
	return a, nil
}

// BindTopic binds a topic to the channel of an arrangement: sap/s4/beh/…, with /* at
// its end for all below. Bound already is nothing to refuse.
func (t *Tenant) BindTopic(ctx context.Context, id, topic string) ([]string, error) {
	return t.changeTopics(ctx, id, func(topics []string) ([]string, error) {
		if err := t.known(topic); err != nil {
			return nil, err
		}
		if slices.Contains(topics, topic) {
			return topics, nil
		}
		if len(topics) == maxTopics {
			return nil, refuse(invalidRequest, "a channel has at most %d topics", maxTopics)
		}
		return append(topics, topic), nil
	})
}

// UnbindTopic takes a topic from the channel; one that is not bound is nothing to refuse.
func (t *Tenant) UnbindTopic(ctx context.Context, id, topic string) ([]string, error) {
	return t.changeTopics(ctx, id, func(topics []string) ([]string, error) {
		return slices.DeleteFunc(topics, func(bound string) bool { return bound == topic }), nil
	})
}

func (t *Tenant) changeTopics(ctx context.Context, id string, change func([]string) ([]string, error)) (topics []string, err error) {
	err = t.amend(ctx, func(next *communication) error {
		next.Arrangements = slices.Clone(next.Arrangements)
		a, err := t.channelArrangement(next, id)
		if err != nil {
			return err
		}
		if topics, err = change(slices.Clone(a.Topics)); err == nil {
			a.Topics = topics
		}
		return err
	})
	return append([]string{}, topics...), err
}

// known refuses a topic that no event of the product has.
func (t *Tenant) known(topic string) error {
	if c := t.cfg.Product.Communication; c != nil && strings.HasPrefix(topic, topicRoot) {
		for _, o := range c.Objects {
			for _, change := range changes {
				if name := o.topic(change); topic == name || strings.HasSuffix(topic, "/*") && strings.HasPrefix(name, strings.TrimSuffix(topic, "*")) {
					return nil
				}
			}
		}
	}
	return refuse(eventUnknown, "%s publishes no event on topic %q; it publishes %s, with the changes Created, Changed and Deleted, and /* stands for all below",
		t.cfg.Product.SystemType, clip(topic, 150), strings.Join(t.changeTopicNames(), ", "))
}

func (t *Tenant) changeTopicNames() []string {
	var names []string
	for _, o := range t.cfg.Product.Communication.Objects {
		names = append(names, o.topic("Changed"))
	}
	return names
}

// eventOf is the event of a change, if its topic is bound: a CloudEvent in
// structured mode, with the key alone (service-apis §6). The caller holds t.mu.
func (t *Tenant) eventOf(a *arrangement, object BusinessObject, change string, r records.Record) []delivery {
	c, err := channelOf(&a.Wanted)
	topic := object.topic(change)
	if err != nil || !bound(a.Topics, topic) {
		return nil
	}
	data, err := json.Marshal(object.key(r))
	body, wrong := cloudevent.Event{Attributes: map[string]string{
		"id": uuid.NewString(), "source": "/default/sap.s4.beh/" + t.cfg.ID, "type": strings.ReplaceAll(topic, "/", "."),
		"time": t.now().Format(time.RFC3339Nano), "datacontenttype": "application/json",
	}, Data: data}.JSON()
	if err = errors.Join(err, wrong); err != nil {
		t.cfg.Logger.Error("event not made", "topic", topic, "error", err)
		return nil
	}
	return []delivery{{Arrangement: a.ID, Topic: c.space + "/ce/" + topic, Body: body}}
}

// publishEvent sends an event to the bus. With quality of service 0 it is sent once;
// with 1 again while the bus cannot be reached, as often as the channel reconnects.
// An event that the bus does not want is given up: the next ones have their turn.
func (t *Tenant) publishEvent(ctx context.Context, d *delivery, a *arrangement) tried {
	c, err := channelOf(&a.Wanted)
	if err != nil {
		return tried{detail: err.Error(), final: GivenUp}
	}
	err = t.publishOnce(ctx, d, a, c.qos)
	if refusedStatus(err) == http.StatusUnauthorized {
		t.forgetToken(a.ID)
		err = t.publishOnce(ctx, d, a, c.qos)
	}
	status := refusedStatus(err)
	result := tried{status: status, again: pauseAfter(d.Tries+1, c.wait)}
	switch {
	case err == nil:
		return tried{status: http.StatusNoContent, final: Delivered}
	case c.qos == 0:
		result.final = Lost
	case status/100 == 4 && status != http.StatusUnauthorized && status != http.StatusTooManyRequests,
		c.attempts > 0 && d.Tries >= c.attempts: // the first try is no reconnection
		result.final = GivenUp
	}
	result.detail = err.Error()
	return result
}

func refusedStatus(err error) int {
	var refused *btpclient.RefusedError
	if errors.As(err, &refused) {
		return refused.Status
	}
	return 0
}

func (t *Tenant) publishOnce(ctx context.Context, d *delivery, a *arrangement, qos int) error {
	bus, registry := a.Wanted.EventBus, t.busRegistry()
	token := t.heldToken(a.ID)
	if token == "" {
		got, err := registry.BusToken(ctx, t.nowAt(bus.TokenEndpoint), bus.ClientID, bus.ClientSecret)
		if err != nil {
			return err
		}
		t.holdToken(a.ID, got.AccessToken, got.ExpiresIn)
		token = got.AccessToken
	}
	return registry.PublishMessage(ctx, t.nowAt(bus.URI), d.Topic, qos, token, cloudevent.ContentType, d.Body)
}

// nowAt is a URL of the registry as the arrangement has it or, where that leads to
// another host than the configured registry's, where the registry is now.
func (t *Tenant) nowAt(stored string) string {
	if t.connector.Allows(stored) {
		return stored
	}
	return t.here(stored)
}
