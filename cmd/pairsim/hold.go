package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newHoldCommand() *cobra.Command {
	return newGroup("hold", "See what is held, and let it go", newListHoldsCommand(), newReleaseHoldCommand())
}

func newListHoldsCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List what is held, oldest first",
		Long:  `List what is held: a status whose transition ends only when it is released (pairsim transitions set deregistering held).`,
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			holds, err := k.control.Holds(c.Context())
			if err != nil {
				return err
			}
			rows := make([][]string, len(holds))
			for i, h := range holds {
				what := h.Transition
				if what == "" {
					what = h.Point
				}
				subject := h.Subject.System
				if subject == "" {
					subject = h.Subject.Formation
				}
				rows[i] = []string{h.ID, h.Kind, what, h.Subject.Name, subject, h.Since.UTC().Format(time.RFC3339Nano)}
			}
			return show(c.OutOrStdout(), format, holds, []string{"ID", "KIND", "WHAT", "NAME", "SUBJECT", "SINCE"}, rows)
		}),
	})
	outputFlag(c, &format)
	return c
}

func newReleaseHoldCommand() *cobra.Command {
	var all bool
	c := newClientCommand(&cobra.Command{
		Use:   "release ID | --all",
		Short: "Let go of one hold, or of all",
		Example: `  pairsim hold release 3f0c…
  pairsim hold release --all`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if all == (len(args) == 1) {
				return usagef("name one hold, or --all")
			}
			k, err := connect(c)
			if err != nil {
				return err
			}
			if !all {
				return k.control.Release(c.Context(), args[0])
			}
			return k.releaseAll(c)
		},
	})
	c.Flags().BoolVar(&all, "all", false, "all that are listed")
	return c
}

// releaseAll lets go of what is listed now. What somebody else has released in the
// meantime is as it should be.
func (k *client) releaseAll(c *cobra.Command) error {
	holds, err := k.control.Holds(c.Context())
	if err != nil {
		return err
	}
	for _, h := range holds {
		err := k.control.Release(c.Context(), h.ID)
		if err != nil && btpclient.CodeOf(err) != string(btp.HoldNotFound) {
			return err
		}
	}
	return nil
}
