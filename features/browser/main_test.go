//go:build browser

package browser

import (
	"fmt"
	"os"
	"testing"
)

// shared says that these tests share the machine's network: then, and only then, the
// console may say that it changed.
var shared bool

func TestMain(m *testing.M) {
	code, ran, err := aloneInANetwork()
	if ran {
		os.Exit(code)
	}
	if err != nil {
		shared = true
		fmt.Fprintf(os.Stderr, "*** browser: no network of their own (%v): networks of the machine that come or go are none of the pages' errors\n", err)
	}
	os.Exit(m.Run())
}
