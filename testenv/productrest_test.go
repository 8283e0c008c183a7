package testenv_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/pairsim/pairsim/testenv"
)

// described is a caller whose every answer is held against the API's published
// OpenAPI document.
type described struct {
	*caller
	doc *openapi3.T
}

func describedAPI(t *testing.T, env *testenv.Env, tenant, identifier string) *described {
	t.Helper()
	text, err := env.Tenants().Specification(t.Context(), tenant, identifier)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	return &described{apiOf(t, env, tenant, identifier), doc}
}

// call is do, with the answer held against the document; status 404 and 405 are
// for paths that it does not have.
func (d *described) call(status int, method, path, body string, headers ...string) map[string]any {
	d.t.Helper()
	r := d.must(status, method, path, body, headers...)
	if err := d.check(method, path, r); err != nil {
		d.t.Errorf("%s %s: the answer %s goes against the document: %v", method, path, r.body, err)
	}
	var answer map[string]any
	if r.body != "" {
		if err := json.Unmarshal([]byte(r.body), &answer); err != nil {
			d.t.Errorf("%s %s: %v", method, path, err)
		}
	}
	return answer
}

func (d *described) check(method, path string, r reply) error {
	plain, _, _ := strings.Cut(path, "?")
	req, err := http.NewRequest(method, d.api.TargetURL+strings.ReplaceAll(path, " ", "%20"), http.NoBody)
	if err != nil {
		return err
	}
	for _, pattern := range d.doc.Paths.InMatchingOrder() { // literal paths first
		item := d.doc.Paths.Value(pattern)
		parameters, ok := fits(strings.TrimSuffix(pattern, "/"), plain)
		op := item.GetOperation(method)
		if !ok || op == nil {
			continue
		}
		return openapi3filter.ValidateResponse(d.t.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{
				Request: req, PathParams: parameters, QueryParams: req.URL.Query(),
				Route: &routers.Route{Spec: d.doc, Path: pattern, PathItem: item, Method: method, Operation: op},
			},
			Status: r.status, Header: r.header, Body: io.NopCloser(bytes.NewReader([]byte(r.body))),
			Options: &openapi3filter.Options{IncludeResponseStatus: true},
		})
	}
	if r.status == http.StatusNotFound || r.status == http.StatusMethodNotAllowed {
		return nil
	}
	return errors.New("no operation describes it")
}

func fits(pattern, path string) (map[string]string, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	parameters := map[string]string{}
	if len(want) != len(got) {
		return nil, false
	}
	for i := range want {
		if strings.HasPrefix(want[i], "{") {
			parameters[strings.Trim(want[i], "{}")] = got[i]
		} else if want[i] != got[i] {
			return nil, false
		}
	}
	return parameters, true
}

func expectError(t *testing.T, answer map[string]any, kind string) {
	t.Helper()
	list, _ := answer["errors"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["type"] != kind {
		t.Errorf("got %v, want error %s", answer, kind)
	}
}

// Rule: product-data
func TestCommerceCloudAPI(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	sent := 0
	expectEvents(t, env, &sent, 0)
	occ := describedAPI(t, env, "commerce", "commerce-webservices")
	expectError(t, occ.call(401, "GET", "/electronics/products/search", ""), "UnauthorizedError")
	occ.signIn()

	found := occ.call(200, "GET", "/electronics/products/search?query=camera:price-asc&pageSize=1", "")
	if list := found["products"].([]any); len(list) != 1 || list[0].(map[string]any)["code"] != "300938" {
		t.Errorf("got %v, want the camera", found)
	}
	// A product that the integration API makes is in the shop; it has no price there.
	inbound := apiOf(t, env, "commerce", "commerce-inbound-product")
	m := inbound.metadata()
	inbound.must(201, "POST", "/Products", `{"code":"77","name":"Tripod"}`)
	inbound.must(201, "POST", "/Products", `{"code":"77","ean":"4006381333931"}`) // an upsert
	if all := inbound.entities(m, "Products", "/Products?$filter=code eq '77'", true); len(all) != 1 || all[0]["name"] != "Tripod" || all[0]["ean"] != "4006381333931" {
		t.Errorf("got %v", all)
	}
	if tripod := occ.call(200, "GET", "/electronics/products/77?fields=FULL", ""); tripod["purchasable"] != false {
		t.Errorf("got %v", tripod)
	}

	user := occ.call(201, "POST", "/electronics/users", `{"uid":"Eva@shop.test","firstName":"Eva","lastName":"Moser","password":"x"}`)
	if user["uid"] != "eva@shop.test" || user["customerId"] == "" {
		t.Errorf("got %v", user)
	}
	expectError(t, occ.call(400, "POST", "/electronics/users", `{"uid":"eva@shop.test","firstName":"E","lastName":"M","password":"x"}`), "DuplicateUidError")
	const eva = "/electronics/users/eva@shop.test"
	occ.call(200, "PATCH", eva, `{"lastName":"Moser-Lind"}`)
	if user := occ.call(200, "GET", eva, ""); user["name"] != "Eva Moser-Lind" {
		t.Errorf("got %v", user)
	}
	cart := eva + "/carts/" + occ.call(201, "POST", eva+"/carts", "")["code"].(string)
	expectError(t, occ.call(400, "POST", cart+"/entries", `{"product":{"code":"77"}}`), "CommerceCartModificationError")
	expectError(t, occ.call(400, "POST", cart+"/entries", `{"product":{"code":"78"}}`), "UnknownIdentifierError")
	if got := occ.call(200, "POST", cart+"/entries", `{"product":{"code":"872912"}}`); got["statusCode"] != "noStock" {
		t.Errorf("got %v, want none in stock", got)
	}
	if got := occ.call(200, "POST", cart+"/entries", `{"product":{"code":"300938"},"quantity":5}`); got["statusCode"] != "lowStock" || got["quantityAdded"] != 3.0 {
		t.Errorf("got %v, want the three there are", got)
	}
	occ.call(200, "PATCH", cart+"/entries/0", `{"quantity":2}`)
	occ.call(200, "POST", cart+"/entries", `{"product":{"code":"23355"}}`)
	occ.call(200, "GET", cart+"/entries", "")
	occ.call(200, "GET", cart+"/entries/1", "")
	occ.call(200, "DELETE", cart+"/entries/1", "")
	expectError(t, occ.call(400, "PUT", cart+"/entries/1", `{"quantity":2}`), "CartEntryError")
	if got := occ.call(200, "GET", cart, ""); got["totalPrice"].(map[string]any)["value"] != 228.24 {
		t.Errorf("got %v, want 2 × 114.12", got)
	}
	order := occ.call(201, "POST", eva+"/orders?cartId="+cart[len(cart)-8:], "")["code"].(string)
	expectError(t, occ.call(400, "GET", cart, ""), "CartError")
	if got := occ.call(200, "GET", "/electronics/products/300938", ""); got["stock"].(map[string]any)["stockLevel"] != 1.0 {
		t.Errorf("got %v, want one left", got)
	}
	occ.call(200, "POST", eva+"/orders/"+order+"/cancellation", "")
	expectError(t, occ.call(400, "POST", eva+"/orders/"+order+"/cancellation", ""), "CancelOrderError")
	if got := occ.call(200, "GET", "/electronics/orders/"+order, ""); got["status"] != "CANCELLED" {
		t.Errorf("got %v", got)
	}
	if got := occ.call(200, "GET", eva+"/orders", ""); len(got["orders"].([]any)) != 1 {
		t.Errorf("got %v", got)
	}
	empty := occ.call(201, "POST", "/electronics/users/anonymous/carts", "")["guid"].(string)
	occ.call(403, "POST", "/electronics/users/anonymous/orders?cartId="+empty, "")
	occ.call(200, "DELETE", "/electronics/users/anonymous/carts/"+empty, "")
	occ.call(200, "DELETE", eva, "")
	expectEvents(t, env, &sent, 3) // customer.created, order.created, order.cancelled
}

func TestCommerceCloudRefusals(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	occ := describedAPI(t, env, "commerce", "commerce-webservices")
	occ.token = "made-up"
	r := occ.must(401, "GET", "/electronics/products/search", "")
	if !strings.Contains(r.header.Get("WWW-Authenticate"), `error="invalid_token"`) || !strings.Contains(r.body, "InvalidTokenError") {
		t.Errorf("got %q, %s", r.header.Get("WWW-Authenticate"), r.body)
	}
	occ.signIn()
	expectError(t, occ.call(400, "GET", "/toys/products/search", ""), "InvalidResourceError")
	expectError(t, occ.call(400, "GET", "/electronics/products/1", ""), "UnknownIdentifierError")
	expectError(t, occ.call(400, "GET", "/electronics/products/search?fields=products(code)", ""), "ValidationError")
	expectError(t, occ.call(400, "GET", "/electronics/products/search?sort=colour", ""), "ValidationError")
	expectError(t, occ.call(400, "GET", "/electronics/products/search?pageSize=0", ""), "ValidationError")
	expectError(t, occ.call(400, "GET", "/electronics/users/nobody", ""), "UnknownIdentifierError")
	expectError(t, occ.call(400, "POST", "/electronics/users", `{"uid":"x"`), "HttpMessageNotReadableError")
	expectError(t, occ.call(400, "POST", "/electronics/users", `{"uid":"x","firstName":"a","lastName":"b","password":"c"}`), "ValidationError")
	expectError(t, occ.call(404, "GET", "/electronics/nothing", ""), "NoHandlerFoundError")
	if r := occ.must(405, "DELETE", "/electronics/products/1", ""); r.header.Get("Allow") != "GET" {
		t.Errorf("got Allow %q", r.header.Get("Allow"))
	}
	occ.must(413, "POST", "/electronics/users", `{"uid":"`+strings.Repeat("x", 300<<10)+`"}`)

	// A token is good for an hour of the clock.
	env.Advance(t, time.Hour-time.Second)
	occ.call(200, "GET", "/electronics/products/search", "")
	env.Advance(t, time.Second)
	expectError(t, occ.call(401, "GET", "/electronics/products/search", ""), "InvalidTokenError")

	for name, tt := range map[string]struct {
		form   url.Values
		status int
		code   string
	}{
		"wrong secret": {url.Values{"grant_type": {"client_credentials"}, "client_id": {occ.api.OAuth.ClientID}, "client_secret": {"x"}}, 401, "invalid_client"},
		"no client":    {url.Values{"grant_type": {"client_credentials"}}, 401, "invalid_client"},
		"password":     {url.Values{"grant_type": {"password"}}, 400, "unsupported_grant_type"},
		"no grant":     {url.Values{}, 400, "invalid_request"},
	} {
		resp, err := http.PostForm(occ.api.OAuth.TokenURL, tt.form)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Error string }
		err = json.NewDecoder(resp.Body).Decode(&answer)
		resp.Body.Close()
		if err != nil || resp.StatusCode != tt.status || answer.Error != tt.code {
			t.Errorf("%s: got %d %q, %v, want %d %s", name, resp.StatusCode, answer.Error, err, tt.status, tt.code)
		}
	}
}

// Rule: product-data
func TestFieldServiceManagementAPI(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	field := env.RegisterSystem(t, "Field Service", testenv.FieldServiceManagement)
	env.Pair(t, "fsm", field.IntegrationToken.TokenURL)
	sent := 0
	expectEvents(t, env, &sent, 0)
	calls, acts := describedAPI(t, env, "fsm", "fsm-service"), describedAPI(t, env, "fsm", "fsm-activity")
	calls.signIn()
	acts.token = calls.token
	acts.call(401, "GET", "?dtos=Activity.43", "") // another API's client
	acts.signIn()
	object := func(answer map[string]any, key string) map[string]any {
		return answer["data"].([]any)[0].(map[string]any)[key].(map[string]any)
	}
	number := func(o map[string]any) string { return json.Number(jsonText(t, o["lastChanged"])).String() }

	list := calls.call(200, "GET", `?dtos=ServiceCall.27&query=priority="MEDIUM" and statusCode="-2"&pageSize=1&orderBy=code desc`, "", "X-Client-ID", "test", "X-Account-ID", "1", "X-Company-ID", "2")
	if object(list, "serviceCall")["code"] != "SC-1002" || list["totalObjectCount"] != 2.0 || list["truncated"] != true {
		t.Errorf("got %v, want the second of two", list)
	}
	made := object(calls.call(201, "POST", "?dtos=ServiceCall.27", `{"subject":"Door jammed","priority":"HIGH"}`), "serviceCall")
	one := "/" + made["id"].(string)
	changed := object(calls.call(200, "PATCH", one+"?dtos=ServiceCall.27", `{"statusCode":"-1","lastChanged":`+number(made)+`}`), "serviceCall")
	if changed["statusName"] != "Technically complete" || changed["priority"] != "HIGH" {
		t.Errorf("got %v", changed)
	}
	calls.call(409, "PATCH", one+"?dtos=ServiceCall.27", `{"remarks":"late","lastChanged":`+number(made)+`}`)
	calls.call(400, "PATCH", one+"?dtos=ServiceCall.27", `{"remarks":"late"}`)
	calls.call(200, "PUT", one+"?dtos=ServiceCall.27&forceUpdate=true", jsonText(t, changed))

	visit := object(acts.call(201, "POST", "?dtos=Activity.43", `{"subject":"Visit","serviceCall":"`+one[1:]+`","responsibles":["anna"],"startDateTime":"2030-01-02T10:00:00+01:00"}`), "activity")
	if visit["startDateTime"] != "2030-01-02T09:00:00Z" {
		t.Errorf("got %v", visit)
	}
	acts.call(200, "PATCH", "/"+visit["id"].(string)+"?dtos=Activity.43&forceUpdate=true", `{"status":"OPEN"}`)
	calls.call(400, "DELETE", one+"?dtos=ServiceCall.27&forceDelete=true", "") // it has an activity
	acts.call(204, "DELETE", "/"+visit["id"].(string)+"?dtos=Activity.43&forceDelete=true", "")
	calls.call(204, "DELETE", one+"?dtos=ServiceCall.27&forceDelete=true", "")
	calls.call(404, "GET", one+"?dtos=ServiceCall.27", "")
	// created; updated, completed; updated; activity created; updated, released.
	expectEvents(t, env, &sent, 7)

	for _, tt := range []struct{ path, body string }{
		{"", ""},
		{"?dtos=Activity.43", ""},
		{"?dtos=ServiceCall.27&pageSize=0", ""},
		{"?dtos=ServiceCall.27&nothing=1", ""},
		{"?dtos=ServiceCall.27&query=nothing=\"1\"", ""},
		{"?dtos=ServiceCall.27&query=code like \"1\"", ""},
		{"?dtos=ServiceCall.27&orderBy=nothing", ""},
		{"?dtos=ServiceCall.27", `{}`},
		{"?dtos=ServiceCall.27", `{"subject":"x","nothing":1}`},
		{"?dtos=ServiceCall.27", `{"subject":"x","priority":"SOON"}`},
		{"?dtos=ServiceCall.27", `{"subject":"x","startDateTime":"tomorrow"}`},
		{"?dtos=ServiceCall.27", `[]`},
		{"?dtos=ServiceCall.27", `null`},
	} {
		method := map[bool]string{true: "GET", false: "POST"}[tt.body == ""]
		calls.call(400, method, tt.path, tt.body)
	}
}

func jsonText(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDisabledExtensionSendsNoEvents: changes made while it is disabled have no
// events, then or later.
//
// Rule: tenant-extension-actions, product-events
func TestDisabledExtensionSendsNoEvents(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	crm := env.RegisterSystem(t, "CRM", testenv.CloudForCustomer)
	row := env.Pair(t, "c4c", crm.IntegrationToken.TokenURL)
	if _, err := env.Tenants().Disable(t.Context(), "c4c", row.ID); err != nil {
		t.Fatal(err)
	}
	c := apiOf(t, env, "c4c", "c4c-odata")
	c.fetchCSRF()
	c.must(201, "POST", "/CorporateAccountCollection", `{"Name":"Acme"}`)
	if _, err := env.Tenants().Enable(t.Context(), "c4c", row.ID); err != nil {
		t.Fatal(err)
	}
	c.must(201, "POST", "/CorporateAccountCollection", `{"Name":"Beta"}`)
	sent := 0
	expectEvents(t, env, &sent, 1)
}
