package seed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pairsim/pairsim/internal/tenant"
)

// MaxSize bounds a seed file, in bytes.
const MaxSize = 1 << 20

// File is a seed file that its schema has accepted.
type File struct {
	Edition        string          `json:"edition"`
	Seed           uint64          `json:"seed"`
	KeyAlgorithm   string          `json:"keyAlgorithm"`
	Clock          Clock           `json:"clock"`
	GlobalAccounts []GlobalAccount `json:"globalAccounts"`
	OAuthClients   []OAuthClient   `json:"oauthClients"`
	Systems        []System        `json:"systems"`
	Formations     []Formation     `json:"formations"`
	Entitlements   []Entitlement   `json:"entitlements"`
	Users          []User          `json:"users"`
	Destinations   []Destination   `json:"destinations"`
	Subscriptions  []Subscription  `json:"subscriptions"`
	Instances      []Instance      `json:"serviceInstances"`
	// Tenants is nil when the file says nothing of tenants.
	Tenants []Tenant `json:"tenants"`
	Faults  []Fault  `json:"faults"`
	Policy  Policy   `json:"policy"`
	Strict  Strict   `json:"strict"`

	document any
	lines    lines
}

// JSON is the document that f was read from, as a JSON object.
func (f *File) JSON() ([]byte, error) { return json.Marshal(f.document) }

// Clock freezes the environment's clock; a zero At freezes it at the present.
type Clock struct {
	Frozen bool   `json:"frozen"`
	At     string `json:"at"`
}

// GlobalAccount declares a global account with its subaccounts.
type GlobalAccount struct {
	ID          string       `json:"id"`
	DisplayName string       `json:"displayName"`
	Subdomain   string       `json:"subdomain"`
	Subaccounts []Subaccount `json:"subaccounts"`
}

// Subaccount declares a subaccount; nil Environments are both.
type Subaccount struct {
	ID           string   `json:"id"`
	DisplayName  string   `json:"displayName"`
	Subdomain    string   `json:"subdomain"`
	Region       string   `json:"region"`
	Environments []string `json:"environments"`
}

// System declares a system. Status is a code or the edition's label.
type System struct {
	ID            string        `json:"id"`
	Name          string        `json:"name"`
	Type          string        `json:"type"`
	GlobalAccount string        `json:"globalAccount"`
	Status        string        `json:"status"`
	Cause         string        `json:"cause"`
	Token         *Token        `json:"token"`
	Tenant        *SystemTenant `json:"tenant"`
	Services      []Service     `json:"services"`
}

// SystemTenant is what a system's tenant said of itself when it was paired.
type SystemTenant struct {
	ID                     string   `json:"id"`
	URL                    string   `json:"url"`
	CallbackURL            string   `json:"callbackUrl"`
	CommunicationScenarios []string `json:"communicationScenarios"`
}

// Formation declares a formation. Systems are ids or names, Subaccount is an id
// or subdomain of its global account; Status is a code or the edition's label.
type Formation struct {
	ID            string   `json:"id"`
	Name          string   `json:"name"`
	Type          string   `json:"type"`
	GlobalAccount string   `json:"globalAccount"`
	Subaccount    string   `json:"subaccount"`
	Systems       []string `json:"systems"`
	Status        string   `json:"status"`
	Cause         string   `json:"cause"`
}

// Instance declares a service instance with its bindings. Subaccount is an id or
// subdomain; without an Environment it is used in the subaccount's default place.
type Instance struct {
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	Subaccount   string          `json:"subaccount"`
	Offering     string          `json:"offering"`
	Plan         string          `json:"plan"`
	Environment  string          `json:"environment"`
	Organization string          `json:"organization"`
	Space        string          `json:"space"`
	Parameters   json.RawMessage `json:"parameters"`
	Bindings     []Binding       `json:"bindings"`
}

// Binding declares a binding of a service instance.
type Binding struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Parameters json.RawMessage `json:"parameters"`
}

// Entitlement declares an entitlement configuration. Subaccount is an id or
// subdomain, System an id or name in its global account, "" for a service that is for
// no system.
type Entitlement struct {
	ID         string `json:"id"`
	Subaccount string `json:"subaccount"`
	System     string `json:"system"`
	Service    string `json:"service"`
	Plan       string `json:"plan"`
	Quota      int    `json:"quota"`
}

// Subscription declares that a subaccount's Kyma runtime listens to events.
// Subaccount is an id or subdomain, Source the name of an application.
type Subscription struct {
	ID         string `json:"id"`
	Subaccount string `json:"subaccount"`
	Source     string `json:"source"`
	Type       string `json:"type"`
	Version    string `json:"version"`
	Sink       string `json:"sink"`
	Mode       string `json:"mode"`
}

// Token says how old a system's present token is, or that it has none.
type Token struct {
	None bool
	Age  string
}

// OAuthClient declares a client of the token service, for one person in one role.
type OAuthClient struct {
	ID            string `json:"id"`
	Secret        string `json:"secret"`
	Role          string `json:"role"`
	GlobalAccount string `json:"globalAccount"`
	Tenant        string `json:"tenant"`
}

// Tenant declares a tenant of a product (commerce, fsm, c4c, marketing).
type Tenant struct {
	ID      string        `json:"id"`
	Product string        `json:"product"`
	APIs    []ReplacedAPI `json:"apis"`
	tenant.Declared
}

// ReplacedAPI declares that an API of a product is elsewhere. Specification is JSON: an
// object or a text; empty: the product's own.
type ReplacedAPI struct {
	Identifier    string          `json:"identifier"`
	TargetURL     string          `json:"targetUrl"`
	Specification json.RawMessage `json:"specification"`

	document []byte // the specification, read
}

// Policy are switches; what is nil or empty stays as it was.
type Policy struct {
	AttemptDeadline     string            `json:"attemptDeadline"`
	CertificateValidity string            `json:"certificateValidity"`
	RejectedCSRs        int               `json:"rejectedCSRs"`
	BurnOnRejectedCSR   *bool             `json:"burnOnRejectedCSR"`
	Abandoned           string            `json:"abandoned"`
	Revocation          string            `json:"revocation"`
	NameCollision       string            `json:"nameCollision"`
	TokenValidity       map[string]string `json:"tokenValidity"`
	// Durations are by transition, as Transitions are, which say more.
	Durations   map[string]string     `json:"durations"`
	Transitions map[string]Transition `json:"transitions"`
}

// Transition says when a transition ends; exactly one field is set.
type Transition struct {
	Immediate bool   `json:"immediate"`
	After     string `json:"after"`
	Reads     int    `json:"reads"`
	Held      bool   `json:"held"`
}

// Strict makes the registry's answers legal but unfriendly; a Seed of 0 does not.
type Strict struct {
	Seed uint64 `json:"seed"`
	// Off are rules, by number or name.
	Off []string `json:"off"`
}

// Load reads and checks a seed file; a finding names the file too.
func Load(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("seed file: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("seed file: %w", err)
	}
	f, err := parse(data, filepath.Dir(path))
	var findings Findings
	if errors.As(err, &findings) {
		return nil, findings.in(path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.lines.file = path
	return f, nil
}

// Parse reads and checks a seed file. What the schema or the document's own
// coherence refuses is returned as Findings.
func Parse(data []byte) (*File, error) { return parse(data, "") }

// parse is Parse; dir is where files that the document names are, "" for none.
func parse(data []byte, dir string) (*File, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("the seed file is larger than %d bytes", MaxSize)
	}
	instance, lines, err := read(data)
	if err != nil {
		return nil, err
	}
	if err := validate(instance, lines); err != nil {
		return nil, err
	}
	f := &File{document: instance, lines: lines}
	if err := f.decode(instance); err != nil {
		return nil, err
	}
	return f, f.check(dir)
}
