package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/services"
	"github.com/pairsim/pairsim/internal/publicurl"
)

// Services are the use cases around service instances and bindings; *services.Engine
// is one.
type Services interface {
	Offerings(context.Context, btp.SubaccountID) ([]services.Offered, error)
	CreateInstance(context.Context, btp.SubaccountID, services.NewInstance, btp.IdempotencyKey) (services.InstanceView, error)
	Instance(ctx context.Context, id string) (services.InstanceView, error)
	Instances(context.Context, services.InstanceFilter) (page []services.InstanceView, more bool, err error)
	UpdateInstance(ctx context.Context, id string) error
	DeleteInstance(ctx context.Context, id string) (services.InstanceView, error)
	Bind(ctx context.Context, instance string, n services.NewBinding, key btp.IdempotencyKey) (services.Binding, error)
	Binding(ctx context.Context, id string) (services.Binding, services.Instance, error)
	Bindings(ctx context.Context, instance string) ([]services.Binding, error)
	Unbind(ctx context.Context, id string) error
}

var _ Services = (*services.Engine)(nil)

func (s *server) mountServices(api *gin.RouterGroup, h func(func(*gin.Context) error) gin.HandlerFunc) {
	api.GET("/subaccounts/:id/serviceOfferings", h(s.listServiceOfferings))
	api.GET("/subaccounts/:id/serviceInstances", h(s.listInstances))
	api.POST("/subaccounts/:id/serviceInstances", h(s.createInstance))
	api.GET("/serviceInstances/:id", h(s.showInstance))
	api.PATCH("/serviceInstances/:id", h(s.changeInstance))
	api.DELETE("/serviceInstances/:id", h(s.deleteInstance))
	api.GET("/serviceInstances/:id/serviceBindings", h(s.listBindings))
	api.POST("/serviceInstances/:id/serviceBindings", h(s.bind))
	api.GET("/serviceBindings/:id", h(s.showBinding))
	api.DELETE("/serviceBindings/:id", h(s.unbind))
}

// serviceOffering is a service as a subaccount sees it.
type serviceOffering struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	DisplayName string        `json:"displayName"`
	Description string        `json:"description"`
	Tags        []string      `json:"tags"`
	Plans       []servicePlan `json:"plans"`
}

type servicePlan struct {
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	DisplayName  string          `json:"displayName"`
	Description  string          `json:"description"`
	Asynchronous bool            `json:"asynchronous"`
	Systems      []systemName    `json:"systems,omitempty"`
	Parameters   json.RawMessage `json:"parameters,omitempty"`
	Binding      json.RawMessage `json:"bindingParameters,omitempty"`
}

func serviceOfferingOf(o services.Offered) serviceOffering {
	tags := o.Tags
	if tags == nil {
		tags = []string{}
	}
	return serviceOffering{o.ID, o.Name, o.DisplayName, o.Text, tags, ListOf(o.Plans, func(p services.Plan) servicePlan {
		return servicePlan{
			p.ID, p.Name, p.DisplayName, p.Text, p.Asynchronous, ListOf(o.Systems[p.Name], systemNameOf).Items, p.CreateSchema, p.BindSchema,
		}
	}).Items}
}

func (s *server) listServiceOfferings(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	all, err := s.Services.Offerings(c.Request.Context(), subaccountID(c))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, ListOf(all, serviceOfferingOf))
}

// serviceInstance is a service instance; its parameters are without secrets.
type serviceInstance struct {
	ID            string              `json:"id"`
	Name          string              `json:"name"`
	GlobalAccount btp.GlobalAccountID `json:"globalAccount"`
	Subaccount    btp.SubaccountID    `json:"subaccount"`
	Offering      string              `json:"offering"`
	Plan          string              `json:"plan"`
	Place         services.Place      `json:"place"`
	System        *instanceSystem     `json:"system,omitempty"`
	Parameters    json.RawMessage     `json:"parameters"`
	Labels        map[string][]string `json:"labels,omitempty"`
	Usable        bool                `json:"usable"`
	Bindings      int                 `json:"bindings"`
	Operation     services.Operation  `json:"operation"`
	CreatedAt     time.Time           `json:"createdAt"`
	UpdatedAt     time.Time           `json:"updatedAt"`
}

type instanceSystem struct {
	ID   btp.SystemID `json:"id"`
	Name string       `json:"name"`
}

func serviceInstanceOf(v services.InstanceView) serviceInstance {
	i := serviceInstance{
		ID: v.ID, Name: v.Name, GlobalAccount: v.GlobalAccount, Subaccount: v.Subaccount, Offering: v.Offering, Plan: v.Plan, Place: v.Place,
		Parameters: v.Parameters, Labels: v.Labels, Usable: v.Usable(), Bindings: v.Bindings, Operation: v.Operation,
		CreatedAt: v.CreatedAt.UTC(), UpdatedAt: v.UpdatedAt.UTC(),
	}
	if v.System != "" {
		i.System = &instanceSystem{v.System, v.SystemName}
	}
	return i
}

func (s *server) createInstance(c *gin.Context) error {
	var req struct {
		Name     string `json:"name"`
		Offering string `json:"offering"`
		Plan     string `json:"plan"`
		Place    struct {
			Environment  btp.RuntimeEnvironment `json:"environment"`
			Organization string                 `json:"organization"`
			Space        string                 `json:"space"`
		} `json:"place"`
		Parameters json.RawMessage     `json:"parameters"`
		Labels     map[string][]string `json:"labels"`
	}
	key, err := readCreation(c, &req)
	if err != nil {
		return err
	}
	i, err := s.Services.CreateInstance(c.Request.Context(), subaccountID(c), services.NewInstance{
		Name: req.Name, Offering: req.Offering, Plan: req.Plan, Place: services.Place(req.Place), Parameters: req.Parameters, Labels: req.Labels,
	}, key)
	if err != nil {
		return err
	}
	status := http.StatusAccepted // what became of it, the operation says
	if i.Usable() {
		status = http.StatusCreated
	}
	return respondInstance(c, status, i)
}

func respondInstance(c *gin.Context, status int, v services.InstanceView) error {
	c.Header("Location", publicurl.Path(c.Request, "/api/v1/serviceInstances/"+v.ID))
	return Respond(c, status, serviceInstanceOf(v))
}

func (s *server) listInstances(c *gin.Context) error {
	q, err := ReadQuery(c, "name", "offering", "plan", "system", "limit", "cursor")
	if err != nil {
		return err
	}
	f := services.InstanceFilter{
		Subaccount: subaccountID(c), Name: q.Text("name"), Offering: q.Text("offering"), Plan: q.Text("plan"), System: btp.SystemID(q.Text("system")),
	}
	p, err := q.Page("serviceInstances", string(f.Subaccount), f.Name, f.Offering, f.Plan, string(f.System))
	if err != nil {
		return err
	}
	f.After, f.Limit = p.After, p.Limit
	page, more, err := s.Services.Instances(c.Request.Context(), f)
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, PageOf(page, more, p, func(v services.InstanceView) uint64 { return v.Sequence }, serviceInstanceOf))
}

func (s *server) showInstance(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	v, err := s.Services.Instance(c.Request.Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, serviceInstanceOf(v))
}

// changeInstance is refused, whatever it asks for; the refusal says what to do instead.
func (s *server) changeInstance(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	if _, err := ReadBody(c, MaxBody); err != nil {
		return err
	}
	return s.Services.UpdateInstance(c.Request.Context(), c.Param("id"))
}

func (s *server) deleteInstance(c *gin.Context) error {
	if err := ReadNothing(c); err != nil {
		return err
	}
	i, err := s.Services.DeleteInstance(c.Request.Context(), c.Param("id"))
	switch {
	case err != nil:
		return err
	case i.Gone():
		return NoContent(c)
	}
	return respondInstance(c, http.StatusAccepted, i)
}

// serviceBinding is a binding; credentials are shown one by one only.
type serviceBinding struct {
	ID          string              `json:"id"`
	Name        string              `json:"name"`
	Instance    string              `json:"instance"`
	Subaccount  btp.SubaccountID    `json:"subaccount"`
	Parameters  json.RawMessage     `json:"parameters"`
	Labels      map[string][]string `json:"labels,omitempty"`
	Credentials json.RawMessage     `json:"credentials,omitempty"`
	CreatedAt   time.Time           `json:"createdAt"`
}

func serviceBindingOf(b services.Binding) serviceBinding {
	return serviceBinding{b.ID, b.Name, b.Instance, b.Subaccount, b.Parameters, b.Labels, nil, b.CreatedAt.UTC()}
}

// respondBinding shows credentials, with the addresses by which the caller came.
func (s *server) respondBinding(c *gin.Context, status int, b services.Binding) error {
	answer := serviceBindingOf(b)
	answer.Credentials = services.Credentials(b.Credentials).Resolve(s.URLs.HTTP(c.Request), s.URLs.MTLS(c.Request))
	c.Header("Cache-Control", "no-store")
	return Respond(c, status, answer)
}

func (s *server) bind(c *gin.Context) error {
	var req struct {
		Name       string              `json:"name"`
		Parameters json.RawMessage     `json:"parameters"`
		Labels     map[string][]string `json:"labels"`
	}
	key, err := readCreation(c, &req)
	if err != nil {
		return err
	}
	b, err := s.Services.Bind(c.Request.Context(), c.Param("id"), services.NewBinding{Name: req.Name, Parameters: req.Parameters, Labels: req.Labels}, key)
	if err != nil {
		return err
	}
	c.Header("Location", publicurl.Path(c.Request, "/api/v1/serviceBindings/"+b.ID))
	return s.respondBinding(c, http.StatusCreated, b)
}

func (s *server) listBindings(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	all, err := s.Services.Bindings(c.Request.Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, ListOf(all, serviceBindingOf))
}

func (s *server) showBinding(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	b, _, err := s.Services.Binding(c.Request.Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return s.respondBinding(c, http.StatusOK, b)
}

func (s *server) unbind(c *gin.Context) error {
	if err := ReadNothing(c); err != nil {
		return err
	}
	if err := s.Services.Unbind(c.Request.Context(), c.Param("id")); err != nil {
		return err
	}
	return NoContent(c)
}
