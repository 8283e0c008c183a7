package broker

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/services"
	"github.com/pairsim/pairsim/internal/pattern"
)

// versionRule is the header X-Broker-API-Version; from 2.14 on it is understood.
var versionRule = pattern.New(`^2\.([0-9]{1,3})$`)

const oldestMinor = 14

// answer is what a handler of the broker came to.
type answer struct {
	status int
	body   any
}

// osbError is an error of the broker that has a code or status of its own.
type osbError struct {
	status            int
	code, description string
	reason            btp.Code
}

func (e *osbError) Error() string { return e.description }

// caller is a platform: it acts in one subaccount.
type caller struct{ subaccount btp.SubaccountID }

func (s *server) mountBroker(g *gin.RouterGroup) {
	h := func(f func(*gin.Context, caller) (answer, error)) gin.HandlerFunc {
		return func(c *gin.Context) {
			if id := c.GetHeader("X-Broker-API-Request-Identity"); id != "" {
				c.Header("X-Broker-API-Request-Identity", id)
			}
			from, err := s.platform(c)
			var a answer
			if err == nil {
				a, err = f(c, from)
			}
			if err != nil {
				s.refuseBroker(c, err)
				return
			}
			c.Header("Cache-Control", "no-store") // credentials may be in it
			c.JSON(a.status, a.body)
		}
	}
	g.GET("/catalog", h(s.catalog))
	g.PUT("/service_instances/:id", h(s.provision))
	g.GET("/service_instances/:id", h(s.fetchInstance))
	g.PATCH("/service_instances/:id", h(s.update))
	g.DELETE("/service_instances/:id", h(s.deprovision))
	g.GET("/service_instances/:id/last_operation", h(s.lastOperation))
	g.PUT("/service_instances/:id/service_bindings/:binding", h(s.bindOverBroker))
	g.GET("/service_instances/:id/service_bindings/:binding", h(s.fetchBinding))
	g.DELETE("/service_instances/:id/service_bindings/:binding", h(s.unbindOverBroker))
	g.GET("/service_instances/:id/service_bindings/:binding/last_operation", h(s.lastBindingOperation))
}

// platform knows who calls by Basic authentication, and holds the version.
func (s *server) platform(c *gin.Context) (caller, error) {
	id, secret, ok := c.Request.BasicAuth()
	if !ok {
		return caller{}, btp.Errorf(btp.Unauthenticated, "Basic authentication is needed: the clientid and clientsecret of a binding of %s", serviceOfClients)
	}
	_, grant, err := s.Registry.AuthorizeClient(c.Request.Context(), btp.TokenRequest{Client: id, Secret: secret})
	if err == nil && (grant == nil || grant.Service != serviceOfClients) {
		err = btp.Errorf(btp.Unauthenticated, "these are no credentials of a binding of %s", serviceOfClients)
	}
	if err != nil {
		return caller{}, err
	}
	version := c.GetHeader("X-Broker-API-Version")
	found := versionRule.Regexp().FindStringSubmatch(version)
	if found != nil {
		if minor, _ := strconv.Atoi(found[1]); minor >= oldestMinor { // digits
			return caller{grant.Subaccount}, nil
		}
	}
	return caller{}, &osbError{
		http.StatusPreconditionFailed, "", fmt.Sprintf("X-Broker-API-Version %.20q: versions 2.%d and later are understood", version, oldestMinor), btp.InvalidRequest,
	}
}

func (s *server) refuseBroker(c *gin.Context, err error) {
	own, is := err.(*osbError) //nolint:errorlint // nobody wraps it
	if !is {
		refused := s.refusedBy(c, err)
		own = &osbError{statusOf(refused.Code), "", refused.Detail, refused.Code}
		if refused.Code == btp.OperationInProgress {
			own.code = "ConcurrencyError"
		}
	}
	if own.status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Basic realm="pairsim"`)
	}
	c.Header(reasonHeader, string(own.reason))
	body := gin.H{"description": own.description}
	if own.code != "" {
		body["error"] = own.code
	}
	c.JSON(own.status, body)
}

func badRequest(format string, args ...any) error {
	return btp.Errorf(btp.InvalidRequest, format, args...)
}

func gone() error {
	return &osbError{http.StatusGone, "", "there is no such service instance or binding", btp.ServiceInstanceNotFound}
}

func asyncRequired() error {
	return &osbError{
		http.StatusUnprocessableEntity, "AsyncRequired",
		"This service plan requires client support for asynchronous service operations.", btp.InvalidRequest,
	}
}

// The catalogue.

type osbService struct {
	ID                   string            `json:"id"`
	Name                 string            `json:"name"`
	Description          string            `json:"description"`
	Tags                 []string          `json:"tags,omitempty"`
	Bindable             bool              `json:"bindable"`
	InstancesRetrievable bool              `json:"instances_retrievable"`
	BindingsRetrievable  bool              `json:"bindings_retrievable"`
	AllowContextUpdates  bool              `json:"allow_context_updates"`
	PlanUpdateable       bool              `json:"plan_updateable"`
	Metadata             map[string]string `json:"metadata"`
	Plans                []osbPlan         `json:"plans"`
}

type osbPlan struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Description    string            `json:"description"`
	Free           bool              `json:"free"`
	Bindable       bool              `json:"bindable"`
	PlanUpdateable bool              `json:"plan_updateable"`
	Metadata       map[string]string `json:"metadata"`
	Schemas        *planSchemas      `json:"schemas,omitempty"`
}

type planSchemas struct {
	Instance *schemaOf `json:"service_instance,omitempty"`
	Binding  *schemaOf `json:"service_binding,omitempty"`
}

type schemaOf struct {
	Create struct {
		Parameters json.RawMessage `json:"parameters"`
	} `json:"create"`
}

func schemasOf(p services.Plan) *planSchemas {
	if p.CreateSchema == nil && p.BindSchema == nil {
		return nil
	}
	of := func(text json.RawMessage) *schemaOf {
		if text == nil {
			return nil
		}
		s := &schemaOf{}
		s.Create.Parameters = text
		return s
	}
	return &planSchemas{of(p.CreateSchema), of(p.BindSchema)}
}

// orName is a text that must not be empty.
func orName(text, name string) string {
	if text == "" {
		return name
	}
	return text
}

func (s *server) catalog(c *gin.Context, from caller) (answer, error) {
	all, err := s.Services.Offerings(c.Request.Context(), from.subaccount)
	list := []osbService{}
	for _, o := range all {
		one := osbService{
			ID: o.ID, Name: o.Name, Description: orName(o.Text, o.Name), Tags: o.Tags, Bindable: true, InstancesRetrievable: true, BindingsRetrievable: true,
			Metadata: map[string]string{"displayName": orName(o.DisplayName, o.Name)},
		}
		for _, p := range o.Plans {
			one.Plans = append(one.Plans, osbPlan{
				ID: p.ID, Name: p.Name, Description: orName(p.Text, p.Name), Free: p.Free, Bindable: true,
				Metadata: map[string]string{"displayName": orName(p.DisplayName, p.Name)}, Schemas: schemasOf(p),
			})
		}
		list = append(list, one)
	}
	return answer{http.StatusOK, gin.H{"services": list}}, err
}

// planOf finds a plan that the subaccount sees by the ids of service and plan.
func (s *server) planOf(c *gin.Context, from caller, service, plan string) (o services.Offered, p services.Plan, err error) {
	if service == "" || plan == "" {
		return o, p, badRequest("service_id and plan_id are needed")
	}
	all, err := s.Services.Offerings(c.Request.Context(), from.subaccount)
	if err != nil {
		return o, p, err
	}
	for _, o := range all {
		for _, p := range o.Plans {
			if o.ID == service && p.ID == plan {
				return o, p, nil
			}
		}
	}
	return o, p, btp.Errorf(btp.ServiceOfferingUnknown, "the catalogue has no service %.60q with plan %.60q", service, plan)
}

// idsOf are the ids of an instance's service and plan, in what the environment offers.
func idsOf(all []services.Offered, i services.Instance) (service, plan string, asynchronous bool) {
	for _, o := range all {
		for _, p := range o.Plans {
			if o.Name == i.Offering && p.Name == i.Plan {
				return o.ID, p.ID, p.Asynchronous
			}
		}
	}
	return "", "", true
}

// instance finds an instance of the caller's subaccount.
func (s *server) instance(c *gin.Context, from caller) (services.InstanceView, error) {
	v, err := s.Services.Instance(c.Request.Context(), c.Param("id"))
	if err == nil && v.Subaccount != from.subaccount {
		err = btp.Errorf(btp.ServiceInstanceNotFound, "there is no service instance %.60q", c.Param("id"))
	}
	return v, err
}

// held holds the ids that a request names against an instance's, and finds whether its
// plan is asynchronous. An id that is "" is not held.
func (s *server) held(c *gin.Context, from caller, i services.Instance, service, plan string) (asynchronous bool, err error) {
	all, err := s.Services.Offerings(c.Request.Context(), from.subaccount)
	if err != nil {
		return false, err
	}
	hasService, hasPlan, asynchronous := idsOf(all, i)
	if service != "" && hasService != "" && service != hasService || plan != "" && hasPlan != "" && plan != hasPlan {
		return asynchronous, badRequest("service_id or plan_id is not that of the service instance")
	}
	return asynchronous, nil
}

func acceptsIncomplete(c *gin.Context) (bool, error) {
	switch text := c.Query("accepts_incomplete"); text {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	default:
		return false, badRequest("accepts_incomplete: %.20q is neither true nor false", text)
	}
}

// operationName is an operation as a platform gives it back.
func operationName(o services.Operation) string { return string(o.Type) + "-" + o.ID }

func accepted(o services.Operation) answer {
	return answer{http.StatusAccepted, gin.H{"operation": operationName(o)}}
}

// Instances.

type provisioning struct {
	Service      string          `json:"service_id"`
	Plan         string          `json:"plan_id"`
	Organization string          `json:"organization_guid"`
	Space        string          `json:"space_guid"`
	Context      json.RawMessage `json:"context"`
	Parameters   json.RawMessage `json:"parameters"`
}

// platformContext is what a context tells of the platform's place.
type platformContext struct {
	Platform     string `json:"platform"`
	InstanceName string `json:"instance_name"`
	Namespace    string `json:"namespace"`
}

// placeOf is where an instance is used: the platform says, or else what the subaccount has.
func (s *server) placeOf(c *gin.Context, from caller, p *provisioning, in platformContext) (services.Place, error) {
	sub, err := s.Registry.Subaccount(c.Request.Context(), from.subaccount)
	if err != nil {
		return services.Place{}, err
	}
	cf := services.Place{Environment: btp.CloudFoundry, Organization: p.Organization, Space: p.Space}
	switch {
	case in.Platform == "kubernetes", in.Platform != "cloudfoundry" && !sub.Has(btp.CloudFoundry):
		return services.Place{Environment: btp.Kyma, Space: in.Namespace}, nil
	default:
		return cf, nil
	}
}

func (s *server) provision(c *gin.Context, from caller) (answer, error) {
	var p provisioning
	if err := readJSON(c, &p, false); err != nil {
		return answer{}, err
	}
	if p.Organization == "" || p.Space == "" {
		return answer{}, badRequest("organization_guid and space_guid are needed")
	}
	o, plan, err := s.planOf(c, from, p.Service, p.Plan)
	if err != nil {
		return answer{}, err
	}
	incomplete, err := acceptsIncomplete(c)
	if err != nil {
		return answer{}, err
	}
	var in platformContext
	if len(p.Context) > 0 && json.Unmarshal(p.Context, &in) != nil {
		return answer{}, badRequest("context: not an object whose platform, instance_name and namespace are strings")
	}
	n := services.NewInstance{
		ID: c.Param("id"), Name: orName(in.InstanceName, c.Param("id")), Offering: o.Name, Plan: plan.Name, Parameters: p.Parameters, Context: p.Context,
	}
	if n.Place, err = s.placeOf(c, from, &p, in); err != nil {
		return answer{}, err
	}
	if plan.Asynchronous && !incomplete {
		return answer{}, asyncRequired()
	}
	made, err := s.Services.CreateInstance(c.Request.Context(), from.subaccount, n, "")
	switch {
	case btp.CodeOf(err) == btp.InstanceExists:
		return s.provisionedAgain(c, from, n, err)
	case err != nil:
		return answer{}, err
	case made.Usable():
		return answer{http.StatusCreated, gin.H{}}, nil
	}
	return accepted(made.Operation), nil // last_operation says what became of it
}

// provisionedAgain answers a repeated request: the same id with the same properties is
// the same instance.
func (s *server) provisionedAgain(c *gin.Context, from caller, n services.NewInstance, conflict error) (answer, error) {
	v, err := s.instance(c, from)
	switch {
	case err != nil || !n.Same(v.Instance) || v.Operation.Type != services.Create:
		return answer{}, conflict
	case v.Operation.State == services.InProgress:
		return accepted(v.Operation), nil
	case v.Usable():
		return answer{http.StatusOK, gin.H{}}, nil
	}
	return answer{}, btp.Errorf(btp.InstanceExists, "the creation of this service instance failed; delete it first: %s", v.Operation.Description)
}

func (s *server) fetchInstance(c *gin.Context, from caller) (answer, error) {
	v, err := s.instance(c, from)
	if err != nil {
		return answer{}, err
	}
	if _, err := s.held(c, from, v.Instance, c.Query("service_id"), c.Query("plan_id")); err != nil {
		return answer{}, err
	}
	switch {
	case !v.Ready:
		return answer{}, btp.Errorf(btp.ServiceInstanceNotFound, "the service instance is not there yet: %s %s", v.Operation.Type, v.Operation.State)
	case v.Operation.State == services.InProgress:
		return answer{}, btp.Errorf(btp.OperationInProgress, "the service instance is being deleted")
	}
	all, err := s.Services.Offerings(c.Request.Context(), from.subaccount)
	service, plan, _ := idsOf(all, v.Instance)
	return answer{http.StatusOK, gin.H{"service_id": service, "plan_id": plan, "parameters": v.Parameters}}, err
}

// update changes nothing: there is no update path. A request that asks for nothing new
// is content with that.
func (s *server) update(c *gin.Context, from caller) (answer, error) {
	var p struct {
		Service    string          `json:"service_id"`
		Plan       string          `json:"plan_id"`
		Context    json.RawMessage `json:"context"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if err := readJSON(c, &p, false); err != nil {
		return answer{}, err
	}
	if p.Service == "" {
		return answer{}, badRequest("service_id is needed")
	}
	if _, err := acceptsIncomplete(c); err != nil {
		return answer{}, err
	}
	v, err := s.instance(c, from)
	if err != nil {
		return answer{}, err
	}
	_, err = s.held(c, from, v.Instance, p.Service, p.Plan)
	nothing := err == nil && len(p.Context) == 0 && (len(p.Parameters) == 0 || string(p.Parameters) == "null" || string(p.Parameters) == "{}")
	if nothing && v.Usable() {
		return answer{http.StatusOK, gin.H{}}, nil
	}
	if _, serviceErr := s.held(c, from, v.Instance, p.Service, ""); serviceErr != nil {
		return answer{}, serviceErr
	}
	return answer{}, s.Services.UpdateInstance(c.Request.Context(), v.ID)
}

func (s *server) deprovision(c *gin.Context, from caller) (answer, error) {
	service, plan := c.Query("service_id"), c.Query("plan_id")
	if service == "" || plan == "" {
		return answer{}, badRequest("the query parameters service_id and plan_id are needed")
	}
	incomplete, err := acceptsIncomplete(c)
	if err != nil {
		return answer{}, err
	}
	v, err := s.instance(c, from)
	if btp.CodeOf(err) == btp.ServiceInstanceNotFound {
		err = gone()
	}
	if err != nil {
		return answer{}, err
	}
	asynchronous, err := s.held(c, from, v.Instance, service, plan)
	switch {
	case err != nil:
		return answer{}, err
	case asynchronous && !incomplete:
		return answer{}, asyncRequired()
	case v.Operation.Type == services.Delete && v.Operation.State == services.InProgress:
		return accepted(v.Operation), nil
	}
	over, err := s.Services.DeleteInstance(c.Request.Context(), v.ID)
	switch {
	case err != nil:
		return answer{}, err
	case over.Gone():
		return answer{http.StatusOK, gin.H{}}, nil
	}
	return accepted(over.Operation), nil
}

func (s *server) lastOperation(c *gin.Context, from caller) (answer, error) {
	v, err := s.instance(c, from)
	if btp.CodeOf(err) == btp.ServiceInstanceNotFound && strings.HasPrefix(c.Query("operation"), string(services.Delete)+"-") {
		return answer{http.StatusOK, gin.H{"state": services.Succeeded}}, nil // it is gone
	}
	if err != nil {
		return answer{}, err
	}
	if _, err := s.held(c, from, v.Instance, c.Query("service_id"), c.Query("plan_id")); err != nil {
		return answer{}, err
	}
	body := gin.H{"state": v.Operation.State}
	switch v.Operation.State {
	case services.InProgress:
		c.Header("Retry-After", "1")
	case services.Failed:
		body["description"] = orName(v.Operation.Description, "the operation failed")
		if v.Operation.Type == services.Delete {
			body["instance_usable"] = v.Usable()
		}
	case services.Succeeded:
	}
	return answer{http.StatusOK, body}, nil
}

// Bindings.

func (s *server) bindOverBroker(c *gin.Context, from caller) (answer, error) {
	var p struct {
		Service    string          `json:"service_id"`
		Plan       string          `json:"plan_id"`
		Context    json.RawMessage `json:"context"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if err := readJSON(c, &p, false); err != nil {
		return answer{}, err
	}
	if p.Service == "" || p.Plan == "" {
		return answer{}, badRequest("service_id and plan_id are needed")
	}
	v, err := s.instance(c, from)
	if err != nil {
		return answer{}, err
	}
	if _, err := s.held(c, from, v.Instance, p.Service, p.Plan); err != nil {
		return answer{}, err
	}
	n := services.NewBinding{ID: c.Param("binding"), Parameters: p.Parameters, Context: p.Context}
	made, err := s.Services.Bind(c.Request.Context(), v.ID, n, "")
	status := http.StatusCreated
	if btp.CodeOf(err) == btp.BindingExists {
		there, of, found := s.Services.Binding(c.Request.Context(), n.ID)
		if found != nil || of.ID != v.ID || !n.Same(there) {
			return answer{}, err
		}
		made, err, status = there, nil, http.StatusOK
	}
	return answer{status, gin.H{"credentials": s.credentialsOf(c.Request, made)}}, err
}

// boundTo finds a binding of an instance of the caller's subaccount.
func (s *server) boundTo(c *gin.Context, from caller) (b services.Binding, i services.Instance, err error) {
	b, i, err = s.Services.Binding(c.Request.Context(), c.Param("binding"))
	if err == nil && (i.Subaccount != from.subaccount || i.ID != c.Param("id")) {
		err = btp.Errorf(btp.ServiceBindingNotFound, "there is no service binding %.60q", c.Param("binding"))
	}
	return b, i, err
}

func (s *server) fetchBinding(c *gin.Context, from caller) (answer, error) {
	b, _, err := s.boundTo(c, from)
	return answer{http.StatusOK, gin.H{"credentials": s.credentialsOf(c.Request, b), "parameters": b.Parameters}}, err
}

func (s *server) lastBindingOperation(c *gin.Context, from caller) (answer, error) {
	_, _, err := s.boundTo(c, from)
	return answer{http.StatusOK, gin.H{"state": services.Succeeded}}, err // bindings are made in one step
}

func (s *server) unbindOverBroker(c *gin.Context, from caller) (answer, error) {
	service, plan := c.Query("service_id"), c.Query("plan_id")
	if service == "" || plan == "" {
		return answer{}, badRequest("the query parameters service_id and plan_id are needed")
	}
	b, i, err := s.boundTo(c, from)
	if btp.CodeOf(err) == btp.ServiceBindingNotFound {
		err = gone()
	}
	if err != nil {
		return answer{}, err
	}
	if _, err := s.held(c, from, i, service, plan); err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, gin.H{}}, s.Services.Unbind(c.Request.Context(), b.ID)
}
