package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
)

// documentSteps are the service documents and events of a connector that knows the wire
// alone, and what is wrong with them (pairing-protocols §3 and §4.1).
func (w *world) documentSteps(d definitions) {
	d.Given(`^the connector has registered a service (with .+)$`, w.theConnectorHasDocumented)
	d.Given(`^the connector has registered (\d+) services$`, w.theConnectorHasRegisteredMany)
	d.Given(`^the connector has deleted the service$`, w.having(w.theWireClientDeletes, http.StatusNoContent))

	d.When(`^the connector registers a service (with .+|without .+|whose .+)$`, w.theConnectorDocuments)
	d.When(`^the connector publishes an event (without .+|whose .+|that .+)$`, w.theConnectorPublishes)
	d.When(`^the connector calls an address that (.+)$`, w.theConnectorCallsAnAddress)

	d.Then(`^the error says "([^"]*)"$`, w.theErrorSays)
	d.Then(`^the connector has (\d+) services?$`, w.theConnectorHasServices)
	d.Then(`^the service that it reads (has|has no) "([^"]*)"$`, w.theServiceHas)
	d.Then(`^the service that it reads shows "([^"]*)" as "([^"]*)"$`, w.theServiceShows)
	d.Then(`^the list of its services shows the identifier "([^"]*)"$`, w.theListShowsIdentifier)
	d.Then(`^it is told that the member "([^"]*)" is (missing|invalid)$`, w.itIsToldOfMember)
	d.Then(`^the event has an id that the registry gave it$`, w.theEventHasAnID)
}

// members are some of a JSON object, which others replace.
type members map[string]any

func (m members) with(more members) members {
	all := maps.Clone(m)
	maps.Copy(all, more)
	return all
}

func (m members) without(key string) members {
	all := maps.Clone(m)
	delete(all, key)
	return all
}

// plain is a service document that nobody refuses.
func plain(api members) members {
	return members{"provider": "pairsim", "name": "Orders", "description": "Orders of a shop", "api": members{"targetUrl": "http://127.0.0.1:9/"}.with(api)}
}

const secretOfATarget = "s3cret-of-a-target"

// specification is what a specification that a step registers says.
var specification = members{"openapi": "3.0.0", "info": members{"title": "Orders"}}

// documents are service documents, by what a scenario calls them.
var documents = map[string]func() members{
	"without a name":                 func() members { return plain(nil).without("name") },
	"without a provider":             func() members { return plain(nil).without("provider") },
	"without a target":               func() members { return plain(nil).with(members{"api": members{}}) },
	"with neither an API nor events": func() members { return plain(nil).without("api") },
	"with a label that is a number":  func() members { return plain(nil).with(members{"labels": members{"tier": 1}}) },
	"whose target is no URL":         func() members { return plain(members{"targetUrl": "orders"}) },
	"whose specification is a text":  func() members { return plain(members{"spec": "{}"}) },
	"with two kinds of credentials": func() members {
		return plain(members{"credentials": members{"basic": basicOfATarget, "oauth": oauthOfATarget}})
	},
	"with user and password":           func() members { return plain(members{"credentials": members{"basic": basicOfATarget}}) },
	"with client credentials":          func() members { return plain(members{"credentials": members{"oauth": oauthOfATarget}}) },
	"with a key that no document has":  func() members { return plain(nil).with(members{"varkes": members{"own": "key"}}) },
	"with the identifier \"orders\"":   func() members { return plain(nil).with(members{"identifier": "orders"}) },
	"with a specification":             func() members { return plain(members{"spec": specification}) },
	"whose specification lies nowhere": func() members { return plain(members{"specificationUrl": "http://192.0.2.1/api"}) }, // RFC 5737
}

var (
	basicOfATarget = members{"username": secretOfATarget, "password": secretOfATarget}
	oauthOfATarget = members{"url": "http://127.0.0.1:9/token", "clientId": secretOfATarget, "clientSecret": secretOfATarget}
)

func (w *world) theConnectorHasDocumented(ctx context.Context, kind string) error {
	return w.having(func(ctx context.Context) error { return w.theConnectorDocuments(ctx, kind) }, http.StatusOK)(ctx)
}

func (w *world) theConnectorDocuments(ctx context.Context, kind string) error {
	if kind == "whose specification lies at a URL" {
		return w.theConnectorLinks(ctx)
	}
	make, known := documents[kind]
	if !known {
		return fmt.Errorf("the steps know no service %s", kind)
	}
	return w.document(ctx, make())
}

// theConnectorLinks registers a service whose specification the registry has to fetch.
func (w *world) theConnectorLinks(ctx context.Context) error {
	var calls atomic.Int32
	at, err := w.listen(ctx, &calls, func(rw http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(rw).Encode(specification) })
	if err != nil {
		return err
	}
	return w.document(ctx, plain(members{"specificationUrl": at + "/api"}))
}

func (w *world) document(ctx context.Context, service members) error {
	if err := w.call(ctx, http.MethodPost, w.wire.manage.URLs.MetadataURL, service, w.wire.own); err != nil || w.wire.answer.status != http.StatusOK {
		return err
	}
	var made struct{ ID string }
	err := w.wire.answer.read(&made)
	w.wire.service = made.ID
	return err
}

func (w *world) theConnectorHasRegisteredMany(ctx context.Context, n int) error {
	transport := &http.Transport{TLSClientConfig: w.landscape.TLS(w.wire.own), MaxIdleConnsPerHost: 8}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport}
	text, err := json.Marshal(plain(nil))
	if err != nil {
		return err
	}
	return together(n, func(int) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.wire.manage.URLs.MetadataURL, strings.NewReader(string(text)))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		var made struct{ ID string }
		if err := json.NewDecoder(answer.Body).Decode(&made); err != nil || answer.StatusCode != http.StatusOK {
			return fmt.Errorf("got status %d, %w", answer.StatusCode, err)
		}
		return nil
	})
}

// theErrorSays reads the vendor's error of the latest call.
func (w *world) theErrorSays(text string) error {
	var refusal struct{ Error string }
	if err := w.wire.answer.read(&refusal); err != nil {
		return err
	}
	if !strings.Contains(refusal.Error, text) {
		return fmt.Errorf("the error says %.300q, want %q in it", refusal.Error, text)
	}
	if strings.Contains(refusal.Error, secretOfATarget) {
		return errors.New("the error holds a credential")
	}
	return nil
}

func (w *world) listed(ctx context.Context) (list []members, err error) {
	if err := w.call(ctx, http.MethodGet, w.wire.manage.URLs.MetadataURL, nil, w.wire.own); err != nil {
		return nil, err
	}
	err = w.wire.answer.read(&list)
	return list, err
}

func (w *world) theConnectorHasServices(ctx context.Context, n int) error {
	list, err := w.listed(ctx)
	if err == nil && len(list) != n {
		err = fmt.Errorf("the connector has %d services, want %d", len(list), n)
	}
	return err
}

func (w *world) theListShowsIdentifier(ctx context.Context, identifier string) error {
	list, err := w.listed(ctx)
	if err == nil && !slices.ContainsFunc(list, func(s members) bool { return s["identifier"] == identifier }) {
		err = fmt.Errorf("none of %d services has the identifier %s", len(list), identifier)
	}
	return err
}

// member reads the connector's service, and a member of it by its path; nil: it has none.
func (w *world) member(ctx context.Context, path string) (any, error) {
	if w.wire.service == "" {
		return nil, errors.New("the connector has registered no service")
	}
	at := strings.TrimRight(w.wire.manage.URLs.MetadataURL, "/") + "/" + url.PathEscape(w.wire.service)
	if err := w.call(ctx, http.MethodGet, at, nil, w.wire.own); err != nil {
		return nil, err
	}
	if err := w.itIsAnsweredWith(http.StatusOK, ""); err != nil {
		return nil, err
	}
	var value any
	if err := w.wire.answer.read(&value); err != nil {
		return nil, err
	}
	for key := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return value, nil
}

func (w *world) theServiceHas(ctx context.Context, has, path string) error {
	value, err := w.member(ctx, path)
	if err == nil && (value != nil) != (has == "has") {
		err = fmt.Errorf("%s of the service is %v; want that it %s it", path, value, has)
	}
	return err
}

func (w *world) theServiceShows(ctx context.Context, path, want string) error {
	value, err := w.member(ctx, path)
	if err == nil && value != want {
		err = fmt.Errorf("%s of the service is %v, want %s", path, value, want)
	}
	if strings.Contains(string(w.wire.answer.body), secretOfATarget) {
		err = errors.Join(err, errors.New("the answer holds a credential"))
	}
	return err
}

// legacyEvent is a event that nobody refuses.
var legacyEvent = members{
	"event-type": "order.created", "event-type-version": "v1", "event-id": "4f1b0c1e-9c55-4f0b-9d8d-1f8f7a1a2b3c",
	"event-time": "2030-01-01T10:00:00Z", "data": members{"orderCode": "1001"},
}

const mostOfAnEvent = 65536 // bytes

// legacyEvents are others, by what a scenario calls them.
var legacyEvents = sync.OnceValue(func() map[string]members {
	return map[string]members{
		"without any member":        {},
		"without a type":            legacyEvent.without("event-type"),
		"without a version":         legacyEvent.without("event-type-version"),
		"without a time":            legacyEvent.without("event-time"),
		"without data":              legacyEvent.without("data"),
		"without an id":             legacyEvent.without("event-id"),
		"whose version is a hyphen": legacyEvent.with(members{"event-type-version": "-"}),
		"whose time is a word":      legacyEvent.with(members{"event-time": "yesterday"}),
		"whose id is a number":      legacyEvent.with(members{"event-id": "1"}),
		"that is too large":         legacyEvent.with(members{"data": strings.Repeat("x", mostOfAnEvent)}),
	}
})

func (w *world) theConnectorPublishes(ctx context.Context, kind string) error {
	sent, known := legacyEvents()[kind]
	if !known {
		return fmt.Errorf("the steps know no event %s", kind)
	}
	return w.call(ctx, http.MethodPost, w.wire.manage.URLs.EventsURL, sent, w.wire.own)
}

func (w *world) itIsToldOfMember(name, trouble string) error {
	var refusal struct {
		Type    string
		Details []struct{ Field, Type string }
	}
	if err := w.wire.answer.read(&refusal); err != nil {
		return err
	}
	if refusal.Type != "validation_violation" || len(refusal.Details) != 1 || refusal.Details[0].Field != name || refusal.Details[0].Type != trouble+"_field" {
		return fmt.Errorf("the connector is told %+v, want that %s is %s", refusal, name, trouble)
	}
	return nil
}

func (w *world) theEventHasAnID() error {
	var taken struct {
		ID string `json:"event-id"`
	}
	if err := w.wire.answer.read(&taken); err != nil {
		return err
	}
	return uuid.Validate(taken.ID)
}

func (w *world) theConnectorCallsAnAddress(ctx context.Context, what string) error {
	switch what {
	case "there is not":
		return w.call(ctx, http.MethodGet, w.wire.manage.URLs.MetadataURL+"s", nil, w.wire.own)
	case "knows no such method":
		return w.call(ctx, http.MethodDelete, w.wire.manage.URLs.EventsURL, nil, w.wire.own)
	}
	return fmt.Errorf("the steps know no address that %s", what)
}
