// Command extension-go is an extension application of SAP Marketing Cloud, without any
// library beyond Go's own. It finds its services in VCAP_SERVICES, looks its destination
// up, reads contacts from the tenant, changes one, and waits for the event that tells of
// it. Against SAP BTP the same calls are made; docs/guides/extensibility.md tells how to
// set it up.
//
// Rule: destination-find, instance-destination-equals-binding, bus-queue-subscribes, bus-topic-bound, product-csrf
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "extension:", err)
		os.Exit(1)
	}
}

// client is what of a binding's credentials gets access tokens.
type client struct {
	ID     string `json:"clientid"`
	Secret string `json:"clientsecret"`
}

// bindings are the services that this application is bound to.
type bindings struct {
	Destination []struct {
		Credentials struct {
			client
			URL string `json:"url"`
			URI string `json:"uri"`
		} `json:"credentials"`
	} `json:"destination"`
	EventMesh []struct {
		Credentials struct {
			Namespace  string    `json:"namespace"`
			Management []channel `json:"management"`
			Messaging  []channel `json:"messaging"`
		} `json:"credentials"`
	} `json:"enterprise-messaging"`
}

// channel is one way to the event bus.
type channel struct {
	OA2 struct {
		client
		TokenEndpoint string `json:"tokenendpoint"`
	} `json:"oa2"`
	Protocol []string `json:"protocol"`
	URI      string   `json:"uri"`
}

func run(ctx context.Context) error {
	var bound bindings
	if err := json.Unmarshal([]byte(os.Getenv("VCAP_SERVICES")), &bound); err != nil {
		return fmt.Errorf("VCAP_SERVICES: %w", err)
	}
	jar, err := cookiejar.New(nil) // CSRF tokens belong to a session
	if err != nil {
		return err
	}
	x := extension{http: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
	called := make(chan struct{}, 100)
	if address := os.Getenv("LISTEN"); address != "" {
		on, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		go answerTenant(on, called)
	}
	if space := os.Getenv("TOPIC_SPACE"); space != "" { // before anything changes
		if err := x.subscribe(ctx, bound, space); err != nil {
			return fmt.Errorf("subscribe to events: %w", err)
		}
	}
	if name := os.Getenv("DESTINATION"); name != "" {
		if err := x.useTenant(ctx, bound, name); err != nil {
			return fmt.Errorf("destination %s: %w", name, err)
		}
	}
	wanted, err := strconv.Atoi(env("EVENTS", "0"))
	if err != nil {
		return fmt.Errorf("EVENTS: %w", err)
	}
	if err := x.receive(ctx, bound, wanted); err != nil {
		return err
	}
	calls, err := strconv.Atoi(env("CALLS", "0"))
	if err != nil {
		return fmt.Errorf("CALLS: %w", err)
	}
	for range calls {
		select {
		case <-called:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

type extension struct{ http *http.Client }

// token gets an access token: of the application itself, or of one of its users.
func (x extension) token(ctx context.Context, endpoint string, c client, user, password string) (string, error) {
	form := url.Values{"client_id": {c.ID}, "client_secret": {c.Secret}, "grant_type": {"client_credentials"}}
	if user != "" {
		form.Set("grant_type", "password")
		form.Set("username", user)
		form.Set("password", password)
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	_, err := x.call(ctx, http.MethodPost, endpoint, header, strings.NewReader(form.Encode()), &answer)
	return answer.AccessToken, err
}

// call makes a call that must succeed, and reads its answer, if there is one.
func (x extension) call(ctx context.Context, method, target string, header http.Header, body io.Reader, into any) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := x.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	switch {
	case err != nil:
		return res, err
	case res.StatusCode >= 300:
		return res, fmt.Errorf("%s %s: %s: %.300s", method, req.URL.Path, res.Status, text)
	case into != nil && len(text) > 0:
		err = json.Unmarshal(text, into)
	}
	return res, err
}

// found is the answer of the destination service.
type found struct {
	Configuration map[string]string `json:"destinationConfiguration"`
	AuthTokens    []struct {
		Error  string `json:"error"`
		Header struct {
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"http_header"`
	} `json:"authTokens"`
}

// useTenant looks the destination up and calls the tenant that it leads to.
func (x extension) useTenant(ctx context.Context, bound bindings, name string) error {
	if len(bound.Destination) == 0 {
		return errors.New("this application is bound to no destination service")
	}
	service := bound.Destination[0].Credentials
	token, err := x.token(ctx, service.URL+"/oauth/token", service.client, "", "")
	if err != nil {
		return err
	}
	header := http.Header{"Authorization": {"Bearer " + token}}
	if user := os.Getenv("APP_USER"); user != "" { // whom a SAML assertion is about
		users, err := x.token(ctx, service.URL+"/oauth/token", service.client, user, os.Getenv("APP_PASSWORD"))
		if err != nil {
			return err
		}
		header.Set("X-User-Token", users)
	}
	var d found
	lookup := service.URI + "/destination-configuration/v1/destinations/" + url.PathEscape(name)
	if _, err := x.call(ctx, http.MethodGet, lookup, header, nil, &d); err != nil {
		return err
	}
	fmt.Printf("destination %s: %s with %s\n", name, d.Configuration["URL"], d.Configuration["Authentication"])
	authorization, err := authorize(d)
	if err != nil {
		return err
	}
	return x.useContacts(ctx, d.Configuration["URL"]+env("API_PATH", "/sap/opu/odata/sap/API_MKT_CONTACT_SRV"), authorization)
}

// authorize is what a call to the destination's target is authorized with.
func authorize(d found) (http.Header, error) {
	header := http.Header{"Accept": {"application/json"}}
	if d.Configuration["Authentication"] == "BasicAuthentication" {
		var req http.Request
		req.Header = header
		req.SetBasicAuth(d.Configuration["User"], d.Configuration["Password"])
		return header, nil
	}
	for _, token := range d.AuthTokens {
		if token.Error != "" {
			return nil, errors.New(token.Error)
		}
		header.Set(token.Header.Key, token.Header.Value)
	}
	return header, nil
}

// useContacts reads contacts and, when CITY is set, moves the first one there.
func (x extension) useContacts(ctx context.Context, api string, authorization http.Header) error {
	var answer struct {
		D struct {
			Results []struct {
				Metadata struct {
					URI  string `json:"uri"`
					ETag string `json:"etag"`
				} `json:"__metadata"`
				ID   string `json:"ContactID"`
				Name string `json:"FullName"`
				City string `json:"CityName"`
			} `json:"results"`
		} `json:"d"`
	}
	authorization.Set("X-Csrf-Token", "Fetch")
	res, err := x.call(ctx, http.MethodGet, api+"/ContactOriginData?$top=3&$format=json", authorization, nil, &answer)
	if err != nil {
		return err
	}
	for _, c := range answer.D.Results {
		fmt.Printf("contact %s: %s, %s\n", c.ID, c.Name, c.City)
	}
	city := os.Getenv("CITY")
	if city == "" || len(answer.D.Results) == 0 {
		return nil
	}
	first := answer.D.Results[0]
	change, err := json.Marshal(map[string]string{"CityName": city})
	if err != nil {
		return err
	}
	authorization.Set("X-Csrf-Token", res.Header.Get("X-Csrf-Token"))
	authorization.Set("Content-Type", "application/json")
	authorization.Set("If-Match", first.Metadata.ETag)
	if _, err := x.call(ctx, "MERGE", first.Metadata.URI, authorization, bytes.NewReader(change), nil); err != nil {
		return err
	}
	fmt.Printf("contact %s: moved to %s\n", first.ID, city)
	return nil
}

// queue is the name of the application's queue: within its own namespace.
func queue(bound bindings) string {
	return url.PathEscape(bound.EventMesh[0].Credentials.Namespace + "/contacts")
}

// subscribe makes a queue that takes the tenant's events about contacts.
func (x extension) subscribe(ctx context.Context, bound bindings, space string) error {
	if len(bound.EventMesh) == 0 || len(bound.EventMesh[0].Credentials.Management) == 0 {
		return errors.New("this application is bound to no instance of SAP Event Mesh with management")
	}
	m := bound.EventMesh[0].Credentials.Management[0]
	token, err := x.token(ctx, m.OA2.TokenEndpoint, m.OA2.client, "", "")
	if err != nil {
		return err
	}
	header := http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
	at := m.URI + "/hub/rest/api/v1/management/messaging/queues/" + queue(bound)
	if _, err := x.call(ctx, http.MethodPut, at, header, strings.NewReader("{}"), nil); err != nil {
		return err
	}
	topics := url.PathEscape(space + "/ce/sap/s4/beh/contact/*")
	_, err = x.call(ctx, http.MethodPut, at+"/subscriptions/"+topics, header, nil, nil)
	return err
}

// receive waits for a number of events and acknowledges each.
func (x extension) receive(ctx context.Context, bound bindings, wanted int) error {
	if wanted == 0 {
		return nil
	}
	var rest *channel
	for i, c := range bound.EventMesh[0].Credentials.Messaging {
		if len(c.Protocol) > 0 && c.Protocol[0] == "httprest" {
			rest = &bound.EventMesh[0].Credentials.Messaging[i]
		}
	}
	if rest == nil {
		return errors.New("this application is bound to no instance of SAP Event Mesh with messagingrest")
	}
	token, err := x.token(ctx, rest.OA2.TokenEndpoint, rest.OA2.client, "", "")
	if err != nil {
		return err
	}
	header := http.Header{"Authorization": {"Bearer " + token}, "X-Qos": {"1"}}
	at := rest.URI + "/messagingrest/v1/queues/" + queue(bound) + "/messages"
	for wanted > 0 {
		var event struct {
			Type string         `json:"type"`
			Data map[string]any `json:"data"`
		}
		res, err := x.call(ctx, http.MethodPost, at+"/consumption", header, nil, &event)
		switch {
		case err != nil:
			return err
		case res.StatusCode == http.StatusNoContent: // the queue is empty
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(200 * time.Millisecond):
			}
			continue
		}
		fmt.Printf("event %s: %v\n", event.Type, event.Data)
		id := url.PathEscape(res.Header.Get("X-Message-Id"))
		if _, err := x.call(ctx, http.MethodPost, at+"/"+id+"/acknowledgement", header, nil, nil); err != nil {
			return err
		}
		wanted--
	}
	return nil
}

// answerTenant is the application's own API, which the tenant calls.
func answerTenant(on net.Listener, called chan<- struct{}) {
	err := http.Serve(on, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			return
		}
		user, _, _ := r.BasicAuth()
		fmt.Printf("called by the tenant: %s %s as %q with %d bytes\n", r.Method, r.URL.Path, user, len(body))
		w.WriteHeader(http.StatusNoContent)
		called <- struct{}{}
	}))
	fmt.Fprintln(os.Stderr, "extension:", err)
	os.Exit(1)
}
