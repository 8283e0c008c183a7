// Command coverage prints what the committed pacts cover, and fails where one that must
// be is missing. It runs in the root of the repository.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/pairsim/pairsim/contracts/coverage"
	"github.com/pairsim/pairsim/contracts/pactfile"
)

func main() {
	files, err := pactfile.ReadDir("contracts/pacts")
	if err == nil {
		table := coverage.Of(files)
		err = errors.Join(table.Write(os.Stdout), table.Check())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}
