package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btpclient"
)

func newClockCommand() *cobra.Command {
	return newGroup("clock", "Show and move the environment's clock",
		newClockVerb("show", "Show the clock", cobra.NoArgs, func(ctx context.Context, k *btpclient.Control, _ []string) (btpclient.Clock, error) {
			return k.Clock(ctx)
		}),
		newClockVerb("freeze", "Stop the clock", cobra.NoArgs, func(ctx context.Context, k *btpclient.Control, _ []string) (btpclient.Clock, error) {
			return k.Freeze(ctx)
		}),
		newClockVerb("resume", "Let the clock run again", cobra.NoArgs, func(ctx context.Context, k *btpclient.Control, _ []string) (btpclient.Clock, error) {
			return k.Resume(ctx)
		}),
		newClockVerb("advance DURATION", "Move the clock forward by 10m, 1h30m, 7d; ends when all that is due by then is done", cobra.ExactArgs(1),
			func(ctx context.Context, k *btpclient.Control, args []string) (btpclient.Clock, error) {
				d, err := parseDuration(args[0])
				if err != nil {
					return btpclient.Clock{}, err
				}
				return k.Advance(ctx, d)
			}),
		newClockVerb("set TIME", "Move the clock forward to an instant, as 2030-01-01T10:00:00Z", cobra.ExactArgs(1),
			func(ctx context.Context, k *btpclient.Control, args []string) (btpclient.Clock, error) {
				at, err := time.Parse(time.RFC3339Nano, args[0])
				if err != nil {
					return btpclient.Clock{}, usagef("%q is no instant as RFC 3339 writes it; write 2030-01-01T10:00:00Z", args[0])
				}
				return k.Set(ctx, at)
			}),
	)
}

func newClockVerb(use, short string, args cobra.PositionalArgs, do func(context.Context, *btpclient.Control, []string) (btpclient.Clock, error)) *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			state, err := do(c.Context(), k.control, args)
			if err != nil {
				return err
			}
			runs := "runs"
			if state.Frozen {
				runs = "frozen"
			}
			return show(c.OutOrStdout(), format, state, nil, [][]string{{state.Now.UTC().Format(time.RFC3339Nano), runs}})
		}),
	})
	outputFlag(c, &format)
	return c
}

// parseDuration reads a duration, before which days may stand: 10m, 7d, 1d12h.
func parseDuration(text string) (time.Duration, error) {
	wrong := usagef("%q is no duration; write 90s, 10m, 1h30m or 7d", text)
	days, rest, found := strings.Cut(text, "d")
	if !found {
		days, rest = "0", text
	}
	n, err := strconv.ParseUint(days, 10, 15)
	if err != nil {
		return 0, wrong
	}
	if rest == "" && found {
		rest = "0s"
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || found && d >= 24*time.Hour {
		return 0, wrong
	}
	return d + time.Duration(n)*24*time.Hour, nil
}
