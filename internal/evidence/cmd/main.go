// Command cmd writes docs/evidence.md from the sources of the module that it is started
// in. Without an argument it prints the page.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pairsim/pairsim/internal/evidence"
)

func main() {
	if err := write(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "evidence:", err)
		os.Exit(1)
	}
}

func write(args []string) error {
	found, err := evidence.Collect(os.DirFS("."))
	if err != nil {
		return err
	}
	if problems := found.Problems(); len(problems) > 0 {
		return errors.New(strings.Join(problems, "\n"))
	}
	page := []byte(found.Page())
	if len(args) == 0 {
		_, err = os.Stdout.Write(page)
		return err
	}
	return os.WriteFile(args[0], page, 0o644) //nolint:gosec // a document
}
