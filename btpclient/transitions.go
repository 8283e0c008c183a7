package btpclient

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// TransitionPolicy says when a lasting status ends: exactly one field is set. After
// is a duration of the environment's clock, as 10s or 7d; Reads is how often
// operators see the status first; Held waits for a release.
type TransitionPolicy struct {
	Immediate bool   `json:"immediate,omitempty"`
	After     string `json:"after,omitempty"`
	Reads     int    `json:"reads,omitempty"`
	Held      bool   `json:"held,omitempty"`
}

// Transition is a move that may take time. Set: its policy was set while the
// environment ran.
type Transition struct {
	Name   string           `json:"name"`
	What   string           `json:"what"`
	Policy TransitionPolicy `json:"policy"`
	Set    bool             `json:"set"`
}

// Transitions lists the transitions that the edition knows.
func (c *Control) Transitions(ctx context.Context) ([]Transition, error) {
	var answer page[Transition]
	err := c.do(ctx, http.MethodGet, "/control/transitions", nil, nil, &answer)
	return answer.Items, err
}

// SetTransition sets the policy of moves that begin from now on.
func (c *Control) SetTransition(ctx context.Context, name string, p TransitionPolicy) (t Transition, err error) {
	err = c.do(ctx, http.MethodPut, "/control/transitions/"+url.PathEscape(name), nil, p, &t)
	return t, err
}

// ResetTransition goes back to the policy that the server was started with.
func (c *Control) ResetTransition(ctx context.Context, name string) (t Transition, err error) {
	if name == "" {
		return t, errors.New("a transition is named")
	}
	err = c.do(ctx, http.MethodDelete, "/control/transitions/"+url.PathEscape(name), nil, nil, &t)
	return t, err
}

// Hold is something that goes on when it is released. Kind is transition, which
// Transition names, or step, which Point names.
type Hold struct {
	ID         string      `json:"id"`
	Kind       string      `json:"kind"`
	Transition string      `json:"transition,omitempty"`
	Point      string      `json:"point,omitempty"`
	Subject    HoldSubject `json:"subject"`
	Since      time.Time   `json:"since"`
}

// HoldSubject is the system, formation or service instance that waits, by its id.
type HoldSubject struct {
	System    string `json:"system,omitempty"`
	Formation string `json:"formation,omitempty"`
	Instance  string `json:"instance,omitempty"`
	Name      string `json:"name"`
}

// Holds lists what is held, oldest first.
func (c *Control) Holds(ctx context.Context) ([]Hold, error) {
	var answer page[Hold]
	err := c.do(ctx, http.MethodGet, "/control/holds", nil, nil, &answer)
	return answer.Items, err
}

// Release lets a hold go. It returns when what was held is done, or after a moment.
func (c *Control) Release(ctx context.Context, id string) error {
	if id == "" {
		return errors.New("a hold is named by its id")
	}
	return c.do(ctx, http.MethodPost, "/control/holds/"+url.PathEscape(id)+"/release", nil, nil, nil)
}
