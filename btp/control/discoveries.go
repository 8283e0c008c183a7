package control

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
)

// discoverSystem does what SAP's landscape discovery would.
func (s *server) discoverSystem(c *gin.Context) error {
	var req struct {
		GlobalAccount  string   `json:"globalAccount"`
		Name           string   `json:"name"`
		Type           string   `json:"type"`
		URL            string   `json:"url"`
		SystemID       string   `json:"systemId"`
		BusinessType   string   `json:"businessType"`
		CorrelationIDs []string `json:"correlationIds"`
	}
	if err := readOnlyBody(c, &req); err != nil {
		return err
	}
	found, err := s.Registry.Discover(c.Request.Context(), btp.DiscoveredSystem{
		GlobalAccount: req.GlobalAccount, Name: req.Name, Type: req.Type,
		Discovery: btp.Discovery{URL: req.URL, SystemID: req.SystemID, BusinessType: req.BusinessType, CorrelationIDs: req.CorrelationIDs},
	})
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusCreated, gin.H{"id": found.ID, "name": found.Name, "type": found.Type, "globalAccount": found.GlobalAccount})
}
