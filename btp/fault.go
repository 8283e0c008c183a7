package btp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// MaxFaults is the most faults of an environment.
const MaxFaults = 100

// FaultPoints are the points that can be made to fail so far: the ends of the
// moves that the documents give an error status, and the registration of services,
// whose failure ends a pairing (design §4 pairing attempt).
var FaultPoints = []Point{
	PointServiceCreate, PointDeregisterTell, PointDeregisterDone, PointRemoveDone, PointFormationSync, PointFormationDeleted,
}

// Fault makes a step fail on purpose. Faults are kept in the process.
type Fault struct {
	ID    string
	Point Point
	// Subject is the id of the system or formation that it is for; "" for all.
	Subject string
	// Cause is what the failure says.
	Cause string
	// Times is how often it strikes; 0: until it is removed. Struck counts.
	Times, Struck int
}

// faults are the faults of an environment.
type faults struct {
	mu   sync.Mutex
	last int
	list []Fault
}

// strike returns the failure of a step that has a fault, nil for the others.
func (f *faults) strike(point Point, about *Reference) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.list {
		one := &f.list[i]
		if one.Point != point || one.Times > 0 && one.Struck >= one.Times ||
			one.Subject != "" && one.Subject != string(about.System) && one.Subject != string(about.Formation) {
			continue
		}
		one.Struck++
		return Errorf(FaultInjected, "%s", one.Cause)
	}
	return nil
}

// AddFault makes a point fail. It refuses with InvalidRequest a point that
// cannot, and more than MaxFaults.
func (r *Registry) AddFault(_ context.Context, f Fault) (Fault, error) {
	if !slices.Contains(FaultPoints, f.Point) {
		names := make([]string, len(FaultPoints))
		for i, p := range FaultPoints {
			names[i] = string(p)
		}
		return Fault{}, Errorf(InvalidRequest, "there is no fault point %q; points are %s", clip(string(f.Point)), strings.Join(names, ", "))
	}
	if f.Times < 0 || len(f.Cause) > maxCause || len(f.Subject) > maxCause {
		return Fault{}, Errorf(InvalidRequest, "a fault strikes 0 times (always) or more; subject and cause have at most %d bytes", maxCause)
	}
	if f.Cause == "" {
		f.Cause = "a fault was set at " + string(f.Point)
	}
	r.faults.mu.Lock()
	defer r.faults.mu.Unlock()
	if len(r.faults.list) >= MaxFaults {
		return Fault{}, Errorf(InvalidRequest, "there are %d faults already; remove some", MaxFaults)
	}
	r.faults.last++
	f.ID, f.Struck = fmt.Sprint(r.faults.last), 0
	r.faults.list = append(r.faults.list, f)
	return f, nil
}

// Faults lists the faults, oldest first.
func (r *Registry) Faults() []Fault {
	r.faults.mu.Lock()
	defer r.faults.mu.Unlock()
	return slices.Clone(r.faults.list)
}

// RemoveFault removes a fault, "" all of them. It refuses with FaultNotFound.
func (r *Registry) RemoveFault(_ context.Context, id string) error {
	r.faults.mu.Lock()
	defer r.faults.mu.Unlock()
	if id == "" {
		r.faults.list = nil
		return nil
	}
	before := len(r.faults.list)
	r.faults.list = slices.DeleteFunc(r.faults.list, func(f Fault) bool { return f.ID == id })
	if len(r.faults.list) == before {
		return Errorf(FaultNotFound, "there is no fault %q", clip(id))
	}
	return nil
}

// maxCause bounds what somebody else says of a failure, in bytes.
const maxCause = 500
