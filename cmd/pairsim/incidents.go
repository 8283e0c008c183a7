package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newIncidentsCommand() *cobra.Command {
	return newGroup("incidents", "Incidents, which error statuses open: list, show, resolve as SAP's support would",
		newListIncidentsCommand(), newShowIncidentCommand(), newResolveCommand())
}

func newListIncidentsCommand() *cobra.Command {
	var filter btpclient.IncidentFilter
	var subject, format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the incidents of a global account, oldest first",
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			var err error
			if filter.Subject, err = k.subjectID(c.Context(), account(c), subject); err != nil {
				return err
			}
			filter.PageSize = 200
			incidents := []btpclient.Incident{}
			var rows [][]string
			for i, err := range k.operator.Incidents(c.Context(), account(c), filter) {
				if err != nil {
					return err
				}
				incidents = append(incidents, i)
				rows = append(rows, []string{i.ID, openOrResolved(i), i.Subject.Kind, i.Subject.Name, i.Status, i.Component, i.Cause})
			}
			return show(c.OutOrStdout(), format, incidents, []string{"ID", "STATE", "KIND", "NAME", "STATUS", "COMPONENT", "CAUSE"}, rows)
		}),
	})
	c.Flags().BoolVar(&filter.OpenOnly, "open", false, "only those that are not resolved")
	c.Flags().StringVar(&subject, "subject", "", "only about this system or formation, `NAME` or id")
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

func openOrResolved(i btpclient.Incident) string {
	if i.Open {
		return "open"
	}
	return "resolved"
}

// subjectID is the id of a system or, where there is none of this name, of a
// formation; "" for no name. What is gone is taken to be named by its id.
func (k *client) subjectID(ctx context.Context, account, nameOrID string) (string, error) {
	id, err := k.systemID(ctx, account, nameOrID)
	if err != nil || id != nameOrID || id == "" {
		return id, err
	}
	f, err := k.formation(ctx, account, nameOrID)
	if btpclient.CodeOf(err) == string(btp.FormationNotFound) {
		return nameOrID, nil
	}
	return f.ID, err
}

func incidentRows(i btpclient.Incident) [][]string {
	rows := [][]string{
		{"id", i.ID},
		{"state", openOrResolved(i)},
		{i.Subject.Kind, i.Subject.Name + " (" + i.Subject.ID + ")"},
		{"status", i.Status},
		{"cause", i.Cause},
		{"at", i.Step + ", " + clockTime(i.OpenedAt)},
		{"report to", i.Component},
		{"resolved", clockTime(i.ResolvedAt)},
		{"resolution", i.Resolution},
	}
	return slices.DeleteFunc(rows, func(row []string) bool { return row[1] == "" })
}

func newShowIncidentCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "show ID",
		Short: "Show an incident",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			i, err := k.operator.Incident(c.Context(), args[0])
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), format, i, nil, incidentRows(i))
		}),
	})
	outputFlag(c, &format)
	return c
}

func newResolveCommand() *cobra.Command {
	var resolution, format string
	c := newClientCommand(&cobra.Command{
		Use:   "resolve ID",
		Short: "Resolve an incident, as SAP's support would",
		Long: `Resolve an incident, as SAP's support would: a failed registration may be tried again, a failed deregistration or removal
is completed without the tenant, a formation is synchronized again. The control listener does it.`,
		Example: `  pairsim incidents resolve 5f2c1a7e-8d0b-4a59-9e53-7f6f0c1b2d3e --resolution "tenant was down"`,
		Args:    cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			i, err := k.control.ResolveIncident(c.Context(), args[0], resolution)
			if err != nil {
				return err
			}
			rows, failed := k.afterIncident(c.Context(), i)
			if err := show(c.OutOrStdout(), format, i, nil, append(incidentRows(i), rows...)); err != nil {
				return err
			}
			return failed
		}),
	})
	c.Flags().StringVar(&resolution, "resolution", "", "`TEXT` that says what was done")
	outputFlag(c, &format)
	return c
}

// afterIncident says how the subject of a resolved incident stands now, and
// returns a failure when it failed again.
func (k *client) afterIncident(ctx context.Context, i btpclient.Incident) ([][]string, error) {
	if btp.ObjectKind(i.Subject.Kind) == btp.KindFormation {
		f, err := k.operator.Formation(ctx, i.Subject.ID)
		switch {
		case btpclient.CodeOf(err) == string(btp.FormationNotFound):
			return [][]string{{"now", "the formation is deleted"}}, nil
		case err != nil:
			return nil, err
		case btp.FormationStatus(f.Status.Code) == btp.StatusError:
			return nil, formationFailure(f)
		}
		return [][]string{{"now", f.Status.Label}}, nil
	}
	s, err := k.operator.System(ctx, i.Subject.ID)
	switch {
	case btpclient.CodeOf(err) == string(btp.SystemNotFound):
		return [][]string{{"now", "gone: the row has disappeared"}}, nil
	case err != nil:
		return nil, err
	}
	label := s.Status.Label
	if label == "" {
		label = "(empty)"
	}
	return append([][]string{{"now", label}}, nextRows(nextFor(s))...), nil
}
