package btp

import (
	"slices"
	"strings"
	"time"
)

// EntitlementID names an entitlement configuration.
type EntitlementID string

// Service offerings are entitled per registered system and plan.
const (
	// ExtensibilityService is the technical name of SAP S/4HANA Cloud Extensibility.
	ExtensibilityService            = "s4-hana-cloud"
	ExtensibilityServiceDisplayName = "SAP S/4HANA Cloud Extensibility"
)

// ExtensibilityPlans are its plans (925c00a.md, a735641.md).
var ExtensibilityPlans = []string{"api-access", "messaging"}

// Entitlement is an entitlement configuration: a (registered system, plan) pair
// given to a subaccount (65ad330.md). It is one of the two things that block
// deregistering (SEED-000).
type Entitlement struct {
	ID            EntitlementID
	GlobalAccount GlobalAccountID
	Subaccount    SubaccountID
	System        SystemID
	// Service is the technical name of the service, Plan one of its plans.
	Service, Plan string
	// Sequence orders entitlements by creation.
	Sequence  uint64
	CreatedAt time.Time
}

// EntitlementFilter selects entitlements; empty fields select all.
type EntitlementFilter struct {
	GlobalAccount GlobalAccountID
	Subaccount    SubaccountID
	System        SystemID
	Plan          string
	// After is the Sequence behind which the page starts, Limit its length; 0: no limit.
	After uint64
	Limit int
}

func checkPlan(service, plan string) error {
	if service != ExtensibilityService && service != ExtensibilityServiceDisplayName {
		return Errorf(PlanUnknown, "there is no service %q; the service is %s (%s)", clip(service), ExtensibilityService, ExtensibilityServiceDisplayName)
	}
	if !slices.Contains(ExtensibilityPlans, plan) {
		return Errorf(PlanUnknown, "service %s has no plan %q; plans are %s", ExtensibilityService, clip(plan), strings.Join(ExtensibilityPlans, ", "))
	}
	return nil
}
