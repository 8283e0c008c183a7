package extensibility

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/services"
	"github.com/pairsim/pairsim/internal/schema"
	"github.com/pairsim/pairsim/internal/secret"
)

// Parameters are what an instance is created with: for plan api-access the rules of
// 553a4c6.md, for plan messaging those of 2d50d91.md (sap-domain §11, §12).
type Parameters struct {
	SystemName  string      `json:"systemName"`
	EmClientID  string      `json:"emClientId,omitempty"` // messaging only
	Arrangement Arrangement `json:"communicationArrangement"`
	EventMesh   *eventMesh  `json:"ems,omitempty"` // messaging only
}

// Arrangement is a communication arrangement as the descriptor writes it, and as the
// tenant is told of it (docs/wire.md).
type Arrangement struct {
	Name string `json:"communicationArrangementName"`
	// Scenario is predefined, SAP_COM_<number>, or one that the tenant's own people made.
	Scenario string `json:"scenarioId,omitempty"`
	Inbound  string `json:"inboundAuthentication,omitempty"`
	Outbound string `json:"outboundAuthentication,omitempty"`
	// System is where the extension application is.
	System     *CommunicationSystem `json:"communicationSystem,omitempty"`
	Services   []OutboundService    `json:"outboundServices,omitempty"`
	Attributes []Attribute          `json:"attributes,omitempty"`
}

// CommunicationSystem is the extension application as the tenant calls it.
type CommunicationSystem struct {
	Hostname      string        `json:"communicationSystemHostname"`
	Port          string        `json:"port,omitempty"`
	AuthEndpoint  string        `json:"oAuthAuthEndpoint,omitempty"`
	TokenEndpoint string        `json:"oAuthTokenEndpoint,omitempty"`
	User          *OutboundUser `json:"outboundCommunicationUser,omitempty"`
}

// OutboundUser is as whom the tenant calls; Password is a secret.
type OutboundUser struct {
	Name     string `json:"username"`
	Password string `json:"password,omitempty"`
}

// OutboundService is an API of the extension application that the tenant calls; of
// ID and Name the ID counts when both are given.
type OutboundService struct {
	ID         string      `json:"id,omitempty"`
	Name       string      `json:"name,omitempty"`
	Path       string      `json:"urlPath,omitempty"`
	Active     *bool       `json:"isServiceActive,omitempty"` // nil: true
	Attributes []Attribute `json:"attributes,omitempty"`
}

// Attribute is an additional property, by its technical name.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type eventMesh struct {
	Parameters busParameters `json:"parameters"`
}

type busParameters struct {
	EmName    string    `json:"emname"`
	Namespace string    `json:"namespace"`
	Rules     busRules  `json:"rules"`
	Resources busShares `json:"resources"`
}

type busRules struct {
	Topics struct {
		Inbound []string `json:"inboundFilter"`
	} `json:"topicRules"`
}

type busShares struct {
	Units any `json:"units,omitempty"` // a string, or a number
}

//go:embed schemas/api-access.json
var apiAccessSchema []byte

//go:embed schemas/messaging.json
var messagingSchema []byte

var schemas = map[string]func() *schema.Schema{
	APIAccess: compiled(apiAccessSchema),
	Messaging: compiled(messagingSchema),
}

func compiled(text []byte) func() *schema.Schema {
	return sync.OnceValue(func() *schema.Schema {
		s, err := schema.Compile(text)
		if err != nil {
			panic(err) // a test compiles both
		}
		return s
	})
}

// findings are what is wrong with parameters.
type findings []btp.Finding

func (f *findings) add(path, format string, args ...any) {
	*f = append(*f, btp.Finding{Path: path, Problem: fmt.Sprintf(format, args...)})
}

// refusal is ParametersInvalid with all that is wrong; nil when nothing is.
func (f findings) refusal() error { return services.InvalidParameters(f) }

// Parse reads the parameters of a plan, holds them against the plan's schema and
// against what a schema cannot say, and expands the defaults. It refuses with
// ParametersInvalid, whose findings name the places.
func Parse(plan string, text []byte) (Parameters, error) {
	var p Parameters
	var found findings
	var document any
	if len(text) == 0 {
		text = []byte("{}")
	}
	if err := json.Unmarshal(text, &document); err != nil {
		found.add("$", "is no JSON")
		return p, found.refusal()
	}
	schemas[plan]().Judge(document, "$", func(path, problem string) { found.add(path, "%s", problem) })
	if len(found) > 0 {
		return p, found.refusal()
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, err
	}
	if plan == Messaging {
		p.checkMessaging(&found)
	} else {
		p.checkAPIAccess(&found)
	}
	if err := found.refusal(); err != nil {
		return p, err
	}
	p.expand(plan)
	return p, nil
}

const (
	atArrangement = "$.communicationArrangement"
	atUser        = atArrangement + ".communicationSystem.outboundCommunicationUser"
)

// withoutPassword are the outbound methods for which a user's name will do: it is
// the client id, and a certificate proves it (80a7613.md, SAP_COM_0080 and 0047).
var withoutPassword = map[string]bool{OAuth2mTLS: true, ClientCertificate: true}

func (p *Parameters) checkAPIAccess(found *findings) {
	a := p.Arrangement
	if strings.HasPrefix(a.Scenario, "SAP_") && !predefined(a.Scenario) {
		found.add(atArrangement+".scenarioId", "%q is no predefined scenario, which is SAP_COM_<number>; names of custom scenarios do not begin with SAP_", a.Scenario)
	}
	if a.System != nil && a.System.User != nil {
		switch user := a.System.User; {
		case user.Password == "" && !withoutPassword[a.Outbound]:
			found.add(atUser, "missing property 'password'; the name alone will do for %s and %s only", OAuth2mTLS, ClientCertificate)
		case a.Outbound == "":
			found.add(atUser, "is for calls of the tenant, but outboundAuthentication is not given")
		}
	}
	if len(a.Services) > 0 && a.Outbound == "" {
		found.add(atArrangement+".outboundServices", "are for calls of the tenant, but outboundAuthentication is not given")
	}
	for i, one := range a.Services {
		if one.ID == "" && one.Name == "" {
			found.add(fmt.Sprintf("%s.outboundServices[%d]", atArrangement, i), "id and name are both empty; one of them says which service it is")
		}
		unique(found, fmt.Sprintf("%s.outboundServices[%d].attributes", atArrangement, i), one.Attributes)
	}
	unique(found, atArrangement+".attributes", a.Attributes)
}

// predefined says whether a scenario's id is SAP_COM_<number>.
func predefined(scenario string) bool {
	number, ok := strings.CutPrefix(scenario, "SAP_COM_")
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}

func unique(found *findings, path string, list []Attribute) {
	for i, one := range list {
		if slices.ContainsFunc(list[:i], func(before Attribute) bool { return before.Name == one.Name }) {
			found.add(fmt.Sprintf("%s[%d].name", path, i), "attribute %q is there already", one.Name)
		}
	}
}

// expand fills in what is not given.
func (p *Parameters) expand(plan string) {
	if plan == Messaging {
		p.expandMessaging()
		return
	}
	if s := p.Arrangement.System; s != nil && s.Port == "" {
		s.Port = "443"
	}
	for i := range p.Arrangement.Services {
		if p.Arrangement.Services[i].Active == nil {
			yes := true
			p.Arrangement.Services[i].Active = &yes
		}
	}
}

// outboundUser is the user of the tenant's calls; nil for none.
func (p *Parameters) outboundUser() *OutboundUser {
	if p.Arrangement.System == nil {
		return nil
	}
	return p.Arrangement.System.User
}

// takePassword takes the password out of the parameters, where a mask stands from
// then on.
func (p *Parameters) takePassword() (password string) {
	if user := p.outboundUser(); user != nil && user.Password != "" {
		password, user.Password = user.Password, secret.Masked
	}
	return password
}

// putPassword is the reverse of takePassword.
func (p *Parameters) putPassword(password string) {
	if user := p.outboundUser(); user != nil {
		user.Password = password
	}
}
