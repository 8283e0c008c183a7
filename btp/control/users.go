package control

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
)

// user is a user of a subaccount's identity provider, without the password.
type user struct {
	Subaccount btp.SubaccountID `json:"subaccount"`
	Name       string           `json:"name"`
	Email      string           `json:"email"`
	ID         string           `json:"id"`
	CreatedAt  time.Time        `json:"createdAt"`
}

func userOf(u btp.SubaccountUser) user {
	return user{u.Subaccount, u.Name, u.Email, u.ID, u.CreatedAt.UTC()}
}

func (s *server) createUser(c *gin.Context) error {
	var req struct {
		Subaccount string `json:"subaccount"`
		Name       string `json:"name"`
		Email      string `json:"email"`
		Password   string `json:"password"`
	}
	if err := readOnlyBody(c, &req); err != nil {
		return err
	}
	created, err := s.Registry.CreateUser(c.Request.Context(), btp.DeclaredUser{
		Subaccount: btp.SubaccountID(req.Subaccount), Name: req.Name, Email: req.Email, Password: req.Password,
	})
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusCreated, userOf(created))
}

func (s *server) listUsers(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	all, err := s.Registry.Users(c.Request.Context())
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, httpapi.ListOf(all, userOf))
}

func (s *server) deleteUser(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	if err := s.Registry.DeleteUser(c.Request.Context(), btp.SubaccountID(c.Param("subaccount")), c.Param("name")); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
