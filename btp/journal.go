package btp

import (
	"cmp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/pairsim/pairsim/internal/secret"
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
	EntryCall       EntryKind = "call"       // a call that the registry or its gateway made to somebody
)

// EntryKinds are all kinds.
var EntryKinds = []EntryKind{EntryRequest, EntryDecision, EntryRefusal, EntryTransition, EntryDue, EntryCall}

// Reference says whom an entry or a step is about.
type Reference struct {
	System SystemID
	// Formation is set where a formation is what it is about, also beside a system.
	Formation FormationID
	// Name is the system's, without one the formation's, without one the instance's.
	Name   string
	Tenant string
	// Instance is set where a service instance is what it is about, also beside a system.
	Instance string
}

// Entry is one line of the journal. It never holds a token, key or password:
// Path has no query, and what looks like a secret in a text is masked.
type Entry struct {
	Sequence uint64
	// At is the environment's time.
	At    time.Time
	Kind  EntryKind
	Point Point
	// Request is the number of the request that it came from, its own for a
	// request; 0 for what no request caused.
	Request      uint64
	About        Reference
	Method, Path string
	// Status is that of a request or call; 0 for a call without an answer.
	Status int
	// Rule is the code of the rule that refused, the event that moved, and for
	// everything else the point.
	Rule string
	// Source is the document that the rule rests on.
	Source string
	Detail string
	// Faults are the ids of the rules that touched it (docs/faults.md).
	Faults []string
}

// Bounds of a journal in memory. Older entries are dropped.
const (
	JournalCapacity = 8192    // entries
	JournalBytes    = 8 << 20 // of the entries' texts
)

// The most bytes of an entry's texts; longer ones are cut.
const (
	maxEntryName   = 120
	maxEntryPath   = 512
	maxEntryDetail = 1000
)

// texts are the entry's fields that somebody outside may have written a part of.
func (e *Entry) texts() [10]*string {
	return [...]*string{
		(*string)(&e.About.System), (*string)(&e.About.Formation), &e.About.Name, &e.About.Tenant, &e.About.Instance,
		&e.Method, &e.Path, &e.Rule, &e.Source, &e.Detail,
	}
}

// confine cuts and masks the texts of an entry, fills in what its point says,
// and returns how many bytes it takes.
func (e *Entry) confine() int {
	point := Points[e.Point]
	e.Rule = cmp.Or(e.Rule, string(e.Point))
	e.Source = cmp.Or(e.Source, point.Source)
	size := 0
	for _, text := range e.texts() {
		most := maxEntryName
		switch text {
		case &e.Path:
			most = maxEntryPath
		case &e.Detail:
			most = maxEntryDetail
		}
		*text = secret.Mask(cut(*text, most))
		size += len(*text)
	}
	return size
}

// cut bounds a text to so many bytes, without breaking a character.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const mark = "…"
	most -= len(mark)
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return strings.Clone(text[:most]) + mark
}

// JournalSink is told of every entry, in order. It is called under the journal's
// lock: it must neither wait nor call the journal.
type JournalSink interface{ Offer(Entry) }

// Journal is the bounded record of an environment. The zero value is ready.
type Journal struct {
	requests atomic.Uint64
	mu       sync.Mutex
	// entries is a ring once it is full; that with the sequence number s stands at
	// (s-1) % JournalCapacity. Kept are those from first to last.
	entries     []Entry
	first, last uint64
	bytes       int
	waiting     chan struct{}
	sink        JournalSink
	off         atomic.Bool
}

// Discard lets the journal keep nothing from now on: a measurement of what it costs
// compares with that.
func (j *Journal) Discard() { j.off.Store(true) }

// NextRequest numbers a request.
func (j *Journal) NextRequest() uint64 { return j.requests.Add(1) }

// Append numbers the entries, keeps them, and returns the number of the last; 0 if
// none was kept.
func (j *Journal) Append(entries ...Entry) (last uint64) {
	if len(entries) == 0 || j.off.Load() {
		return 0
	}
	for i := range entries {
		entries[i].confine()
	}
	j.mu.Lock()
	for _, e := range entries {
		e.Sequence = j.last + 1
		j.keep(e)
		if j.sink != nil {
			j.sink.Offer(e)
		}
	}
	if j.waiting != nil {
		close(j.waiting)
		j.waiting = nil
	}
	last = j.last
	j.mu.Unlock()
	return last
}

// keep puts e, which has the next sequence number, and drops what is too much.
func (j *Journal) keep(e Entry) {
	if j.first == 0 {
		j.first = e.Sequence
	}
	j.last = e.Sequence
	j.bytes += e.size()
	for j.last-j.first >= JournalCapacity || j.bytes > JournalBytes {
		oldest := j.at(j.first)
		j.bytes -= oldest.size()
		*oldest = Entry{}
		j.first++
	}
	if at := int((e.Sequence - 1) % JournalCapacity); at < len(j.entries) {
		j.entries[at] = e
	} else {
		for len(j.entries) < at { // after a restore, numbers begin anywhere
			j.entries = append(j.entries, Entry{})
		}
		j.entries = append(j.entries, e)
	}
}

func (e *Entry) size() int {
	size := 0
	for _, text := range e.texts() {
		size += len(*text)
	}
	return size
}

func (j *Journal) at(sequence uint64) *Entry { return &j.entries[(sequence-1)%JournalCapacity] }

// Restore continues a journal that an earlier process left: entries are its
// last, with rising sequence numbers. The journal must be empty.
func (j *Journal) Restore(entries []Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	entries = entries[max(0, len(entries)-JournalCapacity):]
	for _, e := range entries {
		if j.last > 0 && e.Sequence != j.last+1 { // a gap: what is older does not belong together
			j.entries, j.first, j.bytes = nil, 0, 0
		}
		e.confine()
		j.keep(e)
		if e.Request > j.requests.Load() {
			j.requests.Store(e.Request)
		}
	}
}

// Keep hands every further entry to a sink too.
func (j *Journal) Keep(sink JournalSink) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sink = sink
}

// JournalFilter selects entries; empty fields select all.
type JournalFilter struct {
	// After is the sequence number behind which to start; Limit bounds the answer.
	After uint64
	Limit int
	EntryMatch
}

// Read returns the entries that match f, oldest first, and the sequence number
// to ask for next.
func (j *Journal) Read(f JournalFilter) ([]Entry, uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if f.After > j.last { // a number of an earlier process: start again
		f.After = 0
	}
	var found []Entry
	next := max(f.After, max(j.first, 1)-1)
	asked := f.asked()
	for seq := next + 1; seq <= j.last && (f.Limit == 0 || len(found) < f.Limit); seq++ {
		e := j.at(seq)
		next = seq
		if f.fits(asked, e) {
			found = append(found, *e)
		}
	}
	return found, next
}

// Span returns the sequence numbers of the oldest and the newest entry that is
// kept; both 0 for an empty journal.
func (j *Journal) Span() (first, last uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.first, j.last
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
