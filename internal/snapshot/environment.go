package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/tenant"
)

// pauseLimit is how long, in real time, tenants may take to end what they are doing.
const pauseLimit = 10 * time.Second

// Environment is an environment and its simulated tenants, as one thing to write
// down and to restore.
type Environment struct {
	Registry *btp.Registry
	// Tenants are those of this process; a tenant of another one is no part of it.
	Tenants []*tenant.Tenant
	// Replaced is called when everything is another and tenants may call the
	// registry again; nil: nobody asked.
	Replaced func(context.Context)

	mu sync.Mutex // one at a time
}

// Export writes everything down. Without secrets the document can be read and
// shared, but not imported.
func (e *Environment) Export(ctx context.Context, withSecrets bool) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d, err := e.consistent(ctx)
	if err != nil {
		return nil, err
	}
	if !withSecrets {
		d.OmitSecrets()
	}
	return d.Encode()
}

// consistent reads registry and tenants until no tenant has changed meanwhile, a
// few times at most: what a busy landscape then comes to is a state in which it
// might have been stopped.
func (e *Environment) consistent(ctx context.Context) (*Document, error) {
	const tries = 5
	before := e.tenants()
	for try := 1; ; try++ {
		c, err := e.Registry.Contents(ctx)
		if err != nil {
			return nil, err
		}
		after := e.tenants()
		if try == tries || equal(before, after) {
			return New(&c, after), nil
		}
		before = after
	}
}

func (e *Environment) tenants() []tenant.Snapshot {
	return each(e.Tenants, (*tenant.Tenant).Snapshot)
}

func equal(a, b []tenant.Snapshot) bool {
	one, err := (&Document{Tenants: a}).Encode()
	other, otherErr := (&Document{Tenants: b}).Encode()
	return err == nil && otherErr == nil && slices.Equal(one, other)
}

// Import puts what a document describes in the place of everything that is there.
// It refuses with SnapshotInvalid or EditionMismatch, and then nothing has changed.
func (e *Environment) Import(ctx context.Context, data []byte) error {
	d, err := Read(data)
	if err != nil {
		return err
	}
	if err := d.Importable(); err != nil {
		return err
	}
	c := d.Contents()
	if err := e.Registry.CheckContents(&c); err != nil {
		return err
	}
	states, err := e.match(d)
	if err != nil {
		return err
	}
	return e.replace(ctx,
		func(ctx context.Context) error { return e.Registry.Replace(ctx, c) },
		func(ctx context.Context, t *tenant.Tenant) error {
			if s, ok := states[t.ID()]; ok {
				return t.Restore(ctx, s)
			}
			return t.Reset(ctx)
		})
}

// match finds the tenants of d among those that are here.
func (e *Environment) match(d *Document) (map[string]tenant.Snapshot, error) {
	var found findings
	states := map[string]tenant.Snapshot{}
	for i, s := range d.Tenants {
		path := fmt.Sprintf("$.tenants[%d]", i)
		at := slices.IndexFunc(e.Tenants, func(t *tenant.Tenant) bool { return t.ID() == s.ID })
		switch {
		case at < 0:
			found.tell(path+".id", fmt.Sprintf("there is no tenant %q here", s.ID))
		case e.Tenants[at].Product().SystemType != s.SystemType:
			found.tell(path+".systemType", fmt.Sprintf("tenant %s is of %s here", s.ID, e.Tenants[at].Product().SystemType))
		}
		states[s.ID] = s
	}
	return states, found.err()
}

// Reset makes everything as it was declared at first start: tenants are unpaired,
// without telling anybody.
func (e *Environment) Reset(ctx context.Context) error {
	return e.replace(ctx, e.Registry.Reset, func(ctx context.Context, t *tenant.Tenant) error { return t.Reset(ctx) })
}

// replace lets the registry and then every tenant be another, while no tenant does
// anything. Once it has begun it goes on, whoever leaves.
func (e *Environment) replace(ctx context.Context, registry func(context.Context) error, one func(context.Context, *tenant.Tenant) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	bounded, cancel := context.WithTimeout(ctx, pauseLimit)
	defer cancel()
	if err := e.whileTenantsRest(bounded, func() error {
		if err := registry(ctx); err != nil {
			return err
		}
		var errs []error
		for _, t := range e.Tenants {
			errs = append(errs, one(ctx, t))
		}
		return errors.Join(errs...)
	}); err != nil {
		return err
	}
	if e.Replaced != nil {
		e.Replaced(bounded)
	}
	return nil
}

func (e *Environment) whileTenantsRest(ctx context.Context, do func() error) error {
	for _, t := range e.Tenants {
		resume, err := t.Pause(ctx)
		if err != nil {
			return err
		}
		defer resume()
	}
	return do()
}
