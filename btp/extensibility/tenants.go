package extensibility

import (
	"context"
	"errors"

	"github.com/pairsim/pairsim/btp"
)

// CommunicationAudience is the aud claim of what the registry's calls about
// arrangements are signed with.
const CommunicationAudience = "pairsim:communication"

// ErrArrangementExists is the cause of an ArrangementRefused: the tenant has another
// arrangement of the instance, or of the name.
var ErrArrangementExists = errors.New("the tenant has an arrangement already")

// Tenants makes and deletes communication arrangements on tenants. It refuses with
// ArrangementRefused what the tenant refuses, and with TenantNotTold when there is no
// answer as it should be.
type Tenants interface {
	// Arrange is done once per instance, however often it is called with the same order.
	Arrange(context.Context, Call, Order) (Arranged, error)
	// Disarrange is no error where there is no arrangement of the instance.
	Disarrange(context.Context, Call) error
}

// Call is a call to the tenant of a system about the arrangement of an instance.
type Call struct {
	// CallbackURL is the tenant's, as its descriptor says.
	CallbackURL string
	// JWT is signed with the environment's key, a secret.
	JWT      string
	Instance string
	System   btp.SystemID
	// Faults are what goes wrong with the call on purpose.
	Faults btp.WireFaults
}

// Order is what a tenant is to arrange.
type Order struct {
	System       btp.SystemID `json:"systemId"`
	InstanceName string       `json:"instanceName"`
	Arrangement  Arrangement  `json:"communicationArrangement"`
	// SAMLTrust is whose assertions are good; only with inbound OAuth2SAMLBearerAssertion.
	SAMLTrust *SAMLTrust `json:"samlTrust,omitempty"`
	// ClientCertificate is whose calls are good; only with inbound ClientCertificateAuthentication.
	ClientCertificate *CertificatePEM `json:"clientCertificate,omitempty"`
	// EventBus is where events go; only for plan messaging.
	EventBus *EventBus `json:"eventBus,omitempty"`
}

// SAMLTrust is a subaccount's identity provider.
type SAMLTrust struct {
	Issuer      string `json:"issuer"`
	Certificate string `json:"certificate"` // PEM
}

// CertificatePEM is a certificate.
type CertificatePEM struct {
	Certificate string `json:"certificate"` // PEM
}

// EventBus is a client of a subaccount's event bus.
type EventBus struct {
	TokenEndpoint string `json:"tokenEndpoint"`
	ClientID      string `json:"clientId"`
	ClientSecret  string `json:"clientSecret"`
	// URI is the base of the messaging API, which ends with messagingrest/v1.
	URI       string `json:"uri"`
	Namespace string `json:"namespace"`
}

// Arranged is what a tenant has arranged.
type Arranged struct {
	Arrangement string `json:"arrangementId"`
	// URL is the base of the tenant's APIs, UIURL the audience of assertions for it.
	URL   string `json:"url"`
	UIURL string `json:"uiUrl"`
	// User is as whom the extension calls; nil without inbound communication.
	User *CommunicationUser `json:"communicationUser,omitempty"`
	// TokenServiceURL takes assertions; "" without them.
	TokenServiceURL string           `json:"tokenServiceUrl,omitempty"`
	Services        []InboundService `json:"inboundServices,omitempty"`
}

// CommunicationUser is a technical user of a tenant; Password is a secret.
type CommunicationUser struct {
	Name     string `json:"username"`
	Password string `json:"password"`
}

// InboundService is an API of the tenant that the arrangement opens.
type InboundService struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Path string `json:"path"`
}
