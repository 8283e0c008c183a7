package tenant

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/internal/records"
)

const eventsPath = "POST /shop/v1/events"

// withOrders is a product whose orders have an event, behind an API that says what
// it was asked.
func withOrders(c *Config) {
	c.Product.Emissions = []Emission{{
		Collection: "orders", Operation: records.Created, Type: "order.created", Version: "v1",
		Data: func(r records.Record) any { return map[string]string{"orderCode": r.ID} },
	}}
	for i := range c.Product.APIs {
		c.Product.APIs[i].Open = func(Backend) Responder { return echo{} }
		c.Product.APIs[i].Denied = func(w http.ResponseWriter, message string, _ bool) { http.Error(w, message, http.StatusUnauthorized) }
	}
}

type echo struct{}

func (echo) Serve(w http.ResponseWriter, r *http.Request, path string) {
	_, _ = w.Write([]byte(r.Method + " " + path))
}

func order(t *testing.T, tenant *Tenant, code string) {
	t.Helper()
	err := tenant.records.Update(t.Context(), func(tx *records.Tx) error {
		return tx.Create("orders", records.Record{ID: code, Fields: map[string]any{}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sent waits until nothing waits to be sent any more.
func sent(tenant *Tenant) {
	for {
		tenant.mu.Lock()
		sending := tenant.sending
		tenant.mu.Unlock()
		if !sending {
			return
		}
	}
}

// Rule: product-events
func TestEventsFollowChanges(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, withOrders)
	order(t, tenant, "0") // not paired: no event
	if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	f.instead(eventsPath, refuseWith(503, "", "later"), refuseWith(503, "", "later"))
	order(t, tenant, "1")
	sent(tenant)
	if n := f.count(eventsPath); n != 3 {
		t.Errorf("got %d calls, want the event until it was taken", n)
	}
	var event struct {
		Data map[string]string `json:"data"`
	}
	if err := json.Unmarshal(f.bodies[eventsPath], &event); err != nil || event.Data["orderCode"] != "1" {
		t.Errorf("got %s, %v", f.bodies[eventsPath], err)
	}
	f.instead(eventsPath, refuseWith(400, "", "no"))
	order(t, tenant, "2")
	sent(tenant)
	if n := f.count(eventsPath); n != 4 {
		t.Errorf("got %d calls, want no repetition of what is refused for good", n)
	}
}

// A registry that does not answer holds up neither the change nor the process,
// and no more than so many events wait for it.
func TestEventsWaitForASlowRegistry(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, withOrders)
	if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	f.set(func() { f.held[eventsPath] = hold })
	for i := range maxOutbox + 10 {
		order(t, tenant, strconv.Itoa(i))
	}
	tenant.mu.Lock()
	waiting := len(tenant.outbox)
	tenant.mu.Unlock()
	if waiting > maxOutbox || waiting < maxOutbox-1 {
		t.Errorf("got %d events that wait, want %d at most", waiting, maxOutbox)
	}
	if err := tenant.Close(t.Context()); err != nil {
		t.Error(err)
	}
	close(hold)
}

func request(tenant *Tenant, method, path string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, http.NoBody)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	Handler(tenant).ServeHTTP(w, r)
	return w
}

// Rule: product-credentials
func TestAPIsTakeTheirOwnCredentialsOnly(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, withOrders)
	basic := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	own, other := tenant.state.Credentials["odata"], tenant.state.Credentials["occ"]
	const odata, occ = "/tenants/commerce/api/odata", "/tenants/commerce/api/occ/v2"
	for name, tt := range map[string]struct {
		path   string
		change func(*http.Request)
		status int
		body   string
	}{
		"own":                 {odata + "/A('x%2Fy')/B", basic(own.ID, own.Secret), 200, "GET /A('x%2Fy')/B"},
		"root":                {odata, basic(own.ID, own.Secret), 200, "GET "},
		"wrong password":      {odata, basic(own.ID, "x"), 401, "Logon failed"},
		"no credentials":      {odata, nil, 401, "Logon failed"},
		"another API's":       {odata, basic(other.ID, other.Secret), 401, "Logon failed"},
		"long header":         {odata, basic(own.ID, strings.Repeat("x", 5000)), 401, "Logon failed"},
		"Basic for OAuth":     {occ, basic(other.ID, other.Secret), 401, "Full authentication"},
		"no token of ours":    {occ, func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 401, "unknown"},
		"longer name":         {odata + "x", basic(own.ID, own.Secret), 404, "route-not-found"},
		"no API":              {"/tenants/commerce/api/nothing", nil, 404, "route-not-found"},
		"the APIs themselves": {"/tenants/commerce/api/", nil, 404, "route-not-found"},
	} {
		if w := request(tenant, "GET", tt.path, tt.change); w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) {
			t.Errorf("%s: got %d %s, want %d %s", name, w.Code, w.Body, tt.status, tt.body)
		}
	}
	if w := request(tenant, "MERGE", odata+"/A", basic(own.ID, own.Secret)); w.Code != 403 || w.Header().Get(csrfHeader) != "Required" {
		t.Errorf("a change without CSRF token: got %d", w.Code)
	}
	w := request(tenant, "POST", "/tenants/commerce/api/token", func(r *http.Request) { r.Header.Set("Content-Type", "application/json") })
	if w.Code != 400 || !strings.Contains(w.Body.String(), "invalid_request") {
		t.Errorf("token endpoint, JSON: got %d %s", w.Code, w.Body)
	}
}

// Access tokens are bounded in number, the oldest go first, and in time.
func TestAccessTokensAreBounded(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, withOrders)
	first := tenant.grant("occ")
	for range maxTokens - 1 {
		tenant.grant("occ")
	}
	use := func(token string) int {
		return request(tenant, "GET", "/tenants/commerce/api/occ/v2/x", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }).Code
	}
	tenant.askTime(t.Context())
	if use(first) != 401 { // it was granted at real time, far before the registry's
		t.Error("a token of the past is taken")
	}
	now := tenant.grant("occ")
	if use(now) != 200 {
		t.Error("a fresh token is refused")
	}
	if _, known := tenant.apis.tokens[first]; known || len(tenant.apis.tokens) != maxTokens || len(tenant.apis.order) != maxTokens {
		t.Errorf("got %d tokens, want %d without the oldest", len(tenant.apis.tokens), maxTokens)
	}
	f.set(func() { f.now = f.now.Add(tokenLifetime - time.Second) })
	if use(now) != 200 {
		t.Error("a token is refused before its hour has passed")
	}
	f.set(func() { f.now = f.now.Add(time.Second) })
	if use(now) != 401 {
		t.Error("a token is taken after its hour")
	}
}
