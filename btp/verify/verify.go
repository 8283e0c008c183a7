// Package verify holds what a test expects of the journal against it: how often
// something happened, or in what order. Where the expectation is not met, it
// tells the near misses: what came closest, and the fields in which it differs.
package verify

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

// Bounds of an expectation and its report.
const (
	MaxInOrder    = 100
	MaxNearMisses = 5
	// MaxEntries is how many entries a report names.
	MaxEntries = 1000
)

// Expectation is what a test expects: so many entries that match, or, with
// InOrder, one after the other. A match without a kind is about requests.
type Expectation struct {
	Match btp.EntryMatch
	// Exactly goes alone; without any of the three it is at least one.
	Exactly, AtLeast, AtMost *int
	InOrder                  []btp.EntryMatch
	// After is the sequence number behind which entries count.
	After uint64
}

// Check refuses with InvalidRequest what cannot be expected.
func (e Expectation) Check() error {
	counted := e.Exactly != nil || e.AtLeast != nil || e.AtMost != nil
	switch {
	case e.Exactly != nil && (e.AtLeast != nil || e.AtMost != nil):
		return btp.Errorf(btp.InvalidRequest, "exactly says it all; atLeast and atMost go without it")
	case e.AtLeast != nil && e.AtMost != nil && *e.AtLeast > *e.AtMost:
		return btp.Errorf(btp.InvalidRequest, "at least %d and at most %d cannot be", *e.AtLeast, *e.AtMost)
	case len(e.InOrder) > 0 && (counted || len(e.Match.Fields()) > 0):
		return btp.Errorf(btp.InvalidRequest, "inOrder has its own matches and is not counted; it goes without match, exactly, atLeast and atMost")
	case len(e.InOrder) > MaxInOrder:
		return btp.Errorf(btp.InvalidRequest, "inOrder has %d matches; the most are %d", len(e.InOrder), MaxInOrder)
	}
	for _, n := range []*int{e.Exactly, e.AtLeast, e.AtMost} {
		if n != nil && *n < 0 {
			return btp.Errorf(btp.InvalidRequest, "nothing happens %d times; a number is 0 or more", *n)
		}
	}
	for i, m := range append(slices.Clone(e.InOrder), e.Match) {
		err := m.Check()
		var refused *btp.Error
		if i < len(e.InOrder) && errors.As(err, &refused) {
			err = btp.Errorf(refused.Code, "inOrder[%d]: %s", i, refused.Detail)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Report says whether an expectation is met.
type Report struct {
	Met bool
	// Found is how many entries match; of InOrder, how many were found in order.
	Found int
	// Expected is the expectation in words.
	Expected string
	// Complete says that no entry that may count has been dropped from the journal.
	Complete bool
	// Entries are the sequence numbers of what was found.
	Entries []uint64
	// NearMisses are what came closest to what is missing, closest first.
	NearMisses []NearMiss
}

// NearMiss is an entry that is nearly what was expected.
type NearMiss struct {
	Entry       btp.Entry
	Differences []btp.Difference
}

// Against holds e against entries, which are in the order of their numbers.
// complete says that none has been dropped before them.
func (e Expectation) Against(entries []btp.Entry, complete bool) Report {
	for len(entries) > 0 && entries[0].Sequence <= e.After {
		entries = entries[1:]
	}
	if len(e.InOrder) > 0 {
		r := e.ordered(entries)
		r.Complete = complete
		return r
	}
	r := e.counted(entries)
	r.Complete = complete
	return r
}

// requests makes a match one of requests, unless it says of what it is.
func requests(m btp.EntryMatch) btp.EntryMatch {
	if m.Kind == "" {
		m.Kind = btp.EntryRequest
	}
	return m
}

func (e Expectation) counted(entries []btp.Entry) Report {
	match := requests(e.Match)
	least, most, words := e.bounds()
	r := Report{Expected: words + " " + noun(match.Kind, plural(e)) + described(match), Entries: []uint64{}}
	for i := range entries {
		if !match.Matches(&entries[i]) {
			continue
		}
		if r.Found++; len(r.Entries) < MaxEntries {
			r.Entries = append(r.Entries, entries[i].Sequence)
		}
	}
	r.Met = r.Found >= least && (most < 0 || r.Found <= most)
	if r.Found < least {
		r.NearMisses = nearest(match, entries, 0)
	}
	return r
}

// bounds are the least and the most entries, -1 for any number, and both in words.
func (e Expectation) bounds() (least, most int, words string) {
	switch {
	case e.Exactly != nil:
		return *e.Exactly, *e.Exactly, fmt.Sprintf("exactly %d", *e.Exactly)
	case e.AtLeast != nil && e.AtMost != nil:
		return *e.AtLeast, *e.AtMost, fmt.Sprintf("at least %d and at most %d", *e.AtLeast, *e.AtMost)
	case e.AtMost != nil:
		return 0, *e.AtMost, fmt.Sprintf("at most %d", *e.AtMost)
	case e.AtLeast != nil:
		return *e.AtLeast, -1, fmt.Sprintf("at least %d", *e.AtLeast)
	}
	return 1, -1, "at least 1"
}

// plural says whether what is counted is more than one.
func plural(e Expectation) bool {
	least, most, _ := e.bounds()
	return max(least, most) != 1
}

// nouns are the plural and singular of kinds.
var nouns = map[btp.EntryKind][2]string{
	btp.EntryRequest: {"requests", "request"}, btp.EntryDecision: {"decisions", "decision"}, btp.EntryRefusal: {"refusals", "refusal"},
	btp.EntryTransition: {"transitions", "transition"}, btp.EntryDue: {"pieces of due work", "piece of due work"}, btp.EntryCall: {"calls", "call"},
}

func noun(kind btp.EntryKind, many bool) string {
	if many {
		return nouns[kind][0]
	}
	return nouns[kind][1]
}

// described is a match in words, without its kind.
func described(m btp.EntryMatch) string {
	var parts []string
	for _, field := range m.Fields() {
		if field[0] != "kind" {
			parts = append(parts, field[0]+" "+field[1])
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " with " + strings.Join(parts, ", ")
}

// ordered finds the matches one after the other, each as early as it can be:
// if that leads nowhere, nothing does.
func (e Expectation) ordered(entries []btp.Entry) Report {
	var words []string
	for _, m := range e.InOrder {
		m = requests(m)
		words = append(words, "a "+noun(m.Kind, false)+described(m))
	}
	r := Report{Expected: strings.Join(words, ", then "), Entries: []uint64{}}
	next := 0 // the first entry that is behind what was found
	for _, m := range e.InOrder {
		m = requests(m)
		at := slices.IndexFunc(entries[next:], func(one btp.Entry) bool { return m.Matches(&one) })
		if at < 0 {
			r.NearMisses = nearest(m, entries, next)
			return r
		}
		next += at + 1
		r.Found++
		r.Entries = append(r.Entries, entries[next-1].Sequence)
	}
	r.Met = true
	return r
}

// nearest are the entries that come closest to a match. Those before the index
// behind come too early, whatever they are.
func nearest(m btp.EntryMatch, entries []btp.Entry, behind int) []NearMiss {
	asked := len(m.Fields()) - 1 // the kind is given
	type candidate struct {
		NearMiss
		distance int
	}
	var all []candidate
	for i := range entries {
		e := &entries[i]
		if e.Kind != m.Kind {
			continue
		}
		differences := m.Differences(e)
		if asked > 1 && len(differences) >= asked {
			continue // nothing is as it was meant
		}
		if i < behind {
			differences = append(differences, btp.Difference{
				Field:    "order",
				Expected: fmt.Sprintf("behind entry %d", entries[behind-1].Sequence),
				Found:    fmt.Sprintf("entry %d", e.Sequence),
			})
		}
		if len(differences) == 0 {
			continue // it was found; others are missing
		}
		c := candidate{NearMiss{*e, differences}, 0}
		for _, d := range differences {
			c.distance += distance(d.Expected, d.Found)
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(len(a.Differences), len(b.Differences)), cmp.Compare(a.distance, b.distance))
	})
	misses := make([]NearMiss, 0, MaxNearMisses)
	for _, c := range all[:min(len(all), MaxNearMisses)] {
		misses = append(misses, c.NearMiss)
	}
	return misses
}

// distance is how many bytes two texts have beside what they begin and end with.
func distance(a, b string) int {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) + len(b)
}
