package control

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/btp/journal"
	"github.com/pairsim/pairsim/btp/verify"
)

// verification is what a test expects of the journal (docs/wire.md, Control).
type verification struct {
	Match   *matchRequest  `json:"match"`
	Exactly *int           `json:"exactly"`
	AtLeast *int           `json:"atLeast"`
	AtMost  *int           `json:"atMost"`
	InOrder []orderedMatch `json:"inOrder"`
	// From, To and After bound what counts.
	From  string `json:"from"`
	To    string `json:"to"`
	After *int   `json:"after"`
}

type orderedMatch struct {
	Match *matchRequest `json:"match"`
}

type report struct {
	Met        bool       `json:"met"`
	Found      int        `json:"found"`
	Expected   string     `json:"expected"`
	Complete   bool       `json:"complete"`
	Entries    []uint64   `json:"entries"`
	NearMisses []nearMiss `json:"nearMisses"`
}

type nearMiss struct {
	Seq         uint64       `json:"seq"`
	Differences []difference `json:"differences"`
	Entry       journal.Line `json:"entry"`
}

type difference struct {
	Field    string `json:"field"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

// verify answers whether the journal is as expected. It changes nothing.
func (s *server) verify(c *gin.Context) error {
	var req verification
	if err := readOnlyBody(c, &req); err != nil {
		return err
	}
	e, err := req.expectation()
	if err != nil {
		return err
	}
	if err := e.Check(); err != nil {
		return err
	}
	j := s.Registry.Journal()
	entries, _ := j.Read(btp.JournalFilter{})
	first := e.After + 1
	if len(entries) > 0 {
		first = entries[0].Sequence
	}
	return httpapi.Respond(c, http.StatusOK, reportOf(e.Against(entries, first <= e.After+1)))
}

func (v verification) expectation() (e verify.Expectation, err error) {
	e = verify.Expectation{Exactly: v.Exactly, AtLeast: v.AtLeast, AtMost: v.AtMost}
	if v.Match == nil && len(v.InOrder) == 0 {
		return e, btp.Errorf(btp.InvalidRequest, "the body has neither match nor inOrder; it must have one, and {\"match\":{}} is every request")
	}
	if v.After != nil {
		if *v.After < 0 {
			return e, btp.Errorf(btp.InvalidRequest, "$.after is %d; it must be the seq of an entry, or 0", *v.After)
		}
		e.After = uint64(*v.After)
	}
	if v.Match != nil {
		if e.Match, err = v.bounded(*v.Match, "$.match."); err != nil {
			return e, err
		}
	}
	for i, one := range v.InOrder {
		where := fmt.Sprintf("$.inOrder[%d].match", i)
		if one.Match == nil {
			return e, btp.Errorf(btp.InvalidRequest, "%s is missing", where)
		}
		m, err := v.bounded(*one.Match, where+".")
		if err != nil {
			return e, err
		}
		e.InOrder = append(e.InOrder, m)
	}
	return e, nil
}

// bounded gives a match the bounds of the whole, unless it has its own.
func (v verification) bounded(r matchRequest, where string) (btp.EntryMatch, error) {
	m, err := r.match(where)
	if err != nil {
		return m, err
	}
	from, err := instantOf("$.from", v.From)
	if err != nil {
		return m, err
	}
	to, err := instantOf("$.to", v.To)
	if m.From.IsZero() {
		m.From = from
	}
	if m.To.IsZero() {
		m.To = to
	}
	return m, err
}

func reportOf(r verify.Report) report {
	answer := report{
		Met: r.Met, Found: r.Found, Expected: r.Expected, Complete: r.Complete, Entries: r.Entries,
		NearMisses: make([]nearMiss, len(r.NearMisses)),
	}
	for i, m := range r.NearMisses {
		miss := nearMiss{Seq: m.Entry.Sequence, Differences: make([]difference, len(m.Differences)), Entry: journal.LineOf(m.Entry)}
		for k, d := range m.Differences {
			miss.Differences[k] = difference(d)
		}
		answer.NearMisses[i] = miss
	}
	return answer
}
