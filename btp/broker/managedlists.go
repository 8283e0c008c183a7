package broker

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp/services"
)

// listed is an object with what a query needs of it; position orders the list.
type listed struct {
	object   any
	labels   map[string][]string
	position uint64
}

// respondList answers with the page of a list that the query asks for. fields are those
// that can be asked for.
func respondList(c *gin.Context, all []listed, fields []string) error {
	byField, err := parseQuery(c.Query("fieldQuery"))
	if err != nil {
		return err
	}
	byLabel, err := parseQuery(c.Query("labelQuery"))
	if err != nil {
		return err
	}
	for _, one := range byField { // a field that is none is refused even where nothing is listed
		if !slices.Contains(fields, one.field) {
			_, err := (item{}).meets(byField, fields)
			return err
		}
	}
	most, after, err := paging(c)
	if err != nil {
		return err
	}
	var found []listed
	for _, one := range all {
		i, err := itemOf(one.object, one.labels)
		if err != nil {
			return err
		}
		ok, err := i.meets(byField, fields)
		if err != nil {
			return err
		}
		if ok && i.labelled(byLabel) {
			found = append(found, one)
		}
	}
	answer := gin.H{"num_items": len(found)}
	page := []any{}
	for _, one := range found {
		if one.position <= after {
			continue
		}
		if len(page) == most {
			answer["token"] = base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatUint(after, 10)))
			break
		}
		page = append(page, one.object)
		after = one.position
	}
	if most == 0 {
		delete(answer, "token")
	}
	answer["items"] = page
	c.JSON(http.StatusOK, answer)
	return nil
}

func paging(c *gin.Context) (most int, after uint64, err error) {
	most = defaultItems
	if text := c.Query("max_items"); text != "" {
		if most, err = strconv.Atoi(text); err != nil || most < 0 {
			return 0, 0, badRequest("max_items: %.20q is no number of items", text)
		}
		most = min(most, mostItems)
	}
	if text := c.Query("token"); text != "" {
		plain, err := base64.RawURLEncoding.DecodeString(text)
		if err == nil {
			after, err = strconv.ParseUint(string(plain), 10, 64)
		}
		if err != nil {
			return 0, 0, badRequest("token: it is none that a page came with")
		}
	}
	return most, after, nil
}

func (s *server) listOfferings(c *gin.Context, z zone) error {
	var all []listed
	for n, o := range z.offered {
		all = append(all, listed{managedOfferingOf(o), z.labels(nil), uint64(n) + 1})
	}
	return respondList(c, all, []string{
		"id", "ready", "name", "description", "bindable", "instances_retrievable", "bindings_retrievable", "plan_updateable", "allow_context_updates",
		"broker_id", "catalog_id", "catalog_name", "data_center", "created_at", "updated_at",
	})
}

func (s *server) showOffering(c *gin.Context, z zone) error {
	for _, o := range z.offered {
		if o.ID == c.Param("id") {
			c.JSON(http.StatusOK, managedOfferingOf(o))
			return nil
		}
	}
	return notFound("/v1/service_offerings")
}

func (s *server) listPlans(c *gin.Context, z zone) error {
	var all []listed
	for n, p := range managedPlansOf(z.offered) {
		all = append(all, listed{p, z.labels(nil), uint64(n) + 1})
	}
	return respondList(c, all, []string{
		"id", "ready", "name", "description", "catalog_id", "catalog_name", "free", "bindable", "plan_updateable", "service_offering_id", "created_at", "updated_at",
	})
}

func (s *server) showPlan(c *gin.Context, z zone) error {
	for _, p := range managedPlansOf(z.offered) {
		if p.ID == c.Param("id") {
			c.JSON(http.StatusOK, p)
			return nil
		}
	}
	return notFound("/v1/service_plans")
}

func (s *server) listInstances(c *gin.Context, z zone) error {
	page, _, err := s.Services.Instances(c.Request.Context(), services.InstanceFilter{Subaccount: z.sub.ID})
	if err != nil {
		return err
	}
	var all []listed
	for _, v := range page {
		one := z.instanceOf(v.Instance)
		all = append(all, listed{one, one.Labels, v.Sequence})
	}
	return respondList(c, all, []string{"id", "ready", "usable", "name", "service_plan_id", "platform_id", "subaccount_id", "shared", "created_at", "updated_at"})
}

func (s *server) listBindings(c *gin.Context, z zone) error {
	list, err := s.Services.SubaccountBindings(c.Request.Context(), z.sub.ID)
	if err != nil {
		return err
	}
	var all []listed
	for _, b := range list {
		one := s.managedBindingOf(c.Request, &z, b)
		all = append(all, listed{one, one.Labels, b.Sequence})
	}
	return respondList(c, all, []string{"id", "ready", "name", "service_instance_id", "subaccount_id", "created_at", "updated_at"})
}
