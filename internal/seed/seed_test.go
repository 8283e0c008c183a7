package seed_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/seed"
)

const examples = "../../docs/examples/seeds"

func TestExamplesAreTakenByTheRegistry(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(examples, "*.yaml"))
	if err != nil || len(paths) != 4 {
		t.Fatalf("got %d examples (%v), want 4", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f, err := seed.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Try(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// Rule: seed-checked
func TestFindings(t *testing.T) {
	tests := []struct{ name, document, want string }{
		{"unknown key", "edition: v1\nsytems: []\n", "2: sytems: there is no such key"},
		{"unknown inner key", "systems:\n  - name: A\n    type: SAP Commerce Cloud\n    state: pending\n", "4: systems[0].state: there is no such key"},
		{"missing", "systems:\n  - type: SAP Commerce Cloud\n", "2: systems[0]: missing property 'name'"},
		{"number for text", "systems:\n  - name: 7\n    type: SAP Commerce Cloud\n", "2: systems[0].name: got number, want string"},
		{"edition", "edition: v3\n", `1: edition: "v3" is none of v1, 2021-10, v2, latest`},
		{"key twice", "seed: 1\nseed: 2\n", `2: key "seed" stands there twice`},
		{"alias", "a: &a [1]\nb: *a\n", "2: b: aliases are not taken; write it out"},
		{"alias bomb", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", "aliases are not taken"},
		{"merge", "a: &a {x: 1}\nb:\n  <<: *a\n", "a key must be plain text"},
		{"two documents", "edition: v1\n---\nedition: v2\n", "one YAML document"},
		{"no YAML", "a: [", "not YAML"},
		{"no object", "- a\n", "got array, want object"},
		{"deep", strings.Repeat("[", 30) + strings.Repeat("]", 30), "nests deeper than 20 levels"},
		{"binary", "edition: !!binary aGk=\n", "neither text nor a number"},
		{"infinite", "seed: .inf\n", "neither text nor a number"},
		{"large number", "seed: 99999999999999999999\n", "1: seed: 99999999999999999999 is too large a number"},
		{"fraction", "seed: 1.5\n", "1: seed: got number, want integer"},
		{"no number", "seed: 0\n", "1: seed: is 0, want at least 1"},
		{"nothing", "systems:\n", "1: systems: got null, want array"},
		{"none of a list", "globalAccounts: []\n", "1: globalAccounts: has 0 items, want at least 1"},
		{"item twice", "globalAccounts:\n  - id: a\n    subaccounts:\n      - {id: b, environments: [kyma, kyma]}\n", "4: globalAccounts[0].subaccounts[0].environments: items at 0 and 1 are equal"},
		{"no text", "systems:\n  - {name: A, type: SAP Commerce Cloud, status: Error, cause: ''}\n", "2: systems[0].cause: has 0 characters, want at least 1"},
		{"type", "systems:\n  - {name: A, type: Commerce}\n", `2: systems[0].type: there is no system type "Commerce"; types are`},
		{"status of v2 in v1", "systems:\n  - {name: A, type: SAP Commerce Cloud, status: Removing}\n", `2: systems[0].status: edition v1 has no status "Removing"; statuses are "Pending", "Registered"`},
		{"name twice", "systems:\n  - {name: A, type: SAP Commerce Cloud}\n  - {name: A, type: SAP Commerce Cloud}\n", `3: systems[1].name: there is a system "A" in global account default already: systems[0].name (line 2)`},
		{"id twice", "systems:\n  - {id: a, name: A, type: SAP Commerce Cloud}\n  - {id: a, name: B, type: SAP Commerce Cloud}\n", `3: systems[1].id: "a" is taken by systems[0].id (line 2)`},
		{"id in paths", "systems:\n  - {id: ../x, name: A, type: SAP Commerce Cloud}\n", `2: systems[0].id: "../x" does not match ^[A-Za-z0-9][A-Za-z0-9-]{0,63}$ (1 to 64 letters, digits and hyphens)`},
		{"unknown account", "systems:\n  - name: A\n    type: SAP Commerce Cloud\n    globalAccount: other\n", `4: systems[0].globalAccount: there is no global account "other" in this file`},
		{"account twice", "globalAccounts:\n  - id: a\n  - id: b\n    subdomain: a\n", `4: globalAccounts[1].subdomain: "a" is taken by globalAccounts[0].id (line 2)`},
		{"region", "globalAccounts:\n  - id: a\n    subaccounts:\n      - {id: b, region: mars}\n", `4: globalAccounts[0].subaccounts[0].region: there is no region "mars"`},
		{"token", "systems:\n  - {name: A, type: SAP Commerce Cloud, token: old}\n", `2: systems[0].token: "old" must be none, or an object with the key age`},
		{"token age", "systems:\n  - {name: A, type: SAP Commerce Cloud, token: {age: soon}}\n", `2: systems[0].token.age: "soon" is no duration`},
		{"token of a registered system", "systems:\n  - {name: A, type: SAP Commerce Cloud, status: Registered, token: {age: 1m}}\n", "2: systems[0].token: only a pending system has a token"},
		{"cause without error", "systems:\n  - {name: A, type: SAP Commerce Cloud, cause: x}\n", "2: systems[0].cause: only an error status has a cause"},
		{"tenant twice", "tenants:\n  - {id: a, product: fsm}\n  - {id: a, product: c4c}\n", `3: tenants[1].id: "a" is taken`},
		{"product", "tenants:\n  - {id: a, product: erp}\n", `2: tenants[0].product: "erp" is none of commerce, fsm, c4c, marketing`},
		{"API of another product", "tenants:\n  - id: a\n    product: fsm\n    apis:\n      - {identifier: c4c-odata, targetUrl: http://x.test}\n", `5: tenants[0].apis[0].identifier: product fsm has no API "c4c-odata"; its APIs are fsm-service, fsm-activity`},
		{"API without target", "tenants:\n  - {id: a, product: fsm, apis: [{identifier: fsm-service}]}\n", `2: tenants[0].apis[0]: missing property 'targetUrl'`},
		{"API at no URL", "tenants:\n  - {id: a, product: fsm, apis: [{identifier: fsm-service, targetUrl: x}]}\n", `2: tenants[0].apis[0].targetUrl: "x" does not match`},
		{"API twice", "tenants:\n  - id: a\n    product: fsm\n    apis:\n      - {identifier: fsm-service, targetUrl: http://x.test}\n      - {identifier: fsm-service, targetUrl: http://y.test}\n", `6: tenants[0].apis[1].identifier: "fsm-service" is taken`},
		{"no OpenAPI", "tenants:\n  - {id: a, product: fsm, apis: [{identifier: fsm-service, targetUrl: 'http://x.test', specification: {a: 1}}]}\n", "2: tenants[0].apis[0].specification: is neither EDMX nor an OpenAPI document"},
		{"no EDMX", "tenants:\n  - {id: a, product: fsm, apis: [{identifier: fsm-service, targetUrl: 'http://x.test', specification: <html/>}]}\n", "its root must be Edmx"},
		{"scenario of a product without", "tenants:\n  - {id: a, product: fsm, disabledScenarios: [SAP_COM_0207]}\n", "2: tenants[0]: SAP Field Service Management has no communication scenarios"},
		{"scenario that is no custom one", "tenants:\n  - {id: a, product: marketing, communicationScenarios: [{id: SAP_COM_1, name: a}]}\n", `2: tenants[0].communicationScenarios[0].id: "SAP_COM_1" does not match`},
		{"scenario without services", "tenants:\n  - {id: a, product: marketing, communicationScenarios: [{id: YY1_A, name: a}]}\n", "2: tenants[0].communicationScenarios[0]: inboundServices: a scenario has"},
		{"scenario with an authentication of S/4HANA", "tenants:\n  - {id: a, product: marketing, communicationScenarios: [{id: YY1_A, name: a, inboundAuthentication: [ClientCertificateAuthentication]}]}\n", "supported are BasicAuthentication, OAuth2SAMLBearerAssertion"},
		{"unknown scenario", "tenants:\n  - {id: a, product: marketing, disabledScenarios: [SAP_COM_9]}\n", `2: tenants[0].disabledScenarios[0]: there is no scenario "SAP_COM_9"`},
		{"scenario enabled and disabled", "tenants:\n  - {id: a, product: marketing, enabledScenarios: [SAP_COM_0207], disabledScenarios: [SAP_COM_0207]}\n", "scenario SAP_COM_0207 is there twice"},
		{"user without an address", "tenants:\n  - {id: a, product: marketing, users: [jane]}\n", "2: tenants[0].users[0]: is no e-mail address"},
		{"no file", "tenants:\n  - {id: a, product: fsm, apis: [{identifier: fsm-service, targetUrl: 'http://x.test', specification: a.json}]}\n", "a file can be named in a seed file only"},
		{"instant", "clock:\n  frozen: true\n  at: 2030-02-31T10:00:00Z\n", "3: clock.at: \"2030-02-31T10:00:00Z\" is no instant"},
		{"no instant at all", "clock:\n  frozen: true\n  at: tomorrow\n", `3: clock.at: "tomorrow" is no instant as RFC 3339 writes it; write 2030-01-01T10:00:00Z`},
		{"instant of a running clock", "clock:\n  frozen: false\n  at: 2030-01-01T10:00:00Z\n", "3: clock.at: only a frozen clock"},
		{"validity", "policy:\n  tokenValidity:\n    SAP Commerce Cloud: 0s\n", "3: policy.tokenValidity.SAP Commerce Cloud: must be longer than 0s"},
		{"validity of fractions", "policy:\n  tokenValidity:\n    SAP Commerce Cloud: 1500ms\n", "whole seconds"},
		{"validity of an unknown type", "policy:\n  tokenValidity:\n    ERP: 1h\n", `3: policy.tokenValidity.ERP: there is no system type "ERP"`},
		{"too long a duration", "policy:\n  attemptDeadline: 99999999999h\n", "2: policy.attemptDeadline:"},
		{"formation twice", "formations:\n  - {name: a, subaccount: dev}\n  - {name: a, subaccount: dev}\n", `3: formations[1].name: there is a formation "a" in global account default already: formations[0].name (line 2)`},
		{"formation id twice", "formations:\n  - {id: a, name: a, subaccount: dev}\n  - {id: a, name: b, subaccount: dev}\n", `3: formations[1].id: "a" is taken by formations[0].id (line 2)`},
		{"formation of an unknown subaccount", "formations:\n  - name: a\n    subaccount: prod\n", `3: formations[0].subaccount: global account default has no subaccount "prod" in this file`},
		{"formation of an unknown account", "formations:\n  - {name: a, subaccount: dev, globalAccount: b}\n", `2: formations[0].globalAccount: there is no global account "b" in this file`},
		{"unknown system in a formation", "formations:\n  - name: a\n    subaccount: dev\n    systems:\n      - A\n", `5: formations[0].systems[0]: global account default has no system "A" in this file`},
		{"system twice in a formation", "systems:\n  - {id: a, name: A, type: SAP Commerce Cloud}\nformations:\n  - {name: a, subaccount: dev, systems: [a, A]}\n", `4: formations[0].systems[1]: system "A" is named twice: formations[0].systems[0]`},
		{"formation type", "edition: v2\nformations:\n  - {name: a, type: Joule}\n", `3: formations[0].type: there is no formation type "Joule"`},
		{"formation without type", "edition: v2\nformations:\n  - {name: a}\n", `3: formations[0]: edition v2 needs the type of a formation`},
		{"formation status in v1", "formations:\n  - {name: a, subaccount: dev, status: Ready}\n", "2: formations[0].status: edition v1 shows no statuses of formations"},
		{"formation status", "edition: v2\nformations:\n  - {name: a, type: Side-by-Side Extensibility with Kyma, status: Pending}\n", `3: formations[0].status: edition v2 has no formation status "Pending"; statuses are "Draft", "Synchronizing"`},
		{"cause of a formation that has not failed", "edition: v2\nformations:\n  - {name: a, type: Side-by-Side Extensibility with Kyma, status: Draft, cause: x}\n", "3: formations[0].cause: only an error status has a cause"},
		{"ready without Kyma", "edition: v2\nformations:\n  - {name: a, type: Side-by-Side Extensibility with Kyma, status: Ready}\n", "3: formations[0].status: it is not ready while"},
		{"rule of the registry: formation name", "formations:\n  - {name: a_b, subaccount: dev}\n", `2: formations[0]: formation name "a_b": lower-case`},
		{"rule of the registry: member", "systems:\n  - {name: A, type: SAP Marketing Cloud}\nformations:\n  - {name: a, subaccount: dev, systems: [A]}\n", `4: formations[0]: system "A" is not registered`},
		{"entitlement of an unknown subaccount", "entitlements:\n  - {subaccount: prod, system: A, plan: messaging}\n", `2: entitlements[0].subaccount: there is no subaccount "prod" in this file`},
		{"entitlement for an unknown system", "entitlements:\n  - {subaccount: dev, system: A, plan: messaging}\n", `2: entitlements[0].system: global account default, that of subaccount dev, has no system "A" in this file`},
		{"entitlement for a pending system", "systems:\n  - {name: A, type: SAP Commerce Cloud}\nentitlements:\n  - {subaccount: dev, system: A, plan: messaging}\n", `4: entitlements[0].system: system "A" has the status Pending; an entitlement is for a registered system`},
		{"entitlement twice", "systems:\n  - {id: a, name: A, type: SAP Commerce Cloud, status: Registered}\nentitlements:\n  - {subaccount: dev, system: A, plan: messaging}\n  - {subaccount: dev, system: a, plan: messaging}\n", `5: entitlements[1]: subaccount dev has plan messaging for system "a" already: entitlements[0] (line 4)`},
		{"plan", "entitlements:\n  - {subaccount: dev, system: A, plan: lite}\n", `2: entitlements[0].plan: "lite" is none of api-access, messaging`},
		{"rule of the registry: entitlement", "globalAccounts:\n  - {id: a, subaccounts: [{id: b, environments: []}]}\nsystems:\n  - {name: A, type: SAP Commerce Cloud, status: Registered}\nentitlements:\n  - {subaccount: b, system: A, plan: messaging}\n", `6: entitlements[0]: subaccount "b" has neither`},
		{"tenant of a pending system", "systems:\n  - {name: A, type: SAP Commerce Cloud, tenant: {id: a}}\n", "2: systems[0].tenant: only a system that was paired has a tenant"},
		{"tenant without id", "systems:\n  - {name: A, type: SAP Commerce Cloud, status: Registered, tenant: {url: 'http://a'}}\n", "2: systems[0].tenant: missing property 'id'"},
		{"tenant's URL", "systems:\n  - {name: A, type: SAP Commerce Cloud, status: Registered, tenant: {id: a, callbackUrl: a.test}}\n", `2: systems[0].tenant.callbackUrl: "a.test" does not match`},
		{"duration of nothing", "policy:\n  durations:\n    pairing: 1m\n", "3: policy.durations.pairing: there is no such key"},
		{"transition of nothing", "policy:\n  transitions:\n    pairing: {held: true}\n", "3: policy.transitions.pairing: there is no such key"},
		{"transition that ends twice", "policy:\n  transitions:\n    removing: {held: true, reads: 2}\n", "3: policy.transitions.removing: "},
		{"transition that does not end", "policy:\n  transitions: {removing: {}}\n", "2: policy.transitions.removing: "},
		{"transition after no reads", "policy:\n  transitions: {removing: {reads: 0}}\n", "2: policy.transitions.removing.reads: "},
		{"transition after a time", "policy:\n  transitions: {removing: {after: soon}}\n", `2: policy.transitions.removing.after: "soon" is no duration`},
		{"transition for ever", "policy:\n  transitions: {removing: {after: 900000h}}\n", "2: policy.transitions.removing: a transition takes no time or more, and 3650 days at most"},
		{"duration for ever", "policy:\n  durations: {removing: 900000h}\n", "2: policy.durations.removing: a transition takes no time or more, and 3650 days at most"},
		{"transition that is not held", "policy:\n  transitions: {removing: {held: false}}\n", "2: policy.transitions.removing.held: "},
		{"transition and duration", "policy:\n  durations: {removing: 1m}\n  transitions: {removing: {held: true}}\n", "2: policy.durations.removing: policy.transitions says when it ends already"},
		{"duration", "policy:\n  durations: {removing: soon}\n", `2: policy.durations.removing: "soon" is no duration`},
		{"rule of the registry: name", "systems:\n  - {name: ' A', type: SAP Commerce Cloud}\n", "2: systems[0]: a system name has no leading or trailing blank"},
		{"rule of the registry: subdomain", "globalAccounts:\n  - {id: b}\n  - {id: a, subdomain: -a}\n", "3: globalAccounts[1]: subdomain"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := seed.Parse([]byte(test.document))
			if err == nil {
				err = f.Try(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// TestReferences: a system is named by its id or, with or without one, by its
// name in the right global account; a subaccount by its id or subdomain.
//
// Rule: seed-checked
func TestReferences(t *testing.T) {
	f, err := seed.Parse([]byte(`
globalAccounts:
  - {id: a, subaccounts: [{id: a-dev, subdomain: dev-of-a}]}
  - {id: b, subaccounts: [{id: b-dev, subdomain: dev-of-b}]}
systems:
  - {name: Shop, type: SAP Commerce Cloud, status: Registered}
  - {name: Shop, type: SAP Commerce Cloud, status: Registered, globalAccount: b}
  - {id: x, name: Sales, type: SAP Cloud for Customer, globalAccount: b, status: Deregister Error, tenant: {id: t, url: "https://t.test", callbackUrl: "https://t.test/c"}}
  - {id: y, name: Field, type: SAP Field Service Management, globalAccount: b}
formations:
  - {name: one, subaccount: dev-of-a, systems: [Shop]}
  - {name: one, subaccount: dev-of-b, systems: [Shop, y], globalAccount: b}
entitlements:
  - {subaccount: dev-of-a, system: Shop, plan: messaging}
  - {subaccount: b-dev, system: Shop, plan: messaging, service: SAP S/4HANA Cloud Extensibility}
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Try(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg := landscape.Default()
	if err := f.Apply(&cfg); err != nil {
		t.Fatal(err)
	}
	want := btp.Descriptor{TenantID: "t", URL: "https://t.test", CallbackURL: "https://t.test/c"}
	if got := cfg.Landscape.Systems[2].Tenant; got == nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("got tenant %+v, want %+v", got, want)
	}
	if got := cfg.Landscape.Entitlements; got[0].Subaccount != "a-dev" || got[1].Subaccount != "b-dev" {
		t.Errorf("got entitlements %+v, want them in a-dev and b-dev", got)
	}
}

func TestApply(t *testing.T) {
	f, err := seed.Load(filepath.Join(examples, "frozen-v2.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cfg := landscape.Default()
	if err := f.Apply(&cfg); err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC); !cfg.StartFrozen.Equal(want) || cfg.Edition != "v2" || cfg.Seed != 2030 {
		t.Errorf("got %s, edition %s, seed %d; want %s, v2, 2030", cfg.StartFrozen, cfg.Edition, cfg.Seed, want)
	}
	p := cfg.Policy
	if p.AttemptDeadline != 30*time.Minute || p.RejectedCSRs != 3 || !p.AbandonedIsError || !p.StrictRevocation || p.BurnOnRejectedCSR ||
		p.TokenValidity["SAP Marketing Cloud"] != 48*time.Hour {
		t.Errorf("got policy %+v", p)
	}
	if len(cfg.Landscape.Subaccounts) != 1 || len(cfg.Tenants) != 4 {
		t.Errorf("got %d subaccounts and %d tenants, want the built-in 1 and 4", len(cfg.Landscape.Subaccounts), len(cfg.Tenants))
	}
	systems := cfg.Landscape.Systems
	if got := systems[0].TokenAge; got >= 0 {
		t.Errorf("v2 without token: got age %s, want none", got)
	}
	if got := systems[1].TokenAge; got != 24*time.Hour {
		t.Errorf("got age %s, want 24h", got)
	}
	if got := systems[3].Status; got != btp.Failed {
		t.Errorf("Error while Registering: got %s, want %s", got, btp.Failed)
	}

	formations, entitlements := cfg.Landscape.Formations, cfg.Landscape.Entitlements
	if len(formations) != 3 || formations[1].Status != btp.StatusError || formations[1].Systems[0] != "sales" || formations[2].Status != btp.StatusDraft {
		t.Errorf("got formations %+v", formations)
	}
	if len(entitlements) != 2 || entitlements[1] != (btp.DeclaredEntitlement{Subaccount: "dev", System: "sales", Service: "s4-hana-cloud", Plan: "messaging"}) {
		t.Errorf("got entitlements %+v", entitlements)
	}
	for name, want := range map[btp.Transition]btp.TransitionPolicy{ //nolint:exhaustive // what the file declares
		btp.TransitionDeregistering: {Reads: 3}, btp.TransitionRemoving: {After: 30 * time.Second}, btp.TransitionSynchronizing: {After: 10 * time.Second},
	} {
		if got := p.Transitions[name]; got != want {
			t.Errorf("got %s for %s, want %s", got, name, want)
		}
	}

	cfg = landscape.Default()
	cfg.Edition = "2021-10"
	var findings seed.Findings
	if err := f.Apply(&cfg); !errors.As(err, &findings) || findings[0].Path != "edition" {
		t.Errorf("another edition asked for: got %v, want a finding at edition", err)
	}
}

// TestReplacedAPIs: a specification may stand in the seed file or beside it.
func TestReplacedAPIs(t *testing.T) {
	dir := t.TempDir()
	const edmx = `<edmx:Edmx xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" Version="1.0"/>`
	for name, text := range map[string]string{
		"calls.yaml": "openapi: 3.0.3\npaths: {}\n", "data.edmx": edmx, "none.json": `{"paths":{}}`, "large.json": strings.Repeat(" ", 1<<20+1),
		"seed.yaml": `tenants:
  - id: field
    product: fsm
    apis:
      - {identifier: fsm-service, targetUrl: "http://127.0.0.1:9000/calls/", specification: calls.yaml}
      - {identifier: fsm-activity, targetUrl: "http://127.0.0.1:9000/acts", specification: {openapi: 3.0.3, paths: {}}}
  - id: crm
    product: c4c
    apis: [{identifier: c4c-odata, targetUrl: "http://127.0.0.1:9000/odata", specification: data.edmx}]
`,
		"wrong.yaml": `tenants:
  - id: field
    product: fsm
    apis:
      - {identifier: fsm-service, targetUrl: "http://127.0.0.1:9000", specification: none.json}
      - {identifier: fsm-activity, targetUrl: "http://127.0.0.1:9000", specification: large.json}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := seed.Load(filepath.Join(dir, "seed.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cfg := landscape.Default()
	if err := f.Apply(&cfg); err != nil {
		t.Fatal(err)
	}
	const openAPI = `{"openapi":"3.0.3","paths":{}}`
	want := []landscape.Tenant{
		{ID: "field", Product: "fsm", APIs: []landscape.ReplacedAPI{
			{Identifier: "fsm-service", TargetURL: "http://127.0.0.1:9000/calls/", Specification: []byte(openAPI)},
			{Identifier: "fsm-activity", TargetURL: "http://127.0.0.1:9000/acts", Specification: []byte(openAPI)},
		}},
		{ID: "crm", Product: "c4c", APIs: []landscape.ReplacedAPI{
			{Identifier: "c4c-odata", TargetURL: "http://127.0.0.1:9000/odata", Specification: []byte(edmx)},
		}},
	}
	if !reflect.DeepEqual(cfg.Tenants, want) {
		t.Errorf("got %s, want %s", cfg.Tenants, want)
	}
	_, err = seed.Load(filepath.Join(dir, "wrong.yaml"))
	if err == nil || !strings.Contains(err.Error(), "is neither EDMX nor an OpenAPI document") || !strings.Contains(err.Error(), "larger than 1048576 bytes") {
		t.Errorf("got %v, want both specifications refused", err)
	}
}

// TestDeclaredCommunication: what a seed file says of communication reaches the tenant.
func TestDeclaredCommunication(t *testing.T) {
	f, err := seed.Parse([]byte(`tenants:
  - id: ads
    product: marketing
    users: [jane@alpine.test]
    enabledScenarios: [SAP_COM_0008]
    disabledScenarios: [SAP_COM_0092]
    communicationScenarios:
      - id: YY1_CONTACTS
        name: Contacts
        outboundAuthentication: [NoAuthentication]
        outboundServices: [{id: YY1_CONTACTS_OUT, name: Changes, objects: [Contact]}]
`))
	if err != nil {
		t.Fatal(err)
	}
	cfg := landscape.Default()
	if err := f.Apply(&cfg); err != nil {
		t.Fatal(err)
	}
	const want = `{"communicationScenarios":[{"id":"YY1_CONTACTS","name":"Contacts","inboundAuthentication":null,"outboundAuthentication":["NoAuthentication"],` +
		`"inboundServices":null,"outboundServices":[{"id":"YY1_CONTACTS_OUT","name":"Changes","objects":["Contact"]}]}],` +
		`"enabledScenarios":["SAP_COM_0008"],"disabledScenarios":["SAP_COM_0092"],"users":["jane@alpine.test"]}`
	if got := string(cfg.Tenants[0].Communication); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if _, err := seed.Load(filepath.Join(dir, "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: got %v, want %v", err, os.ErrNotExist)
	}
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, []byte(strings.Repeat("#", seed.MaxSize+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seed.Load(large); err == nil || !strings.Contains(err.Error(), "larger than 1048576 bytes") {
		t.Errorf("large file: got %v, want it refused for its size", err)
	}
	wrong := filepath.Join(dir, "wrong.yaml")
	if err := os.WriteFile(wrong, []byte("edition: v9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seed.Load(wrong); err == nil || !strings.HasPrefix(err.Error(), wrong+":1: edition: ") {
		t.Errorf("got %v, want it to begin with file and line", err)
	}
}

// Rule: seed-checked
func FuzzSeed(f *testing.F) {
	paths, _ := filepath.Glob(filepath.Join(examples, "*.yaml"))
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, text := range []string{"", "{}", "~", "a: &a [*a]", "systems: [{token: none}]", "? [a]\n: b", "seed: 0x10", "clock: {frozen: on}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := seed.Parse(data)
		if err != nil {
			return
		}
		cfg := landscape.Default()
		if err := file.Apply(&cfg); err != nil {
			var findings seed.Findings
			if !errors.As(err, &findings) {
				t.Errorf("Apply: got %v, want findings", err)
			}
			return
		}
		if got, want := len(cfg.Landscape.Systems), len(file.Systems); got != want {
			t.Errorf("got %d systems, want %d", got, want)
		}
	})
}
