package control

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/snapshot"
)

// Snapshots writes an environment and its tenants down as one document and puts
// such documents in their place; *snapshot.Environment does.
type Snapshots interface {
	Export(ctx context.Context, withSecrets bool) ([]byte, error)
	Import(ctx context.Context, document []byte) error
	Reset(ctx context.Context) error
}

var _ Snapshots = (*snapshot.Environment)(nil)

func (s *server) exportSnapshot(c *gin.Context) error {
	q, err := httpapi.ReadQuery(c, "secrets")
	if err != nil {
		return err
	}
	secrets := q.Text("secrets")
	if secrets != "" && secrets != "include" && secrets != "omit" {
		return btp.Errorf(btp.InvalidRequest, "secrets is %.20q; it must be include or omit, or left out", secrets)
	}
	document, err := s.Snapshots.Export(c.Request.Context(), secrets != "omit")
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, "application/json", document)
	return nil
}

func (s *server) importSnapshot(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	document, err := httpapi.ReadBody(c, snapshot.MaxSize)
	if err != nil {
		return err
	}
	if err := s.Snapshots.Import(c.Request.Context(), document); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (s *server) showSnapshotSchema(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/schema+json", snapshot.Schema())
	return nil
}

// reset takes no body but an empty object.
func (s *server) reset(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	if err := httpapi.DecodeOptionalBody(c, &struct{}{}); err != nil {
		return err
	}
	if err := s.Snapshots.Reset(c.Request.Context()); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
