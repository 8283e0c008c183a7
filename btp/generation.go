package btp

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// generation is what a process knows of an environment without asking the store.
// It holds until everything is replaced at once, by a snapshot or by a reset.
type generation struct {
	number uint64
	issuer string
	// seed rules ids, faults and chaos.
	seed    uint64
	ca      CertificateAuthority
	rootPEM []byte

	// life is that of its work and of what it lets wait; stop ends it.
	life context.Context //nolint:containedctx // as jobs.whole
	stop context.CancelCauseFunc
	// running is its work, which none joins that comes after the end.
	mu      sync.Mutex
	ended   bool
	running sync.WaitGroup
}

// enter counts work in; false when the generation has ended.
func (g *generation) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.ended {
		g.running.Add(1)
	}
	return !g.ended
}

// end ends the generation's work and what it lets wait.
func (g *generation) end() {
	g.mu.Lock()
	g.ended = true
	g.mu.Unlock()
	g.stop(errReplaced)
}

// errOtherGeneration: the store has a generation that this process has not read yet.
var errOtherGeneration = errors.New("the environment's contents were replaced")

var errReplaced = Errorf(EnvironmentReplaced, "a snapshot was restored, or the environment was reset, while this was under way; nothing of it is kept")

type generationKey struct{}

// inOneGeneration returns a context whose steps see one generation or are
// refused: what a request did under one says nothing about the next.
func inOneGeneration(ctx context.Context) context.Context {
	if seenBy(ctx) != nil {
		return ctx
	}
	return inNextGeneration(ctx)
}

// inNextGeneration is inOneGeneration for what begins with the next that it sees.
func inNextGeneration(ctx context.Context) context.Context {
	return context.WithValue(ctx, generationKey{}, new(atomic.Uint64))
}

// inGeneration is inOneGeneration for work that belongs to a known one.
func inGeneration(ctx context.Context, number uint64) context.Context {
	var seen atomic.Uint64
	seen.Store(number + 1)
	return context.WithValue(ctx, generationKey{}, &seen)
}

// seenBy is where ctx keeps the generation that it has seen, plus one; nil: it
// does not care. A request keeps it in its exchange.
func seenBy(ctx context.Context) *atomic.Uint64 {
	if seen, ok := ctx.Value(generationKey{}).(*atomic.Uint64); ok {
		return seen
	}
	if x := ExchangeOf(ctx); x != nil {
		return &x.generation
	}
	return nil
}

// sees refuses a second generation with EnvironmentReplaced.
func sees(ctx context.Context, number uint64) error {
	seen := seenBy(ctx)
	if seen == nil || seen.CompareAndSwap(0, number+1) || seen.Load() == number+1 {
		return nil
	}
	return errReplaced
}

// known is the generation whose keys and authority the caller goes by.
func (r *Registry) known(ctx context.Context) (*generation, error) {
	g := r.generation.Load()
	return g, sees(ctx, g.number)
}

// environment reads the environment's record; it is that of the generation which
// ctx has seen, and which this process knows.
func (r *Registry) environment(ctx context.Context, tx Tx) (Environment, *generation, error) {
	env, known, err := tx.Environment().Find()
	g := r.generation.Load()
	switch {
	case err != nil:
	case !known:
		err = r.gone()
	case env.Generation <= g.number && env.Issuer() != g.issuer:
		err = r.gone() // another process has deleted it, and made one of its name
	case env.Generation != g.number:
		err = errOtherGeneration
	default:
		err = sees(ctx, env.Generation)
	}
	return env, g, err
}

// Deleted is closed when it turns out that another process on the same store has
// deleted the environment, whether or not it has made one of its name since.
func (r *Registry) Deleted() <-chan struct{} { return r.deleted }

func (r *Registry) gone() error {
	r.foundItGone.Do(func() { close(r.deleted) })
	return Errorf(EnvironmentGone, "environment %s has been deleted", r.id)
}

// upToDate runs do, again when it met a generation that had to be read first.
func (r *Registry) upToDate(ctx context.Context, do func() error) error {
	for {
		err := do()
		if !errors.Is(err, errOtherGeneration) {
			return err
		}
		known, err := r.load(ctx)
		if err == nil && !known {
			err = r.gone()
		}
		if err != nil {
			return err
		}
	}
}

// load reads the stored environment's keys, authority and clock; false if there is
// none. A generation older than the one known is left alone.
func (r *Registry) load(ctx context.Context) (known bool, err error) {
	var env Environment
	var material AuthorityMaterial
	var keys []SigningKey
	err = r.store.View(ctx, r.id, func(tx Tx) (err error) {
		if env, known, err = tx.Environment().Find(); err != nil || !known {
			return err
		}
		if material, _, err = tx.Authorities().Find(ClientAuthority); err != nil {
			return err
		}
		keys, err = tx.Keys().List()
		return err
	})
	if err != nil || !known {
		return false, err
	}
	if err := r.isOf(env.Edition); err != nil {
		return false, err
	}
	g := &generation{number: env.Generation, issuer: env.Issuer(), seed: env.Seed, rootPEM: material.RootPEM}
	if g.ca, err = r.config.OpenAuthority(material); err != nil {
		return false, err
	}
	g.life, g.stop = context.WithCancelCause(r.jobs.whole)
	for {
		before := r.generation.Load()
		if before != nil && before.number >= g.number {
			g.stop(nil)
			return true, nil
		}
		if r.generation.CompareAndSwap(before, g) {
			if before != nil {
				before.end()
			}
			break
		}
	}
	r.keys.Store(&keys)
	r.noticeClock(env)
	return true, nil
}

// isOf says whether the stored edition is the environment's, or becomes it.
func (r *Registry) isOf(stored string) error {
	edition, err := EditionNamed(stored)
	if err != nil {
		return err
	}
	if r.edition == nil && r.config.Edition != "" {
		if r.edition, err = EditionNamed(r.config.Edition); err != nil {
			return err
		}
	}
	if r.edition != nil && r.edition != edition {
		return Errorf(EditionMismatch, "environment %s was made with edition %s; it cannot be opened as %s",
			r.id, edition.ID, r.edition.ID)
	}
	if r.edition == nil {
		r.edition = edition
	}
	return nil
}

// Generation counts how often everything was replaced, as far as this process knows.
func (r *Registry) Generation() uint64 { return r.generation.Load().number }

// AuthorityPEM is the root of the authority that signs client certificates.
func (r *Registry) AuthorityPEM() []byte { return r.generation.Load().rootPEM }
