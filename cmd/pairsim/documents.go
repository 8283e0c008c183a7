package main

import (
	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/internal/sources"
)

// newDocumentsCommand says what the references mean that refusals and checks name.
func newDocumentsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "documents [REFERENCE]...",
		Short: "Say which document a refusal or check rests on: what a reference means, and where it is read",
		Example: `  pairsim documents
  pairsim documents "pairing-protocols §1.4" e9d975a.md`,
		RunE: func(c *cobra.Command, references []string) error {
			if len(references) == 0 {
				var rows [][]string
				for _, d := range sources.All() {
					rows = append(rows, []string{d.Name, d.Title})
				}
				return writeTable(c.OutOrStdout(), []string{"REFERENCE", "DOCUMENT"}, rows)
			}
			for _, reference := range references {
				found := sources.Find(reference)
				if len(found) == 0 {
					return usagef("%q names no document; pairsim documents lists them", reference)
				}
				for _, d := range found {
					d.Write(c.OutOrStdout())
				}
			}
			return nil
		},
	}
}
