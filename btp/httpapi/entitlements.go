package httpapi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// entitlement is an entitlement configuration.
type entitlement struct {
	ID            btp.EntitlementID   `json:"id"`
	GlobalAccount btp.GlobalAccountID `json:"globalAccount"`
	Subaccount    btp.SubaccountID    `json:"subaccount"`
	System        *systemName         `json:"system,omitempty"`
	Service       string              `json:"service"`
	Plan          string              `json:"plan"`
	Quota         int                 `json:"quota,omitempty"`
	Used          int                 `json:"used"`
	CreatedAt     time.Time           `json:"createdAt"`
}

func entitlementOf(v btp.EntitlementView) entitlement {
	e := entitlement{v.ID, v.GlobalAccount, v.Subaccount, nil, v.Service, v.Plan, v.Quota, v.Used, v.CreatedAt.UTC()}
	if v.System != "" {
		of := systemNameOf(v.Of)
		e.System = &of
	}
	return e
}

func subaccountID(c *gin.Context) btp.SubaccountID { return btp.SubaccountID(c.Param("id")) }

func (s *server) assignEntitlement(c *gin.Context) error {
	var req struct {
		System  btp.SystemID `json:"system"`
		Service string       `json:"service"`
		Plan    string       `json:"plan"`
		Quota   *int         `json:"quota"`
	}
	key, err := readCreation(c, &req)
	if err != nil {
		return err
	}
	n := btp.NewEntitlement{System: req.System, Service: req.Service, Plan: req.Plan}
	if req.Quota != nil {
		if n.Quota = *req.Quota; n.Quota < 1 || n.Quota > btp.MaxQuota {
			return btp.Errorf(btp.InvalidRequest, "quota: 1 to %d instances; without one there is no limit", btp.MaxQuota)
		}
	}
	v, err := s.Registry.AssignEntitlement(c.Request.Context(), subaccountID(c), n, key)
	if err != nil {
		return err
	}
	return Respond(c, http.StatusCreated, entitlementOf(v))
}

func (s *server) listEntitlements(c *gin.Context) error {
	q, err := ReadQuery(c, "system", "plan", "limit", "cursor")
	if err != nil {
		return err
	}
	f := btp.EntitlementFilter{Subaccount: subaccountID(c), System: btp.SystemID(q.Text("system")), Plan: q.Text("plan")}
	if err := checkPlan(f.Plan); err != nil {
		return err
	}
	p, err := q.Page("entitlements", string(f.Subaccount), string(f.System), f.Plan)
	if err != nil {
		return err
	}
	f.After, f.Limit = p.After, p.Limit
	page, more, err := s.Registry.SubaccountEntitlements(c.Request.Context(), f)
	if err != nil {
		return err
	}
	sequence := func(v btp.EntitlementView) uint64 { return v.Sequence }
	return Respond(c, http.StatusOK, PageOf(page, more, p, sequence, entitlementOf))
}

// checkPlan refuses a filter that nothing can match; "" is no filter.
func checkPlan(plan string) error {
	if plans := btp.EntitledPlans(); plan != "" && !slices.Contains(plans, plan) {
		return btp.Errorf(btp.PlanUnknown, "there is no plan %.60q; plans are %s", plan, strings.Join(plans, ", "))
	}
	return nil
}

func (s *server) removeEntitlement(c *gin.Context) error {
	if err := ReadNothing(c); err != nil {
		return err
	}
	if err := s.Registry.RemoveEntitlement(c.Request.Context(), subaccountID(c), btp.EntitlementID(c.Param("entitlement"))); err != nil {
		return err
	}
	return NoContent(c)
}

// removeEntitlementOf finds the entitlement by what makes it unique in its
// subaccount: system and plan, or the plan alone of a service that is for no system.
func (s *server) removeEntitlementOf(c *gin.Context) error {
	q, err := ReadQuery(c, "system", "plan")
	if err != nil {
		return err
	}
	if err := DecodeOptionalBody(c, &struct{}{}); err != nil {
		return err
	}
	f := btp.EntitlementFilter{Subaccount: subaccountID(c), System: btp.SystemID(q.Text("system")), Plan: q.Text("plan"), Limit: 1}
	if f.Plan == "" || f.System == "" && slices.Contains(btp.ExtensibilityPlans, f.Plan) {
		return btp.Errorf(btp.InvalidRequest, "an entitlement is named by both query parameters, system and plan, or by its id in the path")
	}
	if err := checkPlan(f.Plan); err != nil {
		return err
	}
	found, _, err := s.Registry.SubaccountEntitlements(c.Request.Context(), f)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return btp.Errorf(btp.EntitlementNotFound, "subaccount %s has no plan %s for system %.60q", f.Subaccount, f.Plan, f.System)
	}
	if err := s.Registry.RemoveEntitlement(c.Request.Context(), f.Subaccount, found[0].ID); err != nil {
		return err
	}
	return NoContent(c)
}

// servicePlans is a service that can be entitled.
type servicePlans struct {
	Service     string       `json:"service"`
	DisplayName string       `json:"displayName"`
	Plans       []string     `json:"plans"`
	Systems     []systemName `json:"systems"`
}

func (s *server) listServicePlans(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	all, err := s.Registry.ServicePlans(c.Request.Context(), subaccountID(c))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, ListOf(all, func(o btp.ServiceOffering) servicePlans {
		return servicePlans{o.Name, o.DisplayName, o.Plans, ListOf(o.Systems, systemNameOf).Items}
	}))
}
