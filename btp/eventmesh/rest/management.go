package rest

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
)

func (s *server) ready(w http.ResponseWriter, _ *http.Request, _ btp.ServicePrincipal) error {
	w.WriteHeader(http.StatusOK)
	return nil
}

// queueBody is a queue with its counts, and whatever settings were given.
func queueBody(q *eventmesh.Queue) map[string]any {
	body := map[string]any{}
	_ = json.Unmarshal(q.Settings, &body) // settings are an object, or nothing
	body["name"] = q.Name
	body["messageCount"] = q.Messages
	body["queueSizeInBytes"] = q.Bytes
	body["unacknowledgedMessageCount"] = q.Unacknowledged()
	body["maxQueueSizeInBytes"] = eventmesh.MaxQueueBytes
	body["maxQueueMessageCount"] = eventmesh.MaxQueueMessages
	return body
}

func (s *server) listQueues(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	list, err := s.Bus.Queues(r.Context(), who)
	if err != nil {
		return err
	}
	all := make([]map[string]any, len(list))
	for i := range list {
		all[i] = queueBody(&list[i])
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}

func (s *server) showQueue(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	q, err := s.Bus.Queue(r.Context(), who, r.PathValue("queue"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, queueBody(&q))
	return nil
}

func (s *server) putQueue(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	settings, err := readSettings(w, r)
	if err != nil {
		return err
	}
	q, made, err := s.Bus.PutQueue(r.Context(), who, r.PathValue("queue"), settings)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if made {
		status = http.StatusCreated
	}
	writeJSON(w, status, queueBody(&q))
	return nil
}

const (
	maxSettings = 4 << 10
	maxSetting  = 32 // keys
)

// readSettings reads what is given of a queue: texts, numbers and truths by name, or
// nothing. They are kept and shown, and have no effect.
func readSettings(w http.ResponseWriter, r *http.Request) (json.RawMessage, error) {
	body, err := readBody(w, r, maxSettings, btp.BodyTooLarge)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return nil, err
	}
	var given map[string]any
	if err := json.Unmarshal(body, &given); err != nil || given == nil {
		return nil, btp.Errorf(btp.InvalidRequest, "the body is no JSON object")
	}
	if len(given) > maxSetting {
		return nil, btp.Errorf(btp.InvalidRequest, "a queue has at most %d settings", maxSetting)
	}
	for key, value := range given {
		switch value.(type) {
		case string, float64, bool:
		default:
			return nil, btp.Errorf(btp.InvalidRequest, "%.40q: a setting is a text, a number, true or false", key)
		}
	}
	return json.Marshal(given)
}

func (s *server) deleteQueue(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	if err := s.Bus.DeleteQueue(r.Context(), who, r.PathValue("queue")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// topicSubscription is a queue's subscription to topics.
type topicSubscription struct {
	Pattern string `json:"topicPattern"`
}

func (s *server) listTopics(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	q, err := s.Bus.Queue(r.Context(), who, r.PathValue("queue"))
	if err != nil {
		return err
	}
	all := make([]topicSubscription, len(q.Topics))
	for i, pattern := range q.Topics {
		all[i] = topicSubscription{pattern}
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}

func (s *server) subscribe(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	made, err := s.Bus.SubscribeQueue(r.Context(), who, r.PathValue("queue"), r.PathValue("pattern"))
	if err != nil {
		return err
	}
	status := http.StatusOK
	if made {
		status = http.StatusCreated
	}
	writeJSON(w, status, topicSubscription{r.PathValue("pattern")})
	return nil
}

func (s *server) unsubscribe(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error {
	if err := s.Bus.UnsubscribeQueue(r.Context(), who, r.PathValue("queue"), r.PathValue("pattern")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
