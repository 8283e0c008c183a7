package eventmesh

import (
	"slices"
	"strings"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/pattern"
)

const (
	maxTopic    = 150 // characters
	maxSegments = 20  // of a queue's name
	// ownNamespace stands in a filter for the client's namespace.
	ownNamespace = "${namespace}"
)

var segmentRule = pattern.New(`^[a-zA-Z0-9\-_.]+$`)

// CheckTopic refuses with TopicInvalid what is no topic: wildcards are for patterns.
func CheckTopic(topic string) error {
	if err := checkLength("topic", topic); err != nil {
		return err
	}
	for segment := range strings.SplitSeq(topic, "/") {
		if !segmentRule.MatchString(segment) {
			return btp.Errorf(btp.TopicInvalid, "topic: its segments, joined by /, hold letters, digits, - _ and . only; wildcards are for subscriptions")
		}
	}
	return nil
}

// CheckPattern refuses with TopicInvalid what a queue cannot subscribe to and what is
// no filter. Of its segments, + and * stand for any one; as the last, * stands for one
// or more and # for any number.
func CheckPattern(pattern string) error {
	if err := checkLength("topic pattern", pattern); err != nil {
		return err
	}
	segments := strings.Split(pattern, "/")
	for i, segment := range segments {
		switch {
		case segment == "+", segment == "*", segment == "#" && i == len(segments)-1, segmentRule.MatchString(segment):
		case segment == "#":
			return btp.Errorf(btp.TopicInvalid, "topic pattern: # stands for any number of segments, and is the last")
		default:
			return btp.Errorf(btp.TopicInvalid, "topic pattern: its segments, joined by /, are + or *, # at the end, or hold letters, digits, - _ and . only")
		}
	}
	return nil
}

func checkLength(what, text string) error {
	if text == "" || len(text) > maxTopic {
		return btp.Errorf(btp.TopicInvalid, "%s: it has 1 to %d characters; this one has %d", what, maxTopic, len(text))
	}
	return nil
}

// CheckQueueName refuses with NameInvalid what is no name of a queue (service-apis §6).
func CheckQueueName(name string) error {
	segments := strings.Split(name, "/")
	if len(segments) > maxSegments || len(name) > maxTopic || slices.ContainsFunc(segments, func(s string) bool { return !segmentRule.MatchString(s) }) {
		return btp.Errorf(btp.NameInvalid,
			"a queue's name is its client's namespace, / and more: up to %d segments of letters, digits, - _ and ., joined by /, with %d characters at most", maxSegments, maxTopic)
	}
	return nil
}

// Matches says whether a topic is one of a pattern's.
func Matches(pattern, topic string) bool {
	return covered(segmentsOf(pattern), strings.Split(topic, "/"))
}

// covers says whether every topic of a pattern is one of a filter's.
func covers(filter, pattern string) bool {
	return covered(segmentsOf(filter), segmentsOf(pattern))
}

// segmentsOf are a pattern's segments, with + for any one and # for the rest only.
func segmentsOf(pattern string) []string {
	segments := strings.Split(pattern, "/")
	last := len(segments) - 1
	if segments[last] == "*" {
		segments = append(segments[:last], "+", "#")
	}
	for i, segment := range segments {
		if segment == "*" {
			segments[i] = "+"
		}
	}
	return segments
}

func covered(filter, by []string) bool {
	for i, segment := range filter {
		switch {
		case segment == "#":
			return true
		case i >= len(by), by[i] == "#", segment != "+" && segment != by[i]:
			return false
		}
	}
	return len(filter) == len(by)
}

// allows says whether one of filters, or without any the client's own namespace,
// has all of a pattern. A rule that is given decides alone.
func (c *Client) allows(filters []string, pattern string) bool {
	if len(filters) == 0 {
		filters = []string{ownNamespace + "/#"}
	}
	return slices.ContainsFunc(filters, func(f string) bool {
		return covers(strings.ReplaceAll(f, ownNamespace, c.Namespace), pattern)
	})
}

// checkFilter is CheckPattern for a filter of a rule.
func (c *Client) checkFilter(filter string) error {
	return CheckPattern(strings.ReplaceAll(filter, ownNamespace, c.Namespace))
}
