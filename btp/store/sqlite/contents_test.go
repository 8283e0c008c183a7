package sqlite

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/pairsim/pairsim/btp/store/sqlstore"
)

// TestEveryTableIsCleared: a table with rows of environments that Clear does not
// know would mix the old contents with the new ones.
func TestEveryTableIsCleared(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	var found []string
	err = c.Query(`SELECT t.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND c.name = 'env'`, func(r sqlstore.Row) error {
		found = append(found, r.Text(0))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	cleared := sqlstore.Tables()
	slices.Sort(found)
	slices.Sort(cleared)
	if !slices.Equal(found, cleared) {
		t.Errorf("Clear knows %v; tables with environments are %v", cleared, found)
	}
}
