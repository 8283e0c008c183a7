//go:build pact

package contracts_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/contracts/states"
	"github.com/pairsim/pairsim/internal/tenant"
)

const (
	interactionTopic = "sap/s4/beh/interaction/v1/Interaction/Created/v1"
	interactionPath  = "/tenants/pact/api/sap/opu/odata/sap/API_MKT_INTERACTION_SRV"
	busID, busSecret = "sb-bus!b1|enterprise-messaging!b1", "Not-a-Secret"
)

// bus is what a tenant with a messaging arrangement expects of the event bus: a token,
// and that its events are taken.
func (s *tenantSuite) bus(t *testing.T) {
	alone := *s // what its changes publish in a runtime, s.events has
	alone.product.Emissions = nil
	s = &alone
	client := "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(busID)+":"+url.QueryEscape(busSecret)))
	token := exchange{
		what: "a token for the event bus", state: states.Channel, method: http.MethodPost, path: "/oauth/token",
		header: map[string]any{"Authorization": from("basic", client)}, body: []byte("grant_type=client_credentials"),
		contentType: "application/x-www-form-urlencoded", status: 200, answer: map[string]any{"access_token": like(accessToken), "expires_in": like(43199)},
	}
	event, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": re("31109198-4d69-4ae0-972d-76117f3748c8", `^[0-9a-f-]{36}$`), "source": like("/default/sap.s4.beh/pact"),
		"type": strings.ReplaceAll(interactionTopic, "/", "."), "time": instant("2030-01-01T10:00:00Z"), "datacontenttype": "application/json",
		"data": map[string]any{"InteractionUUID": like("31109198-4d69-4ae0-972d-76117f3748c8")},
	})
	if err != nil {
		t.Fatal(err)
	}
	publish := exchange{
		what: "an event is published on the bus", state: states.Channel, method: http.MethodPost,
		path:   "/messagingrest/v1/topics/" + url.PathEscape("sap/S4HANAOD/s4hc/ce/"+interactionTopic) + "/messages",
		header: map[string]any{"Authorization": within("Bearer ", "accessToken", "", accessToken), "X-Qos": "1"},
		body:   event, contentType: "application/cloudevents+json", status: 204,
	}
	for _, test := range []struct {
		exchanges []exchange
		outcome   string
		status    int
	}{
		{[]exchange{token, publish}, "delivered", 204},
	} {
		t.Run(test.exchanges[len(test.exchanges)-1].what, func(t *testing.T) {
			s.does(t, func(ctx context.Context, made *tenant.Tenant) error {
				try, err := s.publishes(ctx, made)
				if err == nil && (try.Outcome != test.outcome || try.Status != test.status) {
					err = fmt.Errorf("got the try %+v, want it %s after %d", try, test.outcome, test.status)
				}
				return err
			}, append([]exchange{configuration(), keys()}, test.exchanges...)...)
		})
	}
}

// publishes has the registry order a channel of a tenant, and a user make an
// interaction; it returns what came of the event.
func (s *tenantSuite) publishes(ctx context.Context, made *tenant.Tenant) (try tenant.LogEntry, err error) {
	handler := tenant.Handler(made)
	do := func(method, path string, body any, want int, header http.Header) (*httptest.ResponseRecorder, error) {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(string(text)))
		r.Header = header.Clone()
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, r); w.Code != want {
			return w, fmt.Errorf("%s %s was answered %d %s", method, path, w.Code, w.Body)
		}
		return w, nil
	}
	order := eventing()
	at := s.registry.https.URL // as the registry says where its bus is
	order.EventBus.TokenEndpoint, order.EventBus.URI = at+"/oauth/token", at+"/messagingrest/v1"
	order.EventBus.ClientID, order.EventBus.ClientSecret = busID, busSecret
	proof := http.Header{"Authorization": {"Bearer " + signed(claims("pairsim:communication", map[string]any{"tenant": "pact"}))}}
	w, err := do(http.MethodPut, "/tenants/pact/callback/communicationArrangements/"+states.ContactsInstance, order, http.StatusCreated, proof)
	if err != nil {
		return try, err
	}
	var arrangement struct{ ArrangementID string }
	if err := json.Unmarshal(w.Body.Bytes(), &arrangement); err != nil {
		return try, err
	}
	if _, err := made.BindTopic(ctx, arrangement.ArrangementID, "sap/s4/beh/interaction/*"); err != nil {
		return try, err
	}
	if w, err = do(http.MethodGet, "/tenants/pact/apis", nil, http.StatusOK, http.Header{}); err != nil {
		return try, err
	}
	var apis struct {
		Items []struct {
			Identifier string
			Basic      *struct{ Username, Password string }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &apis); err != nil {
		return try, err
	}
	user := http.Request{Header: http.Header{"X-Csrf-Token": {"Fetch"}, "Accept": {"application/json"}}}
	for _, a := range apis.Items {
		if a.Identifier == "marketing-interaction" && a.Basic != nil {
			user.SetBasicAuth(a.Basic.Username, a.Basic.Password)
		}
	}
	if w, err = do(http.MethodGet, interactionPath+"/", nil, http.StatusOK, user.Header); err != nil {
		return try, err
	}
	user.Header.Set("X-Csrf-Token", w.Header().Get("X-Csrf-Token"))
	for _, c := range w.Result().Cookies() {
		user.AddCookie(c)
	}
	interaction := map[string]string{
		"InteractionType": "EMAIL_OPENED", "CommunicationMedium": "EMAIL", "InteractionContactOrigin": "EMAIL", "InteractionContactId": "eva@shop.test",
	}
	if _, err := do(http.MethodPost, interactionPath+"/Interactions", interaction, http.StatusCreated, user.Header); err != nil {
		return try, err
	}
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		if log := made.OutboundLog(); len(log) > 0 {
			return log[0], nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return try, errors.New("the tenant has not tried to publish an event")
		}
	}
}
