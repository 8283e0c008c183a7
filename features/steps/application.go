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
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// applicationSteps are what an extension application does with what its subaccount
// has, and the tenant's administrator for it.
func (w *world) applicationSteps(d definitions) {
	d.Given(`^the administrator of tenant "([^"]*)" has bound the topic "([^"]*)" to the channel$`, w.theAdministratorHasBoundTopic)
	d.Given(`^the administrator of tenant "([^"]*)" has (enabled|disabled) the scenario "([^"]*)"$`, w.theAdministratorHasSwitched)
	d.Given(`^the administrator of tenant "([^"]*)" has made the scenario "([^"]*)" for the API "([^"]*)"$`, w.theAdministratorHasMadeScenario)
	d.Given(`^an application listens to "([^"]*)" with the queue "([^"]*)"$`, w.anApplicationListens)

	d.When(`^an extension changes a contact through the destination "([^"]*)" (with|without) a CSRF token$`, w.anExtensionChangesAContact)
	d.When(`^(a contact|a campaign) of tenant "([^"]*)" is changed$`, w.anObjectIsChanged)

	d.Then(`^an extension reads contacts through the destination "([^"]*)"$`, w.anExtensionReadsContacts)
	d.Then(`^the extension reads contacts with what it knows$`, w.theExtensionReadsContacts)
	d.Then(`^the extension cannot read contacts with what it knows$`, w.theExtensionCannotReadContacts)
	d.Then(`^an extension is refused by "([^"]*)" through the destination "([^"]*)"$`, w.anExtensionIsRefusedBy)
	d.Then(`^the tenant takes the change$`, w.theTenantTakesTheChange)
	d.Then(`^the tenant asks for a CSRF token$`, w.theTenantAsksForCSRF)
	d.Then(`^the tenant "([^"]*)" has no communication arrangement$`, w.theTenantHasNoArrangement)
	d.Then(`^the tenant "([^"]*)" has the communication arrangement "([^"]*)" of scenario "([^"]*)"$`, w.theTenantHasArrangement)
	d.Then(`^the application receives an event of type "([^"]*)"$`, w.theApplicationReceives)
	d.Then(`^the application receives no event$`, w.theApplicationReceivesNone)
	d.Then(`^the extension is called with (its user and password|an access token|no credentials)$`, w.theExtensionIsCalled)
	d.Then(`^the extension is not called$`, w.theExtensionIsNotCalled)
}

// soon is how long, in real time, a step waits for what comes by itself.
const soon = 30 * time.Second

// eventually asks again and again, for a while, until happened says yes.
func eventually(ctx context.Context, what string, happened func() (bool, error)) error {
	bounded, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		yes, err := happened()
		if err != nil || yes {
			return err
		}
		select {
		case <-bounded.Done():
			return errors.New("in vain the scenario waited until " + what)
		case <-again.C:
		}
	}
}

const contactsPath = "/sap/opu/odata/sap/API_MKT_CONTACT_SRV"

// lookUp looks a destination up for a user, "" for none.
func (w *world) lookUp(ctx context.Context, name, user string) (btpclient.FoundDestination, error) {
	if err := w.anExtensionLooksUpFor(ctx, name, user); err != nil {
		return btpclient.FoundDestination{}, err
	}
	return w.foundDestination()
}

// destinationCaller calls what a destination leads to, as the destination says.
type destinationCaller struct {
	web  *http.Client
	of   btpclient.FoundDestination
	csrf string
}

func (w *world) caller(of btpclient.FoundDestination) (*destinationCaller, error) {
	jar, err := cookiejar.New(nil)
	return &destinationCaller{web: &http.Client{Transport: w.web.Transport, Jar: jar}, of: of}, err
}

// do makes a call; path is one of the target, or a whole URL.
func (t *destinationCaller) do(ctx context.Context, method, path, body string, headers ...string) (*http.Response, string, error) {
	if strings.HasPrefix(path, "/") {
		path = t.of.Configuration["URL"] + path
	}
	req, err := http.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Accept", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if c := t.of.Configuration; c["Authentication"] == "BasicAuthentication" {
		req.SetBasicAuth(c["User"], c["Password"])
	}
	for _, token := range t.of.Tokens {
		if token.Header != nil {
			req.Header.Set(token.Header.Key, token.Header.Value)
		}
	}
	res, err := t.web.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res, string(text), err
}

// contact is a contact as the tenant's API shows it.
type contact struct {
	Metadata struct {
		URI  string `json:"uri"`
		ETag string `json:"etag"`
	} `json:"__metadata"`
	ID string `json:"ContactID"`
}

// contacts reads some.
func (t *destinationCaller) contacts(ctx context.Context) ([]contact, error) {
	res, text, err := t.do(ctx, http.MethodGet, contactsPath+"/ContactOriginData?$top=2&$format=json", "", "X-CSRF-Token", "Fetch")
	if err != nil {
		return nil, err
	}
	var answer struct {
		D struct {
			Results []contact `json:"results"`
		} `json:"d"`
	}
	t.csrf = res.Header.Get("X-CSRF-Token")
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("reading contacts: got %s %s", res.Status, text)
	}
	err = json.Unmarshal([]byte(text), &answer)
	if err == nil && len(answer.D.Results) == 0 {
		err = fmt.Errorf("there are no contacts in %s", text)
	}
	return answer.D.Results, err
}

func (w *world) anExtensionReadsContacts(ctx context.Context, name string) error {
	found, err := w.lookUp(ctx, name, "")
	if err != nil {
		return err
	}
	return w.readContacts(ctx, found)
}

func (w *world) readContacts(ctx context.Context, found btpclient.FoundDestination) error {
	t, err := w.caller(found)
	if err == nil {
		_, err = t.contacts(ctx)
	}
	return err
}

func (w *world) theExtensionReadsContacts(ctx context.Context) error {
	found, err := w.foundDestination()
	if err != nil {
		return err
	}
	return w.readContacts(ctx, found)
}

func (w *world) theExtensionCannotReadContacts(ctx context.Context) error {
	found, err := w.foundDestination()
	if err != nil {
		return err
	}
	return w.refusedAt(ctx, found, contactsPath+"/ContactOriginData", http.StatusUnauthorized)
}

func (w *world) refusedAt(ctx context.Context, found btpclient.FoundDestination, path string, want int) error {
	t, err := w.caller(found)
	if err != nil {
		return err
	}
	res, text, err := t.do(ctx, http.MethodGet, path, "")
	if err == nil && res.StatusCode != want {
		err = fmt.Errorf("%s answered %s %.200s, want %d", path, res.Status, text, want)
	}
	return err
}

func (w *world) anExtensionIsRefusedBy(ctx context.Context, path, name string) error {
	found, err := w.lookUp(ctx, name, "")
	if err != nil {
		return err
	}
	return w.refusedAt(ctx, found, path+"/Campaigns", http.StatusForbidden)
}

func (w *world) anExtensionChangesAContact(ctx context.Context, name, with string) error {
	found, err := w.lookUp(ctx, name, "")
	if err != nil {
		return err
	}
	t, err := w.caller(found)
	if err != nil {
		return err
	}
	list, err := t.contacts(ctx)
	if err != nil {
		return err
	}
	headers := []string{"Content-Type", "application/json", "If-Match", list[0].Metadata.ETag}
	if with == "with" {
		headers = append(headers, "X-CSRF-Token", t.csrf)
	}
	res, text, err := t.do(ctx, "MERGE", list[0].Metadata.URI, `{"CityName":"Bonn"}`, headers...)
	w.program.answered, w.program.said = res, text
	return err
}

func (w *world) theTenantTakesTheChange() error {
	if a := w.program; a.answered == nil || a.answered.StatusCode/100 != 2 {
		return fmt.Errorf("the tenant answered %v %s, want that it takes the change", a.answered, a.said)
	}
	return nil
}

func (w *world) theTenantAsksForCSRF() error {
	a := w.program
	if a.answered == nil || a.answered.StatusCode != http.StatusForbidden || !strings.EqualFold(a.answered.Header.Get("X-CSRF-Token"), "Required") {
		return fmt.Errorf("the tenant answered %v %s, want 403 with X-CSRF-Token: Required", a.answered, a.said)
	}
	return nil
}

// program is one that listens to events, or is called.
type program struct {
	answered *http.Response // of the tenant, to the latest change
	said     string

	bus struct {
		token, base, queue string
	}

	mu    sync.Mutex
	calls []call
}

// call is one that the tenant has made.
type call struct {
	user, password, token string
}

// tokenPath is where the extension's own token service is.
const tokenPath = "/oauth/token"

// ownToken is what it gives.
const ownToken = "token-of-the-extension"

// runExtension starts an API that tenants can call, with its token service.
func (w *world) runExtension() (host, port string, err error) {
	var calls atomic.Int32
	base, err := w.listen(context.Background(), &calls, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == tokenPath {
			id, secret, _ := r.BasicAuth()
			if _ = r.ParseForm(); id == "" {
				id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
			}
			if id != "tech" || secret != outboundPassword {
				rw.WriteHeader(http.StatusUnauthorized)
				return
			}
			rw.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(rw, `{"access_token":"`+ownToken+`","token_type":"bearer","expires_in":600}`)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		var c call
		c.user, c.password, _ = r.BasicAuth()
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			c.token = token
		}
		a := w.program
		a.mu.Lock()
		a.calls = append(a.calls, c)
		a.mu.Unlock()
		rw.WriteHeader(http.StatusNoContent)
	})
	if err != nil {
		return "", "", err
	}
	u, err := url.Parse(base)
	if err != nil {
		return "", "", err
	}
	return u.Hostname(), u.Port(), nil
}

func (a *program) called() []call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.calls)
}

func (w *world) theExtensionIsCalled(ctx context.Context, credentials string) error {
	want := map[string]call{
		"its user and password": {user: "tech", password: outboundPassword}, "an access token": {token: ownToken}, "no credentials": {},
	}[credentials]
	err := eventually(ctx, "the extension is called", func() (bool, error) { return len(w.program.called()) > 0, nil })
	if err != nil {
		log, _ := w.tenants.OutboundLog(ctx, "marketing")
		return fmt.Errorf("%w; the tenant's log: %+v", err, log)
	}
	if got := w.program.called()[0]; got != want {
		return fmt.Errorf("the extension is called as %q with %d bytes of token, want %s", got.user, len(got.token), credentials)
	}
	return nil
}

// theExtensionIsNotCalled looks at what the tenant still has to send: nothing.
func (w *world) theExtensionIsNotCalled(ctx context.Context) error {
	if err := w.nothingUnderWay(ctx); err != nil {
		return err
	}
	if got := w.program.called(); len(got) > 0 {
		return fmt.Errorf("the extension was called %d times", len(got))
	}
	return nil
}

// nothingUnderWay wants that the tenant has sent nothing, and has nothing to send: what
// a change causes stands in its lists when the change is answered.
func (w *world) nothingUnderWay(ctx context.Context) error {
	log, err := w.tenants.OutboundLog(ctx, "marketing")
	if err != nil {
		return err
	}
	list, err := w.tenants.Arrangements(ctx, "marketing")
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.Waiting > 0 {
			return fmt.Errorf("the tenant has %d calls to make for %s, want none", a.Waiting, a.Name)
		}
	}
	if len(log) > 0 {
		return fmt.Errorf("the tenant has sent %+v, want nothing", log)
	}
	return nil
}

func (w *world) theAdministratorHasSwitched(ctx context.Context, tenant, how, scenario string) error {
	set := w.tenants.EnableScenario
	if how == "disabled" {
		set = w.tenants.DisableScenario
	}
	_, err := set(ctx, tenant, scenario)
	return err
}

func (w *world) theAdministratorHasMadeScenario(ctx context.Context, tenant, id, api string) error {
	_, err := w.tenants.AddScenario(ctx, tenant, btpclient.Scenario{
		ID: id, Name: "Our own", InboundAuthentication: []string{"BasicAuthentication"},
		InboundServices: []btpclient.InboundService{{ID: id + "_0001", Name: "in", API: api}},
	})
	return err
}

func (w *world) theAdministratorHasBoundTopic(ctx context.Context, tenant, topic string) error {
	list, err := w.tenants.Arrangements(ctx, tenant)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.ScenarioID == "SAP_COM_0092" {
			_, err := w.tenants.BindTopic(ctx, tenant, a.ID, topic)
			return err
		}
	}
	return fmt.Errorf("tenant %s has no channel", tenant)
}

func (w *world) theTenantHasNoArrangement(ctx context.Context, tenant string) error {
	list, err := w.tenants.Arrangements(ctx, tenant)
	if err == nil && len(list) > 0 {
		err = fmt.Errorf("tenant %s has the arrangement %s", tenant, list[0].Name)
	}
	return err
}

func (w *world) theTenantHasArrangement(ctx context.Context, tenant, name, scenario string) error {
	list, err := w.tenants.Arrangements(ctx, tenant)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.Name == name && a.ScenarioID == scenario {
			return nil
		}
	}
	return fmt.Errorf("tenant %s has the arrangements %+v, want %s of %s", tenant, list, name, scenario)
}

// anApplicationListens binds the application to an instance of SAP Event Mesh of its
// own, with a queue that subscribes to topics of others.
func (w *world) anApplicationListens(ctx context.Context, topics, queue string) error {
	if _, err := w.operator.AssignEntitlement(ctx, defaultSubaccount, btpclient.NewEntitlement{Service: "enterprise-messaging", Plan: "default"}); err != nil {
		return err
	}
	const namespace = "acme/extension/app"
	parameters, err := json.Marshal(map[string]any{
		"emname": "application", "namespace": namespace, "version": "1.1.0",
		"options": map[string]bool{"management": true, "messagingrest": true},
		"rules": map[string]any{
			"topicRules": map[string]any{"subscribeFilter": []string{"${namespace}/*", topics}}, "queueRules": map[string]any{"subscribeFilter": []string{"${namespace}/*"}},
		},
	})
	if err != nil {
		return err
	}
	if err := w.createAs(ctx, "enterprise-messaging", "default", "application", parameters); err != nil {
		return err
	}
	b, err := w.operator.Bind(ctx, w.instances["application"], btpclient.NewBinding{})
	if err != nil {
		return err
	}
	var credentials struct {
		Management []struct {
			OA2 struct{ ClientID, ClientSecret, TokenEndpoint string } `json:"oa2"`
			URI string                                                 `json:"uri"`
		} `json:"management"`
	}
	if err := json.Unmarshal(b.Credentials, &credentials); err != nil {
		return err
	}
	if len(credentials.Management) == 0 {
		return errors.New("the binding gives no management")
	}
	m, bus := credentials.Management[0], &w.program.bus
	if bus.token, err = w.clientToken(ctx, m.OA2.TokenEndpoint, m.OA2.ClientID, m.OA2.ClientSecret); err != nil {
		return err
	}
	bus.base, bus.queue = m.URI, url.PathEscape(namespace+"/"+queue)
	at := "/hub/rest/api/v1/management/messaging/queues/" + bus.queue
	for _, path := range []string{at, at + "/subscriptions/" + url.PathEscape(topics)} {
		res, text, err := w.busCall(ctx, http.MethodPut, path)
		if err != nil {
			return err
		}
		if res.StatusCode/100 != 2 {
			return fmt.Errorf("PUT %s: %s %s", path, res.Status, text)
		}
	}
	return nil
}

func (w *world) clientToken(ctx context.Context, endpoint, id, secret string) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := w.web.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	err = json.NewDecoder(res.Body).Decode(&answer)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("the token service answered %s", res.Status)
	}
	return answer.AccessToken, err
}

// busCall calls the event bus as the application.
func (w *world) busCall(ctx context.Context, method, path string) (*http.Response, string, error) {
	bus := w.program.bus
	if bus.base == "" {
		return nil, "", errors.New("no application listens in this scenario")
	}
	req, err := http.NewRequestWithContext(ctx, method, bus.base+path, http.NoBody)
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Authorization", "Bearer "+bus.token)
	req.Header.Set("X-Qos", "1")
	res, err := w.web.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res, string(text), err
}

// consume takes a message from the queue; "" when it is empty.
func (w *world) consume(ctx context.Context) (string, error) {
	at := "/messagingrest/v1/queues/" + w.program.bus.queue + "/messages"
	res, text, err := w.busCall(ctx, http.MethodPost, at+"/consumption")
	switch {
	case err != nil:
		return "", err
	case res.StatusCode == http.StatusNoContent:
		return "", nil
	case res.StatusCode != http.StatusOK:
		return "", fmt.Errorf("consuming: got %s %s", res.Status, text)
	}
	done, answer, err := w.busCall(ctx, http.MethodPost, at+"/"+url.PathEscape(res.Header.Get("X-Message-Id"))+"/acknowledgement")
	if err == nil && done.StatusCode != http.StatusNoContent {
		err = fmt.Errorf("acknowledging: got %s %s", done.Status, answer)
	}
	return text, err
}

func (w *world) theApplicationReceives(ctx context.Context, eventType string) error {
	var others []string
	err := eventually(ctx, "the event arrives", func() (bool, error) {
		text, err := w.consume(ctx)
		if err != nil || text == "" {
			return false, err
		}
		var event struct{ Type, SpecVersion string }
		if err := json.Unmarshal([]byte(text), &event); err != nil || event.SpecVersion != "1.0" {
			return false, fmt.Errorf("what arrived is no CloudEvent 1.0: %s", text)
		}
		others = append(others, event.Type)
		return event.Type == eventType, nil
	})
	if err != nil {
		log, _ := w.tenants.OutboundLog(ctx, "marketing")
		return fmt.Errorf("%w; there were events of %q; the tenant's log: %+v", err, others, log)
	}
	return nil
}

func (w *world) theApplicationReceivesNone(ctx context.Context) error {
	if err := w.nothingUnderWay(ctx); err != nil {
		return err
	}
	text, err := w.consume(ctx)
	if err == nil && text != "" {
		err = fmt.Errorf("the application received %s", text)
	}
	return err
}

// anObjectIsChanged is somebody who works in the product: they make and change it.
func (w *world) anObjectIsChanged(ctx context.Context, kind, tenant string) error {
	api := map[string]string{"a contact": "marketing-contact", "a campaign": "marketing-campaign"}[kind]
	if err := w.aClientCreates(ctx, api, tenant, kind, ""); err != nil {
		return err
	}
	return w.theClientChangesIt(ctx)
}
