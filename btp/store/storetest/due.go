package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

func testDue(t *testing.T, s btp.Store) {
	expect := func(until time.Time, want string) {
		t.Helper()
		view(t, s, env, func(tx btp.Tx) error {
			d, ok, err := tx.Due().Next(until, start)
			if ok != (want != "") || d.Subject != want {
				t.Errorf("Next(%s): got %q, %v, want %q", until, d.Subject, ok, want)
			}
			return err
		})
	}
	due := func(subject string, at time.Time) btp.Due {
		return btp.Due{At: at, Kind: btp.DueTokenExpiry, Subject: subject}
	}
	put := func(list ...btp.Due) {
		update(t, s, env, func(tx btp.Tx) error {
			for _, d := range list {
				if err := tx.Due().Put(d); err != nil {
					return err
				}
			}
			return nil
		})
	}
	cancel := func(kind btp.DueKind, subject string) {
		update(t, s, env, func(tx btp.Tx) error { return tx.Due().Cancel(kind, subject) })
	}
	far := start.Add(time.Hour)
	expect(far, "")
	put(due("z", start), due("y", start), due("late", start.Add(time.Minute)), due("early", start.Add(-time.Nanosecond)),
		btp.Due{At: start, Kind: btp.DueCertExpiry, Subject: "z"})
	expect(start.Add(-2*time.Nanosecond), "")
	expect(start.Add(-time.Nanosecond), "early")
	earliest, _ := find(t, s, func(tx btp.Tx) (btp.Due, bool, error) { return tx.Due().Earliest(start) })
	same(t, "earliest", earliest, due("early", start.Add(-time.Nanosecond)))
	cancel(btp.DueTokenExpiry, "early")
	expect(far, "z")
	put(due("z", start)) // put again: behind those of the same instant
	expect(far, "y")
	cancel(btp.DueTokenExpiry, "y")
	cancel(btp.DueTokenExpiry, "y")
	got, _ := find(t, s, func(tx btp.Tx) (btp.Due, bool, error) { return tx.Due().Next(far, start) })
	same(t, "row of another kind", got, btp.Due{At: start, Kind: btp.DueCertExpiry, Subject: "z"})
	cancel(btp.DueCertExpiry, "z")
	expect(far, "z")
	put(due("z", far))
	expect(far, "late")
	put(due("late", far.Add(time.Nanosecond)))
	expect(far, "z")
	cancel(btp.DueTokenExpiry, "z")
	expect(far, "")
	earliest, _ = find(t, s, func(tx btp.Tx) (btp.Due, bool, error) { return tx.Due().Earliest(start) })
	same(t, "earliest", earliest, due("late", far.Add(time.Nanosecond)))
}

// testClaims lets processes that die, or are slow, claim due work. Claims run on
// real time, which has nothing to do with the instants of the work.
func testClaims(t *testing.T, s btp.Store) {
	const kind = btp.DueTokenExpiry
	real := start.Add(1000 * time.Hour)
	far := start.Add(time.Hour)
	due := func(subject string) btp.Due { return btp.Due{At: start, Kind: kind, Subject: subject} }
	claimed := func(subject string, until time.Time) btp.Due {
		d := due(subject)
		d.ClaimedUntil = until
		return d
	}
	change := func(change func(btp.DueStore) error) {
		t.Helper()
		update(t, s, env, func(tx btp.Tx) error { return change(tx.Due()) })
	}
	claim := func(subject string, until time.Time) {
		t.Helper()
		change(func(k btp.DueStore) error { return k.Claim(kind, subject, until) })
	}
	// free walks through what is free by claiming it, and lets go of it again.
	free := func(when string, until, now time.Time, want ...string) {
		t.Helper()
		var got []string
		err := s.Update(context.Background(), env, func(tx btp.Tx) error {
			got = nil
			for {
				d, ok, err := tx.Due().NextFree(until, now)
				if err != nil {
					return err
				}
				if !ok || len(got) > 9 {
					return errRefused
				}
				got = append(got, d.Subject)
				if err := tx.Due().Claim(d.Kind, d.Subject, now.Add(time.Nanosecond)); err != nil {
					return err
				}
			}
		})
		if !errors.Is(err, errRefused) {
			t.Fatalf("%s: %v", when, err)
		}
		same(t, "free "+when, got, want)
	}
	free("in an empty store", far, real)
	late := due("late")
	late.At = far
	change(func(k btp.DueStore) error {
		return all(k.Put(late), k.Put(due("c")), k.Put(due("a")), k.Put(due("b")), k.Claim(kind, "nobody", real), k.Claim(btp.DueCertExpiry, "a", real))
	})
	free("before it is due", start.Add(-time.Nanosecond), real)
	free("at its instant", start, real, "c", "a", "b")
	free("later", far, real, "c", "a", "b", "late")

	claim("a", real.Add(time.Minute))
	free("beside a claim", start, real, "c", "b")
	free("just before a claim ends", start, real.Add(time.Minute-time.Nanosecond), "c", "b")
	free("when a claim ends", start, real.Add(time.Minute), "c", "a", "b") // and it has kept its place
	got, _ := find(t, s, func(tx btp.Tx) (btp.Due, bool, error) { return tx.Due().Find(kind, "a") })
	same(t, "claimed row", got, claimed("a", real.Add(time.Minute)))
	claim("c", real.Add(time.Hour))
	for name, read := range map[string]func(btp.DueStore) (btp.Due, bool, error){
		"Next":     func(k btp.DueStore) (btp.Due, bool, error) { return k.Next(start, real) },
		"Earliest": func(k btp.DueStore) (btp.Due, bool, error) { return k.Earliest(real) },
	} {
		got, _ := find(t, s, func(tx btp.Tx) (btp.Due, bool, error) { return read(tx.Due()) })
		same(t, name+" of claimed rows", got, claimed("c", real.Add(time.Hour)))
	}
	free("beside two claims", start, real, "b")
	claim("c", real.Add(2*time.Hour)) // a process that goes on renews its claim
	free("when the first claim would have ended", start, real.Add(time.Hour), "a", "b")
	claim("c", time.Time{}) // or gives it back
	free("after a claim was given back", start, real, "c", "b")
	got, _ = find(t, s, func(tx btp.Tx) (btp.Due, bool, error) { return tx.Due().Find(kind, "c") })
	same(t, "row that was given back", got, due("c"))

	claim("b", real.Add(time.Minute))
	change(func(k btp.DueStore) error { return k.Put(claimed("a", real.Add(time.Hour))) }) // put anew: behind, and free
	free("after putting what was claimed", start, real, "c", "a")
	got, _ = find(t, s, func(tx btp.Tx) (btp.Due, bool, error) { return tx.Due().Find(kind, "a") })
	same(t, "row that was put anew", got, due("a"))
	change(func(k btp.DueStore) error { return k.Cancel(kind, "b") })
	free("after a claimed row was cancelled", start, real.Add(time.Minute), "c", "a")
	if got, ok := find(t, s, func(tx btp.Tx) (btp.Due, bool, error) { return tx.Due().Find(kind, "b") }); ok {
		t.Errorf("a cancelled row is found: %+v", got)
	}
	_ = s.Update(context.Background(), env, func(tx btp.Tx) error {
		return all(tx.Due().Claim(kind, "c", real.Add(time.Hour)), errRefused)
	})
	free("after a refused claim", far, real, "c", "a", "late")
}

// testDueThatWaits lets work wait for something else than its instant.
func testDueThatWaits(t *testing.T, s btp.Store) {
	const kind = btp.DueDeregistration
	far, real := start.Add(time.Hour), start.Add(1000*time.Hour)
	change := func(change func(btp.DueStore) error) {
		t.Helper()
		update(t, s, env, func(tx btp.Tx) error { return change(tx.Due()) })
	}
	// expect names the rows that Next, Earliest and NextFree find.
	expect := func(when string, now time.Time, next, free string) {
		t.Helper()
		view(t, s, env, func(tx btp.Tx) error {
			n, _, err1 := tx.Due().Next(far, now)
			e, _, err2 := tx.Due().Earliest(now)
			f, _, err3 := tx.Due().NextFree(far, now)
			same(t, when+": Next, Earliest, NextFree", []string{n.Subject, e.Subject, f.Subject}, []string{next, next, free})
			return all(err1, err2, err3)
		})
	}
	held := func(when string, limit int, want ...btp.Due) {
		t.Helper()
		got := get(t, s, func(tx btp.Tx) ([]btp.Due, error) { return tx.Due().ListHeld(limit) })
		same(t, when+": held", append([]btp.Due{}, got...), append([]btp.Due{}, want...))
	}
	found := func(subject string, want btp.Due) {
		t.Helper()
		got, _ := find(t, s, func(tx btp.Tx) (btp.Due, bool, error) { return tx.Due().Find(kind, subject) })
		same(t, "row "+subject, got, want)
	}
	row := func(subject string, at time.Time) btp.Due { return btp.Due{At: at, Kind: kind, Subject: subject} }
	holding := func(subject string, at time.Time, id btp.HoldID) btp.Due {
		d := row(subject, at)
		d.Hold = id
		return d
	}
	held("an empty store", 9)
	read, later, z, a := row("read", start), holding("later", start.Add(time.Second), "h1"), holding("z", start, "h2"), holding("a", start, "h3")
	read.Reads, read.Tries, later.Tries = 3, 1, 2
	change(func(k btp.DueStore) error { return all(k.Put(read), k.Put(later), k.Put(z), k.Put(a)) })
	expect("only what waits for something else", real, "", "")
	held("by instant, then as put", 9, z, a, later)
	held("so many", 2, z, a)
	found("read", read)
	found("later", later)
	if got, ok := find(t, s, func(tx btp.Tx) (btp.Due, bool, error) { return tx.Due().FindHeld("h1") }); !ok {
		t.Error("a held row is not found by its hold")
	} else {
		same(t, "row by its hold", got, later)
	}
	for _, id := range []btp.HoldID{"", "h9"} {
		if got, ok := find(t, s, func(tx btp.Tx) (btp.Due, bool, error) { return tx.Due().FindHeld(id) }); ok {
			t.Errorf("row of hold %q: %+v", id, got)
		}
	}
	change(func(k btp.DueStore) error { return k.Put(row("plain", start.Add(time.Minute))) })
	expect("beside one that waits for its instant", real, "plain", "plain")

	read.Reads, read.Tries = 0, 7
	change(func(k btp.DueStore) error { return all(k.Put(read), k.Put(row("z", start.Add(-time.Second)))) })
	expect("what was released comes first", real, "z", "z")
	held("after a release", 9, a, later)
	change(func(k btp.DueStore) error { return k.Cancel(kind, "z") })
	expect("after the last read", real, "read", "read")
	change(func(k btp.DueStore) error { return all(k.Cancel(kind, "a"), k.Cancel(kind, "later")) })
	held("after cancelling", 9)

	change(func(k btp.DueStore) error { return k.Park(kind, "read", real.Add(time.Minute)) })
	expect("beside one that is parked", real, "plain", "plain")
	parked := read
	parked.ClaimedUntil, parked.Parked = real.Add(time.Minute), true
	found("read", parked)
	expect("when the claim of the parked one has ended", real.Add(time.Minute), "read", "read")
	change(func(k btp.DueStore) error { return k.Claim(kind, "read", real.Add(time.Hour)) })
	expect("when it goes on", real, "read", "plain")
	change(func(k btp.DueStore) error {
		return all(k.Park(kind, "read", far.Add(time.Hour)), k.Put(read), k.Park(kind, "nobody", far))
	})
	found("read", read)
	expect("when it was put anew", start, "read", "read")
}
