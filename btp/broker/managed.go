package broker

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp/services"
)

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
