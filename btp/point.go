package btp

// Point names a step of a flow. Everything that a user or tenant sets going runs
// through Registry.step at its point, is journalled there, and will take faults there.
type Point string

// The points of all flows.
const (
	PointRegister          Point = "system.register"
	PointTokenIssue        Point = "token.issue"
	PointTokenShow         Point = "token.show"
	PointKeyRotation       Point = "token.rotate-key"
	PointInfo              Point = "pairing.info"
	PointCSR               Point = "pairing.csr"
	PointFirstCall         Point = "pairing.first-call"
	PointDescriptor        Point = "pairing.descriptor"
	PointFailureReport     Point = "pairing.failure-report"
	PointManagementInfo    Point = "certificate.management-info"
	PointRenewal           Point = "certificate.renew"
	PointRevocation        Point = "certificate.revoke"
	PointAuthentication    Point = "certificate.authenticate"
	PointServiceList       Point = "services.list"
	PointServiceCreate     Point = "services.create"
	PointServiceGet        Point = "services.get"
	PointServiceUpdate     Point = "services.update"
	PointServiceDelete     Point = "services.delete"
	PointEventLegacy       Point = "events.legacy"
	PointEventCloudEvent   Point = "events.cloudevent"
	PointSubscribed        Point = "events.subscribed"
	PointClock             Point = "clock.change"
	PointTokenExpiry       Point = "due.token-expiry"
	PointAttemptDeadline   Point = "due.attempt-deadline"
	PointCertExpiry        Point = "due.certificate-expiry"
	PointKeyRetirement     Point = "due.key-retirement"
	PointDeregister        Point = "system.deregister"
	PointDeregisterTell    Point = "deregistration.tell-tenant"
	PointDeregisterDone    Point = "deregistration.complete"
	PointRemove            Point = "system.remove"
	PointRemoveDone        Point = "removal.complete"
	PointExtensionDeleted  Point = "tenant.extension-deleted"
	PointFormationCreate   Point = "formation.create"
	PointFormationChange   Point = "formation.change"
	PointFormationInclude  Point = "formation.include"
	PointFormationExclude  Point = "formation.exclude"
	PointFormationFinalize Point = "formation.finalize"
	PointFormationResync   Point = "formation.resynchronize"
	PointFormationSync     Point = "formation.synchronize"
	PointFormationReport   Point = "formation.report"
	PointFormationDelete   Point = "formation.delete"
	PointFormationDeleted  Point = "formation.deletion"
	PointEntitlementAssign Point = "entitlement.assign"
	PointEntitlementRemove Point = "entitlement.remove"
	PointIncidentOpen      Point = "incident.open"
	PointIncidentResolve   Point = "incident.resolve"
	PointSubaccountChange  Point = "subaccount.change"
	PointReplayExpiry      Point = "due.replay-expiry"
	PointIncidentExpiry    Point = "due.incident-expiry"
	PointOAuthClientCreate Point = "oauth-client.create"
	PointOAuthClientDelete Point = "oauth-client.delete"
	PointAccessToken       Point = "access-token.issue"
	PointAccess            Point = "access.admit"
	PointGatewayCall       Point = "gateway.call"
	PointGatewayToken      Point = "gateway.token"
	PointGatewayCSRF       Point = "gateway.csrf"
)

// Points says what happens at every point.
var Points = map[Point]string{
	PointRegister:          "an operator registers a system",
	PointTokenIssue:        "an operator asks for a new token",
	PointTokenShow:         "an operator looks at the present token",
	PointKeyRotation:       "an operator rotates the key that signs tokens",
	PointInfo:              "a tenant presents the token and gets URLs, a subject and the follow-up token",
	PointCSR:               "a tenant sends its certificate request with the follow-up token",
	PointFirstCall:         "a tenant makes its first call with the new certificate",
	PointDescriptor:        "a tenant sends its descriptor",
	PointFailureReport:     "a tenant gives up a pairing",
	PointManagementInfo:    "a tenant reads its URLs over mTLS",
	PointRenewal:           "a tenant renews its certificate",
	PointRevocation:        "a tenant revokes its certificate",
	PointAuthentication:    "the registry recognises a caller by its certificate",
	PointServiceList:       "a tenant lists the services it registered",
	PointServiceCreate:     "a tenant registers a service",
	PointServiceGet:        "a tenant reads a service",
	PointServiceUpdate:     "a tenant replaces a service",
	PointServiceDelete:     "a tenant deletes a service",
	PointEventLegacy:       "a tenant publishes an event in the legacy form",
	PointEventCloudEvent:   "a tenant publishes a CloudEvent",
	PointSubscribed:        "a tenant asks which events somebody listens to",
	PointClock:             "the clock is moved",
	PointTokenExpiry:       "a token's validity ends",
	PointAttemptDeadline:   "an open pairing attempt is given up",
	PointCertExpiry:        "a client certificate's validity ends",
	PointKeyRetirement:     "a rotated key's last token has expired",
	PointDeregister:        "an operator deregisters a system",
	PointDeregisterTell:    "the registry tells a tenant that its system is deregistered",
	PointDeregisterDone:    "a deregistration ends: certificates are revoked, the runtime is left",
	PointRemove:            "an operator removes a system",
	PointRemoveDone:        "a removal ends: the record is deleted",
	PointExtensionDeleted:  "a tenant says that it deleted its side of the pairing",
	PointFormationCreate:   "an operator creates a formation",
	PointFormationChange:   "an operator changes a formation's subaccount",
	PointFormationInclude:  "an operator includes a system in a formation",
	PointFormationExclude:  "an operator excludes a system from a formation",
	PointFormationFinalize: "an operator finalizes a draft formation",
	PointFormationResync:   "an operator resynchronizes a formation, with or without reset",
	PointFormationSync:     "the assignments of a formation are synchronized",
	PointFormationReport:   "a participant reports the state of an assignment",
	PointFormationDelete:   "an operator deletes a formation",
	PointFormationDeleted:  "a formation's deletion is carried out",
	PointEntitlementAssign: "an operator gives a subaccount an entitlement configuration",
	PointEntitlementRemove: "an operator removes an entitlement configuration",
	PointIncidentOpen:      "an error status opens an incident",
	PointIncidentResolve:   "support resolves an incident",
	PointSubaccountChange:  "an operator changes a subaccount",
	PointReplayExpiry:      "an Idempotency-Key is forgotten",
	PointIncidentExpiry:    "a resolved incident is forgotten",
	PointOAuthClientCreate: "a client of the token service is created on the control listener",
	PointOAuthClientDelete: "a client of the token service is deleted on the control listener",
	PointAccessToken:       "a client asks the token service for an access token",
	PointAccess:            "the registry asks for the role that a call needs (--auth)",
	PointGatewayCall:       "a workload calls an API of an application through the gateway",
	PointGatewayToken:      "the gateway fetches an OAuth token for a target",
	PointGatewayCSRF:       "the gateway fetches a CSRF token for a target",
}
