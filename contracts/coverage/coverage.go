// Package coverage tells which operations of the wires that tenants and extensions use
// have interactions in the pacts: operation × status × consumer.
package coverage

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/pairsim/pairsim/contracts/pactfile"
)

// Operation is one of a provider's. In Path, a segment {…} stands for any one.
type Operation struct{ Provider, Method, Path string }

// must are the operations that have to be covered, each by the consumers that use it.
// Other operations may be; then they stand in the table, too.
var must = []struct {
	Operation
	consumers []string
}{
	{Operation{"btp", "GET", "/.well-known/pairsim-configuration"}, tenants},
	{Operation{"btp", "GET", "/.well-known/jwks.json"}, tenants},
	{Operation{"btp", "GET", "/v1/applications/signingRequests/info"}, tenants},
	{Operation{"btp", "POST", "/v1/applications/certificates"}, tenants},
	{Operation{"btp", "POST", "/v1/applications/pairsim/pairing-failure"}, tenants},
	{Operation{"btp", "POST", "/v1/applications/pairsim/extension-deletion"}, tenants},
	{Operation{"btp", "GET", "/v1/applications/management/info"}, tenants},
	{Operation{"btp", "POST", "/v1/applications/certificates/renewals"}, tenants},
	{Operation{"btp", "POST", "/v1/applications/certificates/revocations"}, tenants},
	{Operation{"btp", "GET", "/{app}/v1/metadata/services"}, tenants},
	{Operation{"btp", "POST", "/{app}/v1/metadata/services"}, tenants},
	{Operation{"btp", "PUT", "/{app}/v1/metadata/services/{service}"}, tenants},
	{Operation{"btp", "PUT", "/{app}/v1/pairsim/tenant"}, tenants},
	{Operation{"btp", "POST", "/{app}/v1/events"}, tenants},
	{Operation{"btp", "POST", "/oauth/token"}, []string{"marketingsim", "extension"}},
	{Operation{"btp", "POST", "/messagingrest/v1/topics/{topic}/messages"}, []string{"marketingsim"}},
	{Operation{"btp", "POST", "/messagingrest/v1/queues/{queue}/messages/consumption"}, extension},
	{Operation{"btp", "POST", "/messagingrest/v1/queues/{queue}/messages/{message}/acknowledgement"}, extension},
	{Operation{"btp", "PUT", "/hub/rest/api/v1/management/messaging/queues/{queue}"}, extension},
	{Operation{"btp", "PUT", "/hub/rest/api/v1/management/messaging/queues/{queue}/subscriptions/{topicPattern}"}, extension},
	{Operation{"btp", "GET", "/destination-configuration/v1/destinations/{name}"}, extension},
	{Operation{"btp", "GET", "/gateway/{application}/{service}/orders/{order}"}, extension},
	{Operation{"btp", "GET", "/api/v1/subaccounts/{id}/runtime/applications"}, extension},
	{Operation{"btp", "POST", "/api/v1/subaccounts/{id}/runtime/subscriptions"}, extension},
	{Operation{"btp", "GET", "/api/v1/subaccounts/{id}/serviceOfferings"}, extension},
	{Operation{"btp", "GET", "/api/v1/subaccounts/{id}/serviceInstances"}, extension},
	{Operation{"btp", "POST", "/api/v1/subaccounts/{id}/serviceInstances"}, extension},
	{Operation{"btp", "GET", "/api/v1/serviceInstances/{id}"}, extension},
	{Operation{"btp", "DELETE", "/api/v1/serviceInstances/{id}"}, extension},
	{Operation{"btp", "GET", "/api/v1/serviceInstances/{id}/serviceBindings"}, extension},
	{Operation{"btp", "POST", "/api/v1/serviceInstances/{id}/serviceBindings"}, extension},
	{Operation{"btp", "GET", "/api/v1/serviceBindings/{id}"}, extension},
	{Operation{"btp", "DELETE", "/api/v1/serviceBindings/{id}"}, extension},
	{Operation{"cxsim", "POST", "/tenants/{id}/callback/deregistration"}, registry},
	{Operation{"cxsim", "POST", "/tenants/{id}/callback/wake"}, registry},
	{Operation{"marketingsim", "POST", "/tenants/{id}/callback/deregistration"}, registry},
	{Operation{"marketingsim", "POST", "/tenants/{id}/callback/wake"}, registry},
	{Operation{"marketingsim", "PUT", "/tenants/{id}/callback/communicationArrangements/{instance}"}, registry},
	{Operation{"marketingsim", "DELETE", "/tenants/{id}/callback/communicationArrangements/{instance}"}, registry},
	{Operation{"marketingsim", "POST", "/tenants/{id}/api/sap/bc/sec/oauth2/token"}, registry},
}

var (
	tenants   = []string{"cxsim-c4c", "cxsim-commerce", "cxsim-fsm", "marketingsim"}
	extension = []string{"extension"}
	registry  = []string{"btp"}
)

// Must are the operations that have to be covered.
func Must() []Operation {
	list := make([]Operation, len(must))
	for i, m := range must {
		list[i] = m.Operation
	}
	return list
}

// Fits tells whether a request's path is one of a template; in how many segments by
// their text.
func Fits(template, path string) (texts int, ok bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return 0, false
	}
	for i, segment := range want {
		switch {
		case segment == got[i]:
			texts++
		case !strings.HasPrefix(segment, "{") || got[i] == "":
			return 0, false
		}
	}
	return texts, true
}

// Table is what pacts cover: of each operation, the statuses by consumer.
type Table map[Operation]map[string][]int

// Of reads the table of pacts. A request of no operation that must be covered stands
// under its own path.
func Of(files []pactfile.File) Table {
	table := Table{}
	for _, f := range files {
		for _, i := range f.Interactions {
			if i.Message {
				continue
			}
			of, best := Operation{f.Provider, i.Method, i.Path}, -1
			for _, m := range must {
				if texts, ok := Fits(m.Path, i.Path); ok && texts > best && m.Provider == f.Provider && m.Method == i.Method {
					of, best = m.Operation, texts
				}
			}
			if table[of] == nil {
				table[of] = map[string][]int{}
			}
			if statuses := table[of][f.Consumer]; !slices.Contains(statuses, i.Status) {
				table[of][f.Consumer] = append(statuses, i.Status)
			}
		}
	}
	return table
}

// Check tells which operations that must be covered are not, or not with a success.
func (t Table) Check() error {
	var errs []error
	for _, m := range must {
		for _, consumer := range m.consumers {
			if !slices.ContainsFunc(t[m.Operation][consumer], func(status int) bool { return status < 300 }) {
				errs = append(errs, fmt.Errorf("no interaction of %s has %s %s of %s answered with success", consumer, m.Method, m.Path, m.Provider))
			}
		}
	}
	return errors.Join(errs...)
}

// Write prints the table, sorted.
func (t Table) Write(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "PROVIDER\tOPERATION\tCONSUMER\tSTATUSES") // Flush tells of errors
	order := func(a, b Operation) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	}
	for _, o := range slices.SortedFunc(maps.Keys(t), order) {
		for _, consumer := range slices.Sorted(maps.Keys(t[o])) {
			texts := []string{}
			for _, status := range slices.Sorted(slices.Values(t[o][consumer])) {
				texts = append(texts, strconv.Itoa(status))
			}
			_, _ = fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\n", o.Provider, o.Method, o.Path, consumer, strings.Join(texts, " "))
		}
	}
	return w.Flush()
}
