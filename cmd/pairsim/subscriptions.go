package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newSubscriptionsCommand() *cobra.Command {
	return newGroup("subscriptions", "Who listens to the events of a Kyma runtime's applications",
		newListSubscriptionsCommand(), newSubscribeCommand(), newUnsubscribeCommand())
}

func newListSubscriptionsCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the subscriptions of a subaccount's Kyma runtime",
		Args:  cobra.NoArgs,
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
			list, err := k.operator.Subscriptions(c.Context(), in.ID)
			if err != nil {
				return err
			}
			rows := make([][]string, len(list))
			for i, s := range list {
				rows[i] = []string{s.Source, s.Type, s.Version, s.Sink, s.Mode, s.ID}
			}
			if len(list) == 0 {
				note(c, "nobody listens; subscribe: pairsim runtime subscriptions create")
				list = []btpclient.Subscription{}
			}
			return show(c.OutOrStdout(), format, list, []string{"APPLICATION", "TYPE", "VERSION", "SINK", "MODE", "ID"}, rows)
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}

func newSubscribeCommand() *cobra.Command {
	var n btpclient.NewSubscription
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "create --source APPLICATION --type TYPE --sink URL",
		Short: "Let a subaccount's Kyma runtime listen to events of an application",
		Example: `  pairsim runtime subscriptions create --source mp-web-shop --type order.created --version v1 \
    --sink http://127.0.0.1:9000/events`,
		Args: cobra.NoArgs,
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
			s, err := createOnce(c, func(ctx context.Context, options ...btpclient.CallOption) (btpclient.Subscription, error) {
				return k.operator.CreateSubscription(ctx, in.ID, n, options...)
			})
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), format, s, nil, [][]string{
				{"id", s.ID},
				{"subaccount", s.Subaccount},
				{"application", s.Source},
				{"type", s.Type},
				{"version", s.Version},
				{"sink", s.Sink},
				{"mode", s.Mode},
			})
		}),
	})
	c.Flags().StringVar(&n.Source, "source", "", "name of an `APPLICATION`, see pairsim runtime applications")
	c.Flags().StringVar(&n.Type, "type", "", "the events' `TYPE` as their publisher names it, such as order.created")
	c.Flags().StringVar(&n.Version, "version", "v1", "the events' `VERSION`; empty for events without one")
	c.Flags().StringVar(&n.Sink, "sink", "", "`URL` that events are posted to; hosts beyond loopback have to be allowed with serve --allow-host")
	c.Flags().StringVar(&n.Mode, "mode", string(btp.StructuredMode), "`MODE` of the CloudEvents: structured or binary")
	for _, name := range []string{"source", "type", "sink"} {
		_ = c.MarkFlagRequired(name) // fails for a flag that is not there only
	}
	_ = c.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions([]string{string(btp.StructuredMode), string(btp.BinaryMode)}, cobra.ShellCompDirectiveNoFileComp)) // likewise
	subaccountFlag(c)
	idempotencyFlag(c)
	outputFlag(c, &format)
	return c
}

func newUnsubscribeCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "delete ID",
		Short: "End a subscription, with all events that wait for it",
		Args:  cobra.ExactArgs(1),
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, args []string) error {
			if err := k.operator.DeleteSubscription(c.Context(), in.ID, args[0]); err != nil {
				return err
			}
			return show(c.OutOrStdout(), format, map[string]string{"subaccount": in.ID, "deleted": args[0]}, nil,
				[][]string{{"subaccount", in.ID}, {"deleted", args[0]}})
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}

func newDeliveriesCommand() *cobra.Command {
	var state, format string
	c := newClientCommand(&cobra.Command{
		Use:   "deliveries",
		Short: "List the events that are on their way to subscribers, or could not be delivered",
		Args:  cobra.NoArgs,
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
			list := []btpclient.Delivery{}
			var rows [][]string
			for d, err := range k.operator.Deliveries(c.Context(), in.ID, state) {
				if err != nil {
					return err
				}
				list = append(list, d)
				rows = append(rows, []string{fmt.Sprint(d.Sequence), d.EventType, d.EventID, d.State, fmt.Sprint(d.Attempts), d.Subscription, d.Failure})
			}
			return show(c.OutOrStdout(), format, list, []string{"NUMBER", "TYPE", "EVENT", "STATE", "ATTEMPTS", "SUBSCRIPTION", "FAILURE"}, rows)
		}),
	})
	c.Flags().StringVar(&state, "state", "", "only in this `STATE`: waiting or dead")
	subaccountFlag(c)
	outputFlag(c, &format)
	c.AddCommand(newRetryCommand())
	return c
}

func newRetryCommand() *cobra.Command {
	var all bool
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "retry NUMBER… | --all",
		Short: "Send events anew that were given up",
		Example: `  pairsim runtime deliveries retry 17
  pairsim runtime deliveries retry --all`,
		RunE: func(c *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return usagef("name the deliveries by their numbers, or all that were given up by --all")
			}
			numbers := make([]uint64, len(args))
			for i, arg := range args {
				n, err := strconv.ParseUint(arg, 10, 63)
				if err != nil || n == 0 {
					return usagef("%q is no number of a delivery", arg)
				}
				numbers[i] = n
			}
			return within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
				if all {
					for d, err := range k.operator.Deliveries(c.Context(), in.ID, string(btp.DeliveryDead)) {
						if err != nil {
							return err
						}
						numbers = append(numbers, d.Sequence)
					}
				}
				list := make([]btpclient.Delivery, len(numbers))
				rows := make([][]string, len(numbers))
				for i, n := range numbers {
					d, err := k.operator.Redeliver(c.Context(), in.ID, n)
					if err != nil {
						return err
					}
					list[i], rows[i] = d, []string{fmt.Sprint(d.Sequence), d.EventType, d.EventID, d.State}
				}
				return show(c.OutOrStdout(), format, list, []string{"NUMBER", "TYPE", "EVENT", "STATE"}, rows)
			})(c, args)
		},
	})
	c.Flags().BoolVar(&all, "all", false, "all that were given up")
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}
