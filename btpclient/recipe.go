package btpclient

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// SetRecipe sets the faults of a recipe. target limits it to one system, formation
// or tenant, which is its only key; an empty one is for all.
func (c *Control) SetRecipe(ctx context.Context, name string, target map[string]string) error {
	if name == "" {
		return errors.New("a recipe is named")
	}
	if target == nil {
		target = map[string]string{}
	}
	return c.do(ctx, http.MethodPost, "/control/faults/recipes/"+url.PathEscape(name), nil, target, nil)
}
