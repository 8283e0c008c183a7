// Package sequence draws journal entries as a sequence diagram: who asked whom,
// what came of it, which rule refused and when. It writes Mermaid, for documents
// and issues, and SVG, which any browser shows. Names and texts in entries come
// from outside: in a diagram they are text and nothing else.
package sequence

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Diagram is a sequence diagram.
type Diagram struct {
	// Participants are names, from left to right.
	Participants []string
	Steps        []Step
}

// Kind is how a step is drawn.
type Kind int

// The kinds of steps.
const (
	Request Kind = iota // an arrow
	Answer              // an arrow back
	Failure             // an arrow back that brings bad news
	Note                // what a participant did
	Refused             // a note: what it refused
	Due                 // a note: what the clock brought
)

var kindNames = [...]string{Request: "request", Answer: "answer", Failure: "failure", Note: "note", Refused: "refused", Due: "due"}

// String is the kind's name.
func (k Kind) String() string { return kindNames[k] }

// Step is one arrow, or a note over From. From and To are indexes of participants.
type Step struct {
	Kind     Kind
	From, To int
	// Lines are the text.
	Lines []string
	// Entry is the number of the entry that it was drawn from, the first of several.
	Entry uint64
}

// The participants that are no tenants, in the order in which they stand.
const (
	control  = "Control"
	operator = "Operator"
	registry = "Registry"
	client   = "Client"
	workload = "Workload"
	target   = "Target"
)

// Of makes the diagram of entries, which are in the order of their numbers. more
// says that there are further entries behind them.
func Of(entries []btp.Entry, more bool) Diagram {
	d := drawing{asked: map[uint64]*btp.Entry{}, begun: map[uint64]bool{}, tenants: map[btp.SystemID]string{}}
	for i := range entries {
		e := &entries[i]
		if e.Kind == btp.EntryRequest {
			d.asked[e.Request] = e
		}
		if e.About.Tenant != "" && e.About.System != "" {
			d.tenants[e.About.System] = e.About.Tenant
		}
	}
	d.findParticipants(entries)
	for i := range entries {
		d.add(&entries[i])
	}
	switch {
	case len(entries) == 0:
		d.note(Note, "nothing happened")
	case more:
		d.note(Note, fmt.Sprintf("more happened behind entry %d", entries[len(entries)-1].Sequence))
	}
	return d.Diagram
}

// drawing is a diagram as it grows.
type drawing struct {
	Diagram
	asked   map[uint64]*btp.Entry // requests by number
	begun   map[uint64]bool       // those whose arrow is drawn
	tenants map[btp.SystemID]string
	// of is what the latest note is of, so that the next of the same goes into it.
	of struct {
		request uint64
		at      time.Time
		kind    Kind
	}
}

func (d *drawing) findParticipants(entries []btp.Entry) {
	seen := map[string]bool{registry: true}
	var others []string
	for i := range entries {
		var who string
		switch e := &entries[i]; e.Kind { //nolint:exhaustive // the others are about the registry alone
		case btp.EntryRequest:
			who = d.asker(e)
		case btp.EntryCall:
			who = d.called(e)
		}
		if who != "" && !seen[who] {
			seen[who] = true
			if who != control && who != operator {
				others = append(others, who)
			}
		}
	}
	for _, who := range []string{control, operator, registry} {
		if seen[who] {
			d.Participants = append(d.Participants, who)
		}
	}
	d.Participants = append(d.Participants, others...)
}

// ours are the paths of an operator's calls; all others are a tenant's.
var ours = []string{"/api/", "/.well-known/", "/oauth/", "/token_keys", "/healthz", "/readyz", "/metrics", "/ca.pem"}

// asker is who sent a request.
func (d *drawing) asker(e *btp.Entry) string {
	if strings.HasPrefix(e.Path, "/control") {
		return control
	}
	if e.Path == "/" || slices.ContainsFunc(ours, func(prefix string) bool { return strings.HasPrefix(e.Path, prefix) }) {
		return operator
	}
	if strings.HasPrefix(e.Path, "/gateway/") || strings.HasPrefix(e.Path, "/gateway-ucl/") {
		return workload
	}
	return d.tenant(e)
}

// called is whom the registry or its gateway called: a target of the gateway is a
// tenant's own, or somebody else's.
func (d *drawing) called(e *btp.Entry) string {
	if strings.HasPrefix(string(e.Point), "gateway.") && !strings.HasPrefix(e.Path, "/tenants/") {
		return target
	}
	return d.tenant(e)
}

// tenant is whose request or call it is, as far as the entries tell.
func (d *drawing) tenant(e *btp.Entry) string {
	if id := cmp.Or(e.About.Tenant, d.tenants[e.About.System]); id != "" {
		return "Tenant " + id
	}
	return client
}

func (d *drawing) index(who string) int { return slices.Index(d.Participants, who) }

func (d *drawing) add(e *btp.Entry) {
	d.begin(e)
	me := d.index(registry)
	switch e.Kind {
	case btp.EntryRequest:
		kind, text := Answer, strconv.Itoa(e.Status)
		switch {
		case e.Status == 0:
			kind, text = Failure, cmp.Or(e.Detail, "no answer")
		case e.Status >= 400:
			kind, text = Failure, text+" "+e.Rule
		}
		d.arrow(e, kind, me, d.index(d.asker(e)), text)
	case btp.EntryCall:
		whom := d.index(d.called(e))
		d.arrow(e, Request, me, whom, e.Method+" "+e.Path)
		kind, text := Answer, strconv.Itoa(e.Status)
		if e.Status < 200 || e.Status > 299 {
			kind, text = Failure, cmp.Or(e.Detail, text)
		}
		d.arrow(e, kind, whom, me, text)
	case btp.EntryRefusal:
		d.append(e, Refused, "refused: "+e.Rule+bracketed(e.Source), e.Detail)
	case btp.EntryDue:
		d.append(e, Due, "due: "+cmp.Or(e.Detail, btp.Points[e.Point].Text)+bracketed(e.Source))
	case btp.EntryTransition:
		d.append(e, Note, named(e.About)+e.Detail+bracketed(e.Source))
	case btp.EntryDecision:
		d.append(e, Note, cmp.Or(e.Detail, btp.Points[e.Point].Text)+bracketed(e.Source))
	}
}

// begin draws the arrow of the request that e came from, once: its own entry
// comes last.
func (d *drawing) begin(e *btp.Entry) {
	asked := d.asked[e.Request]
	if asked == nil || e.Request == 0 && e.Kind != btp.EntryRequest || d.begun[e.Request] {
		return
	}
	d.begun[e.Request] = e.Request != 0
	if e.Kind == btp.EntryRequest {
		asked = e
	}
	d.arrow(asked, Request, d.index(d.asker(asked)), d.index(registry), asked.Method+" "+asked.Path)
}

func (d *drawing) arrow(of *btp.Entry, kind Kind, from, to int, text string) {
	d.Steps = append(d.Steps, Step{Kind: kind, From: from, To: to, Lines: []string{text}, Entry: of.Sequence})
	d.of.at = time.Time{}
}

// append adds to the latest note what happened in the same request at the same
// instant, and else begins one, with the instant.
func (d *drawing) append(e *btp.Entry, kind Kind, lines ...string) {
	lines = slices.DeleteFunc(lines, func(line string) bool { return line == "" })
	if !d.of.at.IsZero() && d.of.at.Equal(e.At) && d.of.request == e.Request && d.of.kind == kind {
		last := &d.Steps[len(d.Steps)-1]
		last.Lines = append(last.Lines, lines...)
		return
	}
	d.note(kind, append([]string{e.At.UTC().Format(time.RFC3339Nano)}, lines...)...)
	d.Steps[len(d.Steps)-1].Entry = e.Sequence
	d.of.at, d.of.request, d.of.kind = e.At, e.Request, kind
}

func (d *drawing) note(kind Kind, lines ...string) {
	at := d.index(registry)
	d.Steps = append(d.Steps, Step{Kind: kind, From: at, To: at, Lines: lines})
}

func named(about btp.Reference) string {
	if about.Name == "" {
		return ""
	}
	return about.Name + ": "
}

func bracketed(source string) string {
	if source == "" {
		return ""
	}
	return " [" + source + "]"
}
