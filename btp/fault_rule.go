package btp

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// faults are the rules of an environment. Where there are none, which is nearly
// always, a step pays one atomic load.
type faults struct {
	rules atomic.Pointer[[]*faultRule] // never changed in place; nil: none

	mu   sync.Mutex // of changes
	last int
}

// faultRule is a rule that is set.
type faultRule struct {
	fault Fault // but for its counts it does not change
	// points are those that it covers and where its action makes sense.
	points map[Point]bool

	mu     sync.Mutex
	visits map[visit]int
}

// visit is a point that a subject comes to.
type visit struct {
	point   Point
	subject string
}

// maxVisits bounds what a rule remembers; further subjects are counted as one.
const maxVisits = 1 << 16

func (f *faults) all() []*faultRule {
	if rules := f.rules.Load(); rules != nil {
		return *rules
	}
	return nil
}

func (f *faults) add(rules []*faultRule) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	present := f.all()
	if len(present)+len(rules) > MaxFaults {
		return Errorf(InvalidRequest, "there are %d faults already, and %d are the most; remove some", len(present), MaxFaults)
	}
	for _, rule := range rules {
		f.last++
		rule.fault.ID = fmt.Sprint(f.last)
	}
	next := slices.Concat(present, rules)
	f.rules.Store(&next)
	return nil
}

// reset removes all rules and begins to count anew: the next rule has the id of
// the first.
func (f *faults) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules.Store(nil)
	f.last = 0
}

func (f *faults) remove(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if id == "" {
		f.rules.Store(nil)
		return nil
	}
	present := f.all()
	next := slices.DeleteFunc(slices.Clone(present), func(rule *faultRule) bool { return rule.fault.ID == id })
	switch len(next) {
	case len(present):
		return Errorf(FaultNotFound, "there is no fault %q", clip(id))
	case 0:
		f.rules.Store(nil)
	default:
		f.rules.Store(&next)
	}
	return nil
}

func (rule *faultRule) state() Fault {
	rule.mu.Lock()
	defer rule.mu.Unlock()
	return rule.fault
}

// subject is who comes to a point, as far as is known before the step is taken.
type subject struct {
	Reference
	systemType string
}

// key tells subjects apart while they are counted.
func (s subject) key() string {
	if s.System == "" && s.Formation == "" {
		return s.Name
	}
	return string(s.System) + "/" + string(s.Formation)
}

func (m FaultMatch) takes(s subject) bool {
	return (m.System == "" || m.System == s.System) && (m.Formation == "" || m.Formation == s.Formation) &&
		(m.SystemType == "" || m.SystemType == s.systemType) && (m.Tenant == "" || m.Tenant == s.Tenant)
}

// visited counts a visit and says whether the rule strikes it.
func (rule *faultRule) visited(seed uint64, point Point, s subject) bool {
	rule.mu.Lock()
	defer rule.mu.Unlock()
	rule.fault.Considered++
	v := visit{point, s.key()}
	if _, known := rule.visits[v]; !known && len(rule.visits) >= maxVisits {
		v.subject = "\x00others"
	}
	rule.visits[v]++
	n := rule.visits[v]
	schedule := rule.fault.Schedule
	if schedule.Limit > 0 && rule.fault.Struck >= schedule.Limit || !schedule.hits(n, func() float64 { return drawn(seed, point, s.Name, n) }) {
		return false
	}
	rule.fault.Struck++
	return true
}

// drawn is a number from 0 up to 1 that depends on nothing else: other traffic
// changes nothing (design §6). A subject goes by its name, which is the same in
// the next run.
func drawn(seed uint64, point Point, name string, n int) float64 {
	var number [8]byte
	h := sha256.New()
	binary.BigEndian.PutUint64(number[:], seed)
	h.Write(number[:])
	fmt.Fprintf(h, "%q %q", point, name)
	binary.BigEndian.PutUint64(number[:], uint64(n)) //nolint:gosec // a count
	h.Write(number[:])
	return float64(binary.BigEndian.Uint64(h.Sum(nil)[:8])>>11) / (1 << 53)
}
