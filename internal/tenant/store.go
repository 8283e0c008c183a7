package tenant

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Store keeps the state of tenants: rows, private keys, certificates. A state is
// secret. It shares no memory with its caller.
type Store interface {
	// Load returns nil for a tenant that has no state yet.
	Load(ctx context.Context, tenantID string) ([]byte, error)
	// Save replaces the whole state; when it returns, the state is kept.
	Save(ctx context.Context, tenantID string, state []byte) error
}

// MemoryStore keeps states for as long as the process lives.
type MemoryStore struct {
	mu     sync.Mutex
	states map[string][]byte
}

// NewMemoryStore returns an empty store.
func NewMemoryStore() *MemoryStore { return &MemoryStore{states: map[string][]byte{}} }

// Load implements Store.
func (m *MemoryStore) Load(_ context.Context, tenantID string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]byte(nil), m.states[tenantID]...), nil
}

// Save implements Store.
func (m *MemoryStore) Save(_ context.Context, tenantID string, state []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.states[tenantID] = append([]byte(nil), state...)
	return nil
}

// DirectoryStore keeps one file per tenant, <tenant>.json, readable by its owner
// only. A file is replaced by rename, so it is whole whenever the process dies.
type DirectoryStore struct{ dir string }

// NewDirectoryStore makes dir when it is missing.
func NewDirectoryStore(dir string) (*DirectoryStore, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("tenant store: %w", err)
	}
	return &DirectoryStore{dir: dir}, nil
}

func (d *DirectoryStore) path(tenantID string) (string, error) {
	if !tenantIDPattern.MatchString(tenantID) {
		return "", fmt.Errorf("tenant store: %q is no tenant id", tenantID)
	}
	return filepath.Join(d.dir, tenantID+".json"), nil
}

// Load implements Store.
func (d *DirectoryStore) Load(_ context.Context, tenantID string) ([]byte, error) {
	path, err := d.path(tenantID)
	if err != nil {
		return nil, err
	}
	state, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return state, err
}

// Save implements Store.
func (d *DirectoryStore) Save(_ context.Context, tenantID string, state []byte) error {
	path, err := d.path(tenantID)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(d.dir, ".state-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // gone already after the rename
	_, err = temp.Write(state)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
