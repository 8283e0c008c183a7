package httpapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
)

// Destinations are the use cases around destinations on subaccount level: instance is
// "" in all of them. destination.UseCases are some.
type Destinations interface {
	List(ctx context.Context, subaccount btp.SubaccountID, instance string) ([]destination.Destination, error)
	Show(ctx context.Context, subaccount btp.SubaccountID, instance, name string) (destination.Destination, error)
	Put(ctx context.Context, existing bool, all ...destination.Destination) error
	Remove(ctx context.Context, subaccount btp.SubaccountID, instance, name string) error
	Trust(context.Context, btp.SubaccountID) (destination.Trust, error)
}

// Finder finds a destination for a user, as an application of the subaccount does.
type Finder interface {
	// FindFor returns the answer of the destination service; user "" is nobody.
	FindFor(ctx context.Context, subaccount btp.SubaccountID, name, user string) (answer any, err error)
}

// mountDestinations adds the routes of destinations.
func (s *server) mountDestinations(api gin.IRouter, h func(func(*gin.Context) error) gin.HandlerFunc) {
	api.GET("/subaccounts/:id/destinations", h(s.listDestinations))
	api.GET("/subaccounts/:id/destinations/:destination", h(s.showDestination))
	api.PUT("/subaccounts/:id/destinations/:destination", h(s.putDestination))
	api.DELETE("/subaccounts/:id/destinations/:destination", h(s.deleteDestination))
	api.POST("/subaccounts/:id/destinations/:destination/find", h(s.findDestination))
	api.GET("/subaccounts/:id/trust", h(s.showTrust))
}

// shownDestination is a destination without its secrets: Hidden names them.
type shownDestination struct {
	Name       string            `json:"name"`
	Subaccount btp.SubaccountID  `json:"subaccount"`
	Properties map[string]string `json:"properties"`
	Hidden     []string          `json:"hidden"`
	MadeBy     string            `json:"madeBy,omitempty"`
	ChangedAt  time.Time         `json:"changedAt"`
}

func destinationOf(d destination.Destination) shownDestination {
	hidden := slices.Sorted(maps.Keys(d.Secrets))
	if hidden == nil {
		hidden = []string{}
	}
	return shownDestination{d.Name, d.Subaccount, d.Properties, hidden, d.MadeBy, d.ChangedAt.UTC()}
}

func (s *server) listDestinations(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	all, err := s.Destinations.List(c.Request.Context(), subaccountID(c), "")
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, ListOf(all, destinationOf))
}

func (s *server) showDestination(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	d, err := s.Destinations.Show(c.Request.Context(), subaccountID(c), "", c.Param("destination"))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, destinationOf(d))
}

// putDestination makes or replaces a destination. The body has all its properties,
// secrets included.
func (s *server) putDestination(c *gin.Context) error {
	var req struct {
		Properties map[string]string `json:"properties"`
	}
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	if err := DecodeBody(c, &req); err != nil {
		return err
	}
	name := c.Param("destination")
	d := destination.Destination{Subaccount: subaccountID(c), Name: name, Properties: req.Properties}
	if err := s.Destinations.Put(c.Request.Context(), false, d); err != nil {
		return err
	}
	return NoContent(c)
}

func (s *server) deleteDestination(c *gin.Context) error {
	if err := ReadNothing(c); err != nil {
		return err
	}
	if err := s.Destinations.Remove(c.Request.Context(), subaccountID(c), "", c.Param("destination")); err != nil {
		return err
	}
	return NoContent(c)
}

// findDestination answers with secrets and tokens, as the destination service would.
func (s *server) findDestination(c *gin.Context) error {
	var req struct {
		User string `json:"user"`
	}
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	if err := DecodeOptionalBody(c, &req); err != nil {
		return err
	}
	found, err := s.Finder.FindFor(c.Request.Context(), subaccountID(c), c.Param("destination"), req.User)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	return Respond(c, http.StatusOK, found)
}

func (s *server) showTrust(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	t, err := s.Destinations.Trust(c.Request.Context(), subaccountID(c))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, struct {
		Issuer      string    `json:"issuer"`
		Certificate string    `json:"certificate"`
		NotAfter    time.Time `json:"notAfter"`
	}{t.Issuer, string(t.CertificatePEM), t.NotAfter.UTC()})
}
