package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newDeregisterCommand() *cobra.Command {
	return newLeaveCommand(&cobra.Command{
		Use:   "deregister NAME|ID",
		Short: "Deregister a system: its tenant is told, its certificates are revoked, the runtime is left",
		Long: `Deregister a system: its tenant is told, its certificates are revoked, the runtime is left. In edition v1 the row
disappears then, in v2 it returns to the empty status. Formations and entitlement configurations block it; each is named
with the command that removes it. Exit code 1 when it was refused, or ended in an error status.`,
		Example: `  pairsim systems deregister "Web Shop"`,
	}, (*btpclient.Operator).Deregister)
}

func newRemoveCommand() *cobra.Command {
	return newLeaveCommand(&cobra.Command{
		Use:   "remove NAME|ID",
		Short: "Remove the record of a system that is not registered; edition v2 only",
		Long: `Remove the record of a system that is not registered, or was deregistered. Edition v1 removes nothing: there the row of
a deregistered system disappears by itself. Exit code 1 when it was refused, or ended in an error status.`,
		Example: `  pairsim systems remove "Web Shop"`,
	}, (*btpclient.Operator).Remove)
}

// newLeaveCommand carries a departure out, and looks at what came of it.
func newLeaveCommand(c *cobra.Command, leave func(*btpclient.Operator, context.Context, string) (btpclient.System, error)) *cobra.Command {
	var format string
	c.Args = cobra.ExactArgs(1)
	c.RunE = withClient(func(c *cobra.Command, k *client, args []string) error {
		s, err := k.system(c.Context(), account(c), args[0])
		if err != nil {
			return err
		}
		if _, err := leave(k.operator, c.Context(), s.ID); err != nil {
			return leaveFailure(err, s)
		}
		now, err := k.afterLeaving(c.Context(), s)
		if err != nil {
			return err
		}
		if err := printDeparture(c.OutOrStdout(), format, now); err != nil {
			return err
		}
		if now.Error != nil {
			return errorStatus(now)
		}
		return nil
	})
	accountFlag(c)
	outputFlag(c, &format)
	return newClientCommand(c)
}

// afterLeaving is a system after a departure was asked for; one whose row has
// disappeared has the status gone, which the registry itself never tells.
func (k *client) afterLeaving(ctx context.Context, s btpclient.System) (btpclient.System, error) {
	now, err := k.operator.System(ctx, s.ID)
	if btpclient.CodeOf(err) != string(btp.SystemNotFound) {
		return now, err
	}
	return btpclient.System{
		ID: s.ID, Name: s.Name, Type: s.Type, GlobalAccount: s.GlobalAccount, Edition: s.Edition, ApplicationName: s.ApplicationName,
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, Status: btpclient.SystemStatus{Code: string(btp.Gone)},
	}, nil
}

// printDeparture says where a departure has come to, and what can be done now.
func printDeparture(w io.Writer, format string, s btpclient.System) error {
	rows := [][]string{{"name", s.Name}, {"id", s.ID}}
	switch btp.Status(s.Status.Code) { //nolint:exhaustive // the others are error statuses
	case btp.Gone:
		rows = append(rows, []string{"status", "gone: the row has disappeared"})
	case btp.Pending:
		rows = append(rows, []string{"status", "(empty): it is deregistered, the row stays"})
	case btp.Deregistering, btp.Removing:
		rows = append(rows, []string{"status", s.Status.Label + ", which goes on"})
	default:
		rows = append(rows, []string{"status", s.Status.Label})
	}
	if next := nextFor(s); next != "" && s.Error == nil && s.Status.Code != string(btp.Gone) {
		rows = append(rows, nextRows(next)...)
	}
	return show(w, format, s, nil, rows)
}

// leaveFailure says what a refused departure needs first.
func leaveFailure(err error, s btpclient.System) error {
	switch btp.Code(btpclient.CodeOf(err)) { //nolint:exhaustive // any other refusal says it itself
	case btp.SystemInUse:
		subaccounts := map[string]string{}
		for _, e := range s.Entitlements {
			subaccounts[e.ID] = e.Subaccount
		}
		return heldFailure(err, fmt.Sprintf("system %q is still in use by", s.Name), func(b btpclient.Blocker) string {
			switch btp.ObjectKind(b.Kind) { //nolint:exhaustive // nothing else holds a system
			case btp.KindFormation:
				return "pairsim formations exclude " + quoted(b.Name) + " " + named(s.GlobalAccount, s.Name)
			case btp.KindEntitlement:
				command := "pairsim entitlements remove " + b.ID
				if in := subaccounts[b.ID]; in != "" {
					command += " --subaccount " + quoted(in)
				}
				return command + inAccount(s.GlobalAccount)
			}
			return ""
		})
	case btp.OperationNotInEdition:
		f := failureOf(err)
		return &failure{f.title, f.detail, "In this edition a deregistered system's row disappears: pairsim systems deregister " + named(s.GlobalAccount, s.Name) + "."}
	}
	return statusFailure(err, s)
}
