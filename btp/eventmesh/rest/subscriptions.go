package rest

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
)

// subscription is a push subscription, with what is ours beside it: where the
// handshake stands, whether it rests, and why the last call failed.
type subscription struct {
	Name       string              `json:"name"`
	Address    string              `json:"address"`
	QoS        eventmesh.QoS       `json:"qos"`
	PushConfig pushConfig          `json:"pushConfig"`
	Handshake  eventmesh.Handshake `json:"handshake"`
	State      string              `json:"state"`
	Failure    string              `json:"failure,omitempty"`
}

type pushConfig struct {
	Type               string          `json:"type"`
	Endpoint           string          `json:"endpoint"`
	ExemptHandshake    bool            `json:"exemptHandshake"`
	DefaultContentType string          `json:"defaultContentType,omitempty"`
	SecuritySchema     *securitySchema `json:"securitySchema,omitempty"`
}

// securitySchema is written without its secrets.
type securitySchema struct {
	Type         eventmesh.SecurityType `json:"type"`
	GrantType    string                 `json:"grantType,omitempty"`
	ClientID     string                 `json:"clientId,omitempty"`
	ClientSecret string                 `json:"clientSecret,omitempty"`
	TokenURL     string                 `json:"tokenUrl,omitempty"`
	User         string                 `json:"user,omitempty"`
	Password     string                 `json:"password,omitempty"`
}

const addressPrefix = "queue:"

func subscriptionOf(w *eventmesh.Webhook) subscription {
	s := subscription{
		Name: w.Name, Address: addressPrefix + w.Queue, QoS: w.QoS, Handshake: w.Handshake, State: "active", Failure: w.Failure,
		PushConfig: pushConfig{
			Type: "webhook", Endpoint: w.Endpoint, ExemptHandshake: w.Handshake == eventmesh.HandshakeExempt, DefaultContentType: w.DefaultContentType,
		},
	}
	if !w.Runs() {
		s.State = "paused"
	}
	if w.SecurityType != "" {
		s.PushConfig.SecuritySchema = &securitySchema{
			Type: w.SecurityType, GrantType: w.Security.GrantType, ClientID: w.Security.ClientID, TokenURL: w.Security.TokenURL, User: w.Security.User,
		}
	}
	return s
}

func (s *server) listWebhooks(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	list, err := s.Bus.Webhooks(r.Context(), who)
	if err != nil {
		return err
	}
	all := make([]subscription, len(list))
	for i := range list {
		all[i] = subscriptionOf(&list[i])
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}

func (s *server) showWebhook(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	found, err := s.Bus.Webhook(r.Context(), who, r.PathValue("name"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, subscriptionOf(&found))
	return nil
}

func (s *server) createWebhook(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	n, err := readSubscription(w, r)
	if err != nil {
		return err
	}
	made, err := s.Bus.CreateWebhook(r.Context(), who, n)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, subscriptionOf(&made))
	return nil
}

// readSubscription reads a push subscription; keys that it does not know are left alone.
func readSubscription(w http.ResponseWriter, r *http.Request) (n eventmesh.NewWebhook, err error) {
	var given struct {
		Name       string        `json:"name"`
		Address    string        `json:"address"`
		QoS        eventmesh.QoS `json:"qos"`
		PushConfig *pushConfig   `json:"pushConfig"`
	}
	if err := readJSON(w, r, &given); err != nil {
		return n, err
	}
	queue, isQueue := strings.CutPrefix(given.Address, addressPrefix)
	switch {
	case given.PushConfig == nil:
		return n, btp.Errorf(btp.WebhookInvalid, "pushConfig: it is missing")
	case given.PushConfig.Type != "webhook":
		return n, btp.Errorf(btp.WebhookInvalid, "pushConfig.type: it is webhook")
	case !isQueue:
		return n, btp.Errorf(btp.WebhookInvalid, "address: it is %s and the name of a queue", addressPrefix)
	}
	n = eventmesh.NewWebhook{
		Name: given.Name, Queue: queue, QoS: given.QoS, Endpoint: given.PushConfig.Endpoint,
		ExemptHandshake: given.PushConfig.ExemptHandshake, DefaultContentType: given.PushConfig.DefaultContentType,
	}
	if schema := given.PushConfig.SecuritySchema; schema != nil {
		n.SecurityType = schema.Type
		n.Security = eventmesh.Security{
			GrantType: schema.GrantType, ClientID: schema.ClientID, ClientSecret: schema.ClientSecret, TokenURL: schema.TokenURL,
			User: schema.User, Password: schema.Password,
		}
		if n.SecurityType == "" {
			return n, btp.Errorf(btp.WebhookInvalid, "pushConfig.securitySchema.type: there are %s and %s", eventmesh.OAuth2, eventmesh.BasicAuth)
		}
	}
	return n, nil
}

// readJSON reads a JSON document. What is wrong is told without the text, which may
// hold credentials.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := readBody(w, r, maxJSON, btp.BodyTooLarge)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return btp.Errorf(btp.InvalidRequest, "the body is no JSON object, or a key has a value of another type")
	}
	return nil
}

func (s *server) deleteWebhook(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	if err := s.Bus.DeleteWebhook(r.Context(), who, r.PathValue("name")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) askWebhook(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	asked, err := s.Bus.AskWebhook(r.Context(), who, r.PathValue("name"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, subscriptionOf(&asked))
	return nil
}

func (s *server) changeWebhook(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	var given struct {
		Action string `json:"action"`
	}
	if err := readJSON(w, r, &given); err != nil {
		return err
	}
	if given.Action != "pause" && given.Action != "resume" {
		return btp.Errorf(btp.WebhookInvalid, "action: it is pause or resume")
	}
	changed, err := s.Bus.PauseWebhook(r.Context(), who, r.PathValue("name"), given.Action == "pause")
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, subscriptionOf(&changed))
	return nil
}
