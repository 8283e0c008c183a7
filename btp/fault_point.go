package btp

import (
	"slices"
	"strings"
)

// Meeting says who comes to a point, which decides what can go wrong there.
type Meeting string

// The meetings.
const (
	MetByTenant   Meeting = "tenant"   // a request of a tenant
	MetByOperator Meeting = "operator" // a request of an operator
	MetByAnybody  Meeting = "anybody"  // a request of either
	MetByWorkload Meeting = "workload" // a request of a program in a Kyma runtime
	MetInCall     Meeting = "call"     // a call of the registry to a tenant
	MetByDueWork  Meeting = "due"      // due work that no request waits for
)

// FaultKind is what a fault does.
type FaultKind string

// The kinds of faults.
const (
	FaultFail      FaultKind = "fail"      // the step is refused, or another answer is given; the work is not done
	FaultDelay     FaultKind = "delay"     // the step waits, in virtual or real time
	FaultHold      FaultKind = "hold"      // the step waits until it is released
	FaultDrop      FaultKind = "drop"      // the connection is closed without an answer
	FaultTruncate  FaultKind = "truncate"  // the answer breaks off
	FaultCorrupt   FaultKind = "corrupt"   // a part of the answer is garbled
	FaultDuplicate FaultKind = "duplicate" // the request is carried out twice
)

// FaultKinds are all kinds.
var FaultKinds = []FaultKind{FaultFail, FaultDelay, FaultHold, FaultDrop, FaultTruncate, FaultCorrupt, FaultDuplicate}

// Corruption is the part of an answer that is garbled.
type Corruption string

// The corruptions.
const (
	CorruptTokenSignature Corruption = "tokenSignature" // the signature of every compact JWS
	CorruptCertificate    Corruption = "certificate"    // the client's certificate is none any more
	CorruptJSON           Corruption = "json"           // the document does not end
)

// Corruptions are all corruptions.
var Corruptions = []Corruption{CorruptTokenSignature, CorruptCertificate, CorruptJSON}

// FaultPoint is a point where something can be made to go wrong.
type FaultPoint struct {
	Point Point
	// Flow is what it belongs to, in the words of the documents.
	Flow string
	Met  Meeting
	// About is what a rule can be meant for there: a system, a formation, both or
	// neither. Where a system is known its type and its tenant are, too.
	About []ObjectKind
	// Carries are the parts of the answer, or of the call, that can be garbled.
	Carries []Corruption
	// Final: a failure for good ends the open pairing here (design §4 pairing attempt).
	Final bool
}

// Actions are the kinds of faults that make sense at p: due work has no answer.
func (p FaultPoint) Actions() []FaultKind {
	if p.Met == MetByDueWork {
		return []FaultKind{FaultFail, FaultDelay, FaultHold}
	}
	if len(p.Carries) == 0 { // it answers without a body
		return []FaultKind{FaultFail, FaultDelay, FaultHold, FaultDrop, FaultDuplicate}
	}
	return FaultKinds
}

// The flows.
const (
	flowRegistration   = "registering a system"
	flowPairing        = "pairing"
	flowCertificate    = "life of a certificate"
	flowServices       = "services and events"
	flowDeregistration = "deregistering"
	flowRemoval        = "removing"
	flowFormation      = "formations"
	flowEntitlement    = "entitlements"
	flowInstances      = "service instances"
	flowLandscape      = "accounts and incidents"
	flowAccess         = "access (--auth)"
	flowGateway        = "application gateway"
	flowDestination    = "destinations"
	flowArrangement    = "communication arrangements"
	flowEventBus       = "event bus"
)

var (
	aSystem    = []ObjectKind{KindSystem}
	aFormation = []ObjectKind{KindFormation}
	document   = []Corruption{CorruptJSON}
	withToken  = []Corruption{CorruptTokenSignature, CorruptJSON}
	withChain  = []Corruption{CorruptCertificate, CorruptJSON}
)

// FaultPoints are the points where something can be made to go wrong, in the
// order of the flows. PointsWithoutFaults are the others.
var FaultPoints = []FaultPoint{
	{Point: PointRegister, Flow: flowRegistration, Met: MetByOperator, Carries: withToken},
	{Point: PointTokenIssue, Flow: flowRegistration, Met: MetByOperator, About: aSystem, Carries: withToken},
	{Point: PointTokenShow, Flow: flowRegistration, Met: MetByOperator, About: aSystem, Carries: withToken},
	{Point: PointTokenInspect, Flow: flowRegistration, Met: MetByOperator, About: aSystem, Carries: document},
	{Point: PointTokenKeys, Flow: flowRegistration, Met: MetByAnybody, Carries: document},
	{Point: PointSystemShow, Flow: flowRegistration, Met: MetByOperator, About: aSystem, Carries: document},
	{Point: PointSystemList, Flow: flowRegistration, Met: MetByOperator, Carries: document},
	{Point: PointSystemTypeCreate, Flow: flowRegistration, Met: MetByOperator, Carries: document},
	{Point: PointSystemTypeList, Flow: flowRegistration, Met: MetByOperator, Carries: document},

	{Point: PointInfo, Flow: flowPairing, Met: MetByTenant, About: aSystem, Carries: document},
	{Point: PointCSR, Flow: flowPairing, Met: MetByTenant, About: aSystem, Carries: withChain, Final: true},
	{Point: PointFirstCall, Flow: flowPairing, Met: MetByTenant, About: aSystem, Carries: document, Final: true},
	{Point: PointDescriptor, Flow: flowPairing, Met: MetByTenant, About: aSystem, Final: true},
	{Point: PointFailureReport, Flow: flowPairing, Met: MetByTenant, About: aSystem},

	{Point: PointAuthentication, Flow: flowCertificate, Met: MetByTenant, About: aSystem, Carries: document},
	{Point: PointManagementInfo, Flow: flowCertificate, Met: MetByTenant, About: aSystem, Carries: document},
	{Point: PointRenewal, Flow: flowCertificate, Met: MetByTenant, About: aSystem, Carries: withChain},
	{Point: PointRevocation, Flow: flowCertificate, Met: MetByTenant, About: aSystem},
	{Point: PointTenantWake, Flow: flowCertificate, Met: MetByDueWork, About: aSystem},

	{Point: PointServiceCreate, Flow: flowServices, Met: MetByTenant, About: aSystem, Carries: document, Final: true},
	{Point: PointServiceList, Flow: flowServices, Met: MetByTenant, About: aSystem, Carries: document},
	{Point: PointServiceGet, Flow: flowServices, Met: MetByTenant, About: aSystem, Carries: document},
	{Point: PointServiceUpdate, Flow: flowServices, Met: MetByTenant, About: aSystem},
	{Point: PointServiceDelete, Flow: flowServices, Met: MetByTenant, About: aSystem},
	{Point: PointEventLegacy, Flow: flowServices, Met: MetByTenant, About: aSystem, Carries: document},
	{Point: PointEventCloudEvent, Flow: flowServices, Met: MetByTenant, About: aSystem},
	{Point: PointEventDeliver, Flow: flowServices, Met: MetByDueWork, About: aSystem},
	{Point: PointSubscriptionCreate, Flow: flowServices, Met: MetByOperator, Carries: document},
	{Point: PointSubscriptionDelete, Flow: flowServices, Met: MetByOperator},
	{Point: PointSubscriptionList, Flow: flowServices, Met: MetByOperator, Carries: document},
	{Point: PointDeliveryList, Flow: flowServices, Met: MetByOperator, Carries: document},
	{Point: PointDeliveryRetry, Flow: flowServices, Met: MetByOperator, Carries: document},
	{Point: PointSubscribed, Flow: flowServices, Met: MetByTenant, About: aSystem, Carries: document},

	{Point: PointDeregister, Flow: flowDeregistration, Met: MetByOperator, About: aSystem, Carries: document},
	{Point: PointDeregisterTell, Flow: flowDeregistration, Met: MetInCall, About: aSystem, Carries: withToken},
	{Point: PointDeregisterDone, Flow: flowDeregistration, Met: MetByDueWork, About: aSystem},
	{Point: PointExtensionDeleted, Flow: flowDeregistration, Met: MetByTenant, About: aSystem},
	{Point: PointRemove, Flow: flowRemoval, Met: MetByOperator, About: aSystem, Carries: document},
	{Point: PointRemoveDone, Flow: flowRemoval, Met: MetByDueWork, About: aSystem},
	{Point: PointMerge, Flow: flowRemoval, Met: MetByOperator, About: aSystem, Carries: document},

	{Point: PointFormationCreate, Flow: flowFormation, Met: MetByOperator, Carries: document},
	{Point: PointFormationShow, Flow: flowFormation, Met: MetByOperator, About: aFormation, Carries: document},
	{Point: PointFormationList, Flow: flowFormation, Met: MetByOperator, Carries: document},
	{Point: PointFormationChange, Flow: flowFormation, Met: MetByOperator, About: aFormation, Carries: document},
	{Point: PointFormationInclude, Flow: flowFormation, Met: MetByOperator, About: []ObjectKind{KindFormation, KindSystem}, Carries: document},
	{Point: PointFormationExclude, Flow: flowFormation, Met: MetByOperator, About: []ObjectKind{KindFormation, KindSystem}, Carries: document},
	{Point: PointFormationFinalize, Flow: flowFormation, Met: MetByOperator, About: aFormation, Carries: document},
	{Point: PointFormationResync, Flow: flowFormation, Met: MetByOperator, About: aFormation, Carries: document},
	{Point: PointFormationDelete, Flow: flowFormation, Met: MetByOperator, About: aFormation, Carries: document},
	{Point: PointFormationSync, Flow: flowFormation, Met: MetByDueWork, About: aFormation},
	{Point: PointFormationDeleted, Flow: flowFormation, Met: MetByDueWork, About: aFormation},
	{Point: PointRuntimeShow, Flow: flowFormation, Met: MetByOperator, Carries: document},
	{Point: PointRuntimeEvents, Flow: flowFormation, Met: MetByOperator, Carries: document},
	{Point: PointRuntimeManifests, Flow: flowFormation, Met: MetByOperator, Carries: document},
	{Point: PointRuntimeList, Flow: flowFormation, Met: MetByOperator, Carries: document},

	{Point: PointEntitlementAssign, Flow: flowEntitlement, Met: MetByOperator, About: aSystem, Carries: document},
	{Point: PointEntitlementRemove, Flow: flowEntitlement, Met: MetByOperator},
	{Point: PointEntitlementList, Flow: flowEntitlement, Met: MetByOperator, Carries: document},
	{Point: PointEntitlementPlans, Flow: flowEntitlement, Met: MetByOperator, Carries: document},

	{Point: PointOfferingList, Flow: flowInstances, Met: MetByAnybody, Carries: document},
	{Point: PointInstanceCreate, Flow: flowInstances, Met: MetByAnybody, Carries: document},
	{Point: PointInstanceProvision, Flow: flowInstances, Met: MetByDueWork, About: aSystem},
	{Point: PointInstanceProvisioned, Flow: flowInstances, Met: MetByDueWork, About: aSystem},
	{Point: PointInstanceUndo, Flow: flowInstances, Met: MetByDueWork, About: aSystem},
	{Point: PointInstanceShow, Flow: flowInstances, Met: MetByAnybody, Carries: document},
	{Point: PointInstanceList, Flow: flowInstances, Met: MetByAnybody, Carries: document},
	{Point: PointInstanceUpdate, Flow: flowInstances, Met: MetByAnybody, Carries: document},
	{Point: PointInstanceDelete, Flow: flowInstances, Met: MetByAnybody, Carries: document},
	{Point: PointInstanceDeprovision, Flow: flowInstances, Met: MetByDueWork, About: aSystem},
	{Point: PointInstanceDeprovisioned, Flow: flowInstances, Met: MetByDueWork, About: aSystem},
	{Point: PointBindingCreate, Flow: flowInstances, Met: MetByAnybody, Carries: document},
	{Point: PointBindingShow, Flow: flowInstances, Met: MetByAnybody, Carries: document},
	{Point: PointBindingList, Flow: flowInstances, Met: MetByAnybody, Carries: document},
	{Point: PointBindingDelete, Flow: flowInstances, Met: MetByAnybody, Carries: document},

	{Point: PointAccountList, Flow: flowLandscape, Met: MetByOperator, Carries: document},
	{Point: PointAccountShow, Flow: flowLandscape, Met: MetByOperator, Carries: document},
	{Point: PointAccountCreate, Flow: flowLandscape, Met: MetByOperator, Carries: document},
	{Point: PointSubaccountList, Flow: flowLandscape, Met: MetByOperator, Carries: document},
	{Point: PointSubaccountShow, Flow: flowLandscape, Met: MetByOperator, Carries: document},
	{Point: PointSubaccountCreate, Flow: flowLandscape, Met: MetByOperator, Carries: document},
	{Point: PointSubaccountChange, Flow: flowLandscape, Met: MetByOperator, Carries: document},
	{Point: PointIncidentList, Flow: flowLandscape, Met: MetByOperator, Carries: document},
	{Point: PointIncidentShow, Flow: flowLandscape, Met: MetByOperator, Carries: document},

	{Point: PointAccessToken, Flow: flowAccess, Met: MetByAnybody, Carries: withToken},
	{Point: PointAccess, Flow: flowAccess, Met: MetByAnybody, Carries: document},

	{Point: PointBusShow, Flow: flowEventBus, Met: MetByOperator, Carries: document},
	{Point: PointMessageList, Flow: flowEventBus, Met: MetByOperator, Carries: document},
	{Point: PointQueueList, Flow: flowEventBus, Met: MetByWorkload, Carries: document},
	{Point: PointQueueShow, Flow: flowEventBus, Met: MetByWorkload, Carries: document},
	{Point: PointQueuePut, Flow: flowEventBus, Met: MetByWorkload, Carries: document},
	{Point: PointQueueDelete, Flow: flowEventBus, Met: MetByWorkload},
	{Point: PointQueueSubscribe, Flow: flowEventBus, Met: MetByWorkload, Carries: document},
	{Point: PointQueueUnsubscribe, Flow: flowEventBus, Met: MetByWorkload},
	{Point: PointMessagePublish, Flow: flowEventBus, Met: MetByWorkload},
	{Point: PointMessageConsume, Flow: flowEventBus, Met: MetByWorkload, Carries: document},
	{Point: PointMessageAcknowledge, Flow: flowEventBus, Met: MetByWorkload},
	{Point: PointMessageExpiry, Flow: flowEventBus, Met: MetByDueWork},
	{Point: PointWebhookCreate, Flow: flowEventBus, Met: MetByWorkload, Carries: document},
	{Point: PointWebhookList, Flow: flowEventBus, Met: MetByWorkload, Carries: document},
	{Point: PointWebhookShow, Flow: flowEventBus, Met: MetByWorkload, Carries: document},
	{Point: PointWebhookDelete, Flow: flowEventBus, Met: MetByWorkload},
	{Point: PointWebhookState, Flow: flowEventBus, Met: MetByWorkload},
	{Point: PointWebhookHandshake, Flow: flowEventBus, Met: MetByWorkload},
	{Point: PointWebhookGreet, Flow: flowEventBus, Met: MetByDueWork},
	{Point: PointWebhookPush, Flow: flowEventBus, Met: MetByDueWork},

	{Point: PointGatewayCall, Flow: flowGateway, Met: MetByWorkload, About: aSystem, Carries: withToken},
	{Point: PointGatewayToken, Flow: flowGateway, Met: MetByWorkload, About: aSystem, Carries: withToken},
	{Point: PointGatewayCSRF, Flow: flowGateway, Met: MetByWorkload, About: aSystem, Carries: withToken},

	{Point: PointDestinationPut, Flow: flowDestination, Met: MetByAnybody, Carries: document},
	{Point: PointDestinationDelete, Flow: flowDestination, Met: MetByAnybody, Carries: document},
	{Point: PointDestinationList, Flow: flowDestination, Met: MetByAnybody, Carries: document},
	{Point: PointDestinationShow, Flow: flowDestination, Met: MetByAnybody, Carries: document},
	{Point: PointDestinationFind, Flow: flowDestination, Met: MetByAnybody, Carries: withToken},
	{Point: PointDestinationToken, Flow: flowDestination, Met: MetByAnybody, Carries: withToken},
	{Point: PointCertificateFile, Flow: flowDestination, Met: MetByAnybody, Carries: document},
	{Point: PointTrust, Flow: flowDestination, Met: MetByAnybody, Carries: document},

	{Point: PointArrangementCreate, Flow: flowArrangement, Met: MetInCall, About: aSystem, Carries: withToken},
	{Point: PointArrangementDelete, Flow: flowArrangement, Met: MetInCall, About: aSystem, Carries: withToken},
}

// PointsWithoutFaults are the points where no fault makes sense, and why.
var PointsWithoutFaults = map[Point]string{ //nolint:exhaustive // the others stand in FaultPoints; a test finds what stands in neither
	PointKeyRotation:       "the test itself does it, on the control listener",
	PointClock:             "the test itself does it, on the control listener",
	PointFormationReport:   "the test itself does it, on the control listener",
	PointIncidentResolve:   "the test itself does it, on the control listener",
	PointTransitionSet:     "the test itself does it, on the control listener",
	PointHoldRelease:       "the test itself does it, on the control listener",
	PointOAuthClientCreate: "the test itself does it, on the control listener",
	PointOAuthClientDelete: "the test itself does it, on the control listener",
	PointDiscover:          "the test itself does it, on the control listener",
	PointUserCreate:        "the test itself does it, on the control listener",
	PointUserDelete:        "the test itself does it, on the control listener",
	PointRestore:           "the test itself does it, on the control listener",
	PointReset:             "the test itself does it, on the control listener",
	PointControl:           "the test itself does it, on the control listener",
	PointRead:              "what is read has a point of its own, or never changes",
	PointDiscovery:         "it is no step of a flow; token.keys is the one part that can go wrong",
	PointJournalLoss:       "nobody does anything",
	PointRuntimeSync:       "it is a part of the step that changes what the runtime should have",
	PointIncidentOpen:      "it is a part of the step that failed",
	PointTokenExpiry:       "an instant that comes; nobody does anything",
	PointAttemptDeadline:   "an instant that comes; nobody does anything",
	PointCertExpiry:        "an instant that comes; nobody does anything",
	PointKeyRetirement:     "an instant that comes; nobody does anything",
	PointReplayExpiry:      "an instant that comes; nobody does anything",
	PointIncidentExpiry:    "an instant that comes; nobody does anything",
}

// faultPoints finds a point's row.
var faultPoints = func() map[Point]FaultPoint {
	rows := make(map[Point]FaultPoint, len(FaultPoints))
	for _, p := range FaultPoints {
		rows[p.Point] = p
	}
	return rows
}()

// covers says whether a rule's point, exact or a pattern such as "pairing.*" or
// "*", names p.
func (pattern Point) covers(p Point) bool {
	prefix, isPattern := strings.CutSuffix(string(pattern), "*")
	return pattern == p || isPattern && strings.HasPrefix(string(p), prefix)
}

// pointsOf are the fault points that a rule's point names. It refuses with
// InvalidRequest one that names none.
func pointsOf(pattern Point) ([]FaultPoint, error) {
	prefix, isPattern := strings.CutSuffix(string(pattern), "*")
	if isPattern && prefix != "" && !strings.HasSuffix(prefix, ".") || strings.Contains(prefix, "*") {
		return nil, Errorf(InvalidRequest, "point %q is no pattern; one ends with .* after whole words, as pairing.*, or is *", clip(string(pattern)))
	}
	var found []FaultPoint
	for _, p := range FaultPoints {
		if pattern.covers(p.Point) {
			found = append(found, p)
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	if why, known := PointsWithoutFaults[pattern]; known {
		return nil, Errorf(InvalidRequest, "no fault makes sense at %s: %s", pattern, why)
	}
	names := make([]string, len(FaultPoints))
	for i, p := range FaultPoints {
		names[i] = string(p.Point)
	}
	return nil, Errorf(InvalidRequest, "there is no fault point %q; points are %s", clip(string(pattern)), strings.Join(names, ", "))
}

// Matches are the fields of a rule's match that p knows.
func (p FaultPoint) Matches() []string {
	fields := []string{}
	if slices.Contains(p.About, KindSystem) {
		fields = append(fields, "system", "systemType", "tenant")
	} else if p.Point == PointRegister {
		fields = append(fields, "systemType")
	}
	if slices.Contains(p.About, KindFormation) {
		fields = append(fields, "formation")
	}
	return fields
}
