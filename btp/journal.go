package btp

import (
	"sync"
	"time"
)

// EntryKind sorts journal entries.
type EntryKind string

// The kinds of entries.
const (
	EntryRequest    EntryKind = "request"    // an HTTP request and its answer
	EntryDecision   EntryKind = "decision"   // a step that was carried out
	EntryRefusal    EntryKind = "refusal"    // a step that was refused, with the rule that refused it
	EntryTransition EntryKind = "transition" // a status that changed
	EntryDue        EntryKind = "due"        // due work that was fired
)

// Reference says whom an entry or a step is about.
type Reference struct {
	System SystemID
	// Formation is set where a formation is what it is about, also beside a system.
	Formation FormationID
	// Name is the system's, without one the formation's.
	Name   string
	Tenant string
}

// Entry is one line of the journal. It never holds a token, key or password:
// Path has no query.
type Entry struct {
	Sequence uint64
	// At is the environment's time.
	At           time.Time
	Kind         EntryKind
	Point        Point
	About        Reference
	Method, Path string
	Status       int
	// Rule is the code of the rule that refused, or the event that moved.
	Rule string
	// Source is the document that the rule rests on.
	Source string
	Detail string
	// Faults are the ids of the rules that touched it (docs/faults.md).
	Faults []string
}

// JournalCapacity is how many entries a journal keeps; older ones are dropped.
const JournalCapacity = 8192

// Journal is the bounded record of an environment. The zero value is ready.
type Journal struct {
	mu      sync.Mutex
	entries []Entry // a ring once it is full
	last    uint64
	waiting chan struct{}
}

// Append numbers the entries and keeps them.
func (j *Journal) Append(entries ...Entry) {
	if len(entries) == 0 {
		return
	}
	j.mu.Lock()
	for _, e := range entries {
		j.last++
		e.Sequence = j.last
		if len(j.entries) < JournalCapacity {
			j.entries = append(j.entries, e)
		} else {
			j.entries[(j.last-1)%JournalCapacity] = e
		}
	}
	if j.waiting != nil {
		close(j.waiting)
		j.waiting = nil
	}
	j.mu.Unlock()
}

// JournalFilter selects entries; empty fields select all.
type JournalFilter struct {
	// After is the sequence number behind which to start; Limit bounds the answer.
	After  uint64
	Limit  int
	Kind   EntryKind
	System SystemID
	Point  Point
}

// Read returns the entries that match f, oldest first, and the sequence number
// to ask for next.
func (j *Journal) Read(f JournalFilter) ([]Entry, uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if f.After > j.last { // a number of an earlier process: start again
		f.After = 0
	}
	first := uint64(1)
	if n := uint64(len(j.entries)); j.last > n {
		first = j.last - n + 1
	}
	var found []Entry
	next := max(f.After, first-1)
	for seq := next + 1; seq <= j.last && (f.Limit == 0 || len(found) < f.Limit); seq++ {
		e := &j.entries[(seq-1)%JournalCapacity]
		next = seq
		if (f.Kind == "" || e.Kind == f.Kind) && (f.System == "" || e.About.System == f.System) && (f.Point == "" || e.Point == f.Point) {
			found = append(found, *e)
		}
	}
	return found, next
}

// Changed returns a channel that is closed with the next entry.
func (j *Journal) Changed() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.waiting == nil {
		j.waiting = make(chan struct{})
	}
	return j.waiting
}
