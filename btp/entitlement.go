package btp

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// EntitlementID names an entitlement configuration.
type EntitlementID string

// The services that subaccounts are entitled to.
const (
	// ExtensibilityService is the technical name of SAP S/4HANA Cloud Extensibility.
	ExtensibilityService            = "s4-hana-cloud"
	ExtensibilityServiceDisplayName = "SAP S/4HANA Cloud Extensibility"
	// EventMeshService is the technical name of SAP Event Mesh (b7e88ab.md).
	EventMeshService            = "enterprise-messaging"
	EventMeshServiceDisplayName = "SAP Event Mesh"
)

// ExtensibilityPlans are the plans of SAP S/4HANA Cloud Extensibility (925c00a.md, a735641.md).
var ExtensibilityPlans = []string{"api-access", "messaging"}

// EntitledService is a service whose plans are given to subaccounts.
type EntitledService struct {
	Name, DisplayName string
	// Plans are unique among all services.
	Plans []string
	// PerSystem says that a plan is given for a registered system (65ad330.md).
	PerSystem bool
}

// EntitledServices are all of them.
var EntitledServices = []EntitledService{
	{ExtensibilityService, ExtensibilityServiceDisplayName, ExtensibilityPlans, true},
	{EventMeshService, EventMeshServiceDisplayName, []string{"default"}, false},
}

// EntitledPlans are the plans of all services.
func EntitledPlans() (plans []string) {
	for _, s := range EntitledServices {
		plans = append(plans, s.Plans...)
	}
	return plans
}

// MaxQuota is the largest quota of an entitlement.
const MaxQuota = 10_000

// Entitlement is an entitlement configuration: a (registered system, plan) pair
// given to a subaccount (65ad330.md), or a plan alone where the service is for no
// system. It is one of the two things that block deregistering (SEED-000).
type Entitlement struct {
	ID            EntitlementID
	GlobalAccount GlobalAccountID
	Subaccount    SubaccountID
	// System is "" where the service is for no system.
	System SystemID
	// Service is the technical name of the service, Plan one of its plans.
	Service, Plan string
	// Quota is the most service instances of the plan, for the system; 0 for no limit.
	Quota int
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

// entitledService finds a service by its technical or display name, and holds the plan.
func entitledService(service, plan string) (EntitledService, error) {
	var names []string
	for _, s := range EntitledServices {
		if service != s.Name && service != s.DisplayName {
			names = append(names, fmt.Sprintf("%s (%s)", s.Name, s.DisplayName))
			continue
		}
		if !slices.Contains(s.Plans, plan) {
			return s, Errorf(PlanUnknown, "service %s has no plan %q; plans are %s", s.Name, clip(plan), strings.Join(s.Plans, ", "))
		}
		return s, nil
	}
	return EntitledService{}, Errorf(PlanUnknown, "there is no service %q; services are %s", clip(service), strings.Join(names, ", "))
}

func checkQuota(quota int) error {
	if quota < 0 || quota > MaxQuota {
		return Errorf(InvalidRequest, "quota: 1 to %d instances, or none for no limit", MaxQuota)
	}
	return nil
}
