package rest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/btp/destination/rest"
	"github.com/pairsim/pairsim/btp/httpapi/openapitest"
)

// Rule: destination-find, destination-names
func TestDestinationsAreKept(t *testing.T) {
	w := open(t)
	w.put("subaccount", basic("orders"))
	found := w.must(200, "GET", "/destinations/orders?$skipTokenRetrieval=true", "")
	if owner := found["owner"].(map[string]any); owner["SubaccountId"] != "dev" || owner["InstanceId"] != nil {
		t.Errorf("got the owner %v", owner)
	}
	said := found["destinationConfiguration"].(map[string]any)
	for name, want := range basic("orders") {
		if said[name] != want {
			t.Errorf("%s is %v, want %s", name, said[name], want)
		}
	}
	if _, there := found["authTokens"]; there || len(said) != len(basic("")) {
		t.Errorf("got %v", found)
	}
	changed := basic("orders")
	changed["User"] = "NEW"
	body, _ := json.Marshal(changed)
	if got := w.must(200, "PUT", "/subaccountDestinations", string(body)); got["Count"] != 1.0 {
		t.Errorf("a change counts %v", got)
	}
	if got := w.must(200, "GET", "/subaccountDestinations/orders", ""); got["User"] != "NEW" || got["Name"] != "orders" {
		t.Errorf("after a change: %v", got)
	}
	if got := w.call("GET", "/subaccountDestinations", "").Body.String(); !strings.HasPrefix(got, `[{"`) || !strings.Contains(got, `"User":"NEW"`) {
		t.Errorf("the list is %s", got)
	}
	for _, want := range []float64{1, 0} {
		if got := w.must(200, "DELETE", "/subaccountDestinations/orders", ""); got["Count"] != want {
			t.Errorf("deleting counts %v, want %v", got, want)
		}
	}
}

func TestInstanceLevel(t *testing.T) {
	w := open(t)
	w.put("subaccount", basic("orders"))
	own := basic("orders")
	own["User"] = "OWN"
	w.put("instance", own)
	found := w.must(200, "GET", "/destinations/orders", "")
	if owner := found["owner"].(map[string]any); owner["InstanceId"] != "i1" || owner["SubaccountId"] != nil {
		t.Errorf("got the owner %v", owner)
	}
	if user := found["destinationConfiguration"].(map[string]any)["User"]; user != "OWN" {
		t.Errorf("the instance's own does not hide the subaccount's: %v", user)
	}
	if got := w.must(200, "GET", "/subaccountDestinations/orders", ""); got["User"] != "EXT" {
		t.Errorf("on the subaccount's level: %v", got)
	}
	w.must(200, "DELETE", "/instanceDestinations/orders", "")
	if found := w.must(200, "GET", "/destinations/orders", ""); found["owner"].(map[string]any)["SubaccountId"] != "dev" {
		t.Errorf("without it: %v", found)
	}
	// A client of another instance, and one of none.
	other := "Bearer " + w.granted(w.client("sb-b", "dev", "destination", "i2"), "grant_type", "client_credentials")
	if got := w.call("GET", "/instanceDestinations", "", "Authorization", other).Body.String(); strings.TrimSpace(got) != "[]" {
		t.Errorf("another instance sees %s", got)
	}
	none := "Bearer " + w.granted(w.client("sb-c", "dev", "destination", ""), "grant_type", "client_credentials")
	w.must(400, "GET", "/instanceDestinations", "", "Authorization", none)
}

// Rule: destination-names
func TestRefusals(t *testing.T) {
	w := open(t)
	w.put("subaccount", basic("orders"))
	foreign := w.granted(w.client("sb-q", "dev", "enterprise-messaging", "q"), "grant_type", "client_credentials")
	role := w.granted(url.Values{"client_id": {"admin"}, "client_secret": {"admin-secret"}}, "grant_type", "client_credentials")
	prod := w.granted(w.client("sb-p", "prod", "destination", "p"), "grant_type", "client_credentials")
	text := func(p map[string]string) string { b, _ := json.Marshal(p); return string(b) }
	for _, tt := range []struct {
		about, method, path, body string
		header                    []string
		status                    int
		reason, contains          string
	}{
		{"unknown name", "GET", "/destinations/nothing", "", nil, 404, "destination-not-found", `{"ErrorMessage":"Configuration with the specified name was not found"}`},
		{"unknown name, as configured", "GET", "/subaccountDestinations/nothing", "", nil, 404, "destination-not-found", "Configuration with the specified name was not found"},
		{"another subaccount's", "GET", "/destinations/orders", "", []string{"Authorization", "Bearer " + prod}, 404, "destination-not-found", ""},
		{"unknown file", "GET", "/subaccountCertificates/k.pem", "", nil, 404, "certificate-file-not-found", ""},
		{"no token", "GET", "/destinations/orders", "", []string{"Authorization", ""}, 401, "unauthenticated", "has none"},
		{"a bad token", "GET", "/destinations/orders", "", []string{"Authorization", "Bearer x"}, 401, "unauthenticated", ""},
		{"another service's token", "GET", "/destinations/orders", "", []string{"Authorization", "Bearer " + foreign}, 401, "forbidden", "enterprise-messaging"},
		{"a role's token", "GET", "/destinations/orders", "", []string{"Authorization", "Bearer " + role}, 401, "unauthenticated", ""},
		{"no token for a change", "POST", "/subaccountDestinations", text(basic("x")), []string{"Authorization", ""}, 401, "unauthenticated", ""},
		{"a strange switch", "GET", "/destinations/orders?$skipTokenRetrieval=maybe", "", nil, 400, "invalid-request", "true or false"},
		{"taken", "POST", "/subaccountDestinations", text(basic("orders")), nil, 409, "destination-exists", "orders"},
		{"changing nothing", "PUT", "/subaccountDestinations", text(basic("nothing")), nil, 404, "destination-not-found", ""},
		{"no URL", "POST", "/subaccountDestinations", text(map[string]string{"Name": "x", "Type": "HTTP"}), nil, 400, "destination-invalid", `"violations":[{"configuration":"x","errors":["URL: is required"]}]`},
		{"nothing", "POST", "/subaccountDestinations", "", nil, 400, "invalid-request", "empty"},
		{"no JSON", "POST", "/subaccountDestinations", "{", nil, 400, "invalid-request", ""},
		{"a number", "POST", "/subaccountDestinations", `{"Name":1}`, nil, 400, "invalid-request", "string"},
		{"an empty list", "POST", "/subaccountDestinations", `[]`, nil, 400, "invalid-request", "1 to 50"},
		{"a property twice", "POST", "/subaccountDestinations", `{"Name":"a","Name":"b"}`, nil, 400, "invalid-request", "twice"},
		{"another kind of body", "POST", "/subaccountDestinations", text(basic("x")), []string{"Content-Type", "text/plain"}, 415, "unsupported-media-type", ""},
		{"too large", "POST", "/subaccountDestinations", `{"Name":"` + strings.Repeat("a", 256<<10) + `"}`, nil, 413, "body-too-large", ""},
		{"a file of no base64", "POST", "/subaccountCertificates", `{"Name":"k.pem","Content":"?"}`, nil, 400, "destination-invalid", "Content"},
		{"a file with more", "POST", "/subaccountCertificates", `{"Name":"k.pem","Content":"AAAA","Key":"x"}`, nil, 400, "invalid-request", "Key"},
	} {
		t.Run(tt.about, func(t *testing.T) {
			rec := w.call(tt.method, tt.path, tt.body, tt.header...)
			if rec.Code != tt.status || rec.Header().Get("Pairsim-Reason") != tt.reason || !strings.Contains(rec.Body.String(), tt.contains) {
				t.Errorf("got %d %s %s, want %d %s …%s…", rec.Code, rec.Header().Get("Pairsim-Reason"), rec.Body, tt.status, tt.reason, tt.contains)
			}
		})
	}
	// A list is made whole, or not at all.
	w.must(400, "POST", "/subaccountDestinations", "["+text(basic("a"))+","+text(map[string]string{"Name": "b"})+"]")
	w.must(409, "POST", "/subaccountDestinations", "["+text(basic("a"))+","+text(basic("orders"))+"]")
	w.must(404, "GET", "/destinations/a", "")
	w.must(201, "POST", "/subaccountDestinations", "["+text(basic("a"))+","+text(basic("b"))+"]")
	w.must(200, "GET", "/destinations/b", "")
}

// Rule: destination-find
func TestCertificates(t *testing.T) {
	w := open(t)
	p := map[string]string{
		"Name": "secure", "Type": "HTTP", "URL": "https://api.example", "ProxyType": "Internet", "Authentication": "ClientCertificateAuthentication",
		"KeyStoreLocation": "client.pem", "KeyStorePassword": "Secret-3",
	}
	w.put("subaccount", p)
	rec := w.call("GET", "/destinations/secure", "")
	if rec.Code != 200 || rec.Header().Get("Pairsim-Reason") != "certificate-file-not-found" || strings.Contains(rec.Body.String(), "certificates") {
		t.Errorf("without the file: got %d %s %s", rec.Code, rec.Header().Get("Pairsim-Reason"), rec.Body)
	}
	content := base64.StdEncoding.EncodeToString([]byte("-----BEGIN CERTIFICATE-----"))
	w.must(201, "POST", "/subaccountCertificates", `{"Name":"client.pem","Content":"`+content+`"}`)
	w.must(409, "POST", "/subaccountCertificates", `{"Name":"client.pem","Content":"`+content+`"}`)
	w.must(201, "POST", "/instanceCertificates", `[{"Name":"client.pem","Content":"AAAA","Type":"CERTIFICATE"}]`)
	found := w.must(200, "GET", "/destinations/secure", "")
	files, _ := found["certificates"].([]any)
	if len(files) != 1 {
		t.Fatalf("got %v", found)
	}
	if f := files[0].(map[string]any); f["Name"] != "client.pem" || f["Content"] != content || f["Type"] != "CERTIFICATE" {
		t.Errorf("got %v: it is not the file of the destination's own level", f)
	}
	if got := w.must(200, "GET", "/subaccountCertificates/client.pem", ""); got["Content"] != content {
		t.Errorf("got %v", got)
	}
	if got := w.call("GET", "/instanceCertificates", "").Body.String(); strings.TrimSpace(got) != `[{"Name":"client.pem","Content":"AAAA","Type":"CERTIFICATE"}]` {
		t.Errorf("got %s", got)
	}
	for _, want := range []float64{1, 0} {
		if got := w.must(200, "DELETE", "/subaccountCertificates/client.pem", ""); got["Count"] != want {
			t.Errorf("deleting counts %v, want %v", got, want)
		}
	}
}

// TestFindForAnOperator acts for a user by name.
func TestFindForAnOperator(t *testing.T) {
	w := open(t)
	server := serveTokens(t, granting)
	w.put("subaccount", samlBearer("marketing", server.URL))
	if found, err := w.service.Find(t.Context(), rest.Query{Subaccount: "dev", Name: "marketing", UserName: btp.DefaultUserName}); err != nil || found.Tokens[0].Error != "" {
		t.Errorf("got %+v, %v", found, err)
	}
	if _, err := w.service.Find(t.Context(), rest.Query{Subaccount: "dev", Name: "marketing", UserName: "nobody"}); btp.CodeOf(err) != btp.UserNotFound {
		t.Errorf("nobody: %v", err)
	}
}

func TestEveryRouteIsDocumented(t *testing.T) {
	w := open(t)
	doc, err := openapitest.Destinations.Document()
	if err != nil {
		t.Fatal(err)
	}
	router := gin.New()
	w.service.Mount(router)
	routed := 0
	for _, route := range router.Routes() {
		path := strings.ReplaceAll(route.Path, ":name", "{name}")
		if item := doc.Paths.Value(path); item == nil || item.Operations()[route.Method] == nil {
			t.Errorf("%s %s is routed and not documented", route.Method, path)
		}
		routed++
	}
	documented, ids := 0, map[string]bool{}
	for _, item := range doc.Paths.Map() {
		for _, o := range item.Operations() {
			documented++
			if ids[o.OperationID] {
				t.Errorf("two operations are called %s", o.OperationID)
			}
			ids[o.OperationID] = true
		}
	}
	if documented != routed {
		t.Errorf("%d operations are documented, %d are routed", documented, routed)
	}
	w.must(200, "GET", "/openapi.json", "")
}

// FuzzDestination: whatever is sent as a destination is stored as it was said, or
// refused, and changes nothing then.
//
// Rule: destination-properties
func FuzzDestination(f *testing.F) {
	w := open(f)
	good, _ := json.Marshal(basic("orders"))
	for _, seed := range []string{
		string(good), "[" + string(good) + "]", `{}`, `[]`, `[{}]`, `null`, `{"Name":null}`, `{"Name":"a","Type":"HTTP","URL":"http://h","x":"\u0000"}`,
		`{"Name":"a","Type":"HTTP","URL":"http://h","URL.headers.x":"y"}`, "\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w.t = t
		rec := w.call("POST", "/subaccountDestinations", body)
		switch rec.Code {
		case http.StatusCreated:
			var all []map[string]string
			var one map[string]string
			if json.Unmarshal([]byte(body), &one) == nil {
				all = []map[string]string{one}
			} else if err := json.Unmarshal([]byte(body), &all); err != nil {
				t.Fatalf("it was taken: %v", err)
			}
			for _, said := range all {
				d, err := (destination.UseCases{Registry: w.registry}).Show(t.Context(), "dev", "", said["Name"])
				if err != nil {
					t.Fatalf("%q is not there: %v", said["Name"], err)
				}
				kept := d.All()
				for name, value := range said {
					if kept[name] != value {
						t.Errorf("%s is %q, want %q", name, kept[name], value)
					}
				}
				if err := (destination.UseCases{Registry: w.registry}).Remove(t.Context(), "dev", "", said["Name"]); err != nil {
					t.Error(err)
				}
			}
		case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge:
			if list, err := (destination.UseCases{Registry: w.registry}).List(t.Context(), "dev", ""); err != nil || len(list) > 0 {
				t.Errorf("it was refused, and %d are there (%v)", len(list), err)
			}
		default:
			t.Errorf("got %d %s", rec.Code, rec.Body)
		}
	})
}
