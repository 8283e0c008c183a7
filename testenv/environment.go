package testenv

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/pairsim/pairsim/internal/landscape"
)

// environments counts the environments of all landscapes of the process: each has
// a name of its own.
var environments atomic.Uint64

// Environment makes a further environment in the landscape that e is part of:
// isolated from all others, and a hundred times cheaper than a landscape that has
// listeners of its own. It starts as New would start it. Options for a server as a
// whole (WithData, WithAuth) are refused. Close removes it.
func (e *Env) Environment(ctx context.Context, options ...Option) (*Env, error) {
	cfg := landscape.Config{World: e.landscape.World()}
	cfg.WrapPublic, cfg.WrapControl, cfg.CallbackTimeout = nil, nil, 0
	prepare(&cfg.World)
	for _, option := range options {
		option(&cfg)
	}
	world := cfg.World
	if cfg.World = (landscape.World{}); !reflect.DeepEqual(cfg, landscape.Config{}) {
		return nil, errors.New("an option is for a server as a whole, not for one of its environments: give it to Start")
	}
	name := fmt.Sprint("env-", environments.Add(1))
	if err := e.landscape.MakeEnvironment(ctx, landscape.EnvironmentOptions{Name: name, World: world}); err != nil {
		return nil, err
	}
	return usable(ctx, e.landscape, name, Address{Auth: e.address.Auth, ControlKey: e.address.ControlKey}, e.client)
}

// NewEnvironment is Environment, removed with the test.
func (e *Env) NewEnvironment(t testing.TB, options ...Option) *Env {
	t.Helper()
	made, err := e.Environment(t.Context(), options...)
	return made.endingWith(t, err)
}

// Name is the environment's: "default", or what Environment called it.
func (e *Env) Name() string {
	if e.name == "" {
		return "default"
	}
	return e.name
}
