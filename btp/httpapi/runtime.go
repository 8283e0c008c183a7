package httpapi

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// runtimeView is a subaccount's Kyma runtime as a whole.
type runtimeView struct {
	Subaccount      btp.SubaccountID `json:"subaccount"`
	Synchronization synchronization  `json:"synchronization"`
	Applications    int              `json:"applications"`
	Subscriptions   int              `json:"subscriptions"`
	Deliveries      deliveryCounts   `json:"deliveries"`
}

// synchronization says whether the runtime follows the landscape.
type synchronization struct {
	State string `json:"state"` // synchronized or stopped
	// Name is the one that stops it.
	Name string `json:"name,omitempty"`
}

type deliveryCounts struct {
	Waiting int `json:"waiting"`
	Dead    int `json:"dead"`
}

func (s *server) showRuntime(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	v, err := s.Registry.Runtime(c.Request.Context(), subaccountID(c))
	if err != nil {
		return err
	}
	answer := runtimeView{v.Subaccount.ID, synchronization{State: "synchronized"}, v.Applications, v.Subscriptions, deliveryCounts{v.Waiting, v.Dead}}
	if v.Stopped != nil {
		answer.Synchronization = synchronization{"stopped", v.Stopped.Name}
	}
	return Respond(c, http.StatusOK, answer)
}

// application is an application as a Kyma runtime sees it.
type application struct {
	Name       string            `json:"name"`
	System     systemName        `json:"system"`
	Services   []service         `json:"services"`
	Formations []btp.FormationID `json:"formations"`
	// GetsEvents says that this runtime gets the application's events.
	GetsEvents bool `json:"getsEvents"`
}

func (s *server) listApplications(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	all, err := s.Registry.RuntimeApplications(c.Request.Context(), subaccountID(c))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, ListOf(all, func(a btp.RuntimeApplication) application {
		return application{a.System.ApplicationName, systemNameOf(a.System), ListOf(a.Services, serviceOf).Items, a.Formations, a.Events}
	}))
}

// showManifests answers with an application as Kyma keeps it, credentials included.
func (s *server) showManifests(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	a, err := s.Registry.RuntimeApplication(c.Request.Context(), subaccountID(c), c.Param("application"))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	return Respond(c, http.StatusOK, manifestsOf(&a))
}

// runtimeEvent is a type of event that an application publishes.
type runtimeEvent struct {
	Application   string `json:"application"`
	Service       string `json:"service"`
	Type          string `json:"type"`
	Version       string `json:"version"`
	Subscriptions int    `json:"subscriptions"`
}

func (s *server) listRuntimeEvents(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	all, err := s.Registry.RuntimeEvents(c.Request.Context(), subaccountID(c))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, ListOf(all, func(e btp.RuntimeEvent) runtimeEvent {
		return runtimeEvent{e.Application, e.Service, e.Type, e.Version, e.Subscriptions}
	}))
}

func (s *server) redeliver(c *gin.Context) error {
	if err := ReadNothing(c); err != nil {
		return err
	}
	number := c.Param("delivery")
	sequence, err := strconv.ParseUint(number, 10, 63)
	if err != nil || sequence == 0 {
		return btp.Errorf(btp.DeliveryNotFound, "a delivery is named by its number; %.40q is none", number)
	}
	d, err := s.Registry.Redeliver(c.Request.Context(), subaccountID(c), sequence)
	if err != nil {
		return err
	}
	return Respond(c, http.StatusAccepted, deliveryOf(d))
}
