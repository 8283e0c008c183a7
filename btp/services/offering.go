package services

import (
	"context"
	"encoding/json"

	"github.com/pairsim/pairsim/btp"
)

// Offering is a service that a subaccount can have instances of. Its methods with a
// Step run in the atomic step that the engine takes; Create and Delete run outside of
// any, within the limits of a call, and may take steps of their own (Registry.Amend).
// They are called for asynchronous plans only: instances of the others are made by
// Admit and Created, and unmade by Deleted, in one step.
type Offering interface {
	Description() Description
	// Admit judges a request before anything is kept, and may change what is kept of
	// it: expanded parameters, the system, the state. The engine has held the parameters
	// against CreateSchema already. It refuses with ParametersInvalid, whose Findings
	// name JSON paths, or with the rule's own code. What it stores before it refuses is gone.
	Admit(s *btp.Step, i *Instance) error
	// Create does what cannot be undone, on the tenant. What it returns is handed to
	// Created or, when something fails later, to nobody: then Delete is called, so Delete
	// copes with an instance of which nothing, or a part, was made. It may be called again
	// for the same instance, when a process died meanwhile.
	Create(ctx context.Context, r *btp.Registry, i Instance) (made json.RawMessage, err error)
	// Created ends the creation, in the step in which the instance becomes usable. When it
	// refuses, Delete and Deleted take away what was made and stored, what Created stored
	// before it refused included.
	Created(s *btp.Step, i *Instance, made json.RawMessage) error
	// Delete takes away what Create made; nothing to take away is no error.
	Delete(ctx context.Context, r *btp.Registry, i Instance) error
	// Deleted takes away what Admit and Created stored for the instance, and nothing else
	// of the same name; nothing to take away is no error.
	Deleted(s *btp.Step, i *Instance) error
	// Bind makes the credentials of b, a JSON object. It refuses with ParametersInvalid.
	Bind(s *btp.Step, i Instance, b *Binding) error
	// Unbind takes away what Bind stored.
	Unbind(s *btp.Step, i Instance, b Binding) error
}

// Preparer is an Offering whose Create needs what may take longer than a call.
type Preparer interface {
	// Prepare makes it ready before the engine judges the request, of which nothing is
	// known yet; it changes nothing that is kept.
	Prepare(ctx context.Context, r *btp.Registry, subaccount btp.SubaccountID, plan string, parameters json.RawMessage) error
}

// Description is what the catalogue says of an offering.
type Description struct {
	// ID is the same in every environment: a UUID.
	ID          string
	Name        string // technical: s4-hana-cloud
	DisplayName string
	Text        string
	Tags        []string
	Plans       []Plan
}

// Plan is a plan of an offering.
type Plan struct {
	ID, Name, DisplayName, Text string
	Free                        bool
	// Asynchronous says that creating and deleting take an operation.
	Asynchronous bool
	// NeedsSystem says that the entitlement is for a registered system and the plan (65ad330.md).
	NeedsSystem bool
	// NeedsEntitlement is false for what every subaccount has.
	NeedsEntitlement bool
	// CreateSchema and BindSchema are JSON Schemas of the parameters, self-contained and
	// below 64 kB; nil: no parameters are documented, and any object is taken. The engine
	// judges by the keywords that internal/schema knows; the others (anyOf, if) are for
	// platforms to show, and Admit's to judge.
	CreateSchema, BindSchema json.RawMessage
}
