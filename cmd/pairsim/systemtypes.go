package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btpclient"
)

func newSystemTypesCommand() *cobra.Command {
	return newGroup("system-types", "The system types of a global account: list them, create those of third parties",
		newListSystemTypesCommand(), newCreateSystemTypeCommand())
}

func newListSystemTypesCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the types that can be registered",
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			types, err := k.operator.AccountSystemTypes(c.Context(), account(c))
			if err != nil {
				return err
			}
			rows := make([][]string, len(types))
			for i, t := range types {
				rows[i] = systemTypeRow(t)
			}
			return show(c.OutOrStdout(), format, types, []string{"NAME", "TOKEN", "ENVIRONMENTS", "FORMATION BEFORE PAIRING", "NAMESPACE", "PROVIDER"}, rows)
		}),
	})
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

func systemTypeRow(t btpclient.SystemType) []string {
	token, before := "no", "no"
	if t.PairedByToken {
		token = (time.Duration(t.TokenValiditySeconds) * time.Second).String()
	}
	if t.FormationBeforePairing {
		before = "yes"
	}
	return []string{t.Name, token, strings.Join(t.Environments, " "), before, t.Namespace, t.Provider}
}

func newCreateSystemTypeCommand() *cobra.Command {
	var namespace, provider, format string
	c := newClientCommand(&cobra.Command{
		Use:   "create NAME --namespace customer.NAME --provider PROVIDER",
		Short: "Create a system type of a third party; edition v2 only",
		Long: `Create a system type of a third party. Its systems need no token: they are registered when they are added
(pairsim systems register), and have no status.`,
		Example: `  pairsim system-types create Warehouse --namespace customer.acme --provider Acme`,
		Args:    cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			t, err := createOnce(c, func(ctx context.Context, options ...btpclient.CallOption) (btpclient.SystemType, error) {
				return k.operator.CreateSystemType(ctx, account(c), args[0], namespace, provider, options...)
			})
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), format, t, nil, [][]string{{"name", t.Name}, {"namespace", t.Namespace}, {"provider", t.Provider}})
		}),
	})
	c.Flags().StringVar(&namespace, "namespace", "", "its `NAMESPACE`, which begins with customer.")
	c.Flags().StringVar(&provider, "provider", "", "who `PROVIDES` such systems")
	_ = c.MarkFlagRequired("namespace") // fails for a flag that is not there only
	_ = c.MarkFlagRequired("provider")
	accountFlag(c)
	idempotencyFlag(c)
	outputFlag(c, &format)
	return c
}
