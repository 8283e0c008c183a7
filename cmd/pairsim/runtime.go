package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newRuntimeCommand() *cobra.Command {
	return newGroup("runtime", "What a subaccount's Kyma runtime sees",
		newShowRuntimeCommand(), newApplicationsCommand(), newRuntimeServicesCommand(), newRuntimeEventsCommand(),
		newSubscriptionsCommand(), newDeliveriesCommand())
}

func newShowRuntimeCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "show",
		Short: "Show how much is in a subaccount's Kyma runtime, and whether it follows the landscape",
		Args:  cobra.NoArgs,
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
			r, err := k.operator.Runtime(c.Context(), in.ID)
			if err != nil {
				return err
			}
			state := r.Synchronization.State
			if r.Synchronization.Name != "" {
				state += ": several systems would be applications named " + r.Synchronization.Name
			}
			return show(c.OutOrStdout(), format, r, nil, [][]string{
				{"subaccount", r.Subaccount},
				{"synchronization", state},
				{"applications", fmt.Sprint(r.Applications)},
				{"subscriptions", fmt.Sprint(r.Subscriptions)},
				{"events waiting", fmt.Sprint(r.Deliveries.Waiting)},
				{"events given up", fmt.Sprint(r.Deliveries.Dead)},
			})
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}

func newApplicationsCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "applications [NAME]",
		Short: "List the applications in a subaccount's Kyma runtime, or show one as Kyma keeps it",
		Long: `List the applications in a subaccount's Kyma runtime. With the name of an application, or of its system: its services;
with -o yaml (or json) its Application resource, applicationconnector.kyma-project.io/v1alpha1, and the Secrets
that this names, for kubectl apply. The Secrets hold the credentials that the system registered.`,
		Example: `  pairsim runtime applications
  pairsim runtime applications mp-web-shop -o yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, args []string) error {
			list, err := k.operator.RuntimeApplications(c.Context(), in.ID)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return showApplication(c, k, in, list, args[0], format)
			}
			rows := make([][]string, len(list))
			for i, a := range list {
				events := "no, of another runtime"
				if a.GetsEvents {
					events = "yes"
				}
				rows[i] = []string{a.Name, a.System.Name, a.System.Type, fmt.Sprint(len(a.Services)), events, strings.Join(a.Formations, ", ")}
			}
			if len(list) == 0 {
				note(c, "an application is here once its system is registered and in a formation of this subaccount, which has Kyma: "+
					"pairsim formations create")
				list = []btpclient.RuntimeApplication{}
			}
			return show(c.OutOrStdout(), format, list, []string{"APPLICATION", "SYSTEM", "TYPE", "SERVICES", "EVENTS", "FORMATIONS"}, rows)
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}

// showApplication shows the one application that is named, or whose system is.
func showApplication(
	c *cobra.Command, k *client, in btpclient.Subaccount, list []btpclient.RuntimeApplication, name, format string,
) error {
	application := name
	var names []string
	for _, a := range list {
		names = append(names, a.Name)
		if a.Name != name && a.System.Name != name {
			continue
		}
		if application = a.Name; format == "table" {
			return writeTable(c.OutOrStdout(), serviceColumns, serviceRows(k, a))
		}
	}
	if format == "table" {
		return &failure{
			"No such application in the runtime", fmt.Sprintf("the runtime of subaccount %s has no application %q; it has %s", in.ID, name, orNone(names)),
			"List the applications: pairsim runtime applications --subaccount " + in.ID + ".",
		}
	}
	manifests, err := k.operator.RuntimeManifests(c.Context(), in.ID, application)
	if err != nil {
		return err
	}
	if format == "json" {
		return writeJSON(c.OutOrStdout(), manifests)
	}
	return writeDocuments(c.OutOrStdout(), manifests)
}

// writeDocuments writes the objects of a Kubernetes List as YAML documents.
func writeDocuments(w io.Writer, list json.RawMessage) error {
	var objects struct{ Items []json.RawMessage }
	if err := json.Unmarshal(list, &objects); err != nil {
		return fmt.Errorf("the answer is no list of objects: %w", err)
	}
	for i, object := range objects.Items {
		if i > 0 {
			if _, err := fmt.Fprintln(w, "---"); err != nil {
				return err
			}
		}
		if err := writeYAML(w, object); err != nil {
			return err
		}
	}
	return nil
}

var serviceColumns = []string{"APPLICATION", "SERVICE", "PROVIDER", "EVENTS", "AT THE GATEWAY"}

// serviceRows are the services of an application, with the address of an API at the
// gateway of the server that was asked.
func serviceRows(k *client, a btpclient.RuntimeApplication) (rows [][]string) {
	for _, s := range a.Services {
		events, at := "no", ""
		if s.Events {
			events = "yes"
		}
		if s.API {
			at = k.options.server + "/gateway/" + a.Name + "/" + btp.GatewayName(s.Name)
		}
		rows = append(rows, []string{a.Name, s.Name, s.Provider, events, at})
	}
	return rows
}

func newRuntimeServicesCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "services",
		Short: "List the services of a Kyma runtime's applications, and where the gateway has their APIs",
		Args:  cobra.NoArgs,
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
			list, err := k.operator.RuntimeApplications(c.Context(), in.ID)
			if err != nil {
				return err
			}
			type service struct {
				Application string `json:"application"`
				btpclient.SystemService
				Gateway string `json:"gateway,omitempty"`
			}
			services := []service{}
			var rows [][]string
			for _, a := range list {
				of := serviceRows(k, a)
				for i, s := range a.Services {
					services = append(services, service{a.Name, s, of[i][len(of[i])-1]})
				}
				rows = append(rows, of...)
			}
			return show(c.OutOrStdout(), format, services, serviceColumns, rows)
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}

func newRuntimeEventsCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "events",
		Short: "List the types of events that a Kyma runtime's applications publish, and how many listen",
		Args:  cobra.NoArgs,
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
			list, err := k.operator.RuntimeEvents(c.Context(), in.ID)
			if err != nil {
				return err
			}
			rows := make([][]string, len(list))
			for i, e := range list {
				rows[i] = []string{e.Application, e.Type, e.Version, fmt.Sprint(e.Subscriptions), e.Service}
			}
			if len(list) == 0 {
				list = []btpclient.RuntimeEvent{}
			}
			return show(c.OutOrStdout(), format, list, []string{"APPLICATION", "TYPE", "VERSION", "SUBSCRIPTIONS", "SERVICE"}, rows)
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}
