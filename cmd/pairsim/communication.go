package main

import (
	"cmp"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btpclient"
)

func newScenariosCommand() *cobra.Command {
	return newGroup("scenarios", "Communication scenarios of a tenant: list, create custom ones, enable, disable",
		newTenantListCommand("list TENANT", "List a tenant's communication scenarios", (*btpclient.Tenants).Scenarios,
			[]string{"ID", "NAME", "ENABLED", "INBOUND", "OUTBOUND", "SERVICES"}, scenarioRow),
		newAddScenarioCommand(),
		newSwitchScenarioCommand("enable", "Let arrangements be made of a scenario", (*btpclient.Tenants).EnableScenario),
		newSwitchScenarioCommand("disable", "Let no more arrangements be made of a scenario; those that are there go on", (*btpclient.Tenants).DisableScenario))
}

func newArrangementsCommand() *cobra.Command {
	return newTenantListCommand("arrangements TENANT", "List a tenant's communication arrangements, without secrets", (*btpclient.Tenants).Arrangements,
		[]string{"ID", "NAME", "SCENARIO", "INSTANCE", "INBOUND", "OUTBOUND", "TOPICS", "WAITING"}, func(a btpclient.Arrangement) []string {
			return []string{
				a.ID, a.Name, a.ScenarioID, a.InstanceName, a.InboundAuthentication, a.OutboundAuthentication,
				strings.Join(a.Topics, ", "), strconv.Itoa(a.Waiting),
			}
		})
}

func newOutboundLogCommand() *cobra.Command {
	return newTenantListCommand("log TENANT", "List a tenant's newest calls of extensions and events, newest first", (*btpclient.Tenants).OutboundLog,
		[]string{"AT", "ARRANGEMENT", "SERVICE OR TOPIC", "TRY", "OUTCOME", "DETAIL"}, func(e btpclient.OutboundTry) []string {
			return []string{e.At.Format(time.RFC3339), e.Arrangement, cmp.Or(e.Service, e.Topic), strconv.Itoa(e.Try), e.Outcome, e.Detail}
		})
}

func newTopicsCommand() *cobra.Command {
	return newGroup("topics", "Topics bound to the event channel of an arrangement: list, bind, unbind",
		newTopicCommand("list TENANT ARRANGEMENT", "List the topics that are bound", "", func(k *client, ctx context.Context, args []string) ([]string, error) {
			return k.tenants.Topics(ctx, args[0], args[1])
		}),
		newTopicCommand("bind TENANT ARRANGEMENT TOPIC", "Bind a topic, or with /* at its end all below; its events go to the event bus then",
			"  pairsim tenants topics bind marketing 1 sap/s4/beh/contact/v1/Contact/Changed/v1", func(k *client, ctx context.Context, args []string) ([]string, error) {
				return k.tenants.BindTopic(ctx, args[0], args[1], args[2])
			}),
		newTopicCommand("unbind TENANT ARRANGEMENT TOPIC", "Take a topic from the channel", "", func(k *client, ctx context.Context, args []string) ([]string, error) {
			return k.tenants.UnbindTopic(ctx, args[0], args[1], args[2])
		}))
}

func newTopicCommand(use, short, example string, do func(*client, context.Context, []string) ([]string, error)) *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use: use, Short: short, Example: example, Args: cobra.ExactArgs(strings.Count(use, " ")),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			topics, err := do(k, c.Context(), args)
			if err != nil {
				return err
			}
			rows := make([][]string, len(topics))
			for i, t := range topics {
				rows[i] = []string{t}
			}
			return show(c.OutOrStdout(), format, topics, []string{"TOPIC"}, rows)
		}),
	})
	outputFlag(c, &format)
	return c
}

func newTenantListCommand[T any](use, short string, list func(*btpclient.Tenants, context.Context, string) ([]T, error), header []string, row func(T) []string) *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			items, err := list(k.tenants, c.Context(), args[0])
			if err != nil {
				return err
			}
			rows := make([][]string, len(items))
			for i, item := range items {
				rows[i] = row(item)
			}
			return show(c.OutOrStdout(), format, items, header, rows)
		}),
	})
	outputFlag(c, &format)
	return c
}

func scenarioRow(s btpclient.Scenario) []string {
	var services []string
	for _, in := range s.InboundServices {
		services = append(services, in.ID)
	}
	for _, out := range s.OutboundServices {
		services = append(services, out.ID)
	}
	return []string{
		s.ID, s.Name, strconv.FormatBool(s.Enabled), strings.Join(s.InboundAuthentication, ", "), strings.Join(s.OutboundAuthentication, ", "),
		strings.Join(services, ", "),
	}
}

func newAddScenarioCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "create TENANT JSON",
		Short: "Create a custom communication scenario (YY1_…); - reads stdin",
		Example: `  pairsim tenants scenarios create marketing '{"id":"YY1_CONTACTS","name":"Contacts",
    "inboundAuthentication":["BasicAuthentication"],"inboundServices":[{"id":"YY1_IN","name":"Contacts","api":"marketing-contact"}]}'`,
		Args: cobra.ExactArgs(2),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			text, err := readArgument(c, args[1])
			if err != nil {
				return err
			}
			var s btpclient.Scenario
			if err := json.Unmarshal([]byte(text), &s); err != nil {
				return usagef("JSON is no scenario: %v", err)
			}
			if s, err = k.tenants.AddScenario(c.Context(), args[0], s); err != nil {
				return err
			}
			return show(c.OutOrStdout(), format, s, []string{"ID", "NAME", "ENABLED", "INBOUND", "OUTBOUND", "SERVICES"}, [][]string{scenarioRow(s)})
		}),
	})
	outputFlag(c, &format)
	return c
}

func newSwitchScenarioCommand(action, short string, change func(*btpclient.Tenants, context.Context, string, string) (btpclient.Scenario, error)) *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use: action + " TENANT SCENARIO", Short: short, Args: cobra.ExactArgs(2),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			s, err := change(k.tenants, c.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), format, s, []string{"ID", "NAME", "ENABLED", "INBOUND", "OUTBOUND", "SERVICES"}, [][]string{scenarioRow(s)})
		}),
	})
	outputFlag(c, &format)
	return c
}
