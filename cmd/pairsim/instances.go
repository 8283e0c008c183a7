package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newOfferingsCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the services that a subaccount can have instances of, with the plans that it is entitled to",
		Long: `List the services that a subaccount can have instances of, with the plans that it is entitled to. A plan that is for systems
is there only while a registered system is entitled. -o json shows the JSON Schemas of the parameters.`,
		Args: cobra.NoArgs,
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
			list, err := k.operator.ServiceOfferings(c.Context(), in.ID)
			if err != nil {
				return err
			}
			var rows [][]string
			for _, o := range list {
				for _, p := range o.Plans {
					var systems []string
					for _, s := range p.Systems {
						systems = append(systems, s.Name)
					}
					rows = append(rows, []string{o.Name, p.Name, strings.Join(systems, ", "), o.DisplayName})
				}
			}
			return show(c.OutOrStdout(), format, list, []string{"OFFERING", "PLAN", "SYSTEMS", "SERVICE"}, rows)
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return newGroup("offerings", "The services that a subaccount can have instances of", c)
}

func newInstancesCommand() *cobra.Command {
	return newGroup("instances", "Service instances of a subaccount, and their bindings",
		newListInstancesCommand(), newShowInstanceCommand(), newCreateInstanceCommand(), newDeleteInstanceCommand(), newBindCommand(), newUnbindCommand())
}

// instance finds an instance of a subaccount by name, or any by id.
func (k *client) instance(ctx context.Context, in btpclient.Subaccount, nameOrID string) (btpclient.Instance, error) {
	var names []string
	for i, err := range k.operator.Instances(ctx, in.ID, btpclient.InstanceFilter{PageSize: 200}) {
		if err != nil {
			return i, err
		}
		if i.Name == nameOrID || i.ID == nameOrID {
			return i, nil
		}
		names = append(names, i.Name)
	}
	return btpclient.Instance{}, &failure{
		"No such service instance", fmt.Sprintf("subaccount %s has no service instance %q; it has %s", in.ID, nameOrID, orNone(names)),
		"List service instances: pairsim instances list --subaccount " + in.ID + ".",
	}
}

// operationText is how far an operation is, or why it failed.
func operationText(o btpclient.InstanceOperation) string { return o.Type + " " + o.State }

func placeText(p btpclient.Place) string {
	if p.Organization != "" {
		return p.Environment + " " + p.Organization + "/" + p.Space
	}
	return p.Environment + " " + p.Space
}

func systemText(i btpclient.Instance) string {
	if i.System == nil {
		return ""
	}
	return i.System.Name
}

func newListInstancesCommand() *cobra.Command {
	var filter btpclient.InstanceFilter
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the service instances of a subaccount",
		Args:  cobra.NoArgs,
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
			filter.PageSize = 200
			list := []btpclient.Instance{}
			var rows [][]string
			for i, err := range k.operator.Instances(c.Context(), in.ID, filter) {
				if err != nil {
					return err
				}
				list = append(list, i)
				rows = append(rows, []string{
					i.Name, i.Offering, i.Plan, systemText(i), placeText(i.Place), operationText(i.Operation), fmt.Sprint(i.Bindings), i.ID,
				})
			}
			return show(c.OutOrStdout(), format, list, []string{"NAME", "OFFERING", "PLAN", "SYSTEM", "PLACE", "LAST OPERATION", "BINDINGS", "ID"}, rows)
		}),
	})
	c.Flags().StringVar(&filter.Offering, "offering", "", "only of this `OFFERING`")
	c.Flags().StringVar(&filter.Plan, "plan", "", "only of this `PLAN`")
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}

func instanceRows(i btpclient.Instance) [][]string {
	rows := [][]string{
		{"id", i.ID}, {"name", i.Name}, {"offering", i.Offering}, {"plan", i.Plan}, {"subaccount", i.Subaccount}, {"place", placeText(i.Place)},
	}
	if i.System != nil {
		rows = append(rows, []string{"system", i.System.Name})
	}
	rows = append(rows, []string{"last operation", operationText(i.Operation)})
	if i.Operation.Description != "" {
		rows = append(rows, []string{"message", i.Operation.Description})
	}
	return append(rows, []string{"parameters", string(i.Parameters)})
}

func newShowInstanceCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "show NAME|ID",
		Short: "Show a service instance: its last operation, why it failed, and its bindings",
		Args:  cobra.ExactArgs(1),
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, args []string) error {
			i, err := k.instance(c.Context(), in, args[0])
			if err != nil {
				return err
			}
			bindings, err := k.operator.Bindings(c.Context(), i.ID)
			if err != nil {
				return err
			}
			rows := instanceRows(i)
			for _, b := range bindings {
				rows = append(rows, []string{"binding", b.Name + "  " + b.ID})
			}
			return show(c.OutOrStdout(), format, i, nil, rows)
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}

// readParameters takes a JSON object as it stands, or from a file.
func readParameters(given string) (json.RawMessage, error) {
	if given == "" {
		return nil, nil
	}
	text := []byte(given)
	if !strings.HasPrefix(strings.TrimSpace(given), "{") {
		var err error
		if text, err = os.ReadFile(given); err != nil {
			return nil, usagef("--parameters: a JSON object, or a file with one: %v", err)
		}
	}
	if !json.Valid(text) {
		return nil, usagef("--parameters: not JSON")
	}
	return text, nil
}

// afterOperation says how an operation that a command began stands; one that failed is
// a failure of the command.
func afterOperation(c *cobra.Command, i btpclient.Instance) error {
	switch i.Operation.State {
	case "failed":
		next := "Delete it, then create it again with other parameters: pairsim instances delete " + quoted(i.Name) + "."
		if i.Operation.Type == "delete" {
			next = "Mend what the message names, then delete it again: pairsim instances delete " + quoted(i.Name) + "."
		}
		return &failure{"The " + i.Operation.Type + " operation failed", i.Operation.Description, next}
	case "in progress":
		note(c, "the operation goes on; look again: pairsim instances show "+quoted(i.Name)+"; or it is held: pairsim hold list")
	}
	return nil
}

func newCreateInstanceCommand() *cobra.Command {
	var n btpclient.NewInstance
	var parameters, space, namespace, organization, format string
	c := newClientCommand(&cobra.Command{
		Use:   "create NAME --offering OFFERING --plan PLAN",
		Short: "Create a service instance in a space or namespace of a subaccount",
		Example: `  pairsim instances create contacts --offering s4-hana-cloud --plan api-access --parameters contacts.json
  pairsim instances create my-destinations --offering destination --plan lite --namespace default`,
		Args: cobra.ExactArgs(1),
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, args []string) error {
			n.Name = args[0]
			var err error
			if n.Parameters, err = readParameters(parameters); err != nil {
				return err
			}
			switch {
			case namespace != "" && (space != "" || organization != ""):
				return usagef("an instance is in a space of Cloud Foundry (--space, --organization) or in a namespace of Kyma (--namespace)")
			case namespace != "":
				n.Place = &btpclient.Place{Environment: string(btp.Kyma), Space: namespace}
			case space != "" || organization != "":
				n.Place = &btpclient.Place{Environment: string(btp.CloudFoundry), Organization: organization, Space: space}
			}
			i, err := createOnce(c, func(ctx context.Context, options ...btpclient.CallOption) (btpclient.Instance, error) {
				return k.operator.CreateInstance(ctx, in.ID, n, options...)
			})
			if err != nil {
				return err
			}
			if err := show(c.OutOrStdout(), format, i, nil, instanceRows(i)); err != nil {
				return err
			}
			return afterOperation(c, i)
		}),
	})
	c.Flags().StringVar(&n.Offering, "offering", "", "`OFFERING`, see pairsim offerings list")
	c.Flags().StringVar(&n.Plan, "plan", "", "its `PLAN`")
	c.Flags().StringVar(&parameters, "parameters", "", "`JSON` object, or the file that holds it")
	c.Flags().StringVar(&space, "space", "", "`SPACE` of Cloud Foundry")
	c.Flags().StringVar(&organization, "organization", "", "`ORGANIZATION` of Cloud Foundry")
	c.Flags().StringVar(&namespace, "namespace", "", "`NAMESPACE` of Kyma")
	for _, name := range []string{"offering", "plan"} {
		_ = c.MarkFlagRequired(name) // fails for a flag that is not there only
	}
	subaccountFlag(c)
	idempotencyFlag(c)
	outputFlag(c, &format)
	return c
}

func newDeleteInstanceCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "delete NAME|ID",
		Short: "Delete a service instance with what it stands for: destination, arrangement, users, queues",
		Args:  cobra.ExactArgs(1),
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, args []string) error {
			i, err := k.instance(c.Context(), in, args[0])
			if err != nil {
				return err
			}
			after, err := k.operator.DeleteInstance(c.Context(), i.ID)
			if err != nil {
				return err
			}
			if after.ID == "" {
				return show(c.OutOrStdout(), format, map[string]string{"subaccount": in.ID, "deleted": i.ID}, nil,
					[][]string{{"subaccount", in.ID}, {"deleted", i.Name}, {"id", i.ID}})
			}
			if err := show(c.OutOrStdout(), format, after, nil, instanceRows(after)); err != nil {
				return err
			}
			return afterOperation(c, after)
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}

func newBindCommand() *cobra.Command {
	var parameters, format string
	c := newClientCommand(&cobra.Command{
		Use:   "bind NAME|ID [BINDING]",
		Short: "Bind an application to a service instance, and print the credentials",
		Long: `Bind an application to a service instance, and print the credentials: as a document (json, yaml), as the file default-env.json
with which applications for Cloud Foundry run on a developer's machine (default-env), as the value of VCAP_SERVICES (vcap),
or as the Secret that the SAP BTP service operator writes in Kyma (secret). A binding that is there already, by its name, is
printed again.`,
		Example: `  pairsim instances bind contacts app -o default-env > default-env.json
  pairsim instances bind contacts app -o secret | kubectl apply -f -`,
		Args: cobra.RangeArgs(1, 2),
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, args []string) error {
			i, err := k.instance(c.Context(), in, args[0])
			if err != nil {
				return err
			}
			n := btpclient.NewBinding{}
			if len(args) == 2 {
				n.Name = args[1]
			}
			if n.Parameters, err = readParameters(parameters); err != nil {
				return err
			}
			b, err := k.binding(c, i, n)
			if err != nil {
				return err
			}
			return k.showBinding(c, in, i, b, format)
		}),
	})
	c.Flags().StringVar(&parameters, "parameters", "", "`JSON` object, or the file that holds it")
	subaccountFlag(c)
	idempotencyFlag(c)
	outputFlag(c, &format, "default-env", "vcap", "secret")
	return c
}

// binding is the one with the name, made unless it is there.
func (k *client) binding(c *cobra.Command, i btpclient.Instance, n btpclient.NewBinding) (btpclient.Binding, error) {
	there, err := k.operator.Bindings(c.Context(), i.ID)
	if err != nil {
		return btpclient.Binding{}, err
	}
	for _, b := range there {
		if n.Name != "" && b.Name == n.Name {
			if n.Parameters != nil {
				return b, usagef("binding %q is there already; without --parameters it is printed again", n.Name)
			}
			return k.operator.Binding(c.Context(), b.ID)
		}
	}
	return createOnce(c, func(ctx context.Context, options ...btpclient.CallOption) (btpclient.Binding, error) {
		return k.operator.Bind(ctx, i.ID, n, options...)
	})
}

// showBinding prints a binding in a format of outputFlag.
func (k *client) showBinding(c *cobra.Command, in btpclient.Subaccount, i btpclient.Instance, b btpclient.Binding, format string) error {
	switch format {
	case "default-env", "vcap", "secret":
		tags, err := k.tagsOf(c.Context(), in, i.Offering)
		if err != nil {
			return err
		}
		if format == "secret" {
			secret, err := secretOf(i, b, tags)
			if err != nil {
				return err
			}
			return writeYAML(c.OutOrStdout(), secret)
		}
		services := vcapOf(i, b, tags)
		if format == "vcap" {
			return writeJSON(c.OutOrStdout(), services)
		}
		return writeJSON(c.OutOrStdout(), map[string]any{"VCAP_SERVICES": services})
	}
	rows := [][]string{{"id", b.ID}, {"name", b.Name}, {"instance", i.Name}}
	var credentials map[string]json.RawMessage
	if err := json.Unmarshal(b.Credentials, &credentials); err != nil {
		return err
	}
	for _, key := range sortedNames(credentials) {
		rows = append(rows, []string{"credentials." + key, plainText(credentials[key])})
	}
	return show(c.OutOrStdout(), format, b, nil, rows)
}

// tagsOf are the tags of an offering, also when the subaccount does not see it any more.
func (k *client) tagsOf(ctx context.Context, in btpclient.Subaccount, offering string) ([]string, error) {
	list, err := k.operator.ServiceOfferings(ctx, in.ID)
	for _, o := range list {
		if o.Name == offering {
			return o.Tags, nil
		}
	}
	return []string{}, err
}

func newUnbindCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "unbind NAME|ID BINDING",
		Short: "Delete a binding, by its name or id; its credentials are good for nothing any more",
		Args:  cobra.ExactArgs(2),
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, args []string) error {
			i, err := k.instance(c.Context(), in, args[0])
			if err != nil {
				return err
			}
			there, err := k.operator.Bindings(c.Context(), i.ID)
			if err != nil {
				return err
			}
			var names []string
			for _, b := range there {
				if b.Name == args[1] || b.ID == args[1] {
					if err := k.operator.Unbind(c.Context(), b.ID); err != nil {
						return err
					}
					return show(c.OutOrStdout(), format, map[string]string{"instance": i.ID, "deleted": b.ID}, nil,
						[][]string{{"instance", i.Name}, {"deleted", b.Name}, {"id", b.ID}})
				}
				names = append(names, b.Name)
			}
			return &failure{
				"No such service binding", fmt.Sprintf("service instance %q has no binding %q; it has %s", i.Name, args[1], orNone(names)),
				"Show the instance with its bindings: pairsim instances show " + quoted(i.Name) + ".",
			}
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}
