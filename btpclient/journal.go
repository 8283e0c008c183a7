package btpclient

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// JournalEntry is a line of the journal. Kind is request, decision, refusal,
// transition, due or call.
type JournalEntry struct {
	Seq   uint64    `json:"seq"`
	At    time.Time `json:"at"`
	Kind  string    `json:"kind"`
	Point string    `json:"point,omitempty"`
	// Request is the number of the request that it came from.
	Request uint64         `json:"request,omitempty"`
	Subject JournalSubject `json:"subject,omitzero"`
	Method  string         `json:"method,omitempty"`
	Path    string         `json:"path,omitempty"`
	Status  int            `json:"status,omitempty"`
	Rule    string         `json:"rule,omitempty"`
	Source  string         `json:"source,omitempty"`
	Detail  string         `json:"detail,omitempty"`
	// Faults are the ids of the rules that touched it.
	Faults []string `json:"faults,omitempty"`
}

// JournalSubject is whom an entry is about.
type JournalSubject struct {
	System    string `json:"system,omitempty"`
	Formation string `json:"formation,omitempty"`
	Name      string `json:"name,omitempty"`
	Tenant    string `json:"tenant,omitempty"`
	Instance  string `json:"instance,omitempty"`
}

// EntryMatch says which entries are meant; empty fields take every entry. System
// and Formation are an id or a name, Point may be like pairing.*, a part of Path
// may be *, Status may be like 4xx. From and To are on the environment's clock.
type EntryMatch struct {
	Kind, System, Formation, Tenant, Point, Rule, Source, Method, Path, PathPrefix, Status string

	Request  uint64
	From, To time.Time
}

// fields are what is said, by its name on the wire.
func (m EntryMatch) fields() map[string]string {
	fields := map[string]string{
		"kind": m.Kind, "system": m.System, "formation": m.Formation, "tenant": m.Tenant, "point": m.Point, "rule": m.Rule,
		"source": m.Source, "method": m.Method, "path": m.Path, "pathPrefix": m.PathPrefix, "status": m.Status,
	}
	for name, value := range fields {
		if value == "" {
			delete(fields, name)
		}
	}
	for name, at := range map[string]time.Time{"from": m.From, "to": m.To} {
		if !at.IsZero() {
			fields[name] = at.Format(time.RFC3339Nano)
		}
	}
	return fields
}

// body is m in a document.
func (m EntryMatch) body() map[string]any {
	body := map[string]any{}
	for name, value := range m.fields() {
		body[name] = value
	}
	if m.Request != 0 {
		body["request"] = m.Request
	}
	return body
}

// JournalFilter selects entries; empty fields select all.
type JournalFilter struct {
	// After is the Seq behind which to start.
	After uint64
	// Limit is the length of a page, 1 to 1000; 0: the server's default.
	Limit int
	EntryMatch
}

func (f JournalFilter) query() url.Values {
	query := url.Values{}
	for name, value := range f.fields() {
		query.Set(name, value)
	}
	for name, n := range map[string]uint64{"request": f.Request, "after": f.After, "limit": uint64(max(f.Limit, 0))} {
		if n != 0 {
			query.Set(name, strconv.FormatUint(n, 10))
		}
	}
	return query
}

// Journal reads a page of entries, oldest first, and the After of the next page.
func (c *Control) Journal(ctx context.Context, f JournalFilter) (entries []JournalEntry, nextAfter uint64, err error) {
	var answer struct {
		Items     []JournalEntry `json:"items"`
		NextAfter uint64         `json:"nextAfter"`
	}
	err = c.do(ctx, http.MethodGet, "/control/journal", f.query(), nil, &answer)
	return answer.Items, answer.NextAfter, err
}

// maxEvent bounds one line of a stream, in bytes.
const maxEvent = 1 << 20

// FollowJournal yields the entries behind f.After and then every further one
// until ctx ends, which is no error, or the connection does, which is one. A
// client with a timeout ends it too.
func (c *Control) FollowJournal(ctx context.Context, f JournalFilter) iter.Seq2[JournalEntry, error] {
	return func(yield func(JournalEntry, error) bool) {
		const path = "/control/journal"
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		res, err := c.send(ctx, http.MethodGet, path, f.query(), nil, "text/event-stream")
		if err != nil {
			if ctx.Err() == nil {
				yield(JournalEntry{}, err)
			}
			return
		}
		defer res.Body.Close()
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, maxEvent)
		for lines.Scan() {
			data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
			if !ok {
				continue
			}
			var entry JournalEntry
			if err := json.Unmarshal(data, &entry); err != nil {
				yield(JournalEntry{}, fmt.Errorf("GET %s sent an entry of another form: %w", path, err))
				return
			}
			if !yield(entry, nil) {
				return
			}
		}
		if ctx.Err() != nil {
			return
		}
		if err = lines.Err(); err == nil {
			err = errors.New("the server ended the stream")
		}
		yield(JournalEntry{}, unreachable(Call{Method: http.MethodGet, Path: path}, err))
	}
}

// Forms of a sequence diagram.
const (
	Mermaid = "text/vnd.mermaid"
	SVG     = "image/svg+xml"
)

// JournalDiagram draws what matches as a sequence diagram, Mermaid or SVG.
func (c *Control) JournalDiagram(ctx context.Context, f JournalFilter, form string) ([]byte, error) {
	const path = "/control/journal"
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	res, err := c.send(ctx, http.MethodGet, path, f.query(), nil, form)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return readAnswer(res, http.MethodGet, path)
}

// Expectation is what somebody expects of the journal: so many entries that
// match, requests unless it says of which kind, or, with InOrder, one after the
// other. Exactly goes alone; without a number it is at least one.
type Expectation struct {
	Match                    EntryMatch
	Exactly, AtLeast, AtMost *int
	InOrder                  []EntryMatch
	// After is the Seq behind which entries count.
	After uint64
}

// Verification says whether an expectation is met.
type Verification struct {
	Met      bool   `json:"met"`
	Found    int    `json:"found"`
	Expected string `json:"expected"`
	// Complete says that no entry that may count has been dropped from the journal.
	Complete bool `json:"complete"`
	// Entries are the Seq of what was found.
	Entries []uint64 `json:"entries"`
	// NearMisses are what came closest to what is missing, closest first.
	NearMisses []NearMiss `json:"nearMisses"`
}

// NearMiss is an entry that is nearly what was expected.
type NearMiss struct {
	Seq         uint64       `json:"seq"`
	Differences []Difference `json:"differences"`
	Entry       JournalEntry `json:"entry"`
}

// Difference is a field in which an entry is not as expected.
type Difference struct {
	Field    string `json:"field"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

// Verify holds an expectation against the journal.
func (c *Control) Verify(ctx context.Context, e Expectation) (v Verification, err error) {
	body := map[string]any{}
	for name, n := range map[string]*int{"exactly": e.Exactly, "atLeast": e.AtLeast, "atMost": e.AtMost} {
		if n != nil {
			body[name] = *n
		}
	}
	if e.After != 0 {
		body["after"] = e.After
	}
	if len(e.InOrder) > 0 {
		var list []map[string]any
		for _, m := range e.InOrder {
			list = append(list, map[string]any{"match": m.body()})
		}
		body["inOrder"] = list
	} else {
		body["match"] = e.Match.body()
	}
	err = c.do(ctx, http.MethodPost, "/control/verifications", nil, body, &v)
	return v, err
}

// String tells what was expected, what was found, and the near misses, a line each.
func (v Verification) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "expected %s; found %d", v.Expected, v.Found)
	if len(v.Entries) > 0 && len(v.Entries) <= 20 {
		fmt.Fprintf(&b, ": entries %s", strings.Trim(fmt.Sprint(v.Entries), "[]"))
	}
	if !v.Complete {
		b.WriteString("\nolder entries are gone: the journal was too short to tell")
	}
	if len(v.NearMisses) > 0 {
		b.WriteString("\nclosest are:")
	}
	for _, m := range v.NearMisses {
		fmt.Fprintf(&b, "\n  %s", m)
	}
	return b.String()
}

// String tells an entry and what is different in it.
func (m NearMiss) String() string {
	e := m.Entry
	what := e.Point
	if e.Method != "" {
		what = fmt.Sprintf("%s %s → %d", e.Method, e.Path, e.Status)
	}
	var differences []string
	for _, d := range m.Differences {
		differences = append(differences, fmt.Sprintf("%s is %q, expected %q", d.Field, d.Found, d.Expected))
	}
	if len(differences) == 0 {
		differences = append(differences, "as expected")
	}
	return fmt.Sprintf("%d  %s  %s: %s", m.Seq, e.At.UTC().Format(time.RFC3339Nano), what, strings.Join(differences, "; "))
}
