package story

import (
	"fmt"
	"time"
)

// cockpit is an edition of the SAP BTP cockpit in the words of its documents. The
// story knows it from them alone and holds the registry's answers against it.
type cockpit struct {
	name              string
	token             string // what the pairing token is called
	registerButton    string
	tokenButton       string
	tokenAtOnce       bool   // registering a system gives its first token
	empty, registered string // statuses: before and after pairing
	extensionSection  string // of Marketing Cloud's tile
	includeVerb       string // what one does with a system and a formation
	formationReady    string // status of a formation, "" where none is shown
	accountEvent      string // type of the event of a new account, as it is delivered
	leaves            bool   // deregistering takes the row away
	deregisterError   string // status after deregistering has failed
	errorSource       string // where the way out of it stands
}

// cockpits by edition: SEED-000 and e9d975a.md@v1; 1582d72.md and e9d975a.md
// (sap-domain §4, §7).
var cockpits = map[string]cockpit{
	"v1": {
		name: "SAP BTP cockpit as of October 2021 (edition v1)", token: "integration token",
		registerButton: "Register System", tokenButton: "Display token", tokenAtOnce: true,
		empty: "Pending", registered: "Registered", extensionSection: "Integrations",
		includeVerb: "assigned", leaves: true,
		accountEvent:    "sap.kyma.custom.mpsales.AccountRoot.Created.v1",
		deregisterError: "Deregister Error", errorSource: "SEED-000, Results",
	},
	"v2": {
		name: "SAP BTP cockpit of today (edition v2), beside the step numbers of the seed documents", token: "registration token",
		registerButton: "Add System", tokenButton: "Get Token",
		empty: "", registered: "Registered", extensionSection: "Extensions",
		includeVerb: "included", formationReady: "Ready",
		accountEvent:    "Account.Root.Created.v1",
		deregisterError: "Error while Deregistering", errorSource: "1582d72",
	},
}

// shown is a status as the reader sees it.
func shown(label string) string {
	if label == "" {
		return "(empty)"
	}
	return label
}

// product is one chapter: a tenant and the system that it is paired as.
type product struct {
	tenant, systemType string
	system             string
	validity           time.Duration // of its tokens, from generation
	source             string
	steps              steps
	// inProgress and registered are the product's words for the states of a row;
	// empty where no document gives them (sap-domain §9).
	inProgress, registered string
	events                 string // identifier of its events service
	untold                 bool   // the tenant's calls of a pairing: the reader has seen the like
	sectioned              bool   // the console has the cockpit edition's section
	formed                 bool   // it joins a formation before its pairing
}

// steps are the numbers that the source gives to what happens.
type steps struct {
	register, getToken, copy, listed, formation, console, enter, done, refresh string
}

var cxSteps = steps{"1-3", "4", "4", "5", "7", "8", "8", "8", "9"}

// products are the four chapters.
var products = []product{{
	tenant: "commerce", systemType: "SAP Commerce Cloud", system: "Web Shop", validity: 10 * time.Minute,
	source: "SEED-000, steps 1 to 9", steps: cxSteps, formed: true,
	inProgress: "In Progress", registered: "Registered", events: "commerce-events",
}, {
	tenant: "fsm", systemType: "SAP Field Service Management", system: "Field Service", validity: 10 * time.Minute,
	source: "SEED-000, steps 1 to 9", steps: cxSteps, formed: true, events: "fsm-events",
}, {
	tenant: "c4c", systemType: "SAP Cloud for Customer", system: "Sales", validity: 10 * time.Minute,
	source: "SEED-000, steps 1 to 9", steps: cxSteps, formed: true, events: "c4c-events",
}, {
	tenant: "marketing", systemType: "SAP Marketing Cloud", system: "Campaigns", validity: 7 * 24 * time.Hour,
	source: "SEED-004, step 1; e9d975a", steps: steps{"1", "1", "2", "2", "", "3", "4", "5", "7"},
	inProgress: "Enabling", registered: "Enabled", events: "marketing-events", sectioned: true,
}}

// lasting is a validity as the documents write it.
func lasting(d time.Duration) string {
	if days := d / (24 * time.Hour); days > 1 && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", days)
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}
