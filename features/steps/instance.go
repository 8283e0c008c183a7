package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/btpclient"
)

// instanceSteps are what a developer of extensions does with service instances of SAP
// S/4HANA Cloud Extensibility, and sees of them in the subaccount.
func (w *world) instanceSteps(d definitions) {
	const instance = `the service instance "([^"]*)"`
	const forScenario = ` for scenario "([^"]*)" with (inbound|outbound) "([^"]*)"$`

	d.Given(`^subaccount "([^"]*)" may use the plan "([^"]*)" for the (.+) system "([^"]*)"$`, w.theSubaccountMayUse)
	d.Given(`^the developer has created `+instance+forScenario, w.theDeveloperHasCreated)
	d.Given(`^the developer has created `+instance+` with the parameters (.+)$`, w.theDeveloperHasCreatedWith)
	d.Given(`^the developer has created `+instance+` for scenario "([^"]*)" whose tenant calls with "([^"]*)"$`, w.theDeveloperHasCreatedCalling)
	d.Given(`^the developer has tried to create `+instance+` for scenario "([^"]*)"$`, w.theDeveloperHasTried)
	d.Given(`^the developer has deleted `+instance+`$`, w.theDeveloperHasDeleted)
	d.Given(`^the developer has bound `+instance+`$`, w.theDeveloperHasBound)
	d.Given(`^subaccount "([^"]*)" has a destination "([^"]*)" that somebody has made by hand$`, w.somebodyHasMadeADestination)
	d.Given(`^the call that makes the arrangement is lost (before|after) the tenant has it$`, w.theCallIsLost)

	d.When(`^the developer creates `+instance+forScenario, w.theDeveloperCreates)
	d.When(`^the developer creates `+instance+` with the parameters (.+)$`, w.theDeveloperCreatesWith)
	d.When(`^the developer creates `+instance+` for a system "([^"]*)"$`, w.theDeveloperCreatesForSystem)
	d.When(`^the developer creates `+instance+` for scenario "([^"]*)" whose tenant calls with "([^"]*)"$`, w.theDeveloperCreatesCalling)
	d.When(`^the developer creates `+instance+` with the arrangement name of "([^"]*)"$`, w.theDeveloperCreatesTwin)
	d.When(`^two developers create `+instance+` at the same moment$`, w.twoDevelopersCreate)
	d.When(`^the developer changes `+instance+`$`, w.theDeveloperChanges)
	d.When(`^the developer deletes `+instance+`$`, w.theDeveloperDeletes)
	d.When(`^the developer binds `+instance+`$`, w.theDeveloperBinds)

	d.Then(`^the developer is refused because of "([^"]*)"$`, w.theDeveloperIsRefused)
	d.Then(`^the refusal points at "([^"]*)"$`, w.theRefusalPointsAt)
	d.Then(`^`+instance+` is created$`, w.theInstanceIsCreated)
	d.Then(`^the creation of "([^"]*)" fails because of "([^"]*)"$`, w.theCreationFails)
	d.Then(`^there is no service instance "([^"]*)"$`, w.thereIsNoInstance)
	d.Then(`^nothing is left of "([^"]*)" but its row$`, w.nothingIsLeft)
	d.Then(`^its parameters are those of the whole descriptor for "([^"]*)"$`, w.theParametersAreWhole)
	d.Then(`^subaccount "([^"]*)" has the destination "([^"]*)"$`, w.theSubaccountHasDestination)
	d.Then(`^subaccount "([^"]*)" has no destination "([^"]*)"$`, w.theSubaccountHasNoDestination)
	d.Then(`^the binding holds what the destination "([^"]*)" holds$`, w.theBindingHolds)
	d.Then(`^the destination "([^"]*)" has the properties (.+)$`, w.theDestinationHasProperties)
	d.Then(`^neither the binding nor the instance shows the outbound password$`, w.thePasswordIsShownToNobody)
}

// extensibility is the technical name of the service.
const extensibility = "s4-hana-cloud"

// theSubaccountMayUse has a system registered, and its plan given to a subaccount.
func (w *world) theSubaccountMayUse(ctx context.Context, subaccount, plan, systemType, name string) error {
	tenants := map[string]string{"SAP Marketing Cloud": "marketing"}
	tenant, known := tenants[systemType]
	if !known {
		return fmt.Errorf("the steps know no tenant of %s that has communication arrangements", systemType)
	}
	if err := w.theOperatorHasRegistered(ctx, systemType, name); err != nil {
		return err
	}
	if err := w.theAdministratorHasGotAndEntered(ctx, tenant); err != nil {
		return err
	}
	return w.theOperatorHasGivenPlan(ctx, subaccount, plan, name)
}

// descriptor are the parameters of an instance of plan api-access.
type descriptor struct {
	System      string         `json:"systemName"`
	Arrangement map[string]any `json:"communicationArrangement"`
}

func newDescriptor(system, instance, scenario string) descriptor {
	return descriptor{system, map[string]any{
		"communicationArrangementName": strings.ToUpper(instance), "scenarioId": scenario,
	}}
}

func (d descriptor) with(direction, method string) descriptor {
	d.Arrangement[direction+"Authentication"] = method
	return d
}

// create asks for an instance; its plan is that of its parameters.
func (w *world) create(ctx context.Context, name string, parameters any) error {
	text, err := json.Marshal(parameters)
	if err != nil {
		return err
	}
	plan := "api-access"
	if strings.Contains(string(text), "emClientId") {
		plan = "messaging"
	}
	return w.createAs(ctx, extensibility, plan, name, text)
}

func (w *world) createAs(ctx context.Context, offering, plan, name string, parameters json.RawMessage) error {
	i, err := w.operator.CreateInstance(ctx, defaultSubaccount, btpclient.NewInstance{
		Name: name, Offering: offering, Plan: plan, Parameters: parameters,
	})
	if err != nil {
		return err
	}
	w.instances[name] = i.ID
	return nil
}

// systemName is the system that the operator turned to last.
func (w *world) systemName() (string, error) {
	if w.present == nil {
		return "", errors.New("the scenario has registered no system")
	}
	return w.present.name, nil
}

func (w *world) theDeveloperCreates(ctx context.Context, name, scenario, direction, method string) error {
	system, err := w.systemName()
	if err != nil {
		return err
	}
	w.operated = ended(w.create(ctx, name, newDescriptor(system, name, scenario).with(direction, method)))
	return nil
}

func (w *world) theDeveloperHasCreated(ctx context.Context, name, scenario, direction, method string) error {
	if err := w.theDeveloperCreates(ctx, name, scenario, direction, method); err != nil {
		return err
	}
	return w.theInstanceIsCreated(ctx, name)
}

func (w *world) theDeveloperHasTried(ctx context.Context, name, scenario string) error {
	if err := w.theDeveloperCreates(ctx, name, scenario, "inbound", "BasicAuthentication"); err != nil {
		return err
	}
	i, err := w.instance(ctx, name)
	if err == nil && i.Operation.State != "failed" {
		err = fmt.Errorf("the creation of %s is %s, want it failed", name, i.Operation.State)
	}
	return err
}

func (w *world) theDeveloperCreatesWith(ctx context.Context, name, parameters string) error {
	w.operated = ended(w.create(ctx, name, json.RawMessage(parameters)))
	return nil
}

func (w *world) theDeveloperHasCreatedWith(ctx context.Context, name, parameters string) error {
	if err := w.theDeveloperCreatesWith(ctx, name, parameters); err != nil {
		return err
	}
	return w.theInstanceIsCreated(ctx, name)
}

func (w *world) theDeveloperCreatesForSystem(ctx context.Context, name, system string) error {
	w.operated = ended(w.create(ctx, name, newDescriptor(system, name, "SAP_COM_0207").with("inbound", "BasicAuthentication")))
	return nil
}

func (w *world) theDeveloperCreatesTwin(ctx context.Context, name, other string) error {
	system, err := w.systemName()
	if err != nil {
		return err
	}
	w.operated = ended(w.create(ctx, name, newDescriptor(system, other, "SAP_COM_0207").with("inbound", "BasicAuthentication")))
	return nil
}

// outboundPassword is what the tenant calls the extension with.
const outboundPassword = "Outbound-4711"

// theDeveloperCreatesCalling lets the tenant call an extension that the scenario runs.
func (w *world) theDeveloperCreatesCalling(ctx context.Context, name, scenario, method string) error {
	system, err := w.systemName()
	if err != nil {
		return err
	}
	host, port, err := w.runExtension()
	if err != nil {
		return err
	}
	at := map[string]any{"communicationSystemHostname": host, "port": port}
	switch method {
	case "BasicAuthentication":
		at["outboundCommunicationUser"] = map[string]string{"username": "tech", "password": outboundPassword}
	case "OAuth2ClientCredentials":
		at["outboundCommunicationUser"] = map[string]string{"username": "tech", "password": outboundPassword}
		at["oAuthTokenEndpoint"] = host + ":" + port + tokenPath
	}
	d := newDescriptor(system, name, scenario).with("outbound", method)
	d.Arrangement["communicationSystem"] = at
	w.operated = ended(w.create(ctx, name, d))
	return nil
}

func (w *world) theDeveloperHasCreatedCalling(ctx context.Context, name, scenario, method string) error {
	if err := w.theDeveloperCreatesCalling(ctx, name, scenario, method); err != nil {
		return err
	}
	return w.theInstanceIsCreated(ctx, name)
}

func (w *world) twoDevelopersCreate(ctx context.Context, name string) error {
	system, err := w.systemName()
	if err != nil {
		return err
	}
	text, err := json.Marshal(newDescriptor(system, name, "SAP_COM_0207").with("inbound", "BasicAuthentication"))
	if err != nil {
		return err
	}
	one := func() error {
		_, err := w.operator.CreateInstance(ctx, defaultSubaccount, btpclient.NewInstance{Name: name, Offering: extensibility, Plan: "api-access", Parameters: text})
		return err
	}
	w.atOnce(one, one)
	return nil
}

// instance is a service instance when no operation on it is under way any more.
func (w *world) instance(ctx context.Context, name string) (i btpclient.Instance, err error) {
	id, known := w.instances[name]
	if !known {
		return i, fmt.Errorf("no service instance %q was created; the latest request ended with %w", name, w.operated.err)
	}
	err = eventually(ctx, "the operation on "+name+" has ended", func() (bool, error) {
		i, err = w.operator.Instance(ctx, id)
		return i.Operation.State != "in progress", err
	})
	return i, err
}

func (w *world) theDeveloperChanges(ctx context.Context, name string) error {
	i, err := w.instance(ctx, name)
	if err != nil {
		return err
	}
	return w.operate(ctx, http.MethodPatch, "/serviceInstances/"+i.ID, members{"parameters": members{}}, nil)
}

func (w *world) theDeveloperDeletes(ctx context.Context, name string) error {
	i, err := w.instance(ctx, name)
	if err != nil {
		return err
	}
	_, err = w.operator.DeleteInstance(ctx, i.ID)
	w.operated = ended(err)
	return nil
}

func (w *world) theDeveloperHasDeleted(ctx context.Context, name string) error {
	if err := w.theDeveloperDeletes(ctx, name); err != nil {
		return err
	}
	if w.operated.err != nil {
		return w.operated.err
	}
	return w.thereIsNoInstance(ctx, name)
}

func (w *world) theDeveloperBinds(ctx context.Context, name string) error {
	i, err := w.instance(ctx, name)
	if err != nil {
		return err
	}
	b, err := w.operator.Bind(ctx, i.ID, btpclient.NewBinding{})
	w.operated = ended(err)
	w.binding = b
	return nil
}

func (w *world) theDeveloperHasBound(ctx context.Context, name string) error {
	if err := w.theDeveloperBinds(ctx, name); err != nil {
		return err
	}
	return w.operated.err
}

func (w *world) somebodyHasMadeADestination(ctx context.Context, subaccount, name string) error {
	return w.operator.PutDestination(ctx, subaccount, name, map[string]string{
		"Type": "HTTP", "URL": "http://elsewhere.example.com", "ProxyType": "Internet", "Authentication": "NoAuthentication",
	})
}

func (w *world) theCallIsLost(ctx context.Context, when string) error {
	_, err := w.control.AddFault(ctx, btpclient.Fault{
		Point: "instance.create-arrangement", Action: &btpclient.FaultAction{Kind: "drop", When: when}, Schedule: &btpclient.FaultSchedule{First: 1},
	})
	return err
}

func (w *world) theDeveloperIsRefused(reason string) error {
	return w.operated.refusedBecauseOf("the developer", reason)
}

func (w *world) theRefusalPointsAt(path string) error {
	p, err := w.problem()
	if err != nil {
		return err
	}
	for _, f := range p.Findings {
		if f.Path == path {
			return nil
		}
	}
	return fmt.Errorf("the refusal points at %v, want %s; it tells %q", p.Findings, path, p.Detail)
}

func (w *world) theInstanceIsCreated(ctx context.Context, name string) error {
	if err := w.operated.accepted("the developer"); err != nil {
		return err
	}
	i, err := w.instance(ctx, name)
	if err == nil && (i.Operation.State != "succeeded" || !i.Usable) {
		err = fmt.Errorf("the creation of %s is %s: %s (%s), want it succeeded", name, i.Operation.State, i.Operation.Description, i.Operation.Code)
	}
	return err
}

// theCreationFails wants a code of ours, or the tenant's within its text.
func (w *world) theCreationFails(ctx context.Context, name, reason string) error {
	if err := w.operated.accepted("the developer"); err != nil {
		return err
	}
	i, err := w.instance(ctx, name)
	if err != nil {
		return err
	}
	told := i.Operation.Code == reason || i.Operation.Code == "arrangement-refused" && strings.HasSuffix(i.Operation.Description, "("+reason+")")
	if i.Operation.State != "failed" || i.Usable || !told {
		return fmt.Errorf("the creation of %s is %s because of %q: %s; want it failed because of %q", name, i.Operation.State, i.Operation.Code, i.Operation.Description, reason)
	}
	return nil
}

// thereIsNoInstance waits for a deletion that is under way.
func (w *world) thereIsNoInstance(ctx context.Context, name string) error {
	if _, known := w.instances[name]; known {
		if _, err := w.instance(ctx, name); err != nil && btpclient.CodeOf(err) != "service-instance-not-found" {
			return err
		}
	}
	for i, err := range w.operator.Instances(ctx, defaultSubaccount, btpclient.InstanceFilter{Name: name}) {
		if err != nil {
			return err
		}
		return fmt.Errorf("there is a service instance %s, whose %s is %s: %s", name, i.Operation.Type, i.Operation.State, i.Operation.Description)
	}
	return nil
}

func (w *world) nothingIsLeft(ctx context.Context, name string) error {
	i, err := w.instance(ctx, name)
	if err != nil {
		return err
	}
	if i.System != nil {
		return fmt.Errorf("the failed instance %s holds system %s", name, i.System.Name)
	}
	arranged, err := w.tenants.Arrangements(ctx, "marketing")
	if err != nil {
		return err
	}
	for _, a := range arranged {
		if a.InstanceName == name {
			return fmt.Errorf("the tenant has the arrangement %s of %s", a.Name, name)
		}
	}
	return w.theSubaccountHasNoDestination(ctx, defaultSubaccount, name)
}

func (w *world) theParametersAreWhole(ctx context.Context, id string) error {
	for name := range w.instances {
		i, err := w.instance(ctx, name)
		if err != nil {
			return err
		}
		var p struct {
			Arrangement struct {
				Name       string `json:"communicationArrangementName"`
				Attributes []struct{ Name, Value string }
			} `json:"communicationArrangement"`
			EMS struct {
				Parameters struct {
					EmName    string `json:"emname"`
					Namespace string `json:"namespace"`
					Resources struct {
						Units string `json:"units"`
					} `json:"resources"`
				} `json:"parameters"`
			} `json:"ems"`
		}
		if err := json.Unmarshal(i.Parameters, &p); err != nil {
			return err
		}
		attributes := map[string]string{}
		for _, a := range p.Arrangement.Attributes {
			attributes[a.Name] = a.Value
		}
		want := map[string]string{
			"CHANNEL NAME": "SAP_CP_XF_" + strings.ToUpper(id), "DESCRIPTION": "Integration with Enterprise Messaging for EM Client: " + id,
			"TOPIC SPACE": "sap/S4HANAOD/" + id, "MQTT_QOS": "1", "RECONNECT ATTEMPTS": "0", "WAIT TIME": "10",
		}
		bus := p.EMS.Parameters
		if !maps.Equal(attributes, want) || p.Arrangement.Name != "SAP_CLOUD_PLATFORM_XF_"+id || bus.EmName != id || bus.Namespace != "sap/S4HANAOD/"+id || bus.Resources.Units != "10" {
			return fmt.Errorf("the parameters are %s", i.Parameters)
		}
	}
	return nil
}

func (w *world) theSubaccountHasDestination(ctx context.Context, subaccount, name string) error {
	d, err := w.operator.Destination(ctx, subaccount, name)
	if err == nil && d.MadeBy != w.instances[name] {
		err = fmt.Errorf("destination %s was made by %q, want the service instance of its name", name, d.MadeBy)
	}
	return err
}

func (w *world) theSubaccountHasNoDestination(ctx context.Context, subaccount, name string) error {
	_, err := w.operator.Destination(ctx, subaccount, name)
	return refusedBecauseOf("who looks for destination "+name, err, "destination-not-found")
}

func (w *world) theBindingHolds(ctx context.Context, name string) error {
	if err := w.operated.accepted("the developer"); err != nil {
		return err
	}
	var credentials map[string]string
	if err := json.Unmarshal(w.binding.Credentials, &credentials); err != nil {
		return err
	}
	found, err := w.lookUp(ctx, name, "")
	if err != nil {
		return err
	}
	if !maps.Equal(credentials, found.Configuration) {
		return fmt.Errorf("the binding holds %v, the destination %v", slices.Sorted(maps.Keys(credentials)), slices.Sorted(maps.Keys(found.Configuration)))
	}
	return nil
}

func (w *world) theDestinationHasProperties(ctx context.Context, name, list string) error {
	found, err := w.lookUp(ctx, name, "")
	if err != nil {
		return err
	}
	return sameNames("destination "+name+" has the properties", slices.Collect(maps.Keys(found.Configuration)), list)
}

func (w *world) thePasswordIsShownToNobody(ctx context.Context) error {
	if err := w.operated.accepted("the developer"); err != nil {
		return err
	}
	i, err := w.operator.Instance(ctx, w.binding.Instance)
	if err != nil {
		return err
	}
	if strings.Contains(plainly(i.Parameters), outboundPassword) || strings.Contains(plainly(w.binding.Credentials), outboundPassword) {
		return fmt.Errorf("the outbound password is shown: %s %s", i.Parameters, w.binding.Credentials)
	}
	if !strings.Contains(plainly(i.Parameters), `"username":"tech"`) {
		return fmt.Errorf("the parameters do not tell the outbound user: %s", i.Parameters)
	}
	return nil
}
