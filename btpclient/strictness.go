package btpclient

import (
	"context"
	"net/http"
)

// Strictness is how unfriendly a server is on purpose, and what became of it.
type Strictness struct {
	On    bool         `json:"on"`
	Seed  uint64       `json:"seed,omitempty"`
	Rules []StrictRule `json:"rules"`
}

// StrictRule is one rule of it. Exercised counts the answers that it had a hand
// in, Tripped the requests that it refused for a mistake of their client.
type StrictRule struct {
	Number    string `json:"number"`
	Name      string `json:"name"`
	On        bool   `json:"on"`
	Exercised int64  `json:"exercised"`
	Tripped   int64  `json:"tripped"`
	Does      string `json:"does"`
	Mistake   string `json:"mistake"`
	Source    string `json:"source"`
	Needs     string `json:"needs,omitempty"`
}

// Strictness reads the rules and their counts.
func (c *Control) Strictness(ctx context.Context) (s Strictness, err error) {
	err = c.do(ctx, http.MethodGet, "/control/strictness", nil, nil, &s)
	return s, err
}
