package control

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
)

// oauthClient is a client of the token service, without its secret.
type oauthClient struct {
	ClientID      string              `json:"client_id"`
	Role          string              `json:"role"`
	GlobalAccount btp.GlobalAccountID `json:"globalAccount,omitempty"`
	Tenant        string              `json:"tenant,omitempty"`
	CreatedAt     time.Time           `json:"createdAt"`
}

func oauthClientOf(c btp.OAuthClient) oauthClient {
	return oauthClient{c.ID, c.Role, c.GlobalAccount, c.Tenant, c.CreatedAt.UTC()}
}

// createOAuthClient tells the secret, this once.
func (s *server) createOAuthClient(c *gin.Context) error {
	var req struct {
		ID            string `json:"id"`
		Role          string `json:"role"`
		GlobalAccount string `json:"globalAccount"`
		Tenant        string `json:"tenant"`
	}
	if err := readOnlyBody(c, &req); err != nil {
		return err
	}
	created, secret, err := s.Registry.CreateOAuthClient(c.Request.Context(), btp.DeclaredOAuthClient{
		ID: req.ID, Role: req.Role, GlobalAccount: req.GlobalAccount, Tenant: req.Tenant,
	})
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	return httpapi.Respond(c, http.StatusCreated, struct {
		oauthClient
		ClientSecret string `json:"client_secret"`
	}{oauthClientOf(created), secret})
}

func (s *server) listOAuthClients(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	all, err := s.Registry.OAuthClients(c.Request.Context())
	if err != nil {
		return err
	}
	items := make([]oauthClient, len(all))
	for i, one := range all {
		items[i] = oauthClientOf(one)
	}
	return httpapi.Respond(c, http.StatusOK, gin.H{"items": items})
}

func (s *server) deleteOAuthClient(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	if err := s.Registry.DeleteOAuthClient(c.Request.Context(), c.Param("id")); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// createGlobalAccount is what no role may do on the registry's own API.
func (s *server) createGlobalAccount(c *gin.Context) error {
	var req struct {
		ID          string `json:"id"`
		DisplayName string `json:"displayName"`
		Subdomain   string `json:"subdomain"`
	}
	if err := readOnlyBody(c, &req); err != nil {
		return err
	}
	a, err := s.Registry.CreateGlobalAccount(c.Request.Context(), btp.GlobalAccount{
		ID: btp.GlobalAccountID(req.ID), DisplayName: req.DisplayName, Subdomain: req.Subdomain,
	}, "")
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusCreated, gin.H{"id": a.ID, "displayName": a.DisplayName, "subdomain": a.Subdomain})
}
