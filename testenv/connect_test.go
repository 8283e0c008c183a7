package testenv_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/testenv"
)

// TestConnectToWhatIsNoPairsim is told within seconds, and names the address.
func TestConnectToWhatIsNoPairsim(t *testing.T) {
	t.Parallel()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	t.Cleanup(page.Close)
	nothing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(nothing.Close)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	for name, base := range map[string]string{
		"nobody": "http://127.0.0.1:1", "a web page": page.URL, "a server without it": nothing.URL, "one who says nothing": "http://" + silent.Addr().String(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := testenv.Connect(ctx, testenv.Address{HTTP: base, MTLS: "https://127.0.0.1:1"})
			switch {
			case err == nil:
				t.Error("it is taken for a landscape")
			case ctx.Err() != nil:
				t.Errorf("it was not told within seconds: %v", err)
			case !strings.Contains(err.Error(), base) || !strings.Contains(err.Error(), "no pairsim"):
				t.Errorf("got %v, want the address, and that it is no pairsim", err)
			}
		})
	}
}
