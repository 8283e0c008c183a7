package gateway

import (
	"context"
	"net/http"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/outbound"
	"github.com/pairsim/pairsim/internal/tokencache"
)

// call carries one call of a workload to a target, with the target's credentials.
type call struct {
	*server
	to   *target
	body *body
	// accessToken is the caller's own; "" to use the target's credentials.
	accessToken string
	// used are the tokens of the latest call.
	used []tokencache.Key
	// client ends when the workload goes away, not when time is up.
	client context.Context
}

// RoundTrip calls the target. An answer 401 or 403 is asked for once more, with
// new tokens, whatever the credentials are (pairing-protocols §5.2), if the body
// can be sent again; if not, the next call gets them.
func (c *call) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := c.once(req)
	if err != nil || !denied(res) || req.Context().Err() != nil {
		return res, err
	}
	for _, key := range c.used {
		c.tokens.Forget(key)
	}
	if !c.body.replayable() {
		return res, nil
	}
	_ = res.Body.Close() // of what nobody will see
	return c.once(req)
}

func denied(res *http.Response) bool {
	return res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden
}

// once authenticates and calls the target.
func (c *call) once(req *http.Request) (res *http.Response, err error) {
	ctx := req.Context()
	out := req.Clone(ctx)
	c.body.put(out)
	if err := c.authenticate(ctx, out); err != nil {
		return nil, err
	}
	err = c.Registry.GatewayStep(c.client, btp.PointGatewayCall, c.to.GatewayTarget, func(step context.Context) (string, error) {
		res, err = c.to.transport.RoundTrip(out.WithContext(btp.WithinStepOf(ctx, step))) //nolint:bodyclose // ReverseProxy closes it
		if err != nil {
			return "", c.explain(err)
		}
		if res.StatusCode >= http.StatusInternalServerError {
			return "", btp.Errorf(btp.TargetFailed, "%s: the target answered %d", c.to.ServiceName, res.StatusCode)
		}
		return "", nil
	})
	if btp.CodeOf(err) == btp.TargetFailed {
		return res, nil // its answer is told, as it is
	}
	return res, err
}

// explain says why a target was not called. A caller that has gone was not refused.
func (c *call) explain(err error) error {
	service := c.to.ServiceName
	switch {
	case c.client.Err() != nil:
		return c.client.Err()
	case c.body.over.Load():
		return c.body.tooLarge()
	case outbound.IsForbidden(err):
		return btp.Errorf(btp.TargetForbidden, "%s: %v", service, err)
	case outbound.IsLate(err):
		return btp.Errorf(btp.TargetTimeout, "%s: %v", service, err)
	}
	return btp.Errorf(btp.TargetUnreachable, "%s: %v", service, err)
}
