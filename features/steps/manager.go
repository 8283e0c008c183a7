package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// toManager makes a call of the Service Manager's wire, with a token that it gets once.
func (w *world) toManager(ctx context.Context, method, path, body string) (h heard, err error) {
	if w.manager.token == "" {
		if w.manager.token, err = w.clientToken(ctx, w.manager.URL+"/oauth/token", w.manager.ID, w.manager.Secret); err != nil {
			return h, err
		}
	}
	return w.ask(ctx, method, w.manager.ManagerURL+path, body, "Authorization", "Bearer "+w.manager.token)
}

func newInstance(name string) (string, error) {
	text, err := json.Marshal(members{
		"name": name, "service_offering_name": quickService, "service_plan_name": quickPlan, "parameters": storedParameters, "labels": members{"team": []string{name}},
	})
	return string(text), err
}

func (w *world) theProgramHasCreated(ctx context.Context, list string) error {
	for _, name := range names(list) {
		body, err := newInstance(name)
		if err != nil {
			return err
		}
		if _, err := w.toManager(ctx, http.MethodPost, "/v1/service_instances", body); err != nil {
			return err
		}
		if err := w.theAnswerHasStatus(http.StatusCreated, name); err != nil {
			return err
		}
		var made struct{ ID string }
		if err := json.Unmarshal(w.heard.body, &made); err != nil {
			return err
		}
		w.manager.made[name] = made.ID
	}
	return nil
}

func (w *world) theProgramCreatesInBackground(ctx context.Context, name string) error {
	body, err := newInstance(name)
	if err == nil {
		_, err = w.toManager(ctx, http.MethodPost, "/v1/service_instances?async=true", body)
	}
	return err
}

func (w *world) theOperationHasSucceeded(ctx context.Context) error {
	at := w.heard.header.Get("Location")
	if !strings.HasPrefix(at, "/v1/service_instances/") && !strings.HasPrefix(at, "/v1/service_bindings/") || len(w.heard.body) > 0 {
		return fmt.Errorf("the header Location is %q, and the body has %d bytes; want a path, and no body", at, len(w.heard.body))
	}
	if _, err := w.toManager(ctx, http.MethodGet, at, ""); err != nil {
		return err
	}
	return w.theAnswerHasStatus(http.StatusOK, `"state":"succeeded"`)
}

func (w *world) theProgramReads(ctx context.Context, name string) error {
	_, err := w.toManager(ctx, http.MethodGet, "/v1/service_instances/"+w.manager.made[name], "")
	return err
}

func (w *world) theObjectHas(list string) error {
	var object members
	if err := json.Unmarshal(w.heard.body, &object); err != nil {
		return err
	}
	for _, key := range names(list) {
		if object[key] == nil {
			return fmt.Errorf("the object %.500s has no %s", w.heard.body, key)
		}
	}
	return nil
}

func (w *world) theProgramAsksByField(ctx context.Context, query string) error {
	_, err := w.toManager(ctx, http.MethodGet, "/v1/service_instances?fieldQuery="+url.QueryEscape(query), "")
	return err
}

func (w *world) theProgramAsksByLabel(ctx context.Context, query string) error {
	_, err := w.toManager(ctx, http.MethodGet, "/v1/service_instances?labelQuery="+url.QueryEscape(query), "")
	return err
}

func (w *world) theProgramFinds(list string) error {
	if err := w.theAnswerHasStatus(http.StatusOK, "items"); err != nil {
		return err
	}
	var page struct{ Items []struct{ Name string } }
	if err := json.Unmarshal(w.heard.body, &page); err != nil {
		return err
	}
	var found []string
	for _, one := range page.Items {
		found = append(found, one.Name)
	}
	return sameNames("the program finds", found, list)
}

// theProgramAsksForToken does so at the token endpoint, with what its binding says.
func (w *world) theProgramAsksForToken(ctx context.Context, how string) error {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {w.manager.ID}, "client_secret": {w.manager.Secret}}
	switch how {
	case "":
	case "with another secret":
		form.Set("client_secret", "open sesame")
	case "by a grant that there is not":
		form.Set("grant_type", "authorization_code")
	case "for a scope that it does not have":
		form.Set("scope", "everything")
	case "without a grant":
		form.Del("grant_type")
	case "for a user with another password":
		form.Set("grant_type", "password")
		form.Set("username", "nobody@acme.example")
		form.Set("password", "open sesame")
	default:
		return fmt.Errorf("the steps know no request for a token %s", how)
	}
	_, err := w.ask(ctx, http.MethodPost, w.manager.URL+"/oauth/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	return err
}

func (w *world) theTokenIsOfTheProgram(subaccount string) error {
	var answer struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Seconds int    `json:"expires_in"`
	}
	if err := json.Unmarshal(w.heard.body, &answer); err != nil {
		return err
	}
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(answer.Token, claims); err != nil {
		return errors.New("the token is no JWT") // the cause might quote it
	}
	for name, want := range map[string]any{
		"zid": subaccount, "cid": w.manager.ID, "client_id": w.manager.ID, "azp": w.manager.ID, "grant_type": "client_credentials",
	} {
		if claims[name] != want {
			return fmt.Errorf("the claim %s is %v, want %v", name, claims[name], want)
		}
	}
	extra, _ := claims["ext_attr"].(map[string]any)
	if extra["enhancer"] != "XSUAA" || !strings.EqualFold(answer.Type, "bearer") || answer.Seconds <= 0 || w.heard.header.Get("Cache-Control") != "no-store" {
		return fmt.Errorf("ext_attr is %v, the type %q, for %d seconds, Cache-Control %q", extra, answer.Type, answer.Seconds, w.heard.header.Get("Cache-Control"))
	}
	return nil
}
