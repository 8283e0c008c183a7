package evidence

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/contracts/pactfile"
)

// pactsOf are the interactions that show a rule, by their descriptions as the suites in
// contracts write them, where it matters behind their consumer and a colon. * at the end
// stands for any rest.
var pactsOf = map[string][]string{
	"arrangement-in-tenant":                {"an arrangement with a password is made", "an arrangement is ended", "an arrangement is made a second time"},
	"arrangement-name-unique":              {"an arrangement whose name is taken"},
	"arrangement-outbound-configured":      {"an arrangement whose services cannot be called", "an arrangement with an unknown service"},
	"arrangement-ends-with-pairing":        {"an arrangement in a tenant that is not paired any more", "an arrangement while the extension is disabled"},
	"arrangement-registry-only":            {"an arrangement that somebody else asks for", "an arrangement that somebody else ends", "an arrangement for another system than is signed"},
	"attempt-deadline":                     {"a certificate request that comes too late", "a failure is reported too late"},
	"bus-acknowledgement":                  {"an event is taken out of a queue", "an event is acknowledged"},
	"bus-queue-subscribes":                 {"a queue is made", "a queue subscribes to topics"},
	"bus-topic-bound":                      {"an event is published on the bus", "the CloudEvent of a change on the event bus"},
	"certificate-90-days":                  {"management info with an expired certificate"},
	"certificate-contents":                 {"a certificate request with the follow-up token"},
	"certificate-needed":                   {"management info without a certificate", "the extension is deleted with a certificate that is of another authority"},
	"certificate-renewal":                  {"a certificate is renewed"},
	"certificate-revocation":               {"a certificate is revoked", "a certificate is revoked a second time", "a certificate is renewed that its tenant has revoked"},
	"csr-form":                             {"a certificate request that is none"},
	"csr-subject":                          {"a certificate request for another subject"},
	"deregister-revokes-all":               {"management info with the certificate of a system that is gone", "an event of a system that is gone"},
	"deregister-tells-tenant":              {"the tenant commerce is told of a deregistration", "the tenant c4c is told of a deregistration", "the tenant fsm is told of a deregistration", "the tenant marketing is told of a deregistration"},
	"deregister-failure-keeps-credentials": {"the tenant commerce is told of a deregistration and is busy", "the tenant marketing is told of a deregistration and is busy"},
	"destination-client-credentials":       {"a token for an application"},
	"destination-find":                     {"a destination with user and password is looked up"},
	"destination-names":                    {"an unknown destination is looked up"},
	"destination-saml":                     {"a destination is looked up for a user", "a destination is looked up that needs a user, for nobody"},
	"destination-secrets-hidden":           {"a destination is looked up with the token of another service"},
	"event-delivered":                      {"an extension subscribes to an event", "an event that the runtime delivers"},
	"event-legacy-checks":                  {"an event is published"},
	"event-sink-permitted":                 {"an extension subscribes with a sink outside"},
	"failure-report":                       {"a failure is reported with the follow-up token", "a failure is reported with the certificate"},
	"followup-token":                       {"an integration token is presented", "a certificate request with the follow-up token"},
	"gateway-address":                      {"an API is called through the gateway", "an API entry is called through the gateway of Compass", "an unknown API is called", "an API of an unknown application is called"},
	"gateway-errors":                       {"an API is called that cannot be reached", "an API is called that fails"},
	"instance-binding-blocks-deletion":     {"a service instance is deleted that is bound"},
	"instance-names-unique":                {"a service instance is made whose name is taken"},
	"instance-parameters":                  {"a service instance is made with wrong parameters"},
	"instance-scenario-enabled":            {"an arrangement of a scenario that is not enabled", "an arrangement with an authentication that the scenario does not have"},
	"management-info":                      {"management info for a new certificate"},
	"messaging-parameters":                 {"an arrangement for events is made", "an arrangement whose channel is taken", "an arrangement with a wrong attribute"},
	"notice-is-signed":                     {"the tenant commerce is told by a stranger", "the tenant commerce is told of another's deregistration"},
	"offering-needs-entitlement":           {"the services of a subaccount are listed", "a service instance is made of a plan that is not entitled"},
	"pairing-info-answer":                  {"an integration token is presented"},
	"product-csrf":                         {"a CSRF token for *"},
	"product-data":                         {"data of *"},
	"product-events":                       {"the event *"},
	"product-saml-bearer":                  {"a token for a user by an assertion", "a token by what is no assertion"},
	"registered-by-descriptor":             {"the tenant describes itself"},
	"access-needs-pairing-and-formation":   {"the applications of a runtime are listed"},
	"service-document":                     {"the service marketing-contact is registered", "the service commerce-webservices is registered", "the service c4c-odata is registered", "the service fsm-service is registered"},
	"service-identifier":                   {"the service commerce-webservices is registered a second time", "the services of an application that has one"},
	"service-specification":                {"the specification *"},
	"services-exposed":                     {"the service commerce-events is registered", "the service c4c-events is registered", "the service fsm-events is registered", "the service marketing-events is registered"},
	"system-name-kept-by-tenant":           {"the extension is deleted", "the row of a deregistered system is deleted"},
	"tenant-renews-in-time":                {"the tenant says when it renews the next time", "the tenant commerce is woken", "the tenant marketing is woken"},
	"token-newest-wins":                    {"a replaced integration token is presented"},
	"token-refusal-says-why":               {"an expired integration token is presented", "a used integration token is presented", "a replaced integration token is presented"},
	"token-service":                        {"a token for an application", "a token for a user of an application"},
	"token-single-use":                     {"a used integration token is presented"},
	"token-validity-cx":                    {"cxsim-commerce: an expired integration token is presented"},
	"token-validity-marketing":             {"marketingsim: an expired integration token is presented"},
}

// Interaction is one of a committed pact.
type Interaction struct {
	Consumer, Description string
	// Operation is the one that it is of, "" for a message and for what no wire has.
	Operation string
}

// named tells whether pactsOf means the interaction by a name.
func (i Interaction) named(name string) bool {
	if beginning, ok := strings.CutSuffix(name, "*"); ok {
		return strings.HasPrefix(i.Description, beginning)
	}
	return name == i.Description || name == i.Consumer+": "+i.Description
}

// Interactions reads the committed pacts.
func Interactions(files fs.FS, wires []Wire) (list []Interaction, err error) {
	names, err := fs.Glob(files, "contracts/pacts/*.json")
	if err != nil {
		return nil, fmt.Errorf("list the pacts: %w", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read the pacts: %w", err)
		}
		pact, err := pactfile.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		for _, i := range pact.Interactions {
			key := ""
			if !i.Message {
				key, _ = find(wires, i.Method+" "+i.Path)
			}
			list = append(list, Interaction{pact.Consumer, i.Description, key})
		}
	}
	slices.SortStableFunc(list, func(a, b Interaction) int {
		return cmp.Or(strings.Compare(a.Description, b.Description), strings.Compare(a.Consumer, b.Consumer))
	})
	return list, nil
}
