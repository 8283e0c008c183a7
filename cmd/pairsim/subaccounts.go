package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newAccountsCommand() *cobra.Command {
	var format string
	list := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the global accounts",
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			accounts, err := k.operator.GlobalAccounts(c.Context())
			if err != nil {
				return err
			}
			rows := make([][]string, len(accounts))
			for i, a := range accounts {
				rows[i] = []string{a.ID, a.DisplayName, a.Subdomain}
			}
			return show(c.OutOrStdout(), format, accounts, []string{"ID", "NAME", "SUBDOMAIN"}, rows)
		}),
	})
	outputFlag(list, &format)
	return newGroup("accounts", "Global accounts", list)
}

func newSubaccountsCommand() *cobra.Command {
	return newGroup("subaccounts", "Subaccounts, and the environments that are enabled in them",
		newListSubaccountsCommand(), newShowSubaccountCommand(), newChangeSubaccountCommand())
}

func newListSubaccountsCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the subaccounts of a global account",
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			list, err := k.operator.Subaccounts(c.Context(), account(c))
			if err != nil {
				return err
			}
			rows := make([][]string, len(list))
			for i, s := range list {
				rows[i] = []string{s.ID, s.DisplayName, s.Subdomain, s.Region, orNone(s.Environments)}
			}
			return show(c.OutOrStdout(), format, list, []string{"ID", "NAME", "SUBDOMAIN", "REGION", "ENVIRONMENTS"}, rows)
		}),
	})
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

func subaccountRows(s btpclient.Subaccount) [][]string {
	return [][]string{
		{"id", s.ID},
		{"name", s.DisplayName},
		{"account", s.GlobalAccount},
		{"subdomain", s.Subdomain},
		{"region", s.Region},
		{"environments", orNone(s.Environments)},
	}
}

func newShowSubaccountCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "show ID",
		Short: "Show a subaccount, named by its id or subdomain",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			s, err := k.subaccount(c, args[0])
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), format, s, nil, subaccountRows(s))
		}),
	})
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

func newChangeSubaccountCommand() *cobra.Command {
	var environments []string
	var name, format string
	c := newClientCommand(&cobra.Command{
		Use:   "change ID",
		Short: "Rename a subaccount, or say which environments are enabled in it",
		Long: `Rename a subaccount, or say which environments are enabled in it from now on: kyma, cloudFoundry, both, or none. A Kyma
runtime joins the subaccount's formations, or leaves them, with it.`,
		Example: `  pairsim subaccounts change dev --environments kyma,cloudFoundry
  pairsim subaccounts change dev --environments none
  pairsim subaccounts change dev --name "Web shop, development"`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			change, err := subaccountChange(c, name, environments)
			if err != nil {
				return err
			}
			return withClient(func(c *cobra.Command, k *client, args []string) error {
				s, err := k.subaccount(c, args[0])
				if err != nil {
					return err
				}
				if s, err = k.operator.ChangeSubaccount(c.Context(), s.ID, change); err != nil {
					return err
				}
				return show(c.OutOrStdout(), format, s, nil, subaccountRows(s))
			})(c, args)
		},
	})
	c.Flags().StringSliceVar(&environments, "environments", nil, "`ENVIRONMENTS` that are enabled from now on: kyma, cloudFoundry, or none")
	c.Flags().StringVar(&name, "name", "", "display `NAME`")
	_ = c.RegisterFlagCompletionFunc("environments", cobra.FixedCompletions([]string{string(btp.Kyma), string(btp.CloudFoundry), "none"}, cobra.ShellCompDirectiveNoFileComp))
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

// subaccountChange is what the flags ask for.
func subaccountChange(c *cobra.Command, name string, environments []string) (btpclient.SubaccountChange, error) {
	var change btpclient.SubaccountChange
	if c.Flags().Changed("name") {
		change.DisplayName = &name
	}
	if c.Flags().Changed("environments") {
		if slices.Equal(environments, []string{"none"}) {
			environments = []string{}
		} else if len(environments) == 0 {
			return change, usagef("--environments: name kyma, cloudFoundry, both, or none")
		}
		for _, one := range environments {
			if one != string(btp.Kyma) && one != string(btp.CloudFoundry) {
				return change, usagef("--environments: there is no environment %q; name kyma, cloudFoundry, both, or none alone", strings.TrimSpace(one))
			}
		}
		change.Environments = &environments
	}
	if change == (btpclient.SubaccountChange{}) {
		return change, usagef("say what to change: --environments or --name")
	}
	return change, nil
}
