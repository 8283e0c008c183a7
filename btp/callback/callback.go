// Package callback tells tenants, over HTTP, what the registry did with their
// systems (docs/wire.md, Callbacks). Where calls may go is its client's decision.
package callback

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/faultwire"
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
	err := n.tell(ctx, notice)
	if err == nil && notice.Faults.Duplicate { // the second answer counts
		err = n.tell(ctx, notice)
	}
	if err == nil && notice.Faults.Drop {
		return btp.Errorf(btp.TenantNotTold, "the tenant's callback could not be told: the connection was closed before the answer")
	}
	return notTold(ctx, err)
}

// WakeTenant posts to the tenant's callback that its instant has come. It refuses
// with btp.TenantNotTold.
func (n Notifier) WakeTenant(ctx context.Context, callbackURL string) error {
	req, err := post(ctx, callbackURL, "/wake", strings.NewReader("{}"))
	if err != nil {
		return err
	}
	return notTold(ctx, n.Client.Tell(ctx, req))
}

// notTold says why a tenant was not told; nil for nil.
func notTold(ctx context.Context, err error) error {
	var refused *btp.Error
	var answered interface{ HTTPStatus() string }
	switch {
	case err == nil, errors.As(err, &refused):
		return err
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

// tell makes the call once, as the faults will have it.
func (n Notifier) tell(ctx context.Context, notice btp.Notice) error {
	body, err := json.Marshal(deregistration{notice.System, notice.ReleaseToken})
	if err != nil {
		return err
	}
	f, jwt := notice.Faults, []byte(notice.JWT)
	for _, part := range f.Corrupt {
		body, jwt = faultwire.Garble(body, part), faultwire.Garble(jwt, part)
	}
	sent := body
	if f.Truncate != nil {
		sent = body[:faultwire.Cut(len(body), *f.Truncate)]
	}
	// Not a bytes.Reader, whose length would count.
	req, err := post(ctx, notice.CallbackURL, "/deregistration", io.NopCloser(bytes.NewReader(sent)))
	if err != nil {
		return err
	}
	req.ContentLength = int64(len(body))
	req.Header.Set("Authorization", "Bearer "+string(jwt))
	if len(f.Rules) > 0 {
		req.Header.Set(faultwire.Header, strings.Join(f.Rules, ", "))
	}
	return n.Client.Tell(ctx, req)
}

// post is a JSON request to a path below a tenant's callback.
func post(ctx context.Context, callbackURL, path string, body io.Reader) (*http.Request, error) {
	return request(ctx, http.MethodPost, callbackURL, path, body)
}

func request(ctx context.Context, method, callbackURL, path string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(callbackURL, "/")+path, body)
	if err != nil {
		return nil, btp.Errorf(btp.TenantNotTold, "the tenant's callback URL cannot be called")
	}
	req.Header.Set("Content-Type", "application/json")
	return req, nil
}
