package gobuild

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The tests of somebody else's module import testenv; the checksums of what only
// pairsim's programs import are not in its go.sum.
func TestAProgramIsBuiltForAModuleThatRequiresPairsim(t *testing.T) {
	here, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	text := fmt.Sprintf("module example.com/connector\n\ngo 1.26\n\nrequire %s v0.0.0\n\nreplace %s => %s\n", module, module, here)
	if err := os.WriteFile(filepath.Join(other, "go.mod"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(other)
	file, err := build(module+"/testenv/containers/toxic", runtime.GOOS, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(other); err != nil || len(left) != 1 {
		t.Errorf("in the module's folder are %v, %v; want go.mod alone", left, err)
	}
}

func TestSourcesThatAreNotRequired(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("go.mod", []byte("module example.com/connector\n\ngo 1.26\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := build(module+"/testenv/containers/toxic", runtime.GOOS, runtime.GOARCH)
	if err == nil || !strings.Contains(err.Error(), "find the sources of "+module) {
		t.Errorf("got %v; want to be told that the sources are not found", err)
	}
}
