package control

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/publicurl"
)

// fault makes a step fail on purpose (docs/wire.md, Control).
type fault struct {
	ID      string    `json:"id"`
	Point   btp.Point `json:"point"`
	Subject string    `json:"subject"`
	Cause   string    `json:"cause"`
	Times   int       `json:"times"`
	Struck  int       `json:"struck"`
}

func faultOf(f btp.Fault) fault { return fault(f) }

func (s *server) listFaults(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, httpapi.ListOf(s.Registry.Faults(), faultOf))
}

func (s *server) addFault(c *gin.Context) error {
	var req struct {
		Point   btp.Point `json:"point"`
		Subject string    `json:"subject"`
		Cause   string    `json:"cause"`
		Times   int       `json:"times"`
	}
	if err := readOnlyBody(c, &req); err != nil {
		return err
	}
	f, err := s.Registry.AddFault(c.Request.Context(), btp.Fault{Point: req.Point, Subject: req.Subject, Cause: req.Cause, Times: req.Times})
	if err != nil {
		return err
	}
	c.Header("Location", publicurl.Path(c.Request, "/control/faults/"+f.ID))
	return httpapi.Respond(c, http.StatusCreated, faultOf(f))
}

func (s *server) removeFault(c *gin.Context) error { return s.dropFaults(c, c.Param("id")) }

func (s *server) clearFaults(c *gin.Context) error { return s.dropFaults(c, "") }

func (s *server) dropFaults(c *gin.Context, id string) error {
	if err := httpapi.ReadNothing(c); err != nil {
		return err
	}
	if err := s.Registry.RemoveFault(c.Request.Context(), id); err != nil {
		return err
	}
	return httpapi.NoContent(c)
}
