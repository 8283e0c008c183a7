package control

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/publicurl"
	"github.com/pairsim/pairsim/internal/snapshot"
)

// Bounds of a request for an environment.
const (
	maxSeed            = 1 << 20                            // bytes
	maxEnvironmentBody = snapshot.MaxSize + httpapi.MaxBody // bytes; most is the snapshot
	maxTTL             = 30 * 24 * time.Hour
)

// Environments are the environments of a server. They refuse with the codes of btp.
type Environments interface {
	CreateEnvironment(context.Context, NewEnvironment) (Environment, error)
	// Environments lists them by name, default among them.
	Environments() []Environment
	Environment(name string) (Environment, error)
	DropEnvironment(ctx context.Context, name string) error
}

// NewEnvironment is what is asked of a new environment.
type NewEnvironment struct {
	Name string
	// Edition is "" for that of the seed or snapshot or, without one, of default.
	Edition string
	// Seed is a seed document, Snapshot a snapshot's, of which at most one is there;
	// without both: the built-in landscape.
	Seed, Snapshot json.RawMessage
	// TTL is real time; 0: until it is dropped.
	TTL time.Duration
	// Policy changes those decisions of the server that are to be others.
	Policy func(*btp.Policy)
}

// Environment is an environment as its server knows it. Its times are real; zero
// is unknown, and never.
type Environment struct {
	Name, Edition        string
	CreatedAt, ExpiresAt time.Time
	// Prefix stands before its paths; empty for default.
	Prefix string
}

type environment struct {
	Name      string          `json:"name"`
	Edition   string          `json:"edition"`
	URLs      environmentURLs `json:"urls"`
	CreatedAt time.Time       `json:"createdAt,omitzero"`
	ExpiresAt time.Time       `json:"expiresAt,omitzero"`
}

type environmentURLs struct {
	HTTP    string `json:"http"`
	MTLS    string `json:"mtls,omitempty"`
	Control string `json:"control"`
}

func (s *server) environmentOf(r *http.Request) func(Environment) environment {
	plain, overTLS := s.URLs.Listeners(r)
	return func(e Environment) environment {
		shown := environment{
			Name: e.Name, Edition: e.Edition, CreatedAt: e.CreatedAt.UTC(), ExpiresAt: e.ExpiresAt.UTC(),
			URLs: environmentURLs{HTTP: plain + e.Prefix, Control: "http://" + r.Host + e.Prefix},
		}
		if overTLS != "" {
			shown.URLs.MTLS = overTLS + e.Prefix
		}
		return shown
	}
}

func (s *server) listEnvironments(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, httpapi.ListOf(s.Environments.Environments(), s.environmentOf(c.Request)))
}

func (s *server) showEnvironment(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	e, err := s.Environments.Environment(c.Param("name"))
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, s.environmentOf(c.Request)(e))
}

func (s *server) createEnvironment(c *gin.Context) error {
	wanted, err := readNewEnvironment(c)
	if err != nil {
		return err
	}
	e, err := s.Environments.CreateEnvironment(c.Request.Context(), wanted)
	if err != nil {
		return err
	}
	c.Header("Location", publicurl.Path(c.Request, "/control/environments/"+e.Name))
	return httpapi.Respond(c, http.StatusCreated, s.environmentOf(c.Request)(e))
}

func readNewEnvironment(c *gin.Context) (NewEnvironment, error) {
	var req struct {
		Name     string             `json:"name"`
		Edition  string             `json:"edition"`
		Seed     json.RawMessage    `json:"seed"`
		Snapshot json.RawMessage    `json:"snapshot"`
		TTL      *string            `json:"ttl"`
		Policy   *environmentPolicy `json:"policy"`
	}
	if _, err := httpapi.ReadQuery(c); err != nil {
		return NewEnvironment{}, err
	}
	if err := httpapi.DecodeLargeBody(c, maxEnvironmentBody, &req); err != nil {
		return NewEnvironment{}, err
	}
	wanted := NewEnvironment{Name: req.Name, Edition: req.Edition, Seed: req.Seed, Snapshot: req.Snapshot}
	switch {
	case req.Seed != nil && req.Snapshot != nil:
		return wanted, btp.Errorf(btp.InvalidRequest, "the body has a seed and a snapshot; an environment begins as one of them")
	case len(req.Seed) > maxSeed:
		return wanted, btp.Errorf(btp.BodyTooLarge, "a seed document has at most %d bytes", maxSeed)
	}
	var err error
	if wanted.Policy, err = req.Policy.change(); err != nil || req.TTL == nil {
		return wanted, err
	}
	if wanted.TTL, err = parseDuration("$.ttl", *req.TTL); err != nil || wanted.TTL <= 0 || wanted.TTL > maxTTL {
		return wanted, btp.Errorf(btp.InvalidRequest, "$.ttl is %.40q; it must be a duration of real time, longer than none and at most 30d: 90s, 10m, 1d", *req.TTL)
	}
	return wanted, nil
}

func (s *server) deleteEnvironment(c *gin.Context) error {
	if err := httpapi.ReadNothing(c); err != nil {
		return err
	}
	if err := s.Environments.DropEnvironment(c.Request.Context(), c.Param("name")); err != nil {
		return err
	}
	return httpapi.NoContent(c)
}
