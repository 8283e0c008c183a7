package control

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/strict"
)

// strictness is what strictness has done (docs/wire.md, Control).
type strictness struct {
	On    bool         `json:"on"`
	Seed  uint64       `json:"seed,omitempty"`
	Rules []strictRule `json:"rules"`
}

type strictRule struct {
	Number    strict.Number `json:"number"`
	Name      string        `json:"name"`
	On        bool          `json:"on"`
	Exercised int64         `json:"exercised"`
	Tripped   int64         `json:"tripped"`
	Does      string        `json:"does"`
	Mistake   string        `json:"mistake"`
	Source    string        `json:"source"`
	Needs     strict.Number `json:"needs,omitempty"`
}

func (s *server) showStrictness(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	report := (*strict.Layer)(nil).Report()
	if s.Strictness != nil {
		report = s.Strictness()
	}
	answer := strictness{On: report.Seed != 0, Seed: report.Seed, Rules: make([]strictRule, len(report.Rules))}
	for i, r := range report.Rules {
		answer.Rules[i] = strictRule{
			Number: r.Number, Name: r.Name, On: r.On, Exercised: r.Exercised, Tripped: r.Tripped,
			Does: r.Does, Mistake: r.Mistake, Source: r.Source, Needs: r.Needs,
		}
	}
	return httpapi.Respond(c, http.StatusOK, answer)
}
