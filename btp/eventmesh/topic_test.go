package eventmesh

import (
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// Rule: bus-queue-subscribes
func TestMatches(t *testing.T) {
	const changed = "sap/S4HANAOD/s4hc/ce/sap/s4/beh/businesspartner/v1/BusinessPartner/Changed/v1"
	for _, test := range []struct {
		pattern, topic string
		want           bool
	}{
		{"a/b/c", "a/b/c", true},
		{"a/b/c", "a/b", false},
		{"a/b", "a/b/c", false},
		{"a/b/c", "A/b/c", false},
		{"a/+/c", "a/b/c", true},
		{"a/+/c", "a/b/b/c", false},
		{"a/*/c", "a/b/c", true},
		{"a/*/c", "a/b/b/c", false},
		{"a/b/*", "a/b/c", true},
		{"a/b/*", "a/b/c/d", true},
		{"a/b/*", "a/b", false},
		{"a/b/#", "a/b", true},
		{"a/b/#", "a/b/c/d", true},
		{"a/b/#", "a/bb", false},
		{"#", "a", true},
		{"*", "a/b", true},
		{"+", "a/b", false},
		{"+/+", "a/b", true},
		{"sap/S4HANAOD/s4hc/*", changed, true},
		{"sap/S4HANAOD/s4hc/ce/sap/s4/beh/+/v1/+/Changed/v1", changed, true},
		{"sap/S4HANAOD/other/*", changed, false},
	} {
		if got := Matches(test.pattern, test.topic); got != test.want {
			t.Errorf("%s of %s: got %t", test.topic, test.pattern, got)
		}
	}
}

func TestCovers(t *testing.T) {
	for _, test := range []struct {
		filter, pattern string
		want            bool
	}{
		{"a/*", "a/*", true},
		{"a/*", "a/+", true},
		{"a/*", "a/b/#", true},
		{"a/*", "a/#", false}, // a itself
		{"a/#", "a/*", true},
		{"a/+/#", "a/*", true},
		{"a/+", "a/*", false},
		{"a/+", "a/b", true},
		{"a/b", "a/+", false},
		{"a/b/*", "a/+/c", false},
		{"#", "#", true},
		{"*", "#", false},
	} {
		if got := covers(test.filter, test.pattern); got != test.want {
			t.Errorf("all of %s in %s: got %t", test.pattern, test.filter, got)
		}
	}
}

func TestNamesOfTopicsAndQueues(t *testing.T) {
	segments := func(n int) string { return strings.TrimSuffix(strings.Repeat("a/", n), "/") }
	for _, test := range []struct {
		text                  string
		topic, pattern, queue bool
	}{
		{"", false, false, false},
		{"a", true, true, true},
		{"a/b-c/d_e/f.g", true, true, true},
		{"a//b", false, false, false},
		{"/a", false, false, false},
		{"a/", false, false, false},
		{"a/ b", false, false, false},
		{"a/ä", false, false, false},
		{"a/+", false, true, false},
		{"a/*/b", false, true, false},
		{"a/#", false, true, false},
		{"a/#/b", false, false, false},
		{"a/b*", false, false, false},
		{"a/b#", false, false, false},
		{"${namespace}/a", false, false, false},
		{segments(20), true, true, true},
		{segments(21), true, true, false},
		{strings.Repeat("a", 150), true, true, true},
		{strings.Repeat("a", 151), false, false, false},
	} {
		for what, is := range map[string]bool{
			"topic": CheckTopic(test.text) == nil == test.topic, "pattern": CheckPattern(test.text) == nil == test.pattern,
			"queue": CheckQueueName(test.text) == nil == test.queue,
		} {
			if !is {
				t.Errorf("%q as %s: the other way round", test.text, what)
			}
		}
	}
}

// Rule: bus-own-namespace
func TestARuleThatIsGivenDecidesAlone(t *testing.T) {
	c := &Client{Namespace: "a/b/c"}
	for _, test := range []struct {
		filters []string
		topic   string
		want    bool
	}{
		{nil, "a/b/c/d", true},
		{nil, "a/b/d/d", false},
		{nil, "a/b/cc/d", false},
		{[]string{"${namespace}/x/*"}, "a/b/c/x/1", true},
		{[]string{"${namespace}/x/*"}, "a/b/c/y/1", false},
		{[]string{"${namespace}/*", "d/e/f/*"}, "d/e/f/1", true},
		{[]string{"d/e/f/*"}, "a/b/c/1", false},
	} {
		if got := c.allows(test.filters, test.topic); got != test.want {
			t.Errorf("%s with %q: got %t", test.topic, test.filters, got)
		}
	}
}

// FuzzPatterns: a pattern has what it covers, whatever the two are.
//
// Rule: bus-own-namespace
func FuzzPatterns(f *testing.F) {
	for _, seed := range [][3]string{{"a/*", "a/+", "a/b"}, {"#", "a/#", "a"}, {"a/+/#", "a/*", "a/b/c"}, {"*", "#", "a"}, {"a/b", "a/b", "a/b"}, {"", "//", "#/a"}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, filter, pattern, topic string) {
		for _, err := range []error{CheckPattern(filter), CheckPattern(pattern), CheckTopic(topic), CheckQueueName(topic)} {
			if code := btp.CodeOf(err); err != nil && code != btp.TopicInvalid && code != btp.NameInvalid {
				t.Fatalf("refused with %s", code)
			}
		}
		if CheckPattern(filter) != nil || CheckPattern(pattern) != nil || CheckTopic(topic) != nil {
			return
		}
		if !Matches(topic, topic) {
			t.Errorf("%q is not its own", topic)
		}
		if covers(filter, pattern) && Matches(pattern, topic) && !Matches(filter, topic) {
			t.Errorf("%q has all of %q, but not %q", filter, pattern, topic)
		}
	})
}
