package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newFormationsCommand() *cobra.Command {
	return newGroup("formations", "Create formations, include and exclude systems, synchronize, delete",
		newCreateFormationCommand(), newListFormationsCommand(), newShowFormationCommand(), newFormationTypesCommand(),
		newIncludeCommand(), newExcludeCommand(), newChangeFormationCommand(), newFinalizeCommand(), newResynchronizeCommand(),
		newDeleteFormationCommand())
}

func newCreateFormationCommand() *cobra.Command {
	var n btpclient.NewFormation
	var systems []string
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "create NAME --subaccount SUBACCOUNT",
		Short: "Create a formation of a subaccount and systems",
		Long: `Create a formation of a subaccount and systems. Edition v1 needs a subaccount and no type, v2 a type: without --type the
first one is taken (pairsim formations types). With --draft (v2) it stays a draft until it is finalized.`,
		Example: `  pairsim formations create web-shop-extension --subaccount dev --system "Web Shop"`,
		Args:    cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			n.Name = args[0]
			for _, name := range systems {
				s, err := k.system(c.Context(), account(c), name)
				if err != nil {
					return err
				}
				n.Systems = append(n.Systems, s.ID)
			}
			if n.Type == "" {
				n.Type = btp.FormationTypes[0].Name
			}
			f, err := createOnce(c, func(ctx context.Context, options ...btpclient.CallOption) (btpclient.Formation, error) {
				return k.operator.CreateFormation(ctx, account(c), n, options...)
			})
			return printChanged(c, format, f, err)
		}),
	})
	c.Flags().StringVar(&n.Subaccount, "subaccount", "", "`SUBACCOUNT`: id or subdomain")
	c.Flags().StringVar(&n.Type, "type", "", "formation `TYPE`; unless given: "+btp.FormationTypes[0].Name)
	c.Flags().StringArrayVar(&systems, "system", nil, "`NAME` or id of a system to include; repeatable")
	c.Flags().BoolVar(&n.Draft, "draft", false, "keep it a draft; edition v2 only")
	var types []string
	for _, t := range btp.FormationTypes {
		types = append(types, t.Name)
	}
	_ = c.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(types, cobra.ShellCompDirectiveNoFileComp)) // fails for a flag that is not there only
	accountFlag(c)
	idempotencyFlag(c)
	outputFlag(c, &format)
	return c
}

func newListFormationsCommand() *cobra.Command {
	var filter btpclient.FormationFilter
	var system, format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List formations in the order of their creation",
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			var err error
			if filter.System, err = k.systemOf(c, system); err != nil {
				return err
			}
			filter.PageSize = 200
			formations := []btpclient.FormationRow{}
			var rows [][]string
			for f, err := range k.operator.Formations(c.Context(), account(c), filter) {
				if err != nil {
					return err
				}
				formations = append(formations, f)
				rows = append(rows, []string{f.Name, f.Subaccount, fmt.Sprint(len(f.Systems)), f.Status.Label, f.Type, f.ID})
			}
			return show(c.OutOrStdout(), format, formations, []string{"NAME", "SUBACCOUNT", "SYSTEMS", "STATUS", "TYPE", "ID"}, rows)
		}),
	})
	c.Flags().StringVar(&filter.Subaccount, "subaccount", "", "only of this `SUBACCOUNT`: id or subdomain")
	c.Flags().StringVar(&system, "system", "", "only with this system, `NAME` or id")
	c.Flags().StringVar(&filter.Name, "name", "", "only with this exact `NAME`")
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

// formation finds a formation by name, else by id.
func (k *client) formation(ctx context.Context, account, nameOrID string) (btpclient.Formation, error) {
	f, byName := k.operator.FormationNamed(ctx, account, nameOrID)
	if code := btpclient.CodeOf(byName); nameOrID == "" || code != string(btp.FormationNotFound) && code != string(btp.GlobalAccountNotFound) {
		return f, byName
	}
	f, err := k.operator.Formation(ctx, nameOrID)
	if btpclient.CodeOf(err) == string(btp.FormationNotFound) {
		return f, byName
	}
	return f, err
}

func newShowFormationCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "show NAME|ID",
		Short: "Show a formation with its systems and what can be done with it",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			f, err := k.formation(c.Context(), account(c), args[0])
			if err != nil {
				return err
			}
			rows, next := formationRows(f), formationNext(f)
			if btp.FormationStatus(f.Status.Code) == btp.StatusError {
				next = formationWays(f)
			}
			rows = append(rows, nextRows(next)...)
			return show(c.OutOrStdout(), format, f, nil, rows)
		}),
	})
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

// formationRows are a formation for people; empty lines are left out. Its status
// is that of the cockpit: v1 shows none.
func formationRows(f btpclient.Formation) [][]string {
	rows := [][]string{
		{"name", f.Name},
		{"id", f.ID},
		{"type", f.Type},
		{"account", f.GlobalAccount},
	}
	if s := f.Subaccount; s != nil {
		environments := strings.Join(s.Environments, ", ")
		if environments == "" {
			environments = "no environment"
		}
		rows = append(rows, []string{"subaccount", s.ID + " (" + environments + ")"})
	}
	rows = append(rows, []string{"status", f.Status.Label})
	for _, s := range f.Systems {
		label := s.Status.Label
		if label == "" {
			label = "(empty)"
		}
		rows = append(rows, []string{"system", s.Name + ", " + s.Type + ", " + label + " (" + s.ID + ")"})
	}
	count := map[string]int{}
	for _, a := range f.Assignments {
		count[a.State]++
	}
	var states []string
	for _, state := range btp.AssignmentStates {
		if n := count[string(state)]; n > 0 {
			states = append(states, fmt.Sprintf("%d %s", n, state))
		}
	}
	rows = append(rows, []string{"assignments", strings.Join(states, ", ")}, []string{"error", formationCause(f)})
	if e := f.Error; e != nil {
		rows = append(rows, []string{"report to", e.Component}, []string{"incident", e.Incident})
	}
	rows = append(rows, []string{"can", strings.Join(f.Actions, ", ")})
	return slices.DeleteFunc(rows, func(row []string) bool { return row[1] == "" })
}

// formationCause is why a formation has failed, "" while it has not.
func formationCause(f btpclient.Formation) string {
	if f.Error != nil {
		return f.Error.Cause
	}
	for _, a := range f.Assignments {
		if a.Error != "" {
			return a.Error
		}
	}
	return ""
}

// printChanged writes what came of a change, and ends with a failure when it is
// that the formation could not be synchronized.
func printChanged(c *cobra.Command, format string, f btpclient.Formation, err error) error {
	if err != nil {
		return err
	}
	rows := formationRows(f)
	if next := formationNext(f); next != "" {
		rows = append(rows, nextRows(next)...)
	}
	if err := show(c.OutOrStdout(), format, f, nil, rows); err != nil {
		return err
	}
	if btp.FormationStatus(f.Status.Code) == btp.StatusError {
		return formationFailure(f)
	}
	return nil
}

// formationNext is what a formation waits for.
func formationNext(f btpclient.Formation) string {
	name := named(f.GlobalAccount, f.Name)
	switch btp.FormationStatus(f.Status.Code) { //nolint:exhaustive // the others wait for nothing, or have failed
	case btp.StatusSynchronizing:
		doing := "synchronized"
		if f.State == string(btp.FormationDeleting) {
			doing = "deleted"
		}
		return "It is being " + doing + "; look again: pairsim formations show " + name + ".\n" + frozenHint
	case btp.StatusDraft:
		return "Include what it needs (pairsim formations include), then finalize it: pairsim formations finalize " + name + "."
	case btp.StatusActionRequired:
		switch {
		case f.Subaccount == nil && slices.Contains(f.Actions, string(btp.ActionChangeSubaccount)):
			return "Assign a subaccount, for no runtime takes part: pairsim formations change " + name + " --subaccount SUBACCOUNT."
		case f.Subaccount == nil:
			return "No runtime takes part: it was created without a subaccount, which is fixed. Delete it and create another."
		}
		environments := strings.Join(append(slices.Clone(f.Subaccount.Environments), string(btp.Kyma)), ",")
		return "Enable Kyma in its subaccount: pairsim subaccounts change " + quoted(f.Subaccount.ID) + inAccount(f.GlobalAccount) + " --environments " + environments + "."
	}
	return ""
}

// formationFailure is a formation that could not be synchronized or deleted.
func formationFailure(f btpclient.Formation) error {
	detail := fmt.Sprintf("formation %q: %s", f.Name, formationCause(f))
	if e := f.Error; e != nil {
		detail += fmt.Sprintf("\nat %s; report it to component %s, incident %s", e.Step, e.Component, e.Incident)
	}
	return &failure{"The formation failed", detail, formationWays(f)}
}

// formationWays are the ways out for a formation that has failed.
func formationWays(f btpclient.Formation) string {
	found := []string{"try the same again"}
	if slices.Contains(f.Actions, string(btp.ActionResynchronize)) {
		found = []string{"try again: pairsim formations resynchronize " + named(f.GlobalAccount, f.Name)}
	}
	if f.Error != nil && f.Error.Incident != "" {
		found = append(found, "have its incident resolved, as SAP's support would: pairsim incidents resolve "+f.Error.Incident)
	}
	return sentence(found)
}

func newIncludeCommand() *cobra.Command {
	return newMemberCommand(&cobra.Command{
		Use:     "include NAME|ID SYSTEM",
		Short:   "Include a system in a formation",
		Example: `  pairsim formations include web-shop-extension "Web Shop"`,
	}, (*btpclient.Operator).IncludeSystem)
}

func newExcludeCommand() *cobra.Command {
	return newMemberCommand(&cobra.Command{
		Use:     "exclude NAME|ID SYSTEM",
		Short:   "Exclude a system from a formation",
		Example: `  pairsim formations exclude web-shop-extension "Web Shop"`,
	}, (*btpclient.Operator).ExcludeSystem)
}

type changeMember func(o *btpclient.Operator, ctx context.Context, formation, system string, options ...btpclient.CallOption) (btpclient.Formation, error)

func newMemberCommand(c *cobra.Command, change changeMember) *cobra.Command {
	var format string
	c.Long = c.Short + ". SYSTEM is its name or id."
	c.Args = cobra.ExactArgs(2)
	c.RunE = withClient(func(c *cobra.Command, k *client, args []string) error {
		f, err := k.formation(c.Context(), account(c), args[0])
		if err != nil {
			return err
		}
		s, err := k.system(c.Context(), account(c), args[1])
		if err != nil {
			return err
		}
		changed, err := change(k.operator, c.Context(), f.ID, s.ID)
		return printChanged(c, format, changed, fillIn(statusFailure(err, s), f.GlobalAccount, f.Name))
	})
	accountFlag(c)
	outputFlag(c, &format)
	return newClientCommand(c)
}

func newChangeFormationCommand() *cobra.Command {
	var subaccount string
	c := newFormationVerb(&cobra.Command{
		Use:   "change NAME|ID --subaccount SUBACCOUNT",
		Short: `Assign another subaccount to a formation, or with "" none; edition v1 only`,
		Example: `  pairsim formations change web-shop-extension --subaccount test
  pairsim formations change web-shop-extension --subaccount ""`,
	}, func(c *cobra.Command, k *client, f btpclient.Formation) (btpclient.Formation, error) {
		changed, err := k.operator.ChangeFormationSubaccount(c.Context(), f.ID, subaccount)
		if btpclient.CodeOf(err) == string(btp.OperationNotInEdition) {
			told := failureOf(err)
			err = &failure{told.title, told.detail, "The subaccount is fixed at creation. Delete the formation (pairsim formations delete " + named(f.GlobalAccount, f.Name) +
				") and create it anew: pairsim formations create."}
		}
		return changed, err
	})
	c.Flags().StringVar(&subaccount, "subaccount", "", `SUBACCOUNT: id or subdomain; "" is none`)
	_ = c.MarkFlagRequired("subaccount") // fails for a flag that is not there only
	return c
}

func newFinalizeCommand() *cobra.Command {
	return newFormationVerb(&cobra.Command{
		Use:   "finalize NAME|ID",
		Short: "Finalize a draft formation; edition v2 only",
	}, func(c *cobra.Command, k *client, f btpclient.Formation) (btpclient.Formation, error) {
		return k.operator.FinalizeFormation(c.Context(), f.ID)
	})
}

func newResynchronizeCommand() *cobra.Command {
	var reset bool
	c := newFormationVerb(&cobra.Command{
		Use:   "resynchronize NAME|ID",
		Short: "Try again what failed in a formation; edition v2 only",
		Long: `Try again what failed in a formation (Resynchronize, offered in status Error). With --reset its systems are configured
from scratch (Reset and Resynchronize, offered in status Ready). Edition v2 only.`,
	}, func(c *cobra.Command, k *client, f btpclient.Formation) (btpclient.Formation, error) {
		return k.operator.Resynchronize(c.Context(), f.ID, reset)
	})
	c.Flags().BoolVar(&reset, "reset", false, "configure its systems from scratch")
	return c
}

// newFormationVerb changes one formation.
func newFormationVerb(c *cobra.Command, change func(*cobra.Command, *client, btpclient.Formation) (btpclient.Formation, error)) *cobra.Command {
	var format string
	c.Args = cobra.ExactArgs(1)
	c.RunE = withClient(func(c *cobra.Command, k *client, args []string) error {
		f, err := k.formation(c.Context(), account(c), args[0])
		if err != nil {
			return err
		}
		changed, err := change(c, k, f)
		return printChanged(c, format, changed, fillIn(err, f.GlobalAccount, f.Name))
	})
	accountFlag(c)
	outputFlag(c, &format)
	return newClientCommand(c)
}

func newDeleteFormationCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "delete NAME|ID",
		Short: "Delete a formation; prints the steps",
		Long: `Delete a formation. Edition v1 deletes only a formation that nothing is assigned to; what is, is named with the command
that removes it. In v2 the deletion excludes the systems and unassigns the subaccount by itself.`,
		Args: cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			f, err := k.formation(c.Context(), account(c), args[0])
			if err != nil {
				return err
			}
			d, err := k.operator.DeleteFormation(c.Context(), f.ID)
			if err != nil {
				return fillIn(notEmpty(err, f), f.GlobalAccount, f.Name)
			}
			if err := show(c.OutOrStdout(), format, d, []string{"STEP", "OF", "DONE"}, deletionRows(d)); err != nil || d.Done {
				return err
			}
			f, err = k.operator.Formation(c.Context(), f.ID)
			if err != nil {
				return err
			}
			if btp.FormationStatus(f.Status.Code) == btp.StatusError {
				return formationFailure(f)
			}
			note(c, formationNext(f))
			return nil
		}),
	})
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

// notEmpty names what is still assigned to a formation of edition v1.
func notEmpty(err error, f btpclient.Formation) error {
	return heldFailure(err, fmt.Sprintf("formation %q is not empty", f.Name), func(b btpclient.Blocker) string {
		if btp.ObjectKind(b.Kind) == btp.KindSystem {
			return "pairsim formations exclude " + quoted(f.Name) + " " + named(f.GlobalAccount, b.Name)
		}
		return "pairsim formations change " + named(f.GlobalAccount, f.Name) + ` --subaccount ""`
	})
}

func deletionRows(d btpclient.FormationDeletion) [][]string {
	rows := make([][]string, len(d.Steps))
	for i, one := range d.Steps {
		done := "no"
		if one.Done {
			done = "yes"
		}
		rows[i] = []string{one.Step, one.Name, done}
	}
	return rows
}

func newFormationTypesCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "types",
		Short: "List the types of formations, and which systems they take",
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			types, err := k.operator.FormationTypes(c.Context())
			if err != nil {
				return err
			}
			rows := make([][]string, len(types))
			for i, t := range types {
				rows[i] = []string{t.Name, t.Environment, strings.Join(t.SystemTypes, ", ")}
			}
			return show(c.OutOrStdout(), format, types, []string{"TYPE", "ENVIRONMENT", "SYSTEM TYPES"}, rows)
		}),
	})
	outputFlag(c, &format)
	return c
}
