package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btpclient"
)

func newVerifyJournalCommand() *cobra.Command {
	var m matchFlags
	var exactly, atLeast, atMost int
	var after uint64
	var inOrder []string
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "verify",
		Short: "Check how often something happened, or in what order",
		Long: `Check how often something happened, or with --in-order that one thing happened after the other. Requests are counted,
unless --kind says otherwise; without a number they must be at least one.

When it is as expected the exit code is 0. Otherwise it is 1, and what came closest is shown, with the fields that differ.`,
		Example: `  pairsim journal verify --method POST --path /v1/applications/certificates --status 201 --exactly 1
  pairsim journal verify --kind refusal --system "Web Shop" --at-most 0
  pairsim journal verify --in-order point=pairing.info --in-order 'method=PUT path=/*/v1/pairsim/tenant'`,
		Args: cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			e := btpclient.Expectation{After: after}
			for name, n := range map[string]struct {
				given *int
				into  **int
			}{"exactly": {&exactly, &e.Exactly}, "at-least": {&atLeast, &e.AtLeast}, "at-most": {&atMost, &e.AtMost}} {
				if c.Flags().Changed(name) {
					*n.into = n.given
				}
			}
			var err error
			if e.Match, err = m.match(c, k); err != nil {
				return err
			}
			for _, text := range inOrder {
				one, err := parseMatch(text)
				if err != nil {
					return err
				}
				e.InOrder = append(e.InOrder, one)
			}
			if len(e.InOrder) > 0 && e.Match != (btpclient.EntryMatch{}) {
				return usagef("--in-order has its own matches: write them as --in-order 'method=POST path=/x'")
			}
			v, err := k.control.Verify(c.Context(), e)
			if err != nil {
				return err
			}
			if err := showVerification(c, format, v); err != nil || v.Met && v.Complete {
				return err
			}
			return notVerified(v)
		}),
	})
	m.addTo(c)
	flags := c.Flags()
	flags.IntVar(&exactly, "exactly", 0, "so many `TIMES`")
	flags.IntVar(&atLeast, "at-least", 0, "so many `TIMES` or more")
	flags.IntVar(&atMost, "at-most", 0, "so many `TIMES` or fewer")
	flags.StringArrayVar(&inOrder, "in-order", nil, "`MATCH` that comes behind the one before it: NAME=VALUE, separated by blanks; repeatable")
	flags.Uint64Var(&after, "after", 0, "only what is behind the entry with this `NUMBER`")
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

// parseMatch reads NAME=VALUE pairs.
func parseMatch(text string) (m btpclient.EntryMatch, err error) {
	fields := map[string]*string{
		"kind": &m.Kind, "system": &m.System, "formation": &m.Formation, "tenant": &m.Tenant, "point": &m.Point, "rule": &m.Rule,
		"source": &m.Source, "method": &m.Method, "path": &m.Path, "pathPrefix": &m.PathPrefix, "status": &m.Status,
	}
	pairs := strings.Fields(text)
	if len(pairs) == 0 {
		return m, usagef("--in-order: want NAME=VALUE, such as method=POST")
	}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		field := fields[name]
		switch {
		case !ok || value == "":
			return m, usagef("--in-order %q: want NAME=VALUE, such as method=POST", pair)
		case field == nil:
			return m, usagef("--in-order: there is no %q; names are kind, system, formation, tenant, point, rule, source, method, path, pathPrefix, status", name)
		case *field != "":
			return m, usagef("--in-order: %s stands there twice", name)
		}
		*field = value
	}
	return m, nil
}

func showVerification(c *cobra.Command, format string, v btpclient.Verification) error {
	if format == "table" {
		word := "no"
		if v.Met {
			word = "yes"
		}
		return writeTable(c.OutOrStdout(), []string{"MET", "FOUND", "EXPECTED"}, [][]string{{word, strconv.Itoa(v.Found), v.Expected}})
	}
	return show(c.OutOrStdout(), format, v, nil, nil)
}

// notVerified is the failure of what is not as expected.
func notVerified(v btpclient.Verification) error {
	title, next := "The journal is not as expected", "Look at all of it: pairsim journal."
	if v.Met {
		title, next = "The journal is too short to tell", "Older entries are gone. Name with --after the number of an entry that is still there."
	}
	return &failure{title, v.String(), next}
}
