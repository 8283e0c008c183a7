package extensibility

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pairsim/pairsim/internal/pattern"
)

// EventingScenario is the scenario of every messaging instance, Enterprise Eventing
// Integration (925c00a.md).
const EventingScenario = "SAP_COM_0092"

// The attributes of the eventing scenario, by technical name (2d50d91.md).
const (
	channelName       = "CHANNEL NAME"
	description       = "DESCRIPTION"
	topicSpace        = "TOPIC SPACE"
	mqttQoS           = "MQTT_QOS"
	reconnectAttempts = "RECONNECT ATTEMPTS"
	waitTime          = "WAIT TIME" // seconds
)

// channelAttribute is a row of 2d50d91.md's table.
type channelAttribute struct {
	name   string
	value  *pattern.Pattern
	most   int // characters
	rule   string
	ofEach func(emClientID string) string // the default
}

// channelAttributes are the attributes in the order of the document's example.
var channelAttributes = []channelAttribute{
	{
		channelName, pattern.New(`^[A-Z0-9_-]+$`), 60, "capital letters, digits, underscores and hyphens",
		func(id string) string { return "SAP_CP_XF_" + strings.ToUpper(id) },
	},
	{ // the document's characters are those of a name, but its own default has blanks and a colon
		description, pattern.New(`^[a-zA-Z0-9_: -]+$`), 60, "letters, digits, underscores, hyphens, blanks and colons",
		func(id string) string { return "Integration with Enterprise Messaging for EM Client: " + id },
	},
	{
		topicSpace, pattern.New(`^[a-zA-Z0-9]+/[a-zA-Z0-9]+/[a-zA-Z0-9]+$`), 24, "exactly three segments of letters and digits, as a/b/c",
		func(id string) string { return "sap/S4HANAOD/" + id },
	},
	{mqttQoS, pattern.New(`^[01]$`), 1, "0 or 1", func(string) string { return "1" }},
	{reconnectAttempts, pattern.New(`^(0|[1-9][0-9]{0,5})$`), 6, "a number; 0 is for ever", func(string) string { return "0" }},
	{waitTime, pattern.New(`^([1-9][0-9]{0,2}|1[0-7][0-9]{2}|1800)$`), 4, "seconds, at most 1800", func(string) string { return "10" }},
}

func (p *Parameters) checkMessaging(found *findings) {
	list, path := p.Arrangement.Attributes, atArrangement+".attributes"
	unique(found, path, list)
	for i, given := range list {
		for _, row := range channelAttributes {
			at := fmt.Sprintf("%s[%d].value", path, i)
			switch {
			case given.Name != row.name:
			case len(given.Value) > row.most:
				found.add(at, "%s has %d characters, want at most %d", row.name, len(given.Value), row.most)
			case !row.value.MatchString(given.Value):
				found.add(at, "%s is %q, want %s", row.name, given.Value, row.rule)
			}
		}
	}
	if p.EventMesh == nil || p.EventMesh.Parameters.Namespace == "" {
		return
	}
	if space := p.topicSpace(); p.EventMesh.Parameters.Namespace != space {
		found.add("$.ems.parameters.namespace", "is %q, want the topic space, %q", p.EventMesh.Parameters.Namespace, space)
	}
}

// topicSpace is the one given, or the default.
func (p *Parameters) topicSpace() string { return p.attribute(topicSpace) }

// attribute is the value of an attribute of the channel, given or default.
func (p *Parameters) attribute(name string) string {
	for _, one := range p.Arrangement.Attributes {
		if one.Name == name {
			return one.Value
		}
	}
	i := slices.IndexFunc(channelAttributes, func(row channelAttribute) bool { return row.name == name })
	return channelAttributes[i].ofEach(p.EmClientID)
}

// expandMessaging derives from the emClientId what is not given (2d50d91.md). The
// namespace is the topic space's, of which it must be the first three segments.
func (p *Parameters) expandMessaging() {
	if p.Arrangement.Name == "" {
		p.Arrangement.Name = "SAP_CLOUD_PLATFORM_XF_" + p.EmClientID
	}
	attributes := make([]Attribute, len(channelAttributes))
	for i, row := range channelAttributes {
		attributes[i] = Attribute{row.name, p.attribute(row.name)}
	}
	p.Arrangement.Attributes = attributes
	if p.EventMesh == nil {
		p.EventMesh = &eventMesh{}
	}
	bus := &p.EventMesh.Parameters
	if bus.EmName == "" {
		bus.EmName = p.EmClientID
	}
	if bus.Namespace == "" {
		bus.Namespace = p.topicSpace()
	}
	if bus.Rules.Topics.Inbound == nil {
		bus.Rules.Topics.Inbound = []string{"${namespace}/#"}
	}
	bus.Resources.Units = strconv.Itoa(bus.Resources.count())
}

// count is the units as a number, 10 unless given (2d50d91.md).
func (s busShares) count() int {
	const least = 10
	switch units := s.Units.(type) {
	case float64:
		return int(units)
	case string:
		if n, err := strconv.Atoi(units); err == nil {
			return n
		}
	}
	return least
}
