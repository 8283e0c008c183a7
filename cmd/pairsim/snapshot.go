package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/snapshot"
)

func newSnapshotCommand() *cobra.Command {
	return newGroup("snapshot", "Write an environment and its tenants down, restore them, start anew",
		newExportSnapshotCommand(), newImportSnapshotCommand(), newResetCommand(), newValidateSnapshotCommand(), newSnapshotSchemaCommand())
}

func newExportSnapshotCommand() *cobra.Command {
	var path, secrets string
	c := newClientCommand(&cobra.Command{
		Use:   "export",
		Short: "Write everything that the environment and its tenants hold as one JSON document",
		Long: `Write everything that the environment and its tenants hold as one JSON document: accounts, systems in any status,
tokens, certificates, formations, due work, clock, keys, and the tenants' side of their pairings. The journal and faults are
no part of it. The document holds private keys; the file can be read by its owner only. With --secrets omit it has none:
it can be shared and read, but not imported. docs/snapshot.md describes it.`,
		Example: `  pairsim snapshot export --out landscape.json
  pairsim snapshot export --secrets omit | jq .systems`,
		Args: cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			document, err := k.control.Snapshot(c.Context(), secrets != "omit")
			if err != nil {
				return err
			}
			if path == "" {
				_, err = c.OutOrStdout().Write(document)
				return err
			}
			return writePrivate(path, document)
		}),
	})
	c.Flags().StringVar(&path, "out", "", "`FILE` to write; stdout, unless given")
	choiceFlag(c, &secrets, "secrets", "", "include", "private keys, passwords and the like", "include", "omit")
	return c
}

// writePrivate writes a file that only its owner reads, also where it is there already.
func writePrivate(path string, data []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Chmod(0o600); err != nil {
		return err
	}
	_, err = f.Write(data)
	return err
}

func newImportSnapshotCommand() *cobra.Command {
	return newClientCommand(&cobra.Command{
		Use:   "import FILE|-",
		Short: "Put what a snapshot describes in the place of everything that is there",
		Long: `Put what a snapshot describes in the place of everything that the environment and its tenants hold. It is one step: a
snapshot that is refused changes nothing, and requests under way see what was there before or what is there then. The clock
goes on from the snapshot's instant. Faults and the journal stay.`,
		Example: `  pairsim snapshot import landscape.json`,
		Args:    cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			document, err := readSnapshot(c, args[0])
			if err != nil {
				return err
			}
			if err := k.control.Restore(c.Context(), document); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "restored")
			return nil
		}),
	})
}

func newResetCommand() *cobra.Command {
	return newClientCommand(&cobra.Command{
		Use:   "reset",
		Short: "Make the environment as its seed declares it, and unpair its tenants",
		Long: `Make the environment as it was at its first start: what the seed file of the running server declares, or the built-in
landscape, with the same seed and so with the same ids. Keys and certificate authorities stay; tenants are unpaired, only
the seed's faults are set; the clock goes back to the seed's instant, or to real time.`,
		Args: cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			if err := k.control.Reset(c.Context()); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "reset")
			return nil
		}),
	})
}

func newValidateSnapshotCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE|-",
		Short: "Check a snapshot file without a server: form, instants, references, keys, certificates",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			document, err := readSnapshot(c, args[0])
			if err != nil {
				return err
			}
			d, err := snapshot.Read(document)
			if err != nil {
				return err
			}
			if n := len(d.Omitted()); n > 0 {
				fmt.Fprintf(c.OutOrStdout(), "%s is a snapshot without its %d secrets: it can be read, not imported\n", printable(args[0]), n)
				return nil
			}
			if err := d.Try(c.Context()); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s is valid\n", printable(args[0]))
			return nil
		},
	}
}

func newSnapshotSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of snapshots",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := c.OutOrStdout().Write(snapshot.Schema())
			return err
		},
	}
}

// readSnapshot reads a file, or stdin for "-".
func readSnapshot(c *cobra.Command, path string) (btpclient.Snapshot, error) {
	in := c.InOrStdin()
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	document, err := io.ReadAll(io.LimitReader(in, snapshot.MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(document) > snapshot.MaxSize {
		return nil, &failure{"Snapshot is too large", fmt.Sprintf("%s has more than %d bytes", path, snapshot.MaxSize), "Is it the right file?"}
	}
	if len(document) == 0 {
		return nil, &failure{"Snapshot is empty", path + " holds nothing", "Write one: pairsim snapshot export --out FILE."}
	}
	return document, nil
}
