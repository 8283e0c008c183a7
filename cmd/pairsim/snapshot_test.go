package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSnapshots(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t), t}
	o.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	o.pairs("Web Shop", "commerce")
	dir := t.TempDir()
	file, shared := filepath.Join(dir, "landscape.json"), filepath.Join(dir, "shared.json")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	o.must(t, "snapshot", "export", "--out", file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != fs.FileMode(0o600) {
		t.Errorf("the exported file: %v, %v; want mode 0600", info, err)
	}
	o.sees([]string{"snapshot", "validate", file}, "is valid")
	o.must(t, "clock", "freeze")
	o.must(t, "systems", "register", "Another", "--type", "SAP Commerce Cloud")
	o.sees([]string{"snapshot", "import", file}, "restored")
	if list := o.must(t, "systems", "list"); strings.Contains(list, "Another") || !strings.Contains(list, "Web Shop") {
		t.Errorf("systems after restoring:\n%s", list)
	}
	o.must(t, "snapshot", "export", "--secrets", "omit", "--out", shared)
	o.sees([]string{"snapshot", "validate", shared}, "can be read, not imported")
	o.isRefused([]string{"snapshot", "import", shared}, "without its", "export it with secrets")

	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(strings.Replace(string(text), `"status": "registered"`, `"status": "lost"`, 1), `"region": "eu10"`, `"region": "moon"`, 1)
	want := []string{`$.systems[0].status: "lost" is no status of edition v1`, `$.subaccounts[0].region: there is no region "moon"`}
	if r := o.feed(t, broken, "snapshot", "import", "-"); r.code != exitRefused || !strings.Contains(r.errors, want[0]) || !strings.Contains(r.errors, want[1]) {
		t.Errorf("importing a broken file: got %s, want %q", r, want)
	}
	if r := o.feed(t, broken, "snapshot", "validate", "-"); r.code != exitRefused || !strings.Contains(r.errors, want[0]) {
		t.Errorf("validating a broken file: got %s, want %q", r, want)
	}
	o.isRefused([]string{"snapshot", "validate", os.DevNull}, "holds nothing")
	o.sees([]string{"snapshot", "schema"}, "urn:pairsim:snapshot:1")
	o.sees([]string{"snapshot", "reset"}, "reset")
	if list := o.must(t, "systems", "list"); strings.Contains(list, "Web Shop") {
		t.Errorf("systems after a reset:\n%s", list)
	}
}
