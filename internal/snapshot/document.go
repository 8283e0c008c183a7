package snapshot

import (
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/secret"
	"github.com/pairsim/pairsim/internal/tenant"
)

// Version is what the member schema of a document says.
const Version = "urn:pairsim:snapshot:1"

// Document is a snapshot as it is written. Its names and forms are its own, and
// hold as long as Version does. A record that has the fields of btp's own is
// converted as a whole: a field that btp gains does not compile before it has a
// name here; the others are held by a test.
type Document struct {
	Schema         string            `json:"schema"`
	Environment    environment       `json:"environment"`
	Authorities    []authority       `json:"authorities"`
	Keys           []signingKey      `json:"keys"`
	GlobalAccounts []globalAccount   `json:"globalAccounts"`
	Subaccounts    []subaccount      `json:"subaccounts"`
	Systems        []system          `json:"systems"`
	Tokens         []token           `json:"tokens"`
	Attempts       []attempt         `json:"attempts"`
	Certificates   []certificate     `json:"certificates"`
	Services       []service         `json:"services"`
	Formations     []formation       `json:"formations"`
	Assignments    []assignment      `json:"assignments"`
	Entitlements   []entitlement     `json:"entitlements"`
	Incidents      []incident        `json:"incidents"`
	Reservations   []reservation     `json:"reservations"`
	Replays        []replay          `json:"replays"`
	OAuthClients   []oauthClient     `json:"oauthClients"`
	Transitions    []transition      `json:"transitions,omitempty"`
	Subscriptions  []subscription    `json:"subscriptions,omitempty"`
	Objects        []object          `json:"objects,omitempty"`
	Deliveries     []delivery        `json:"deliveries,omitempty"`
	Due            []due             `json:"due"`
	Tenants        []tenant.Snapshot `json:"tenants"`
}

type environment struct {
	Name         string           `json:"name"`
	UUID         string           `json:"uuid"`
	Edition      string           `json:"edition"`
	Seed         uint64           `json:"seed,string"` // more than a JSON number keeps everywhere
	Sequence     uint64           `json:"sequence"`
	Clock        clock            `json:"clock"`
	ActiveKey    string           `json:"activeKey"`
	KeyAlgorithm btp.KeyAlgorithm `json:"keyAlgorithm"`
}

type clock struct {
	Frozen bool      `json:"frozen"`
	Now    time.Time `json:"now"`
}

type authority struct {
	Name       string      `json:"name"`
	Root       string      `json:"root,omitempty"`
	Issuing    string      `json:"issuing,omitempty"`
	IssuingKey secret.Text `json:"issuingKey,omitzero"`
}

type signingKey struct {
	ID         string           `json:"id"`
	Algorithm  btp.KeyAlgorithm `json:"algorithm"`
	PrivateKey secret.Text      `json:"privateKey"`
	CreatedAt  time.Time        `json:"createdAt"`
}

type globalAccount struct {
	ID          btp.GlobalAccountID `json:"id"`
	DisplayName string              `json:"displayName"`
	Subdomain   string              `json:"subdomain"`
}

type subaccount struct {
	ID            btp.SubaccountID         `json:"id"`
	GlobalAccount btp.GlobalAccountID      `json:"globalAccount"`
	DisplayName   string                   `json:"displayName"`
	Subdomain     string                   `json:"subdomain"`
	Region        string                   `json:"region"`
	Environments  []btp.RuntimeEnvironment `json:"environments,omitempty"`
	Version       uint64                   `json:"version"`
	Stopped       *btp.StoppedSync         `json:"stopped,omitempty"`
}

type system struct {
	ID               btp.SystemID        `json:"id"`
	GlobalAccount    btp.GlobalAccountID `json:"globalAccount"`
	Name             string              `json:"name"`
	Type             string              `json:"type"`
	ApplicationName  string              `json:"applicationName"`
	Status           btp.Status          `json:"status"`
	Failure          *failure            `json:"failure,omitempty"`
	Tenant           *descriptor         `json:"tenant,omitempty"`
	FormerTenant     string              `json:"formerTenant,omitempty"`
	ExtensionDeleted bool                `json:"extensionDeleted,omitempty"`
	EventRuntime     btp.SubaccountID    `json:"eventRuntime,omitempty"`
	Discovery        *discovery          `json:"discovery,omitempty"`
	Sequence         uint64              `json:"sequence"`
	CreatedAt        time.Time           `json:"createdAt,omitzero"`
	UpdatedAt        time.Time           `json:"updatedAt,omitzero"`
	RegisteredAt     time.Time           `json:"registeredAt,omitzero"`
}

type failure struct {
	Cause     string    `json:"cause"`
	Step      btp.Point `json:"step"`
	Component string    `json:"component"`
	At        time.Time `json:"at,omitzero"`
}

type discovery struct {
	Auto           bool     `json:"auto,omitempty"`
	URL            string   `json:"url,omitempty"`
	SystemID       string   `json:"systemId,omitempty"`
	BusinessType   string   `json:"businessType,omitempty"`
	CorrelationIDs []string `json:"correlationIds,omitempty"`
}

type descriptor struct {
	TenantID               string    `json:"tenantId"`
	URL                    string    `json:"url,omitempty"`
	CallbackURL            string    `json:"callbackUrl,omitempty"`
	CommunicationScenarios []string  `json:"communicationScenarios,omitempty"`
	WakeAt                 time.Time `json:"wakeAt,omitzero"`
}

type token struct {
	ID            btp.TokenID         `json:"id"`
	System        btp.SystemID        `json:"system"`
	GlobalAccount btp.GlobalAccountID `json:"globalAccount"`
	Type          string              `json:"type"`
	KeyID         string              `json:"key"`
	State         btp.TokenState      `json:"state"`
	IssuedAt      time.Time           `json:"issuedAt,omitzero"`
	ExpiresAt     time.Time           `json:"expiresAt,omitzero"`
}

type attempt struct {
	ID           btp.AttemptID `json:"id"`
	System       btp.SystemID  `json:"system"`
	Token        btp.TokenID   `json:"token"`
	FollowUp     secret.Text   `json:"followUp,omitzero"`
	Tenant       string        `json:"tenant,omitempty"`
	RejectedCSRs int           `json:"rejectedCSRs,omitempty"`
	Certificate  btp.Serial    `json:"certificate,omitempty"`
	OpenedAt     time.Time     `json:"openedAt,omitzero"`
	Deadline     time.Time     `json:"deadline,omitzero"`
}

type certificate struct {
	Serial         btp.Serial   `json:"serial"`
	System         btp.SystemID `json:"system"`
	NotBefore      time.Time    `json:"notBefore,omitzero"`
	NotAfter       time.Time    `json:"notAfter,omitzero"`
	RenewalBlocked bool         `json:"renewalBlocked,omitempty"`
	Revoked        bool         `json:"revoked,omitempty"`
}

// service keeps documents as text: they are kept byte for byte.
type service struct {
	ID               btp.ServiceID     `json:"id"`
	System           btp.SystemID      `json:"system"`
	Sequence         uint64            `json:"sequence"`
	Provider         string            `json:"provider"`
	Name             string            `json:"name"`
	Description      string            `json:"description"`
	ShortDescription string            `json:"shortDescription,omitempty"`
	Identifier       string            `json:"identifier,omitempty"`
	Labels           map[string]string `json:"labels,omitempty"`
	API              *serviceAPI       `json:"api,omitempty"`
	Events           *serviceEvents    `json:"events,omitempty"`
	Documentation    string            `json:"documentation,omitempty"`
	UpdatedAt        time.Time         `json:"updatedAt,omitzero"`
}

type serviceAPI struct {
	TargetURL         string             `json:"targetUrl"`
	APIType           string             `json:"apiType,omitempty"`
	SpecificationURL  string             `json:"specificationUrl,omitempty"`
	Spec              string             `json:"spec,omitempty"`
	Credentials       *credentials       `json:"credentials,omitempty"`
	RequestParameters *requestParameters `json:"requestParameters,omitempty"`
	MissingSecret     btp.SecretKind     `json:"missingSecret,omitempty"`
}

type serviceEvents struct {
	Spec string `json:"spec,omitempty"`
}

// requestParameters may hold credentials of any kind: their values are secrets.
type requestParameters struct {
	Headers         map[string][]secret.Text `json:"headers,omitempty"`
	QueryParameters map[string][]secret.Text `json:"queryParameters,omitempty"`
}

type credentials struct {
	OAuth          *oauthCredentials       `json:"oauth,omitempty"`
	Basic          *basicCredentials       `json:"basic,omitempty"`
	CertificateGen *certificateCredentials `json:"certificateGen,omitempty"`

	OAuthWithCertificate *oauthCertificateCredentials `json:"oauthWithCertificate,omitempty"`
}

type oauthCertificateCredentials struct {
	URL               string             `json:"url"`
	ClientID          string             `json:"clientId"`
	Certificate       string             `json:"certificate,omitempty"`
	PrivateKey        secret.Text        `json:"privateKey,omitzero"`
	RequestParameters *requestParameters `json:"requestParameters,omitempty"`
	CSRFTokenURL      string             `json:"csrfTokenUrl,omitempty"`
}

type oauthCredentials struct {
	URL               string             `json:"url"`
	ClientID          string             `json:"clientId"`
	ClientSecret      secret.Text        `json:"clientSecret"`
	RequestParameters *requestParameters `json:"requestParameters,omitempty"`
	CSRFTokenURL      string             `json:"csrfTokenUrl,omitempty"`
}

type basicCredentials struct {
	Username     string      `json:"username"`
	Password     secret.Text `json:"password"`
	CSRFTokenURL string      `json:"csrfTokenUrl,omitempty"`
}

type certificateCredentials struct {
	CommonName   string      `json:"commonName"`
	Certificate  string      `json:"certificate,omitempty"`
	PrivateKey   secret.Text `json:"privateKey,omitzero"`
	CSRFTokenURL string      `json:"csrfTokenUrl,omitempty"`
}

type formation struct {
	ID            btp.FormationID     `json:"id"`
	GlobalAccount btp.GlobalAccountID `json:"globalAccount"`
	Name          string              `json:"name"`
	Type          string              `json:"type"`
	Subaccount    btp.SubaccountID    `json:"subaccount,omitempty"`
	Systems       []btp.SystemID      `json:"systems,omitempty"`
	State         btp.FormationState  `json:"state"`
	Failure       *failure            `json:"failure,omitempty"`
	Version       uint64              `json:"version"`
	Sequence      uint64              `json:"sequence"`
	CreatedAt     time.Time           `json:"createdAt,omitzero"`
	UpdatedAt     time.Time           `json:"updatedAt,omitzero"`
}

type assignment struct {
	ID            btp.AssignmentID    `json:"id"`
	Formation     btp.FormationID     `json:"formation"`
	Source        participant         `json:"source"`
	Target        participant         `json:"target"`
	State         btp.AssignmentState `json:"state"`
	Configuration string              `json:"configuration,omitempty"`
	Error         string              `json:"error,omitempty"`
	UpdatedAt     time.Time           `json:"updatedAt,omitzero"`
}

type participant struct {
	Kind btp.ParticipantKind `json:"kind"`
	ID   string              `json:"id"`
}

type entitlement struct {
	ID            btp.EntitlementID   `json:"id"`
	GlobalAccount btp.GlobalAccountID `json:"globalAccount"`
	Subaccount    btp.SubaccountID    `json:"subaccount"`
	System        btp.SystemID        `json:"system,omitempty"`
	Service       string              `json:"service"`
	Plan          string              `json:"plan"`
	Quota         int                 `json:"quota,omitempty"`
	Sequence      uint64              `json:"sequence"`
	CreatedAt     time.Time           `json:"createdAt,omitzero"`
}

type incident struct {
	ID            btp.IncidentID      `json:"id"`
	GlobalAccount btp.GlobalAccountID `json:"globalAccount"`
	Subject       incidentSubject     `json:"subject"`
	Component     string              `json:"component"`
	Cause         string              `json:"cause"`
	Step          btp.Point           `json:"step"`
	Status        string              `json:"status,omitempty"`
	OpenedAt      time.Time           `json:"openedAt,omitzero"`
	ResolvedAt    time.Time           `json:"resolvedAt,omitzero"`
	Resolution    string              `json:"resolution,omitempty"`
	Sequence      uint64              `json:"sequence"`
}

type incidentSubject struct {
	Kind btp.ObjectKind `json:"kind"`
	ID   string         `json:"id"`
	Name string         `json:"name"`
}

type reservation struct {
	GlobalAccount btp.GlobalAccountID `json:"globalAccount"`
	Name          string              `json:"name"`
	System        btp.SystemID        `json:"system"`
	TenantID      string              `json:"tenant"`
	Release       secret.Text         `json:"release,omitzero"`
	CreatedAt     time.Time           `json:"createdAt,omitzero"`
}

type replay struct {
	Key       string      `json:"key"`
	Request   string      `json:"request"`
	Created   string      `json:"created"`
	Token     btp.TokenID `json:"token,omitempty"`
	CreatedAt time.Time   `json:"createdAt,omitzero"`
}

type oauthClient struct {
	ID            string              `json:"id"`
	Secret        secret.Text         `json:"digest"`
	Role          string              `json:"role"`
	GlobalAccount btp.GlobalAccountID `json:"globalAccount,omitempty"`
	Tenant        string              `json:"tenant,omitempty"`
	CreatedAt     time.Time           `json:"createdAt,omitzero"`
}

type subscription struct {
	ID         btp.SubscriptionID `json:"id"`
	Subaccount btp.SubaccountID   `json:"subaccount"`
	Source     string             `json:"source"`
	Type       string             `json:"type"`
	Version    string             `json:"version,omitempty"`
	Sink       string             `json:"sink"`
	Mode       btp.EventMode      `json:"mode"`
	Sequence   uint64             `json:"sequence"`
	CreatedAt  time.Time          `json:"createdAt,omitzero"`
}

type delivery struct {
	Subscription btp.SubscriptionID `json:"subscription"`
	Subaccount   btp.SubaccountID   `json:"subaccount"`
	Sequence     uint64             `json:"sequence"`
	State        btp.DeliveryState  `json:"state"`
	Attributes   map[string]string  `json:"attributes"`
	Data         []byte             `json:"data,omitempty"`
	Attempts     int                `json:"attempts,omitempty"`
	Failure      string             `json:"failure,omitempty"`
	CreatedAt    time.Time          `json:"createdAt,omitzero"`
}

// object is one of a platform service. Its document and its secret are JSON as text.
type object struct {
	Kind     btp.ObjectKind `json:"kind"`
	ID       string         `json:"id"`
	Scope    string         `json:"scope,omitempty"`
	Name     string         `json:"name,omitempty"`
	Parent   string         `json:"parent,omitempty"`
	System   btp.SystemID   `json:"system,omitempty"`
	Sequence uint64         `json:"sequence"`
	Document string         `json:"document,omitempty"`
	Secret   secret.Text    `json:"secret,omitzero"`
}

// due leaves the claim out: it is a running process's.
type due struct {
	At           time.Time   `json:"at"`
	Kind         btp.DueKind `json:"kind"`
	Subject      string      `json:"subject"`
	ClaimedUntil time.Time   `json:"-"`
	Reads        int         `json:"reads,omitempty"`
	Hold         btp.HoldID  `json:"hold,omitempty"`
	Tries        int         `json:"tries,omitempty"`
	Parked       bool        `json:"-"`
}

// transition is a policy that was set while the environment ran; immediate
// without any of the others.
type transition struct {
	Name  btp.Transition `json:"name"`
	After duration       `json:"after,omitempty"`
	Reads int            `json:"reads,omitempty"`
	Held  bool           `json:"held,omitempty"`
}

// duration is a time.Duration as text.
type duration string
