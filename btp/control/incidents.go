package control

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
)

func (s *server) listIncidents(c *gin.Context) error {
	q, err := httpapi.ReadQuery(c, "globalAccount", "open", "subject", "limit", "cursor")
	if err != nil {
		return err
	}
	return httpapi.ListIncidents(c, s.Registry, btp.GlobalAccountID(q.Text("globalAccount")), q)
}

// resolveIncident does what SAP's support would.
func (s *server) resolveIncident(c *gin.Context) error {
	var req struct {
		Resolution string `json:"resolution"`
	}
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	if err := httpapi.DecodeOptionalBody(c, &req); err != nil {
		return err
	}
	i, err := s.Registry.ResolveIncident(c.Request.Context(), btp.IncidentID(c.Param("id")), req.Resolution)
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, httpapi.IncidentOf(i))
}

// reportAssignment speaks for a participant of a formation.
func (s *server) reportAssignment(c *gin.Context) error {
	var req struct {
		State btp.AssignmentState `json:"state"`
		Error string              `json:"error"`
	}
	if err := readOnlyBody(c, &req); err != nil {
		return err
	}
	v, err := s.Registry.ReportAssignment(c.Request.Context(),
		btp.FormationID(c.Param("id")), btp.AssignmentID(c.Param("assignment")), btp.AssignmentReport(req))
	if err != nil {
		return err
	}
	return httpapi.RespondVersion(c, http.StatusOK, v.Version, httpapi.FormationOf(s.Registry.Edition(), v))
}
