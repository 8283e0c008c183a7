package callback

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

type client func(context.Context, *http.Request) error

func (c client) Tell(ctx context.Context, r *http.Request) error { return c(ctx, r) }

type answered string

func (a answered) Error() string      { return "the answer has status " + string(a) }
func (a answered) HTTPStatus() string { return string(a) }

// Rule: deregister-tells-tenant, notice-is-signed
func TestTellDeregistration(t *testing.T) {
	t.Parallel()
	notice := btp.Notice{CallbackURL: "http://tenant.test/callback/", System: "s1", JWT: "a.b.c", ReleaseToken: "release"}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, end := context.WithDeadline(t.Context(), time.Time{})
	defer end()
	for _, test := range []struct {
		name string
		ctx  context.Context
		err  error
		want btp.Code
		told string
	}{
		{"told", t.Context(), nil, "", ""},
		{"refused", t.Context(), answered("500 Internal Server Error"), btp.TenantNotTold, "answered 500"},
		{"unreachable", t.Context(), errors.New("the host cannot be reached"), btp.TenantNotTold, "cannot be reached"},
		{"too slow", late, errors.New("no complete answer"), btp.TenantNotTold, "no complete answer"},
		{"the process ends", cancelled, errors.New("given up"), btp.Internal, ""},
	} {
		var sent *http.Request
		err := Notifier{client(func(_ context.Context, r *http.Request) error { sent = r; return test.err })}.TellDeregistration(test.ctx, notice)
		if got := btp.CodeOf(err); got != test.want || test.told != "" && !strings.Contains(err.Error(), test.told) {
			t.Errorf("%s: got %q (%v), want %q that tells %q", test.name, got, err, test.want, test.told)
		}
		if err != nil && strings.Contains(err.Error(), "a.b.c") {
			t.Errorf("%s: the refusal holds the token", test.name)
		}
		body, _ := io.ReadAll(sent.Body)
		if sent.Method != http.MethodPost || sent.URL.String() != "http://tenant.test/callback/deregistration" ||
			sent.Header.Get("Authorization") != "Bearer a.b.c" || string(body) != `{"systemId":"s1","releaseToken":"release"}` {
			t.Errorf("%s: sent %s %s %v %s", test.name, sent.Method, sent.URL, sent.Header, body)
		}
	}
	if err := (Notifier{}).TellDeregistration(t.Context(), btp.Notice{CallbackURL: "http://a b"}); btp.CodeOf(err) != btp.TenantNotTold {
		t.Errorf("a URL that cannot be called: %v", err)
	}
}

// Rule: tenant-renews-in-time
func TestWakeTenant(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
		want btp.Code
		busy bool
	}{
		{"awake", nil, "", false},
		{"busy", answered("409 Conflict"), btp.TenantNotTold, true},
		{"knows no such call", answered("404 Not Found"), btp.TenantNotTold, false},
		{"unreachable", errors.New("the host cannot be reached"), btp.TenantNotTold, false},
	} {
		var sent *http.Request
		n := Notifier{client(func(_ context.Context, r *http.Request) error { sent = r; return test.err })}
		err := n.WakeTenant(t.Context(), "http://tenant.test/callback/")
		if got := btp.CodeOf(err); got != test.want || errors.Is(err, btp.ErrTenantBusy) != test.busy {
			t.Errorf("%s: got %v, want %q, busy %v", test.name, err, test.want, test.busy)
		}
		if sent.Method != http.MethodPost || sent.URL.String() != "http://tenant.test/callback/wake" || sent.Header.Get("Authorization") != "" {
			t.Errorf("%s: sent %s %s %v", test.name, sent.Method, sent.URL, sent.Header)
		}
	}
}
