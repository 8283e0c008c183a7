package landscape

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/journal"
	"github.com/pairsim/pairsim/internal/outbound"
	"github.com/pairsim/pairsim/internal/problem"
)

// noteCall journals a call that the registry made: to a tenant's callback, for a
// specification, or to a target of the gateway.
func (e *environment) noteCall(ctx context.Context, call *http.Request, status int, failure error) {
	c := btp.OutboundCall{Method: call.Method, Path: problem.Path(call.URL.Path), Status: status}
	if failure != nil {
		c.Failure = failure.Error()
	}
	e.messages.Entered(ctx, e.registry.NoteCall(ctx, c))
}

// observed is a client whose calls stand in the journal, with what they say, and in traces.
func (e *environment) observed(client *outbound.Client) *outbound.Client {
	return e.process.traced(client, e.noteCall, e.messages)
}

// keepJournal keeps the journal beside the data, where data are kept.
func (e *environment) keepJournal() error {
	beside := e.process.config.beside()
	if beside == "" {
		return nil
	}
	folder := journalFolder(beside, e.registry.ID())
	files, err := journal.Open(folder, e.registry.Journal(), e.log)
	if errors.Is(err, journal.ErrInUse) {
		e.log.Warn("the journal is kept in memory alone: another process on the same data keeps its own on disk", "folder", folder)
		return nil
	}
	if err != nil {
		return fmt.Errorf("journal in %s: %w", folder, err)
	}
	e.journal = files
	return nil
}

// journalFolder is where an environment's journal is kept.
func journalFolder(beside string, environment btp.EnvironmentID) string {
	folder := beside + ".journal"
	if environment == btp.DefaultEnvironment {
		return folder
	}
	return filepath.Join(folder, string(environment))
}

// forgetJournal removes what is kept of the journal of an environment that is dropped.
func (l *Landscape) forgetJournal(id btp.EnvironmentID) error {
	beside := l.config.beside()
	if beside == "" || id == btp.DefaultEnvironment {
		return nil
	}
	return os.RemoveAll(journalFolder(beside, id))
}
