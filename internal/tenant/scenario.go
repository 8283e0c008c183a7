package tenant

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/internal/pattern"
)

// Authentication is a method of a communication scenario, with the word that
// service parameters have for it (553a4c6.md).
type Authentication string

// The methods. Inbound is towards the tenant, outbound away from it.
const (
	BasicAuthentication             Authentication = "BasicAuthentication"
	OAuth2SAMLBearerAssertion       Authentication = "OAuth2SAMLBearerAssertion"
	ClientCertificateAuthentication Authentication = "ClientCertificateAuthentication"
	OAuth2ClientCredentials         Authentication = "OAuth2ClientCredentials"
	OAuth2MTLS                      Authentication = "OAuth2mTLS"
	NoAuthentication                Authentication = "NoAuthentication"
)

// Authentications are the methods of one scenario, or all those of a product.
type Authentications struct {
	Inbound  []Authentication `json:"inboundAuthentication"`
	Outbound []Authentication `json:"outboundAuthentication"`
}

// MarketingAuthentications are what SAP Marketing Cloud takes (SEED-004, 18bb3d9.md);
// S4HANAAuthentications is the wider set of an S/4HANA Cloud tenant (553a4c6.md).
var (
	MarketingAuthentications = Authentications{
		Inbound:  []Authentication{BasicAuthentication, OAuth2SAMLBearerAssertion},
		Outbound: []Authentication{BasicAuthentication, OAuth2ClientCredentials, NoAuthentication},
	}
	S4HANAAuthentications = Authentications{
		Inbound:  []Authentication{BasicAuthentication, OAuth2SAMLBearerAssertion, ClientCertificateAuthentication},
		Outbound: []Authentication{BasicAuthentication, OAuth2ClientCredentials, NoAuthentication, OAuth2MTLS, ClientCertificateAuthentication},
	}
)

// Communication is what a product has for communication arrangements.
type Communication struct {
	Authentications // of the product: no scenario has others
	Scenarios       []Scenario
	Objects         []BusinessObject
	TokenPath       string // of the token endpoint for SAML bearer assertions, below /api
}

// Scenario is a communication scenario: what an arrangement is made from.
type Scenario struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Authentications
	InboundServices  []InboundService  `json:"inboundServices"`
	OutboundServices []OutboundService `json:"outboundServices"`
	// Disabled says that the scenario is not enabled unless its administrator enables it.
	Disabled bool `json:"-"`
	// Eventing is the scenario of plan messaging: it has a channel to an event bus,
	// and no other authentication than the bus asks for.
	Eventing bool `json:"-"`
}

// InboundService is an API that an arrangement of the scenario opens; API is the
// identifier of one of the product's, "" for one that is not simulated.
type InboundService struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	API  string `json:"api,omitempty"`
}

// OutboundService is called when business objects change. Objects are names of
// the product's; none: all.
type OutboundService struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Objects []string `json:"objects,omitempty"`
}

// BusinessObject tells which records are one, and what identifies it.
type BusinessObject struct {
	Collection string
	Name       string   // "Contact", in events and calls
	Keys       []string // fields
}

// changes are the changes of a business object, as event names have them.
var changes = []string{"Created", "Changed", "Deleted"}

// topic is the name of an event below a channel's topic space, without /ce
// (f5bbc57.md).
func (o BusinessObject) topic(change string) string {
	return "sap/s4/beh/" + strings.ToLower(o.Name) + "/v1/" + o.Name + "/" + change + "/v1"
}

const (
	maxCustomScenarios = 100
	maxScenarioParts   = 50 // services of a scenario
	maxName            = 255
)

var (
	customScenarioID = pattern.New(`^YY1_[A-Z0-9_]{1,36}$`)
	serviceID        = pattern.New(`^[A-Za-z0-9_]+$`).AtMost(80)
)

// ScenarioState is a scenario as its administrator sees it.
type ScenarioState struct {
	Scenario
	Enabled bool `json:"enabled"`
	Custom  bool `json:"custom"`
}

// validate finds gaps in the data of a product.
func (c *Communication) validate(apis []API) error {
	if c == nil {
		return nil
	}
	seen := map[string]bool{}
	for _, s := range c.Scenarios {
		if seen[s.ID] {
			return fmt.Errorf("scenario %s is there twice", s.ID)
		}
		seen[s.ID] = true
		if err := c.check(s, apis); err != nil {
			return fmt.Errorf("scenario %s: %w", s.ID, err)
		}
	}
	return nil
}

// check tells what is wrong with a scenario, the product's own or a custom one.
func (c *Communication) check(s Scenario, apis []API) error {
	for _, part := range []struct {
		field      string
		has, known []Authentication
	}{{"inboundAuthentication", s.Inbound, c.Inbound}, {"outboundAuthentication", s.Outbound, c.Outbound}} {
		for i, a := range part.has {
			if !slices.Contains(part.known, a) {
				return fmt.Errorf("%s[%d]: %q is not supported here; supported are %s", part.field, i, clip(string(a), 40), words(part.known))
			}
		}
	}
	if len(s.Name) == 0 || len(s.Name) > maxName {
		return fmt.Errorf("name: has 1 to %d bytes", maxName)
	}
	if len(s.InboundServices) > maxScenarioParts || len(s.OutboundServices) > maxScenarioParts {
		return fmt.Errorf("a scenario has at most %d inbound and as many outbound services", maxScenarioParts)
	}
	ids := map[string]bool{}
	identify := func(field string, i int, id, name string) error {
		switch {
		case !serviceID.MatchString(id):
			return fmt.Errorf("%s[%d].id: has 1 to 80 letters, digits and underscores", field, i)
		case ids[id]:
			return fmt.Errorf("%s[%d].id: %s is there twice", field, i, id)
		case name == "" || len(name) > maxName:
			return fmt.Errorf("%s[%d].name: has 1 to %d bytes", field, i, maxName)
		}
		ids[id] = true
		return nil
	}
	for i, in := range s.InboundServices {
		if err := identify("inboundServices", i, in.ID, in.Name); err != nil {
			return err
		}
		if in.API != "" && !slices.ContainsFunc(apis, func(a API) bool { return a.Identifier == in.API }) {
			return fmt.Errorf("inboundServices[%d].api: the product has no API %q", i, clip(in.API, 100))
		}
	}
	for i, out := range s.OutboundServices {
		if err := identify("outboundServices", i, out.ID, out.Name); err != nil {
			return err
		}
		for _, name := range out.Objects {
			if !slices.ContainsFunc(c.Objects, func(o BusinessObject) bool { return o.Name == name }) {
				return fmt.Errorf("outboundServices[%d].objects: the product has no business object %q", i, clip(name, 40))
			}
		}
	}
	switch {
	case s.Eventing:
	case len(s.InboundServices) > 0 && len(s.Inbound) == 0:
		return fmt.Errorf("inboundAuthentication: a scenario with inbound services has one")
	case len(s.OutboundServices) > 0 && len(s.Outbound) == 0:
		return fmt.Errorf("outboundAuthentication: a scenario with outbound services has one")
	case len(s.InboundServices)+len(s.OutboundServices) == 0:
		return fmt.Errorf("inboundServices: a scenario has an inbound or an outbound service")
	}
	return nil
}

// checkCustom tells what is wrong with a scenario that an administrator or a seed
// file declares.
func (c *Communication) checkCustom(s Scenario, apis []API) error {
	if !customScenarioID.MatchString(s.ID) {
		return fmt.Errorf("id: is YY1_ and 1 to 36 capital letters, digits and underscores")
	}
	return c.check(s, apis)
}

// CheckDeclared tells what is wrong with what a seed file declares for a tenant of p.
// Paths are relative to the tenant.
func (p Product) CheckDeclared(d Declared, tell func(path, problem string)) {
	c := p.Communication
	if c == nil {
		if len(d.Scenarios)+len(d.Enabled)+len(d.Disabled)+len(d.Users) > 0 {
			tell("", p.SystemType+" has no communication scenarios and no users for them")
		}
		return
	}
	known := map[string]bool{}
	for _, s := range c.Scenarios {
		known[s.ID] = true
	}
	for i, s := range d.Scenarios {
		path := fmt.Sprintf("communicationScenarios[%d]", i)
		if err := c.checkCustom(s, p.APIs); err != nil {
			tell(path, err.Error())
		} else if known[s.ID] {
			tell(path+".id", "there is a scenario "+s.ID+" already")
		}
		known[s.ID] = true
	}
	switched := map[string]bool{}
	for _, list := range []struct {
		field string
		ids   []string
	}{{"enabledScenarios", d.Enabled}, {"disabledScenarios", d.Disabled}} {
		for i, id := range list.ids {
			path := fmt.Sprintf("%s[%d]", list.field, i)
			switch {
			case !known[id]:
				tell(path, fmt.Sprintf("there is no scenario %q", clip(id, 60)))
			case switched[id]:
				tell(path, fmt.Sprintf("scenario %s is there twice", id))
			}
			switched[id] = true
		}
	}
	for i, u := range d.Users {
		if !emailAddress(u) {
			tell(fmt.Sprintf("users[%d]", i), "is no e-mail address")
		}
	}
}

func words(list []Authentication) string {
	texts := make([]string, len(list))
	for i, a := range list {
		texts[i] = string(a)
	}
	return cmp.Or(strings.Join(texts, ", "), "none")
}

// Scenarios returns the tenant's communication scenarios, the product's first.
func (t *Tenant) Scenarios() []ScenarioState {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.scenarios()
}

// scenarios is Scenarios. The caller holds t.mu.
func (t *Tenant) scenarios() []ScenarioState {
	list := []ScenarioState{}
	if c := t.cfg.Product.Communication; c != nil {
		for _, s := range c.Scenarios {
			enabled, told := t.state.Communication.Enabled[s.ID]
			list = append(list, ScenarioState{Scenario: s, Enabled: told && enabled || !told && !s.Disabled})
		}
	}
	for _, s := range t.state.Communication.Custom {
		enabled, told := t.state.Communication.Enabled[s.ID]
		list = append(list, ScenarioState{Scenario: s, Enabled: enabled || !told, Custom: true})
	}
	return list
}

// scenario finds one. The caller holds t.mu.
func (t *Tenant) scenario(id string) (ScenarioState, bool) {
	for _, s := range t.scenarios() {
		if s.ID == id {
			return s, true
		}
	}
	return ScenarioState{}, false
}

// enabledScenarios are the ids for the descriptor. The caller holds t.mu.
func (t *Tenant) enabledScenarios() []string {
	var ids []string
	for _, s := range t.scenarios() {
		if s.Enabled {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// AddScenario makes a custom scenario, enabled.
func (t *Tenant) AddScenario(ctx context.Context, s Scenario) (ScenarioState, error) {
	c := t.cfg.Product.Communication
	if c == nil {
		return ScenarioState{}, t.noArrangements()
	}
	if err := c.checkCustom(s, t.cfg.Product.APIs); err != nil {
		return ScenarioState{}, refuse(invalidRequest, "%s", err.Error())
	}
	err := t.amend(ctx, func(now *communication) error {
		if _, there := t.scenario(s.ID); there {
			return refuse(scenarioExists, "tenant %s has a communication scenario %s", t.cfg.ID, s.ID)
		}
		if len(now.Custom) == maxCustomScenarios {
			return refuse(invalidRequest, "a tenant has at most %d custom scenarios", maxCustomScenarios)
		}
		now.Custom = append(slices.Clone(now.Custom), s)
		return nil
	})
	if err != nil {
		return ScenarioState{}, err
	}
	t.tellScenarios(ctx)
	return ScenarioState{Scenario: s, Enabled: true, Custom: true}, nil
}

// SwitchScenario enables or disables a scenario: new arrangements are made of
// enabled ones only. Arrangements that are there go on.
func (t *Tenant) SwitchScenario(ctx context.Context, id string, enabled bool) (ScenarioState, error) {
	if t.cfg.Product.Communication == nil {
		return ScenarioState{}, t.noArrangements()
	}
	var switched ScenarioState
	err := t.amend(ctx, func(now *communication) error {
		s, there := t.scenario(id)
		if !there {
			return refuse(scenarioNotFound, "tenant %s has no communication scenario %q", t.cfg.ID, clip(id, 60))
		}
		was := now.Enabled
		now.Enabled = map[string]bool{id: enabled}
		for other, state := range was {
			if other != id {
				now.Enabled[other] = state
			}
		}
		s.Enabled = enabled
		switched = s
		return nil
	})
	if err == nil {
		t.tellScenarios(ctx)
	}
	return switched, err
}

// tellScenarios tells the registry, which shows what a system can be used for. It
// is told at the next occasion when it cannot be reached.
func (t *Tenant) tellScenarios(ctx context.Context) {
	if err := t.describeAgain(ctx, true); err != nil {
		t.cfg.Logger.Warn("the registry was not told of the communication scenarios", "error", err)
	}
}

func (t *Tenant) noArrangements() error {
	return refuse(arrangementsNotSupported, "%s has no communication arrangements; tenant %s is one of it", t.cfg.Product.SystemType, t.cfg.ID)
}
