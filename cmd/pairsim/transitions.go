package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

// policyForms is how a policy is written.
const policyForms = "immediate|after=DURATION|reads=N|held"

// parsePolicy reads a policy.
func parsePolicy(text string) (p btp.TransitionPolicy, err error) {
	wrong := usagef("%q is no policy; write immediate, after=10s, reads=3 or held", text)
	kind, value, valued := strings.Cut(text, "=")
	switch {
	case kind == "immediate" && !valued:
	case kind == "held" && !valued:
		p.Held = true
	case kind == "after" && valued:
		if p.After, err = parseDuration(value); err != nil {
			return p, err
		}
	case kind == "reads" && valued:
		if p.Reads, err = strconv.Atoi(value); err != nil || p.Reads == 0 {
			return p, wrong
		}
	default:
		return p, wrong
	}
	return p, p.Check()
}

// policyFault is what is wrong with a policy.
func policyFault(err error) string {
	if f := failureOf(err); f.detail != "" {
		return f.detail
	}
	return err.Error()
}

func newTransitionsCommand() *cobra.Command {
	return newGroup("transitions", "Say when what lasts ends: Deregistering, Removing, Synchronizing, creating and deleting service instances",
		newListTransitionsCommand(), newSetTransitionCommand(), newResetTransitionCommand())
}

var transitionHeader = []string{"TRANSITION", "ENDS", "FROM", "WHAT"}

func transitionRow(t btpclient.Transition) []string {
	from := "start"
	if t.Set {
		from = "set"
	}
	return []string{t.Name, policyText(t.Policy), from, t.What}
}

func policyText(p btpclient.TransitionPolicy) string {
	switch {
	case p.Held:
		return "held"
	case p.Reads > 0:
		return "reads=" + strconv.Itoa(p.Reads)
	case p.After != "":
		return "after=" + p.After
	}
	return "immediate"
}

func newListTransitionsCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the transitions and when they end",
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			all, err := k.control.Transitions(c.Context())
			if err != nil {
				return err
			}
			rows := make([][]string, len(all))
			for i, t := range all {
				rows[i] = transitionRow(t)
			}
			return show(c.OutOrStdout(), format, all, transitionHeader, rows)
		}),
	})
	outputFlag(c, &format)
	return c
}

func newSetTransitionCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "set TRANSITION " + policyForms,
		Short: "Set when a transition ends",
		Long: `Set when a transition ends: in the request that begins it, after a duration of the environment's clock, when operators
have read its status so many times, or when somebody releases it (pairsim hold). It holds for what begins from now on, and
is kept with the environment's data.`,
		Example: `  pairsim transitions set deregistering reads=3
  pairsim transitions set synchronizing after=10s
  pairsim transitions set removing held`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeTransitions,
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			p, err := parsePolicy(args[1])
			if err != nil {
				return usagef("%s", policyFault(err))
			}
			wire := btpclient.TransitionPolicy{Immediate: p.Immediate(), Reads: p.Reads, Held: p.Held}
			if p.After > 0 {
				wire.After = p.After.String()
			}
			t, err := k.control.SetTransition(c.Context(), args[0], wire)
			return showTransition(c, format, t, err)
		}),
	})
	outputFlag(c, &format)
	return c
}

func newResetTransitionCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:               "reset TRANSITION",
		Short:             "Go back to what pairsim was started with",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeTransitions,
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			t, err := k.control.ResetTransition(c.Context(), args[0])
			return showTransition(c, format, t, err)
		}),
	})
	outputFlag(c, &format)
	return c
}

func showTransition(c *cobra.Command, format string, t btpclient.Transition, err error) error {
	if btpclient.CodeOf(err) == string(btp.InvalidRequest) {
		return &failure{"Invalid request", failureOf(err).detail, "See what there is: pairsim transitions list."}
	}
	if err != nil {
		return err
	}
	return show(c.OutOrStdout(), format, t, transitionHeader, [][]string{transitionRow(t)})
}

func completeTransitions(_ *cobra.Command, args []string, _ string) (found []cobra.Completion, _ cobra.ShellCompDirective) {
	switch len(args) {
	case 0:
		for _, t := range btp.Transitions {
			found = append(found, cobra.CompletionWithDesc(string(t), btp.TransitionWords[t]))
		}
	case 1:
		found = []cobra.Completion{"immediate", "after=", "reads=", "held"}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}
