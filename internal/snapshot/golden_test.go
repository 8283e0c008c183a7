package snapshot_test

import (
	"flag"
	"os"
	"testing"

	"github.com/pairsim/pairsim/internal/snapshot"
)

var update = flag.Bool("update", false, "make the snapshot in testdata anew")

// TestASnapshotOfThisVersionIsReadForGood: the document in testdata was written
// when version 1 was made. Later pairsims read it.
func TestASnapshotOfThisVersionIsReadForGood(t *testing.T) {
	t.Parallel()
	const path = "testdata/landscape.json"
	if *update {
		_, text := environment(t)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e := &snapshot.Environment{Registry: open(t)}
	if err := e.Import(t.Context(), text); err != nil {
		t.Errorf("it is refused: %v", err)
	}
}
