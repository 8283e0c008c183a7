package control

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
)

// transition is a move that may take time, and what ends it (docs/wire.md, Control).
type transition struct {
	Name   btp.Transition `json:"name"`
	What   string         `json:"what"`
	Policy policy         `json:"policy"`
	Set    bool           `json:"set"`
}

// policy has exactly one of its fields.
type policy struct {
	Immediate bool   `json:"immediate,omitempty"`
	After     string `json:"after,omitempty"`
	Reads     int    `json:"reads,omitempty"`
	Held      bool   `json:"held,omitempty"`
}

func transitionOf(s btp.TransitionState) transition {
	p := policy{Immediate: s.Policy.Immediate(), Reads: s.Policy.Reads, Held: s.Policy.Held}
	if s.Policy.After > 0 {
		p.After = s.Policy.After.String()
	}
	return transition{s.Name, btp.TransitionWords[s.Name], p, s.Set}
}

func (s *server) listTransitions(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	all, err := s.Registry.TransitionStates(c.Request.Context())
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, httpapi.ListOf(all, transitionOf))
}

type policyRequest struct {
	Immediate *bool   `json:"immediate"`
	After     *string `json:"after"`
	Reads     *int    `json:"reads"`
	Held      *bool   `json:"held"`
}

func (r policyRequest) policy() (p btp.TransitionPolicy, err error) {
	given := 0
	for _, there := range []bool{r.Immediate != nil, r.After != nil, r.Reads != nil, r.Held != nil} {
		if there {
			given++
		}
	}
	if given != 1 {
		return p, btp.Errorf(btp.InvalidRequest, "the body has %d of immediate, after, reads and held; it must have one", given)
	}
	switch {
	case r.After != nil:
		p.After, err = parseDuration("$.after", *r.After)
	case r.Reads != nil && *r.Reads < 1:
		err = btp.Errorf(btp.InvalidRequest, "$.reads is %d; it must be 1 to %d", *r.Reads, btp.MaxTransitionReads)
	case r.Reads != nil:
		p.Reads = *r.Reads
	case r.Immediate != nil && !*r.Immediate, r.Held != nil && !*r.Held:
		err = btp.Errorf(btp.InvalidRequest, "immediate and held are true, or left out")
	default:
		p.Held = r.Held != nil
	}
	return p, err
}

func (s *server) setTransition(c *gin.Context) error {
	var req policyRequest
	if err := readOnlyBody(c, &req); err != nil {
		return err
	}
	p, err := req.policy()
	if err != nil {
		return err
	}
	return s.respondTransition(c, &p)
}

// resetTransition goes back to what the server was started with.
func (s *server) resetTransition(c *gin.Context) error {
	if err := httpapi.ReadNothing(c); err != nil {
		return err
	}
	return s.respondTransition(c, nil)
}

func (s *server) respondTransition(c *gin.Context, p *btp.TransitionPolicy) error {
	state, err := s.Registry.SetTransition(c.Request.Context(), btp.Transition(c.Param("name")), p)
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, transitionOf(state))
}
