package btp

import (
	"context"
	"errors"
	"time"
)

// Contents reads everything that the environment holds, as one consistent state
// that stands for itself: its clock shows the environment's now, no due work is
// claimed.
func (r *Registry) Contents(ctx context.Context) (c Contents, err error) {
	err = r.view(ctx, func(u *unit) error {
		if c, err = u.Tx.Contents().All(); err == nil {
			c = c.portable(u.now)
		}
		return err
	})
	return c, err
}

// CheckContents says whether c can stand as this environment: it refuses with
// EditionMismatch, or with SnapshotInvalid and what is wrong, place by place.
// Paths are those of a snapshot document, which has the names of Contents.
func (r *Registry) CheckContents(c *Contents) error {
	if e, err := EditionNamed(c.Environment.Edition); err == nil && e != r.edition {
		return Errorf(EditionMismatch, "the snapshot is of edition %s, environment %s of %s", e.ID, r.id, r.edition.ID)
	}
	return c.check(r.edition, r.config)
}

// Replace puts c in the place of everything that the environment holds, in one
// step; what CheckContents refuses changes nothing. The environment keeps its
// name, and its clock goes on from the snapshot's instant: this and Reset are the
// only ways on which a clock goes back. Work that is under way ends: requests that
// have seen what was there before are refused with EnvironmentReplaced.
func (r *Registry) Replace(ctx context.Context, c Contents) error {
	var about Reference
	return r.step(ctx, PointRestore, &about, func(ctx context.Context) error {
		if err := r.CheckContents(&c); err != nil {
			return err
		}
		return r.swap(ctx, PointRestore, "a snapshot was restored", func(u *unit) error {
			env := c.Environment
			env.ID, env.Generation, env.Clock = u.env.ID, u.env.Generation, env.Clock.at(env.Clock.At, u.real)
			u.env, u.now = env, env.Clock.At
			return c.Replace(u.Tx)
		})
	})
}

// Reset makes the environment as it is declared at first start, with the same
// seed and so with the same ids. Keys, authorities and issuer stay; the clock
// goes back to the declared instant, or else to real time; policies of transitions
// and faults that were set are gone, and the declared ones hold.
func (r *Registry) Reset(ctx context.Context) error {
	var about Reference
	return r.step(ctx, PointReset, &about, func(ctx context.Context) error {
		err := r.swap(ctx, PointReset, "the environment was made as its seed declares it", func(u *unit) error {
			kept, err := u.Tx.Contents().All()
			if err != nil {
				return err
			}
			u.env.Sequence, u.env.Clock = 0, r.config.firstClock(u.real)
			u.now = u.env.Clock.At
			fresh := Contents{Authorities: kept.Authorities, Keys: kept.Keys}
			for _, d := range kept.Due {
				if d.Kind == DueKeyRetirement {
					fresh.Due = append(fresh.Due, d)
				}
			}
			return errors.Join(fresh.Replace(u.Tx), u.declare(r.config.Landscape))
		})
		if err != nil {
			return err
		}
		r.faults.reset()
		return r.declareFaults(inNextGeneration(ctx))
	})
}

// firstClock is what a new environment's clock shows at a real instant.
func (c *Config) firstClock(real time.Time) Clock {
	real = real.UTC().Round(0)
	if !c.StartFrozen.IsZero() {
		return Clock{Frozen: true, At: c.StartFrozen.UTC(), Ref: real}
	}
	return Clock{At: real, Ref: real}
}

// swap replaces the environment's contents by what put leaves, as its next generation.
func (r *Registry) swap(ctx context.Context, point Point, what string, put func(*unit) error) error {
	var u *unit
	err := r.store.Update(ctx, r.id, func(tx Tx) error {
		env, known, err := tx.Environment().Find()
		if err == nil && !known {
			err = r.gone()
		}
		if err != nil {
			return err
		}
		u = &unit{Tx: tx, r: r, env: env, now: env.Clock.Now(r.real()).UTC(), real: r.real().UTC().Round(0)}
		if err := put(u); err != nil {
			return err
		}
		u.env.Generation++
		return tx.Environment().Put(u.env)
	})
	if err != nil {
		return err
	}
	r.changes.Add(1)
	u.record(EntryDecision, point, nil, "", "pairsim", what)
	u.journal(ctx)
	before := r.generation.Load()
	// Whoever comes next reads it, should it not be read now.
	if _, err := r.load(context.WithoutCancel(ctx)); err != nil {
		r.log.ErrorContext(ctx, "the environment's new contents could not be read", "error", err)
	}
	if before.number < u.env.Generation { // unless somebody else has read it first
		before.end()
		before.running.Wait()
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return nil
}

// createFrom stores a new environment that holds c. Another process may win; then
// its environment is kept.
func (r *Registry) createFrom(ctx context.Context, c Contents) error {
	if err := r.isOf(c.Environment.Edition); err != nil {
		return err
	}
	if err := r.CheckContents(&c); err != nil {
		return err
	}
	c.Environment.ID, c.Environment.Clock = r.id, c.Environment.Clock.at(c.Environment.Clock.At, r.real())
	return r.store.Update(ctx, r.id, func(tx Tx) error {
		if _, known, err := tx.Environment().Find(); err != nil || known {
			return err
		}
		return errors.Join(r.config.putTerms(tx), c.Replace(tx))
	})
}
