package main

import (
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/strict"
)

// strictFlags adds the settings of strictness.
func strictFlags(flags *pflag.FlagSet, seed *uint64, off *[]string) {
	flags.Uint64Var(seed, "strict", 0, "answer in legal but unfriendly ways, drawn by `SEED` (1 or more), to find what a client takes for granted")
	flags.StringSliceVar(off, "strict-off", nil, "`RULE` of strictness that is off, by number or name (pairsim strict rules); repeatable")
	flags.Lookup("strict").DefValue = ""
}

// setStrict puts what was given over what a seed file says.
func setStrict(flags *pflag.FlagSet, s *strict.Settings, seed uint64, off []string) error {
	if flags.Changed("strict") {
		s.Seed = seed
	}
	if flags.Changed("strict-off") {
		s.Off = off
		if !s.On() {
			return usagef("--strict-off: there is no strictness to switch a rule of off (--strict SEED)")
		}
	}
	if err := s.Check(); err != nil {
		return usagef("--strict, --strict-off: %v", err)
	}
	return nil
}

func newStrictCommand() *cobra.Command {
	return newGroup("strict", "Rules of legal but unfriendly behaviour (serve --strict)", newStrictRulesCommand(), newStrictShowCommand())
}

func newStrictRulesCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "rules",
		Short: "List the rules",
		Long:  "List the rules: what the registry does, and which mistake of a client that finds. All are on with --strict SEED.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			type rule struct {
				Number  strict.Number `json:"number"`
				Name    string        `json:"name"`
				Does    string        `json:"does"`
				Mistake string        `json:"mistake"`
				Source  string        `json:"source"`
				Needs   strict.Number `json:"needs,omitempty"`
			}
			rules := make([]rule, len(strict.Rules))
			rows := make([][]string, len(strict.Rules))
			for i, r := range strict.Rules {
				rules[i] = rule{r.Number, r.Name, r.Does, r.Mistake, r.Source, r.Needs}
				rows[i] = []string{string(r.Number), r.Name, r.Mistake}
			}
			return show(c.OutOrStdout(), format, rules, []string{"RULE", "NAME", "WHAT A CLIENT DID WRONG THAT TRIPS"}, rows)
		},
	}
	outputFlag(c, &format)
	return c
}

func newStrictShowCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "show",
		Short: "Show which rules are on in a running pairsim, and what became of them",
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			state, err := k.control.Strictness(c.Context())
			if err != nil {
				return err
			}
			if !state.On {
				note(c, "strictness is off; pairsim serve --strict SEED switches it on")
			}
			return show(c.OutOrStdout(), format, state, []string{"RULE", "NAME", "ON", "EXERCISED", "TRIPPED"}, strictRows(state))
		}),
	})
	outputFlag(c, &format)
	return c
}

func strictRows(state btpclient.Strictness) [][]string {
	rows := make([][]string, len(state.Rules))
	for i, r := range state.Rules {
		on := "off"
		if r.On {
			on = "on"
		}
		rows[i] = []string{r.Number, r.Name, on, strconv.FormatInt(r.Exercised, 10), strconv.FormatInt(r.Tripped, 10)}
	}
	return rows
}
