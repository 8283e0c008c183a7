package btpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// maxSnapshot bounds a snapshot document, in bytes; a server takes less.
	maxSnapshot = 128 << 20
	// snapshotTimeout bounds a call that carries one.
	snapshotTimeout = 2 * time.Minute
)

// Snapshot is everything that an environment and its simulated tenants hold, as
// one JSON document (docs/snapshot.md). It holds secrets unless they are omitted.
type Snapshot []byte

// Snapshot writes the environment down. Without secrets the document can be shared,
// but not restored.
func (c *Control) Snapshot(ctx context.Context, withSecrets bool) (Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	const path = "/control/snapshot"
	query := url.Values{}
	if !withSecrets {
		query.Set("secrets", "omit")
	}
	res, err := c.send(ctx, http.MethodGet, path, query, nil, "application/json")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	document, err := io.ReadAll(io.LimitReader(res.Body, maxSnapshot+1))
	if err != nil {
		return nil, unreachable(Call{Method: http.MethodGet, Path: path}, err)
	}
	if len(document) > maxSnapshot {
		return nil, fmt.Errorf("GET %s answered with more than %d bytes", path, maxSnapshot)
	}
	return document, nil
}

// Restore puts what a snapshot describes in the place of everything that the
// environment and its tenants hold. A snapshot that is refused changes nothing.
func (c *Control) Restore(ctx context.Context, s Snapshot) error {
	if len(s) == 0 {
		return errors.New("an empty snapshot restores nothing")
	}
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	res, err := c.send(ctx, http.MethodPut, "/control/snapshot", nil, asItIs(s), "application/json")
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// Reset makes the environment as its seed declares it, and unpairs its tenants.
func (c *Control) Reset(ctx context.Context) error {
	return c.do(ctx, http.MethodPost, "/control/reset", nil, nil, nil)
}
