package btp

import (
	"errors"
	"fmt"
)

// Code names a way to be refused. It is the last part of a problem's type
// (urn:pairsim:problem:<code>) and the value of Pairsim-Reason on vendor wires,
// so a landed code is never renamed. httpapi and connector hold one row per
// code; docs/problems.md holds one paragraph per code.
type Code string

// Every way to be refused.
const (
	// Internal is a fault of pairsim itself; its text stays in the log.
	Internal Code = "internal"

	// The request as such.

	InvalidRequest       Code = "invalid-request"        // a body or parameter has the wrong form or type
	BodyTooLarge         Code = "body-too-large"         // a body is over its bound
	UnsupportedMediaType Code = "unsupported-media-type" // a body is of a kind that this call does not read
	RouteNotFound        Code = "route-not-found"        // no such path
	MethodNotAllowed     Code = "method-not-allowed"     // the path exists, the method does not
	InvalidCursor        Code = "invalid-cursor"         // a page cursor that pairsim did not give

	// Objects.

	GlobalAccountNotFound Code = "global-account-not-found"
	SubaccountNotFound    Code = "subaccount-not-found"
	SystemNotFound        Code = "system-not-found"
	NameInvalid           Code = "name-invalid"         // a name breaks the rule of its object
	NameTaken             Code = "name-taken"           // a name that must be unique is in use
	TypeUnknown           Code = "type-unknown"         // no such system type
	TypeWithoutToken      Code = "type-without-token"   // systems of this type are not paired by token
	RegionUnavailable     Code = "region-unavailable"   // the landscape does not exist in that region
	SnapshotInvalid       Code = "snapshot-invalid"     // a snapshot that cannot stand as an environment
	EnvironmentReplaced   Code = "environment-replaced" // a snapshot or a reset came in between
	EditionMismatch       Code = "edition-mismatch"     // the stored environment has another edition
	OperationNotInEdition Code = "operation-not-in-edition"
	StatusForbids         Code = "status-forbids"  // the lifecycle has no such move
	ClockBackwards        Code = "clock-backwards" // a clock is never set back

	PreconditionFailed   Code = "precondition-failed"    // If-Match names another version
	IdempotencyKeyReused Code = "idempotency-key-reused" // the key came with another request before
	FaultInjected        Code = "fault-injected"         // a step was made to fail
	FaultNotFound        Code = "fault-not-found"
	RecipeNotFound       Code = "recipe-not-found"    // no such recipe of faults
	HoldNotFound         Code = "hold-not-found"      // unknown, or released already
	RecordingNotFound    Code = "recording-not-found" // what an entry of the journal said is not kept

	// Environments.

	EnvironmentNotFound  Code = "environment-not-found"
	EnvironmentGone      Code = "environment-gone"      // dropped while the request was under way
	EnvironmentPermanent Code = "environment-permanent" // default is not dropped
	EnvironmentLimit     Code = "environment-limit"     // the most environments of a server

	// Strictness.

	TryLater        Code = "try-later"          // put off until the time of Retry-After
	URLNotHandedOut Code = "url-not-handed-out" // a path that this caller was not told

	// Formations, entitlements, deregistration.

	FormationNotFound            Code = "formation-not-found"
	AssignmentNotFound           Code = "assignment-not-found"
	FormationTypeUnknown         Code = "formation-type-unknown"
	FormationStatusForbids       Code = "formation-status-forbids"       // not offered in the formation's status
	FormationNotEmpty            Code = "formation-not-empty"            // v1 deletes only what nothing is assigned to
	FormationIncomplete          Code = "formation-incomplete"           // a draft lacks systems
	FormationFull                Code = "formation-full"                 // the most systems of a formation
	SystemTypeNotInFormation     Code = "system-type-not-in-formation"   // the formation's type does not take it
	SystemNotInFormation         Code = "system-not-in-formation"        // excluding what is not included
	SystemNotRegistered          Code = "system-not-registered"          // the operation needs a paired system
	SystemInUse                  Code = "system-in-use"                  // formations or entitlements hold it
	SystemAutoDiscovered         Code = "system-auto-discovered"         // what was not added manually is not removed
	SystemTypeLimit              Code = "system-type-limit"              // the most types of its own that a global account has
	SystemNotDiscovered          Code = "system-not-discovered"          // what was added manually is not merged
	MergeTargetInvalid           Code = "merge-target-invalid"           // not the registered system that it duplicates
	SubaccountWithoutEnvironment Code = "subaccount-without-environment" // neither Cloud Foundry nor Kyma
	PlanUnknown                  Code = "plan-unknown"                   // no such service or plan
	EntitlementNotFound          Code = "entitlement-not-found"
	EntitlementExists            Code = "entitlement-exists" // the same system and plan in the same subaccount
	EntitlementInUse             Code = "entitlement-in-use" // service instances need it
	NotEntitled                  Code = "not-entitled"       // the subaccount was not given the plan
	QuotaExhausted               Code = "quota-exhausted"    // the entitlement allows no more instances
	ExtensionInUse               Code = "extension-in-use"   // service instances stand on the tenant
	IncidentNotFound             Code = "incident-not-found"
	IncidentIsResolved           Code = "incident-is-resolved"
	TenantMismatch               Code = "tenant-mismatch"       // another tenant than the one deregistered
	TenantNotTold                Code = "tenant-not-told"       // its callback does not answer as it should
	ReleaseTokenInvalid          Code = "release-token-invalid" // no name is kept for it

	// Destinations.

	DestinationNotFound     Code = "destination-not-found"
	DestinationExists       Code = "destination-exists"  // the name is taken on its level
	DestinationInvalid      Code = "destination-invalid" // its properties break a rule
	DestinationLimit        Code = "destination-limit"   // the most destinations, or files, of a level
	CertificateFileNotFound Code = "certificate-file-not-found"
	DestinationTokenFailed  Code = "destination-token-failed" // no token for the target; stands in authTokens
	UserNotFound            Code = "user-not-found"

	// Communication arrangements.

	ArrangementRefused Code = "arrangement-refused" // the tenant does not make it
	EmClientIDTaken    Code = "em-client-id-taken"  // another messaging instance of the subaccount has it

	// Service instances and bindings.

	ServiceOfferingUnknown  Code = "service-offering-unknown" // no such service or plan
	ServiceInstanceNotFound Code = "service-instance-not-found"
	ServiceBindingNotFound  Code = "service-binding-not-found"
	InstanceExists          Code = "service-instance-exists" // its id is taken
	BindingExists           Code = "service-binding-exists"  // its id is taken
	ParametersInvalid       Code = "parameters-invalid"      // against the plan's schema or rules
	PlaceInvalid            Code = "place-invalid"           // no space or namespace of the subaccount
	InstanceLimit           Code = "instance-limit"          // the most instances or bindings
	InstanceHasBindings     Code = "service-instance-has-bindings"
	OperationInProgress     Code = "operation-in-progress" // on the same instance
	InstanceNotUpdatable    Code = "service-instance-not-updatable"
	InstanceNotUsable       Code = "service-instance-not-usable" // its creation failed

	// Access, with --auth.

	Unauthenticated Code = "unauthenticated" // no access token, or none that is good
	Forbidden       Code = "forbidden"       // the role does not allow it

	OAuthClientNotFound Code = "oauth-client-not-found"

	// Integration tokens, before acceptance.

	TokenMissing       Code = "token-missing"
	TokenMalformed     Code = "token-malformed"      // not a compact JWS with our claims
	TokenForged        Code = "token-forged"         // signature, algorithm or key does not hold
	TokenForeign       Code = "token-foreign"        // issued by another environment
	TokenWrongAudience Code = "token-wrong-audience" // not meant for pairing
	TokenNotYetValid   Code = "token-not-yet-valid"  // presented before nbf
	TokenExpired       Code = "token-expired"        // presented at or after exp
	TokenUsed          Code = "token-used"           // already redeemed
	TokenVoid          Code = "token-void"           // a newer token took its place
	TokenUnknown       Code = "token-unknown"        // well signed, but its system or record is gone
	TokenWrongType     Code = "token-wrong-type"     // presented by another product's tenant
	TokenWrongAccount  Code = "token-wrong-account"  // the claims name another global account
	TokenQuotaExceeded Code = "token-quota-exceeded" // 1000 live unused tokens of the type
	TokenShownOnce     Code = "token-shown-once"     // CX tokens are not shown again; ask for a new one
	TokenNotIssued     Code = "token-not-issued"     // there is no token to show

	// Pairing attempts and certificates.

	FollowUpInvalid      Code = "follow-up-token-invalid" // unknown, spent or voided follow-up token
	FollowUpExpired      Code = "follow-up-token-expired" // the attempt's deadline has passed
	CSRMalformed         Code = "csr-malformed"           // not base64, PEM or a PKCS#10 request
	CSRSignatureInvalid  Code = "csr-signature-invalid"
	CSRSubjectInvalid    Code = "csr-subject-invalid"
	CSRKeyRefused        Code = "csr-key-refused"     // key kind or size outside what pairsim signs
	CertificateMissing   Code = "certificate-missing" // the call needs a client certificate
	CertificateForeign   Code = "certificate-foreign" // not issued by this environment's CA
	CertificateExpired   Code = "certificate-expired"
	CertificateRevoked   Code = "certificate-revoked"
	CertificateUnknown   Code = "certificate-unknown" // issued here, but its system is gone
	CertificateNotForApp Code = "certificate-not-for-application"

	// Services and events.

	ServiceInvalid          Code = "service-invalid"
	ServiceNotFound         Code = "service-not-found"
	ServiceIdentifierTaken  Code = "service-identifier-taken"
	ServiceLimit            Code = "service-limit"
	SpecificationFetch      Code = "specification-fetch-failed"
	EventInvalid            Code = "event-invalid"
	EventTooLarge           Code = "event-too-large"
	SubscriptionNotFound    Code = "subscription-not-found"
	SubscriptionLimit       Code = "subscription-limit"
	SinkForbidden           Code = "sink-forbidden"      // its host is none that events may go to
	EventNotDelivered       Code = "event-not-delivered" // the sink was not reached, or did not answer with a 2xx
	DeliveriesFull          Code = "deliveries-full"     // too many events wait for a subscriber
	DeliveryNotFound        Code = "delivery-not-found"
	DeliveryNotDead         Code = "delivery-not-dead" // what is still sent is not sent anew
	DescriptorInvalid       Code = "descriptor-invalid"
	KeyAlgorithmUnsupported Code = "key-algorithm-unsupported"

	// Event bus.

	EmNameTaken           Code = "emname-taken"        // another client of the subaccount's bus has it
	NamespaceTaken        Code = "namespace-taken"     // likewise
	ChannelNotEnabled     Code = "channel-not-enabled" // the client lacks the option
	OutsideNamespace      Code = "outside-namespace"   // the client's rules do not have the topic or queue
	TopicInvalid          Code = "topic-invalid"       // no topic, or no pattern of topics
	QueueNotFound         Code = "queue-not-found"
	QueueLimit            Code = "queue-limit"
	QueueFull             Code = "queue-full"
	MessageInvalid        Code = "message-invalid"
	MessageTooLarge       Code = "message-too-large"
	MessageNotFound       Code = "message-not-found"
	TooManyUnacknowledged Code = "too-many-unacknowledged"
	WebhookInvalid        Code = "webhook-invalid"
	WebhookNotFound       Code = "webhook-not-found"
	WebhookLimit          Code = "webhook-limit"
	HandshakeRefused      Code = "handshake-refused" // the webhook does not say that it wants messages

	// Calls through the application gateway.

	GatewayPathIncomplete Code = "gateway-path-incomplete" // the path names no application, service or entry
	ApplicationNotFound   Code = "application-not-found"   // no runtime has such an application
	ServiceAmbiguous      Code = "service-ambiguous"       // several services have one name in the addresses
	ServiceWithoutAPI     Code = "service-without-api"     // it publishes events only
	CredentialsUnusable   Code = "credentials-unusable"    // a secret is missing, or key and certificate are no pair
	TokenCallFailed       Code = "token-call-failed"       // the OAuth token server refuses or is not reached
	TokenCallMTLSFailed   Code = "token-call-mtls-failed"  // the same, where the client proves itself with a certificate
	CSRFCallFailed        Code = "csrf-call-failed"
	TargetForbidden       Code = "target-forbidden"   // its host is none that calls may go to
	TargetUnreachable     Code = "target-unreachable" // no connection, TLS fails, or the answer is not HTTP
	TargetTimeout         Code = "target-timeout"
	TargetFailed          Code = "target-failed" // it answered 5xx
	GatewayLoop           Code = "gateway-loop"  // a target leads back to the gateway
)

// Error is a refusal: a code that callers switch on, a detail about this one
// occurrence for people, and possibly a cause for the log. Detail never holds a
// token, key or password.
type Error struct {
	Code   Code
	Detail string
	// Vendor is the text of the vendor's own server, where it differs
	// (pairing-protocols §1.5, §3.4, §4.1); empty: the vendor wire's default.
	Vendor string
	// Blockers are the objects that stand in the way, where these can be named.
	Blockers []Blocker
	// Findings are what is wrong with a document, place by place.
	Findings []Finding
	Cause    error
}

// Finding is one thing that is wrong with a document. Path is where, as
// $.systems[3].name; Problem never quotes a secret.
type Finding struct{ Path, Problem string }

// Blocker is an object that must go before something can be done.
type Blocker struct {
	Kind ObjectKind
	ID   string
	Name string
}

// Errorf makes a refusal. A %w verb keeps the cause for the log.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Detail: err.Error(), Cause: errors.Unwrap(err)}
}

// WithVendor sets the text that the vendor's own server would answer.
func (e *Error) WithVendor(text string) *Error {
	e.Vendor = text
	return e
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Detail }

func (e *Error) Unwrap() error { return e.Cause }

// CodeOf returns the code of err, Internal for an error without one and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}
