package main

import (
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newFaultCommand() *cobra.Command {
	return newGroup("fault", "Make a step of a flow fail on purpose",
		newFaultPointsCommand(), newAddFaultCommand(), newListFaultsCommand(), newClearFaultsCommand())
}

func newFaultPointsCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "points",
		Short: "List the points that can be made to fail",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			type point struct {
				Point string `json:"point"`
				What  string `json:"what"`
			}
			points := make([]point, len(btp.FaultPoints))
			rows := make([][]string, len(btp.FaultPoints))
			for i, p := range btp.FaultPoints {
				points[i] = point{string(p), btp.Points[p].Text}
				rows[i] = []string{string(p), btp.Points[p].Text}
			}
			return show(c.OutOrStdout(), format, points, []string{"POINT", "WHAT HAPPENS THERE"}, rows)
		},
	}
	outputFlag(c, &format)
	return c
}

func newAddFaultCommand() *cobra.Command {
	var f btpclient.Fault
	var subject, format string
	c := newClientCommand(&cobra.Command{
		Use:   "add POINT",
		Short: "Make a point fail",
		Long: `Make a point fail, for one system or formation or for all, so many times or until the fault is cleared. Faults are kept
in the process: they are gone when it ends.`,
		Example: `  pairsim fault add deregistration.tell-tenant --subject "Web Shop" --cause "the tenant does not answer" --times 1`,
		Args:    cobra.ExactArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) (points []cobra.Completion, _ cobra.ShellCompDirective) {
			if len(args) == 0 {
				for _, p := range btp.FaultPoints {
					points = append(points, cobra.CompletionWithDesc(string(p), btp.Points[p].Text))
				}
			}
			return points, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			f.Point = args[0]
			var err error
			if f.Subject, err = k.faultSubject(c, f.Point, subject); err != nil {
				return err
			}
			added, err := k.control.AddFault(c.Context(), f)
			if btpclient.CodeOf(err) == string(btp.InvalidRequest) {
				told := failureOf(err)
				return &failure{told.title, told.detail, "See what can be made to fail: pairsim fault points; what is set: pairsim fault list."}
			}
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), format, added, faultHeader, [][]string{faultRow(added)})
		}),
	})
	c.Flags().StringVar(&subject, "subject", "", "only for this system or formation, `NAME` or id; unless given: for all")
	c.Flags().StringVar(&f.Cause, "cause", "", "`TEXT` that the failure says")
	c.Flags().IntVar(&f.Times, "times", 0, "so many times; 0: until it is cleared")
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

// faultSubject is the id of what a fault is for, which has to be there: a fault
// for a name with a typo would never strike.
func (k *client) faultSubject(c *cobra.Command, point, nameOrID string) (string, error) {
	kind := btp.KindSystem
	if slices.Contains([]btp.Point{btp.PointFormationSync, btp.PointFormationDeleted}, btp.Point(point)) {
		kind = btp.KindFormation
	}
	if nameOrID == "" {
		return "", nil
	}
	if kind == btp.KindFormation {
		f, err := k.formation(c.Context(), account(c), nameOrID)
		return f.ID, err
	}
	s, err := k.system(c.Context(), account(c), nameOrID)
	return s.ID, err
}

var faultHeader = []string{"ID", "POINT", "SUBJECT", "STRUCK", "TIMES", "CAUSE"}

func faultRow(f btpclient.Fault) []string {
	subject, times := f.Subject, "always"
	if subject == "" {
		subject = "all"
	}
	if f.Times > 0 {
		times = strconv.Itoa(f.Times)
	}
	return []string{f.ID, f.Point, subject, strconv.Itoa(f.Struck), times, f.Cause}
}

func newListFaultsCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the faults, oldest first",
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			faults, err := k.control.Faults(c.Context())
			if err != nil {
				return err
			}
			rows := make([][]string, len(faults))
			for i, f := range faults {
				rows[i] = faultRow(f)
			}
			return show(c.OutOrStdout(), format, faults, faultHeader, rows)
		}),
	})
	outputFlag(c, &format)
	return c
}

func newClearFaultsCommand() *cobra.Command {
	return newClientCommand(&cobra.Command{
		Use:   "clear [ID]",
		Short: "Remove a fault, or all of them",
		Args:  cobra.MaximumNArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			if len(args) == 0 {
				return k.control.ClearFaults(c.Context())
			}
			return k.control.RemoveFault(c.Context(), args[0])
		}),
	})
}
