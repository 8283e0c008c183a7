package steps

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/btpclient"
)

// platformSteps are programs that order services over the Open Service Broker's wire and
// the Service Manager's, with what a binding of the Service Manager gives (service-apis §1, §3 and §4).
func (w *world) platformSteps(d definitions) {
	d.Given(`^a program with a binding of the Service Manager of subaccount "([^"]*)"$`, w.aProgramOfTheManager)
	d.Given(`^the platform has ordered the service instance "([^"]*)"$`, w.thePlatformHasOrdered)
	d.Given(`^the program has created the service instances (.+)$`, w.theProgramHasCreated)

	d.When(`^the platform reads the catalogue(?: (with .+))?$`, w.thePlatformReadsCatalogue)
	d.When(`^the platform orders the service instance "([^"]*)"(?: (.+))?$`, w.thePlatformOrders)
	d.When(`^the platform deletes the service instance "([^"]*)"$`, w.thePlatformDeletes)
	d.When(`^the program creates the service instance "([^"]*)" and waits for nothing$`, w.theProgramCreatesInBackground)
	d.When(`^the program reads the service instance "([^"]*)"$`, w.theProgramReads)
	d.When(`^the program asks for instances by "([^"]*)"$`, w.theProgramAsksByField)
	d.When(`^the program asks for instances by the label "([^"]*)"$`, w.theProgramAsksByLabel)
	d.When(`^the program asks the token service for a token(?: (.+))?$`, w.theProgramAsksForToken)

	d.Then(`^the answer has status (\d+)(?: and says "([^"]*)")?$`, w.theAnswerHasStatus)
	d.Then(`^the catalogue has (the|no) service "([^"]*)"$`, w.theCatalogueHas)
	d.Then(`^the catalogue's service "([^"]*)" has the plan "([^"]*)", with a schema that asks for "([^"]*)"$`, w.theCatalogueHasSchema)
	d.Then(`^the broker knows no service instance "([^"]*)"$`, w.theBrokerKnowsNone)
	d.Then(`^the address of its operation is a path, where the operation has succeeded$`, w.theOperationHasSucceeded)
	d.Then(`^the object has (.+)$`, w.theObjectHas)
	d.Then(`^the program finds (.+)$`, w.theProgramFinds)
	d.Then(`^the token is of the program, in the zone of subaccount "([^"]*)"$`, w.theTokenIsOfTheProgram)
}

// heard is what somebody was answered who has no client library of ours.
type heard struct {
	status int
	header http.Header
	body   []byte
}

// ask makes a call with headers, name by name; a body is JSON unless they say otherwise.
func (w *world) ask(ctx context.Context, method, address, body string, header ...string) (h heard, err error) {
	if err := w.open(ctx); err != nil {
		return h, err
	}
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return h, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	client := http.Client{Transport: w.web.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		return h, err
	}
	defer answer.Body.Close()
	h.status, h.header = answer.StatusCode, answer.Header
	h.body, err = io.ReadAll(io.LimitReader(answer.Body, maxWireAnswer))
	w.heard = h
	return h, err
}

// operate makes a call of the registry that the client library of ours has no name for,
// and notes how it ended for the operator.
func (w *world) operate(ctx context.Context, method, path string, body members, into any) error {
	text := ""
	if body != nil {
		sent, err := json.Marshal(body)
		if err != nil {
			return err
		}
		text = string(sent)
	}
	h, err := w.ask(ctx, method, w.landscape.HTTP()+"/api/v1"+path, text)
	if err != nil {
		return err
	}
	if w.operated = ended(h.refused()); w.operated.err != nil || into == nil || len(h.body) == 0 {
		return nil
	}
	return json.Unmarshal(h.body, into)
}

// refused is the refusal of one of pairsim's own APIs, as its client library would tell it.
func (h heard) refused() error {
	if h.status/100 == 2 {
		return nil
	}
	p := btpclient.Problem{Status: h.status}
	if err := json.Unmarshal(h.body, &p); err != nil {
		return fmt.Errorf("got status %d, and %w", h.status, err)
	}
	p.Code = strings.TrimPrefix(p.Type, "urn:pairsim:problem:")
	return &p
}

// theAnswerHasStatus reads the latest answer, whose text holds what it says.
func (w *world) theAnswerHasStatus(status int, text string) error {
	switch h := w.heard; {
	case h.status == 0:
		return errors.New("nobody has asked for anything")
	case h.status != status:
		return fmt.Errorf("the answer has status %d, want %d: %.300s", h.status, status, h.body)
	case !strings.Contains(plainly(h.body), text):
		return fmt.Errorf("the answer says %.500s, want %q in it", h.body, text)
	}
	return nil
}

// plainly is JSON without blanks and escapes that need not be (S-04), other text as it is.
func plainly(text []byte) string {
	var said any
	if err := json.Unmarshal(text, &said); err != nil {
		return string(text)
	}
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	if err := e.Encode(said); err != nil {
		return string(text)
	}
	return plain.String()
}

// sameAlone holds an object of a list against the latest answer, in what is promised of both.
func (w *world) sameAlone(listed map[string]any) error {
	if err := w.theAnswerHasStatus(http.StatusOK, ""); err != nil {
		return err
	}
	var alone map[string]any
	if err := json.Unmarshal(w.heard.body, &alone); err != nil {
		return err
	}
	if !reflect.DeepEqual(promised(listed), promised(alone)) {
		return fmt.Errorf("the object is %v in the list, and %v alone", listed, alone)
	}
	return nil
}

// platform is a program that orders services with the credentials of a binding.
type platform struct {
	ID         string `json:"clientid"`
	Secret     string `json:"clientsecret"`
	URL        string `json:"url"`
	ManagerURL string `json:"sm_url"`
	subaccount string
	token      string
	made       map[string]string // ids of its instances and bindings, by name
	listed     string            // what it has listed last
}

func (w *world) aProgramOfTheManager(ctx context.Context, subaccount string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	i, err := w.operator.CreateInstance(ctx, subaccount, btpclient.NewInstance{Name: "the program", Offering: "service-manager", Plan: "subaccount-admin"})
	if err != nil {
		return err
	}
	b, err := w.operator.Bind(ctx, i.ID, btpclient.NewBinding{Name: "program"})
	if err != nil {
		return err
	}
	w.manager = platform{subaccount: subaccount, made: map[string]string{}}
	return json.Unmarshal(b.Credentials, &w.manager)
}

func basicOf(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// toBroker makes a call of the Open Service Broker's wire, as a good platform does.
func (w *world) toBroker(ctx context.Context, method, path, body string, header ...string) (heard, error) {
	usual := []string{"X-Broker-API-Version", "2.17", "Authorization", basicOf(w.manager.ID, w.manager.Secret)}
	return w.ask(ctx, method, w.landscape.HTTP()+"/broker/v2"+path, body, append(usual, header...)...)
}

// slips are what a platform can do wrong with every call.
var slips = map[string][]string{
	"":                               nil,
	"with a version that is too old": {"X-Broker-API-Version", "2.13"},
	"with another password":          {"Authorization", basicOf("me", "open sesame")},
}

func (w *world) thePlatformReadsCatalogue(ctx context.Context, how string) error {
	header, known := slips[how]
	if !known {
		return fmt.Errorf("the steps know no platform %s", how)
	}
	_, err := w.toBroker(ctx, http.MethodGet, "/catalog", "", header...)
	return err
}

// catalogued is a service of the Open Service Broker's catalogue.
type catalogued struct {
	ID, Name string
	Plans    []struct {
		ID, Name string
		Schemas  struct {
			Instance struct {
				Create struct{ Parameters struct{ Required []string } }
			} `json:"service_instance"`
		}
	}
}

// service finds a service of the catalogue that was read; nil: there is none.
func (w *world) service(name string) (*catalogued, error) {
	var list struct{ Services []catalogued }
	if err := json.Unmarshal(w.heard.body, &list); err != nil {
		return nil, err
	}
	for i, s := range list.Services {
		if s.ID == "" || len(s.Plans) == 0 {
			return nil, fmt.Errorf("the service %q has no id or no plan", s.Name)
		}
		if s.Name == name {
			return &list.Services[i], nil
		}
	}
	return nil, nil
}

func (w *world) theCatalogueHas(has, name string) error {
	if err := w.theAnswerHasStatus(http.StatusOK, "services"); err != nil {
		return err
	}
	s, err := w.service(name)
	if err == nil && (s != nil) != (has == "the") {
		err = fmt.Errorf("the catalogue has the service %s: %t", name, s != nil)
	}
	return err
}

func (w *world) theCatalogueHasSchema(name, plan, parameter string) error {
	if err := w.theCatalogueHas("the", name); err != nil {
		return err
	}
	s, err := w.service(name)
	if err != nil {
		return err
	}
	for _, p := range s.Plans {
		if p.Name == plan && slices.Contains(p.Schemas.Instance.Create.Parameters.Required, parameter) {
			return nil
		}
	}
	return fmt.Errorf("the service has %+v, want the plan %s whose schema asks for %s", s.Plans, plan, parameter)
}

// order finds the ids of a plan in the catalogue, and describes an instance of it.
func (w *world) order(ctx context.Context, service, plan string) (members, error) {
	if err := w.thePlatformReadsCatalogue(ctx, ""); err != nil {
		return nil, err
	}
	s, err := w.service(service)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, fmt.Errorf("the catalogue has no service %s", service)
	}
	for _, p := range s.Plans {
		if p.Name == plan {
			return members{"service_id": s.ID, "plan_id": p.ID, "organization_guid": "org", "space_guid": "space"}, nil
		}
	}
	return nil, fmt.Errorf("the service %s has no plan %s", service, plan)
}

// The plan of a service that is there at once, and the one that takes its time.
const (
	quickService, quickPlan = "destination", "lite"
	slowService, slowPlan   = extensibility, "api-access"
)

func (w *world) thePlatformHasOrdered(ctx context.Context, id string) error {
	if err := w.thePlatformOrders(ctx, id, ""); err != nil {
		return err
	}
	return w.theAnswerHasStatus(http.StatusCreated, "")
}

func (w *world) thePlatformOrders(ctx context.Context, id, how string) error {
	service, plan := quickService, quickPlan
	if how == "of a plan that takes its time, and does not accept that" {
		service, plan = slowService, slowPlan
	}
	o, err := w.order(ctx, service, plan)
	if err != nil {
		return err
	}
	switch how {
	case "", "of a plan that takes its time, and does not accept that":
	case "without a service":
		o = o.without("service_id")
	case "of a plan that is not in the catalogue":
		o = o.with(members{"plan_id": "none"})
	case "with other parameters":
		o = o.with(members{"context": members{"platform": "kubernetes", "namespace": "other"}})
	default:
		return fmt.Errorf("the steps know no order %s", how)
	}
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	_, err = w.toBroker(ctx, http.MethodPut, "/service_instances/"+id, string(text))
	return err
}

func (w *world) thePlatformDeletes(ctx context.Context, id string) error {
	o, err := w.order(ctx, quickService, quickPlan)
	if err != nil {
		return err
	}
	_, err = w.toBroker(ctx, http.MethodDelete, fmt.Sprintf("/service_instances/%s?service_id=%s&plan_id=%s", id, o["service_id"], o["plan_id"]), "")
	return err
}

func (w *world) theBrokerKnowsNone(ctx context.Context, id string) error {
	if _, err := w.toBroker(ctx, http.MethodGet, "/service_instances/"+id, ""); err != nil {
		return err
	}
	return w.theAnswerHasStatus(http.StatusNotFound, "")
}
