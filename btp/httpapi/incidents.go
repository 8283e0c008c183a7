package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// Incident is what an error status opens (docs/wire.md, Registry REST).
type Incident struct {
	ID            btp.IncidentID      `json:"id"`
	GlobalAccount btp.GlobalAccountID `json:"globalAccount"`
	Subject       incidentSubject     `json:"subject"`
	Open          bool                `json:"open"`
	Component     string              `json:"component"`
	Cause         string              `json:"cause"`
	Step          btp.Point           `json:"step"`
	Status        string              `json:"status"`
	OpenedAt      time.Time           `json:"openedAt"`
	ResolvedAt    time.Time           `json:"resolvedAt,omitzero"`
	Resolution    string              `json:"resolution,omitempty"`
}

type incidentSubject struct {
	Kind btp.ObjectKind `json:"kind"`
	ID   string         `json:"id"`
	Name string         `json:"name"`
}

// IncidentOf is an incident as the API shows it.
func IncidentOf(i btp.Incident) Incident {
	return Incident{
		ID: i.ID, GlobalAccount: i.GlobalAccount, Subject: incidentSubject(i.Subject), Open: i.Open(),
		Component: i.Component, Cause: i.Cause, Step: i.Step, Status: i.Status,
		OpenedAt: i.OpenedAt.UTC(), ResolvedAt: i.ResolvedAt.UTC(), Resolution: i.Resolution,
	}
}

func (s *server) listIncidents(c *gin.Context) error {
	q, err := ReadQuery(c, "open", "subject", "limit", "cursor")
	if err != nil {
		return err
	}
	return ListIncidents(c, s.Registry, btp.GlobalAccountID(c.Param("ga")), q)
}

// ListIncidents answers with a page of the incidents of a global account, "" for
// all, that the parameters open, subject, limit and cursor select.
func ListIncidents(c *gin.Context, registry Incidents, ga btp.GlobalAccountID, q Query) error {
	f := btp.IncidentFilter{GlobalAccount: ga, Subject: q.Text("subject")}
	var err error
	if f.OpenOnly, err = q.Flag("open"); err != nil {
		return err
	}
	p, err := q.Page("incidents", string(f.GlobalAccount), f.Subject, q.Text("open"))
	if err != nil {
		return err
	}
	f.After, f.Limit = p.After, p.Limit
	page, more, err := registry.Incidents(c.Request.Context(), f)
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, PageOf(page, more, p, func(i btp.Incident) uint64 { return i.Sequence }, IncidentOf))
}

func (s *server) showIncident(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	i, err := s.Registry.Incident(c.Request.Context(), btp.IncidentID(c.Param("id")))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, IncidentOf(i))
}
