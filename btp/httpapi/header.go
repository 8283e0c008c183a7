package httpapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// readCreation reads a request that makes something: no query, a body, and perhaps the
// key by which it is known again.
func readCreation(c *gin.Context, body any) (btp.IdempotencyKey, error) {
	if _, err := ReadQuery(c); err != nil {
		return "", err
	}
	if err := DecodeBody(c, body); err != nil {
		return "", err
	}
	return idempotencyKey(c)
}

// idempotencyKey reads the header Idempotency-Key, "" when it is missing.
func idempotencyKey(c *gin.Context) (btp.IdempotencyKey, error) {
	values := c.Request.Header.Values("Idempotency-Key")
	switch {
	case len(values) == 0:
		return "", nil
	case len(values) > 1:
		return "", btp.Errorf(btp.InvalidRequest, "Idempotency-Key stands there %d times", len(values))
	case values[0] == "":
		return "", btp.Errorf(btp.InvalidRequest, "Idempotency-Key is empty")
	}
	return btp.IdempotencyKey(values[0]), nil
}

// RespondVersion answers with an object and its entity tag, which stands for its
// version. The tag is strong: If-Match compares it.
func RespondVersion(c *gin.Context, status int, version uint64, v any) error {
	c.Header("ETag", `"`+strconv.FormatUint(version, 10)+`"`)
	return Respond(c, status, v)
}

// ifMatch reads the header If-Match (RFC 9110 §13.1.1). A weak tag, and one that
// no object of ours ever has, match nothing.
func ifMatch(c *gin.Context) (btp.Match, error) {
	values := c.Request.Header.Values("If-Match")
	if len(values) == 0 {
		return btp.Match{}, nil
	}
	list := strings.Join(values, ",")
	m := btp.Match{Asked: true}
	if strings.TrimSpace(list) == "*" {
		m.Any = true
		return m, nil
	}
	for {
		tag, weak, rest, ok := nextTag(list)
		if !ok {
			return m, btp.Errorf(btp.InvalidRequest, `If-Match is a list of entity tags, "1", "2", or *`)
		}
		version, err := strconv.ParseUint(tag, 10, 64)
		if !weak && err == nil && strconv.FormatUint(version, 10) == tag {
			m.Versions = append(m.Versions, version)
		}
		if list = rest; list == "" {
			return m, nil
		}
	}
}

// nextTag takes the first entity tag off a list (RFC 9110 §8.8.3). A tag may
// hold commas.
func nextTag(list string) (tag string, weak bool, rest string, ok bool) {
	list, weak = strings.CutPrefix(strings.Trim(list, " \t"), "W/")
	list, opened := strings.CutPrefix(list, `"`)
	tag, rest, closed := strings.Cut(list, `"`)
	rest = strings.Trim(rest, " \t")
	if !opened || !closed || strings.ContainsFunc(tag, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "", false, "", false
	}
	if rest == "" {
		return tag, weak, "", true
	}
	rest, more := strings.CutPrefix(rest, ",")
	return tag, weak, rest, more && strings.Trim(rest, " \t") != ""
}

// ReadNothing refuses query parameters, and a body that says anything.
func ReadNothing(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	return DecodeOptionalBody(c, &struct{}{})
}

// NoContent answers 204.
func NoContent(c *gin.Context) error {
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}
