//go:build pact

package contracts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	message "github.com/pact-foundation/pact-go/v2/message/v4"
	"github.com/pact-foundation/pact-go/v2/models"

	"github.com/pairsim/pairsim/contracts/states"
)

// listens adds a message to the pact, which consume takes as the consumer would.
func (c *contract) listens(t *testing.T, what string, state models.ProviderState, contentType string, content any, consume func([]byte) error) {
	t.Helper()
	dir := t.TempDir()
	pact, err := message.NewAsynchronousPact(message.Config{Consumer: c.consumer, Provider: c.provider, PactDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	err = pact.AddAsynchronousMessage().GivenWithParameter(state).ExpectsToReceive(what).WithContent(contentType, text).
		ConsumedBy(func(m message.AsynchronousMessage) error { return consume(m.Contents) }).Verify(t)
	if err != nil || t.Failed() {
		return
	}
	c.addFrom(t, dir)
}

// message: what a tenant publishes when its users change data. Our registry takes it.
func (s *registrySuite) message(t *testing.T, a api) {
	data := any(like(map[string]any{}))
	if a.data != nil {
		data = a.data
	}
	content := map[string]any{
		"event-type": a.event, "event-type-version": "v1", "event-id": re("31109198-4d69-4ae0-972d-76117f3748c8", `^[0-9a-f-]{36}$`),
		"event-time": instant("2030-01-01T10:00:00Z"), "data": data,
	}
	state := models.ProviderState{Name: states.API, Parameters: map[string]any{"tenant": a.tenant, "api": a.identifier}}
	s.listens(t, a.message, state, "application/json", content, func(body []byte) error {
		p := newPeer(t, a.systemType)
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: p.env.TLS(p.own)}}
		res, err := client.Post(p.info.API.EventsURL, "application/json", bytes.NewReader(body))
		if err != nil {
			return err
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("the registry answered %d %s", res.StatusCode, answer)
		}
		return err
	})
}

// change: what a tenant publishes on the event bus when its users change data: a
// CloudEvent with the key alone (service-apis §6). Extensions read it with the SDK of
// the CloudEvents project.
func (s *registrySuite) change(t *testing.T) {
	content := map[string]any{
		"specversion": "1.0", "id": re("31109198-4d69-4ae0-972d-76117f3748c8", `^[0-9a-f-]{36}$`), "source": "/default/sap.s4.beh/marketing",
		"type": "sap.s4.beh.interaction.v1.Interaction.Created.v1", "time": instant("2030-01-01T10:00:00Z"), "datacontenttype": "application/json",
		"data": map[string]any{"InteractionUUID": like("31109198-4d69-4ae0-972d-76117f3748c8")},
	}
	s.listens(t, states.ChangePublished, models.ProviderState{Name: states.Channel}, "application/cloudevents+json", content, func(body []byte) error {
		var e event.Event
		if err := json.Unmarshal(body, &e); err != nil {
			return err
		}
		if err := e.Validate(); err != nil {
			return err
		}
		var key struct{ InteractionUUID string }
		if err := e.DataAs(&key); err != nil || key.InteractionUUID == "" {
			return fmt.Errorf("the data %s has no key: %w", e.Data(), err)
		}
		return nil
	})
}

// delivered: what the runtime delivers to a subscriber, which reads it as a CloudEvent
// with the SDK of the CloudEvents project.
func delivered(t *testing.T, c *contract) {
	content := map[string]any{
		"specversion": "1.0", "id": like("31109198-4d69-4ae0-972d-76117f3748c8"), "source": app,
		"type": re("sap.kyma.custom.mppactshop.order.created.v1", `^(sap\.kyma\.custom\.[a-z0-9]+\.)?order\.created\.v1$`), "eventtypeversion": "v1",
		"time": instant("2030-01-01T10:00:00Z"), "datacontenttype": re("application/json", `^application/json`),
		"data": map[string]any{"orderCode": like("42")},
	}
	state := models.ProviderState{Name: states.Paired, Parameters: map[string]any{"formation": states.Yes, "eventType": "order.created"}}
	c.listens(t, states.EventDelivered, state, "application/cloudevents+json", content, func(body []byte) error {
		var e event.Event
		if err := json.Unmarshal(body, &e); err != nil {
			return err
		}
		if err := e.Validate(); err != nil {
			return err
		}
		var order struct{ OrderCode string }
		if err := e.DataAs(&order); err != nil || order.OrderCode == "" {
			return fmt.Errorf("the data %s has no order: %w", e.Data(), err)
		}
		return nil
	})
}
