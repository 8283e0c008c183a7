package btp

import (
	"net/url"
	"strings"
	"time"

	"github.com/pairsim/pairsim/internal/pattern"
)

// Bounds of what is kept for subscribers.
const (
	MaxSubscriptions     = 100 // of one subaccount
	MaxWaitingDeliveries = 200 // of one subscription
	MaxDeadDeliveries    = 50  // of one subscription; the oldest is forgotten
	// MaxDeliveryAttempts is how often an event is sent: at once, then after 1, 2, 4,
	// … seconds of the environment's clock.
	MaxDeliveryAttempts = 8
	maxSink             = 2048
)

// SubscriptionID names a subscription.
type SubscriptionID string

// EventMode is the form in which events are sent (CloudEvents HTTP binding 1.0).
type EventMode string

// The modes.
const (
	StructuredMode EventMode = "structured" // attributes and data in one JSON document
	BinaryMode     EventMode = "binary"     // attributes in headers, the data as body
)

// EventModes are all modes.
var EventModes = []EventMode{StructuredMode, BinaryMode}

// Subscription wants the events of one type and version of an application, in a
// subaccount's Kyma runtime (sap-domain §15.5).
type Subscription struct {
	ID         SubscriptionID
	Subaccount SubaccountID
	// Source is the name of an application, which may not be there yet.
	Source string
	// Type is the event's as its publisher names it, such as order.created; Version
	// is v1, say, or empty for events without one.
	Type, Version string
	// Sink is where events are posted to: an absolute http or https URL.
	Sink string
	Mode EventMode
	// Sequence orders subscriptions by creation.
	Sequence  uint64
	CreatedAt time.Time
}

// NewSubscription asks for a subscription; the Mode "" is StructuredMode.
type NewSubscription struct {
	Source, Type, Version, Sink string
	Mode                        EventMode
}

// DeliveryState says what a delivery waits for.
type DeliveryState string

// The states.
const (
	DeliveryWaiting DeliveryState = "waiting" // to be sent, for the first time or again
	DeliveryDead    DeliveryState = "dead"    // it was sent in vain as often as it is sent
)

// DeliveryStates are all states.
var DeliveryStates = []DeliveryState{DeliveryWaiting, DeliveryDead}

// Delivery is an event on its way to a subscription's sink.
type Delivery struct {
	Subscription SubscriptionID
	Subaccount   SubaccountID
	// Sequence names it, and orders the deliveries of an environment.
	Sequence uint64
	State    DeliveryState
	// Attributes are those of the CloudEvent that is sent, but specversion.
	Attributes map[string]string
	Data       []byte
	// Attempts is how often it was sent in vain, Failure why the last time.
	Attempts  int
	Failure   string
	CreatedAt time.Time
}

// DeliveryFilter selects deliveries; empty fields select all.
type DeliveryFilter struct {
	Subscription SubscriptionID
	Subaccount   SubaccountID
	State        DeliveryState
	// After is the Sequence behind which the page starts, Limit its length; 0: no limit.
	After uint64
	Limit int
}

var (
	eventSourceRule  = pattern.New(`^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$`)
	eventTypeRule    = pattern.New(`^[!-~]{1,253}$`)
	eventVersionRule = pattern.New(`^[A-Za-z0-9]{0,16}$`)
	versionSegment   = pattern.New(`^v[0-9]{1,4}$`)
)

// check holds what was asked for against the rules that need no landscape.
func (n *NewSubscription) check() error {
	switch {
	case !eventSourceRule.MatchString(n.Source):
		return Errorf(InvalidRequest, "source: it is the name of an application, such as mp-web-shop: lower-case letters, digits and hyphens, at most 64")
	case !eventTypeRule.MatchString(n.Type) || cleanType(n.Type) == "":
		return Errorf(InvalidRequest, "type: it is an event's type, such as order.created: 1 to 253 printable ASCII characters without blanks")
	case !eventVersionRule.MatchString(n.Version):
		return Errorf(InvalidRequest, "version: it is an event's version, such as v1: at most 16 letters and digits")
	case n.Mode != StructuredMode && n.Mode != BinaryMode:
		return Errorf(InvalidRequest, "mode: %q is none; there are %s and %s", clip(string(n.Mode)), StructuredMode, BinaryMode)
	}
	sink, err := url.Parse(n.Sink)
	if err != nil || len(n.Sink) > maxSink || sink.Hostname() == "" || sink.Scheme != "http" && sink.Scheme != "https" ||
		sink.User != nil || sink.Fragment != "" {
		return Errorf(InvalidRequest, "sink: it is an absolute http or https URL of at most %d characters, without user, password and fragment", maxSink)
	}
	return nil
}

// wants says whether s is for an event of an application.
func (s *Subscription) wants(source, eventType, version string) bool {
	return s.Source == source && s.Version == version && cleanType(s.Type) == cleanType(eventType)
}

// cleanType is an event's type as it is matched: its segments hold letters and
// digits only, and all but the last are one (pairing-protocols §4.1).
func cleanType(eventType string) string {
	var segments []string
	for segment := range strings.SplitSeq(eventType, ".") {
		if clean := lettersAndDigits(segment); clean != "" {
			segments = append(segments, clean)
		}
	}
	if last := len(segments) - 1; last > 1 {
		return strings.Join(segments[:last], "") + "." + segments[last]
	}
	return strings.Join(segments, ".")
}

func lettersAndDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
}

// eventPrefix begins the types of events as edition v1 sends them (pairing-protocols §4.1).
const eventPrefix = "sap.kyma.custom."

// typeAndVersion takes the name that an application's event already has in a
// runtime apart: a CloudEvent may be published under it. A version that the
// publisher names counts; otherwise it is the last segment, if that is like v1.
func typeAndVersion(source, eventType, version string) (string, string) {
	if rest, ok := strings.CutPrefix(eventType, eventPrefix+lettersAndDigits(source)+"."); ok {
		eventType = rest
	}
	if i := strings.LastIndexByte(eventType, '.'); i > 0 && (version == eventType[i+1:] || version == "" && versionSegment.MatchString(eventType[i+1:])) {
		return eventType[:i], eventType[i+1:]
	}
	return eventType, version
}

// eventName is the type that an event is sent with: in v1 as pairing-protocols
// §4.1 has it, in v2 as sap-domain §15.5 (design §4 event names).
func (e *Edition) eventName(source, eventType, version string) string {
	if version != "" {
		version = "." + lettersAndDigits(version)
	}
	if e.PrefixedEvents {
		return eventPrefix + lettersAndDigits(source) + "." + cleanType(eventType) + version
	}
	var segments []string
	for segment := range strings.SplitSeq(eventType, ".") {
		if clean := lettersAndDigits(segment); clean != "" {
			segments = append(segments, clean)
		}
	}
	return strings.Join(segments, ".") + version
}
