package btpclient

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

// A registry that is busy is asked again, when it says so, on its own clock.
//
// Rule: strict-busy
func TestCallsThatArePutOffComeAgain(t *testing.T) {
	told := time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC) // years ahead of ours
	tests := []struct {
		name   string
		status int
		header map[string]string
		waits  []time.Duration // nil: it is not asked again
	}{
		{"seconds", 503, map[string]string{"Retry-After": "2"}, []time.Duration{2 * time.Second}},
		{"at once", 503, map[string]string{"Retry-After": "0"}, []time.Duration{0}},
		{
			"a date on the registry's clock", 503,
			map[string]string{"Retry-After": told.Add(3 * time.Second).Format(http.TimeFormat), "Pairsim-Time": told.Format(time.RFC3339Nano)},
			[]time.Duration{3 * time.Second},
		},
		{
			"a date beside Date", 503,
			map[string]string{"Retry-After": told.Add(time.Second).Format(http.TimeFormat), "Date": told.Format(http.TimeFormat)},
			[]time.Duration{time.Second},
		},
		{
			"a date that is past", 503,
			map[string]string{"Retry-After": told.Format(http.TimeFormat), "Pairsim-Time": told.Add(time.Second).Format(time.RFC3339Nano)},
			[]time.Duration{0},
		},
		{"no Retry-After", 503, nil, nil},
		{"one that cannot be read", 503, map[string]string{"Retry-After": "soon"}, nil},
		{"longer than anybody waits", 503, map[string]string{"Retry-After": "31"}, nil},
		{"another answer", 500, map[string]string{"Retry-After": "1"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			busy := true
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if !busy {
					_, _ = w.Write([]byte(`{"environment":"e","issuer":"i","jwks_uri":"j"}`))
					return
				}
				busy = false
				for name, value := range tt.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(tt.status)
			}))
			defer server.Close()
			var waits []time.Duration
			c, err := New(Config{RegistryURL: server.URL, Wait: func(_ context.Context, d time.Duration) error {
				waits = append(waits, d)
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_, err = c.Configuration(t.Context())
			if !slices.Equal(waits, tt.waits) || (err == nil) != (tt.waits != nil) {
				t.Errorf("got waits %v and error %v, want waits %v", waits, err, tt.waits)
			}
		})
	}
}

func TestRetriesAreBounded(t *testing.T) {
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	c, err := New(Config{RegistryURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var refused *RefusedError
	if _, err := c.Configuration(t.Context()); !errors.As(err, &refused) || calls != maxTries {
		t.Errorf("got %v after %d calls, want a refusal after %d", err, calls, maxTries)
	}
}
