package btp

import "strings"

// Edition is one generation of SAP's documents as a table: what the cockpit
// calls things, which moves a system can make and what an operator may do.
// An environment has one edition, stored with it (sap-domain §0.2).
type Edition struct {
	// ID is the stable name ("v1"), Alias another accepted spelling.
	ID, Alias string
	// Cockpit says which cockpit a reader is looking at.
	Cockpit string
	// TokenName is what the edition calls the token.
	TokenName string
	// RegisterVerb and TokenVerb are the cockpit's buttons.
	RegisterVerb, TokenVerb string
	// TokenAtRegistration says that registering a system issues its first token.
	TokenAtRegistration bool
	// Labels are what the cockpit shows for a status; every status of the edition has one.
	Labels map[Status]string
	// Lifecycle lists every move that a system can make.
	Lifecycle []Move
}

// V1 is the cockpit of SEED-000, until 2022-04-14.
var V1 = &Edition{
	ID:                  "v1",
	Alias:               "2021-10",
	Cockpit:             "SAP BTP cockpit as of October 2021",
	TokenName:           "integration token",
	RegisterVerb:        "Register System",
	TokenVerb:           "Display token",
	TokenAtRegistration: true,
	Labels: map[Status]string{ //nolint:exhaustive // v1 removes nothing; Gone is never stored
		Pending:         "Pending",
		Registered:      "Registered",
		Failed:          "Error",
		Deregistering:   "Deregistering",
		DeregisterError: "Deregister Error",
	},
	Lifecycle: lifecycleV1,
}

// V2 is the cockpit from 2022-04-15 to now.
var V2 = &Edition{
	ID:           "v2",
	Alias:        "latest",
	Cockpit:      "SAP BTP cockpit of today",
	TokenName:    "registration token",
	RegisterVerb: "Add System",
	TokenVerb:    "Get Token",
	Labels: map[Status]string{ //nolint:exhaustive // Gone is never stored
		Pending:         "",
		Registered:      "Registered",
		Failed:          "Error while Registering",
		Deregistering:   "Deregistering",
		DeregisterError: "Error while Deregistering",
		Removing:        "Removing",
		RemoveError:     "Error while Removing",
	},
	Lifecycle: lifecycleV2,
}

// Editions are all editions, the default first.
var Editions = []*Edition{V1, V2}

// EditionNamed finds an edition by id or alias, ignoring case; "" is the default.
func EditionNamed(name string) (*Edition, error) {
	if name == "" {
		return V1, nil
	}
	for _, e := range Editions {
		if strings.EqualFold(name, e.ID) || strings.EqualFold(name, e.Alias) {
			return e, nil
		}
	}
	return nil, Errorf(InvalidRequest, "there is no edition %q; editions are v1 (2021-10) and v2 (latest)", name)
}

// Label is what the cockpit of e shows for s.
func (e *Edition) Label(s Status) string { return e.Labels[s] }

// Move returns the move that event makes from status, and whether there is one.
func (e *Edition) Move(from Status, on Event) (Move, bool) {
	for _, m := range e.Lifecycle {
		if m.From == from && m.On == on {
			return m, true
		}
	}
	return Move{}, false
}
