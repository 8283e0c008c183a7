package gateway_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// BenchmarkCall is a call through the gateway, with caller and target in the same process.
func BenchmarkCall(b *testing.B) {
	w := open(b, []btp.Service{api("Plain", serve(b, ok).URL, basic("me", "secret", ""))})
	b.ReportAllocs()
	for b.Loop() {
		res, err := http.Get(w.URL + "/gateway/mp-shop/plain")
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
}
