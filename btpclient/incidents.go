package btpclient

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Incident is what an error status opens.
type Incident struct {
	ID            string          `json:"id"`
	GlobalAccount string          `json:"globalAccount"`
	Subject       IncidentSubject `json:"subject"`
	Open          bool            `json:"open"`
	Component     string          `json:"component"`
	Cause         string          `json:"cause"`
	Step          string          `json:"step"`
	// Status is what the cockpit showed when the incident was opened.
	Status   string    `json:"status"`
	OpenedAt time.Time `json:"openedAt"`
	// ResolvedAt is zero while the incident is open.
	ResolvedAt time.Time `json:"resolvedAt,omitzero"`
	Resolution string    `json:"resolution,omitempty"`
}

// IncidentSubject is a system or formation.
type IncidentSubject struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// IncidentFilter selects incidents; empty fields select all.
type IncidentFilter struct {
	// Subject is the id of a system or formation.
	Subject string
	// OpenOnly leaves out those that are resolved.
	OpenOnly bool
	// PageSize is how many are fetched at once, 1 to 200; 0: the registry's default.
	PageSize int
}

func (f IncidentFilter) query() url.Values {
	query := filters(f.PageSize, map[string]string{"subject": f.Subject})
	if f.OpenOnly {
		query.Set("open", "true")
	}
	return query
}

// Incidents goes through the incidents of a global account, in the order of
// opening, fetching page by page. It ends with the first error.
func (o *Operator) Incidents(ctx context.Context, ga string, f IncidentFilter) iter.Seq2[Incident, error] {
	return pages[Incident](ctx, o.api, accountPath(ga)+"/incidents", f.query())
}

// Incident returns an incident by id.
func (o *Operator) Incident(ctx context.Context, id string) (i Incident, err error) {
	err = o.do(ctx, http.MethodGet, "/api/v1/incidents/"+url.PathEscape(id), nil, nil, &i)
	return i, err
}
