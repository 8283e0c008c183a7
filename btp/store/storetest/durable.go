package storetest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// crashPath tells a child process, which runs the same test, that it is to write
// to this store until it is killed.
const crashPath = "PAIRSIM_STORETEST_CRASH"

// RunDurable checks a store that keeps what it is told. place is where a new one is
// to be: a path, or an address. open opens the store there and does not close it: the
// tests do.
func RunDurable(t *testing.T, place func(testing.TB) string, open func(t testing.TB, place string) btp.Store) {
	t.Run("everything is there after reopening", func(t *testing.T) { testReopen(t, place(t), open) })
	t.Run("two processes share a store", func(t *testing.T) { testShared(t, place, open) })
	t.Run("a killed process loses no acknowledged change", func(t *testing.T) { testKill(t, place, open) })
}

func testReopen(t *testing.T, path string, open func(testing.TB, string) btp.Store) {
	s := open(t, path)
	update(t, s, env, populate)
	update(t, s, other, populate)
	update(t, s, other, change)
	want := get(t, s, everything)
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	s = open(t, path)
	defer s.Close()
	same(t, "after reopening", get(t, s, everything), want)
	x, err := tryGet(s, "system-1")
	same(t, "system after reopening", x, fullSystem(1))
	wantCode(t, "system after reopening", err, "")
}

// testShared opens one store twice, as two processes would.
func testShared(t *testing.T, place func(testing.TB) string, open func(testing.TB, string) btp.Store) {
	const workers, rounds = 4, 25
	path := place(t)
	stores := []btp.Store{open(t, path), open(t, path)}
	defer stores[0].Close()
	defer stores[1].Close()
	update(t, stores[0], env, func(tx btp.Tx) error { return tx.Environment().Put(btp.Environment{ID: env}) })
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for round := range rounds {
				update(t, stores[(i+round)%2], env, func(tx btp.Tx) error {
					e, _, err := tx.Environment().Find()
					e.Sequence++
					return all(err, tx.Environment().Put(e), tx.Systems().Put(system(int(e.Sequence))))
				})
			}
		})
	}
	wg.Wait()
	for i, s := range stores {
		e, _ := find(t, s, func(tx btp.Tx) (btp.Environment, bool, error) { return tx.Environment().Find() })
		if e.Sequence != workers*rounds {
			t.Errorf("store %d after %d increments: got %d", i, workers*rounds, e.Sequence)
		}
	}
}

// testKill lets a child process write and acknowledge, kills it (SIGKILL) in the
// middle, and looks for every acknowledged change.
func testKill(t *testing.T, place func(testing.TB) string, open func(testing.TB, string) btp.Store) {
	if path := os.Getenv(crashPath); path != "" {
		writeUntilKilled(t, open(t, path))
		return
	}
	path := place(t)
	acknowledged := 0
	for round := range 3 {
		acknowledged = killChild(t, path, acknowledged+40+round)
		s := open(t, path)
		view(t, s, env, func(tx btp.Tx) error {
			e, _, err := tx.Environment().Find()
			if e.Sequence < uint64(acknowledged) {
				t.Errorf("round %d: the counter is %d, %d were acknowledged", round, e.Sequence, acknowledged)
			}
			list, err2 := tx.Systems().List(btp.SystemFilter{GlobalAccount: "ga"})
			if len(list) != int(e.Sequence) { // whole changes only
				t.Errorf("round %d: %d systems beside a counter of %d", round, len(list), e.Sequence)
			}
			for i, x := range list {
				if k, ok, err := tx.Tokens().FindLatest(x.ID); err != nil || !ok || k.State != btp.TokenRedeemed {
					t.Errorf("round %d: token of system %d: %v, %v, %v", round, i, k.State, ok, err)
				}
			}
			formations, err3 := tx.Formations().List(btp.FormationFilter{GlobalAccount: "ga"})
			if len(formations) != len(list) {
				t.Errorf("round %d: %d formations beside %d systems", round, len(formations), len(list))
			}
			for i, f := range formations {
				if got, err := tx.Assignments().Count(f.ID); err != nil || len(f.Systems) != 2 || got[btp.AssignmentReady] != 1 {
					t.Errorf("round %d: formation %d has systems %v and assignments %v, %v", round, i, f.Systems, got, err)
				}
			}
			acknowledged = int(e.Sequence)
			return all(err, err2, err3)
		})
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

// killChild runs a child until it has acknowledged change number enough and
// returns the last number that it did acknowledge.
func killChild(t *testing.T, path string, enough int) (last int) {
	t.Helper()
	var names []string
	for _, part := range strings.Split(t.Name(), "/") {
		names = append(names, "^"+regexp.QuoteMeta(part)+"$")
	}
	child := exec.Command(os.Args[0], "-test.run="+strings.Join(names, "/"), "-test.count=1")
	child.Env = append(os.Environ(), crashPath+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if n, ok := strings.CutPrefix(lines.Text(), "acknowledged "); ok {
			last, _ = strconv.Atoi(n)
		}
		if last >= enough {
			_ = child.Process.Kill() // and read on: what was acknowledged before it died counts
		}
	}
	_ = child.Wait() // it was killed
	if last < enough {
		t.Fatalf("the child acknowledged %d changes, want %d", last, enough)
	}
	return last
}

func writeUntilKilled(t *testing.T, s btp.Store) {
	for {
		var n uint64
		err := s.Update(context.Background(), env, func(tx btp.Tx) error {
			e, _, err := tx.Environment().Find()
			if err != nil {
				return err
			}
			e.ID = env
			e.Sequence++
			n = e.Sequence
			x := system(int(n))
			k := token(fmt.Sprintf("token-%d", n), string(x.ID))
			used := k
			used.State = btp.TokenRedeemed
			f := formation(int(n))
			f.Systems = []btp.SystemID{x.ID, "system-0"}
			a := fullAssignment("a", string(f.ID))
			ready := a
			ready.State = btp.AssignmentReady
			return all(tx.Systems().Put(x), tx.Tokens().Put(k), tx.Tokens().Put(used), tx.Environment().Put(e),
				tx.Assignments().Put(a), tx.Formations().Put(f), tx.Assignments().Put(ready))
		})
		if err != nil {
			t.Fatalf("Update: %v", err)
		}
		fmt.Println("acknowledged", n)
	}
}
