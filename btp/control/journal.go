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
	"github.com/pairsim/pairsim/btp/journal"
	"github.com/pairsim/pairsim/internal/sequence"
)

const (
	defaultPage = 200
	maxPage     = 1000
	// keepAlive is how often a silent stream says that it is still there.
	keepAlive = 15 * time.Second
)

// format is a form of the journal: by its name in a query, and by what Accept says.
type format struct{ name, mediaType string }

// drawn says whether it is a sequence diagram.
func (f format) drawn() bool { return f.name == "mermaid" || f.name == "svg" || f.name == "diagram" }

// formats are the forms of the journal; the first is what is answered otherwise.
var formats = []format{
	{"json", "application/json"},
	{"events", "text/event-stream"},
	{"ndjson", "application/x-ndjson"},
	{"mermaid", "text/vnd.mermaid"},
	{"svg", "image/svg+xml"},
	{"diagram", "application/vnd.pairsim.diagram+json"},
}

// formatOf is the form that a request asks for: by the parameter format, and
// without it by the first form that Accept names.
func formatOf(q httpapi.Query, accept string) (format, error) {
	name := q.Text("format")
	if name == "" {
		for part := range strings.SplitSeq(accept, ",") {
			media, _, _ := strings.Cut(part, ";")
			for _, f := range formats {
				if strings.EqualFold(strings.TrimSpace(media), f.mediaType) {
					return f, nil
				}
			}
		}
		return formats[0], nil
	}
	names := make([]string, len(formats))
	for i, f := range formats {
		if f.name == name {
			return f, nil
		}
		names[i] = f.name
	}
	return format{}, btp.Errorf(btp.InvalidRequest, "there is no format %.40q; formats are %s", name, strings.Join(names, ", "))
}

func (s *server) readJournal(c *gin.Context) error {
	q, err := httpapi.ReadQuery(c, append([]string{"after", "limit", "format"}, matchParameters...)...)
	if err != nil {
		return err
	}
	as, err := formatOf(q, c.GetHeader("Accept"))
	if err != nil {
		return err
	}
	byDefault := defaultPage
	if as.drawn() {
		byDefault = maxPage // a picture has no second page
	}
	f, err := readFilter(c, q, byDefault)
	if err != nil {
		return err
	}
	switch as.name {
	case "events":
		return s.follow(c, f)
	case "ndjson":
		return s.writeLines(c, f)
	case "mermaid", "svg", "diagram":
		return s.draw(c, f, as)
	}
	found, next := s.Registry.Journal().Read(f)
	answer := struct {
		Items     []journal.Line `json:"items"`
		NextAfter uint64         `json:"nextAfter"`
	}{make([]journal.Line, len(found)), next}
	for i, e := range found {
		answer.Items[i] = journal.LineOf(e)
	}
	return httpapi.Respond(c, http.StatusOK, answer)
}

func readFilter(c *gin.Context, q httpapi.Query, byDefault int) (f btp.JournalFilter, err error) {
	if f.EntryMatch, err = matchOfQuery(q); err != nil {
		return f, err
	}
	after := q.Text("after")
	if after == "" {
		after = c.GetHeader("Last-Event-ID") // a browser's EventSource that comes back
	}
	if f.After, err = sequenceNumber("after", after); err != nil {
		return f, err
	}
	f.Limit, err = q.Limit(byDefault, maxPage)
	return f, err
}

// sequenceNumber reads a number that counts from 1; 0 for none.
func sequenceNumber(name, text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, btp.Errorf(btp.InvalidRequest, "%s is %.40q; it must be a number, as an entry has it", name, text)
	}
	return n, nil
}

// writeLines answers with one entry per line.
func (s *server) writeLines(c *gin.Context, f btp.JournalFilter) error {
	c.Header("Content-Type", "application/x-ndjson")
	c.Status(http.StatusOK)
	found, _ := s.Registry.Journal().Read(f)
	lines := json.NewEncoder(c.Writer)
	lines.SetEscapeHTML(false)
	for _, e := range found {
		if err := lines.Encode(journal.LineOf(e)); err != nil {
			return nil // nobody reads any more
		}
	}
	c.Writer.WriteHeaderNow()
	return nil
}

// draw answers with a sequence diagram of what matches, and of the requests that
// it came from.
func (s *server) draw(c *gin.Context, f btp.JournalFilter, as format) error {
	j := s.Registry.Journal()
	found, next := j.Read(f)
	_, last := j.Span()
	more := false
	if next < last {
		further := f
		further.After, further.Limit = next, 1
		rest, _ := j.Read(further)
		more = len(rest) > 0
	}
	d := sequence.Of(withRequests(j, f, found), more)
	// Whatever stands in it, a browser shows a picture and runs nothing.
	c.Header("Content-Security-Policy", "default-src 'none'; sandbox")
	c.Header("X-Content-Type-Options", "nosniff")
	if as.name == "svg" {
		c.Data(http.StatusOK, as.mediaType, d.SVG())
		return nil
	}
	if as.name == "diagram" {
		return respondDiagram(c, d, as)
	}
	c.Data(http.StatusOK, as.mediaType+"; charset=utf-8", d.Mermaid())
	return nil
}

// respondDiagram answers with the diagram's parts, for who draws it himself.
func respondDiagram(c *gin.Context, d sequence.Diagram, as format) error {
	type step struct {
		Kind  string   `json:"kind"`
		From  int      `json:"from"` // index of a participant
		To    int      `json:"to"`
		Lines []string `json:"lines"`
		Seq   uint64   `json:"seq,omitempty"`
	}
	answer := struct {
		Participants []string `json:"participants"`
		Steps        []step   `json:"steps"`
	}{d.Participants, make([]step, len(d.Steps))}
	for i, s := range d.Steps {
		answer.Steps[i] = step{s.Kind.String(), s.From, s.To, s.Lines, s.Entry}
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, as.mediaType, body)
	return nil
}

// withRequests adds to found the requests that its entries came from, which may
// be about something else: of a clock that is moved, for one.
func withRequests(j *btp.Journal, f btp.JournalFilter, found []btp.Entry) []btp.Entry {
	if f.Kind != "" || f.Method != "" || f.Path != "" || f.PathPrefix != "" || f.Status != "" {
		return found // it was said which requests are wanted
	}
	missing := map[uint64]bool{}
	for _, e := range found {
		missing[e.Request] = e.Request != 0
	}
	for _, e := range found {
		if e.Kind == btp.EntryRequest {
			delete(missing, e.Request)
		}
	}
	if len(found) == 0 || len(missing) == 0 {
		return found
	}
	requests, _ := j.Read(btp.JournalFilter{After: found[0].Sequence, EntryMatch: btp.EntryMatch{Kind: btp.EntryRequest}})
	for _, e := range requests {
		if missing[e.Request] {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b btp.Entry) int { return int(a.Sequence) - int(b.Sequence) })
	return found
}

// follow sends every matching entry behind f.After as a server-sent event, its
// seq being the event's id, until the client leaves.
func (s *server) follow(c *gin.Context, f btp.JournalFilter) error {
	c.Header("Content-Type", "text/event-stream")
	c.Header("Cache-Control", "no-store")
	c.Header("X-Accel-Buffering", "no") // proxies hold nothing back
	c.Status(http.StatusOK)
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Time{}) // not every writer has one
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	j := s.Registry.Journal()
	for {
		changed := j.Changed() // before Read, so that nothing is missed between
		found, next := j.Read(f)
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
	data, err := json.Marshal(journal.LineOf(e))
	if err != nil {
		return false
	}
	_, err = fmt.Fprintf(c.Writer, "id: %d\ndata: %s\n\n", e.Sequence, data)
	return err == nil
}
