package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/btpclient"
)

// The messages, as pacts describe them.
const (
	CustomerCreated    = "the event customer.created v1 of SAP Commerce Cloud"
	AccountCreated     = "the event Account.Root.Created v1 of SAP Cloud for Customer"
	ServiceCallCreated = "the event servicecall.created v1 of SAP Field Service Management"
	InteractionCreated = "the event bo.interaction.created v1 of SAP Marketing Cloud"
	ChangePublished    = "the CloudEvent of a change on the event bus"
	EventDelivered     = "an event that the runtime delivers"
)

// changes are those of a tenant's data that publish an event: what its users do.
var changes = map[string]struct{ tenant, api, path, body string }{
	CustomerCreated: {
		"commerce", "commerce-webservices", "/electronics/users",
		`{"uid":"eva@shop.test","firstName":"Eva","lastName":"Moser","password":"x"}`,
	},
	AccountCreated:     {"c4c", "c4c-odata", "/CorporateAccountCollection", `{"Name":"Moser Ltd"}`},
	ServiceCallCreated: {"fsm", "fsm-service", "?dtos=ServiceCall.27", `{"subject":"The pump leaks"}`},
	InteractionCreated: {
		"marketing", "marketing-interaction", "/Interactions",
		`{"InteractionType":"EMAIL_OPENED","CommunicationMedium":"EMAIL","InteractionContactOrigin":"EMAIL","InteractionContactId":"eva@shop.test"}`,
	},
}

// serveMessage makes the message of the description, in the present state.
func (s *States) serveMessage(ctx context.Context, rw http.ResponseWriter, body []byte) {
	var asked struct{ Description string }
	w, err := s.present()
	if err == nil {
		err = json.Unmarshal(body, &asked)
	}
	var m message
	if err == nil {
		m, err = w.message(ctx, asked.Description)
	}
	if err != nil {
		http.Error(rw, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	rw.Header().Set("Content-Type", m.contentType)
	_, _ = rw.Write(m.body)
}

func (w *world) message(ctx context.Context, description string) (message, error) {
	if description == EventDelivered {
		return w.deliver(ctx)
	}
	if description == ChangePublished {
		return w.publish(ctx)
	}
	change, known := changes[description]
	if !known {
		return message{}, fmt.Errorf("there is no message %q; there are: %s", description,
			strings.Join(append(slices.Sorted(maps.Keys(changes)), ChangePublished, EventDelivered), "; "))
	}
	api, err := w.api(ctx, change.tenant, change.api)
	if err != nil {
		return message{}, err
	}
	if err := (&apiClient{w: w, api: api}).post(ctx, change.path, change.body); err != nil {
		return message{}, err
	}
	return take(ctx, "event of the tenant", w.published)
}

// publish lets the users of a tenant change what its channel has a topic for.
func (w *world) publish(ctx context.Context) (message, error) {
	change := changes[InteractionCreated]
	api, err := w.api(ctx, change.tenant, change.api)
	if err != nil {
		return message{}, err
	}
	if err := (&apiClient{w: w, api: api}).post(ctx, change.path, change.body); err != nil {
		return message{}, err
	}
	for { // the same change is an event of the application, too
		m, err := take(ctx, "event on the bus", w.published)
		if err != nil || m.contentType == "application/cloudevents+json" {
			return m, err
		}
	}
}

// deliver lets the paired client of the state publish an event to whom listens.
func (w *world) deliver(ctx context.Context) (message, error) {
	if w.client == nil {
		return message{}, errors.New("the state has no client that publishes")
	}
	_, err := w.client.session.PublishLegacy(ctx, w.client.info.API.EventsURL, btpclient.LegacyEvent{
		Type: "order.created", Version: "v1", ID: "31109198-4d69-4ae0-972d-76117f3748c8",
		Time: w.time, Data: json.RawMessage(`{"orderCode":"42"}`),
	})
	if err != nil {
		return message{}, err
	}
	return take(ctx, "event at the subscriber", w.delivered)
}
