package testenv

import (
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

// Match says which requests, or other entries of the journal, are meant.
type Match = btpclient.EntryMatch

// Count is how often something is expected.
type Count func(*btpclient.Expectation)

// Exactly n times; Exactly(0) is never.
func Exactly(n int) Count { return func(e *btpclient.Expectation) { e.Exactly = &n } }

// AtLeast n times.
func AtLeast(n int) Count { return func(e *btpclient.Expectation) { e.AtLeast = &n } }

// AtMost n times.
func AtMost(n int) Count { return func(e *btpclient.Expectation) { e.AtMost = &n } }

// Since counts only what is behind the entry with this number (JournalMark).
func Since(mark uint64) Count { return func(e *btpclient.Expectation) { e.After = mark } }

// JournalMark is the number of the newest entry: what comes behind it has
// happened since.
func (e *Session) JournalMark(t testing.TB) uint64 {
	t.Helper()
	var mark uint64
	for {
		_, next, err := e.control.Journal(t.Context(), btpclient.JournalFilter{After: mark, Limit: 1000})
		if err != nil {
			t.Fatalf("journal: %v", err)
		}
		if next == mark {
			return mark
		}
		mark = next
	}
}

// ExpectRequests fails the test unless so many requests were made that match; of
// another kind than requests, if match names one. Without a count it is at least
// one. The failure tells what came closest.
func (e *Session) ExpectRequests(t testing.TB, match Match, count ...Count) {
	t.Helper()
	expected := btpclient.Expectation{Match: match}
	for _, c := range count {
		c(&expected)
	}
	e.expect(t, expected)
}

// ExpectInOrder fails the test unless something that matches the first was
// followed, sooner or later, by something that matches the second, and so on.
func (e *Session) ExpectInOrder(t testing.TB, matches ...Match) {
	t.Helper()
	e.expect(t, btpclient.Expectation{InOrder: matches})
}

func (e *Session) expect(t testing.TB, expected btpclient.Expectation) {
	t.Helper()
	v, err := e.control.Verify(t.Context(), expected)
	switch {
	case err != nil:
		t.Fatalf("verification: %v", err)
	case !v.Met, !v.Complete:
		t.Errorf("the journal is not as expected: %s", v)
	}
}
