package btp

// Explanation says what a refusal rests on and what a person can do next.
type Explanation struct {
	Source, Next string
}

const (
	newToken  = "Ask for a new token (cockpit: Display token, or Get Token; CLI: pairsim systems token NAME) and use it on the product side."
	seeDocs   = "See docs/wire.md and /api/v1/openapi.json."
	ours      = "pairsim"
	kymaConn  = "Kyma Connector Service"
	kymaReg   = "Kyma Application Registry"
	kymaEvent = "Kyma event service"
)

// explanations gives every code its source and its way out.
var explanations = map[Code]Explanation{
	Internal:             {ours, "This is a fault of pairsim. Report it with the journal (pairsim journal)."},
	InvalidRequest:       {ours, seeDocs},
	BodyTooLarge:         {ours, "Send less; " + seeDocs},
	UnsupportedMediaType: {ours, "Send application/json."},
	RouteNotFound:        {ours, seeDocs},
	MethodNotAllowed:     {ours, seeDocs},
	InvalidCursor:        {ours, "Start again without a cursor."},

	GlobalAccountNotFound: {ours, "List global accounts: GET /api/v1/globalAccounts (pairsim accounts list)."},
	SubaccountNotFound:    {ours, "List subaccounts: GET /api/v1/globalAccounts/{ga}/subaccounts (pairsim subaccounts list)."},
	SystemNotFound:        {ours, "List systems: pairsim systems list."},
	NameInvalid:           {"SEED-000 step 3, 68b04fa.md", "Use a name that keeps the rule which the detail states."},
	NameTaken:             {"e9d975a.md", "Choose another name; a name is free again when its row is gone."},
	TypeUnknown:           {"SEED-000 step 3", "Use the exact label of a type: GET /api/v1/systemTypes."},
	TypeWithoutToken:      {"2ffdaff.md", "Systems of this type need no token."},
	RegionUnavailable:     {"SEED-004", "Use a subaccount in another region."},
	SnapshotInvalid:       {ours, "Mend the snapshot at the places that are named, or export it again (pairsim snapshot validate FILE); nothing was imported."},
	EnvironmentReplaced:   {ours, "Read what is there now, and try again."},
	EditionMismatch:       {ours, "Start without --edition, or with another --data."},
	OperationNotInEdition: {"sap-domain §0.2", "Start pairsim with the other --edition."},
	StatusForbids:         {"sap-domain §4", "Look at the system: pairsim systems show NAME."},
	ClockBackwards:        {ours, "Move the clock forward, or start with fresh data."},

	PreconditionFailed:   {"RFC 9110 §13.1.1", "Read the object again, look at what changed, and send its new ETag in If-Match."},
	IdempotencyKeyReused: {"IETF draft Idempotency-Key", "Send a new Idempotency-Key with a new request."},
	FaultInjected:        {ours, "A fault was set on purpose: pairsim fault list shows it, pairsim fault clear removes it."},
	FaultNotFound:        {ours, "List the faults: pairsim fault list."},
	RecipeNotFound:       {ours, "List the recipes: pairsim fault recipes."},
	HoldNotFound:         {ours, "List what is held: pairsim hold list."},
	RecordingNotFound:    {ours, "Ask for a later request or call of the journal: the latest are kept."},

	EnvironmentNotFound:  {ours, "List environments: pairsim env list (GET /control/environments)."},
	EnvironmentGone:      {ours, "Somebody deleted the environment, or its time was up. Make it again: pairsim env create NAME."},
	EnvironmentPermanent: {ours, "default lives as long as its data. Start with fresh data, or use an environment of your own: pairsim env create NAME."},
	EnvironmentLimit:     {ours, "Delete environments that nobody uses (pairsim env list, pairsim env delete NAME), and give new ones a --ttl."},

	TryLater:        {"RFC 9110 §15.6.4", "Send the same call again after the time of Retry-After; docs/strictness.md tells more."},
	URLNotHandedOut: {"pairing-protocols §1.4", "Take the URL from the answer that hands it out; docs/strictness.md tells more."},

	FormationNotFound:            {ours, "List formations: pairsim formations list."},
	AssignmentNotFound:           {ours, "Show the formation with its assignments: pairsim formations show NAME."},
	FormationTypeUnknown:         {"68b04fa.md", "Use the exact label of a formation type: GET /api/v1/formationTypes (pairsim formations types)."},
	FormationStatusForbids:       {"68b04fa.md, sap-domain §8.2", "Look at the formation and what it offers: pairsim formations show NAME."},
	FormationNotEmpty:            {"68b04fa.md@v1", "Unassign its systems and its subaccount first: pairsim formations exclude, pairsim formations change NAME --subaccount \"\"."},
	FormationIncomplete:          {"68b04fa.md", "Include the systems that are still needed, then finalize it: pairsim formations include, pairsim formations finalize."},
	FormationFull:                {ours, "Create another formation."},
	SystemTypeNotInFormation:     {"9154051.md", "Include a system of one of the types that the formation takes."},
	SystemNotInFormation:         {ours, "Show the formation's systems: pairsim formations show NAME."},
	SystemNotRegistered:          {"2ffdaff.md", "Pair the system first: get its token (pairsim systems token NAME) and use it on the product side."},
	SystemAutoDiscovered:         {"0c6f498.md, 3ce5e05.md", "Leave it, or merge it into the registered system that it duplicates: pairsim systems merge NAME TARGET."},
	SystemTypeLimit:              {ours, "Use one of the types that there are."},
	SystemNotDiscovered:          {"5592d86.md", "Remove it instead: pairsim systems remove NAME; or merge the auto-discovered one into it."},
	MergeTargetInvalid:           {"5592d86.md", "Choose a registered system of the same type and URL: GET /api/v1/systems/{id} names them as mergeTargets."},
	SystemInUse:                  {"SEED-000 Results", "Remove the system from every formation and entitlement configuration that the detail names, then try again."},
	SubaccountWithoutEnvironment: {"68b04fa.md@v1, 65ad330.md", "Enable Cloud Foundry or Kyma in the subaccount: pairsim subaccounts change ID --environments kyma."},
	PlanUnknown:                  {"925c00a.md", "See what can be assigned: GET /api/v1/subaccounts/{id}/servicePlans (pairsim entitlements plans)."},
	EntitlementNotFound:          {ours, "List entitlement configurations: pairsim entitlements list."},
	EntitlementExists:            {"65ad330.md", "It is there already; nothing is to be done."},
	EntitlementInUse:             {"65ad330.md", "Delete the service instances that the detail names first: pairsim instances delete NAME."},
	NotEntitled:                  {"65ad330.md", "Add the plan to the subaccount's entitlements: pairsim entitlements assign."},
	QuotaExhausted:               {"00aa2c2.md", "Delete an instance of the plan, or assign the plan with a higher quota: pairsim instances list, pairsim entitlements list."},
	ExtensionInUse:               {"SEED-004", "Delete the service instances that the detail names first: pairsim instances delete NAME."},
	IncidentNotFound:             {ours, "List incidents: pairsim incidents list."},
	IncidentIsResolved:           {ours, "Nothing is to be done."},
	TenantMismatch:               {"0c6f498.md", "Use the token in the tenant that the system was registered with, or remove the system and add a new one."},
	TenantNotTold:                {ours, "Make the tenant's callback reachable, then deregister again (v2), or have the incident resolved: pairsim incidents resolve ID."},
	ReleaseTokenInvalid:          {ours, "The name is free already, or was never kept for this tenant."},

	DestinationNotFound:     {"sap-domain §14.2", "List the destinations: pairsim destinations list."},
	DestinationExists:       {"d866cf6.md", "Choose another name, or delete the destination that has it: pairsim destinations delete NAME."},
	DestinationInvalid:      {"sap-domain §14.2", "Mend the properties that are named, and send it again; nothing was changed."},
	DestinationLimit:        {ours, "Delete what nobody uses: pairsim destinations list, pairsim destinations delete NAME."},
	CertificateFileNotFound: {"service-apis §2", "Upload the file: POST /destination-configuration/v1/subaccountCertificates."},
	DestinationTokenFailed:  {"service-apis §2", "Look at what the entry in authTokens says, and mend the destination: pairsim destinations show NAME."},
	UserNotFound:            {ours, "List the users: GET /control/users; declare one in the seed file (users)."},

	ArrangementRefused: {"69889e4.md", "Do what the tenant's words say, then delete the instance and create it again."},
	EmClientIDTaken:    {"b8855ef.md", "Choose another emClientId, or delete the instance that has it: pairsim instances list."},

	ServiceOfferingUnknown:  {"65ad330.md", "See what the subaccount can have: pairsim offerings list (GET /api/v1/subaccounts/{id}/serviceOfferings)."},
	ServiceInstanceNotFound: {ours, "List the service instances: pairsim instances list."},
	ServiceBindingNotFound:  {ours, "Show the instance with its bindings: pairsim instances show NAME."},
	InstanceExists:          {"Open Service Broker API", "Use another id for another instance."},
	BindingExists:           {"Open Service Broker API", "Use another id for another binding."},
	ParametersInvalid:       {"553a4c6.md, 2d50d91.md", "Mend the parameters at the places that are named; nothing was created. The plan's schema is in the catalogue (pairsim offerings list -o json)."},
	PlaceInvalid:            {"d866cf6.md, 32bd423.md", "Name a space of Cloud Foundry or a namespace of Kyma that the subaccount has: pairsim instances create --space, --namespace."},
	InstanceLimit:           {ours, "Delete what nobody needs: pairsim instances list."},
	InstanceHasBindings:     {"service-apis §3", "Delete the bindings that the detail names first: pairsim instances unbind NAME BINDING."},
	OperationInProgress:     {"Open Service Broker API", "Wait until the operation has ended: pairsim instances show NAME."},
	InstanceNotUpdatable:    {"d866cf6.md, 531a909.md", "Delete the instance and create it again with the new parameters: pairsim instances delete NAME, pairsim instances create NAME."},
	InstanceNotUsable:       {"service-apis §4", "Look why its creation failed (pairsim instances show NAME), delete it, and create it again."},

	Unauthenticated: {"RFC 6750", "Send an access token: Authorization: Bearer … (pairsim auth token, PAIRSIM_TOKEN)."},
	Forbidden:       {"sap-domain §1", "Ask somebody with the role that the detail names."},

	OAuthClientNotFound: {ours, "List the clients: pairsim auth client list."},

	TokenMissing:       {kymaConn, newToken},
	TokenMalformed:     {kymaConn, "Copy the token again, whole. " + newToken},
	TokenForged:        {ours, newToken},
	TokenForeign:       {ours, "Use the registry that issued the token, or ask this one for a token."},
	TokenWrongAudience: {ours, newToken},
	TokenNotYetValid:   {ours, "Compare the clocks: pairsim clock show."},
	TokenExpired:       {"SEED-000 step 8, e9d975a.md", newToken},
	TokenUsed:          {"SEED-000 step 8", "A registered system needs no more tokens. If its pairing did not complete: " + newToken},
	TokenVoid:          {"SEED-000 step 6", "Use the newest token of the system. " + newToken},
	TokenUnknown:       {ours, newToken},
	TokenWrongType:     {ours, "Use the token in a tenant of its system's type (pairsim token inspect)."},
	TokenWrongAccount:  {"SEED-004", newToken},
	TokenQuotaExceeded: {"2ffdaff.md", "Use or let expire some of the type's unused tokens."},
	TokenShownOnce:     {"SEED-000 step 6", "Ask for a new token: POST /api/v1/systems/{id}/tokens (pairsim systems token NAME)."},
	TokenNotIssued:     {"1582d72.md", newToken},

	FollowUpInvalid:      {kymaConn, newToken},
	FollowUpExpired:      {kymaConn, newToken},
	CSRMalformed:         {kymaConn, "Send {\"csr\": base64 of a PEM certificate request}."},
	CSRSignatureInvalid:  {kymaConn, "Sign the request with the key that it holds."},
	CSRSubjectInvalid:    {kymaConn, "Use the subject of the info answer, attribute by attribute."},
	CSRKeyRefused:        {ours, "Use RSA 2048 to 4096, ECDSA P-256, P-384 or P-521, or Ed25519."},
	CertificateMissing:   {kymaConn, "Present the client certificate of the pairing."},
	CertificateForeign:   {kymaConn, "Present the client certificate that this registry issued."},
	CertificateExpired:   {kymaConn, "A certificate is renewed before it expires; pair the system anew."},
	CertificateRevoked:   {kymaConn, "Pair the system anew."},
	CertificateUnknown:   {ours, "Pair the system anew."},
	CertificateNotForApp: {"Kyma connectivity validator", "Use the URLs of the management info answer."},

	ServiceInvalid:          {kymaReg, "See docs/wire.md."},
	ServiceNotFound:         {kymaReg, "List the services first."},
	ServiceIdentifierTaken:  {kymaReg, "Update the service that has this identifier."},
	ServiceLimit:            {ours, "Delete services that are no longer exposed."},
	SpecificationFetch:      {kymaReg, "Check specificationUrl; hosts beyond loopback need --allow-host."},
	EventInvalid:            {kymaEvent, "See the answer's details."},
	EventTooLarge:           {kymaEvent, "An event has at most 65536 bytes."},
	SubscriptionNotFound:    {ours, "List the subscriptions: pairsim runtime subscriptions list."},
	SubscriptionLimit:       {ours, "Delete subscriptions that nobody needs: pairsim runtime subscriptions delete."},
	SinkForbidden:           {ours, "Name a sink on loopback, or start pairsim with --allow-host for its host."},
	EventNotDelivered:       {ours, "Check that the sink listens and answers with a 2xx; the event is sent again."},
	DeliveriesFull:          {kymaEvent, "Let the subscriber take its events, or delete its subscription; then publish again."},
	DeliveryNotFound:        {ours, "List the events that could not be delivered: pairsim runtime deliveries --state dead."},
	DeliveryNotDead:         {ours, "Wait for its next attempt, or advance the clock: pairsim clock advance."},
	DescriptorInvalid:       {ours, seeDocs},
	KeyAlgorithmUnsupported: {ours, "Use ES256, RS256 or EdDSA."},

	EmNameTaken:           {"d476ff0.md", "Choose another emname; it is free again when its instance is deleted."},
	NamespaceTaken:        {"d476ff0.md", "Choose another namespace; it is free again when its instance is deleted."},
	ChannelNotEnabled:     {"5722fc4.md", "Create an instance whose options open the channel: options.management, options.messagingrest."},
	OutsideNamespace:      {"5722fc4.md, d476ff0.md", "Use a name in the client's own namespace, or an instance whose rules have this one."},
	TopicInvalid:          {"service-apis §6", "Use segments of letters, digits, - _ and . joined by /; wildcards are for subscriptions."},
	QueueNotFound:         {"service-apis §6", "List the queues: pairsim queues list, or GET …/queues on the management API."},
	QueueLimit:            {ours, "Delete queues or subscriptions that nobody needs."},
	QueueFull:             {ours, "Consume and acknowledge what is in the queue, or delete it."},
	MessageInvalid:        {"service-apis §6", "Send Content-Type, x-qos and a body; see docs/wire.md."},
	MessageTooLarge:       {ours, "Send less, or a reference to the data."},
	MessageNotFound:       {"service-apis §6", "Consume again with x-qos 1, and acknowledge with the x-message-id of the answer."},
	TooManyUnacknowledged: {ours, "Acknowledge what was consumed, or wait until it is delivered again."},
	WebhookInvalid:        {"service-apis §6", "Mend the place that the detail names."},
	WebhookNotFound:       {"service-apis §6", "List the push subscriptions: GET …/messagingrest/v1/subscriptions."},
	WebhookLimit:          {ours, "Delete push subscriptions that nobody needs."},
	HandshakeRefused:      {"service-apis §6", "Let the webhook answer OPTIONS with WebHook-Allowed-Origin, then ask for the handshake again; or create it with exemptHandshake."},

	GatewayPathIncomplete: {kymaGateway, "Call /gateway/{application}/{service}/{path} or /gateway-ucl/{application}/{service}/{entry}/{path}."},
	ApplicationNotFound:   {kymaGateway, "See what the runtime has: pairsim runtime applications. A system has to be registered and in a formation whose subaccount has Kyma."},
	ServiceAmbiguous:      {kymaGateway, "Register the services under names that still differ when all but letters and digits are hyphens."},
	ServiceWithoutAPI:     {kymaGateway, "Call a service that has an API: pairsim runtime applications."},
	CredentialsUnusable:   {kymaGateway, "Register the service's credentials anew."},
	TokenCallFailed:       {kymaGateway, "Check URL, client id and secret of the service's OAuth credentials; hosts beyond loopback need --allow-host."},
	TokenCallMTLSFailed:   {kymaGateway, "Check URL, client id and certificate of the service's OAuth credentials; hosts beyond loopback need --allow-host."},
	CSRFCallFailed:        {kymaGateway, "Check tokenEndpointURL of the service's csrfInfo; hosts beyond loopback need --allow-host."},
	TargetForbidden:       {ours, "Allow the host: --allow-host."},
	TargetUnreachable:     {kymaGateway, "Check targetUrl of the service, and that the target runs and its certificate is trusted."},
	TargetTimeout:         {kymaGateway, "The target has to answer within 10 seconds."},
	TargetFailed:          {kymaGateway, "Look at Target-System-Status, and at the target."},
	GatewayLoop:           {ours, "Register the target's own address, not the gateway's."},
}

// Explain returns what c rests on and what to do next.
func Explain(c Code) Explanation { return explanations[c] }

// SourceOf is the document that a refusal with c rests on.
func SourceOf(c Code) string { return explanations[c].Source }
