package control

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
)

type clock struct {
	Now    time.Time `json:"now"`
	Frozen bool      `json:"frozen"`
}

func (s *server) showClock(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	state, err := s.Registry.ReadClock(c.Request.Context())
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, clock{state.Now.UTC(), state.Frozen})
}

// changeClock answers when all work that is due by then is done.
func (s *server) changeClock(c *gin.Context) error {
	var req clockRequest
	if err := readOnlyBody(c, &req); err != nil {
		return err
	}
	change, err := req.change()
	if err != nil {
		return err
	}
	state, err := s.Registry.ChangeClock(c.Request.Context(), change)
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, clock{state.Now.UTC(), state.Frozen})
}

type clockRequest struct {
	Advance *string `json:"advance"`
	Set     *string `json:"set"`
	Freeze  *bool   `json:"freeze"`
	Resume  *bool   `json:"resume"`
}

func (r clockRequest) change() (change btp.ClockChange, err error) {
	given := 0
	for _, there := range []bool{r.Advance != nil, r.Set != nil, r.Freeze != nil, r.Resume != nil} {
		if there {
			given++
		}
	}
	if given != 1 {
		return change, btp.Errorf(btp.InvalidRequest, "the body has %d of advance, set, freeze and resume; it must have one", given)
	}
	switch {
	case r.Advance != nil:
		change.Advance, err = parseDuration("$.advance", *r.Advance)
		return change, err
	case r.Set != nil:
		change.Set, err = time.Parse(time.RFC3339Nano, *r.Set)
		if err != nil || change.Set.IsZero() {
			return btp.ClockChange{}, btp.Errorf(btp.InvalidRequest, "$.set is %.60q; it must be an instant in RFC 3339, 2030-01-01T10:00:00Z", *r.Set)
		}
		return change, nil
	case r.Freeze != nil && !*r.Freeze, r.Resume != nil && !*r.Resume:
		return change, btp.Errorf(btp.InvalidRequest, "freeze and resume are true, or left out")
	}
	return btp.ClockChange{Freeze: r.Freeze != nil, Resume: r.Resume != nil}, nil
}

// parseDuration reads a Go duration, before which days may stand: 10m, 7d, 1d12h.
func parseDuration(where, text string) (time.Duration, error) {
	refused := btp.Errorf(btp.InvalidRequest, "%s is %.40q; it must be a duration: 10m, 1h30m, 7d", where, text)
	unsigned, negative := strings.CutPrefix(text, "-")
	days, rest, found := strings.Cut(unsigned, "d")
	if !found {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, refused
		}
		return d, nil
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, refused
	}
	d := time.Duration(n) * 24 * time.Hour
	if rest != "" {
		more, err := time.ParseDuration(rest)
		if err != nil || more < 0 || d > maxDuration-more {
			return 0, refused
		}
		d += more
	}
	if negative {
		d = -d
	}
	return d, nil
}

const maxDuration = time.Duration(1<<63 - 1)
