// Command lifecycledoc writes docs/lifecycle.md from the tables that the rules of
// btp run on. What stands here are words; no status, event, move or guard is
// named without its row. Without an argument it prints the page.
package main

import (
	"fmt"
	"os"
)

func main() {
	page := []byte(document())
	if len(os.Args) < 2 {
		_, _ = os.Stdout.Write(page)
		return
	}
	if err := os.WriteFile(os.Args[1], page, 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
