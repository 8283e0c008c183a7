package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btpclient"
)

func newTenantsCommand() *cobra.Command {
	return newGroup("tenants", "The simulated tenants: list, show, pair, disable, enable, delete, APIs, send events, communication",
		newListTenantsCommand(), newShowTenantCommand(), newPairTenantCommand(),
		newDisablePairingCommand(), newEnablePairingCommand(), newDeletePairingCommand(), newTenantAPIsCommand(),
		newScenariosCommand(), newArrangementsCommand(), newTopicsCommand(), newOutboundLogCommand(),
		newGroup("events", "Events that tenants publish", newSendEventCommand()))
}

func newListTenantsCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the tenants",
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
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
		}),
	})
	outputFlag(c, &format)
	return c
}

func newTenantAPIsCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "apis TENANT",
		Short: "List the APIs of a tenant's product, with the throwaway credentials that they take",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			list, err := k.tenants.APIs(c.Context(), args[0])
			if err != nil {
				return err
			}
			rows := make([][]string, len(list))
			for i, a := range list {
				rows[i] = []string{a.Identifier, a.TargetURL, "", "", ""}
				if b := a.Basic; b != nil {
					rows[i][2], rows[i][3], rows[i][4] = "Basic", b.Username, b.Password
				}
				if o := a.OAuth; o != nil {
					rows[i][2], rows[i][3], rows[i][4] = "OAuth, "+o.TokenURL, o.ClientID, o.ClientSecret
				}
				if a.CSRF {
					rows[i][2] += " + CSRF"
				}
			}
			return show(c.OutOrStdout(), format, list, []string{"IDENTIFIER", "TARGET URL", "AUTHENTICATION", "USER OR CLIENT", "PASSWORD OR SECRET"}, rows)
		}),
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
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			t, err := k.tenants.Tenant(c.Context(), args[0])
			if err != nil {
				return err
			}
			pairings, err := k.tenants.Pairings(c.Context(), args[0])
			if err != nil {
				return err
			}
			shown := shownTenant{Tenant: t}
			if len(pairings) > 0 {
				shown.Newest = &newestPairing{pairings[0].ID, pairings[0].Status, pairings[0].SystemID}
			}
			return show(c.OutOrStdout(), format, shown, nil, shown.rows())
		}),
	})
	outputFlag(c, &format)
	return c
}

// shownTenant is a tenant with its newest row, which may be another than that of
// the connection: it failed, say, or the registry has deregistered its system.
type shownTenant struct {
	btpclient.Tenant

	Newest *newestPairing `json:"newestPairing"`
}

type newestPairing struct {
	ID       string                 `json:"id"`
	Status   btpclient.SystemStatus `json:"status"`
	SystemID string                 `json:"systemId"`
}

func (t shownTenant) rows() [][]string {
	rows := [][]string{{"tenant", t.ID}, {"product", t.Product}}
	n := t.Connection
	if n == nil {
		rows = append(rows, []string{"status", "not paired"})
	} else {
		rows = append(rows, []string{"status", n.Status.Label}, []string{"system id", n.SystemID}, []string{"application", n.ApplicationName})
		if n.Certificate != nil {
			rows = append(rows, []string{"certificate", n.Certificate.Serial + ", valid until " + clockTime(n.Certificate.NotAfter)})
		}
	}
	if newest := t.Newest; newest != nil && (n == nil || n.Pairing != newest.ID) {
		text := newest.ID + ", " + newest.Status.Label
		if newest.SystemID != "" {
			text += ", system " + newest.SystemID
		}
		rows = append(rows, []string{"newest " + t.Console.Row, text})
	}
	return rows
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
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
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
				return &failure{"Pairing failed", p.Cause, strings.TrimSpace(p.Next + " The registry's side: pairsim journal.")}
			}
			return nil
		}),
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

// choosePairing is the row that args name after the tenant or, without one, the
// newest whose status is one of these.
func (k *client) choosePairing(ctx context.Context, args []string, action string, statuses ...string) (string, error) {
	if len(args) > 1 {
		return args[1], nil
	}
	pairings, err := k.tenants.Pairings(ctx, args[0])
	if err != nil {
		return "", err
	}
	for _, p := range pairings {
		if slices.Contains(statuses, p.Status.Code) {
			return p.ID, nil
		}
	}
	detail := fmt.Sprintf("tenant %s has no row", args[0])
	if len(pairings) > 0 {
		detail = fmt.Sprintf("no row of tenant %s is %s; the newest, %s, is %s (%s)",
			args[0], strings.Join(statuses, " or "), pairings[0].ID, pairings[0].Status.Label, pairings[0].Status.Code)
	}
	return "", &failure{"Nothing to " + action, detail, "Look at the tenant: pairsim tenants show " + args[0] + "."}
}

func newDisablePairingCommand() *cobra.Command {
	return newChangePairingCommand("disable", "Put a tenant's pairing out of use; it is kept, and the registry is told nothing",
		btpclient.PairingRegistered, (*btpclient.Tenants).Disable)
}

func newEnablePairingCommand() *cobra.Command {
	return newChangePairingCommand("enable", "Take a disabled pairing of a tenant into use again",
		btpclient.PairingDisabled, (*btpclient.Tenants).Enable)
}

type changePairing func(t *btpclient.Tenants, ctx context.Context, tenant, pairing string) (btpclient.TenantPairing, error)

func newChangePairingCommand(action, short, fitting string, change changePairing) *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   action + " TENANT [ID]",
		Short: short,
		Long:  fmt.Sprintf("%s.\n\nID is that of a pairing; without it the newest one that is %s is taken.", short, fitting),
		Args:  cobra.RangeArgs(1, 2),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			id, err := k.choosePairing(c.Context(), args, action, fitting)
			if err != nil {
				return err
			}
			p, err := change(k.tenants, c.Context(), args[0], id)
			if err != nil {
				return err
			}
			p.Calls = nil // those of the pairing, long ago
			return show(c.OutOrStdout(), format, p, nil, pairingRows(p))
		}),
	})
	outputFlag(c, &format)
	return c
}

func newDeletePairingCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "delete TENANT [ID]",
		Short: "Delete a pairing from a tenant, after the registry has agreed",
		Long: `Delete a pairing from a tenant. While it holds a connection the tenant tells the registry first, which refuses when
something still uses the system; a row that failed is deleted at once.

ID is that of a pairing; without it the newest one that has ended is taken.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			id, err := k.choosePairing(c.Context(), args, "delete", btpclient.PairingRegistered, btpclient.PairingDisabled,
				btpclient.PairingDeregistered, btpclient.PairingFailed)
			if err != nil {
				return err
			}
			if err := k.tenants.Delete(c.Context(), args[0], id); err != nil {
				return err
			}
			return show(c.OutOrStdout(), format, map[string]string{"tenant": args[0], "deleted": id}, nil,
				[][]string{{"tenant", args[0]}, {"deleted", id}})
		}),
	})
	outputFlag(c, &format)
	return c
}

func newSendEventCommand() *cobra.Command {
	var version, data, format string
	c := newClientCommand(&cobra.Command{
		Use:     "send TENANT TYPE",
		Short:   "Have a tenant publish an event",
		Example: `  pairsim tenants events send commerce order.created --data '{"orderCode":"4711"}'`,
		Args:    cobra.ExactArgs(2),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
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
		}),
	})
	c.Flags().StringVar(&version, "version", "v1", "`VERSION` of the event type")
	c.Flags().StringVar(&data, "data", "{}", "the event's data as `JSON`; - reads stdin")
	outputFlag(c, &format)
	return c
}
