package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// productSteps are what clients of a product's own APIs do and see.
func (w *world) productSteps(d definitions) {
	d.When(`^a client of the API "([^"]*)" of tenant "([^"]*)" creates (a customer|a product|an account|a ticket|a service call|an activity|a contact|an interaction)( without a CSRF token)?$`, w.aClientCreates)
	d.When(`^a client of the API "([^"]*)" of tenant "([^"]*)" comes with wrong credentials$`, w.aClientComesWithWrongCredentials)
	d.When(`^the client changes it$`, w.theClientChangesIt)
	d.When(`^the client deletes it$`, w.theClientDeletesIt)

	d.Then(`^the client can read it$`, w.theClientCanReadIt)
	d.Then(`^the client reads the change$`, w.theClientReadsTheChange)
	d.Then(`^the client cannot read it any more$`, w.theClientCannotReadIt)
	d.Then(`^the client is refused as unauthenticated$`, w.theClientIsUnauthenticated)
	d.Then(`^the client is told that a CSRF token is required$`, w.theClientNeedsCSRF)
	d.Then(`^the registry receives an event from "([^"]*)"$`, w.theRegistryReceivesAnEvent)
	d.Then(`^the registry receives no event$`, w.theRegistryReceivesNoEvent)
}

// object is a business object of a product's API, and how its clients work with it.
type object struct {
	collection, body string // what is created, and where
	changed, text    string // a change, and what can be read of it
	query            string // that every request needs
	// at is where the created object is, from the answer to its creation.
	at func(location string, answer map[string]any) string
}

// byLocation is where OData says that the entity is.
func byLocation(location string, _ map[string]any) string { return location }

func byID(key string) func(string, map[string]any) string {
	return func(_ string, answer map[string]any) string {
		data, _ := answer["data"].([]any)
		if len(data) == 0 {
			return ""
		}
		datum, _ := data[0].(map[string]any)
		one, _ := datum[key].(map[string]any)
		return fmt.Sprint("/", one["id"])
	}
}

var objects = map[string]object{
	"a customer": {
		"/electronics/users", `{"uid":"eva@shop.test","firstName":"Eva","lastName":"Moser","password":"throw-away"}`, `{"lastName":"Lind"}`, "Lind", "",
		func(_ string, answer map[string]any) string { return fmt.Sprint("/electronics/users/", answer["uid"]) },
	},
	"a product":  {"/Products", `{"code":"77","name":"Tripod"}`, `{"name":"Tripod, black"}`, "Tripod, black", "", byLocation},
	"an account": {"/CorporateAccountCollection", `{"Name":"Acme"}`, `{"City":"Bonn"}`, "Bonn", "", byLocation},
	"a ticket":   {"/ServiceRequestCollection", `{"Name":"Broken","BuyerPartyID":"1000001"}`, `{"ServicePriorityCode":"1"}`, "Immediate", "", byLocation},
	"a service call": {
		"", `{"subject":"Door jammed"}`, `{"statusCode":"-1"}`, "Technically complete", "?dtos=ServiceCall.27&forceUpdate=true&forceDelete=true", byID("serviceCall"),
	},
	"an activity": {"", `{"subject":"Visit"}`, `{"status":"OPEN"}`, "EXECUTION", "?dtos=Activity.43&forceUpdate=true&forceDelete=true", byID("activity")},
	"a contact": {
		"/ContactOriginData", `{"ContactID":"eva@shop.test","ContactOrigin":"EMAIL","FirstName":"Eva"}`, `{"LastName":"Lind"}`, "Eva Lind", "", byLocation,
	},
	"a campaign": {"/Campaigns", `{"CampaignName":"Spring"}`, `{"CampaignDescription":"Skis"}`, "Skis", "", byLocation},
	"an interaction": {
		"/Interactions", `{"InteractionContactId":"eva@shop.test","InteractionContactOrigin":"EMAIL","InteractionType":"WEB_VISIT","CommunicationMedium":"WEB"}`,
		`{"InteractionSubject":"Skis"}`, "Skis", "", byLocation,
	},
}

// apiClient is a client of a product's API.
type apiClient struct {
	web    *http.Client
	api    btpclient.TenantAPI
	object object
	at     string // URL of the object that it created
	token  string // access token
	csrf   string
	status int // of its latest request
	header http.Header
	text   string
}

func (w *world) apiClient(ctx context.Context, identifier, tenant string) (*apiClient, error) {
	if err := w.open(ctx); err != nil {
		return nil, err
	}
	apis, err := w.tenants.APIs(ctx, tenant)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	for _, a := range apis {
		if a.Identifier == identifier {
			return &apiClient{web: &http.Client{Transport: w.web.Transport, Jar: jar}, api: a}, nil
		}
	}
	return nil, fmt.Errorf("tenant %s has no API %q", tenant, identifier)
}

// do sends a request; what came of it is in the client.
func (c *apiClient) do(ctx context.Context, method, target, body string, headers ...string) error {
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	switch {
	case c.token != "":
		req.Header.Set("Authorization", "Bearer "+c.token)
	case c.api.Basic != nil:
		req.SetBasicAuth(c.api.Basic.Username, c.api.Basic.Password)
	}
	if c.csrf != "" {
		req.Header.Set("X-CSRF-Token", c.csrf)
	}
	resp, err := c.web.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	c.status, c.header, c.text = resp.StatusCode, resp.Header, string(text)
	return err
}

func (c *apiClient) succeeded(what string) error {
	if c.status/100 != 2 {
		return fmt.Errorf("%s: got %d %s", what, c.status, c.text)
	}
	return nil
}

// signIn gets what the API asks for beside the password.
func (c *apiClient) signIn(ctx context.Context) error {
	if o := c.api.OAuth; o != nil {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {o.ClientID}, "client_secret": {o.ClientSecret}}
		err := c.do(ctx, http.MethodPost, o.TokenURL, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		if err != nil {
			return err
		}
		var answer struct {
			AccessToken string `json:"access_token"`
		}
		err = json.Unmarshal([]byte(c.text), &answer)
		c.token = answer.AccessToken
		return errors.Join(err, c.succeeded("the token endpoint"))
	}
	if c.api.CSRF {
		if err := c.do(ctx, http.MethodGet, c.api.TargetURL+"/", "", "X-CSRF-Token", "Fetch"); err != nil {
			return err
		}
		c.csrf = c.header.Get("X-CSRF-Token")
		return c.succeeded("fetching a CSRF token")
	}
	return nil
}

func (w *world) aClientCreates(ctx context.Context, identifier, tenant, kind, without string) error {
	c, err := w.apiClient(ctx, identifier, tenant)
	if err != nil {
		return err
	}
	known := false
	if c.object, known = objects[kind]; !known {
		return fmt.Errorf("there is no object %q", kind)
	}
	if w.product = c; without == "" {
		if err := c.signIn(ctx); err != nil {
			return err
		}
	}
	if err := c.do(ctx, http.MethodPost, c.api.TargetURL+c.object.collection+c.object.query, c.object.body); err != nil || without != "" {
		return err
	}
	var answer map[string]any
	if err := errors.Join(c.succeeded("creating "+kind), json.Unmarshal([]byte(c.text), &answer)); err != nil {
		return err
	}
	if c.at = c.object.at(c.header.Get("Location"), answer); strings.HasPrefix(c.at, "/") {
		c.at = c.api.TargetURL + c.at
	}
	c.at += c.object.query
	return nil
}

func (w *world) aClientComesWithWrongCredentials(ctx context.Context, identifier, tenant string) error {
	c, err := w.apiClient(ctx, identifier, tenant)
	if err != nil {
		return err
	}
	if w.product = c; c.api.Basic != nil {
		c.api.Basic.Password = "wrong"
	} else {
		c.token = "wrong"
	}
	return c.do(ctx, http.MethodGet, c.api.TargetURL+"/", "")
}

func (w *world) theClientChangesIt(ctx context.Context) error {
	if err := w.product.do(ctx, http.MethodPatch, w.product.at, w.product.object.changed); err != nil {
		return err
	}
	return w.product.succeeded("the change")
}

func (w *world) theClientDeletesIt(ctx context.Context) error {
	if err := w.product.do(ctx, http.MethodDelete, w.product.at, ""); err != nil {
		return err
	}
	return w.product.succeeded("the deletion")
}

func (w *world) theClientCanReadIt(ctx context.Context) error {
	at := reading(w.product.at)
	if err := w.product.do(ctx, http.MethodGet, at, ""); err != nil {
		return err
	}
	return w.product.succeeded("reading " + at)
}

// reading is a URL without what only changes need.
func reading(at string) string {
	return strings.NewReplacer("&forceUpdate=true", "", "&forceDelete=true", "").Replace(at)
}

func (w *world) theClientReadsTheChange(ctx context.Context) error {
	if err := w.theClientCanReadIt(ctx); err != nil {
		return err
	}
	if c := w.product; !strings.Contains(c.text, `"`+c.object.text+`"`) {
		return fmt.Errorf("got %s, want %q in it", c.text, c.object.text)
	}
	return nil
}

func (w *world) theClientCannotReadIt(ctx context.Context) error {
	if err := w.theClientCanReadIt(ctx); err == nil {
		return fmt.Errorf("got %s, want it gone", w.product.text)
	}
	if s := w.product.status; s != http.StatusNotFound && s != http.StatusBadRequest { // OCC answers 400
		return fmt.Errorf("got %d %s, want it not found", s, w.product.text)
	}
	return nil
}

func (w *world) theClientIsUnauthenticated() error {
	if c := w.product; c.status != http.StatusUnauthorized || c.header.Get("WWW-Authenticate") == "" {
		return fmt.Errorf("got %d, WWW-Authenticate %q, want 401 and how to come in", c.status, c.header.Get("WWW-Authenticate"))
	}
	return nil
}

func (w *world) theClientNeedsCSRF() error {
	if c := w.product; c.status != http.StatusForbidden || !strings.EqualFold(c.header.Get("X-CSRF-Token"), "required") {
		return fmt.Errorf("got %d, X-CSRF-Token %q, want 403 and required", c.status, c.header.Get("X-CSRF-Token"))
	}
	return nil
}

// eventPatience is how long an event may take to arrive, in real time.
const eventPatience = 30 * time.Second

// theRegistryReceivesAnEvent waits: a change does not wait for its event.
func (w *world) theRegistryReceivesAnEvent(ctx context.Context, name string) error {
	s, err := w.operator.SystemNamed(ctx, "default", name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, eventPatience)
	defer cancel()
	for entry, err := range w.control.FollowJournal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "request"}}) {
		if err != nil {
			return err
		}
		if event(entry) && entry.Status == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("the registry has received no event from %q (%s)", name, s.ID)
}

func event(e btpclient.JournalEntry) bool {
	return e.Method == http.MethodPost && strings.HasSuffix(e.Path, "/v1/events")
}

func (w *world) theRegistryReceivesNoEvent(ctx context.Context) error {
	entries, err := w.journal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "request"}})
	if err != nil {
		return err
	}
	for _, e := range entries {
		if event(e) {
			return fmt.Errorf("the registry has received an event: %s %s", e.Method, e.Path)
		}
	}
	return nil
}
