package httpapi

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
)

// BusClients is what an operator does as a message client of an event bus: what the
// management dashboard of SAP Event Mesh offers. *eventmesh.Bus has it.
type BusClients interface {
	Operate(ctx context.Context, subaccount btp.SubaccountID, instance string) (btp.ServicePrincipal, error)
	PutQueue(ctx context.Context, who btp.ServicePrincipal, name string, settings json.RawMessage) (q eventmesh.Queue, made bool, err error)
	DeleteQueue(ctx context.Context, who btp.ServicePrincipal, name string) error
	SubscribeQueue(ctx context.Context, who btp.ServicePrincipal, queue, pattern string) (made bool, err error)
	UnsubscribeQueue(ctx context.Context, who btp.ServicePrincipal, queue, pattern string) error
	Publish(ctx context.Context, who btp.ServicePrincipal, topic string, p eventmesh.Publication) error
	Send(ctx context.Context, who btp.ServicePrincipal, queue string, p eventmesh.Publication) error
	Consume(ctx context.Context, who btp.ServicePrincipal, queue string, qos eventmesh.QoS) (m eventmesh.Message, ok bool, err error)
	Acknowledge(ctx context.Context, who btp.ServicePrincipal, queue, message string) error
	CreateWebhook(ctx context.Context, who btp.ServicePrincipal, n eventmesh.NewWebhook) (eventmesh.Webhook, error)
	DeleteWebhook(ctx context.Context, who btp.ServicePrincipal, name string) error
	AskWebhook(ctx context.Context, who btp.ServicePrincipal, name string) (eventmesh.Webhook, error)
	PauseWebhook(ctx context.Context, who btp.ServicePrincipal, name string, pause bool) (eventmesh.Webhook, error)
}

func (s *server) mountEventBus(api *gin.RouterGroup, h func(func(*gin.Context) error) gin.HandlerFunc) {
	api.GET("/subaccounts/:id/eventBus", h(s.showEventBus))
	api.GET("/subaccounts/:id/eventBus/messages", h(s.listMessages))

	// Names of queues, topics and webhooks hold slashes: they stand in bodies and queries.
	c := api.Group("/subaccounts/:id/eventBus/clients/:instance")
	c.POST("/queues", h(s.createQueue))
	c.DELETE("/queues", h(s.deleteQueue))
	c.POST("/queueSubscriptions", h(s.subscribeQueue))
	c.DELETE("/queueSubscriptions", h(s.unsubscribeQueue))
	c.POST("/publications", h(s.publishMessage))
	c.POST("/consumptions", h(s.consumeMessage))
	c.POST("/acknowledgements", h(s.acknowledgeMessage))
	c.POST("/webhooks", h(s.createPushSubscription))
	c.DELETE("/webhooks", h(s.deletePushSubscription))
	c.POST("/webhooks/handshake", h(s.askPushSubscription))
	c.PUT("/webhooks/state", h(s.changePushSubscription))
}

// client is the message client that the path names.
func (s *server) client(c *gin.Context) (btp.ServicePrincipal, error) {
	return s.EventBus.Operate(c.Request.Context(), subaccountID(c), c.Param("instance"))
}

// as reads a call's body, and as which client the caller acts.
func (s *server) as(c *gin.Context, body any) (btp.ServicePrincipal, error) {
	if _, err := ReadQuery(c); err != nil {
		return btp.ServicePrincipal{}, err
	}
	if err := DecodeBody(c, body); err != nil {
		return btp.ServicePrincipal{}, err
	}
	return s.client(c)
}

// createQueue makes a queue; one that is there stays as it is.
func (s *server) createQueue(c *gin.Context) error {
	var req struct {
		Name string `json:"name"`
	}
	who, err := s.as(c, &req)
	if err != nil {
		return err
	}
	q, made, err := s.EventBus.PutQueue(c.Request.Context(), who, req.Name, nil)
	if err != nil {
		return err
	}
	return Respond(c, createdIf(made), queueOf(q))
}

func createdIf(made bool) int {
	if made {
		return http.StatusCreated
	}
	return http.StatusOK
}

// deleteNamed deletes what the query names by its parameters, in this order.
func (s *server) deleteNamed(c *gin.Context, parameters []string, remove func(who btp.ServicePrincipal, names []string) error) error {
	q, err := ReadQuery(c, parameters...)
	if err != nil {
		return err
	}
	names := make([]string, len(parameters))
	for i, p := range parameters {
		if names[i] = q.Text(p); names[i] == "" {
			return btp.Errorf(btp.InvalidRequest, "query parameter %s: it is missing; it names what is to be deleted", p)
		}
	}
	who, err := s.client(c)
	if err != nil {
		return err
	}
	if err := remove(who, names); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (s *server) deleteQueue(c *gin.Context) error {
	return s.deleteNamed(c, []string{"queue"}, func(who btp.ServicePrincipal, names []string) error {
		return s.EventBus.DeleteQueue(c.Request.Context(), who, names[0])
	})
}

// queueSubscription is a queue's subscription to topics.
type queueSubscription struct {
	Queue string `json:"queue"`
	Topic string `json:"topic"`
}

func (s *server) subscribeQueue(c *gin.Context) error {
	var req queueSubscription
	who, err := s.as(c, &req)
	if err != nil {
		return err
	}
	made, err := s.EventBus.SubscribeQueue(c.Request.Context(), who, req.Queue, req.Topic)
	if err != nil {
		return err
	}
	return Respond(c, createdIf(made), req)
}

func (s *server) unsubscribeQueue(c *gin.Context) error {
	return s.deleteNamed(c, []string{"queue", "topic"}, func(who btp.ServicePrincipal, names []string) error {
		return s.EventBus.UnsubscribeQueue(c.Request.Context(), who, names[0], names[1])
	})
}

// qosOf reads a quality of service; one that is left out is AtLeastOnce.
func qosOf(given *int) (eventmesh.QoS, error) {
	switch {
	case given == nil:
		return eventmesh.AtLeastOnce, nil
	case *given != 0 && *given != 1:
		return 0, btp.Errorf(btp.InvalidRequest, "qos: it is 0 or 1")
	}
	return eventmesh.QoS(*given), nil
}

const maxContentType = 200

func (s *server) publishMessage(c *gin.Context) error {
	var req struct {
		Topic       string `json:"topic"`
		Queue       string `json:"queue"`
		ContentType string `json:"contentType"`
		Body        string `json:"body"`
		QoS         *int   `json:"qos"`
	}
	who, err := s.as(c, &req)
	if err != nil {
		return err
	}
	p := eventmesh.Publication{ContentType: req.ContentType, Body: []byte(req.Body)}
	if p.QoS, err = qosOf(req.QoS); err != nil {
		return err
	}
	if p.ContentType == "" {
		p.ContentType = "application/json"
	}
	if _, _, err := mime.ParseMediaType(p.ContentType); err != nil || len(p.ContentType) > maxContentType {
		return btp.Errorf(btp.MessageInvalid, "contentType: it is a media type of at most %d characters", maxContentType)
	}
	switch {
	case (req.Topic == "") == (req.Queue == ""):
		return btp.Errorf(btp.InvalidRequest, "a message is published to a topic or to a queue: name one of them")
	case req.Topic != "":
		err = s.EventBus.Publish(c.Request.Context(), who, req.Topic, p)
	default:
		err = s.EventBus.Send(c.Request.Context(), who, req.Queue, p)
	}
	if err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// consumedMessage is a message with its body: as text, or what is no UTF-8 in base64.
type consumedMessage struct {
	ID          string `json:"id"`
	Topic       string `json:"topic,omitempty"`
	ContentType string `json:"contentType"`
	Body        string `json:"body,omitempty"`
	BodyBase64  []byte `json:"bodyBase64,omitempty"`
}

// consumeMessage takes the oldest message of a queue; there may be none.
func (s *server) consumeMessage(c *gin.Context) error {
	var req struct {
		Queue string `json:"queue"`
		QoS   *int   `json:"qos"`
	}
	who, err := s.as(c, &req)
	if err != nil {
		return err
	}
	qos, err := qosOf(req.QoS)
	if err != nil {
		return err
	}
	m, ok, err := s.EventBus.Consume(c.Request.Context(), who, req.Queue, qos)
	if err != nil {
		return err
	}
	if !ok {
		c.Status(http.StatusNoContent)
		return nil
	}
	shown := consumedMessage{ID: m.ID, Topic: m.Topic, ContentType: m.ContentType}
	if utf8.Valid(m.Body) {
		shown.Body = string(m.Body)
	} else {
		shown.BodyBase64 = m.Body
	}
	c.Header("Cache-Control", "no-store")
	return Respond(c, http.StatusOK, shown)
}

func (s *server) acknowledgeMessage(c *gin.Context) error {
	var req struct {
		Queue   string `json:"queue"`
		Message string `json:"message"`
	}
	who, err := s.as(c, &req)
	if err != nil {
		return err
	}
	if err := s.EventBus.Acknowledge(c.Request.Context(), who, req.Queue, req.Message); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// createPushSubscription makes one without credentials; one with them is made by the
// application that has them, over the messaging API.
func (s *server) createPushSubscription(c *gin.Context) error {
	var req struct {
		Name               string `json:"name"`
		Queue              string `json:"queue"`
		Endpoint           string `json:"endpoint"`
		QoS                *int   `json:"qos"`
		ExemptHandshake    bool   `json:"exemptHandshake"`
		DefaultContentType string `json:"defaultContentType"`
	}
	who, err := s.as(c, &req)
	if err != nil {
		return err
	}
	qos, err := qosOf(req.QoS)
	if err != nil {
		return err
	}
	w, err := s.EventBus.CreateWebhook(c.Request.Context(), who, eventmesh.NewWebhook{
		Name: req.Name, Queue: req.Queue, QoS: qos, Endpoint: req.Endpoint, ExemptHandshake: req.ExemptHandshake, DefaultContentType: req.DefaultContentType,
	})
	if err != nil {
		return err
	}
	return Respond(c, http.StatusCreated, pushSubscriptionOf(w))
}

func (s *server) deletePushSubscription(c *gin.Context) error {
	return s.deleteNamed(c, []string{"webhook"}, func(who btp.ServicePrincipal, names []string) error {
		return s.EventBus.DeleteWebhook(c.Request.Context(), who, names[0])
	})
}

func (s *server) askPushSubscription(c *gin.Context) error {
	var req struct {
		Webhook string `json:"webhook"`
	}
	who, err := s.as(c, &req)
	if err != nil {
		return err
	}
	w, err := s.EventBus.AskWebhook(c.Request.Context(), who, req.Webhook)
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, pushSubscriptionOf(w))
}

func (s *server) changePushSubscription(c *gin.Context) error {
	var req struct {
		Webhook string `json:"webhook"`
		Action  string `json:"action"`
	}
	who, err := s.as(c, &req)
	if err != nil {
		return err
	}
	if req.Action != "pause" && req.Action != "resume" {
		return btp.Errorf(btp.InvalidRequest, "action: it is pause or resume")
	}
	w, err := s.EventBus.PauseWebhook(c.Request.Context(), who, req.Webhook, req.Action == "pause")
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, pushSubscriptionOf(w))
}
