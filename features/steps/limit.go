package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pairsim/pairsim/btpclient"
)

// limitSteps are about how many there may be, and what a runtime is given of an application.
func (w *world) limitSteps(d definitions) {
	d.Given(`^the operator has created the formation "([^"]*)" with all systems but "([^"]*)"$`, w.theOperatorHasCreatedWithAllBut)
	d.Given(`^the operator has given subaccount "([^"]*)" the plan "([^"]*)" for "([^"]*)", for (\d+) instances?$`, w.theOperatorHasGivenQuota)

	d.When(`^the operator reads the manifests of "([^"]*)" in subaccount "([^"]*)"$`, w.theOperatorReadsManifests)

	d.Then(`^there is an Application with the API "([^"]*)", whose credentials are in a Secret with (.+)$`, w.thereIsAnApplication)
}

func (w *world) theOperatorHasCreatedWithAllBut(ctx context.Context, name, last string) error {
	n := btpclient.NewFormation{Name: name, Type: w.usualType(), Subaccount: defaultSubaccount}
	for _, s := range w.systems {
		if s.name != last {
			n.Systems = append(n.Systems, s.id)
		}
	}
	if err := w.createFormation(ctx, defaultAccount, n); err != nil {
		return err
	}
	return w.operated.err
}

func (w *world) theOperatorHasGivenQuota(ctx context.Context, subaccount, plan, name string, quota int) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	_, err = w.operator.AssignEntitlement(ctx, subaccount, btpclient.NewEntitlement{System: s.id, Plan: plan, Quota: quota})
	return err
}

func (w *world) theOperatorReadsManifests(ctx context.Context, name, subaccount string) error {
	application, err := w.applicationName(ctx, name)
	if err != nil {
		return err
	}
	text, err := w.operator.RuntimeManifests(ctx, subaccount, application)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &w.manifests)
}

// manifest is what Kyma reads of the resources (pairing-protocols §2.7, sap-domain §15.3).
type manifest struct {
	APIVersion, Kind string
	Metadata         struct{ Name string }
	Data             map[string][]byte // of a Secret, base64
	Spec             struct {
		Services []struct {
			DisplayName string
			Entries     []struct {
				Type        string
				Credentials struct{ SecretName string }
			}
		}
	}
}

func (w *world) thereIsAnApplication(api, keys string) error {
	var secret string
	for _, m := range w.manifests.Items {
		for _, s := range m.Spec.Services {
			if m.Kind == "Application" && m.APIVersion == "applicationconnector.kyma-project.io/v1alpha1" && s.DisplayName == api && len(s.Entries) == 1 {
				secret = s.Entries[0].Credentials.SecretName
			}
		}
	}
	if secret == "" {
		return errors.New("there is no Application with this API and credentials")
	}
	at := slices.IndexFunc(w.manifests.Items, func(m manifest) bool { return m.Kind == "Secret" && m.Metadata.Name == secret })
	if at < 0 {
		return fmt.Errorf("there is no Secret %s, which the Application names", secret)
	}
	var has []string
	for key, value := range w.manifests.Items[at].Data {
		has = append(has, key+"="+string(value))
	}
	return sameNames("the Secret has", has, keys)
}
