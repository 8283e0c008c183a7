package cockpit

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// point is what the story tells of a step of a flow: the tables of btp.
type point struct {
	Text   string `json:"text"`
	Source string `json:"source"`
	// MetBy is who comes there, where something can be made to go wrong.
	MetBy btp.Meeting `json:"metBy,omitempty"`
}

func showPoints(c *gin.Context) {
	points := make(map[btp.Point]point, len(btp.Points))
	for name, p := range btp.Points {
		points[name] = point{Text: p.Text, Source: p.Source}
	}
	for _, f := range btp.FaultPoints {
		p := points[f.Point]
		p.MetBy = f.Met
		points[f.Point] = p
	}
	c.Header("Cache-Control", "no-cache")
	c.JSON(http.StatusOK, points)
}
