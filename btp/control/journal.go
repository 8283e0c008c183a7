package control

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
)

const (
	defaultPage = 200
	maxPage     = 1000
	// keepAlive is how often a silent stream says that it is still there.
	keepAlive = 15 * time.Second

	ndjson      = "application/x-ndjson"
	eventStream = "text/event-stream"
)

// entry is a line of the journal (docs/wire.md, Control).
type entry struct {
	Seq     uint64        `json:"seq"`
	At      time.Time     `json:"at"`
	Kind    btp.EntryKind `json:"kind"`
	Point   btp.Point     `json:"point,omitempty"`
	Subject subject       `json:"subject,omitzero"`
	Method  string        `json:"method,omitempty"`
	Path    string        `json:"path,omitempty"`
	Status  int           `json:"status,omitempty"`
	Rule    string        `json:"rule,omitempty"`
	Source  string        `json:"source,omitempty"`
	Detail  string        `json:"detail,omitempty"`
	Faults  []string      `json:"faults,omitempty"`
}

type subject struct {
	System    btp.SystemID    `json:"system,omitempty"`
	Formation btp.FormationID `json:"formation,omitempty"`
	Name      string          `json:"name,omitempty"`
	Tenant    string          `json:"tenant,omitempty"`
}

func entryOf(e btp.Entry) entry {
	return entry{
		Seq: e.Sequence, At: e.At.UTC(), Kind: e.Kind, Point: e.Point,
		Subject: subject(e.About),
		Method:  e.Method, Path: e.Path, Status: e.Status, Rule: e.Rule, Source: e.Source, Detail: e.Detail, Faults: e.Faults,
	}
}

// kinds are the kinds of entries, in the order of btp.
var kinds = []btp.EntryKind{btp.EntryRequest, btp.EntryDecision, btp.EntryRefusal, btp.EntryTransition, btp.EntryDue}

func (s *server) readJournal(c *gin.Context) error {
	f, err := readFilter(c)
	if err != nil {
		return err
	}
	switch accept := c.GetHeader("Accept"); {
	case strings.Contains(accept, eventStream):
		return s.follow(c, f)
	case strings.Contains(accept, ndjson):
		return s.writeLines(c, f)
	}
	found, next := s.Registry.Journal().Read(f)
	answer := struct {
		Items     []entry `json:"items"`
		NextAfter uint64  `json:"nextAfter"`
	}{make([]entry, len(found)), next}
	for i, e := range found {
		answer.Items[i] = entryOf(e)
	}
	return httpapi.Respond(c, http.StatusOK, answer)
}

func readFilter(c *gin.Context) (f btp.JournalFilter, err error) {
	q, err := httpapi.ReadQuery(c, "after", "limit", "kind", "system", "point")
	if err != nil {
		return f, err
	}
	f = btp.JournalFilter{Kind: btp.EntryKind(q.Text("kind")), System: btp.SystemID(q.Text("system")), Point: btp.Point(q.Text("point"))}
	after := q.Text("after")
	if after == "" {
		after = c.GetHeader("Last-Event-ID") // a browser's EventSource that comes back
	}
	if after != "" {
		if f.After, err = strconv.ParseUint(after, 10, 64); err != nil {
			return f, btp.Errorf(btp.InvalidRequest, "after is %.40q; it must be the seq of an entry", after)
		}
	}
	if f.Limit, err = q.Limit(defaultPage, maxPage); err != nil {
		return f, err
	}
	if f.Kind != "" && !slices.Contains(kinds, f.Kind) {
		return f, btp.Errorf(btp.InvalidRequest, "there is no kind %.40q; kinds are %s", f.Kind, join(kinds))
	}
	if _, known := btp.Points[f.Point]; f.Point != "" && !known {
		points := make([]btp.Point, 0, len(btp.Points))
		for p := range btp.Points {
			points = append(points, p)
		}
		slices.Sort(points)
		return f, btp.Errorf(btp.InvalidRequest, "there is no point %.40q; points are %s", f.Point, join(points))
	}
	return f, nil
}

func join[S ~string](list []S) string {
	texts := make([]string, len(list))
	for i, one := range list {
		texts[i] = string(one)
	}
	return strings.Join(texts, ", ")
}

// writeLines answers with one entry per line.
func (s *server) writeLines(c *gin.Context, f btp.JournalFilter) error {
	c.Header("Content-Type", ndjson)
	c.Status(http.StatusOK)
	found, _ := s.Registry.Journal().Read(f)
	lines := json.NewEncoder(c.Writer)
	lines.SetEscapeHTML(false)
	for _, e := range found {
		if err := lines.Encode(entryOf(e)); err != nil {
			return nil // nobody reads any more
		}
	}
	c.Writer.WriteHeaderNow()
	return nil
}

// follow sends every matching entry behind f.After as a server-sent event, its
// seq being the event's id, until the client leaves.
func (s *server) follow(c *gin.Context, f btp.JournalFilter) error {
	c.Header("Content-Type", eventStream)
	c.Header("Cache-Control", "no-store")
	c.Header("X-Accel-Buffering", "no") // proxies hold nothing back
	c.Status(http.StatusOK)
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Time{}) // not every writer has one
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	journal := s.Registry.Journal()
	for {
		changed := journal.Changed() // before Read, so that nothing is missed between
		found, next := journal.Read(f)
		for _, e := range found {
			if !writeEvent(c, e) {
				return nil
			}
		}
		c.Writer.Flush()
		if next > f.After {
			f.After = next
			continue
		}
		select {
		case <-c.Request.Context().Done():
			return nil
		case <-changed:
		case <-alive.C:
			if _, err := c.Writer.WriteString(": still here\n\n"); err != nil {
				return nil
			}
		}
	}
}

func writeEvent(c *gin.Context, e btp.Entry) bool {
	data, err := json.Marshal(entryOf(e))
	if err != nil {
		return false
	}
	_, err = fmt.Fprintf(c.Writer, "id: %d\ndata: %s\n\n", e.Sequence, data)
	return err == nil
}
