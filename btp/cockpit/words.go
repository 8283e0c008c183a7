package cockpit

import (
	"cmp"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// words are what the pages are told first: how the edition's cockpit calls things
// and what a system can do in which status. They are the tables of btp.
type words struct {
	Environment btp.EnvironmentID `json:"environment"`
	Protected   bool              `json:"protected"`
	Tenants     []Tenant          `json:"tenants,omitempty"`
	// Journal is the number of the newest entry: live updates begin behind it.
	Journal uint64  `json:"journal"`
	Edition edition `json:"edition"`
}

type edition struct {
	ID                  string  `json:"id"`
	Cockpit             string  `json:"cockpit"`
	TokenName           string  `json:"tokenName"`
	RegisterVerb        string  `json:"registerVerb"`
	TokenVerb           string  `json:"tokenVerb"`
	DeregisterVerb      string  `json:"deregisterVerb"`
	RemoveVerb          string  `json:"removeVerb"`
	MergeVerb           string  `json:"mergeVerb"`
	OwnSystemTypes      bool    `json:"ownSystemTypes"`
	IncludeVerb         string  `json:"includeVerb"`
	ExcludeVerb         string  `json:"excludeVerb"`
	TokenAtRegistration bool    `json:"tokenAtRegistration"`
	Statuses            []label `json:"statuses"`
	// Moves are what an operator can ask of a system, each with the statuses that allow it.
	Moves             []move  `json:"moves"`
	FormationNameRule string  `json:"formationNameRule"`
	FormationName     string  `json:"formationName"` // a regular expression
	FormationStatuses []label `json:"formationStatuses"`
	EmptyFirst        bool    `json:"emptyFirst"`
	AllTypesInRuntime bool    `json:"allTypesInRuntime"`
	// PairFirst are the types whose systems join a formation only when they are registered.
	PairFirst []string `json:"pairFirst"`
}

type label struct {
	Code  string `json:"code"`
	Label string `json:"label"`
}

type move struct {
	On     btp.Event  `json:"on"`
	From   btp.Status `json:"from"`
	Types  []string   `json:"types,omitempty"` // all, if there are none
	Source string     `json:"source"`
}

// asked are the events that come about because an operator asks.
var asked = map[btp.Event]bool{ //nolint:exhaustive // the others happen by themselves
	btp.TokenRequested: true, btp.DeregistrationRequested: true, btp.RemovalRequested: true, btp.MergeRequested: true,
}

func (s *server) showWords(c *gin.Context) {
	_, newest := s.Registry.Journal().Span()
	c.Header("Cache-Control", "no-store")
	w := words{Environment: s.Environment, Protected: s.Protected, Journal: newest, Edition: wordsOf(s.Registry.Edition())}
	if s.Protected {
		w.Tenants = s.Tenants
	}
	c.JSON(http.StatusOK, w)
}

func wordsOf(e *btp.Edition) edition {
	w := edition{
		ID: e.ID, Cockpit: e.Cockpit, TokenName: e.TokenName, RegisterVerb: e.RegisterVerb, TokenVerb: e.TokenVerb,
		DeregisterVerb: e.DeregisterVerb, RemoveVerb: e.RemoveVerb, MergeVerb: e.MergeVerb, OwnSystemTypes: e.OwnSystemTypes, IncludeVerb: e.IncludeVerb, ExcludeVerb: e.ExcludeVerb,
		TokenAtRegistration: e.TokenAtRegistration, FormationNameRule: e.FormationNameRule, FormationName: e.FormationName.String(),
		EmptyFirst: e.EmptyFirst, AllTypesInRuntime: e.AllTypesInRuntime,
		Statuses: []label{}, Moves: []move{}, FormationStatuses: []label{}, PairFirst: []string{},
	}
	for _, t := range btp.SystemTypes {
		if t.Has(btp.PairedByToken) && !t.Has(btp.FormationBeforePairing) {
			w.PairFirst = append(w.PairFirst, t.Name)
		}
	}
	for _, status := range btp.Statuses {
		if text, known := e.Labels[status]; known {
			w.Statuses = append(w.Statuses, label{string(status), text})
		}
	}
	for _, m := range e.Lifecycle {
		if !asked[m.On] {
			continue
		}
		one := move{On: m.On, From: m.From, Source: m.Source}
		// Nobody makes tokens for a third party's type.
		if needed := m.Only; needed != "" || m.On == btp.TokenRequested {
			needed = cmp.Or(needed, btp.PairedByToken)
			for _, t := range btp.SystemTypes {
				if t.Has(needed) {
					one.Types = append(one.Types, t.Name)
				}
			}
		}
		w.Moves = append(w.Moves, one)
	}
	for _, status := range btp.FormationStatuses {
		if text, known := e.FormationLabels[status]; known {
			w.FormationStatuses = append(w.FormationStatuses, label{string(status), text})
		}
	}
	return w
}
