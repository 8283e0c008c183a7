package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btpclient"
)

func newQueuesCommand() *cobra.Command {
	return newGroup("queues", "Queues of a subaccount's event bus", newListQueuesCommand(), newQueuedMessagesCommand())
}

func newListQueuesCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the queues of a subaccount's event bus",
		Args:  cobra.NoArgs,
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
			bus, err := k.operator.EventBus(c.Context(), in.ID)
			if err != nil {
				return err
			}
			rows := make([][]string, len(bus.Queues))
			for i, q := range bus.Queues {
				rows[i] = []string{q.Name, strconv.Itoa(q.Messages), strconv.Itoa(q.Unacknowledged), strings.Join(q.Topics, " "), webhooksOf(bus, q.Name)}
			}
			if len(bus.Queues) == 0 {
				note(c, "there are none; an application makes them with its binding of enterprise-messaging: PUT …/queues/{name} (docs/wire.md, Event Mesh)")
			}
			return show(c.OutOrStdout(), format, bus.Queues, []string{"NAME", "MESSAGES", "TAKEN", "TOPICS", "WEBHOOKS"}, rows)
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}

// webhooksOf are the push subscriptions that have a queue's messages.
func webhooksOf(bus btpclient.EventBus, queue string) string {
	var names []string
	for _, w := range bus.Webhooks {
		if w.Queue == queue {
			names = append(names, w.Name+" ("+w.State+")")
		}
	}
	return strings.Join(names, " ")
}

func newQueuedMessagesCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "messages QUEUE",
		Short: "List what is in a queue, oldest first; nothing is consumed",
		Args:  cobra.ExactArgs(1),
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, args []string) error {
			list := []btpclient.QueuedMessage{}
			rows := [][]string{}
			for m, err := range k.operator.QueuedMessages(c.Context(), in.ID, args[0]) {
				if err != nil {
					return err
				}
				list = append(list, m)
				rows = append(rows, []string{clockTime(m.PublishedAt), m.Topic, m.ContentType, strconv.Itoa(m.Bytes), m.State, m.ID})
			}
			return show(c.OutOrStdout(), format, list, []string{"PUBLISHED", "TOPIC", "CONTENT TYPE", "BYTES", "STATE", "ID"}, rows)
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}
