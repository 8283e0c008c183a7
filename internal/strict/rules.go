package strict

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Number names a rule, as S-07.
type Number string

// The rules. A landed number is never given to another rule.
const (
	ShuffledKeys    Number = "S-01"
	ShuffledLists   Number = "S-02"
	UnknownKeys     Number = "S-03"
	FreeText        Number = "S-04"
	DiscoveredPaths Number = "S-05"
	PairingPaths    Number = "S-06"
	ProvisionalURLs Number = "S-07"
	ShortAttempt    Number = "S-08"
	Busy            Number = "S-09"
	BusyUntilDate   Number = "S-10"
	TooEarly        Number = "S-11"
	Pieces          Number = "S-12"
	Closing         Number = "S-13"
	RotatedKeys     Number = "S-14"
	ChainLength     Number = "S-15"
	HeaderCase      Number = "S-16"
	PEMText         Number = "S-17"
	AbsentFields    Number = "S-18"
)

// Rule is one way to be unfriendly.
type Rule struct {
	Number Number
	Name   string
	// Does says what the registry does.
	Does string
	// Mistake says what a client did wrong that trips.
	Mistake string
	// Source is the document that makes it legal.
	Source string
	// Needs is the rule whose answers this one shapes; "" for none.
	Needs Number
	// Noticed says that the registry itself sees a client trip. The others show
	// in the client alone.
	Noticed bool
}

// Rules are all rules, in the order of their numbers. Every one is on when
// strictness is.
var Rules = []Rule{
	{
		Number: ShuffledKeys, Name: "shuffled-keys", Source: "RFC 8259 §4",
		Does:    "the members of JSON objects come in another order",
		Mistake: "the client counted on the order of the members of a JSON object",
	},
	{
		Number: ShuffledLists, Name: "shuffled-lists", Source: "RFC 7517 §5, pairing-protocols §3.1 and §4.3",
		Does:    "lists whose order nobody promises come in another: services, signing keys, subscribed events",
		Mistake: "the client counted on the order of a list",
	},
	{
		Number: UnknownKeys, Name: "unknown-keys", Source: "pairing-protocols §1.6 and §3.2, RFC 6749 §5.1",
		Does:    "JSON objects have members that no document names",
		Mistake: "the client refused an answer because of a member that it does not know",
	},
	{
		Number: FreeText, Name: "free-text", Source: "RFC 8259 §2 and §7",
		Does:    "JSON has insignificant blanks, and escapes characters that need none",
		Mistake: "the client read JSON as text, not with a JSON parser",
	},
	{
		Number: DiscoveredPaths, Name: "discovered-paths", Source: "pairing-protocols §1.4 and §1.6", Noticed: true,
		Does:    "the URLs that answers hand out have paths that only these answers tell; the well-known paths behind them answer 404",
		Mistake: "the client called a path that it knew by heart, not the URL that it was handed",
	},
	{
		Number: PairingPaths, Name: "pairing-paths", Source: "pairing-protocols §1.3 and §1.4", Noticed: true,
		Does:    "the paths that are handed out differ from pairing to pairing; those of another one answer 404",
		Mistake: "the client called a URL of another pairing, as if csrUrl and the others never changed",
	},
	{
		Number: ProvisionalURLs, Name: "provisional-urls", Source: "pairing-protocols §1.4", Noticed: true,
		Does:    "management info names other URLs for services and events than the first answer, whose own answer 404",
		Mistake: "the client used the provisional URLs of the first answer, and did not read management info",
	},
	{
		Number: ShortAttempt, Name: "short-attempt", Source: "pairing-protocols §1.3 and §10.3", Noticed: true,
		Does:    "a follow-up token lives for one to two minutes of the environment's clock",
		Mistake: "the client kept the follow-up token for later",
	},
	{
		Number: Busy, Name: "busy", Source: "RFC 9110 §15.6.4 and §10.2.3",
		Does:    "a call is answered 503 with Retry-After and has done nothing; the same call is answered when it comes again",
		Mistake: "the client gave up at a 503 that says when to come again",
	},
	{
		Number: BusyUntilDate, Name: "busy-until-date", Source: "RFC 9110 §10.2.3", Needs: Busy,
		Does:    "Retry-After is an HTTP date, on the environment's clock",
		Mistake: "the client reads Retry-After only as a number of seconds",
	},
	{
		Number: TooEarly, Name: "too-early", Source: "RFC 9110 §10.2.3", Needs: Busy, Noticed: true,
		Does:    "who comes again before the time of Retry-After is answered 503 once more; not while the clock is frozen",
		Mistake: "the client came again before the time that Retry-After asked for",
	},
	{
		Number: Pieces, Name: "pieces", Source: "RFC 9112 §7.1",
		Does:    "bodies come chunked, in small pieces, without Content-Length",
		Mistake: "the client took the first piece of a body for all of it, or needed its Content-Length",
	},
	{
		Number: Closing, Name: "closing", Source: "RFC 9112 §9.6",
		Does:    "the connection is closed after an answer",
		Mistake: "the client sent its next request over a connection that the answer had closed",
	},
	{
		Number: RotatedKeys, Name: "rotated-keys", Source: "RFC 7517 §4.5, docs/wire.md (Discovery)",
		Does:    "the key that signs tokens is rotated after the key set was read",
		Mistake: "the client kept the key set and did not read it again for a kid that it does not know",
	},
	{
		Number: ChainLength, Name: "chain-length", Source: "pairing-protocols §1.5",
		Does:    "crt holds the root too, behind the leaf and its CA",
		Mistake: "the client assumed that crt holds exactly two certificates",
	},
	{
		Number: HeaderCase, Name: "header-case", Source: "RFC 9110 §5.1",
		Does:    "header names are written in lower case, among others that nobody asked for",
		Mistake: "the client compared the case of header names",
	},
	{
		Number: PEMText, Name: "pem-text", Source: "RFC 7468 §2 and §3",
		Does:    "the PEM of certificates has explanatory text around it and ends its lines with CRLF",
		Mistake: "the client cut certificates out of PEM by the exact text",
	},
	{
		Number: AbsentFields, Name: "absent-fields", Source: "pairing-protocols §1.4 and §3.1",
		Does:    "optional members are missing: extensions, and of a list of services the labels",
		Mistake: "the client needed a member that is optional",
	},
}

// Find finds a rule by number or name.
func Find(numberOrName string) (Rule, bool) {
	for _, r := range Rules {
		if strings.EqualFold(string(r.Number), numberOrName) || r.Name == numberOrName {
			return r, true
		}
	}
	return Rule{}, false
}

// Settings switch strictness on. The zero value is off.
type Settings struct {
	// Seed is what the rules draw by; 0: strictness is off.
	Seed uint64
	// Off are the rules that are switched off, by number or name.
	Off []string
}

// On says whether there is any strictness.
func (s Settings) On() bool { return s.Seed != 0 }

// Without returns the settings with further rules off.
func (s Settings) Without(rules ...Number) Settings {
	s.Off = slices.Clone(s.Off)
	for _, n := range rules {
		s.Off = append(s.Off, string(n))
	}
	return s
}

// Only returns the settings with no rule on but these and what they need.
func (s Settings) Only(rules ...Number) Settings {
	for _, n := range slices.Clone(rules) {
		if r, ok := Find(string(n)); ok && r.Needs != "" {
			rules = append(rules, r.Needs)
		}
	}
	s.Off = nil
	for _, r := range Rules {
		if !slices.Contains(rules, r.Number) {
			s.Off = append(s.Off, string(r.Number))
		}
	}
	return s
}

// Check refuses a seed that no environment can have, and a switch for a rule that
// does not exist.
func (s Settings) Check() error {
	if s.Seed > math.MaxInt64 {
		return fmt.Errorf("the seed must not be more than %d", math.MaxInt64)
	}
	for _, name := range s.Off {
		if _, ok := Find(name); !ok {
			return fmt.Errorf("there is no rule %.60q to switch off; rules are %s to %s (pairsim strict rules lists them)",
				name, Rules[0].Number, Rules[len(Rules)-1].Number)
		}
	}
	return nil
}

// rules are those that are on. A rule is off with the one that it needs.
func (s Settings) rules() map[Number]bool {
	on := map[Number]bool{}
	if !s.On() {
		return on
	}
	off := map[Number]bool{}
	for _, name := range s.Off {
		if r, ok := Find(name); ok {
			off[r.Number] = true
		}
	}
	for _, r := range Rules {
		on[r.Number] = !off[r.Number] && !off[r.Needs]
	}
	return on
}
