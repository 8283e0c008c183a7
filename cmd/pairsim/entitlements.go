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

func newEntitlementsCommand() *cobra.Command {
	return newGroup("entitlements", "Entitlement configurations: the plans that a subaccount has for registered systems",
		newPlansCommand(), newListEntitlementsCommand(), newAssignCommand(), newRemoveEntitlementCommand())
}

// subaccountFlag adds the subaccount that a command is about.
func subaccountFlag(c *cobra.Command) {
	c.Flags().String("subaccount", "dev", "`SUBACCOUNT`: id or subdomain")
	accountFlag(c)
}

// subaccount finds the subaccount of an account by id or subdomain, else any by id.
func (k *client) subaccount(c *cobra.Command, idOrSubdomain string) (btpclient.Subaccount, error) {
	all, err := k.operator.Subaccounts(c.Context(), account(c))
	if err != nil && btpclient.CodeOf(err) != string(btp.GlobalAccountNotFound) {
		return btpclient.Subaccount{}, err
	}
	var names []string
	for _, s := range all {
		if s.ID == idOrSubdomain {
			return s, nil
		}
		names = append(names, s.ID)
	}
	for _, s := range all {
		if s.Subdomain == idOrSubdomain {
			return s, nil
		}
	}
	if err == nil || idOrSubdomain == "" {
		return btpclient.Subaccount{}, &failure{
			"No such subaccount", fmt.Sprintf("global account %s has no subaccount %q; it has %s", account(c), idOrSubdomain, orNone(names)),
			"List subaccounts: pairsim subaccounts list" + inAccount(account(c)) + ".",
		}
	}
	if s, byID := k.operator.Subaccount(c.Context(), idOrSubdomain); byID == nil {
		return s, nil
	}
	return btpclient.Subaccount{}, err
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// within is the work of a command about the subaccount of its flag.
func within(do func(c *cobra.Command, k *client, in btpclient.Subaccount, args []string) error) func(*cobra.Command, []string) error {
	return withClient(func(c *cobra.Command, k *client, args []string) error {
		in, err := k.subaccount(c, c.Flag("subaccount").Value.String())
		if err != nil {
			return err
		}
		return do(c, k, in, args)
	})
}

func completePlans(c *cobra.Command) {
	_ = c.RegisterFlagCompletionFunc("plan", cobra.FixedCompletions(btp.EntitledPlans(), cobra.ShellCompDirectiveNoFileComp)) // fails for a flag that is not there only
}

func newPlansCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "plans",
		Short: "List what can be assigned to a subaccount: services, their plans, and for which systems",
		Args:  cobra.NoArgs,
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
			offerings, err := k.operator.ServicePlans(c.Context(), in.ID)
			if err != nil {
				return err
			}
			var rows [][]string
			forSystems := false
			for _, o := range offerings {
				for _, s := range o.Systems {
					rows = append(rows, []string{o.DisplayName, strings.Join(o.Plans, ", "), s.Name, s.Type})
					forSystems = true
				}
				if len(o.Systems) == 0 {
					rows = append(rows, []string{o.DisplayName, strings.Join(o.Plans, ", "), "", ""})
				}
			}
			if !forSystems {
				note(c, btp.ExtensibilityServiceDisplayName+
					" cannot be assigned while no system is registered; pair one: pairsim systems token NAME, pairsim tenants pair TENANT TOKEN")
			}
			return show(c.OutOrStdout(), format, offerings, []string{"SERVICE", "PLANS", "SYSTEM", "TYPE"}, rows)
		}),
	})
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}

func newListEntitlementsCommand() *cobra.Command {
	var filter btpclient.EntitlementFilter
	var system, format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the entitlement configurations of a subaccount",
		Args:  cobra.NoArgs,
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
			var err error
			if filter.System, err = k.systemOf(c, system); err != nil {
				return err
			}
			filter.PageSize = 200
			list := []btpclient.Entitlement{}
			var rows [][]string
			for e, err := range k.operator.Entitlements(c.Context(), in.ID, filter) {
				if err != nil {
					return err
				}
				list = append(list, e)
				rows = append(rows, []string{e.System.Name, e.Service, e.Plan, quotaText(e), e.Subaccount, e.ID})
			}
			return show(c.OutOrStdout(), format, list, []string{"SYSTEM", "SERVICE", "PLAN", "USED", "SUBACCOUNT", "ID"}, rows)
		}),
	})
	c.Flags().StringVar(&system, "system", "", "only for this system, `NAME` or id")
	c.Flags().StringVar(&filter.Plan, "plan", "", "only of this `PLAN`")
	completePlans(c)
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}

// quotaText is how many instances there are, and of how many.
func quotaText(e btpclient.Entitlement) string {
	if e.Quota == 0 {
		return fmt.Sprint(e.Used)
	}
	return fmt.Sprintf("%d of %d", e.Used, e.Quota)
}

func newAssignCommand() *cobra.Command {
	var n btpclient.NewEntitlement
	var system, format string
	c := newClientCommand(&cobra.Command{
		Use:   "assign --plan PLAN [--system NAME]",
		Short: "Give a subaccount a plan, for a registered system where the service is for systems",
		Example: `  pairsim entitlements assign --subaccount dev --system "Web Shop" --plan api-access --quota 3
  pairsim entitlements assign --subaccount dev --plan default    # SAP Event Mesh`,
		Args: cobra.NoArgs,
		RunE: within(func(c *cobra.Command, k *client, in btpclient.Subaccount, _ []string) error {
			if system == "" && slices.Contains(btp.ExtensibilityPlans, n.Plan) {
				return usagef("plan %s is for a registered system: name it with --system", n.Plan)
			}
			var s btpclient.System
			if n.Service = serviceOf(n.Plan); system != "" {
				var err error
				if s, err = k.system(c.Context(), account(c), system); err != nil {
					return err
				}
				n.System = s.ID
			}
			e, err := createOnce(c, func(ctx context.Context, options ...btpclient.CallOption) (btpclient.Entitlement, error) {
				return k.operator.AssignEntitlement(ctx, in.ID, n, options...)
			})
			if err != nil && system != "" {
				return statusFailure(err, s)
			}
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), format, e, nil, [][]string{
				{"id", e.ID}, {"system", e.System.Name}, {"service", e.Service}, {"plan", e.Plan}, {"used", quotaText(e)}, {"subaccount", e.Subaccount},
			})
		}),
	})
	c.Flags().StringVar(&system, "system", "", "`NAME` or id of a registered system")
	c.Flags().StringVar(&n.Plan, "plan", "", "`PLAN`: "+strings.Join(btp.EntitledPlans(), ", "))
	c.Flags().IntVar(&n.Quota, "quota", 0, "at most `N` service instances; 0: no limit")
	_ = c.MarkFlagRequired("plan") // fails for a flag that is not there only
	completePlans(c)
	subaccountFlag(c)
	idempotencyFlag(c)
	outputFlag(c, &format)
	return c
}

// serviceOf is the service that has a plan; "" for a plan that none has.
func serviceOf(plan string) string {
	for _, s := range btp.EntitledServices {
		if slices.Contains(s.Plans, plan) {
			return s.Name
		}
	}
	return ""
}

func newRemoveEntitlementCommand() *cobra.Command {
	var system, plan, format string
	c := newClientCommand(&cobra.Command{
		Use:   "remove [ID]",
		Short: "Take an entitlement configuration away from a subaccount",
		Long:  `Take an entitlement configuration away from a subaccount. It is named by its id, or by --system and --plan.`,
		Example: `  pairsim entitlements remove --subaccount dev --system "Web Shop" --plan api-access
  pairsim entitlements remove 5f2c1a7e-8d0b-4a59-9e53-7f6f0c1b2d3e`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if named, both := system != "" || plan != "", plan != "" && (system != "" || !slices.Contains(btp.ExtensibilityPlans, plan)); len(args) == 1 && named || len(args) == 0 && !both {
				return usagef("name the entitlement configuration by its id, or by --system and --plan")
			}
			return within(func(c *cobra.Command, k *client, in btpclient.Subaccount, args []string) error {
				removed := map[string]string{"subaccount": in.ID}
				rows := [][]string{{"subaccount", in.ID}}
				if len(args) == 1 {
					removed["removed"] = args[0]
					rows = append(rows, []string{"removed", args[0]})
					if err := k.operator.RemoveEntitlement(c.Context(), in.ID, args[0]); err != nil {
						return err
					}
					return show(c.OutOrStdout(), format, removed, nil, rows)
				}
				if system == "" {
					removed["removed"] = plan
					if err := k.operator.RemoveEntitlementOf(c.Context(), in.ID, "", plan); err != nil {
						return err
					}
					return show(c.OutOrStdout(), format, removed, nil, append(rows, []string{"removed", plan}))
				}
				s, err := k.system(c.Context(), account(c), system)
				if err != nil {
					return err
				}
				if err := k.operator.RemoveEntitlementOf(c.Context(), in.ID, s.ID, plan); err != nil {
					return err
				}
				removed["removed"], removed["system"] = plan, s.ID
				return show(c.OutOrStdout(), format, removed, nil, append(rows, []string{"removed", plan + " for system " + s.Name}))
			})(c, args)
		},
	})
	c.Flags().StringVar(&system, "system", "", "`NAME` or id of the system")
	c.Flags().StringVar(&plan, "plan", "", "its `PLAN`")
	completePlans(c)
	subaccountFlag(c)
	outputFlag(c, &format)
	return c
}
