package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btpclient"
)

func newTenantsCommand() *cobra.Command {
	return newGroup("tenants", "The simulated tenants: list, show, pair, send events",
		newListTenantsCommand(), newShowTenantCommand(), newPairTenantCommand(),
		newGroup("events", "Events that tenants publish", newSendEventCommand()))
}

func newListTenantsCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the tenants",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			k, err := connect(c)
			if err != nil {
				return err
			}
			list, err := k.tenants.List(c.Context())
			if err != nil {
				return err
			}
			rows := make([][]string, len(list))
			for i, t := range list {
				status, system := "not paired", ""
				if t.Connection != nil {
					status, system = t.Connection.Status.Label, t.Connection.SystemID
				}
				rows[i] = []string{t.ID, t.Product, status, system}
			}
			return show(c.OutOrStdout(), format, list, []string{"TENANT", "PRODUCT", "STATUS", "SYSTEM ID"}, rows)
		},
	})
	outputFlag(c, &format)
	return c
}

func newShowTenantCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "show TENANT",
		Short: "Show a tenant, as its own console does",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			k, err := connect(c)
			if err != nil {
				return err
			}
			t, err := k.tenants.Tenant(c.Context(), args[0])
			if err != nil {
				return err
			}
			rows := [][]string{{"tenant", t.ID}, {"product", t.Product}}
			if n := t.Connection; n == nil {
				rows = append(rows, []string{"status", "not paired"})
			} else {
				rows = append(rows, []string{"status", n.Status.Label}, []string{"system id", n.SystemID}, []string{"application", n.ApplicationName})
				if n.Certificate != nil {
					rows = append(rows, []string{"certificate", n.Certificate.Serial + ", valid until " + clockTime(n.Certificate.NotAfter)})
				}
			}
			return show(c.OutOrStdout(), format, t, nil, rows)
		},
	})
	outputFlag(c, &format)
	return c
}

func newPairTenantCommand() *cobra.Command {
	var format, description string
	var timeout time.Duration
	c := newClientCommand(&cobra.Command{
		Use:   "pair TENANT TOKEN|-",
		Short: "Paste a token, in any form, into a tenant and wait for the end of the pairing",
		Long: `Paste a token into a tenant and wait for the end of the pairing. The token may be a token URL, a bare token or its
base64 form; - reads it from stdin, where no other user of the machine sees it.`,
		Example: `  pairsim systems token "Web Shop" -o url | pairsim tenants pair commerce -`,
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			k, err := connect(c)
			if err != nil {
				return err
			}
			token, err := readArgument(c, args[1])
			if err != nil {
				return err
			}
			p, err := k.pairTenant(c.Context(), args[0], token, description, timeout)
			if err != nil {
				return err
			}
			if err := show(c.OutOrStdout(), format, p, nil, pairingRows(p)); err != nil {
				return err
			}
			if p.Status.Code != btpclient.PairingRegistered {
				return &failure{"Pairing failed", p.Cause, "Look at the registry's side: pairsim journal; then get a new token: pairsim systems token NAME."}
			}
			return nil
		},
	})
	c.Flags().StringVar(&description, "description", "", "`TEXT` for the tenant's own list of pairings")
	c.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait")
	outputFlag(c, &format)
	return c
}

// pairTenant enters a token and waits until its pairing has ended.
func (k *client) pairTenant(ctx context.Context, id, token, description string, timeout time.Duration) (btpclient.TenantPairing, error) {
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	p, err := k.tenants.Pair(bounded, id, token, description)
	if bounded.Err() != nil && ctx.Err() == nil {
		return p, &failure{"Timed out", fmt.Sprintf("the pairing of tenant %s has not ended within %s", id, timeout), "Look at it: pairsim tenants show " + id}
	}
	return p, err
}

func pairingRows(p btpclient.TenantPairing) [][]string {
	rows := [][]string{{"tenant", p.Tenant}, {"pairing", p.ID}, {"status", p.Status.Label}}
	for _, one := range [][]string{{"cause", p.Cause}, {"system id", p.SystemID}, {"application", p.ApplicationName}} {
		if one[1] != "" {
			rows = append(rows, one)
		}
	}
	if p.Certificate != nil {
		rows = append(rows, []string{"certificate", p.Certificate.Serial + ", valid until " + clockTime(p.Certificate.NotAfter)})
	}
	for _, call := range p.Calls {
		rows = append(rows, []string{"call", fmt.Sprintf("%s %s → %d", call.Method, call.Path, call.Status)})
	}
	return rows
}

func newSendEventCommand() *cobra.Command {
	var version, data, format string
	c := newClientCommand(&cobra.Command{
		Use:     "send TENANT TYPE",
		Short:   "Have a tenant publish an event",
		Example: `  pairsim tenants events send commerce order.created --data '{"orderCode":"4711"}'`,
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			k, err := connect(c)
			if err != nil {
				return err
			}
			text, err := readArgument(c, data)
			if err != nil {
				return err
			}
			if !json.Valid([]byte(text)) {
				return usagef("--data is not JSON")
			}
			id, err := k.tenants.SendEvent(c.Context(), args[0], args[1], version, json.RawMessage(text))
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), format, map[string]string{"eventId": id}, nil, [][]string{{"event id", id}})
		},
	})
	c.Flags().StringVar(&version, "version", "v1", "`VERSION` of the event type")
	c.Flags().StringVar(&data, "data", "{}", "the event's data as `JSON`; - reads stdin")
	outputFlag(c, &format)
	return c
}
