// Package callback tells tenants, over HTTP, what the registry did with their
// systems (docs/wire.md, Callbacks). Where calls may go is its client's decision.
package callback

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

// Client makes a call and refuses every answer but a 2xx. Its errors hold no
// credentials.
type Client interface {
	Tell(context.Context, *http.Request) error
}

// Notifier is btp.Notifier over HTTP.
type Notifier struct{ Client Client }

var (
	_ btp.Notifier = Notifier{}
	_ btp.Waker    = Notifier{}
)

type deregistration struct {
	SystemID     btp.SystemID `json:"systemId"`
	ReleaseToken string       `json:"releaseToken,omitempty"`
}

// TellDeregistration posts the notice to the tenant's callback. It refuses with
// btp.TenantNotTold.
func (n Notifier) TellDeregistration(ctx context.Context, notice btp.Notice) error {
	body, err := json.Marshal(deregistration{notice.System, notice.ReleaseToken})
	if err != nil {
		return err
	}
	return n.tell(ctx, notice.CallbackURL, "/deregistration", bytes.NewReader(body), "Bearer "+notice.JWT)
}

// WakeTenant posts to the tenant's callback that its instant has come. It refuses
// with btp.TenantNotTold.
func (n Notifier) WakeTenant(ctx context.Context, callbackURL string) error {
	return n.tell(ctx, callbackURL, "/wake", bytes.NewReader([]byte("{}")), "")
}

func (n Notifier) tell(ctx context.Context, callbackURL, path string, body *bytes.Reader, authorization string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(callbackURL, "/")+path, body)
	if err != nil {
		return btp.Errorf(btp.TenantNotTold, "the tenant's callback URL cannot be called")
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	req.Header.Set("Content-Type", "application/json")
	err = n.Client.Tell(ctx, req)
	var answered interface{ HTTPStatus() string }
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled): // the process ends; nobody has failed
		return ctx.Err()
	case errors.As(err, &answered):
		refused := btp.Errorf(btp.TenantNotTold, "the tenant's callback answered %s", answered.HTTPStatus())
		if strings.HasPrefix(answered.HTTPStatus(), "409 ") {
			refused.Cause = btp.ErrTenantBusy
		}
		return refused
	}
	return btp.Errorf(btp.TenantNotTold, "the tenant's callback could not be told: %w", err)
}
