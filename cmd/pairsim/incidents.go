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
			if filter.Subject, err = k.subjectID(c, subject, ""); err != nil {
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

// openIncidents are those about a system or formation.
func (k *client) openIncidents(ctx context.Context, ga, subject string) (list []btpclient.Incident, err error) {
	for i, err := range k.operator.Incidents(ctx, ga, btpclient.IncidentFilter{Subject: subject, OpenOnly: true}) {
		if err != nil {
			return nil, err
		}
		list = append(list, i)
	}
	return list, nil
}

func openOrResolved(i btpclient.Incident) string {
	if i.Open {
		return "open"
	}
	return "resolved"
}

// subjectID is the id of a system or formation; "" for no name. Where both have
// the name the one of this kind is meant, else the system. What is gone may still
// be named by its id.
func (k *client) subjectID(c *cobra.Command, nameOrID string, kind btp.ObjectKind) (string, error) {
	if nameOrID == "" {
		return "", nil
	}
	system := func() (string, error) {
		s, err := k.system(c.Context(), account(c), nameOrID)
		return s.ID, err
	}
	formation := func() (string, error) {
		f, err := k.formation(c.Context(), account(c), nameOrID)
		return f.ID, err
	}
	find := []func() (string, error){system, formation}
	if kind == btp.KindFormation {
		slices.Reverse(find)
	}
	for _, one := range find {
		id, err := one()
		switch btp.Code(btpclient.CodeOf(err)) { //nolint:exhaustive // any other refusal is the answer
		case "":
			if err == nil {
				return id, nil
			}
		case btp.SystemNotFound, btp.FormationNotFound, btp.GlobalAccountNotFound:
			continue
		}
		return "", err
	}
	return nameOrID, nil
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
			rows, failed := k.afterIncident(c, i)
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
func (k *client) afterIncident(c *cobra.Command, i btpclient.Incident) ([][]string, error) {
	if btp.ObjectKind(i.Subject.Kind) == btp.KindFormation {
		f, err := k.operator.Formation(c.Context(), i.Subject.ID)
		switch {
		case btpclient.CodeOf(err) == string(btp.FormationNotFound):
			return [][]string{{"now", "the formation is deleted"}}, nil
		case err != nil:
			return nil, err
		case btp.FormationStatus(f.Status.Code) == btp.StatusError:
			return nil, k.formationFailure(c, f)
		}
		return [][]string{{"now", f.Status.Label}}, nil
	}
	s, err := k.operator.System(c.Context(), i.Subject.ID)
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
	return append([][]string{{"now", label}}, nextRows(nextFor(c, s))...), nil
}
