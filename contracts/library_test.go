//go:build !pact

package contracts_test

import (
	"os"
	"testing"
)

// TestContracts stands for all tests of this folder where they are built without the
// Pact library: go test ./... needs none, and must not read as if contracts were held.
func TestContracts(t *testing.T) {
	const how = "the contracts are NOT CHECKED without the Pact library. Check them by: make contracts (contracts/README.md)"
	if os.Getenv("CI") == "true" {
		t.Fatal(how)
	}
	t.Skip(how)
}
