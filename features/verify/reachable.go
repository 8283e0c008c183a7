package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// answersWithin is how long each part of the target may take to show that it is there.
const answersWithin = 5 * time.Second

// Reachable tells whether the target answers, before scenarios fail one by one.
func (t Target) Reachable(ctx context.Context) error {
	transport := t.transport(nil)
	defer transport.CloseIdleConnections()
	web := &http.Client{Transport: transport}
	if t.TokenURL != nil {
		for _, base := range t.Foreign {
			if err := inTime(ctx, func(ctx context.Context) error { return answers(ctx, web, base) }); err != nil {
				return fmt.Errorf("the registry at %s cannot be used: %w", base, err)
			}
		}
		return nil
	}
	err := inTime(ctx, func(ctx context.Context) error {
		_, err := btpclient.NewOperator(t.HTTP, web).SystemTypes(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("the target's registry cannot be used: %w", err)
	}
	if t.Control == "" {
		return nil
	}
	err = inTime(ctx, func(ctx context.Context) error {
		_, err := btpclient.NewControl(t.Control, web).WithToken(t.ControlKey).Environments(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("the target's control cannot be used: %w", err)
	}
	return nil
}

// inTime bounds a call.
func inTime(ctx context.Context, call func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	err := call(bounded)
	if err != nil && errors.Is(bounded.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("it gave no answer within %s", answersWithin)
	}
	return err
}

// answers is whether anybody answers there, whatever that is. No token is spent.
func answers(ctx context.Context, web *http.Client, base string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, base+"/", nil)
	if err != nil {
		return err
	}
	response, err := web.Do(request)
	var call *url.Error
	if errors.As(err, &call) {
		return call.Err // whose text does not say again what was called
	}
	if err != nil {
		return err
	}
	return response.Body.Close()
}
