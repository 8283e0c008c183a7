// Package records keeps the business data of a simulated tenant: named
// collections of records, changed by atomic steps, bounded, and with a text form
// in which the tenant stores them. It knows neither products nor protocols.
package records

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of a tenant's data.
const (
	MaxRecords = 2000    // over all collections
	MaxSize    = 4 << 20 // bytes of all records as JSON
)

// What a step is refused for.
var (
	ErrExists   = errors.New("there is a record with this id already")
	ErrNotFound = errors.New("there is no record with this id")
	ErrFull     = fmt.Errorf("the tenant holds at most %d records of %d bytes together", MaxRecords, MaxSize)
)

// Record is one business object. Fields hold what JSON holds: string, bool,
// json.Number, nil, []any, map[string]any. A record that a Tx gave or took is
// not changed any more: see Clone.
type Record struct {
	ID     string         `json:"id"` // unique in its collection
	Fields map[string]any `json:"fields"`
}

// Clone copies the record; values within a field are shared.
func (r Record) Clone() Record { return Record{ID: r.ID, Fields: maps.Clone(r.Fields)} }

// Text is a field that is a string; otherwise "".
func (r Record) Text(field string) string {
	s, _ := r.Fields[field].(string)
	return s
}

// Operation says what happened to a record.
type Operation string

// The operations.
const (
	Created Operation = "created"
	Updated Operation = "updated"
	Deleted Operation = "deleted"
)

// Change is one record that a step changed. Before is empty for a created
// record, After for a deleted one.
type Change struct {
	Collection    string
	Operation     Operation
	Before, After Record
}

// Config says how a store works; every function may be nil.
type Config struct {
	Owner string // whose records these are: ids are derived from it
	// Seed fills a store of which nothing was kept.
	Seed func(*Tx) error
	Now  func() time.Time
	// Keep stores what Encode returns; a step that cannot be kept did not happen.
	Keep func(context.Context) error
	// Changed is told what a step changed, in the order of the steps.
	Changed func([]Change)
}

// Store is safe for concurrent use. Readers see the state after a step or before
// it and never wait for a step.
type Store struct {
	cfg     Config
	stepped sync.Mutex // one step at a time, until it is kept
	seeded  sync.Once
	failed  error
	current atomic.Pointer[state]
}

// state is never changed once it is current.
type state struct {
	collections map[string][]entry
	sequence    map[string]int
	latest      time.Time
	count, size int
	text        []byte // nil: as seeded
}

type entry struct {
	Record
	text []byte
}

// Open makes a store from what Encode returned earlier; nothing: it is seeded on
// first use.
func Open(cfg Config, kept []byte) (*Store, error) {
	s := &Store{cfg: cfg}
	if cfg.Now == nil {
		s.cfg.Now = func() time.Time { return time.Time{} }
	}
	if nothing(kept) {
		return s, nil
	}
	loaded, err := decode(kept)
	if err != nil {
		return nil, err
	}
	s.current.Store(loaded)
	return s, nil
}

type document struct {
	Sequence    map[string]int      `json:"sequence"`
	Latest      time.Time           `json:"latest"`
	Collections map[string][]Record `json:"collections"`
}

func decode(kept []byte) (*state, error) {
	var doc document
	dec := json.NewDecoder(bytes.NewReader(kept))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("stored business data: %w", err)
	}
	tx := newTx(&state{collections: map[string][]entry{}, sequence: doc.Sequence, latest: doc.Latest}, Config{})
	for name, list := range doc.Collections {
		for _, r := range list {
			if err := tx.Create(name, r); err != nil {
				return nil, fmt.Errorf("stored business data: %s %s: %w", name, r.ID, err)
			}
		}
	}
	return tx.result()
}

// Encode is the stored form: nil while there is nothing but the seed.
func (s *Store) Encode() []byte {
	if now := s.current.Load(); now != nil {
		return now.text
	}
	return nil
}

// Check refuses what Restore would.
func Check(kept []byte) error {
	if nothing(kept) {
		return nil
	}
	_, err := decode(kept)
	return err
}

// Restore puts what Encode returned, of this store or another, in the place of all
// records; nothing: the seed. It keeps nothing and tells nobody.
func (s *Store) Restore(kept []byte) error {
	if nothing(kept) {
		tx, err := s.seed()
		if err != nil {
			return err
		}
		return s.replace(tx.next)
	}
	restored, err := decode(kept)
	if err != nil {
		return err
	}
	return s.replace(restored)
}

func (s *Store) replace(by *state) error {
	s.stepped.Lock()
	defer s.stepped.Unlock()
	if _, err := s.state(); err != nil { // it is not seeded later
		return err
	}
	s.current.Store(by)
	return nil
}

func (s *Store) seed() (*Tx, error) {
	tx := newTx(&state{collections: map[string][]entry{}}, s.cfg)
	if s.cfg.Seed == nil {
		return tx, nil
	}
	return tx, s.cfg.Seed(tx)
}

func nothing(kept []byte) bool {
	text := bytes.TrimSpace(kept)
	return len(text) == 0 || string(text) == "null"
}

func (s *Store) state() (*state, error) {
	s.seeded.Do(func() {
		if s.current.Load() != nil {
			return
		}
		var tx *Tx
		tx, s.failed = s.seed()
		s.current.Store(tx.next)
	})
	return s.current.Load(), s.failed
}

// View reads one state.
func (s *Store) View(read func(*Tx) error) error {
	now, err := s.state()
	if err != nil {
		return err
	}
	return read(&Tx{next: now, cfg: s.cfg, readOnly: true})
}

// Update runs change as one atomic step. When it returns an error, or its result
// cannot be kept, nothing has changed.
func (s *Store) Update(ctx context.Context, change func(*Tx) error) error {
	s.stepped.Lock()
	defer s.stepped.Unlock()
	before, err := s.state()
	if err != nil {
		return err
	}
	tx := newTx(before, s.cfg)
	if err := change(tx); err != nil {
		return err
	}
	if len(tx.changes) == 0 {
		return nil
	}
	after, err := tx.result()
	if err != nil {
		return err
	}
	s.current.Store(after)
	if s.cfg.Keep != nil {
		if err := s.cfg.Keep(ctx); err != nil {
			s.current.Store(before)
			return err
		}
	}
	if s.cfg.Changed != nil {
		s.cfg.Changed(tx.changes)
	}
	return nil
}

// Tx is one step, or one look, at a store.
type Tx struct {
	cfg      Config
	next     *state
	own      map[string]bool // collections that this step copied
	changes  []Change
	readOnly bool
}

func newTx(from *state, cfg Config) *Tx {
	next := *from
	next.collections = maps.Clone(from.collections)
	if next.sequence = maps.Clone(from.sequence); next.sequence == nil {
		next.sequence = map[string]int{}
	}
	return &Tx{cfg: cfg, next: &next, own: map[string]bool{}}
}

// result is the state after the step, with its text.
func (tx *Tx) result() (*state, error) {
	n := tx.next
	head, err := json.Marshal(struct {
		Sequence map[string]int `json:"sequence"`
		Latest   time.Time      `json:"latest"`
	}{n.sequence, n.latest})
	if err != nil {
		return nil, err
	}
	text := append(head[:len(head)-1], `,"collections":{`...)
	for i, name := range slices.Sorted(maps.Keys(n.collections)) {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(strconv.AppendQuote(text, name), ":["...)
		for j, e := range n.collections[name] {
			if j > 0 {
				text = append(text, ',')
			}
			text = append(text, e.text...)
		}
		text = append(text, ']')
	}
	n.text = append(text, "}}"...)
	return n, nil
}

// List returns the records of a collection in the order in which they were made.
func (tx *Tx) List(collection string) []Record {
	entries := tx.next.collections[collection]
	list := make([]Record, len(entries))
	for i, e := range entries {
		list[i] = e.Record
	}
	return list
}

// Find returns the record with an id.
func (tx *Tx) Find(collection, id string) (Record, bool) {
	if i := tx.index(collection, id); i >= 0 {
		return tx.next.collections[collection][i].Record, true
	}
	return Record{}, false
}

func (tx *Tx) index(collection, id string) int {
	return slices.IndexFunc(tx.next.collections[collection], func(e entry) bool { return e.ID == id })
}

// Create adds a record at the end of its collection.
func (tx *Tx) Create(collection string, r Record) error {
	if tx.index(collection, r.ID) >= 0 {
		return ErrExists
	}
	return tx.put(collection, -1, r, Change{collection, Created, Record{}, r})
}

// Replace puts a record in the place of the one with its id.
func (tx *Tx) Replace(collection string, r Record) error {
	i := tx.index(collection, r.ID)
	if i < 0 {
		return ErrNotFound
	}
	return tx.put(collection, i, r, Change{collection, Updated, tx.next.collections[collection][i].Record, r})
}

// Delete removes the record with an id.
func (tx *Tx) Delete(collection, id string) error {
	i := tx.index(collection, id)
	if i < 0 {
		return ErrNotFound
	}
	list := tx.writable(collection)
	gone := list[i]
	tx.next.collections[collection] = slices.Delete(list, i, i+1)
	tx.next.count--
	tx.next.size -= len(gone.text)
	tx.changes = append(tx.changes, Change{collection, Deleted, gone.Record, Record{}})
	return nil
}

func (tx *Tx) put(collection string, at int, r Record, c Change) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("record of %s: %w", collection, err)
	}
	list := tx.writable(collection)
	count, size := tx.next.count, tx.next.size+len(text)
	if at < 0 {
		count++
	} else {
		size -= len(list[at].text)
	}
	if count > MaxRecords || size > MaxSize {
		return ErrFull
	}
	if at < 0 {
		list = append(list, entry{r, text})
	} else {
		list[at] = entry{r, text}
	}
	tx.next.collections[collection], tx.next.count, tx.next.size = list, count, size
	tx.changes = append(tx.changes, c)
	return nil
}

func (tx *Tx) writable(collection string) []entry {
	if tx.readOnly {
		panic("records: a look cannot change anything")
	}
	if !tx.own[collection] {
		tx.own[collection] = true
		tx.next.collections[collection] = slices.Clone(tx.next.collections[collection])
	}
	return tx.next.collections[collection]
}

// Number returns 1, 2, 3, … for each use of a name: codes that people read.
func (tx *Tx) Number(name string) int {
	tx.next.sequence[name]++
	return tx.next.sequence[name]
}

// ID derives an id of 32 upper-case hexadecimal digits from the store's owner, a
// name and a number: the same for every store that did the same.
func (tx *Tx) ID(name string, number int) string {
	sum := sha256.Sum256([]byte(tx.cfg.Owner + "\x00" + name + "\x00" + strconv.Itoa(number)))
	return string(bytes.ToUpper([]byte(hex.EncodeToString(sum[:16]))))
}

// SetTime makes a seed's time one that is always the same.
func (tx *Tx) SetTime(at time.Time) { tx.cfg.Now = func() time.Time { return at } }

// Stamp is the time in whole milliseconds, later than every stamp before: so it
// tells versions of a record apart, however slowly the clock goes.
func (tx *Tx) Stamp() time.Time {
	now := tx.cfg.Now().UTC().Truncate(time.Millisecond)
	if !now.After(tx.next.latest) {
		now = tx.next.latest.Add(time.Millisecond)
	}
	tx.next.latest = now
	return now
}
