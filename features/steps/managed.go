package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// managedSteps are bindings, changes and lists of platforms and programs (service-apis §3 and §4).
func (w *world) managedSteps(d definitions) {
	const instance = `the service instance "([^"]*)"`
	d.Given(`^the platform has bound `+instance+` as "([^"]*)"$`, w.thePlatformHasBound)
	d.Given(`^the program has bound `+instance+` as "([^"]*)"$`, w.theProgramHasBound)

	d.When(`^the platform binds `+instance+` as "([^"]*)"(?: (.+))?$`, w.thePlatformBinds)
	d.When(`^the platform deletes the binding "([^"]*)" of `+instance+`$`, w.thePlatformUnbinds)
	d.When(`^the platform changes `+instance+` (.+)$`, w.thePlatformChanges)
	d.When(`^the platform asks what became of the order of `+instance+`$`, w.thePlatformAsks)
	d.When(`^the program asks the Service Manager about itself, without a token$`, w.theProgramAsksInfo)
	d.When(`^the program binds `+instance+` as "([^"]*)" and waits for nothing$`, w.theProgramBindsInBackground)
	d.When(`^the program reads the parameters of the service (instance|binding) "([^"]*)"$`, w.theProgramReadsParameters)
	d.When(`^the program changes `+instance+` (.+)$`, w.theProgramChanges)
	d.When(`^the program deletes the service (instance|binding) "([^"]*)"$`, w.theProgramDeletes)
	d.When(`^the program lists the service (offerings|plans|instances|bindings)$`, w.theProgramLists)

	d.Then(`^the binding "([^"]*)" of `+instance+` shows the same credentials, and its operation has succeeded$`, w.theBindingShows)
	d.Then(`^each of the list is the same alone, and has (.+)$`, w.eachIsTheSameAlone)
	d.Then(`^there is no service (instance|binding) "([^"]*)" for the program$`, w.thereIsNoneForTheProgram)
}

func (w *world) bindingPath(instance, binding string) string {
	return "/service_instances/" + instance + "/service_bindings/" + binding
}

func (w *world) thePlatformBinds(ctx context.Context, instance, binding, how string) error {
	o, err := w.order(ctx, quickService, quickPlan)
	if err != nil {
		return err
	}
	body := members{"service_id": o["service_id"], "plan_id": o["plan_id"]}
	switch how {
	case "":
	case "with another context":
		body["context"] = members{"platform": "kubernetes", "namespace": "other"}
	case "of another plan":
		body["plan_id"] = "another"
	default:
		return fmt.Errorf("the steps know no binding %s", how)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = w.toBroker(ctx, http.MethodPut, w.bindingPath(instance, binding), string(text))
	return err
}

func (w *world) thePlatformHasBound(ctx context.Context, instance, binding string) error {
	if err := w.thePlatformBinds(ctx, instance, binding, ""); err != nil {
		return err
	}
	return w.theAnswerHasStatus(http.StatusCreated, "credentials")
}

// theBindingShows holds what the binding was answered with against what is read of it.
func (w *world) theBindingShows(ctx context.Context, binding, instance string) error {
	var got, shown struct {
		Credentials struct{ ClientID, ClientSecret string }
	}
	if err := json.Unmarshal(w.heard.body, &got); err != nil {
		return err
	}
	if _, err := w.toBroker(ctx, http.MethodGet, w.bindingPath(instance, binding), ""); err != nil {
		return err
	}
	if err := w.theAnswerHasStatus(http.StatusOK, ""); err != nil {
		return err
	}
	if err := json.Unmarshal(w.heard.body, &shown); err != nil {
		return err
	}
	if got.Credentials != shown.Credentials || got.Credentials.ClientSecret == "" {
		return errors.New("the binding shows other credentials than it was answered with")
	}
	if _, err := w.toBroker(ctx, http.MethodGet, w.bindingPath(instance, binding)+"/last_operation", ""); err != nil {
		return err
	}
	return w.theAnswerHasStatus(http.StatusOK, `"state":"succeeded"`)
}

func (w *world) thePlatformUnbinds(ctx context.Context, binding, instance string) error {
	o, err := w.order(ctx, quickService, quickPlan)
	if err != nil {
		return err
	}
	path := w.bindingPath(instance, binding) + fmt.Sprintf("?service_id=%s&plan_id=%s", o["service_id"], o["plan_id"])
	_, err = w.toBroker(ctx, http.MethodDelete, path, "")
	return err
}

func (w *world) thePlatformChanges(ctx context.Context, instance, how string) error {
	o, err := w.order(ctx, quickService, quickPlan)
	if err != nil {
		return err
	}
	body := members{"service_id": o["service_id"]}
	switch how {
	case "in nothing":
	case "in its parameters":
		body["parameters"] = storedParameters
	case "without a service":
		body = members{}
	default:
		return fmt.Errorf("the steps know no change %s", how)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = w.toBroker(ctx, http.MethodPatch, "/service_instances/"+instance, string(text))
	return err
}

func (w *world) thePlatformAsks(ctx context.Context, instance string) error {
	_, err := w.toBroker(ctx, http.MethodGet, "/service_instances/"+instance+"/last_operation", "")
	return err
}

func (w *world) theProgramAsksInfo(ctx context.Context) error {
	_, err := w.ask(ctx, http.MethodGet, w.manager.ManagerURL+"/v1/info", "")
	return err
}

// storedParameters are some that the destination service takes, and has no use for.
var storedParameters = members{"version": "1.0.0"}

func (w *world) bindOverManager(ctx context.Context, instance, name, query string) error {
	text, err := json.Marshal(members{"name": name, "service_instance_id": w.manager.made[instance], "parameters": storedParameters})
	if err != nil {
		return err
	}
	_, err = w.toManager(ctx, http.MethodPost, "/v1/service_bindings"+query, string(text))
	return err
}

func (w *world) theProgramHasBound(ctx context.Context, instance, name string) error {
	if err := w.bindOverManager(ctx, instance, name, ""); err != nil {
		return err
	}
	if err := w.theAnswerHasStatus(http.StatusCreated, "credentials"); err != nil {
		return err
	}
	var made struct{ ID string }
	err := json.Unmarshal(w.heard.body, &made)
	w.manager.made[name] = made.ID
	return err
}

func (w *world) theProgramBindsInBackground(ctx context.Context, instance, name string) error {
	return w.bindOverManager(ctx, instance, name, "?async=true")
}

func (w *world) managed(kind, name string) string {
	return "/v1/service_" + kind + "s/" + w.manager.made[name]
}

func (w *world) theProgramReadsParameters(ctx context.Context, kind, name string) error {
	_, err := w.toManager(ctx, http.MethodGet, w.managed(kind, name)+"/parameters", "")
	return err
}

func (w *world) theProgramDeletes(ctx context.Context, kind, name string) error {
	_, err := w.toManager(ctx, http.MethodDelete, w.managed(kind, name), "")
	return err
}

func (w *world) thereIsNoneForTheProgram(ctx context.Context, kind, name string) error {
	if _, err := w.toManager(ctx, http.MethodGet, w.managed(kind, name), ""); err != nil {
		return err
	}
	return w.theAnswerHasStatus(http.StatusNotFound, "could not find such /v1/service_"+kind+"s")
}

func (w *world) theProgramChanges(ctx context.Context, name, how string) error {
	changes := map[string]members{
		"in its labels":     {"labels": []members{{"op": "remove", "key": "team", "values": []string{name}}, {"op": "add", "key": "team", "values": []string{"blue"}}}},
		"in its name":       {"name": "other"},
		"in its parameters": {"parameters": storedParameters},
	}
	change, known := changes[how]
	if !known {
		return fmt.Errorf("the steps know no change %s", how)
	}
	text, err := json.Marshal(change)
	if err != nil {
		return err
	}
	_, err = w.toManager(ctx, http.MethodPatch, w.managed("instance", name), string(text))
	return err
}

func (w *world) theProgramLists(ctx context.Context, kind string) error {
	_, err := w.toManager(ctx, http.MethodGet, "/v1/service_"+kind, "")
	w.manager.listed = kind
	return err
}

// eachIsTheSameAlone reads each object of the list that was read last.
func (w *world) eachIsTheSameAlone(ctx context.Context, keys string) error {
	if err := w.theAnswerHasStatus(http.StatusOK, "num_items"); err != nil {
		return err
	}
	var page struct {
		Items []map[string]any
		Count int `json:"num_items"`
	}
	if err := json.Unmarshal(w.heard.body, &page); err != nil {
		return err
	}
	if len(page.Items) == 0 || page.Count != len(page.Items) {
		return fmt.Errorf("the list has %d objects, and counts %d", len(page.Items), page.Count)
	}
	for _, one := range page.Items {
		id, _ := one["id"].(string)
		if _, err := w.toManager(ctx, http.MethodGet, "/v1/service_"+w.manager.listed+"/"+id, ""); err != nil {
			return err
		}
		if err := w.theObjectHas(keys); err != nil {
			return err
		}
		if err := w.sameAlone(one); err != nil {
			return err
		}
	}
	return nil
}
