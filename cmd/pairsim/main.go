// Command pairsim simulates the SAP BTP system landscape: it serves a registry
// and tenants to pair with, and it is their command line. Each command has its
// own file; what they do stands in the packages that they wire together.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "dev"

// The exit codes that scripts rely on (design §11).
const (
	exitDone    = 0
	exitRefused = 1
	exitUsage   = 2
)

func main() {
	os.Exit(run(untilSignalled(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// untilSignalled ends with the first SIGINT or SIGTERM. The second ends the
// process at once.
func untilSignalled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitRefused)
	}()
	return ctx
}

// run carries out one command line and returns its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	root := newRootCommand(constructors(args)...)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	started := false // an error before is about the command line
	each(root, func(c *cobra.Command) {
		if work := c.RunE; work != nil {
			c.RunE = func(c *cobra.Command, args []string) error {
				started = true
				return work(c, args)
			}
		}
	})
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	var status ended
	if errors.As(err, &status) {
		return int(status)
	}
	var usage *usageError
	if !started || errors.As(err, &usage) {
		fmt.Fprintf(errs, "error: %s\nRun '%s --help' for usage.\n", printableLines(err.Error()), command.CommandPath())
		return exitUsage
	}
	printFailure(errs, err)
	return exitRefused
}

func each(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		each(sub, do)
	}
}

// commands are all of the first level, by name.
var commands = map[string]func() *cobra.Command{
	"serve": newServeCommand, "demo": newDemoCommand, "wait": newWaitCommand, "ca": newCACommand, "systems": newSystemsCommand,
	"system-types": newSystemTypesCommand, "tenants": newTenantsCommand, "token": newTokenCommand, "formations": newFormationsCommand,
	"entitlements": newEntitlementsCommand, "offerings": newOfferingsCommand, "instances": newInstancesCommand,
	"destinations": newDestinationsCommand, "queues": newQueuesCommand, "runtime": newRuntimeCommand, "accounts": newAccountsCommand,
	"subaccounts": newSubaccountsCommand, "incidents": newIncidentsCommand, "fault": newFaultCommand, "clock": newClockCommand,
	"transitions": newTransitionsCommand, "hold": newHoldCommand, "journal": newJournalCommand, "seed": newSeedCommand,
	"snapshot": newSnapshotCommand, "auth": newAuthCommand, "env": newEnvCommand, "strict": newStrictCommand, "exec": newExecCommand,
	"verify": newVerifyCommand, "documents": newDocumentsCommand, "version": newVersionCommand,
}

// constructors are of the command that a command line begins with: making all of them
// takes longer than most commands. What begins otherwise may be about any.
func constructors(args []string) []func() *cobra.Command {
	if len(args) > 0 {
		if named, known := commands[args[0]]; known {
			return []func() *cobra.Command{named}
		}
	}
	var all []func() *cobra.Command
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		all = append(all, commands[name])
	}
	return all
}

func newRootCommand(constructors ...func() *cobra.Command) *cobra.Command {
	root := &cobra.Command{
		Use:   "pairsim",
		Short: "Simulate the SAP BTP system landscape: pair customer experience systems with it",
		Long: `pairsim simulates the part of SAP BTP that customer experience systems are paired with, and the systems' side too.
It is a simulator with throwaway keys: not for production.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
Every setting is a flag, an environment variable PAIRSIM_… or a key of the file --config, in that precedence:
see docs/configuration.md.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return loadSettings(c.Flags(), os.Environ) },
	}
	root.Flags().BoolP("version", "v", false, "version for pairsim")
	help := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) { // cobra asks for it when there is nothing to run
		if asked, err := c.Flags().GetBool("version"); c == root && err == nil && asked {
			fmt.Fprintf(c.OutOrStdout(), "pairsim %s\n", version)
			return
		}
		help(c, args)
	})
	root.PersistentFlags().String("config", "", "YAML file with settings")
	for _, construct := range constructors {
		root.AddCommand(construct())
	}
	return root
}

// newVersionCommand says what --version says, for who asks so.
func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the version of pairsim", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(c.OutOrStdout(), "pairsim %s\n", version)
			return err
		},
	}
}

// newGroup is a command that only holds others.
func newGroup(name, short string, commands ...*cobra.Command) *cobra.Command {
	names := make([]string, len(commands))
	for i, c := range commands {
		names[i] = c.Name()
	}
	slices.Sort(names)
	group := &cobra.Command{
		Use: name, Short: short,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("%s needs one of %s", name, strings.Join(names, ", "))
			}
			return usagef("there is no command %q below %s; commands are %s", args[0], name, strings.Join(names, ", "))
		},
	}
	group.AddCommand(commands...)
	return group
}
