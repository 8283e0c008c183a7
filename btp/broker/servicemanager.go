package broker

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/services"
)

// What the Service Manager says of itself.
const (
	platformID = "service-manager"
	// brokerID is that of the one broker there is.
	brokerID = "2f1c3a5e-7b9d-4e60-8a42-6c8e0f2b4d17"
	// Pages of lists.
	defaultItems = 50
	mostItems    = 500
)

// since is when the catalogue was made: it was always there.
var since = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

func (s *server) mountServiceManager(g *gin.RouterGroup) {
	g.GET("/info", func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"token_issuer_url": s.URLs.HTTP(c.Request), "token_basic_auth": true, "service_manager_certificate_subject": ""})
	})
	h := func(f func(*gin.Context, zone) error) gin.HandlerFunc {
		return func(c *gin.Context) {
			z, err := s.zone(c)
			if err == nil {
				c.Header("Cache-Control", "no-store") // credentials may be in it
				err = f(c, z)
			}
			if err != nil {
				s.refuseManager(c, err)
			}
		}
	}
	g.GET("/service_offerings", h(s.listOfferings))
	g.GET("/service_offerings/:id", h(s.showOffering))
	g.GET("/service_plans", h(s.listPlans))
	g.GET("/service_plans/:id", h(s.showPlan))
	g.GET("/service_instances", h(s.listInstances))
	g.POST("/service_instances", h(s.createInstance))
	g.GET("/service_instances/:id", h(s.showInstance))
	g.PATCH("/service_instances/:id", h(s.changeInstance))
	g.DELETE("/service_instances/:id", h(s.deleteInstance))
	g.GET("/service_instances/:id/parameters", h(s.showInstanceParameters))
	g.GET("/service_instances/:id/operations/:op", h(s.showInstanceOperation))
	g.GET("/service_bindings", h(s.listBindings))
	g.POST("/service_bindings", h(s.createBinding))
	g.GET("/service_bindings/:id", h(s.showBinding))
	g.DELETE("/service_bindings/:id", h(s.deleteBinding))
	g.GET("/service_bindings/:id/parameters", h(s.showBindingParameters))
	g.GET("/service_bindings/:id/operations/:op", h(s.showBindingOperation))
}

// zone is the subaccount that a token opens.
type zone struct {
	sub     btp.Subaccount
	offered []services.Offered
}

func (s *server) zone(c *gin.Context) (z zone, err error) {
	ctx := c.Request.Context()
	who, err := s.Tokens.AdmitService(ctx, c.Request.Header.Values("Authorization"), serviceOfClients)
	if err != nil {
		return z, err
	}
	if z.sub, err = s.Registry.Subaccount(ctx, who.Subaccount); err == nil {
		z.offered, err = s.Services.Offerings(ctx, who.Subaccount)
	}
	return z, err
}

// managerErrors are the errors that have a word of their own; the others go by status.
var managerErrors = map[btp.Code]struct { //nolint:exhaustive // see word
	status int
	word   string
}{
	btp.InstanceHasBindings: {http.StatusConflict, "ExistingReferenceEntity"},
	btp.OperationInProgress: {http.StatusUnprocessableEntity, "ConcurrentOperationInProgress"},
}

func word(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "Unauthorized"
	case http.StatusForbidden:
		return "Forbidden"
	case http.StatusNotFound:
		return "NotFound"
	case http.StatusConflict:
		return "Conflict"
	case http.StatusUnsupportedMediaType:
		return "UnsupportedMediaType"
	case http.StatusInternalServerError:
		return "InternalServerError"
	case http.StatusServiceUnavailable:
		return "ServiceUnavailable"
	}
	return "BadRequest"
}

// brokerRefused is what the broker behind the Service Manager refuses.
type brokerRefused struct {
	status      int
	description string
	code        btp.Code
}

func (e *brokerRefused) Error() string { return e.description }

// brokerError is it as JSON; the inner keys are capitalised.
func (e *brokerRefused) body() gin.H {
	return gin.H{
		"error": "BrokerError", "description": "BrokerError: service broker error: " + e.description,
		"broker_error": gin.H{"StatusCode": e.status, "ErrorMessage": "", "Description": e.description, "ResponseError": nil},
	}
}

// ofBroker are the refusals that are the offering's, not the Service Manager's.
func ofBroker(code btp.Code) bool {
	switch code { //nolint:exhaustive // what else the Service Manager finds out itself
	case btp.Internal, btp.FaultInjected, btp.EnvironmentGone, btp.EnvironmentReplaced, btp.TryLater, btp.InvalidRequest, btp.NameInvalid, btp.PlaceInvalid,
		btp.ServiceOfferingUnknown, btp.NotEntitled, btp.QuotaExhausted, btp.BodyTooLarge, btp.UnsupportedMediaType, btp.Unauthenticated, btp.Forbidden,
		btp.ServiceInstanceNotFound, btp.ServiceBindingNotFound, btp.RouteNotFound, btp.SubaccountNotFound, btp.SubaccountWithoutEnvironment, btp.NameTaken,
		btp.InstanceExists, btp.BindingExists, btp.InstanceHasBindings, btp.OperationInProgress, btp.InstanceNotUpdatable, btp.InstanceNotUsable,
		btp.InstanceLimit:
		return false
	}
	return true
}

func (s *server) refuseManager(c *gin.Context, err error) {
	refused, is := err.(*brokerRefused) //nolint:errorlint // nobody wraps it
	if !is {
		own := s.refusedBy(c, err)
		c.Header(reasonHeader, string(own.Code))
		if !ofBroker(own.Code) {
			row, special := managerErrors[own.Code]
			if !special {
				row.status = statusOf(own.Code)
				switch own.Code { //nolint:exhaustive // the others have their status
				case btp.QuotaExhausted, btp.InstanceNotUpdatable, btp.InstanceNotUsable, btp.InstanceLimit, btp.SubaccountWithoutEnvironment, btp.BodyTooLarge:
					row.status = http.StatusBadRequest
				}
				row.word = word(row.status)
			}
			if row.status == http.StatusUnauthorized {
				c.Header("WWW-Authenticate", `Bearer realm="pairsim"`)
			}
			c.JSON(row.status, gin.H{"error": row.word, "description": own.Detail})
			return
		}
		refused = &brokerRefused{statusOf(own.Code), own.Detail, own.Code}
	}
	c.Header(reasonHeader, string(refused.code))
	c.JSON(http.StatusBadGateway, refused.body())
}

func notFound(path string) error {
	return btp.Errorf(btp.RouteNotFound, "could not find such %s", path)
}

// Objects.

type managedOffering struct {
	ID                   string            `json:"id"`
	Ready                bool              `json:"ready"`
	Name                 string            `json:"name"`
	Description          string            `json:"description"`
	Bindable             bool              `json:"bindable"`
	InstancesRetrievable bool              `json:"instances_retrievable"`
	BindingsRetrievable  bool              `json:"bindings_retrievable"`
	PlanUpdateable       bool              `json:"plan_updateable"`
	AllowContextUpdates  bool              `json:"allow_context_updates"`
	Tags                 []string          `json:"tags"`
	Metadata             map[string]string `json:"metadata"`
	BrokerID             string            `json:"broker_id"`
	CatalogID            string            `json:"catalog_id"`
	CatalogName          string            `json:"catalog_name"`
	DataCenter           string            `json:"data_center"`
	CreatedAt            time.Time         `json:"created_at"`
	UpdatedAt            time.Time         `json:"updated_at"`
}

func managedOfferingOf(o services.Offered) managedOffering {
	tags := o.Tags
	if tags == nil {
		tags = []string{}
	}
	return managedOffering{
		ID: o.ID, Ready: true, Name: o.Name, Description: orName(o.Text, o.Name), Bindable: true, InstancesRetrievable: true, BindingsRetrievable: true,
		Tags: tags, Metadata: map[string]string{"displayName": orName(o.DisplayName, o.Name)}, BrokerID: brokerID, CatalogID: o.ID, CatalogName: o.Name,
		CreatedAt: since, UpdatedAt: since,
	}
}

type managedPlan struct {
	ID                string            `json:"id"`
	Ready             bool              `json:"ready"`
	Name              string            `json:"name"`
	Description       string            `json:"description"`
	CatalogID         string            `json:"catalog_id"`
	CatalogName       string            `json:"catalog_name"`
	Free              bool              `json:"free"`
	Bindable          bool              `json:"bindable"`
	PlanUpdateable    bool              `json:"plan_updateable"`
	Metadata          map[string]string `json:"metadata"`
	Schemas           *planSchemas      `json:"schemas,omitempty"`
	ServiceOfferingID string            `json:"service_offering_id"`
	CreatedAt         time.Time         `json:"created_at"`
	UpdatedAt         time.Time         `json:"updated_at"`
}

func managedPlansOf(all []services.Offered) (list []managedPlan) {
	for _, o := range all {
		for _, p := range o.Plans {
			list = append(list, managedPlan{
				ID: p.ID, Ready: true, Name: p.Name, Description: orName(p.Text, p.Name), CatalogID: p.ID, CatalogName: p.Name, Free: p.Free, Bindable: true,
				Metadata: map[string]string{"displayName": orName(p.DisplayName, p.Name)}, Schemas: schemasOf(p), ServiceOfferingID: o.ID,
				CreatedAt: since, UpdatedAt: since,
			})
		}
	}
	return list
}

type managedContext struct {
	Platform        string `json:"platform"`
	Origin          string `json:"origin"`
	EnvType         string `json:"env_type"`
	Region          string `json:"region"`
	ZoneID          string `json:"zone_id"`
	Subdomain       string `json:"subdomain"`
	SubaccountID    string `json:"subaccount_id"`
	GlobalAccountID string `json:"global_account_id"`
	InstanceName    string `json:"instance_name"`
	LicenseType     string `json:"license_type"`
	CRMCustomerID   string `json:"crm_customer_id"`
}

func (z *zone) context(name string) managedContext {
	id := string(z.sub.ID)
	return managedContext{
		Platform: "sapbtp", Origin: "sapcp", EnvType: "sapcp", Region: z.sub.Region, ZoneID: id, Subdomain: z.sub.Subdomain, SubaccountID: id,
		GlobalAccountID: string(z.sub.GlobalAccount), InstanceName: name,
	}
}

// labels are an object's own and the one that all have.
func (z *zone) labels(own map[string][]string) map[string][]string {
	labels := map[string][]string{}
	for key, values := range own {
		labels[key] = values
	}
	labels["subaccount_id"] = []string{string(z.sub.ID)}
	return labels
}

type managedOperation struct {
	ID                  string                  `json:"id"`
	Ready               bool                    `json:"ready"`
	Type                services.OperationType  `json:"type"`
	State               services.OperationState `json:"state"`
	ResourceID          string                  `json:"resource_id"`
	ResourceType        string                  `json:"resource_type"`
	PlatformID          string                  `json:"platform_id"`
	CorrelationID       string                  `json:"correlation_id"`
	Description         string                  `json:"description,omitempty"`
	Errors              gin.H                   `json:"errors,omitempty"`
	Reschedule          bool                    `json:"reschedule"`
	RescheduleTimestamp time.Time               `json:"reschedule_timestamp"`
	DeletionScheduled   time.Time               `json:"deletion_scheduled"`
	CreatedAt           time.Time               `json:"created_at"`
	UpdatedAt           time.Time               `json:"updated_at"`
}

const (
	instancesPath = "/v1/service_instances"
	bindingsPath  = "/v1/service_bindings"
)

func managedOperationOf(i services.Instance) managedOperation {
	o := managedOperation{
		ID: i.Operation.ID, Ready: true, Type: i.Operation.Type, State: i.Operation.State, ResourceID: i.ID, ResourceType: instancesPath,
		PlatformID: platformID, CorrelationID: i.Operation.ID, CreatedAt: i.Operation.StartedAt.UTC(), UpdatedAt: i.Operation.StartedAt.UTC(),
	}
	if !i.Operation.EndedAt.IsZero() {
		o.UpdatedAt = i.Operation.EndedAt.UTC()
	}
	if o.State == services.Failed {
		o.Description = i.Operation.Description
		o.Errors = failureOf(i).body()
	}
	return o
}

func failureOf(i services.Instance) *brokerRefused {
	return &brokerRefused{http.StatusInternalServerError, orName(i.Operation.Description, "the operation failed"), i.Operation.Code}
}

type managedInstance struct {
	ID            string              `json:"id"`
	Ready         bool                `json:"ready"`
	Usable        bool                `json:"usable"`
	Name          string              `json:"name"`
	ServicePlanID string              `json:"service_plan_id"`
	PlatformID    string              `json:"platform_id"`
	SubaccountID  string              `json:"subaccount_id"`
	Shared        bool                `json:"shared"`
	Context       managedContext      `json:"context"`
	Labels        map[string][]string `json:"labels"`
	LastOperation managedOperation    `json:"last_operation"`
	CreatedAt     time.Time           `json:"created_at"`
	UpdatedAt     time.Time           `json:"updated_at"`
}

func (z *zone) instanceOf(i services.Instance) managedInstance {
	_, plan, _ := idsOf(z.offered, i)
	return managedInstance{
		ID: i.ID, Ready: i.Ready, Usable: i.Usable(), Name: i.Name, ServicePlanID: plan, PlatformID: platformID, SubaccountID: string(i.Subaccount),
		Context: z.context(i.Name), Labels: z.labels(i.Labels), LastOperation: managedOperationOf(i), CreatedAt: i.CreatedAt.UTC(), UpdatedAt: i.UpdatedAt.UTC(),
	}
}

type managedBinding struct {
	ID                string              `json:"id"`
	Ready             bool                `json:"ready"`
	Name              string              `json:"name"`
	ServiceInstanceID string              `json:"service_instance_id"`
	SubaccountID      string              `json:"subaccount_id"`
	Credentials       json.RawMessage     `json:"credentials"`
	Context           managedContext      `json:"context"`
	Labels            map[string][]string `json:"labels"`
	LastOperation     managedOperation    `json:"last_operation"`
	CreatedAt         time.Time           `json:"created_at"`
	UpdatedAt         time.Time           `json:"updated_at"`
}

// A binding is made in one step: its one operation has its id.
func bindingOperation(b services.Binding) managedOperation {
	return managedOperation{
		ID: b.ID, Ready: true, Type: services.Create, State: services.Succeeded, ResourceID: b.ID, ResourceType: bindingsPath, PlatformID: platformID,
		CorrelationID: b.ID, CreatedAt: b.CreatedAt.UTC(), UpdatedAt: b.CreatedAt.UTC(),
	}
}

func (s *server) managedBindingOf(r *http.Request, z *zone, b services.Binding) managedBinding {
	return managedBinding{
		ID: b.ID, Ready: true, Name: b.Name, ServiceInstanceID: b.Instance, SubaccountID: string(b.Subaccount), Credentials: s.credentialsOf(r, b),
		Context: z.context(""), Labels: z.labels(b.Labels), LastOperation: bindingOperation(b), CreatedAt: b.CreatedAt.UTC(), UpdatedAt: b.CreatedAt.UTC(),
	}
}

// Lists.

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

// Instances.

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

// Bindings.

func (s *server) boundIn(ctx context.Context, z *zone, id string) (services.Binding, error) {
	b, _, err := s.Services.Binding(ctx, id)
	if btp.CodeOf(err) == btp.ServiceBindingNotFound || err == nil && b.Subaccount != z.sub.ID {
		err = notFound(bindingsPath)
	}
	return b, err
}

func (s *server) createBinding(c *gin.Context, z zone) error {
	var p struct {
		Name       string              `json:"name"`
		Instance   string              `json:"service_instance_id"`
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
	if p.Name == "" || p.Instance == "" {
		return badRequest("name and service_instance_id are needed")
	}
	ctx := c.Request.Context()
	v, err := s.managed(ctx, &z, p.Instance)
	if err != nil {
		return err
	}
	b, err := s.Services.Bind(ctx, v.ID, services.NewBinding{Name: p.Name, Parameters: p.Parameters, Labels: p.Labels, Context: p.Context}, "")
	switch {
	case err != nil:
		return err
	case async != nil && *async:
		return goesOn(c, bindingsPath, b.ID, b.ID)
	}
	c.JSON(http.StatusCreated, s.managedBindingOf(c.Request, &z, b))
	return nil
}

func (s *server) showBinding(c *gin.Context, z zone) error {
	b, err := s.boundIn(c.Request.Context(), &z, c.Param("id"))
	if err == nil {
		c.JSON(http.StatusOK, s.managedBindingOf(c.Request, &z, b))
	}
	return err
}

func (s *server) showBindingParameters(c *gin.Context, z zone) error {
	b, err := s.boundIn(c.Request.Context(), &z, c.Param("id"))
	if err == nil {
		c.Data(http.StatusOK, "application/json", b.Parameters)
	}
	return err
}

func (s *server) showBindingOperation(c *gin.Context, z zone) error {
	b, err := s.boundIn(c.Request.Context(), &z, c.Param("id"))
	switch {
	case err != nil:
		return err
	case c.Param("op") != b.ID:
		return notFound("/v1/operations")
	}
	c.JSON(http.StatusOK, bindingOperation(b))
	return nil
}

func (s *server) deleteBinding(c *gin.Context, z zone) error {
	async, err := asked(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	b, err := s.boundIn(ctx, &z, c.Param("id"))
	if err != nil {
		return err
	}
	if err := s.Services.Unbind(ctx, b.ID); err != nil {
		return err
	}
	if async != nil && *async {
		return goesOn(c, bindingsPath, b.ID, b.ID)
	}
	c.JSON(http.StatusOK, gin.H{})
	return nil
}
