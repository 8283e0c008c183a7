package btpclient

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestWorkload(t *testing.T) {
	var asked string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked = r.RequestURI; r.URL.Query().Has("refuse") {
			w.Header().Set("Pairsim-Reason", "service-not-found")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"code":404,"error":"service not found"}`)
			return
		}
		if r.Method == http.MethodPost && r.Header.Get("Content-Type") == "application/json" {
			w.Header().Set("Location", "http://"+r.Host+r.URL.Path+"/1")
		}
		_, _ = io.WriteString(w, "data")
	}))
	defer s.Close()
	w := NewWorkload(s.URL+"/", s.Client())
	for _, tt := range []struct {
		api        GatewayAPI
		path, want string
	}{
		{GatewayAPI{Application: "mp-shop", Service: "Orders & Carts"}, "", "/gateway/mp-shop/orders---carts"},
		{GatewayAPI{Application: "mp-shop", Service: "Orders"}, "/a?b=c", "/gateway/mp-shop/orders/a?b=c"},
		{GatewayAPI{Application: "a/b", Service: "Ä1", Entry: "V 2"}, "x", "/gateway-ucl/a%2Fb/-1/v-2/x"},
	} {
		if got, err := w.Read(t.Context(), tt.api, tt.path); err != nil || string(got) != "data" || asked != tt.want {
			t.Errorf("got %q and error %v from %s, want the data of %s", got, err, asked, tt.want)
		}
	}
	if _, at, err := w.Write(t.Context(), "POST", GatewayAPI{Application: "mp-shop", Service: "Orders"}, "all", []byte(`{}`)); err != nil || at != "/all/1" || asked != "/gateway/mp-shop/orders/all" {
		t.Errorf("got %q and error %v from %s, want where the new one is", at, err, asked)
	}
	_, err := w.Read(t.Context(), GatewayAPI{Application: "mp-shop", Service: "Orders"}, "?refuse")
	var refused *RefusedError
	if !errors.As(err, &refused) || refused.Reason != "service-not-found" || refused.Status != 404 || refused.Message != "service not found" {
		t.Errorf("got %v, want the gateway's refusal", err)
	}
}
