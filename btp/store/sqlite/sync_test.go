package sqlite

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/sqlstore"
)

// TestChangesWaitForTheDiskWhenAsked: what survives power loss cannot be tried here, so
// that SQLite itself is asked how far it goes (https://sqlite.org/pragma.html, synchronous).
func TestChangesWaitForTheDiskWhenAsked(t *testing.T) {
	for name, test := range map[string]struct {
		options []Option
		want    int64
	}{"by default": {nil, 1}, "normal": {[]Option{WithSync(Normal)}, 1}, "full": {[]Option{WithSync(Full)}, 2}} {
		s, err := Open(t.Context(), filepath.Join(t.TempDir(), "store.db"), test.options...)
		if err != nil {
			t.Fatal(err)
		}
		var got int64
		err = s.Update(t.Context(), "e", func(t btp.Tx) error { return t.Environment().Put(btp.Environment{ID: "e"}) })
		err = errors.Join(err, s.writer.Query("PRAGMA synchronous", func(r sqlstore.Row) error {
			got = r.Number(0)
			return nil
		}))
		if err != nil || got != test.want {
			t.Errorf("%s: synchronous is %d, %v; want %d", name, got, err, test.want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
