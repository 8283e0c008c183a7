package main

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/seed"
)

func newEnvCommand() *cobra.Command {
	return newGroup("env", "Make and delete environments: isolated worlds in one server",
		newCreateEnvCommand(), newListEnvsCommand(), newShowEnvCommand(), newDeleteEnvCommand())
}

func newCreateEnvCommand() *cobra.Command {
	var n btpclient.NewEnvironment
	var file, snapshotFile, ttl, format string
	c := newClientCommand(&cobra.Command{
		Use:   "create NAME",
		Short: "Make an environment",
		Long: `Make an environment: global accounts, systems, tenants, keys, clock and journal of its own, below /env/NAME of every
listener. The other commands reach it by --env NAME (PAIRSIM_ENV). A name has 1 to 63 lower-case letters, digits and hyphens.
--ttl is real time, not the environment's: it removes what a test that died has left.`,
		Example: `  pairsim env create ci-42 --ttl 15m
  pairsim systems list --env ci-42
  pairsim env create again --snapshot landscape.json`,
		Args: cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) (err error) {
			n.Name = args[0]
			if err := btp.CheckEnvironmentName(n.Name); err != nil {
				return err
			}
			if n.TTL, err = readTTL(ttl); err != nil {
				return err
			}
			if n.Seed, err = readSeed(file); err != nil {
				return err
			}
			if snapshotFile != "" {
				document, err := readSnapshot(c, snapshotFile)
				if err != nil {
					return err
				}
				if !json.Valid(document) {
					return &failure{"Snapshot is not valid", snapshotFile + " is not JSON", "See what is wrong with it: pairsim snapshot validate " + snapshotFile + "."}
				}
				n.Snapshot = json.RawMessage(document)
			}
			made, err := k.server.CreateEnvironment(c.Context(), n)
			var refused *btpclient.Problem
			if errors.As(err, &refused) && strings.HasPrefix(refused.Detail, "seed: ") {
				return &failure{"Seed file is refused", refused.Detail, "Mend the file; pairsim seed validate " + file + " checks it."}
			}
			if err != nil {
				return err
			}
			return showEnvironments(c, format, made, made)
		}),
	})
	flags := c.Flags()
	flags.StringVar(&n.Edition, "edition", "", "generation of SAP's documents: v1 or v2; unless given: that of the seed or snapshot file, else the server's")
	flags.StringVar(&file, "seed", "", "seed `FILE`: what the environment holds; unless given: the built-in landscape")
	flags.StringVar(&snapshotFile, "snapshot", "", "snapshot `FILE`, or - for stdin: what the environment and its tenants hold, with its issuer and keys")
	c.MarkFlagsMutuallyExclusive("seed", "snapshot")
	_ = c.MarkFlagFilename("snapshot", "json") // fails for a flag that is not there only
	flags.StringVar(&ttl, "ttl", "", "`DURATION` of real time after which it is deleted, as 15m; unless given: it lasts")
	_ = c.MarkFlagFilename("seed", "yaml", "yml", "json") // fails for a flag that is not there only
	outputFlag(c, &format)
	return c
}

func readTTL(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := parseDuration(text)
	if err == nil && d <= 0 {
		err = usagef("--ttl %s: an environment lasts longer than that", text)
	}
	return d, err
}

// readSeed is a seed file as a JSON object; nil for none.
func readSeed(file string) (json.RawMessage, error) {
	if file == "" {
		return nil, nil
	}
	f, err := seed.Load(file)
	if err != nil {
		return nil, seedFailure(file, err)
	}
	return f.JSON()
}

func newListEnvsCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the environments",
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			list, err := k.server.Environments(c.Context())
			if err != nil {
				return err
			}
			return showEnvironments(c, format, list, list...)
		}),
	})
	outputFlag(c, &format)
	return c
}

func newShowEnvCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "show NAME",
		Short: "Show an environment",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			e, err := k.server.Environment(c.Context(), args[0])
			if err != nil {
				return err
			}
			return showEnvironments(c, format, e, e)
		}),
	})
	outputFlag(c, &format)
	return c
}

func newDeleteEnvCommand() *cobra.Command {
	return newClientCommand(&cobra.Command{
		Use:   "delete NAME",
		Short: "Delete an environment with everything in it",
		Long:  `Delete an environment with everything in it. Requests under way in it are refused; other environments do not notice.`,
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			return k.server.DeleteEnvironment(c.Context(), args[0])
		}),
	})
}

func showEnvironments(c *cobra.Command, format string, value any, list ...btpclient.Environment) error {
	rows := make([][]string, len(list))
	for i, e := range list {
		rows[i] = []string{e.Name, e.Edition, e.URLs.HTTP, e.URLs.MTLS, e.URLs.Control, clockTime(e.ExpiresAt)}
	}
	return show(c.OutOrStdout(), format, value, []string{"NAME", "EDITION", "HTTP", "MTLS", "CONTROL", "EXPIRES"}, rows)
}
