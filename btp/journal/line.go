// Package journal is the journal outside of memory: an entry as a line of JSON,
// which the control API answers with, and the files that such lines are kept in.
package journal

import (
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Line is an entry as JSON (docs/wire.md, Control).
type Line struct {
	Seq     uint64        `json:"seq"`
	At      time.Time     `json:"at"`
	Kind    btp.EntryKind `json:"kind"`
	Point   btp.Point     `json:"point,omitempty"`
	Request uint64        `json:"request,omitempty"`
	Subject Subject       `json:"subject,omitzero"`
	Method  string        `json:"method,omitempty"`
	Path    string        `json:"path,omitempty"`
	Status  int           `json:"status,omitempty"`
	Rule    string        `json:"rule,omitempty"`
	Source  string        `json:"source,omitempty"`
	Detail  string        `json:"detail,omitempty"`
	Faults  []string      `json:"faults,omitempty"`
}

// Subject is whom an entry is about.
type Subject struct {
	System    btp.SystemID    `json:"system,omitempty"`
	Formation btp.FormationID `json:"formation,omitempty"`
	Name      string          `json:"name,omitempty"`
	Tenant    string          `json:"tenant,omitempty"`
	Instance  string          `json:"instance,omitempty"`
}

// LineOf is e as JSON.
func LineOf(e btp.Entry) Line {
	return Line{
		Seq: e.Sequence, At: e.At.UTC(), Kind: e.Kind, Point: e.Point, Request: e.Request,
		Subject: Subject(e.About),
		Method:  e.Method, Path: e.Path, Status: e.Status, Rule: e.Rule, Source: e.Source, Detail: e.Detail, Faults: e.Faults,
	}
}

// Entry is what LineOf made l of.
func (l Line) Entry() btp.Entry {
	return btp.Entry{
		Sequence: l.Seq, At: l.At.UTC(), Kind: l.Kind, Point: l.Point, Request: l.Request,
		About:  btp.Reference(l.Subject),
		Method: l.Method, Path: l.Path, Status: l.Status, Rule: l.Rule, Source: l.Source, Detail: l.Detail, Faults: l.Faults,
	}
}
