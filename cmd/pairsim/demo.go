package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"syscall"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/seed"
	"github.com/pairsim/pairsim/internal/story"
	"github.com/pairsim/pairsim/internal/telemetry"
)

// demoAddresses are the flags of the listeners that the story needs.
var demoAddresses = []string{"http", "mtls", "control"}

func newDemoCommand() *cobra.Command {
	var edition string
	var exit bool
	d := landscape.Default()
	c := &cobra.Command{
		Use:   "demo",
		Short: "Tell the story of four pairings, over a landscape of its own",
		Long: `Tell the story of four pairings: SAP Commerce Cloud, SAP Field Service Management, SAP Cloud for Customer and
SAP Marketing Cloud; of a workload that uses what they expose, of the tokens that are refused, of a system that fails
to leave and of one that leaves. A landscape is started for it, in memory, and every line is what really went over
the wire.

At a terminal the landscape stays up until Ctrl-C, to be looked at; with --exit, or when stdin is no terminal, it ends
with the story. Where a default address is taken, free ports are used. NO_COLOR=1 leaves colours out.`,
		Example: `  pairsim demo
  pairsim demo --edition v2 --exit`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return demo(c, edition, !exit && terminal(c.InOrStdin()))
		},
	}
	choiceFlag(c, &edition, "edition", "", btp.V1.ID, "generation of SAP's documents", "v1", "2021-10", "v2", "latest")
	flags := c.Flags()
	flags.BoolVar(&exit, "exit", false, "end after the story")
	flags.String("http", d.HTTP, "`ADDRESS` of the HTTP listener")
	flags.String("mtls", d.MTLS, "`ADDRESS` of the TLS listener")
	flags.String("control", d.Control, "`ADDRESS` of the control listener")
	for _, name := range append([]string{"edition"}, demoAddresses...) {
		markSetting(flags.Lookup(name), name)
	}
	return c
}

// demo starts a landscape, tells the story over it, and leaves it up if it stays.
func demo(c *cobra.Command, edition string, stays bool) error {
	ctx, out := c.Context(), c.OutOrStdout()
	e, err := btp.EditionNamed(edition)
	if err != nil {
		return err
	}
	tracing, flush, err := openTracing(ctx, "", slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil)))
	if err != nil {
		return err
	}
	defer flush()
	l, err := startDemo(c, e.ID, tracing)
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	}
	defer func() {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		_ = l.Close(bounded) // in memory: nothing is lost
	}()
	at := story.Landscape{HTTP: l.HTTP, MTLS: l.MTLS, Control: l.Control, CAPEM: l.CAPEM}
	err = story.Tell(ctx, out, at, story.Options{Edition: e.ID, Color: colored(out), Stays: stays})
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return &failure{"The story broke off", err.Error(), ""}
	}
	if stays {
		<-ctx.Done()
	}
	return nil
}

// startDemo starts the landscape: where a default address is taken, on free ports.
func startDemo(c *cobra.Command, edition string, tracing *telemetry.Tracing) (*landscape.Landscape, error) {
	cfg := defaultLandscape()
	cfg.ReadSeed = seed.Configure
	cfg.Edition, cfg.Tracing = edition, tracing
	address := map[string]*string{"http": &cfg.HTTP, "mtls": &cfg.MTLS, "control": &cfg.Control}
	for _, name := range demoAddresses {
		*address[name] = c.Flag(name).Value.String()
		if *address[name] == landscape.Off || *address[name] == "" {
			return nil, usagef("--%s: the story needs this listener", name)
		}
	}
	l, taken := landscape.Start(c.Context(), cfg)
	if taken == nil {
		return l, nil
	}
	var bind *net.OpError
	if !errors.Is(taken, syscall.EADDRINUSE) || !errors.As(taken, &bind) {
		return nil, startFailure(taken)
	}
	for _, name := range demoAddresses {
		if !c.Flag(name).Changed {
			*address[name] = "127.0.0.1:0"
		}
	}
	l, err := landscape.Start(c.Context(), cfg)
	if err != nil {
		return nil, startFailure(err)
	}
	fmt.Fprintf(c.OutOrStdout(), "%s is taken: free ports are used instead, %s, %s and %s.\n\n", bind.Addr, l.HTTP, l.MTLS, l.Control)
	return l, nil
}

// terminal says whether a person sits at the other end of a stream.
func terminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}

// colored says whether w is to be written in colours (no-color.org).
func colored(w io.Writer) bool {
	return terminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
