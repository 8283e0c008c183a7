package btp

// Point names a step of a flow. Everything that a user or tenant sets going runs
// through Registry.step at its point, is journalled there, and will take faults there.
type Point string

// The points of all flows.
const (
	PointRegister              Point = "system.register"
	PointTokenIssue            Point = "token.issue"
	PointTokenShow             Point = "token.show"
	PointKeyRotation           Point = "token.rotate-key"
	PointInfo                  Point = "pairing.info"
	PointCSR                   Point = "pairing.csr"
	PointFirstCall             Point = "pairing.first-call"
	PointDescriptor            Point = "pairing.descriptor"
	PointFailureReport         Point = "pairing.failure-report"
	PointManagementInfo        Point = "certificate.management-info"
	PointRenewal               Point = "certificate.renew"
	PointRevocation            Point = "certificate.revoke"
	PointAuthentication        Point = "certificate.authenticate"
	PointServiceList           Point = "services.list"
	PointServiceCreate         Point = "services.create"
	PointServiceGet            Point = "services.get"
	PointServiceUpdate         Point = "services.update"
	PointServiceDelete         Point = "services.delete"
	PointEventLegacy           Point = "events.legacy"
	PointEventCloudEvent       Point = "events.cloudevent"
	PointSubscribed            Point = "events.subscribed"
	PointClock                 Point = "clock.change"
	PointTokenExpiry           Point = "due.token-expiry"
	PointAttemptDeadline       Point = "due.attempt-deadline"
	PointCertExpiry            Point = "due.certificate-expiry"
	PointKeyRetirement         Point = "due.key-retirement"
	PointDeregister            Point = "system.deregister"
	PointDeregisterTell        Point = "deregistration.tell-tenant"
	PointDeregisterDone        Point = "deregistration.complete"
	PointRemove                Point = "system.remove"
	PointRemoveDone            Point = "removal.complete"
	PointDiscover              Point = "system.discover"
	PointMerge                 Point = "system.merge"
	PointSystemTypeCreate      Point = "system-type.create"
	PointSystemTypeList        Point = "system-type.list"
	PointExtensionDeleted      Point = "tenant.extension-deleted"
	PointFormationCreate       Point = "formation.create"
	PointFormationChange       Point = "formation.change"
	PointFormationInclude      Point = "formation.include"
	PointFormationExclude      Point = "formation.exclude"
	PointFormationFinalize     Point = "formation.finalize"
	PointFormationResync       Point = "formation.resynchronize"
	PointFormationSync         Point = "formation.synchronize"
	PointFormationReport       Point = "formation.report"
	PointFormationDelete       Point = "formation.delete"
	PointFormationDeleted      Point = "formation.deletion"
	PointEntitlementAssign     Point = "entitlement.assign"
	PointEntitlementRemove     Point = "entitlement.remove"
	PointIncidentOpen          Point = "incident.open"
	PointIncidentResolve       Point = "incident.resolve"
	PointSubaccountChange      Point = "subaccount.change"
	PointReplayExpiry          Point = "due.replay-expiry"
	PointIncidentExpiry        Point = "due.incident-expiry"
	PointOAuthClientCreate     Point = "oauth-client.create"
	PointOAuthClientDelete     Point = "oauth-client.delete"
	PointAccessToken           Point = "access-token.issue"
	PointAccess                Point = "access.admit"
	PointRead                  Point = "registry.read"
	PointDiscovery             Point = "registry.discovery"
	PointControl               Point = "control.change"
	PointJournalLoss           Point = "journal.loss"
	PointTokenInspect          Point = "token.inspect"
	PointTokenKeys             Point = "token.keys"
	PointSystemShow            Point = "system.show"
	PointSystemList            Point = "system.list"
	PointFormationShow         Point = "formation.show"
	PointFormationList         Point = "formation.list"
	PointRuntimeList           Point = "runtime.applications"
	PointEntitlementList       Point = "entitlement.list"
	PointEntitlementPlans      Point = "entitlement.plans"
	PointAccountList           Point = "account.list"
	PointAccountShow           Point = "account.show"
	PointAccountCreate         Point = "account.create"
	PointSubaccountList        Point = "subaccount.list"
	PointSubaccountShow        Point = "subaccount.show"
	PointSubaccountCreate      Point = "subaccount.create"
	PointIncidentList          Point = "incident.list"
	PointIncidentShow          Point = "incident.show"
	PointTenantWake            Point = "tenant.wake"
	PointTransitionSet         Point = "transition.set"
	PointHoldRelease           Point = "hold.release"
	PointGatewayCall           Point = "gateway.call"
	PointGatewayToken          Point = "gateway.token"
	PointGatewayCSRF           Point = "gateway.csrf"
	PointEventDeliver          Point = "event.deliver"
	PointSubscriptionCreate    Point = "subscription.create"
	PointSubscriptionDelete    Point = "subscription.delete"
	PointSubscriptionList      Point = "subscription.list"
	PointDeliveryList          Point = "delivery.list"
	PointDestinationPut        Point = "destination.put"
	PointDestinationDelete     Point = "destination.delete"
	PointDestinationList       Point = "destination.list"
	PointDestinationShow       Point = "destination.show"
	PointDestinationFind       Point = "destination.find"
	PointDestinationToken      Point = "destination.token"
	PointCertificateFile       Point = "destination.certificate-file"
	PointTrust                 Point = "destination.trust"
	PointArrangementCreate     Point = "instance.create-arrangement"
	PointArrangementDelete     Point = "instance.delete-arrangement"
	PointUserCreate            Point = "user.create"
	PointUserDelete            Point = "user.delete"
	PointBusShow               Point = "event-bus.show"
	PointMessageList           Point = "event-bus.messages"
	PointQueueList             Point = "queue.list"
	PointQueueShow             Point = "queue.show"
	PointQueuePut              Point = "queue.put"
	PointQueueDelete           Point = "queue.delete"
	PointQueueSubscribe        Point = "queue.subscribe"
	PointQueueUnsubscribe      Point = "queue.unsubscribe"
	PointMessagePublish        Point = "message.publish"
	PointMessageConsume        Point = "message.consume"
	PointMessageAcknowledge    Point = "message.acknowledge"
	PointMessageExpiry         Point = "due.message-expiry"
	PointWebhookList           Point = "webhook.list"
	PointWebhookShow           Point = "webhook.show"
	PointWebhookCreate         Point = "webhook.create"
	PointWebhookDelete         Point = "webhook.delete"
	PointWebhookState          Point = "webhook.state"
	PointWebhookHandshake      Point = "webhook.handshake"
	PointWebhookGreet          Point = "webhook.greet"
	PointWebhookPush           Point = "webhook.push"
	PointRestore               Point = "environment.restore"
	PointReset                 Point = "environment.reset"
	PointOfferingList          Point = "offering.list"
	PointInstanceCreate        Point = "instance.create"
	PointInstanceProvision     Point = "instance.provision"
	PointInstanceProvisioned   Point = "instance.provisioned"
	PointInstanceUndo          Point = "instance.undo"
	PointInstanceShow          Point = "instance.show"
	PointInstanceList          Point = "instance.list"
	PointInstanceUpdate        Point = "instance.update"
	PointInstanceDelete        Point = "instance.delete"
	PointInstanceDeprovision   Point = "instance.deprovision"
	PointInstanceDeprovisioned Point = "instance.deprovisioned"
	PointBindingCreate         Point = "binding.create"
	PointBindingShow           Point = "binding.show"
	PointBindingList           Point = "binding.list"
	PointBindingDelete         Point = "binding.delete"
	PointRuntimeShow           Point = "runtime.show"
	PointRuntimeSync           Point = "runtime.sync"
	PointDeliveryRetry         Point = "delivery.retry"
	PointRuntimeEvents         Point = "runtime.events"
	PointRuntimeManifests      Point = "runtime.manifests"
)

// PointDescription is what is known of a point.
type PointDescription struct {
	// Text says what happens there.
	Text string
	// Source is the document that the step rests on; "pairsim" and the design for
	// what is our own.
	Source string
}

// Points says what happens at every point, and why.
var Points = map[Point]PointDescription{
	PointRegister:              {"an operator registers a system", "SEED-000 step 3"},
	PointTokenIssue:            {"an operator asks for a new token", "SEED-000 step 6"},
	PointTokenShow:             {"an operator looks at the present token", "e9d975a.md@v1"},
	PointKeyRotation:           {"an operator rotates the key that signs tokens", "design §4 token form"},
	PointInfo:                  {"a tenant presents the token and gets URLs, a subject and the follow-up token", "SEED-000 step 8, pairing-protocols §1.4"},
	PointCSR:                   {"a tenant sends its certificate request with the follow-up token", "pairing-protocols §1.5"},
	PointFirstCall:             {"a tenant makes its first call with the new certificate", "pairing-protocols §1.9"},
	PointDescriptor:            {"a tenant sends its descriptor", "design §4 descriptor"},
	PointFailureReport:         {"a tenant gives up a pairing", "design §4 pairing attempt"},
	PointManagementInfo:        {"a tenant reads its URLs over mTLS", "pairing-protocols §1.6"},
	PointRenewal:               {"a tenant renews its certificate", "pairing-protocols §1.7"},
	PointRevocation:            {"a tenant revokes its certificate", "pairing-protocols §1.7"},
	PointAuthentication:        {"the registry recognises a caller by its certificate", "pairing-protocols §1.6, §4.5"},
	PointServiceList:           {"a tenant lists the services it registered", "pairing-protocols §3.1"},
	PointServiceCreate:         {"a tenant registers a service", "pairing-protocols §3.3"},
	PointServiceGet:            {"a tenant reads a service", "pairing-protocols §3.3"},
	PointServiceUpdate:         {"a tenant replaces a service", "pairing-protocols §3.3"},
	PointServiceDelete:         {"a tenant deletes a service", "pairing-protocols §3.3"},
	PointEventLegacy:           {"a tenant publishes an event in the legacy form", "pairing-protocols §4.1"},
	PointEventCloudEvent:       {"a tenant publishes a CloudEvent", "pairing-protocols §4.2"},
	PointSubscribed:            {"a tenant asks which events somebody listens to", "pairing-protocols §4.3"},
	PointClock:                 {"the clock is moved", "design §6"},
	PointTokenExpiry:           {"a token's validity ends", "SEED-000 step 8, e9d975a.md"},
	PointAttemptDeadline:       {"an open pairing attempt is given up", "design §4 pairing attempt"},
	PointCertExpiry:            {"a client certificate's validity ends", "pairing-protocols §1.5"},
	PointKeyRetirement:         {"a rotated key's last token has expired", "design §4 token form"},
	PointDeregister:            {"an operator deregisters a system", "SEED-000 Results, 0c6f498.md"},
	PointDeregisterTell:        {"the registry tells a tenant that its system is deregistered", "design §4 deregistering"},
	PointDeregisterDone:        {"a deregistration ends: certificates are revoked, the runtime is left", "0c6f498.md"},
	PointRemove:                {"an operator removes a system", "0c6f498.md"},
	PointRemoveDone:            {"a removal ends: the record is deleted", "0c6f498.md"},
	PointDiscover:              {"a system is discovered, on the control listener", "3ce5e05.md"},
	PointSystemTypeCreate:      {"an operator creates a system type of a third party", "5481d59.md"},
	PointSystemTypeList:        {"an operator lists the system types of a global account", "sap-domain §3"},
	PointMerge:                 {"an operator merges an auto-discovered system into the registered one", "5592d86.md"},
	PointExtensionDeleted:      {"a tenant says that it deleted its side of the pairing", "e9d975a.md@v1"},
	PointFormationCreate:       {"an operator creates a formation", "68b04fa.md"},
	PointFormationChange:       {"an operator changes a formation's subaccount", "68b04fa.md@v1"},
	PointFormationInclude:      {"an operator includes a system in a formation", "68b04fa.md"},
	PointFormationExclude:      {"an operator excludes a system from a formation", "68b04fa.md"},
	PointFormationFinalize:     {"an operator finalizes a draft formation", "68b04fa.md"},
	PointFormationResync:       {"an operator resynchronizes a formation, with or without reset", "68b04fa.md"},
	PointFormationSync:         {"the assignments of a formation are synchronized", "sap-domain §8.4"},
	PointFormationReport:       {"a participant reports the state of an assignment", "pairing-protocols §7.6"},
	PointFormationDelete:       {"an operator deletes a formation", "68b04fa.md"},
	PointFormationDeleted:      {"a formation's deletion is carried out", "68b04fa.md"},
	PointEntitlementAssign:     {"an operator gives a subaccount an entitlement configuration", "65ad330.md"},
	PointEntitlementRemove:     {"an operator removes an entitlement configuration", "65ad330.md"},
	PointIncidentOpen:          {"an error status opens an incident", "sap-domain §4.4"},
	PointIncidentResolve:       {"support resolves an incident", "design §4 errors and incidents"},
	PointSubaccountChange:      {"an operator changes a subaccount", "sap-domain §18"},
	PointReplayExpiry:          {"an Idempotency-Key is forgotten", "IETF draft Idempotency-Key"},
	PointIncidentExpiry:        {"a resolved incident is forgotten", "pairsim"},
	PointOAuthClientCreate:     {"a client of the token service is created on the control listener", "sap-domain §1"},
	PointOAuthClientDelete:     {"a client of the token service is deleted on the control listener", "pairsim"},
	PointAccessToken:           {"a client asks the token service for an access token", "service-apis §1"},
	PointAccess:                {"the registry asks who makes a call: for the role that it needs (--auth), or for the client of a platform service", "sap-domain §1, service-apis §1"},
	PointRead:                  {"an operator looks at what the registry shows", "sap-domain §18"},
	PointDiscovery:             {"somebody reads what the registry publishes: keys, CA, configuration, API documents, health", "design §5"},
	PointControl:               {"somebody changes something on the control listener", "design §6"},
	PointJournalLoss:           {"entries could not be written to disk in time; they are in memory only", "pairsim"},
	PointTransitionSet:         {"the policy of a transition is set on the control listener", "design §6"},
	PointHoldRelease:           {"a hold is released on the control listener", "design §6"},
	PointTokenInspect:          {"an operator asks what a token is", "design §11"},
	PointTokenKeys:             {"somebody reads the keys that verify tokens", "design §4 token form"},
	PointSystemShow:            {"an operator looks at a system", "SEED-000 step 4"},
	PointSystemList:            {"an operator lists systems", "SEED-000 step 4"},
	PointFormationShow:         {"an operator looks at a formation", "68b04fa.md"},
	PointFormationList:         {"an operator lists formations", "68b04fa.md"},
	PointRuntimeList:           {"an operator lists the applications of a Kyma runtime", "sap-domain §15.3"},
	PointEntitlementList:       {"an operator lists entitlement configurations", "65ad330.md"},
	PointEntitlementPlans:      {"an operator lists what a subaccount can be entitled to", "65ad330.md"},
	PointAccountList:           {"an operator lists global accounts", "sap-domain §18"},
	PointAccountShow:           {"an operator looks at a global account", "sap-domain §18"},
	PointAccountCreate:         {"an operator adds a global account", "sap-domain §18"},
	PointSubaccountList:        {"an operator lists subaccounts", "sap-domain §18"},
	PointSubaccountShow:        {"an operator looks at a subaccount", "sap-domain §18"},
	PointSubaccountCreate:      {"an operator adds a subaccount", "sap-domain §18"},
	PointIncidentList:          {"an operator lists incidents", "sap-domain §4.4"},
	PointIncidentShow:          {"an operator looks at an incident", "sap-domain §4.4"},
	PointTenantWake:            {"the registry wakes a tenant at the instant that it asked for", "design §3 due work"},
	PointGatewayCall:           {"a workload calls an API of an application through the gateway", "pairing-protocols §5.1, §5.2"},
	PointGatewayToken:          {"the gateway fetches an OAuth token for a target", "pairing-protocols §5.2"},
	PointGatewayCSRF:           {"the gateway fetches a CSRF token for a target", "pairing-protocols §5.2"},
	PointEventDeliver:          {"an event is sent to a subscriber", "sap-domain §15.5"},
	PointSubscriptionCreate:    {"an operator lets a Kyma runtime listen to events of an application", "sap-domain §15.5"},
	PointSubscriptionDelete:    {"an operator ends a subscription", "sap-domain §15.5"},
	PointSubscriptionList:      {"an operator lists the subscriptions of a Kyma runtime", "sap-domain §15.5"},
	PointDeliveryList:          {"an operator lists the events that are on their way to subscribers, or were not delivered", "pairsim"},
	PointDestinationPut:        {"somebody makes or changes a destination", "sap-domain §14.2"},
	PointDestinationDelete:     {"somebody deletes a destination", "sap-domain §14.2"},
	PointDestinationList:       {"somebody lists destinations", "service-apis §2"},
	PointDestinationShow:       {"somebody looks at a destination as it is configured", "service-apis §2"},
	PointDestinationFind:       {"an application looks a destination up, with what it takes to call the target", "sap-domain §14.4, service-apis §2"},
	PointDestinationToken:      {"the destination service fetches a token for the target", "service-apis §2"},
	PointCertificateFile:       {"somebody reads or changes the certificate files of destinations", "service-apis §2"},
	PointTrust:                 {"somebody downloads the trust certificate of a subaccount", "553a4c6.md"},
	PointArrangementCreate:     {"the registry has a tenant make a communication arrangement", "SEED-004, 553a4c6.md"},
	PointArrangementDelete:     {"the registry has a tenant delete a communication arrangement", "d866cf6.md"},
	PointUserCreate:            {"a user of a subaccount's identity provider is created on the control listener", "service-apis §1"},
	PointUserDelete:            {"a user of a subaccount's identity provider is deleted on the control listener", "pairsim"},
	PointBusShow:               {"an operator looks at a subaccount's event bus", "sap-domain §13"},
	PointMessageList:           {"an operator lists what is in a queue", "pairsim"},
	PointQueueList:             {"a client of an event bus lists its queues", "service-apis §6"},
	PointQueueShow:             {"a client of an event bus looks at a queue or its subscriptions", "service-apis §6"},
	PointQueuePut:              {"a client of an event bus makes or changes a queue", "service-apis §6, e54e609.md"},
	PointQueueDelete:           {"a client of an event bus deletes a queue", "service-apis §6"},
	PointQueueSubscribe:        {"a client of an event bus subscribes a queue to topics", "service-apis §6, e54e609.md"},
	PointQueueUnsubscribe:      {"a client of an event bus ends a queue's subscription to topics", "service-apis §6"},
	PointMessagePublish:        {"a client of an event bus sends a message to a topic or a queue", "service-apis §6"},
	PointMessageConsume:        {"a client of an event bus consumes a message", "service-apis §6"},
	PointMessageAcknowledge:    {"a client of an event bus acknowledges a message", "service-apis §6"},
	PointMessageExpiry:         {"a message that nobody acknowledged expires", "service-apis §6"},
	PointWebhookList:           {"a client of an event bus lists its push subscriptions", "service-apis §6"},
	PointWebhookShow:           {"a client of an event bus looks at a push subscription", "service-apis §6"},
	PointWebhookCreate:         {"a client of an event bus has messages pushed to a webhook", "service-apis §6"},
	PointWebhookDelete:         {"a client of an event bus ends a push subscription", "service-apis §6"},
	PointWebhookState:          {"a client of an event bus pauses a push subscription, or lets it go on", "service-apis §6"},
	PointWebhookHandshake:      {"a client of an event bus has a webhook asked again", "service-apis §6"},
	PointWebhookGreet:          {"a webhook is asked whether it wants messages", "service-apis §6"},
	PointWebhookPush:           {"a message is pushed to a webhook", "service-apis §6"},
	PointRestore:               {"a snapshot takes the place of everything that the environment holds", "design §6"},
	PointReset:                 {"the environment is made as its seed declares it", "design §6"},
	PointOfferingList:          {"an operator or a platform lists the services of a subaccount", "65ad330.md"},
	PointInstanceCreate:        {"a service instance is asked for", "d866cf6.md, 32bd423.md"},
	PointInstanceProvision:     {"what a service instance stands for is made, mostly on the tenant", "SEED-004"},
	PointInstanceProvisioned:   {"the creation of a service instance ends", "SEED-004"},
	PointInstanceUndo:          {"what a failed creation left is taken away again", "pairsim"},
	PointInstanceShow:          {"somebody looks at a service instance", "d866cf6.md"},
	PointInstanceList:          {"somebody lists service instances", "d866cf6.md"},
	PointInstanceUpdate:        {"a service instance is asked to change", "d866cf6.md"},
	PointInstanceDelete:        {"the deletion of a service instance is asked for", "d866cf6.md"},
	PointInstanceDeprovision:   {"what a service instance stands for is taken away, mostly on the tenant", "SEED-004"},
	PointInstanceDeprovisioned: {"the deletion of a service instance ends", "SEED-004"},
	PointBindingCreate:         {"an application is bound to a service instance", "d866cf6.md"},
	PointBindingShow:           {"somebody reads the credentials of a service binding", "d866cf6.md"},
	PointBindingList:           {"somebody lists the bindings of a service instance", "d866cf6.md"},
	PointBindingDelete:         {"a service binding is deleted", "d866cf6.md"},
	PointRuntimeShow:           {"an operator looks at a Kyma runtime as a whole", "sap-domain §15.2"},
	PointRuntimeSync:           {"a runtime agent synchronises its Kyma runtime", "sap-domain §15.2"},
	PointDeliveryRetry:         {"an operator lets an event that was given up be sent anew", "pairsim"},
	PointRuntimeEvents:         {"an operator lists the types of events of a Kyma runtime's applications", "sap-domain §9.4"},
	PointRuntimeManifests:      {"an operator reads an application as Kyma keeps it", "sap-domain §15.3"},
}
