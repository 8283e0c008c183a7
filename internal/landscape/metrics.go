package landscape

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/meter"
)

// newMeter makes what counts for the environment.
func (e *environment) newMeter() *meter.Meter {
	var c meter.Config
	if e.registry != nil {
		c.Counts = e.registry
	}
	if e.journal != nil {
		c.Lost = e.journal.Lost
	}
	if e.id == btp.DefaultEnvironment {
		c.Environments = func() int { return 1 + len(e.process.environments.all()) }
	}
	return meter.New(c)
}

// passedOn marks a request to the control listener that the public router counts.
const passedOn = "pairsim passed on"

// counted counts a request with its answer. It stands outside of everything else.
func (e *environment) counted(c *gin.Context) {
	began := e.process.config.RealNow()
	var p any = http.ErrAbortHandler // what alone gets through e.recovered
	defer func() {
		if c.GetBool(passedOn) {
			return
		}
		status, refusal := httpapi.Outcome(c, p)
		e.meter.Answered(meter.SurfaceOf(c.Request.URL.Path), status, refusal, e.process.config.RealNow().Sub(began))
	}()
	c.Next()
	p = nil
}

// showMetrics tells what was counted.
func (e *environment) showMetrics(c *gin.Context) {
	c.Header("Content-Type", meter.ContentType)
	c.Status(http.StatusOK)
	e.meter.Write(c.Writer)
}
