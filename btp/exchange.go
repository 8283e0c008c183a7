package btp

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// Exchange is one request to the registry and its answer. The steps that the
// request takes leave in it what they were and what they have to say to the
// answer, which only the listener can carry out. It is safe for concurrent use.
type Exchange struct {
	// generation is the one that the request has seen, plus one; 0: none yet.
	generation atomic.Uint64

	number uint64

	mu      sync.Mutex
	point   Point
	about   Reference
	refusal Code

	// Repeated says that this is the second time that a request is carried out: a
	// fault duplicated it, and none does so again.
	Repeated bool
	// Waits is called before a step of the request begins to wait, for a fault says
	// so; nil: nobody minds.
	Waits func()

	visited []Point
	faults  WireFaults
}

// WireFaults are what faults do to an answer, or to a call.
type WireFaults struct {
	// Rules are the ids of all rules that touched it, also of those that refused or
	// delayed it.
	Rules []string
	// Drop closes the connection without an answer.
	Drop bool
	// Answer and Problem stand in the place of the answer; at most one is set.
	Answer  *FaultAnswer
	Problem *FaultProblem
	// Corrupt are the parts that are garbled.
	Corrupt []Corruption
	// Truncate, if set, is the action that says where the answer breaks off.
	Truncate *FaultAction
	// Duplicate carries the request, or the call, out once more; the second answer counts.
	Duplicate bool
}

// NewExchange is the exchange of a request with this number.
func NewExchange(number uint64) *Exchange { return &Exchange{number: number} }

// Begin gives the request its number (Journal.NextRequest), before its first step.
func (x *Exchange) Begin(number uint64) { x.number = number }

type exchangeKey struct{}

// Number is the number of the request.
func (x *Exchange) Number() uint64 { return x.number }

// WithExchange returns a context whose steps belong to x.
func WithExchange(ctx context.Context, x *Exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// ExchangeOf returns the exchange that ctx belongs to; nil for work that no
// request waits for.
func ExchangeOf(ctx context.Context) *Exchange {
	x, _ := ctx.Value(exchangeKey{}).(*Exchange)
	return x
}

// Note says which step the request has come to and whom it is about. The last
// step is the one that answers; what it does not know stays as it was.
func (x *Exchange) Note(point Point, about Reference) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if point != "" {
		x.point = point
	}
	if about != (Reference{}) {
		x.about = about
	}
}

// Mention says whom the request is about, unless a step has said so.
func (x *Exchange) Mention(about Reference) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.about == (Reference{}) {
		x.about = about
	}
}

// Refuse says with which code the request is answered.
func (x *Exchange) Refuse(code Code) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.refusal = code
}

// Refusal is the code with which the request is answered, "" for none.
func (x *Exchange) Refusal() Code {
	if x == nil {
		return ""
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.refusal
}

// Last returns the step that answers and whom it is about.
func (x *Exchange) Last() (Point, Reference) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.point, x.about
}

// origin is the step that work belongs to, and the request that it came from.
type origin struct {
	request uint64
	point   Point
	about   *Reference
}

type originKey struct{}

// within returns a context whose calls belong to a step.
func within(ctx context.Context, point Point, about *Reference) context.Context {
	return context.WithValue(ctx, originKey{}, &origin{requestOf(ctx), point, about})
}

// WithinStepOf returns ctx as one whose calls belong to the step that runs in
// step: for calls that are bounded otherwise than the step is.
func WithinStepOf(ctx, step context.Context) context.Context {
	if o := step.Value(originKey{}); o != nil {
		return context.WithValue(ctx, originKey{}, o)
	}
	return ctx
}

// causedBy returns a context for work that goes on behind a request.
func causedBy(ctx context.Context, request uint64) context.Context {
	return context.WithValue(ctx, originKey{}, &origin{request: request})
}

// requestOf is the number of the request that work came from, 0 for none.
func requestOf(ctx context.Context) uint64 {
	if x := ExchangeOf(ctx); x != nil {
		return x.number
	}
	if o, ok := ctx.Value(originKey{}).(*origin); ok {
		return o.request
	}
	return 0
}

// OutboundCall is a call that the registry made to somebody else.
type OutboundCall struct {
	// Method and Path are the request's; Path has no query.
	Method, Path string
	// Status is the answer's; 0 when there was none, Failure then says why.
	Status  int
	Failure string
}

// NoteCall journals a call that was made within a step or a request, and returns the
// number of its entry.
func (r *Registry) NoteCall(ctx context.Context, c OutboundCall) uint64 {
	e := Entry{
		At: r.Now(), Kind: EntryCall, Request: requestOf(ctx),
		Method: c.Method, Path: c.Path, Status: c.Status, Detail: c.Failure,
	}
	if o, ok := ctx.Value(originKey{}).(*origin); ok && o.about != nil {
		e.Point, e.About = o.point, *o.about
	} else if x := ExchangeOf(ctx); x != nil {
		e.Point, e.About = x.Last()
	}
	return r.journal.Append(e)
}

// Faults are what faults do to the answer.
func (x *Exchange) Faults() WireFaults {
	if x == nil {
		return WireFaults{}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	f := x.faults
	f.Rules, f.Corrupt = slices.Clone(f.Rules), slices.Clone(f.Corrupt)
	return f
}

// Status is the status that the answer has on the wire, when the registry's own
// is given; 0 for an answer that is never sent.
func (f WireFaults) Status(own int) int {
	switch {
	case f.Drop:
		return 0
	case f.Answer != nil:
		return f.Answer.Status
	case f.Problem != nil:
		return f.Problem.Status
	}
	return own
}

// comes notes that the request has come to a point; false if it was there
// before: some requests take a step twice, and are one visit.
func (x *Exchange) comes(to Point) bool {
	if x == nil {
		return true
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if slices.Contains(x.visited, to) {
		return false
	}
	x.visited = append(x.visited, to)
	return true
}

// touch notes what a strike does to the answer.
func (x *Exchange) touch(s strike) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	f, a := &x.faults, s.action
	if !slices.Contains(f.Rules, s.rule) {
		f.Rules = append(f.Rules, s.rule)
	}
	switch a.Kind {
	case FaultFail:
		if f.Answer == nil && f.Problem == nil {
			f.Answer, f.Problem = a.Answer, a.Problem
		}
	case FaultDrop:
		f.Drop = true
	case FaultTruncate:
		f.Truncate = &a
	case FaultCorrupt:
		f.Corrupt = append(f.Corrupt, a.Part)
	case FaultDuplicate:
		f.Duplicate = true
	case FaultDelay, FaultHold:
	}
}
