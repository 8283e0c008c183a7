package control

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
)

// hold is something that waits to be released (docs/wire.md, Control).
type hold struct {
	ID         btp.HoldID     `json:"id"`
	Kind       btp.HoldKind   `json:"kind"`
	Transition btp.Transition `json:"transition,omitempty"`
	Point      btp.Point      `json:"point,omitempty"`
	Subject    holdSubject    `json:"subject"`
	Since      time.Time      `json:"since"`
}

// holdSubject names the system, the formation or the service instance that waits,
// by its id; none of them where a step is about none.
type holdSubject struct {
	System    btp.SystemID    `json:"system,omitempty"`
	Formation btp.FormationID `json:"formation,omitempty"`
	Instance  string          `json:"instance,omitempty"`
	Name      string          `json:"name"`
}

func holdOf(h btp.Hold) hold {
	return hold{h.ID, h.Kind, h.Transition, h.Point, holdSubject{h.Subject.System, h.Subject.Formation, h.Subject.Instance, h.Subject.Name}, h.Since.UTC()}
}

func (s *server) listHolds(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	all, err := s.Registry.Holds(c.Request.Context())
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, httpapi.ListOf(all, holdOf))
}

// releaseHold answers when what was held is done, or after a moment.
func (s *server) releaseHold(c *gin.Context) error {
	if err := httpapi.ReadNothing(c); err != nil {
		return err
	}
	if err := s.Registry.Release(c.Request.Context(), btp.HoldID(c.Param("id"))); err != nil {
		return err
	}
	return httpapi.NoContent(c)
}
