package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pairsim/pairsim/btpclient"
)

// gatewaySteps are APIs that clients expose, and workloads that call them.
func (w *world) gatewaySteps(d definitions) {
	d.Given(`^the gateway waits only a moment for a target$`, w.theGatewayWaitsAMoment)
	d.Given(`^the (.+) system "([^"]*)" is paired, and in the formation "([^"]*)"$`, w.theSystemIsPairedAndIn)
	d.Given(`^(Cloud Foundry|Kyma|Cloud Foundry and Kyma|no environment) is all that subaccount "([^"]*)" still has$`, w.theSubaccountStillHas)
	d.Given(`^the client exposes the API "([^"]*)", which asks for (.+)$`, w.theClientExposes)
	d.Given(`^the client exposes the API "([^"]*)", whose target (.+)$`, w.theClientExposesTroubled)
	d.Given(`^the client has withdrawn the API "([^"]*)"$`, w.theClientHasWithdrawn)
	d.Given(`^the client has registered a new password for the API "([^"]*)"$`, w.theClientHasNewPassword)
	d.Given(`^a workload has read the API "([^"]*)" of "([^"]*)"$`, w.aWorkloadHasRead)
	d.Given(`^the token server has revoked its tokens$`, w.theTokensAreRevoked)

	d.When(`^the client exposes the API "([^"]*)", which asks for (.+)$`, w.theClientExposes)
	d.When(`^the client exposes the events "([^"]*)"$`, w.theClientExposesEvents)
	d.When(`^the client renames the API "([^"]*)" to "([^"]*)"$`, w.theClientRenames)
	d.When(`^the client withdraws the API "([^"]*)"$`, w.theClientHasWithdrawn)
	d.When(`^a workload reads the API "([^"]*)" of "([^"]*)"$`, w.aWorkloadReads)
	d.When(`^a workload reads the order "([^"]*)" through the API "([^"]*)" of "([^"]*)"$`, w.aWorkloadReadsOrder)
	d.When(`^a workload creates (.+) through the API "([^"]*)" of "([^"]*)"$`, w.aWorkloadCreates)
	d.When(`^a workload reads the API "([^"]*)" of "([^"]*)" as an entry of its service$`, w.aWorkloadReadsEntry)

	d.Then(`^the workload gets the data$`, w.theWorkloadGetsData)
	d.Then(`^the target of the API "([^"]*)" was asked for the order "([^"]*)"$`, w.theTargetWasAsked)
	d.Then(`^the workload can read it$`, w.theWorkloadCanReadIt)
	d.Then(`^a workload can read it through the API "([^"]*)" of "([^"]*)"$`, w.aWorkloadCanReadIt)
	d.Then(`^the workload is refused because of "([^"]*)"$`, w.theWorkloadIsRefused)
	d.Then(`^the workload is refused by the target itself$`, w.theWorkloadIsRefusedByTarget)
	d.Then(`^the gateway has fetched (\d+) tokens?$`, w.theGatewayHasFetched)
}

// workload is a program in the runtime, and what came of its latest call.
type workload struct {
	read outcome
	data string

	api  btpclient.GatewayAPI // through which it created something
	at   string               // where that is, below the API
	name string               // by which it is recognised
}

// exposed is an API that a client has registered, with a target of the scenario's own.
type exposed struct {
	id      string
	service btpclient.Service
	target  *target
}

// target is what stands behind an API of the scenario's own: it serves one
// document to those who have the right credentials.
type target struct {
	url string
	mu  sync.Mutex
	// password and token are good now; tokens counts those that were handed out.
	password, token string
	tokens          int
	csrf            bool
	latest          http.Header // of its latest call
	asked           string      // the path of its latest call
}

const (
	targetData  = `{"orders":[{"code":"0001"}]}`
	targetUser  = "kyma"
	targetToken = "token-of-the-target"
	tokenLife   = 3600 // seconds
)

// ServeHTTP serves /token, /csrf and, below /orders, the document.
func (t *target) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.latest, t.asked = r.Header.Clone(), r.URL.Path
	user, password, _ := r.BasicAuth()
	switch {
	case r.URL.Path == "/token":
		if user != targetUser || password != t.password || r.FormValue("grant_type") != "client_credentials" {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		t.tokens++
		t.token = fmt.Sprintf("%s-%d", targetToken, t.tokens)
		_, _ = fmt.Fprintf(rw, `{"access_token":%q,"expires_in":%d}`, t.token, tokenLife)
	case t.token != "" && r.Header.Get("Authorization") != "Bearer "+t.token,
		t.token == "" && t.password != "" && (user != targetUser || password != t.password):
		rw.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/csrf":
		rw.Header().Set("X-Csrf-Token", targetToken)
	case t.csrf && r.Header.Get("X-Csrf-Token") != targetToken:
		rw.WriteHeader(http.StatusForbidden)
	default:
		_, _ = io.WriteString(rw, targetData)
	}
}

func (w *world) theGatewayWaitsAMoment() error {
	return w.configure(func(s *Settings) { s.GatewayTimeout = waitAMoment })
}

// theSystemIsPairedAndIn registers a system, lets a client pair with it, and
// includes it in a formation of the usual subaccount, which has Kyma.
func (w *world) theSystemIsPairedAndIn(ctx context.Context, kind, name, group string) error {
	if err := w.theOperatorHasRegistered(ctx, kind, name); err != nil {
		return err
	}
	if err := w.theOperatorHasGotItsToken(ctx); err != nil {
		return err
	}
	if err := w.theOperatorHasCreatedFormation(ctx, group, "", `"`+name+`"`); err != nil {
		return err
	}
	return w.aClientPairs(ctx, name)
}

func (w *world) theSubaccountStillHas(ctx context.Context, with, id string) error {
	if err := w.theSubaccountHasEnabled(ctx, with, id); err != nil {
		return err
	}
	return w.operated.err
}

// theClientExposes registers a service whose target asks for credentials of a kind.
func (w *world) theClientExposes(ctx context.Context, name, kind string) error {
	t := &target{password: "secret"}
	var credentials *btpclient.Credentials
	var calls atomic.Int32
	var err error
	if t.url, err = w.listen(ctx, &calls, t.ServeHTTP); err != nil {
		return err
	}
	user := btpclient.Basic{Username: targetUser, Password: t.password}
	switch kind {
	case "nothing":
		t.password = ""
	case "user and password":
		credentials = &btpclient.Credentials{Basic: &user}
	case "user, password and a CSRF token":
		t.csrf, user.CSRF = true, &btpclient.CSRFInfo{TokenEndpointURL: t.url + "/csrf"}
		credentials = &btpclient.Credentials{Basic: &user}
	case "an OAuth token":
		t.token = "none yet"
		credentials = &btpclient.Credentials{OAuth: &btpclient.OAuth{URL: t.url + "/token", ClientID: targetUser, ClientSecret: t.password}}
	default:
		return fmt.Errorf("the steps know no API that asks for %s", kind)
	}
	return w.expose(ctx, name, t, t.url+"/orders", credentials)
}

// theClientExposesTroubled registers a service whose target has its troubles.
func (w *world) theClientExposesTroubled(ctx context.Context, name, trouble string) error {
	var address string
	var calls atomic.Int32
	var err error
	switch trouble {
	case "is down":
		down := httptest.NewServer(nil)
		address = down.URL
		down.Close()
	case "hangs":
		address, err = w.listen(ctx, &calls, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	case "fails":
		address, err = w.listen(ctx, &calls, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
	case "has a certificate nobody trusts":
		if err := w.cannotCall(ctx); err != nil {
			return err
		}
		untrusted := httptest.NewUnstartedServer(&target{})
		untrusted.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake, which is to fail
		untrusted.StartTLS()
		w.onClose(func() error { untrusted.Close(); return nil })
		address = untrusted.URL
	case "is where no call may go":
		address = "http://192.0.2.1" // a documentation address (RFC 5737)
	case "leads back to the gateway":
		application, err := w.applicationName(ctx, w.client.system)
		if err != nil {
			return err
		}
		address = w.landscape.HTTP() + "/gateway/" + application + "/" + strings.ToLower(name)
	default:
		return fmt.Errorf("the steps know no target that %s", trouble)
	}
	if err != nil {
		return err
	}
	return w.expose(ctx, name, nil, address, nil)
}

func (w *world) expose(ctx context.Context, name string, t *target, address string, credentials *btpclient.Credentials) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	info, err := c.call(ctx)
	if err != nil {
		return err
	}
	one := &exposed{target: t, service: btpclient.Service{
		Provider: "a client", Name: name, Description: name, API: &btpclient.API{TargetURL: address, Credentials: credentials},
	}}
	if one.id, err = c.session.CreateService(ctx, info.URLs.MetadataURL, one.service); err != nil {
		return err
	}
	w.apis[name] = one
	return nil
}

// exposedAPI is an API of the scenario, with the address where it can be changed.
func (w *world) exposedAPI(ctx context.Context, name string) (*exposed, string, error) {
	one := w.apis[name]
	if one == nil {
		return nil, "", fmt.Errorf("the scenario has exposed no API %q", name)
	}
	info, err := w.client.call(ctx)
	return one, info.URLs.MetadataURL, err
}

func (w *world) theClientHasWithdrawn(ctx context.Context, name string) error {
	one, at, err := w.exposedAPI(ctx, name)
	if err != nil {
		return err
	}
	return w.client.session.DeleteService(ctx, at, one.id)
}

func (w *world) theClientRenames(ctx context.Context, name, to string) error {
	one, at, err := w.exposedAPI(ctx, name)
	if err != nil {
		return err
	}
	one.service.Name = to
	return w.client.session.UpdateService(ctx, at, one.id, one.service)
}

// theClientExposesEvents registers a service that has events only.
func (w *world) theClientExposesEvents(ctx context.Context, name string) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	info, err := c.call(ctx)
	if err != nil {
		return err
	}
	_, err = c.session.CreateService(ctx, info.URLs.MetadataURL, btpclient.Service{
		Provider: "a client", Name: name, Description: name, Events: &btpclient.Events{Spec: json.RawMessage(`{"asyncapi":"2.0.0"}`)},
	})
	return err
}

func (w *world) theClientHasNewPassword(ctx context.Context, name string) error {
	one, at, err := w.exposedAPI(ctx, name)
	if err != nil {
		return err
	}
	const password = "a new one"
	one.target.mu.Lock()
	one.target.password = password
	one.target.mu.Unlock()
	one.service.API.Credentials.Basic.Password = password
	return w.client.session.UpdateService(ctx, at, one.id, one.service)
}

func (w *world) theTokensAreRevoked() error {
	for _, one := range w.apis {
		one.target.mu.Lock()
		one.target.token = "none any more"
		one.target.mu.Unlock()
	}
	return nil
}

func (w *world) aWorkloadHasRead(ctx context.Context, api, system string) error {
	if err := w.aWorkloadReads(ctx, api, system); err != nil {
		return err
	}
	return w.theWorkloadGetsData()
}

func (w *world) aWorkloadReads(ctx context.Context, api, system string) error {
	return w.readAPI(ctx, system, btpclient.GatewayAPI{Service: api}, "")
}

func (w *world) aWorkloadReadsOrder(ctx context.Context, order, api, system string) error {
	return w.readAPI(ctx, system, btpclient.GatewayAPI{Service: api}, "orders/"+order)
}

func (w *world) theTargetWasAsked(api, order string) error {
	if err := w.workload.read.accepted("the workload"); err != nil {
		return err
	}
	one := w.apis[api]
	if one == nil {
		return fmt.Errorf("the scenario has exposed no API %q", api)
	}
	one.target.mu.Lock()
	defer one.target.mu.Unlock()
	if !strings.HasSuffix(one.target.asked, "/orders/"+order) {
		return fmt.Errorf("the target was asked for %s", one.target.asked)
	}
	return nil
}

func (w *world) aWorkloadReadsEntry(ctx context.Context, api, system string) error {
	return w.readAPI(ctx, system, btpclient.GatewayAPI{Service: api, Entry: api}, "")
}

func (w *world) readAPI(ctx context.Context, system string, api btpclient.GatewayAPI, path string) (err error) {
	if api.Application, err = w.applicationName(ctx, system); err != nil {
		return err
	}
	data, err := btpclient.NewWorkload(w.landscape.HTTP(), w.web).Read(ctx, api, path)
	w.workload = workload{read: ended(err), data: string(data)}
	return nil
}

// aWorkloadCreates makes an object of a tenant's own.
func (w *world) aWorkloadCreates(ctx context.Context, kind, api, system string) error {
	o, known := objects[kind]
	if !known {
		return fmt.Errorf("there is no object %q", kind)
	}
	application, err := w.applicationName(ctx, system)
	if err != nil {
		return err
	}
	to := btpclient.GatewayAPI{Application: application, Service: api}
	made, at, err := btpclient.NewWorkload(w.landscape.HTTP(), w.web).Write(ctx, http.MethodPost, to, o.collection+o.query, json.RawMessage(o.body))
	if err != nil {
		return err
	}
	var answer map[string]any
	if err := json.Unmarshal(made, &answer); err != nil {
		return fmt.Errorf("the answer to creating %s: %w", kind, err)
	}
	w.workload = workload{api: to, at: o.at(at, answer) + reading(o.query), name: firstText(o.body)}
	return nil
}

// firstText is the first value of an object's text.
func firstText(body string) string {
	_, value, _ := strings.Cut(body, `":`)
	value, _, _ = strings.Cut(value, `,`)
	return strings.Trim(value, `"}`)
}

func (w *world) theWorkloadCanReadIt(ctx context.Context) error {
	data, err := btpclient.NewWorkload(w.landscape.HTTP(), w.web).Read(ctx, w.workload.api, w.workload.at)
	if err != nil {
		return err
	}
	if !strings.Contains(string(data), w.workload.name) {
		return fmt.Errorf("the workload got %s, want %q in it", data, w.workload.name)
	}
	return nil
}

// aWorkloadCanReadIt reads what a client of the product has created.
func (w *world) aWorkloadCanReadIt(ctx context.Context, api, system string) error {
	application, err := w.applicationName(ctx, system)
	if err != nil {
		return err
	}
	c := w.product
	w.workload = workload{
		api: btpclient.GatewayAPI{Application: application, Service: api},
		at:  strings.TrimPrefix(reading(c.at), c.api.TargetURL), name: firstText(c.object.body),
	}
	return w.theWorkloadCanReadIt(ctx)
}

// applicationName is the name of a system's application, also when the system is gone.
func (w *world) applicationName(ctx context.Context, name string) (string, error) {
	s, err := w.named(name)
	if err != nil {
		return "", err
	}
	if s.application == "" {
		shown, err := w.look(ctx, name)
		if err != nil {
			return "", err
		}
		s.application = shown.ApplicationName
	}
	return s.application, nil
}

func (w *world) theWorkloadGetsData() error {
	if err := w.workload.read.accepted("the workload"); err != nil {
		return err
	}
	if w.workload.data != targetData {
		return fmt.Errorf("the workload got %q, want %q", w.workload.data, targetData)
	}
	return nil
}

func (w *world) theWorkloadIsRefused(reason string) error {
	return w.workload.read.refusedBecauseOf("the workload", reason)
}

func (w *world) theWorkloadIsRefusedByTarget() error {
	var refused *btpclient.RefusedError
	if !errors.As(w.workload.read.err, &refused) || refused.Reason != "" || refused.Status != http.StatusUnauthorized {
		return fmt.Errorf("the workload got: %w; want the target's own refusal", w.workload.read.err)
	}
	return nil
}

func (w *world) theGatewayHasFetched(n int) error {
	fetched := 0
	for _, one := range w.apis {
		one.target.mu.Lock()
		fetched += one.target.tokens
		one.target.mu.Unlock()
	}
	if fetched != n {
		return fmt.Errorf("the gateway has fetched %d tokens, want %d", fetched, n)
	}
	return nil
}
