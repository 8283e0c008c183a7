package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btpclient"
)

func newDestinationsCommand() *cobra.Command {
	return newGroup("destinations", "Destinations of a subaccount: where and how its applications reach systems",
		newListDestinationsCommand(), newShowDestinationCommand(), newSetDestinationCommand(), newDeleteDestinationCommand(),
		newFindDestinationCommand(), newTrustCommand())
}

func newListDestinationsCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the destinations of a subaccount",
		Args:  cobra.NoArgs,
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
			list, err := k.operator.Destinations(c.Context(), in.ID)
			if err != nil {
				return err
			}
			rows := make([][]string, len(list))
			for i, d := range list {
				rows[i] = []string{d.Name, d.Properties["Authentication"], d.Properties["URL"], madeBy(d)}
			}
			if len(list) == 0 {
				note(c, "there are none; make one: pairsim destinations set NAME PROPERTY=VALUE…")
				list = []btpclient.Destination{}
			}
			return show(c.OutOrStdout(), format, list, []string{"NAME", "AUTHENTICATION", "URL", "MADE BY"}, rows)
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}

func madeBy(d btpclient.Destination) string {
	if d.MadeBy == "" {
		return "hand"
	}
	return "instance " + d.MadeBy
}

func newShowDestinationCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "show NAME",
		Short: "Show a destination without its secrets",
		Args:  cobra.ExactArgs(1),
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, args []string) error {
			d, err := k.operator.Destination(c.Context(), in.ID, args[0])
			if err != nil {
				return err
			}
			rows := [][]string{{"Name", d.Name}}
			for _, name := range slices.Sorted(maps.Keys(d.Properties)) {
				rows = append(rows, []string{name, d.Properties[name]})
			}
			for _, name := range d.Hidden {
				rows = append(rows, []string{name, "(secret)"})
			}
			rows = append(rows, []string{"made by", madeBy(d)}, []string{"changed", clockTime(d.ChangedAt)})
			return show(c.OutOrStdout(), format, d, nil, rows)
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}

func newSetDestinationCommand() *cobra.Command {
	var file string
	c := newClientCommand(&cobra.Command{
		Use:   "set NAME [PROPERTY=VALUE…]",
		Short: "Make a destination, or replace all of its properties",
		Long: `Make a destination, or replace all of its properties. They are those of the destination service; Type is HTTP and
ProxyType is Internet unless they are given. Secrets are better read from a file, or from standard input (-): a JSON object
of strings.`,
		Example: `  pairsim destinations set orders URL=https://api.example Authentication=NoAuthentication
  pairsim destinations set orders --file orders.json`,
		Args: cobra.MinimumNArgs(1),
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, args []string) error {
			properties, err := propertiesOf(c.InOrStdin(), file, args[1:])
			if err != nil {
				return err
			}
			if err := k.operator.PutDestination(c.Context(), in.ID, args[0], properties); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "destination %s of subaccount %s is stored\n", args[0], in.ID)
			return nil
		}),
	})
	c.Flags().StringVar(&file, "file", "", "`FILE` with a JSON object of properties; - is standard input")
	subaccountFlag(c)
	return c
}

// maxProperties bounds a file of properties, in bytes.
const maxProperties = 64 << 10

// propertiesOf are those of a file, and over them the ones that are given.
func propertiesOf(stdin io.Reader, file string, given []string) (map[string]string, error) {
	properties := map[string]string{}
	if file != "" {
		from := stdin
		if file != "-" {
			opened, err := os.Open(file)
			if err != nil {
				return nil, err
			}
			defer opened.Close()
			from = opened
		}
		text, err := io.ReadAll(io.LimitReader(from, maxProperties))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &properties); err != nil {
			return nil, fmt.Errorf("%s is no JSON object of strings", file)
		}
	}
	for _, one := range given {
		name, value, found := strings.Cut(one, "=")
		if !found || name == "" {
			return nil, usagef("properties are given as PROPERTY=VALUE")
		}
		properties[name] = value
	}
	for name, value := range map[string]string{"Type": "HTTP", "ProxyType": "Internet"} {
		if _, there := properties[name]; !there {
			properties[name] = value
		}
	}
	return properties, nil
}

func newDeleteDestinationCommand() *cobra.Command {
	c := newClientCommand(&cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a destination, whoever made it",
		Args:  cobra.ExactArgs(1),
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, args []string) error {
			return k.operator.DeleteDestination(c.Context(), in.ID, args[0])
		}),
	})
	subaccountFlag(c)
	return c
}

func newFindDestinationCommand() *cobra.Command {
	var user, format string
	c := newClientCommand(&cobra.Command{
		Use:   "find NAME",
		Short: "Find a destination as an application does, with its secrets and a token for its target",
		Long: `Find a destination as an application does, with its secrets and a token for its target. A destination that passes the
user on needs one: --user names a user of the subaccount's identity provider, such as extension.user@example.com.`,
		Args: cobra.ExactArgs(1),
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, args []string) error {
			d, err := k.operator.FindDestination(c.Context(), in.ID, args[0], user)
			if err != nil {
				return err
			}
			var rows [][]string
			for _, name := range slices.Sorted(maps.Keys(d.Configuration)) {
				rows = append(rows, []string{name, d.Configuration[name]})
			}
			for _, t := range d.Tokens {
				if t.Error != "" {
					rows = append(rows, []string{"no token", t.Error})
				} else {
					rows = append(rows, []string{t.Header.Key, t.Header.Value}, []string{"expires in", t.ExpiresIn + " seconds"})
				}
			}
			for _, f := range d.Certificates {
				rows = append(rows, []string{"certificate", f.Name})
			}
			return show(c.OutOrStdout(), format, d, nil, rows)
		}),
	})
	c.Flags().StringVar(&user, "user", "", "`NAME` of the user whom the application acts for")
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}

func newTrustCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "trust",
		Short: "Print the certificate that a subaccount's SAML assertions are signed with",
		Args:  cobra.NoArgs,
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
			t, err := k.operator.Trust(c.Context(), in.ID)
			if err != nil {
				return err
			}
			var rows [][]string
			for line := range strings.Lines(t.Certificate) {
				rows = append(rows, []string{strings.TrimSpace(line)})
			}
			return show(c.OutOrStdout(), format, t, nil, rows)
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}
