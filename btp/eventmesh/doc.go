// Package eventmesh holds the rules of SAP Event Mesh: each subaccount has one event
// bus, whose clients are the service instances; clients publish to topics and queues,
// queues subscribe to topics, and messages are consumed from queues or pushed to
// webhooks (sap-domain §13, service-apis §6). The wire is in btp/eventmesh/rest, calls
// to webhooks are made by btp/eventmesh/webhook.
package eventmesh

import "time"

// Service is the technical name of the offering, and of what tokens of its clients open.
const Service = "enterprise-messaging"

// Bounds of a bus. The documents name those of names and of MaxMessage; the others
// keep a simulator small.
const (
	MaxEmName        = 100
	MaxNamespace     = 24
	MaxFilters       = 50 // of one rule
	MaxQueues        = 100
	MaxTopics        = 100     // that one queue subscribes to
	MaxMessage       = 1 << 20 // bytes of a body
	MaxQueueMessages = 10_000
	MaxQueueBytes    = 16 << 20
	MaxBusBytes      = 32 << 20 // of all queues of a subaccount
	// MaxUnacknowledged is how many messages of a queue may be consumed and not
	// acknowledged at a time.
	MaxUnacknowledged = 500
	MaxWebhooks       = 100 // of one subaccount

	// MaxExpiry is how long a message lives that says nothing else (service-apis §6).
	MaxExpiry = 2_592_000_000 * time.Millisecond
	// AcknowledgeWithin is how long a consumed message waits for its acknowledgement
	// until it is consumed again.
	AcknowledgeWithin = 5 * time.Minute
)
