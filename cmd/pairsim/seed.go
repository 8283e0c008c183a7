package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/internal/seed"
)

func newSeedCommand() *cobra.Command {
	validate := &cobra.Command{
		Use:   "validate FILE…",
		Short: "Check seed files: against their schema, then against the registry's rules",
		Long: `Check seed files: against their schema, then against the rules of a registry in memory that each is tried on.
Findings name the line and the path.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, paths []string) error {
			var errs []error
			for _, path := range paths {
				file, err := seed.Load(path)
				if err == nil {
					err = file.Try(c.Context())
				}
				if err != nil {
					errs = append(errs, err)
					continue
				}
				fmt.Fprintf(c.OutOrStdout(), "%s is valid\n", printable(path))
			}
			if len(errs) > 0 {
				return seedFailure("", errors.Join(errs...))
			}
			return nil
		},
	}
	schema := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of seed files, for editors",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := c.OutOrStdout().Write(seed.Schema())
			return err
		},
	}
	return newGroup("seed", "Check seed files", validate, schema)
}

// seedFailure tells what is wrong with a seed file.
func seedFailure(path string, err error) error {
	next := "Mend the file; pairsim seed validate checks it, pairsim seed schema prints its schema."
	if path != "" {
		next = "Mend the file; pairsim seed validate " + path + " checks it."
	}
	return &failure{"Seed file is refused", err.Error(), next}
}
