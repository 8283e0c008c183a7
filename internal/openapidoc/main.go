// Command openapidoc writes the OpenAPI documents that are completed before they are
// served into a folder, as they are served, one file each; make lint looks at them
// there. Documents that are served as they stand in their files are not among them.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pairsim/pairsim/btp/control"
	"github.com/pairsim/pairsim/btp/destination/rest"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/tenant"
)

// documents are named like the files that they are made of, with - for /.
var documents = map[string]func() []byte{
	"btp-httpapi-openapi.json":          httpapi.OpenAPI,
	"btp-control-openapi.json":          control.OpenAPI,
	"btp-destination-rest-openapi.json": rest.OpenAPI,
	"internal-tenant-openapi.json":      tenant.OpenAPI,
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: openapidoc FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "openapidoc:", err)
		os.Exit(1)
	}
}

func write(folder string) error {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	for name, document := range documents {
		var text bytes.Buffer // indented, so that a finding has a line
		if err := json.Indent(&text, document(), "", "  "); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text.Bytes(), 0o600); err != nil {
			return err
		}
	}
	return nil
}
