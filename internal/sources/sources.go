// Package sources says which documents the rules rest on: what the references in
// refusals, checks, pages and docs mean, and where each document is read.
package sources

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pairsim/pairsim/internal/pattern"
)

// Document is one that references name.
type Document struct {
	// Name is how references begin: "SEED-000", "e9d975a.md", "pairing-protocols".
	Name string
	// Title says what it is, Where whom to ask for it.
	Title, Where string
	// Sections are those that references name, by their number.
	Sections map[int]string
}

// pagesOf is where the pages of SAP's help are public as files.
const pagesOf = "github.com/SAP-docs/btp-cloud-platform"

// documents are those that are not pages of SAP's help, with the seeds first.
var documents = []Document{
	{
		Name: "SEED-000", Title: "Register an SAP Customer Experience System",
		Where: pagesOf + ", the page 1582d72 as it was on 2021-10-25; its steps have the numbers that are given here",
	},
	{
		Name: "SEED-004", Title: "Extending SAP Marketing Cloud in the Cloud Foundry and Kyma Environment",
		Where: pagesOf + ", the page 18bb3d9 as it was on 2024-10-16",
	},
	{
		Name: "pairing-protocols", Title: "notes of this project: the wire between products, registry and Kyma, read in open source",
		Where: "github.com/kyma-project/kyma at tags 0.4 to 1.24 and 2.20, github.com/kyma-incubator/compass, github.com/kyma-incubator/varkes, github.com/SAP-archive/xf-application-mocks",
		Sections: map[int]string{
			1:  "Kyma's Connector Service: token, certificate request, management info, renewal, revocation",
			2:  "Compass: one-time tokens, Connector, the adapter for the older wire, the runtime agent",
			3:  "Kyma's Application Registry: services, their documents and errors",
			4:  "Kyma's event service: the older form, CloudEvents, subscribed events, who may call",
			5:  "Kyma's Application Gateway",
			6:  "Compass's Director: states of applications, formations and assignments",
			7:  "Compass: notifications of formations",
			8:  "what the tests of Kyma and Compass check",
			9:  "the mocks of Compass, varkes and SAP's applications",
			10: "where these differ, and traps",
		},
	},
	{
		Name: "sap-domain", Title: "notes of this project: what SAP's pages say about systems, taken together",
		Where: pagesOf + ", the pages below; open source where it says so",
		Sections: map[int]string{
			0: "two generations of words", 1: "roles", 2: "the object model", 3: "system types", 4: "statuses of systems", 5: "tokens", 6: "names",
			7: "walk-throughs of the cockpit", 8: "formations", 9: "extending SAP Customer Experience in Kyma, and what the products do", 10: "extending SAP Marketing Cloud",
			11: "parameters of plan api-access", 12: "parameters of plan messaging", 13: "Event Mesh in the flow of events", 14: "destinations", 15: "Kyma",
			16: "protocols of pairing", 17: "notifications of formations", 18: "the account model", 19: "audit", 20: "availability", 21: "troubleshooting",
			22: "what changed when", 23: "where pages contradict each other", 24: "what always holds", 26: "what the pages leave open",
		},
	},
	{
		Name: "service-apis", Title: "notes of this project: public interfaces of SAP BTP's services",
		Where: "the Open Service Broker API's specification (github.com/openservicebrokerapi/servicebroker), SAP's help on the services, open-source clients of them",
		Sections: map[int]string{
			1: "XSUAA, the token service", 2: "the Destination service", 3: "the Service Manager", 4: "the Open Service Broker API", 6: "Event Mesh over REST",
		},
	},
	{
		Name: "design", Title: "decisions of this project, where documents are silent",
		Where: "docs/fidelity.md, where they are marked as ours; docs/adr has the reasons of the larger ones",
		Sections: map[int]string{
			1: "what it is", 2: "words and editions", 3: "layout", 4: "rules", 5: "wires", 6: "control", 7: "storage", 8: "budgets", 9: "security", 10: "tests", 11: "names that scripts rely on",
		},
	},
	{Name: "RFC", Title: "a standard of the internet", Where: "www.rfc-editor.org, by its number"},
	{Name: "UCL", Title: "Compass, the open-source ancestor of SAP's Unified Customer Landscape", Where: "github.com/kyma-incubator/compass"},
	{Name: "Kyma", Title: "Kyma's own sources and user documentation", Where: "github.com/kyma-project"},
	{Name: "pairsim", Title: "a rule of the simulator itself", Where: "docs/fidelity.md"},
}

// pages are the pages of SAP's help that references name by the last part of the file's
// name, which stays when the page is renamed.
var pages = map[string]string{
	"0039cf0.md": "role-collections-and-roles-in-global-accounts-directories-and-subaccounts-0039cf0.md",
	"00aa2c2.md": "entitlements-and-quotas-00aa2c2.md",
	"05280a1.md": "create-a-subaccount-05280a1.md",
	"091bc08.md": "requesting-consent-for-a-system-or-system-type-091bc08.md",
	"0c6f498.md": "deregister-or-remov-a-system-0c6f498.md",
	"1582d72.md": "register-an-sap-customer-experience-system-1582d72.md",
	"18bb3d9.md": "extending-sap-marketing-cloud-in-the-cloud-foundry-and-kyma-environment-18bb3d9.md",
	"28171b6.md": "register-an-sap-s-4hana-cloud-system-in-a-global-account-in-sap-btp-28171b6.md",
	"2d50d91.md": "define-sap-s-4hana-cloud-extensibility-service-descriptor-json-yaml-file-2d50d91.md",
	"2ffdaff.md": "adding-registering-and-deregistering-systems-2ffdaff.md",
	"32bd423.md": "create-an-sap-s-4hana-cloud-extensibility-service-instance-in-the-kyma-environment-32bd423.md",
	"3ce5e05.md": "extensibility-and-integration-concepts-3ce5e05.md",
	"531a909.md": "create-an-sap-s-4hana-extensibility-service-instance-in-the-cloud-foundry-environment-531a909.md",
	"5481d59.md": "register-a-third-party-system-5481d59.md",
	"553a4c6.md": "communication-arrangement-json-yaml-file-properties-553a4c6.md",
	"5592d86.md": "merg-sap-systems-5592d86.md",
	"5722fc4.md": "define-sap-event-mesh-service-descriptor-json-yaml-file-5722fc4.md",
	"5ba357b.md": "configure-entitlements-and-quotas-for-subaccounts-5ba357b.md",
	"5deca69.md": "deleting-service-bindings-and-service-instances-5deca69.md",
	"65ad330.md": "configure-the-entitlements-for-the-sap-s-4hana-cloud-extensibility-service-65ad330.md",
	"68b04fa.md": "automating-integrations-using-formations-68b04fa.md",
	"69889e4.md": "my-sap-s-4hana-cloud-extensibility-service-instance-failed-to-create-and-it-didn-t-say-wh-69889e4.md",
	"80a7613.md": "communication-arrangement-json-file-examples-80a7613.md",
	"83df31a.md": "extending-sap-customer-experience-products-in-the-kyma-environment-83df31a.md",
	"9154051.md": "setting-up-system-landscape-for-kyma-9154051.md",
	"925c00a.md": "supported-service-plans-for-sap-s-4hana-cloud-925c00a.md",
	"a6a0072.md": "default-role-collections-of-sap-btp-a6a0072.md",
	"a735641.md": "create-a-service-instance-to-consume-the-sap-s-4hana-cloud-apis-a735641.md",
	"b7e88ab.md": "configure-the-entitlements-for-sap-event-mesh-b7e88ab.md",
	"b8855ef.md": "cannot-create-an-sap-s-4hana-cloud-extensibility-service-instance-of-the-messaging-plan-b8855ef.md",
	"d476ff0.md": "enable-the-consumption-of-sap-s-4hana-cloud-events-d476ff0.md",
	"d7416c3.md": "trigger-the-registration-in-the-sap-marketing-cloud-tenant-d7416c3.md",
	"d866cf6.md": "create-an-sap-s-4hana-cloud-extensibility-service-instance-in-the-cloud-foundry-environme-d866cf6.md",
	"e54e609.md": "create-queues-and-subscribe-to-them-e54e609.md",
	"e9d975a.md": "register-an-sap-marketing-cloud-system-in-a-global-account-in-sap-btp-e9d975a.md",
	"f5bbc57.md": "configure-event-topics-in-sap-s-4hana-cloud-f5bbc57.md",
}

var (
	pageName  = pattern.New(`\b[0-9a-f]{7}\.md\b`)
	otherName = pattern.New(`\b(?:SEED-\d{3}|pairing-protocols|sap-domain|service-apis|design|RFC|UCL|Kyma|pairsim)\b`)
	section   = pattern.New(`§(\d+)`)
)

// page is that of SAP's help with a name.
func page(name string) (Document, bool) {
	file, ok := pages[name]
	words := strings.TrimSuffix(file, "-"+name)
	return Document{Name: name, Title: "a page of SAP's help: " + strings.ReplaceAll(words, "-", " "), Where: pagesOf + ", the file " + file + ", or the one whose name ends so"}, ok
}

// All are the documents: those of this project and others, then SAP's pages.
func All() []Document {
	all := slices.Clone(documents)
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		d, _ := page(name)
		all = append(all, d)
	}
	return all
}

// Find says which documents a reference names, each once, with the sections that it
// names alone: "pairing-protocols §1.4 and §1.6".
func Find(reference string) (found []Document) {
	for _, name := range pageName.Regexp().FindAllString(reference, -1) {
		if d, ok := page(name); ok && !slices.ContainsFunc(found, func(one Document) bool { return one.Name == name }) {
			found = append(found, d)
		}
	}
	names := otherName.Regexp().FindAllStringIndex(reference, -1)
	for i, at := range names {
		end := len(reference)
		if i+1 < len(names) {
			end = names[i+1][0]
		}
		name, behind := reference[at[0]:at[1]], reference[at[1]:end]
		n := slices.IndexFunc(documents, func(d Document) bool { return d.Name == name })
		if n < 0 || slices.ContainsFunc(found, func(one Document) bool { return one.Name == name }) {
			continue
		}
		d := documents[n]
		if numbers := section.Regexp().FindAllStringSubmatch(behind, -1); len(numbers) > 0 && d.Sections != nil {
			named := map[int]string{}
			for _, number := range numbers {
				k, _ := strconv.Atoi(number[1]) // digits
				if title, ok := d.Sections[k]; ok {
					named[k] = title
				}
			}
			d.Sections = named
		}
		found = append(found, d)
	}
	return found
}

// Write writes a document for people.
func (d Document) Write(w io.Writer) {
	fmt.Fprintf(w, "%s: %s\n  %s\n", d.Name, d.Title, d.Where)
	for _, n := range slices.SortedFunc(maps.Keys(d.Sections), cmp.Compare[int]) {
		fmt.Fprintf(w, "  §%d  %s\n", n, d.Sections[n])
	}
}

// Markdown is docs/sources.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# What the references mean

Written by ` + "`make docs`" + ` from internal/sources; do not edit. Refusals, checks, pages and these docs name the document that a rule rests on.
` + "`pairsim documents \"pairing-protocols §1.4\"`" + ` says it in the shell.

A page of SAP's help is named by the last part of its file's name in [SAP-docs/btp-cloud-platform](https://` + pagesOf + `), which stays when
the page is renamed: ` + "`e9d975a.md`" + `. Behind it may stand a date, ` + "`@2024-10`" + `: the page as it was then; ` + "`@v1`" + ` is 2021-10-25. A name behind it is a file or a section there.

`)
	for _, d := range documents {
		fmt.Fprintf(&b, "## %s\n\n%s.\n\nTo be read: %s.\n\n", d.Name, d.Title, d.Where)
		if len(d.Sections) > 0 {
			b.WriteString("| § | about |\n|---|---|\n")
			for _, n := range slices.SortedFunc(maps.Keys(d.Sections), cmp.Compare[int]) {
				fmt.Fprintf(&b, "| %d | %s |\n", n, d.Sections[n])
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("## Pages of SAP's help\n\n| reference | file |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		fmt.Fprintf(&b, "| %s | %s |\n", name, pages[name])
	}
	return b.String()
}
