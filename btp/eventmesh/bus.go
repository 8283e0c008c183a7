package eventmesh

import (
	"context"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

// Channel is a way to use the bus, which an option of the instance opens.
type Channel string

// The channels, by the names of their options.
const (
	Messaging     Channel = "messaging"
	MessagingREST Channel = "messagingrest"
	Management    Channel = "management"
)

// Bus are the use cases of the event buses of an environment.
type Bus struct {
	Registry *btp.Registry
	// Pusher calls webhooks; nil: none can be made.
	Pusher Pusher
}

// look runs a read of the client that a token stands for, over a channel.
func (b *Bus) look(ctx context.Context, point btp.Point, who btp.ServicePrincipal, by Channel, read func(*btp.Step, *Client) error) error {
	return b.Registry.Look(ctx, point, btp.Reference{}, func(s *btp.Step) error { return as(s, who, by, read) })
}

// change runs a change by the client that a token stands for, over a channel.
func (b *Bus) change(ctx context.Context, point btp.Point, who btp.ServicePrincipal, by Channel, change func(*btp.Step, *Client) error) error {
	var about btp.Reference
	return b.Registry.Change(ctx, point, &about, func(s *btp.Step) error { return as(s, who, by, change) })
}

// as refuses with ChannelNotEnabled where the instance does not have the option.
func as(s *btp.Step, who btp.ServicePrincipal, by Channel, do func(*btp.Step, *Client) error) error {
	c, ok, err := clientOf(s, who.Instance)
	switch {
	case err != nil:
		return err
	case !ok:
		return btp.Errorf(btp.Forbidden, "the token's service instance is no client of an event bus any more")
	case !c.has(by):
		return btp.Errorf(btp.ChannelNotEnabled, "client %q does not have the option %s; create an instance with options.%s true", c.EmName, by, by)
	}
	return do(s, &c.Client)
}

func (c *Client) has(channel Channel) bool {
	switch channel {
	case MessagingREST:
		return c.MessagingREST
	case Management:
		return c.Management
	default:
		return c.Messaging
	}
}

// clip shortens what came from outside for a text.
func clip(s string) string {
	const longest, beginning = 160, 150
	if len(s) > longest {
		return strings.ToValidUTF8(s[:beginning], "") + "…"
	}
	return s
}
