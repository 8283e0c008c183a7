package broker

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/services"
)

func (s *server) managed(ctx context.Context, z *zone, id string) (services.InstanceView, error) {
	v, err := s.Services.Instance(ctx, id)
	if btp.CodeOf(err) == btp.ServiceInstanceNotFound || err == nil && v.Subaccount != z.sub.ID {
		err = notFound(instancesPath)
	}
	return v, err
}

func (s *server) showInstance(c *gin.Context, z zone) error {
	v, err := s.managed(c.Request.Context(), &z, c.Param("id"))
	if err == nil {
		c.JSON(http.StatusOK, z.instanceOf(v.Instance))
	}
	return err
}

func (s *server) showInstanceParameters(c *gin.Context, z zone) error {
	v, err := s.managed(c.Request.Context(), &z, c.Param("id"))
	if err == nil {
		c.Data(http.StatusOK, "application/json", v.Parameters)
	}
	return err
}

func (s *server) showInstanceOperation(c *gin.Context, z zone) error {
	v, err := s.managed(c.Request.Context(), &z, c.Param("id"))
	switch {
	case err != nil:
		return err
	case v.Operation.ID != c.Param("op"):
		return notFound("/v1/operations")
	}
	c.JSON(http.StatusOK, managedOperationOf(v.Instance))
	return nil
}

// asked says what a caller wants of an operation: nil lets the server decide.
func asked(c *gin.Context) (asynchronous *bool, err error) {
	text, there := c.GetQuery("async")
	if !there || text == "" {
		return nil, nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return nil, badRequest("async: %.20q is neither true nor false", text)
	}
	return &value, nil
}

// goesOn answers 202; the Location is a path that begins where the API does.
func goesOn(c *gin.Context, of, id, operation string) error {
	c.Header("Location", of+"/"+id+"/operations/"+operation)
	c.Status(http.StatusAccepted)
	c.Writer.WriteHeaderNow()
	return nil
}

// planNamed finds a plan by its id, or by the names of offering and plan.
func (z *zone) planNamed(id, offering, plan string) (string, string, error) {
	for _, o := range z.offered {
		for _, p := range o.Plans {
			if id != "" && p.ID == id || id == "" && o.Name == offering && p.Name == plan {
				return o.Name, p.Name, nil
			}
		}
	}
	if id == "" {
		return "", "", badRequest("service_plan_id is needed, or service_offering_name and service_plan_name of a plan that the subaccount has")
	}
	return "", "", notFound("/v1/service_plans")
}

// managedPlace is where an instance is used: the SAP BTP service operator labels what it
// creates with its namespace.
func managedPlace(labels map[string][]string) services.Place {
	if names := labels["_namespace"]; len(names) == 1 {
		return services.Place{Environment: btp.Kyma, Space: names[0]}
	}
	return services.Place{}
}

func (s *server) createInstance(c *gin.Context, z zone) error {
	var p struct {
		Name       string              `json:"name"`
		PlanID     string              `json:"service_plan_id"`
		Offering   string              `json:"service_offering_name"`
		Plan       string              `json:"service_plan_name"`
		Parameters json.RawMessage     `json:"parameters"`
		Labels     map[string][]string `json:"labels"`
		Context    json.RawMessage     `json:"context"`
	}
	if err := readJSON(c, &p, true); err != nil {
		return err
	}
	async, err := asked(c)
	if err != nil {
		return err
	}
	if p.Name == "" {
		return badRequest("name is needed")
	}
	offering, plan, err := z.planNamed(p.PlanID, p.Offering, p.Plan)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	made, err := s.Services.CreateInstance(ctx, z.sub.ID, services.NewInstance{
		Name: p.Name, Offering: offering, Plan: plan, Place: managedPlace(p.Labels), Parameters: p.Parameters, Labels: p.Labels, Context: p.Context,
	}, "")
	switch {
	case err != nil:
		return err
	case async != nil && *async || made.Operation.State == services.InProgress:
		return goesOn(c, instancesPath, made.ID, made.Operation.ID)
	case made.Usable():
		c.JSON(http.StatusCreated, z.instanceOf(made.Instance))
		return nil
	}
	// Who has waited for the answer knows no id: nothing stays behind.
	if _, err := s.Services.DeleteInstance(ctx, made.ID); err != nil {
		s.Log.WarnContext(ctx, "a failed instance stays", "instance", made.ID, "error", err)
	}
	return failureOf(made.Instance)
}

func (s *server) changeInstance(c *gin.Context, z zone) error {
	var p struct {
		Name       *string         `json:"name"`
		PlanID     *string         `json:"service_plan_id"`
		Parameters json.RawMessage `json:"parameters"`
		Shared     *bool           `json:"shared"`
		Labels     []struct {
			Op     string   `json:"op"`
			Key    string   `json:"key"`
			Values []string `json:"values"`
		} `json:"labels"`
	}
	if err := readJSON(c, &p, true); err != nil {
		return err
	}
	if _, err := asked(c); err != nil {
		return err
	}
	ctx := c.Request.Context()
	v, err := s.managed(ctx, &z, c.Param("id"))
	if err != nil {
		return err
	}
	_, plan, _ := idsOf(z.offered, v.Instance)
	if p.Name != nil && *p.Name != v.Name || p.PlanID != nil && *p.PlanID != plan || len(p.Parameters) > 0 && string(p.Parameters) != "null" ||
		p.Shared != nil && *p.Shared {
		return s.Services.UpdateInstance(ctx, v.ID)
	}
	var changes []services.LabelChange
	for _, l := range p.Labels {
		if l.Op != "add" && l.Op != "remove" || l.Key == "" || l.Key == "subaccount_id" {
			return badRequest("labels: op is add or remove, and key names a label other than subaccount_id")
		}
		changes = append(changes, services.LabelChange{Remove: l.Op == "remove", Key: l.Key, Values: l.Values})
	}
	if v, err = s.Services.Relabel(ctx, v.ID, changes); err == nil {
		c.JSON(http.StatusOK, z.instanceOf(v.Instance))
	}
	return err
}

func (s *server) deleteInstance(c *gin.Context, z zone) error {
	async, err := asked(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	v, err := s.managed(ctx, &z, c.Param("id"))
	if err != nil {
		return err
	}
	over, err := s.Services.DeleteInstance(ctx, v.ID)
	switch {
	case err != nil:
		return err
	case async != nil && *async || over.Operation.State == services.InProgress:
		return goesOn(c, instancesPath, v.ID, over.Operation.ID)
	case over.Gone():
		c.JSON(http.StatusOK, gin.H{})
		return nil
	}
	return failureOf(over.Instance)
}
