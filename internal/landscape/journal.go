package landscape

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/journal"
	"github.com/pairsim/pairsim/internal/problem"
)

// noteCall journals a call that the registry made: to a tenant's callback, or for
// a specification.
func (l *Landscape) noteCall(ctx context.Context, call *http.Request, status int, failure error) {
	c := btp.OutboundCall{Method: call.Method, Path: problem.Path(call.URL.Path), Status: status}
	if failure != nil {
		c.Failure = failure.Error()
	}
	l.registry.NoteCall(ctx, c)
}

// keepJournal keeps the journal beside the data, where data are kept.
func (l *Landscape) keepJournal() error {
	if l.config.Data == "" || l.config.Data == "memory" {
		return nil
	}
	folder := journalFolder(l.config.Data, l.registry.ID())
	files, err := journal.Open(folder, l.registry.Journal(), l.log)
	if errors.Is(err, journal.ErrInUse) {
		l.log.Warn("the journal is kept in memory alone: another process on the same data keeps its own on disk", "folder", folder)
		return nil
	}
	if err != nil {
		return fmt.Errorf("--data %s: journal: %w", l.config.Data, err)
	}
	l.journal = files
	return nil
}

// journalFolder is where an environment's journal is kept beside a file of data.
func journalFolder(data string, environment btp.EnvironmentID) string {
	folder := data + ".journal"
	if environment == btp.DefaultEnvironment {
		return folder
	}
	return filepath.Join(folder, string(environment))
}
