package landscape

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// TestRoutesAreMadeOnce: with the first request, however many come at once; and none
// are made for who comes after the end.
func TestRoutesAreMadeOnce(t *testing.T) {
	made := make(chan struct{}, 100)
	count := func(h http.Handler) http.Handler {
		made <- struct{}{}
		return h
	}
	for _, tt := range []struct {
		name     string
		requests int
		routers  int // WrapPublic is asked twice for each
		status   int
	}{
		{name: "requests at once", requests: 20, routers: 1, status: http.StatusOK},
		{name: "nobody asked", requests: 0, routers: 0, status: http.StatusServiceUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := Default()
			cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
			cfg.WrapPublic = count
			l, err := Start(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			for range tt.requests {
				all.Go(func() {
					if got := answered(t, l); got != tt.status {
						t.Errorf("while it runs: %d, want %d", got, tt.status)
					}
				})
			}
			all.Wait()
			if err := l.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			if got := answered(t, l); got != tt.status {
				t.Errorf("after the end: %d, want %d", got, tt.status)
			}
			if got := len(made); got != 2*tt.routers {
				t.Errorf("wrapped %d times, want %d", got, 2*tt.routers)
			}
			for len(made) > 0 {
				<-made
			}
		})
	}
}

func answered(t *testing.T, l *Landscape) int {
	t.Helper()
	w := httptest.NewRecorder()
	l.first.publicHandler(false).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/healthz", nil))
	return w.Code
}
