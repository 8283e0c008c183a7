package services

import (
	"encoding/json"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Instance is a service instance in a subaccount.
type Instance struct {
	ID string `json:"-"`
	// Name is unique in the subaccount; 1 to 255 characters.
	Name          string              `json:"-"`
	GlobalAccount btp.GlobalAccountID `json:"globalAccount"`
	Subaccount    btp.SubaccountID    `json:"-"`
	// Offering and Plan are technical names: s4-hana-cloud, api-access.
	Offering string `json:"offering"`
	Plan     string `json:"plan"`
	Place    Place  `json:"place"`
	// Parameters are as they were given; {} without any. They may hold passwords, which
	// the Offering takes out of them (Admission.Parameters).
	Parameters json.RawMessage `json:"parameters"`
	// System is the registered system that it makes accessible; "" for other services,
	// and when its creation failed and left nothing.
	System btp.SystemID `json:"-"`
	// Entitlement is what it uses up; "" where the plan needs none, and when its creation
	// failed and left nothing.
	Entitlement btp.EntitlementID `json:"-"`
	// State is what the Offering keeps of it, without secrets; Secret with.
	State  json.RawMessage `json:"state,omitempty"`
	Secret json.RawMessage `json:"-"`
	// Labels and Context are what Service Manager's clients gave.
	Labels    map[string][]string `json:"labels,omitempty"`
	Context   json.RawMessage     `json:"context,omitempty"`
	Operation Operation           `json:"operation"`
	// Ready says that its creation ended well, once.
	Ready bool `json:"ready,omitempty"`
	// Undo says that its creation failed, and what it left is still to be taken away;
	// Tries is how often that failed.
	Undo  bool `json:"undo,omitempty"`
	Tries int  `json:"tries,omitempty"`
	// Declared are bindings that are made when the instance is ready.
	Declared []NewBinding `json:"declared,omitempty"`
	// Request is the digest of what was asked for: a repeated request is the same one.
	// It is kept with the secrets, as parameters may hold some.
	Request   []byte    `json:"-"`
	Sequence  uint64    `json:"-"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// Place is where in the subaccount an instance is used: a space of Cloud Foundry or a
// namespace of Kyma (10.1).
type Place struct {
	Environment btp.RuntimeEnvironment `json:"environment"`
	// Organization is the id of the Cloud Foundry organization; "" in Kyma.
	Organization string `json:"organization,omitempty"`
	// Space is the id of the space, or the name of the namespace.
	Space string `json:"space"`
}

// OperationType says what is done to an instance or binding.
type OperationType string

// The types.
const (
	Create OperationType = "create"
	Delete OperationType = "delete"
)

// OperationState says how far an operation is (Open Service Broker 2.17).
type OperationState string

// The states.
const (
	InProgress OperationState = "in progress"
	Succeeded  OperationState = "succeeded"
	Failed     OperationState = "failed"
)

// Operation is the last operation on an instance.
type Operation struct {
	ID    string         `json:"id"`
	Type  OperationType  `json:"type"`
	State OperationState `json:"state"`
	// Description tells a user why it failed, where users look for it (69889e4.md).
	Description string    `json:"description,omitempty"`
	Code        btp.Code  `json:"code,omitempty"`
	StartedAt   time.Time `json:"startedAt"`
	EndedAt     time.Time `json:"endedAt,omitzero"`
}

// Usable says whether the instance can be bound: its creation ended well, and it is
// not being deleted.
func (i *Instance) Usable() bool { return i.Ready && i.Operation.State != InProgress }

// Failed says whether its creation failed.
func (i *Instance) Failed() bool { return !i.Ready && i.Operation.State == Failed }

// Binding is what an application gets of an instance: credentials.
type Binding struct {
	ID string `json:"-"`
	// Name is unique in the instance.
	Name       string              `json:"-"`
	Instance   string              `json:"-"`
	Subaccount btp.SubaccountID    `json:"-"`
	Parameters json.RawMessage     `json:"parameters"`
	Labels     map[string][]string `json:"labels,omitempty"`
	Context    json.RawMessage     `json:"context,omitempty"`
	// Credentials is a JSON object, a secret.
	Credentials json.RawMessage `json:"-"`
	// Request is the digest of what was asked for.
	Request   []byte    `json:"-"`
	Sequence  uint64    `json:"-"`
	CreatedAt time.Time `json:"createdAt"`
}
