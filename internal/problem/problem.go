// Package problem writes problem documents (RFC 9457), the answer of every
// refusal on our own APIs. It knows no codes: each server keeps its own table.
package problem

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/pairsim/pairsim/internal/secret"
)

// ContentType is the media type of a problem document (RFC 9457 §3).
const ContentType = "application/problem+json"

// ReasonHeader carries a refusal's code on the vendors' wires, whose bodies have
// no place for it.
const ReasonHeader = "Pairsim-Reason"

// TypePrefix stands before the code in a document's type.
const TypePrefix = "urn:pairsim:problem:"

// Document is one problem document. Title is the same for every occurrence of a
// type; Detail is about this one. Next (what to do now), Source (the document
// that the refusal rests on), Blockers and Findings are our extension members.
type Document struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail,omitempty"`
	Instance string `json:"instance,omitempty"`
	Next     string `json:"next,omitempty"`
	Source   string `json:"source,omitempty"`
	// Blockers are the objects that stand in the way.
	Blockers []Blocker `json:"blockers,omitempty"`
	// Findings are what is wrong with a document that was sent.
	Findings []Finding `json:"findings,omitempty"`
}

// Finding is one thing that is wrong with a document; Path is where.
type Finding struct {
	Path    string `json:"path"`
	Problem string `json:"problem"`
}

// Blocker is an object that must go before something can be done.
type Blocker struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Write answers with d, under d.Status; 500 stands for a status that is no error.
func Write(w http.ResponseWriter, d Document) {
	if d.Status < 400 || d.Status > 599 {
		d.Status = http.StatusInternalServerError
	}
	if d.Type == "" {
		d.Type = "about:blank"
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(d) // strings and a number always encode
	h := w.Header()
	h.Set("Content-Type", ContentType)
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(d.Status)
	_, _ = w.Write(body.Bytes())
}

// longestPart is the most bytes of a part of a path that is told again. Ids and
// names are shorter, tokens longer.
const longestPart = 64

// mostParts of a path are told, the empty one before the first slash included.
const mostParts = 12

// isPlain says that a path can be told as it is, which nearly all can.
func isPlain(path string) bool {
	parts, length := 1, 0
	for i := range len(path) {
		switch c := path[i]; {
		case c == '/':
			parts, length = parts+1, 0
		case c == '?' || c < 0x20 || c >= 0x7f:
			return false
		default:
			length++
		}
		if length > longestPart || parts > mostParts {
			return false
		}
	}
	return true
}

// Path is a request's path as logs, journals and answers may tell it again. A
// client that escapes the ? of a token URL puts the token into the path, so what
// follows a ? and parts too long for an id are left out.
func Path(path string) string {
	if isPlain(path) {
		return secret.Mask(path)
	}
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(path, "/")
	if len(parts) > mostParts {
		parts = append(parts[:mostParts], "…")
	}
	for i, part := range parts {
		if len(part) > longestPart {
			parts[i] = "…"
		}
	}
	return secret.Mask(strings.ToValidUTF8(strings.Join(parts, "/"), "?"))
}
