package testenv_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/odata/odatatest"
	"github.com/pairsim/pairsim/testenv"
)

// caller calls one API of a tenant as its unmodified clients do.
type caller struct {
	t      *testing.T
	client *http.Client
	api    btpclient.TenantAPI
	token  string // access token; "": Basic
	csrf   string
}

// apiOf finds an API of a tenant; the caller has its credentials.
func apiOf(t *testing.T, env *testenv.Env, tenant, identifier string) *caller {
	t.Helper()
	apis, err := env.Tenants().APIs(t.Context(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range apis {
		if a.Identifier == identifier {
			return &caller{t: t, client: &http.Client{Transport: env.Client().Transport, Jar: jar}, api: a}
		}
	}
	t.Fatalf("tenant %s has no API %s", tenant, identifier)
	return nil
}

type reply struct {
	status int
	header http.Header
	body   string
}

// do calls the API; headers are name, value, name, value, …
func (c *caller) do(method, path, body string, headers ...string) reply {
	c.t.Helper()
	path = strings.ReplaceAll(path, " ", "%20")
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.api.TargetURL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	} else if c.api.Basic != nil {
		req.SetBasicAuth(c.api.Basic.Username, c.api.Basic.Password)
	}
	if c.csrf != "" {
		req.Header.Set("X-CSRF-Token", c.csrf)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if req.Header.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	resp, err := c.client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

// must is do, and fails the test unless the status is the wanted one.
func (c *caller) must(status int, method, path, body string, headers ...string) reply {
	c.t.Helper()
	r := c.do(method, path, body, headers...)
	if r.status != status {
		c.t.Fatalf("%s %s: got %d %s, want %d", method, path, r.status, r.body, status)
	}
	return r
}

// fetchCSRF gets a token, and the cookie that goes with it.
func (c *caller) fetchCSRF() {
	c.t.Helper()
	c.csrf = ""
	if c.csrf = c.must(200, "GET", "/", "", "X-CSRF-Token", "Fetch").header.Get("X-CSRF-Token"); c.csrf == "" {
		c.t.Fatal("no CSRF token was given")
	}
}

// signIn gets an access token.
func (c *caller) signIn() {
	c.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.api.OAuth.ClientID}, "client_secret": {c.api.OAuth.ClientSecret}}
	resp, err := c.client.PostForm(c.api.OAuth.TokenURL, form)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != 200 || answer.AccessToken == "" || answer.ExpiresIn <= 0 {
		c.t.Fatalf("token endpoint: got %d, %+v, %v", resp.StatusCode, answer, err)
	}
	c.token = answer.AccessToken
}

func (c *caller) metadata() *odatatest.Metadata {
	c.t.Helper()
	m, err := odatatest.Read([]byte(c.must(200, "GET", "/$metadata", "").body))
	if err != nil {
		c.t.Fatalf("$metadata: %v", err)
	}
	return m
}

// entities holds an answer against the metadata and returns its entities.
func (c *caller) entities(m *odatatest.Metadata, set, path string, whole bool) []map[string]any {
	c.t.Helper()
	all, err := m.Check(set, []byte(c.must(200, "GET", path, "").body), whole)
	if err != nil {
		c.t.Fatalf("%s goes against the metadata: %v", path, err)
	}
	return all
}

// expectEvents waits until the tenant has sent events of these types to the
// registry, in this order, since the pairing.
func expectEvents(t *testing.T, env *testenv.Env, sent *int, want int) {
	t.Helper()
	*sent += want
	for deadline := t.Context(); ; {
		entries, _, err := env.Controls().Journal(deadline, btpclient.JournalFilter{Limit: 1000, EntryMatch: btpclient.EntryMatch{Kind: "request"}})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range entries {
			if e.Method == "POST" && strings.HasSuffix(e.Path, "/v1/events") {
				n++
			}
		}
		if n >= *sent {
			if n > *sent {
				t.Errorf("got %d events at the registry, want %d", n, *sent)
			}
			return
		}
	}
}

// Rule: product-data
func TestCloudForCustomerAPI(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	c := apiOf(t, env, "c4c", "c4c-odata")
	m := c.metadata()
	for _, set := range m.Sets() {
		if len(c.entities(m, set, "/"+set, true)) == 0 {
			t.Errorf("%s is empty", set)
		}
	}
	accounts := c.entities(m, "CorporateAccountCollection", "/CorporateAccountCollection?$filter=substringof('alpine',tolower(Name)) and RoleCode eq 'CRM000'&$expand=Opportunity,ServiceRequest&$top=5&$orderby=Name desc", true)
	if len(accounts) != 1 || accounts[0]["AccountID"] != "1000001" || len(accounts[0]["Opportunity"].([]any)) != 1 {
		t.Errorf("got %v, want Alpine Sports with its opportunity", accounts)
	}

	// Not paired: a change has no event, and is no error.
	c.must(403, "POST", "/CorporateAccountCollection", `{"Name":"Acme"}`)
	if r := c.do("POST", "/CorporateAccountCollection", `{"Name":"Acme"}`); r.header.Get("X-CSRF-Token") != "Required" {
		t.Errorf("got header X-CSRF-Token %q, want Required", r.header.Get("X-CSRF-Token"))
	}
	c.fetchCSRF()
	created := c.must(201, "POST", "/CorporateAccountCollection", `{"Name":"Acme"}`)
	if _, err := m.Check("CorporateAccountCollection", []byte(created.body), true); err != nil {
		t.Errorf("the created account goes against the metadata: %v", err)
	}
	account := strings.TrimPrefix(created.header.Get("Location"), c.api.TargetURL)

	shop := env.RegisterSystem(t, "CRM", testenv.CloudForCustomer)
	env.Pair(t, "c4c", shop.IntegrationToken.TokenURL)
	if _, err := env.Operator().CreateFormation(t.Context(), "default", btpclient.NewFormation{Name: "crm", Subaccount: "dev", Systems: []string{shop.ID}}); err != nil {
		t.Fatal(err)
	}
	sent := 0
	expectEvents(t, env, &sent, 0)

	tag := c.must(200, "GET", account, "").header.Get("ETag")
	c.must(304, "GET", account, "", "If-None-Match", tag)
	c.must(204, "MERGE", account, `{"City":"Bonn"}`, "If-Match", tag)
	c.must(412, "MERGE", account, `{"City":"Berlin"}`, "If-Match", tag)
	c.must(204, "PATCH", account, `{"City":"Berlin"}`, "If-Match", "*")
	if got := c.must(200, "GET", account+"/City/$value", "", "Accept", "").body; got != "Berlin" {
		t.Errorf("got city %q", got)
	}
	c.must(204, "POST", account, `{"Name":"Acme Ltd"}`, "X-HTTP-Method", "PUT")
	c.must(201, "POST", "/ServiceRequestCollection", `{"Name":"Broken","BuyerPartyID":"1000004"}`)
	if got := c.entities(m, "CorporateAccountCollection", account, true); got[0]["City"] != nil || got[0]["Name"] != "Acme Ltd" {
		t.Errorf("got %v, want the city gone after PUT", got)
	}
	tickets := c.entities(m, "ServiceRequestCollection", account+"/ServiceRequest?$select=Name,BuyerPartyName", false)
	if len(tickets) != 1 || tickets[0]["BuyerPartyName"] != "Acme Ltd" {
		t.Errorf("got tickets %v", tickets)
	}
	c.must(204, "DELETE", account, "")
	c.must(404, "GET", account, "")
	expectEvents(t, env, &sent, 5)
}

func TestCloudForCustomerRefusals(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	c := apiOf(t, env, "c4c", "c4c-odata")
	c.fetchCSRF()
	const accounts = "/CorporateAccountCollection"
	id, _ := c.entities(c.metadata(), "CorporateAccountCollection", accounts+"?$top=1", true)[0]["ObjectID"].(string)
	one := accounts + "('" + id + "')"
	for _, tt := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/Nothing", "", 404, "Nothing"},
		{"GET", accounts + "('x')", "", 404, "key"},
		{"GET", accounts + "(5)", "", 400, "('…')"},
		{"GET", accounts + "('x", "", 404, "segment"},
		{"GET", one + "/Nothing", "", 404, "Nothing"},
		{"GET", accounts + "?$filter=Nothing eq 1", "", 400, "Nothing"},
		{"GET", accounts + "?$filter=Name eq 1", "", 400, "compared"},
		{"GET", accounts + "?$filter=frobnicate(Name)", "", 400, "frobnicate"},
		{"GET", accounts + "?$search=x", "", 400, "$search"},
		{"GET", accounts + "?filter=Name eq 'x'", "", 400, "begins with $"},
		{"GET", accounts + "?$top=-1", "", 400, "$top"},
		{"GET", accounts + "?$top=1&$top=2", "", 400, "twice"},
		{"GET", accounts + "?$expand=Nothing", "", 400, "Nothing"},
		{"GET", one + "?$filter=Name eq 'x'", "", 400, "collections"},
		{"GET", accounts + "?$format=yaml", "", 400, "yaml"},
		{"POST", accounts, `{"Name":"x"`, 400, "JSON"},
		{"POST", accounts, `{"Nothing":"x"}`, 400, "Nothing"},
		{"POST", accounts, `{"Name":5}`, 400, "Name"},
		{"POST", accounts, `{"Name":"` + strings.Repeat("x", 41) + `"}`, 400, "40"},
		{"POST", accounts, `{}`, 400, "Name is required"},
		{"POST", accounts, `{"Name":"x","ObjectID":"y"}`, 400, "ObjectID"},
		{"POST", accounts, `{"Name":"x","RoleCode":"nobody"}`, 400, "RoleCode"},
		{"POST", "/OpportunityCollection", `{"Name":"x","ProspectPartyID":"77"}`, 400, "account"},
		{"POST", accounts, `{"Name":"` + strings.Repeat("x", 300<<10) + `"}`, 413, "bytes"},
		{"POST", "/$batch", "x", 501, "$batch"},
		{"PUT", accounts, `{"Name":"x"}`, 405, "PUT"},
		{"PATCH", one, `{"AccountID":"x"}`, 400, "AccountID"},
	} {
		r := c.do(tt.method, tt.path, tt.body)
		var doc struct {
			Error struct {
				Code    string
				Message struct{ Lang, Value string }
			}
		}
		if err := json.Unmarshal([]byte(r.body), &doc); err != nil || r.status != tt.status || doc.Error.Code == "" || !strings.Contains(doc.Error.Message.Value, tt.says) {
			t.Errorf("%s %s: got %d %s, want %d and %q", tt.method, tt.path, r.status, r.body, tt.status, tt.says)
		}
	}
	if r := c.do("GET", "/Nothing", "", "Accept", ""); r.status != 404 || !strings.Contains(r.body, "<error xmlns=") || !strings.HasPrefix(r.header.Get("Content-Type"), "application/xml") {
		t.Errorf("in XML: got %d %s", r.status, r.body)
	}
	c.must(415, "POST", accounts, "<entry/>", "Content-Type", "application/atom+xml")
	if r := c.do("GET", accounts, "", "Authorization", "Basic eDp5"); r.status != 401 || !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Basic realm=") {
		t.Errorf("wrong user: got %d, %q", r.status, r.header.Get("WWW-Authenticate"))
	}
	// A CSRF token is good for its session and its time only.
	if r := c.do("DELETE", one, "", "X-CSRF-Token", "made-up"); r.status != 403 {
		t.Errorf("a token made up: got %d", r.status)
	}
	other := apiOf(t, env, "c4c", "c4c-odata")
	other.csrf = c.csrf
	other.must(403, "DELETE", one, "")
	env.Advance(t, 31*time.Minute)
	c.must(403, "DELETE", one, "")
	c.fetchCSRF()
	c.must(204, "DELETE", one, "")
}

// Rule: product-data
func TestMarketingCloudAPI(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "Marketing", testenv.MarketingCloud)
	env.Pair(t, "marketing", shop.IntegrationToken.TokenURL)
	sent := 0
	expectEvents(t, env, &sent, 0)

	contact := apiOf(t, env, "marketing", "marketing-contact")
	m := contact.metadata()
	contact.fetchCSRF()
	contact.must(201, "POST", "/ContactOriginData", `{"ContactID":"eva@shop.test","ContactOrigin":"EMAIL","FirstName":"Eva"}`)
	const eva = "/ContactOriginData(ContactOrigin='EMAIL',ContactID='eva%40shop.test')"
	contact.must(204, "MERGE", eva, `{"LastName":"Moser"}`)
	if got := contact.entities(m, "ContactOriginData", eva, true); got[0]["FullName"] != "Eva Moser" {
		t.Errorf("got %v", got)
	}

	interaction := apiOf(t, env, "marketing", "marketing-interaction")
	im := interaction.metadata()
	interaction.must(403, "POST", "/Interactions", `{}`, "X-CSRF-Token", contact.csrf) // another service's session
	interaction.fetchCSRF()
	created := interaction.must(201, "POST", "/Interactions", `{"InteractionUUID":"00000000-0000-0000-0000-000000000000",
		"InteractionContactId":"eva@shop.test","InteractionContactOrigin":"EMAIL","InteractionType":"WEB_VISIT","CommunicationMedium":"WEB"}`)
	one := strings.TrimPrefix(created.header.Get("Location"), interaction.api.TargetURL)
	got := interaction.entities(im, "Interactions", one, true)
	of := contact.entities(m, "ContactOriginData", "/ContactOriginData?$filter=ContactID eq 'eva@shop.test'", true)
	if got[0]["InteractionContactUUID"] != of[0]["ContactUUID"] {
		t.Errorf("got interaction %v of contact %v", got, of)
	}
	if all := interaction.entities(im, "Interactions", "/Interactions?$filter=InteractionTimeStampUTC ge datetimeoffset'2030-01-01T00:00:00Z'&$orderby=InteractionTimeStampUTC desc", true); len(all) != 1 {
		t.Errorf("got %v, want the one of this year", all)
	}

	campaign := apiOf(t, env, "marketing", "marketing-campaign")
	cm := campaign.metadata()
	campaign.fetchCSRF()
	campaign.must(204, "PATCH", "/Campaigns('1001')", `{"CampaignLifecycleStatus":"3"}`)
	campaign.must(204, "PATCH", "/Campaigns('1001')", `{"CampaignDescription":"over"}`) // completed already
	campaign.must(400, "PATCH", "/Campaigns('1001')", `{"CampaignEndDate":"/Date(0)/"}`)
	if got := campaign.entities(cm, "Campaigns", "/Campaigns?$filter=CampaignLifecycleStatus eq '3'", true); len(got) != 1 || got[0]["CampaignLifecycleStatusName"] != "Completed" {
		t.Errorf("got %v", got)
	}
	contact.must(204, "DELETE", eva, "")
	expectEvents(t, env, &sent, 2)
}

// TestProductDataSurvivesRestart: what an API changed is kept with the tenant, and
// its credentials are too.
func TestProductDataSurvivesRestart(t *testing.T) {
	t.Parallel()
	options := []testenv.Option{testenv.WithData(filepath.Join(t.TempDir(), "pairsim.db"))}
	first, err := testenv.New(t.Context(), options...)
	if err != nil {
		t.Fatal(err)
	}
	c := apiOf(t, first, "c4c", "c4c-odata")
	c.fetchCSRF()
	c.must(201, "POST", "/CorporateAccountCollection", `{"Name":"Acme"}`)
	before := c.entities(c.metadata(), "CorporateAccountCollection", "/CorporateAccountCollection", true)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := testenv.Start(t, options...)
	d := apiOf(t, second, "c4c", "c4c-odata")
	if *d.api.Basic != *c.api.Basic {
		t.Error("the credentials have changed")
	}
	after := d.entities(d.metadata(), "CorporateAccountCollection", "/CorporateAccountCollection", true)
	for _, e := range append(before, after...) {
		delete(e, "__metadata") // where the tenant is reached has changed
		delete(e, "Opportunity")
		delete(e, "ServiceRequest")
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the data have changed: %s", diff)
	}
	d.fetchCSRF()
	d.must(201, "POST", "/CorporateAccountCollection", `{"Name":"Beta"}`)
}

// TestReplacedAPI: an API that is elsewhere is announced there, and not answered here.
func TestReplacedAPI(t *testing.T) {
	t.Parallel()
	const document = `{"openapi":"3.0.3","info":{"title":"Own","version":"1"},"paths":{}}`
	env := testenv.Start(t, testenv.WithReplacedAPI("commerce", "commerce-inbound-product", "http://127.0.0.1:9999/own/", []byte(document)))
	shop := env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	own := apiOf(t, env, "commerce", "commerce-inbound-product")
	if own.api.TargetURL != "http://127.0.0.1:9999/own" || own.api.Served || own.api.Basic == nil {
		t.Errorf("got %+v", own.api)
	}
	if got, err := env.Tenants().Specification(t.Context(), "commerce", "commerce-inbound-product"); err != nil || string(got) != document {
		t.Errorf("got %s, %v", got, err)
	}
	own.api.TargetURL = env.HTTP() + "/tenants/commerce/api/odata2webservices/InboundProduct"
	own.must(404, "GET", "/Products", "")
	apiOf(t, env, "commerce", "commerce-webservices").signIn()
}

// TestProductAPIsAskForNoRole: with --auth they ask for what they always do.
func TestProductAPIsAskForNoRole(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t, testenv.WithAuth())
	if _, err := env.Tenants().APIs(t.Context(), "c4c"); btpclient.CodeOf(err) != "unauthenticated" {
		t.Errorf("credentials of an API for nobody in particular: got %v", err)
	}
	apis, err := env.Tenants().WithToken(env.AccessToken(t, testenv.TenantAdministrator, "c4c")).APIs(t.Context(), "c4c")
	if err != nil {
		t.Fatal(err)
	}
	c := &caller{t: t, client: env.Client(), api: apis[0]}
	c.must(200, "GET", "/CorporateAccountCollection", "")
	c.must(401, "GET", "/CorporateAccountCollection", "", "Authorization", "")
}
