package main

import (
	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newMergeCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "merge NAME|ID TARGET",
		Short: "Merge an auto-discovered system into the registered one that it duplicates; edition v2 only",
		Long: `Merge an auto-discovered system without a status into the registered system of the same type and URL that was added
manually. The target gets what only the other has; its record goes.`,
		Example: `  pairsim systems merge shop-prd "Web Shop"`,
		Args:    cobra.ExactArgs(2),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			source, err := k.system(c.Context(), account(c), args[0])
			if err != nil {
				return err
			}
			target, err := k.system(c.Context(), account(c), args[1])
			if err != nil {
				return err
			}
			merged, err := k.operator.Merge(c.Context(), source.ID, target.ID)
			if err != nil {
				return statusFailure(err, source)
			}
			if format != "table" {
				return show(c.OutOrStdout(), format, merged, nil, nil)
			}
			return printSystem(c.OutOrStdout(), merged)
		}),
	})
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

func newDiscoverCommand() *cobra.Command {
	var d btpclient.DiscoveredSystem
	var format string
	c := newClientCommand(&cobra.Command{
		Use:     "discover NAME --type TYPE --url URL",
		Short:   "Let a system appear by itself, as SAP's landscape discovery would; edition v2 only",
		Example: `  pairsim systems discover shop-prd --type "SAP Commerce Cloud" --url https://shop.example --business-type Production`,
		Args:    cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			d.GlobalAccount, d.Name = account(c), args[0]
			found, err := k.control.Discover(c.Context(), d)
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), format, found, nil, [][]string{
				{"name", found.Name}, {"id", found.ID}, {"type", found.Type}, {"account", d.GlobalAccount}, {"discovery", btp.AutoDiscovered},
			})
		}),
	})
	c.Flags().StringVar(&d.Type, "type", "", "system `TYPE`, as SAP Commerce Cloud")
	c.Flags().StringVar(&d.URL, "url", "", "the system's `URL`; with the type it tells what it duplicates")
	c.Flags().StringVar(&d.SystemID, "system-id", "", "its system `ID`")
	c.Flags().StringVar(&d.BusinessType, "business-type", "", "a `HINT` at test or production")
	c.Flags().StringSliceVar(&d.CorrelationIDs, "correlation-id", nil, "a correlation `ID`; may be repeated")
	_ = c.MarkFlagRequired("type") // fails for a flag that is not there only
	_ = c.MarkFlagRequired("url")
	completeTypes(c)
	accountFlag(c)
	outputFlag(c, &format)
	return c
}
