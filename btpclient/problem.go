package btpclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem is a refusal of pairsim's own APIs (RFC 9457). Compare Code: title and
// detail are for people. An answer that is no problem document has its status alone.
type Problem struct {
	Type, Title string
	// Code is the last part of Type: token-expired.
	Code   string
	Status int
	// Detail is about this one; Next says what to do now; Source names the
	// document that the refusal rests on.
	Detail, Next, Source string
	// Blockers are the objects that stand in the way, where the refusal names them.
	Blockers []Blocker
	// Findings are what is wrong with the document that was sent.
	Findings     []Finding
	Method, Path string
}

// Finding is one thing that is wrong with a document; Path is where, as $.systems[3].name.
type Finding struct {
	Path    string `json:"path"`
	Problem string `json:"problem"`
}

// Blocker is an object that must go before something can be done. Kind is
// system, formation, entitlement or subaccount.
type Blocker struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (p *Problem) Error() string {
	text := fmt.Sprintf("%s %s answered %d", p.Method, p.Path, p.Status)
	for _, part := range []string{p.Title, p.Detail} {
		if part != "" {
			text += ": " + part
		}
	}
	if p.Code != "" {
		text += " (" + p.Code + ")"
	}
	return text
}

// CodeOf is the code of the refusal that err is or wraps, *Problem or
// *RefusedError, and "" when it is none.
func CodeOf(err error) string {
	var p *Problem
	var refused *RefusedError
	switch {
	case errors.As(err, &p):
		return p.Code
	case errors.As(err, &refused):
		return refused.Reason
	}
	return ""
}

// nobodyNamed is the refusal of a search for the one object of a kind that has a name.
func nobodyNamed(kind, ga, name string) *Problem {
	return &Problem{
		Type: "urn:pairsim:problem:" + kind + "-not-found", Code: kind + "-not-found", Title: "No such " + kind, Status: http.StatusNotFound,
		Detail: fmt.Sprintf("global account %s has no %s %q", ga, kind, name), Next: "List " + kind + "s: pairsim " + kind + "s list.", Source: "pairsim",
		Method: http.MethodGet, Path: accountPath(ga) + "/" + kind + "s",
	}
}

func problemOf(status int, method, path string, body []byte) *Problem {
	var doc struct {
		Type, Title, Detail, Next, Source string
		Blockers                          []Blocker
		Findings                          []Finding
	}
	p := &Problem{Status: status, Method: method, Path: path}
	if json.Unmarshal(body, &doc) != nil || doc.Type == "" {
		p.Title = http.StatusText(status)
		return p
	}
	p.Type, p.Title, p.Detail = clean(doc.Type), clean(doc.Title), clean(doc.Detail)
	p.Next, p.Source = clean(doc.Next), clean(doc.Source)
	for _, b := range doc.Blockers {
		p.Blockers = append(p.Blockers, Blocker{clean(b.Kind), clean(b.ID), clean(b.Name)})
	}
	for _, f := range doc.Findings {
		p.Findings = append(p.Findings, Finding{clean(f.Path), clean(f.Problem)})
	}
	if code, ours := strings.CutPrefix(p.Type, "urn:pairsim:problem:"); ours {
		p.Code = code
	}
	return p
}

// RefusedError is an answer other than the one expected. Reason is the header
// Pairsim-Reason, or the code of a problem document; empty when the server gave
// none. Message is the server's text, Next what it says to do now. Rule is the
// rule of a strict registry that the call broke. Path has no query, so no token.
type RefusedError struct {
	Status                int
	Reason, Message, Next string
	Rule                  string
	Method, Path          string
}

func (e *RefusedError) Error() string {
	text := fmt.Sprintf("%s %s answered %d", e.Method, e.Path, e.Status)
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Reason != "" {
		text += " (" + e.Reason + ")"
	}
	return text
}

// UnreachableError is a call that got no whole answer.
type UnreachableError struct {
	Method, Path string
	Err          error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("%s %s got no answer: %v", e.Method, e.Path, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// ForeignHostError refuses a URL outside the configured registry; nothing was sent.
type ForeignHostError struct{ Host, Path string }

func (e *ForeignHostError) Error() string {
	return fmt.Sprintf("%s (for %s) is not the configured registry; nothing was sent there", e.Host, e.Path)
}

// unreachable drops the URL that net/http puts before its errors: it can hold a token.
func unreachable(call Call, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return &UnreachableError{Method: call.Method, Path: call.Path, Err: err}
}

// refused reads the error bodies of all our wires: {"code","error"} of the
// connector and registry (pairing-protocols §1.1), {"status","message"} of
// events (§4.1), problem documents, and plain text.
func refused(call Call, header http.Header, body []byte) error {
	e := &RefusedError{Status: call.Status, Method: call.Method, Path: call.Path, Reason: clean(header.Get("Pairsim-Reason"))}
	e.Rule = clean(header.Get("Pairsim-Strict"))
	var doc struct {
		Error, Message, Title, Detail, Type, Next string
		Details                                   []struct{ Field string }
	}
	if json.Unmarshal(body, &doc) != nil {
		if json.Valid(body) {
			return e
		}
		e.Message = clean(string(body))
		return e
	}
	for _, text := range []string{doc.Error, doc.Detail, doc.Message, doc.Title} {
		if text != "" {
			e.Message = clean(text)
			break
		}
	}
	if len(doc.Details) > 0 && doc.Details[0].Field != "" {
		e.Message += ": " + clean(doc.Details[0].Field)
	}
	if code, ok := strings.CutPrefix(doc.Type, "urn:pairsim:problem:"); ok && e.Reason == "" {
		e.Reason = clean(code)
	}
	e.Next = clean(doc.Next)
	return e
}

// clean bounds a server's text and keeps control characters out of logs.
func clean(text string) string {
	const limit = 500
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))
	if len(text) <= limit {
		return text
	}
	cut := limit
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
