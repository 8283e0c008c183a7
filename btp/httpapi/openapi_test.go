package httpapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi/openapitest"
)

var ginParameter = regexp.MustCompile(`:(\w+)`)

func TestEveryRouteIsDocumented(t *testing.T) {
	doc, err := openapitest.Registry.Document()
	if err != nil {
		t.Fatal(err)
	}
	var documented, routed []string
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			documented = append(documented, method+" "+path)
			if op.Responses.Status(http.StatusInternalServerError) == nil {
				t.Errorf("%s %s: the answer 500 is not documented", method, path)
			}
		}
	}
	a := newAPI(t, "v1")
	for _, route := range router(t, a.registry, a.registry, io.Discard).Routes() {
		routed = append(routed, route.Method+" "+ginParameter.ReplaceAllString(route.Path, "{$1}"))
	}
	for _, d := range documented {
		if !slices.Contains(routed, d) {
			t.Errorf("%s is documented and not routed", d)
		}
	}
	for _, r := range routed {
		if !slices.Contains(documented, r) {
			t.Errorf("%s is routed and not documented", r)
		}
	}
}

func TestDocumentIsServed(t *testing.T) {
	a := newAPI(t, "v1")
	if got := a.must(200, a.call("GET", "/api/v1/openapi.json", ""))["openapi"]; got != "3.1.0" {
		t.Errorf("got openapi %v, want 3.1.0", got)
	}
}

// staged answers System with what the test put there.
type staged struct {
	*btp.Registry
	view btp.SystemView
	err  error
}

func (s staged) ReadSystem(context.Context, btp.SystemID) (btp.SystemView, error) {
	return s.view, s.err
}

func (s staged) ReadSystems(context.Context, btp.SystemFilter) ([]btp.System, bool, error) {
	return []btp.System{s.view.System}, false, s.err
}

func TestFullSystem(t *testing.T) {
	a := newAPI(t, "v1")
	at := start.Add(90 * time.Second)
	day := 24 * time.Hour
	view := btp.SystemView{
		System: btp.System{
			ID: "s1", GlobalAccount: "default", Name: "Web Shop", Type: "SAP Commerce Cloud", ApplicationName: "mp-web-shop",
			Status: btp.DeregisterError, CreatedAt: start, UpdatedAt: at, RegisteredAt: at.Add(time.Millisecond),
			Failure:   &btp.Failure{Cause: "no answer", Step: btp.PointCSR, Component: "BC-CP-MP", At: at},
			Tenant:    &btp.Descriptor{TenantID: "commerce", URL: "http://x/y?a=b&c=d", CallbackURL: "http://x/z", CommunicationScenarios: []string{"SAP_COM_1"}},
			Discovery: &btp.Discovery{URL: "http://x/y", SystemID: "SHOP-1", BusinessType: "Test", CorrelationIDs: []string{"c1"}},
		},
		MergeTargets: []btp.System{{ID: "s2", Name: "Shop", Type: "SAP Commerce Cloud"}},
		Token:        &btp.Token{State: btp.TokenRedeemed, IssuedAt: start, ExpiresAt: start.Add(10 * time.Minute)},
		Services: []btp.Service{
			{ID: "v1", Name: "OCC", Provider: "SAP", Description: "Commerce", API: &btp.ServiceAPI{}},
			{ID: "v2", Name: "Events", Events: &btp.ServiceEvents{}},
		},
		Certificates: []btp.Certificate{
			{Serial: "a1", NotBefore: start, NotAfter: at.Add(day)},
			{Serial: "a2", NotBefore: start, NotAfter: at.Add(-time.Second)},
			{Serial: "a3", NotBefore: start, NotAfter: at.Add(day), RenewalBlocked: true},
			{Serial: "a4", NotBefore: start, NotAfter: at.Add(day), RenewalBlocked: true, Revoked: true},
			{Serial: "a5", NotBefore: start, NotAfter: at}, // valid through its last instant
		},
		Formations:   []btp.Formation{{ID: "f1", Name: "extend-the-shop"}},
		Entitlements: []btp.Entitlement{{ID: "e1", Plan: "api-access", Subaccount: "dev"}},
		Incident:     "i1",
		Now:          at,
	}
	h := openapitest.Registry.Check(t, router(t, staged{a.registry, view, nil}, a.registry, io.Discard))
	golden(t, "fullSystem", call(h, "GET", "/api/v1/systems/s1", "").Body.Bytes())
	golden(t, "fullSystemRow", call(h, "GET", "/api/v1/globalAccounts/default/systems", "").Body.Bytes())
}

func TestInternalError(t *testing.T) {
	a := newAPI(t, "v1")
	h := openapitest.Registry.Check(t, router(t, staged{a.registry, btp.SystemView{}, errors.New("disk full")}, a.registry, io.Discard))
	golden(t, "internal", call(h, "GET", "/api/v1/systems/s1", "").Body.Bytes())
}

func TestCallerHasLeft(t *testing.T) {
	a := newAPI(t, "v1")
	h := router(t, staged{a.registry, btp.SystemView{}, context.Canceled}, a.registry, &a.log)
	w := call(withCancelled(h), "GET", "/api/v1/systems/s1", "")
	if w.Body.Len() > 0 || a.log.Len() > 0 {
		t.Errorf("got body %s, log %s; want neither", w.Body, a.log.String())
	}
}

func withCancelled(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}
