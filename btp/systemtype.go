package btp

import (
	"strings"
	"time"
)

// TypeProperty is something that is true of some system types only.
type TypeProperty string

// The properties of system types.
const (
	// PairedByToken types are registered with an integration token.
	PairedByToken TypeProperty = "paired by token"
	// ShowsPresentToken types show the present token again (sap-domain §5);
	// the others get a new one with every Display token.
	ShowsPresentToken TypeProperty = "shows the present token"
	// FormationBeforePairing types may join a formation while Pending (SEED-000).
	FormationBeforePairing TypeProperty = "joins a formation before pairing"
	// RetriesAfterError types may get a new token in status Error of v1.
	RetriesAfterError TypeProperty = "retries after an error"
	// NameKeptByTenant types keep the name of a deregistered system until the
	// tenant has deleted its extension too, where the edition says so.
	NameKeptByTenant TypeProperty = "name kept by its tenant"
)

// SystemType is a row of sap-domain §3. Types are data: a further one needs only a row.
type SystemType struct {
	// Name is the exact label in the cockpit.
	Name string
	// Namespace and Provider are those of a third party's type; "" for SAP's.
	Namespace, Provider string
	// TokenValidity counts from issuing; a token is refused at its end.
	TokenValidity time.Duration
	// Environments are the subaccount environments that the type extends into.
	Environments []RuntimeEnvironment
	// Component is where an incident about a system of this type is reported (sap-domain §4.4).
	Component string
	// TokenSource is the document that states validity and single use.
	TokenSource string
	properties  []TypeProperty
}

// Has says whether p is true of t.
func (t *SystemType) Has(p TypeProperty) bool {
	for _, have := range t.properties {
		if have == p {
			return true
		}
	}
	return false
}

const week = 7 * 24 * time.Hour

// SystemTypes are SAP's types that can be registered; a global account may have types
// of its own beside them (Registry.CreateSystemType).
var SystemTypes = []*SystemType{
	customerExperience("SAP Commerce Cloud"),
	customerExperience("SAP Field Service Management"),
	customerExperience("SAP Cloud for Customer"),
	{
		Name: "SAP Marketing Cloud", TokenValidity: week, Component: "BC-NEO-EXT-S4C", TokenSource: "e9d975a.md",
		Environments: []RuntimeEnvironment{CloudFoundry, Kyma},
		properties:   []TypeProperty{PairedByToken, ShowsPresentToken, RetriesAfterError, NameKeptByTenant},
	},
	{ // no tenant of this type is simulated; what SAP Marketing Cloud extends (SEED-004)
		Name: "SAP S/4HANA Cloud", TokenValidity: week, Component: "BC-NEO-EXT-S4C", TokenSource: "28171b6.md",
		Environments: []RuntimeEnvironment{CloudFoundry, Kyma},
		properties:   []TypeProperty{PairedByToken, ShowsPresentToken, RetriesAfterError},
	},
}

func customerExperience(name string) *SystemType {
	return &SystemType{
		Name: name, TokenValidity: 10 * time.Minute, Component: "BC-CP-MP", TokenSource: "SEED-000",
		Environments: []RuntimeEnvironment{Kyma},
		properties:   []TypeProperty{PairedByToken, FormationBeforePairing},
	}
}

// TypeNamed finds a type by its exact label.
func TypeNamed(name string) (*SystemType, error) {
	for _, t := range SystemTypes {
		if t.Name == name {
			return t, nil
		}
	}
	names := make([]string, len(SystemTypes))
	for i, t := range SystemTypes {
		names[i] = t.Name
	}
	return nil, Errorf(TypeUnknown, "there is no system type %q; types are %s", clip(name), strings.Join(names, ", "))
}

// clip bounds a text from outside before it is told again. Of what is too long
// for an id or a type only the beginning is told: it may be a token.
func clip(s string) string {
	const longest, beginning = 64, 16
	if len(s) > longest {
		return strings.ToValidUTF8(s[:beginning], "") + "…"
	}
	return s
}
