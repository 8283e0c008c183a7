package httpapi

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// subscription is a subscription to events of an application.
type subscription struct {
	ID         btp.SubscriptionID `json:"id"`
	Subaccount btp.SubaccountID   `json:"subaccount"`
	Source     string             `json:"source"`
	Type       string             `json:"type"`
	Version    string             `json:"version"`
	Sink       string             `json:"sink"`
	Mode       btp.EventMode      `json:"mode"`
	CreatedAt  time.Time          `json:"createdAt"`
}

func subscriptionOf(s btp.Subscription) subscription {
	return subscription{s.ID, s.Subaccount, s.Source, s.Type, s.Version, s.Sink, s.Mode, s.CreatedAt.UTC()}
}

func (s *server) createSubscription(c *gin.Context) error {
	var req struct {
		Source  string        `json:"source"`
		Type    string        `json:"type"`
		Version string        `json:"version"`
		Sink    string        `json:"sink"`
		Mode    btp.EventMode `json:"mode"`
	}
	key, err := readCreation(c, &req)
	if err != nil {
		return err
	}
	made, err := s.Registry.CreateSubscription(c.Request.Context(), subaccountID(c), btp.NewSubscription(req), key)
	if err != nil {
		return err
	}
	return Respond(c, http.StatusCreated, subscriptionOf(made))
}

func (s *server) listSubscriptions(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	all, err := s.Registry.Subscriptions(c.Request.Context(), subaccountID(c))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, ListOf(all, subscriptionOf))
}

func (s *server) deleteSubscription(c *gin.Context) error {
	if err := ReadNothing(c); err != nil {
		return err
	}
	if err := s.Registry.DeleteSubscription(c.Request.Context(), subaccountID(c), btp.SubscriptionID(c.Param("subscription"))); err != nil {
		return err
	}
	return NoContent(c)
}

// delivery is an event on its way to a sink, without its data.
type delivery struct {
	Sequence     uint64             `json:"sequence"`
	Subscription btp.SubscriptionID `json:"subscription"`
	State        btp.DeliveryState  `json:"state"`
	EventID      string             `json:"eventId"`
	EventType    string             `json:"eventType"`
	Attempts     int                `json:"attempts"`
	Failure      string             `json:"failure,omitempty"`
	CreatedAt    time.Time          `json:"createdAt"`
}

func deliveryOf(d btp.Delivery) delivery {
	return delivery{
		d.Sequence, d.Subscription, d.State, d.Attributes["id"], d.Attributes["type"], d.Attempts, d.Failure, d.CreatedAt.UTC(),
	}
}

func (s *server) listDeliveries(c *gin.Context) error {
	q, err := ReadQuery(c, "state", "limit", "cursor")
	if err != nil {
		return err
	}
	f := btp.DeliveryFilter{Subaccount: subaccountID(c), State: btp.DeliveryState(q.Text("state"))}
	if f.State != "" && !slices.Contains(btp.DeliveryStates, f.State) {
		return btp.Errorf(btp.InvalidRequest, "state: %.40q is none; there are %s and %s", f.State, btp.DeliveryWaiting, btp.DeliveryDead)
	}
	p, err := q.Page("deliveries", string(f.Subaccount), string(f.State))
	if err != nil {
		return err
	}
	f.After, f.Limit = p.After, p.Limit
	page, more, err := s.Registry.Deliveries(c.Request.Context(), f)
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, PageOf(page, more, p, func(d btp.Delivery) uint64 { return d.Sequence }, deliveryOf))
}
