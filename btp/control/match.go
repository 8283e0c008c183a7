package control

import (
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
)

// matchRequest says which entries are meant, in a query or a body.
type matchRequest struct {
	Kind       string `json:"kind"`
	System     string `json:"system"`
	Formation  string `json:"formation"`
	Tenant     string `json:"tenant"`
	Point      string `json:"point"`
	Rule       string `json:"rule"`
	Source     string `json:"source"`
	Method     string `json:"method"`
	Path       string `json:"path"`
	PathPrefix string `json:"pathPrefix"`
	Status     string `json:"status"`
	Request    *int   `json:"request"`
	From       string `json:"from"`
	To         string `json:"to"`
}

// matchParameters are the query parameters of a match.
var matchParameters = []string{
	"kind", "system", "formation", "tenant", "point", "rule", "source", "method", "path", "pathPrefix", "status", "request", "from", "to",
}

// matchOfQuery reads matchParameters.
func matchOfQuery(q httpapi.Query) (m btp.EntryMatch, err error) {
	r := matchRequest{
		Kind: q.Text("kind"), System: q.Text("system"), Formation: q.Text("formation"), Tenant: q.Text("tenant"),
		Point: q.Text("point"), Rule: q.Text("rule"), Source: q.Text("source"), Method: q.Text("method"),
		Path: q.Text("path"), PathPrefix: q.Text("pathPrefix"), Status: q.Text("status"), From: q.Text("from"), To: q.Text("to"),
	}
	if m, err = r.match(""); err != nil {
		return m, err
	}
	if m.Request, err = sequenceNumber("request", q.Text("request")); err != nil {
		return m, err
	}
	return m, m.Check()
}

// match reads the instants; where is the place in the document.
func (r matchRequest) match(where string) (btp.EntryMatch, error) {
	m := btp.EntryMatch{
		Kind: btp.EntryKind(r.Kind), System: r.System, Formation: r.Formation, Tenant: r.Tenant, Point: r.Point, Rule: r.Rule,
		Source: r.Source, Method: r.Method, Path: r.Path, PathPrefix: r.PathPrefix, Status: r.Status,
	}
	if r.Request != nil {
		if *r.Request < 1 {
			return m, btp.Errorf(btp.InvalidRequest, "%srequest is %d; it must be the number of a request, from 1", where, *r.Request)
		}
		m.Request = uint64(*r.Request)
	}
	var err error
	if m.From, err = instantOf(where+"from", r.From); err != nil {
		return m, err
	}
	m.To, err = instantOf(where+"to", r.To)
	return m, err
}

func instantOf(where, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return at, btp.Errorf(btp.InvalidRequest, "%s is %.60q; it must be an instant in RFC 3339, 2030-01-01T10:00:00Z", where, text)
	}
	return at, nil
}
