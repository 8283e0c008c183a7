package tenant

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/records"
)

// Product is what tells the tenants of one product from those of another.
type Product struct {
	ID         string // default id of a tenant
	SystemType string // exactly as the registry names it: "SAP Commerce Cloud"
	Provider   string // of its services
	Console    Console
	Labels     Labels
	APIs       []API
	Events     Events
	// Communication is what it has of communication scenarios; nil: nothing.
	Communication *Communication
	// Seed is the data that a new tenant has; Emissions are the events of its changes.
	Seed      func(*records.Tx) error
	Emissions []Emission
	// FailedFirst: while a system has a failed row, a new token for it is refused.
	FailedFirst bool
}

// Console is where the product's admin pastes the token, and what the console
// calls the actions on a row.
type Console struct {
	Path    string `json:"path"`  // "Backoffice > System > API > Destination Targets"
	Row     string `json:"row"`   // "destination target"
	Field   string `json:"field"` // "Token URL"
	Disable string `json:"disable"`
	Enable  string `json:"enable"`
	Delete  string `json:"delete"`
}

// Labels are the product's words for the states of a row.
type Labels struct{ InProgress, Registered, Disabled, Deregistered, Failed string }

// Auth is how an API wants to be called.
type Auth string

// The kinds of credentials that our products use (domain §9.4).
const (
	OAuth Auth = "oauth"
	Basic Auth = "basic"
)

// API is one API of a product. An OpenAPI specification is JSON and is sent with
// the service; an OData one is EDMX (XML) and is fetched by the registry.
type API struct {
	Identifier, Name, Description string
	Path                          string // below the tenant's /api: "/occ/v2"
	TokenPath                     string // OAuth: of the token endpoint, below /api
	Auth                          Auth
	CSRF, OData                   bool
	// Specification is asked for when somebody reads it: that of an OData service is made
	// of its model. Text is one that is there.
	Specification func() []byte
	// Open makes what answers the API's calls; nil: nothing does.
	Open func(Backend) Responder
	// Denied answers a call without a good access token, as the product would;
	// invalid: it came with one. The status is 401. Needed with OAuth and Open.
	Denied func(w http.ResponseWriter, message string, invalid bool)
	// TargetURL is where the API is instead of at the tenant; "": there.
	TargetURL string
}

// Text is a specification that needs no making.
func Text(specification []byte) func() []byte { return func() []byte { return specification } }

// Events is the one events service of a product: an AsyncAPI 2 document, each
// channel an event named type.version ("order.created.v1").
type Events struct {
	Identifier, Name, Description string
	Specification                 []byte
}

// EventType is an event that a product publishes. A * in Type stands for one or
// more further letters, digits, or dots (domain §9.4: cronjob.*.v1).
type EventType struct{ Type, Version string }

func (e EventType) String() string { return e.Type + "." + e.Version }

func (e EventType) matches(name, version string) bool {
	if e.Version != version {
		return false
	}
	before, after, wild := strings.Cut(e.Type, "*")
	if !wild {
		return e.Type == name
	}
	middle, ok := strings.CutPrefix(name, before)
	if ok {
		middle, ok = strings.CutSuffix(middle, after)
	}
	return ok && middle != "" && strings.Trim(middle, ".") == middle && !strings.ContainsFunc(middle, notEventRune)
}

func notEventRune(r rune) bool {
	return !(r == '.' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9')
}

// Types reads the event types from the specification, sorted.
func (e Events) Types() ([]EventType, error) {
	digest := sha256.Sum256(e.Specification)
	if known, ok := readTypes.Load(digest); ok {
		return known.([]EventType), nil
	}
	types, err := e.readTypes()
	if err == nil {
		readTypes.Store(digest, types)
	}
	return types, err
}

// readTypes remembers what was read: a process may hold many tenants of the few
// products, and their specifications never change.
var readTypes sync.Map // SHA-256 of a specification → []EventType

func (e Events) readTypes() ([]EventType, error) {
	var doc struct {
		AsyncAPI string `json:"asyncapi"`
		Channels map[string]json.RawMessage
	}
	if err := json.Unmarshal(e.Specification, &doc); err != nil {
		return nil, fmt.Errorf("events of %s: %w", e.Identifier, err)
	}
	if !strings.HasPrefix(doc.AsyncAPI, "2.") || len(doc.Channels) == 0 {
		return nil, fmt.Errorf("events of %s: want AsyncAPI 2 with channels", e.Identifier)
	}
	var types []EventType
	for channel := range doc.Channels {
		dot := strings.LastIndexByte(channel, '.')
		if dot < 1 || dot == len(channel)-1 {
			return nil, fmt.Errorf("events of %s: channel %q is not type.version", e.Identifier, channel)
		}
		types = append(types, EventType{Type: channel[:dot], Version: channel[dot+1:]})
	}
	slices.SortFunc(types, func(a, b EventType) int { return strings.Compare(a.String(), b.String()) })
	return types, nil
}

// validate finds gaps in product data early, when a tenant is made.
func (p Product) validate() error {
	if p.SystemType == "" || p.Provider == "" || len(p.APIs) == 0 {
		return errors.New("product: system type, provider and APIs are required")
	}
	l, c := p.Labels, p.Console
	if slices.Contains([]string{
		l.InProgress, l.Registered, l.Disabled, l.Deregistered, l.Failed, c.Path, c.Row, c.Field, c.Disable, c.Enable, c.Delete,
	}, "") {
		return errors.New("product: a label or a word of the console is missing")
	}
	seen := map[string]bool{p.Events.Identifier: true}
	for _, a := range p.APIs {
		if a.Identifier == "" || seen[a.Identifier] || !strings.HasPrefix(a.Path, "/") {
			return fmt.Errorf("API %q: needs an identifier of its own and an absolute path", a.Name)
		}
		if a.Auth == OAuth && a.TokenPath == "" {
			return fmt.Errorf("API %q: OAuth needs a token path", a.Name)
		}
		if a.Auth == OAuth && a.Open != nil && a.Denied == nil {
			return fmt.Errorf("API %q: OAuth needs an answer to who is denied", a.Name)
		}
		seen[a.Identifier] = true
	}
	return p.Communication.validate(p.APIs)
}

// ReplacedAPI says that an API of a product is elsewhere. Specification is an
// OpenAPI document in JSON or an EDMX text; empty: the product's own.
type ReplacedAPI struct {
	Identifier, TargetURL string
	Specification         []byte
}

// replace puts replaced APIs in the place of the product's own.
func (p *Product) replace(replaced []ReplacedAPI) error {
	p.APIs = slices.Clone(p.APIs)
	for _, r := range replaced {
		i := slices.IndexFunc(p.APIs, func(a API) bool { return a.Identifier == r.Identifier })
		if u, err := url.Parse(r.TargetURL); i < 0 || err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("API %q at %q: want an API of the product, and http(s)://host[:port]/path", r.Identifier, r.TargetURL)
		}
		p.APIs[i].TargetURL = strings.TrimRight(r.TargetURL, "/")
		if len(r.Specification) > 0 {
			p.APIs[i].Specification, p.APIs[i].OData = Text(r.Specification), IsEDMX(r.Specification)
		}
	}
	return nil
}

// IsEDMX tells an OData metadata document from an OpenAPI one: it is XML.
func IsEDMX(specification []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(specification, "\ufeff \t\r\n"), []byte("<"))
}

// specification finds a document by the identifier of its service.
func (p Product) specification(identifier string) (doc []byte, contentType string, ok bool) {
	if identifier == p.Events.Identifier {
		return p.Events.Specification, "application/json", true
	}
	for _, a := range p.APIs {
		switch {
		case a.Identifier == identifier && a.OData:
			return a.Specification(), "application/xml", true
		case a.Identifier == identifier:
			return a.Specification(), "application/json", true
		}
	}
	return nil, "", false
}

// services are the documents that a tenant with the given base URL registers;
// facing is the base under which the registry fetches specifications.
func (p Product) services(base, facing string, credentials map[string]credential) []btpclient.Service {
	services := make([]btpclient.Service, 0, len(p.APIs)+1)
	for _, a := range p.APIs {
		services = append(services, btpclient.Service{
			Provider: p.Provider, Name: a.Name, Description: a.Description, Identifier: a.Identifier,
			API: a.document(base, facing, credentials[a.Identifier]),
		})
	}
	return append(services, btpclient.Service{
		Provider: p.Provider, Name: p.Events.Name, Description: p.Events.Description, Identifier: p.Events.Identifier,
		Events: &btpclient.Events{Spec: p.Events.Specification},
	})
}

func (a API) document(base, facing string, c credential) *btpclient.API {
	doc := &btpclient.API{TargetURL: cmp.Or(a.TargetURL, base+"/api"+a.Path), Credentials: &btpclient.Credentials{}}
	if a.OData {
		doc.APIType = "odata"
		doc.SpecificationURL = facing + "/specifications/" + a.Identifier
	} else {
		doc.Spec = a.Specification()
	}
	var csrf *btpclient.CSRFInfo
	if a.CSRF {
		csrf = &btpclient.CSRFInfo{TokenEndpointURL: doc.TargetURL + "/"}
	}
	if a.Auth == OAuth {
		doc.Credentials.OAuth = &btpclient.OAuth{URL: base + "/api" + a.TokenPath, ClientID: c.ID, ClientSecret: c.Secret, CSRF: csrf}
	} else {
		doc.Credentials.Basic = &btpclient.Basic{Username: c.ID, Password: c.Secret, CSRF: csrf}
	}
	return doc
}
