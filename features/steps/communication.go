package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/pairsim/pairsim/btpclient"
)

// communicationSteps are what a tenant's administrator sees of scenarios, arrangements and
// topics, and what they say of business users.
func (w *world) communicationSteps(d definitions) {
	const administrator = `^the administrator of tenant "([^"]*)" `
	const arrangement = `(the channel|the arrangement "[^"]*"|an arrangement that there is not)$`
	d.Given(administrator+`has unbound the topic "([^"]*)" from the channel$`, w.theAdministratorHasUnboundTopic)
	d.Given(administrator+`has entered (no business user|the business users .+)$`, w.theAdministratorHasEnteredUsers)

	d.When(administrator+`looks at the communication arrangement "([^"]*)"$`, w.theAdministratorLooksAtArrangement)
	d.When(administrator+`looks at that arrangement again$`, w.theAdministratorLooksAgain)
	d.When(administrator+`looks at the communication scenario "([^"]*)"$`, w.theAdministratorLooksAtScenario)
	d.When(administrator+`(binds|unbinds) the topic "([^"]*)" (?:to|from) `+arrangement, w.theAdministratorBinds)
	d.When(administrator+`looks at the topics of `+arrangement, w.theAdministratorLooksAtTopics)
	d.When(administrator+`enters (no business user|the business users .+)$`, w.theAdministratorEntersUsers)
	d.When(administrator+`sends (.+) for business users$`, w.theAdministratorSendsForUsers)
	d.When(`^somebody asks a tenant that there is not for (.+)$`, w.somebodyAsksNoTenant)

	d.Then(`^the arrangement is that of the service instance "([^"]*)", of scenario "([^"]*)"(?:, with (inbound|outbound) "([^"]*)")?$`, w.theArrangementIsOf)
	d.Then(`^the arrangement shows the user of the destination "([^"]*)", and none of its secrets$`, w.theArrangementShowsUser)
	d.Then(`^the arrangement shows that "([^"]*)" is called as "([^"]*)", and not the outbound password$`, w.theArrangementShowsSystem)
	d.Then(`^the arrangement shows the attributes of the service instance "([^"]*)", and the topics (.+)$`, w.theArrangementShowsAttributes)
	d.Then(`^the arrangement (is in use|rests)$`, w.theArrangementIsInUse)
	d.Then(`^the scenario is (predefined|custom), and (enabled|disabled)$`, w.theScenarioIs)
	d.Then(`^the scenario opens the API "([^"]*)" by (.+)$`, w.theScenarioOpens)
	d.Then(`^the tenant "([^"]*)" has (no custom scenario|the custom scenarios .+)$`, w.theTenantHasCustomScenarios)
	d.Then(`^the tenant "([^"]*)" has no communication scenario$`, w.theTenantHasNoScenario)
	d.Then(`^the channel of tenant "([^"]*)" has (no topic|the topics .+)$`, w.theChannelHasTopics)
	d.Then(`^the tenant "([^"]*)" has (no business user|the business users .+)$`, w.theTenantHasUsers)
}

// arranged is an arrangement as its administrator has seen it last.
type arranged struct {
	btpclient.Arrangement
	System struct {
		URL  string `json:"url"`
		User string `json:"outboundCommunicationUser"`
	} `json:"communicationSystem"`
	Attributes []attribute `json:"attributes"`
	text       string
}

type attribute struct{ Name, Value string }

func tenantAt(tenant string) string { return "/tenants/" + url.PathEscape(tenant) }

// administer makes a call as the administrator of tenants, and notes how it ended.
func (w *world) administer(ctx context.Context, method, path, body string, into any) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	h, err := w.ask(ctx, method, w.landscape.HTTP()+path, body)
	if err != nil {
		return err
	}
	if w.administered = ended(h.refused()); w.administered.err != nil || into == nil {
		return nil
	}
	return json.Unmarshal(h.body, into)
}

func (w *world) theAdministratorLooksAtArrangement(ctx context.Context, tenant, name string) error {
	id, err := w.arrangementID(ctx, tenant, func(a btpclient.Arrangement) bool { return a.Name == name })
	if err != nil {
		return err
	}
	return w.lookAtArrangement(ctx, tenant, id)
}

func (w *world) arrangementID(ctx context.Context, tenant string, wanted func(btpclient.Arrangement) bool) (string, error) {
	list, err := w.tenants.Arrangements(ctx, tenant)
	if err != nil {
		return "", err
	}
	if at := slices.IndexFunc(list, wanted); at >= 0 {
		return list[at].ID, nil
	}
	return "", fmt.Errorf("tenant %s has %d arrangements, and not the one that is wanted", tenant, len(list))
}

func (w *world) theAdministratorLooksAgain(ctx context.Context, tenant string) error {
	return w.lookAtArrangement(ctx, tenant, w.arranged.ID)
}

func (w *world) lookAtArrangement(ctx context.Context, tenant, id string) error {
	if id == "" {
		return errors.New("nobody has looked at an arrangement")
	}
	w.arranged = arranged{}
	err := w.administer(ctx, http.MethodGet, tenantAt(tenant)+"/communicationArrangements/"+url.PathEscape(id), "", &w.arranged)
	w.arranged.text = string(w.heard.body)
	return err
}

// shownArrangement is what the administrator was shown, unless they were refused.
func (w *world) shownArrangement() (*arranged, error) {
	if err := w.administered.accepted("the administrator"); err != nil {
		return nil, err
	}
	if w.arranged.ID == "" {
		return nil, errors.New("nobody has looked at an arrangement")
	}
	return &w.arranged, nil
}

func (w *world) theArrangementIsOf(ctx context.Context, instance, scenario, direction, method string) error {
	a, err := w.shownArrangement()
	if err != nil {
		return err
	}
	i, err := w.instance(ctx, instance)
	if err != nil {
		return err
	}
	clock, err := w.control.Clock(ctx)
	if err != nil {
		return err
	}
	wanted := map[string]string{"inbound": "", "outbound": ""}
	if direction != "" {
		wanted[direction] = method
	}
	if a.InstanceID != i.ID || a.InstanceName != instance || i.System == nil || a.SystemID != i.System.ID || a.ScenarioID != scenario ||
		a.InboundAuthentication != wanted["inbound"] || a.OutboundAuthentication != wanted["outbound"] || !a.CreatedAt.Equal(clock.Now) {
		return fmt.Errorf("the arrangement is shown as %s, want that of instance %s of system %+v, made at %s", a.text, i.ID, i.System, clock.Now)
	}
	return nil
}

func (w *world) theArrangementShowsUser(ctx context.Context, name string) error {
	a, err := w.shownArrangement()
	if err != nil {
		return err
	}
	found, err := w.lookUp(ctx, name, "")
	if err != nil {
		return err
	}
	user, secrets := "", 0
	for key, value := range found.Configuration {
		switch key {
		case "User", "tokenServiceUser":
			user = value
		case "Password", "tokenServicePassword":
			if secrets++; value == "" || strings.Contains(a.text, value) {
				return errors.New("the destination has no secret, or the arrangement shows it")
			}
		}
	}
	if secrets == 0 || user == "" || a.CommunicationUser != user {
		return fmt.Errorf("the arrangement shows the user %q, and the destination has %q with %d secrets", a.CommunicationUser, user, secrets)
	}
	return nil
}

func (w *world) theArrangementShowsSystem(at, user string) error {
	a, err := w.shownArrangement()
	if err != nil {
		return err
	}
	if a.System.URL != at || a.System.User != user || strings.Contains(a.text, outboundPassword) {
		return fmt.Errorf("the arrangement shows %+v, want %s as %s; it shows the password: %t", a.System, at, user, strings.Contains(a.text, outboundPassword))
	}
	return nil
}

func (w *world) theArrangementShowsAttributes(ctx context.Context, instance, topics string) error {
	a, err := w.shownArrangement()
	if err != nil {
		return err
	}
	i, err := w.instance(ctx, instance)
	if err != nil {
		return err
	}
	var asked struct {
		Arrangement struct{ Attributes []attribute } `json:"communicationArrangement"`
	}
	if err := json.Unmarshal(i.Parameters, &asked); err != nil {
		return err
	}
	if len(a.Attributes) == 0 || !slices.Equal(a.Attributes, asked.Arrangement.Attributes) {
		return fmt.Errorf("the arrangement shows the attributes %v, the instance has %v", a.Attributes, asked.Arrangement.Attributes)
	}
	return sameNames("the arrangement shows the topics", a.Topics, topics)
}

func (w *world) theArrangementIsInUse(how string) error {
	a, err := w.shownArrangement()
	if err == nil && a.InUse != (how == "is in use") {
		err = fmt.Errorf("the arrangement is shown as in use: %t", a.InUse)
	}
	return err
}

func scenariosAt(tenant string) string { return tenantAt(tenant) + "/communicationScenarios" }

// theAdministratorLooksAtScenario wants that it is shown alone as in the list.
func (w *world) theAdministratorLooksAtScenario(ctx context.Context, tenant, id string) error {
	var list struct{ Items []map[string]any }
	if err := w.administer(ctx, http.MethodGet, scenariosAt(tenant), "", &list); err != nil {
		return err
	}
	var alone map[string]any
	if err := w.administer(ctx, http.MethodGet, scenariosAt(tenant)+"/"+url.PathEscape(id), "", &alone); err != nil || w.administered.err != nil {
		return err
	}
	at := slices.IndexFunc(list.Items, func(s map[string]any) bool { return s["id"] == id })
	if at < 0 || !reflect.DeepEqual(list.Items[at], alone) {
		return fmt.Errorf("the scenario is shown as %v, and the list has %v", alone, list.Items)
	}
	w.scenario = btpclient.Scenario{}
	return json.Unmarshal(w.heard.body, &w.scenario)
}

func (w *world) theScenarioIs(kind, state string) error {
	if err := w.administered.accepted("the administrator"); err != nil {
		return err
	}
	if s := w.scenario; s.ID == "" || s.Name == "" || s.Custom != (kind == "custom") || s.Enabled != (state == "enabled") {
		return fmt.Errorf("the scenario is shown as %+v, want it %s and %s", s, kind, state)
	}
	return nil
}

func (w *world) theScenarioOpens(api, methods string) error {
	if !slices.ContainsFunc(w.scenario.InboundServices, func(s btpclient.InboundService) bool { return s.API == api }) {
		return fmt.Errorf("the scenario opens %+v, want %s among them", w.scenario.InboundServices, api)
	}
	return sameNames("the scenario's inbound authentication", slices.Clone(w.scenario.InboundAuthentication), methods)
}

func (w *world) theTenantHasCustomScenarios(ctx context.Context, tenant, list string) error {
	all, err := w.tenants.Scenarios(ctx, tenant)
	if err != nil {
		return err
	}
	var custom []string
	for _, s := range all {
		if s.Custom {
			custom = append(custom, s.ID)
		}
	}
	if len(custom) == len(all) {
		return errors.New("the tenant has no predefined scenario")
	}
	return sameNames("the tenant has the custom scenarios", custom, list)
}

func (w *world) theTenantHasNoScenario(ctx context.Context, tenant string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	all, err := w.tenants.Scenarios(ctx, tenant)
	if err == nil && len(all) > 0 {
		err = fmt.Errorf("tenant %s has %d scenarios, want none", tenant, len(all))
	}
	return err
}

// arrangementNamed is the id of what a step calls an arrangement.
func (w *world) arrangementNamed(ctx context.Context, tenant, which string) (string, error) {
	switch which {
	case "the channel":
		return w.arrangementID(ctx, tenant, func(a btpclient.Arrangement) bool { return a.ScenarioID == "SAP_COM_0092" })
	case "an arrangement that there is not":
		return "4711", nil
	}
	return w.arrangementID(ctx, tenant, func(a btpclient.Arrangement) bool { return `the arrangement "`+a.Name+`"` == which })
}

func (w *world) theAdministratorBinds(ctx context.Context, tenant, how, topic, which string) error {
	id, err := w.arrangementNamed(ctx, tenant, which)
	if err != nil {
		return err
	}
	change := w.tenants.BindTopic
	if how == "unbinds" {
		change = w.tenants.UnbindTopic
	}
	_, err = change(ctx, tenant, id, topic)
	w.administered = ended(err)
	return nil
}

func (w *world) theAdministratorHasUnboundTopic(ctx context.Context, tenant, topic string) error {
	if err := w.theAdministratorBinds(ctx, tenant, "unbinds", topic, "the channel"); err != nil {
		return err
	}
	return w.administered.err
}

func (w *world) theAdministratorLooksAtTopics(ctx context.Context, tenant, which string) error {
	id, err := w.arrangementNamed(ctx, tenant, which)
	if err != nil {
		return err
	}
	_, err = w.tenants.Topics(ctx, tenant, id)
	w.administered = ended(err)
	return nil
}

func (w *world) theChannelHasTopics(ctx context.Context, tenant, list string) error {
	id, err := w.arrangementNamed(ctx, tenant, "the channel")
	if err != nil {
		return err
	}
	topics, err := w.tenants.Topics(ctx, tenant, id)
	if err != nil {
		return err
	}
	return sameNames("the channel has the topics", topics, list)
}

func (w *world) theAdministratorEntersUsers(ctx context.Context, tenant, list string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.tenants.SetUsers(ctx, tenant, names(list))
	w.administered = ended(err)
	return nil
}

func (w *world) theAdministratorHasEnteredUsers(ctx context.Context, tenant, list string) error {
	if err := w.theAdministratorEntersUsers(ctx, tenant, list); err != nil {
		return err
	}
	return w.administered.err
}

// wrongUsers are no list of business users, by what a scenario calls them.
var wrongUsers = sync.OnceValue(func() map[string]string {
	const one = `"ann@acme.example"`
	return map[string]string{
		"nothing":                    " ",
		"an object without the list": `{}`,
		"half a list":                `{"items":[` + one,
		"one address without a list": `{"items":` + one + `}`,
		"null for the list":          `{"items":null}`,
		"the list twice":             `{"items":[` + one + `],"items":[]}`,
		"the list, and another":      `{"items":[]}{"items":[` + one + `]}`,
		"a list in capital letters":  `{"ITEMS":[` + one + `]}`,
		"a name without an address":  `{"items":[` + one + `,"joe"]}`,
		"a list of something else":   `{"people":[]}`,
		"more than 1,000 addresses":  `{"items":[` + strings.Repeat(one+",", 1000) + one + `]}`,
		"more than 64 KiB":           `{"items":["` + strings.Repeat("x", 64<<10) + `"]}`,
	}
})

func (w *world) theAdministratorSendsForUsers(ctx context.Context, tenant, what string) error {
	body, known := wrongUsers()[what]
	if !known {
		return fmt.Errorf("the steps know no %s", what)
	}
	return w.administer(ctx, http.MethodPut, tenantAt(tenant)+"/users", body, nil)
}

func (w *world) theTenantHasUsers(ctx context.Context, tenant, list string) error {
	shown, err := w.tenants.Users(ctx, tenant)
	if err != nil {
		return err
	}
	return sameNames("the business users", shown, list)
}

// ofATenant are calls to a tenant, by what a scenario calls them.
var ofATenant = map[string]struct{ method, below, body string }{
	"its communication scenarios":       {http.MethodGet, "/communicationScenarios", ""},
	"a communication scenario":          {http.MethodGet, "/communicationScenarios/SAP_COM_0207", ""},
	"a communication arrangement":       {http.MethodGet, "/communicationArrangements/1", ""},
	"the topics of a channel":           {http.MethodGet, "/communicationArrangements/1/topics", ""},
	"the end of a topic":                {http.MethodDelete, "/communicationArrangements/1/topics?topic=sap/s4/beh/*", ""},
	"its business users":                {http.MethodGet, "/users", ""},
	"other business users":              {http.MethodPut, "/users", `{"items":[]}`},
	"the revocation of its certificate": {http.MethodPost, "/revocation", ""},
}

func (w *world) somebodyAsksNoTenant(ctx context.Context, what string) error {
	c, known := ofATenant[what]
	if !known {
		return fmt.Errorf("the steps know of a tenant no %s", what)
	}
	return w.administer(ctx, c.method, tenantAt("nowhere")+c.below, c.body, nil)
}
