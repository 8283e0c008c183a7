package tokenservice_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi/openapitest"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
	"github.com/pairsim/pairsim/btp/tokenservice"
	"github.com/pairsim/pairsim/internal/publicurl"
)

// TestAnswersAreThoseOfTheDocument: every answer is held against openapi.yaml.
func TestAnswersAreThoseOfTheDocument(t *testing.T) {
	start := time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)
	registry, err := btp.Open(t.Context(), btp.Config{
		Store: memory.New(), Environment: btp.DefaultEnvironment, Seed: 7, Tokens: token.NewSigner(nil),
		NewAuthority:  func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(start); return m, err },
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return start }, StartFrozen: start, Policy: btp.DefaultPolicy(), Landscape: btp.DefaultLandscape(),
		DefaultUser: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	urls, err := publicurl.New("8080", "8443", "", "")
	if err != nil {
		t.Fatal(err)
	}
	router := gin.New()
	tokenservice.New(tokenservice.Config{Registry: registry, URLs: urls}).Mount(router)
	checked := openapitest.TokenService.Check(t, router)
	login := "grant_type=password&client_id=cf&username=" + btp.DefaultUserName + "&password=" + btp.DefaultUserPassword
	for _, tt := range []struct {
		method, path, form string
		status             int
	}{
		{"POST", "/oauth/token", login, 200},
		{"POST", "/oauth/token", login + "x", 401},
		{"POST", "/oauth/token", "", 400},
		{"POST", "/oauth/token", "x=" + strings.Repeat("a", 64<<10), 413},
		{"GET", "/token_keys", "", 200},
		{"GET", "/.well-known/openid-configuration", "", 200},
		{"GET", "/oauth/openapi.json", "", 200},
	} {
		r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.form))
		if tt.form != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		w := httptest.NewRecorder()
		checked.ServeHTTP(w, r)
		if w.Code != tt.status {
			t.Errorf("%s %s %.20s: got %d %.200s, want %d", tt.method, tt.path, tt.form, w.Code, w.Body, tt.status)
		}
	}
	w := httptest.NewRecorder()
	router.ServeHTTP(w, publicurl.Under(t.Context(), httptest.NewRequest("GET", "/env/ci/oauth/openapi.json", nil), "/env/ci"))
	if !strings.Contains(w.Body.String(), `"servers":[{"url":"/env/ci"}]`) {
		t.Errorf("below /env/ci the document names another server: %.200s", w.Body)
	}
	doc, err := openapitest.TokenService.Document()
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range router.Routes() {
		if strings.HasPrefix(route.Path, "/uaa/") {
			continue // the same again
		}
		if item := doc.Paths.Value(route.Path); item == nil || item.Operations()[route.Method] == nil {
			t.Errorf("%s %s is routed and not documented", route.Method, route.Path)
		}
	}
	if n := len(doc.Paths.Map()); n != 4 {
		t.Errorf("%d paths are documented, want 4", n)
	}
}
