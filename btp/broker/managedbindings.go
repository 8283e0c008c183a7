package broker

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/services"
)

func (s *server) boundIn(ctx context.Context, z *zone, id string) (services.Binding, error) {
	b, _, err := s.Services.Binding(ctx, id)
	if btp.CodeOf(err) == btp.ServiceBindingNotFound || err == nil && b.Subaccount != z.sub.ID {
		err = notFound(bindingsPath)
	}
	return b, err
}

func (s *server) createBinding(c *gin.Context, z zone) error {
	var p struct {
		Name       string              `json:"name"`
		Instance   string              `json:"service_instance_id"`
		Parameters json.RawMessage     `json:"parameters"`
		Labels     map[string][]string `json:"labels"`
		Context    json.RawMessage     `json:"context"`
	}
	if err := readJSON(c, &p, true); err != nil {
		return err
	}
	async, err := asked(c)
	if err != nil {
		return err
	}
	if p.Name == "" || p.Instance == "" {
		return badRequest("name and service_instance_id are needed")
	}
	ctx := c.Request.Context()
	v, err := s.managed(ctx, &z, p.Instance)
	if err != nil {
		return err
	}
	b, err := s.Services.Bind(ctx, v.ID, services.NewBinding{Name: p.Name, Parameters: p.Parameters, Labels: p.Labels, Context: p.Context}, "")
	switch {
	case err != nil:
		return err
	case async != nil && *async:
		return goesOn(c, bindingsPath, b.ID, b.ID)
	}
	c.JSON(http.StatusCreated, s.managedBindingOf(c.Request, &z, b))
	return nil
}

func (s *server) showBinding(c *gin.Context, z zone) error {
	b, err := s.boundIn(c.Request.Context(), &z, c.Param("id"))
	if err == nil {
		c.JSON(http.StatusOK, s.managedBindingOf(c.Request, &z, b))
	}
	return err
}

func (s *server) showBindingParameters(c *gin.Context, z zone) error {
	b, err := s.boundIn(c.Request.Context(), &z, c.Param("id"))
	if err == nil {
		c.Data(http.StatusOK, "application/json", b.Parameters)
	}
	return err
}

func (s *server) showBindingOperation(c *gin.Context, z zone) error {
	b, err := s.boundIn(c.Request.Context(), &z, c.Param("id"))
	switch {
	case err != nil:
		return err
	case c.Param("op") != b.ID:
		return notFound("/v1/operations")
	}
	c.JSON(http.StatusOK, bindingOperation(b))
	return nil
}

func (s *server) deleteBinding(c *gin.Context, z zone) error {
	async, err := asked(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	b, err := s.boundIn(ctx, &z, c.Param("id"))
	if err != nil {
		return err
	}
	if err := s.Services.Unbind(ctx, b.ID); err != nil {
		return err
	}
	if async != nil && *async {
		return goesOn(c, bindingsPath, b.ID, b.ID)
	}
	c.JSON(http.StatusOK, gin.H{})
	return nil
}
