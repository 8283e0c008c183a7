package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// Query are the query parameters of a request.
type Query struct{ values url.Values }

// ReadQuery reads the query parameters of a request, of which a call knows
// these. It refuses with InvalidRequest what is unknown, repeated or not well
// escaped.
func ReadQuery(c *gin.Context, known ...string) (Query, error) {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return Query{}, btp.Errorf(btp.InvalidRequest, "the query string is not well escaped")
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names) // the same request gives the same answer
	for _, name := range names {
		if !slices.Contains(known, name) {
			if len(known) == 0 {
				return Query{}, btp.Errorf(btp.InvalidRequest, "unknown query parameter %.60q; this call has none", name)
			}
			return Query{}, btp.Errorf(btp.InvalidRequest, "unknown query parameter %.60q; parameters are %s", name, strings.Join(known, ", "))
		}
		if len(values[name]) > 1 {
			return Query{}, btp.Errorf(btp.InvalidRequest, "query parameter %s stands there %d times", name, len(values[name]))
		}
	}
	return Query{values}, nil
}

// Text is a parameter's value, "" when it is missing.
func (q Query) Text(name string) string { return q.values.Get(name) }

// Limit is the parameter limit: 1 to most, byDefault when it is missing.
func (q Query) Limit(byDefault, most int) (int, error) {
	text := q.Text("limit")
	if text == "" {
		return byDefault, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > most {
		return 0, btp.Errorf(btp.InvalidRequest, "limit is %.20q; it must be a number from 1 to %d", text, most)
	}
	return limit, nil
}

const (
	defaultPage = 50
	maxPage     = 200
)

// Page is which part of a list is asked for.
type Page struct {
	Limit int
	// After is the Sequence behind which the page starts.
	After uint64
	list  []byte
}

// Page reads the parameters limit and cursor. list names the list and what
// selects from it: a cursor holds for the one that it came from.
func (q Query) Page(list ...string) (p Page, err error) {
	p.list = listDigest(list)
	if p.Limit, err = q.Limit(defaultPage, maxPage); err != nil {
		return p, err
	}
	p.After, err = p.read(q.Text("cursor"))
	return p, err
}

// A cursor is opaque to clients: a version, the Sequence behind which the next
// page starts, and a digest of the list that it belongs to.
const (
	cursorVersion = 1
	cursorLength  = 1 + 8 + 8
)

// cursor is the one of the page behind after.
func (p Page) cursor(after uint64) string {
	b := make([]byte, 0, cursorLength)
	b = append(b, cursorVersion)
	b = binary.BigEndian.AppendUint64(b, after)
	b = append(b, p.list...)
	return base64.RawURLEncoding.EncodeToString(b)
}

func (p Page) read(cursor string) (after uint64, err error) {
	if cursor == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	switch {
	case err != nil || len(b) != cursorLength || b[0] != cursorVersion:
		return 0, btp.Errorf(btp.InvalidCursor, "the cursor is not one that this registry gave")
	case string(b[9:]) != string(p.list):
		return 0, btp.Errorf(btp.InvalidCursor, "the cursor belongs to another list, or to other filters than this request names")
	}
	return binary.BigEndian.Uint64(b[1:9]), nil
}

func listDigest(parts []string) []byte {
	h := sha256.New()
	for _, part := range parts {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write([]byte(part))
	}
	return h.Sum(nil)[:8]
}

// Flag is a parameter that is true or left out.
func (q Query) Flag(name string) (bool, error) {
	text := q.Text(name)
	if text != "" && text != "true" {
		return false, btp.Errorf(btp.InvalidRequest, "%s is %.20q; it must be true, or left out", name, text)
	}
	return text == "true", nil
}
