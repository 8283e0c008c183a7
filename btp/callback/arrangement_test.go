package callback

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/extensibility"
	"github.com/pairsim/pairsim/internal/problem"
)

type caller func(*http.Request, *tls.Certificate) (*http.Response, error)

func (c caller) Call(req *http.Request, showing *tls.Certificate) (*http.Response, error) {
	return c(req, showing)
}

func answering(status int, kind, body string) caller {
	return func(*http.Request, *tls.Certificate) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

const goodAnswer = `{"arrangementId":"a1","url":"http://tenant.test/api","uiUrl":"http://tenant.test/ui","tokenServiceUrl":"http://tenant.test/token",` +
	`"communicationUser":{"username":"u","password":"p"},"inboundServices":[{"id":"SAP_COM_0207_0001","name":"Contacts","path":"/sap/opu/odata/sap/X"}]}`

var (
	aCall   = extensibility.Call{CallbackURL: "http://tenant.test/callback/", JWT: "a.b.c", Instance: "i1", System: "s1"}
	anOrder = extensibility.Order{System: "s1", InstanceName: "contacts", Arrangement: extensibility.Arrangement{Name: "A", Scenario: "SAP_COM_0207", Inbound: extensibility.SAMLBearer}}
)

// Rule: arrangement-in-tenant
func TestArrange(t *testing.T) {
	t.Parallel()
	const kind = problem.ContentType
	refusal := func(code string) string {
		return `{"type":"urn:pairsim:problem:` + code + `","title":"Scenario is not enabled","detail":"enable it\nin the tenant"}`
	}
	tests := []struct {
		name   string
		caller caller
		want   btp.Code
		told   string
	}{
		{"made", answering(201, "application/json", goodAnswer), "", ""},
		{"made before", answering(200, "application/json", goodAnswer), "", ""},
		{"refused", answering(422, kind, refusal("scenario-not-enabled")), btp.ArrangementRefused, "Scenario is not enabled: enable it in the tenant (scenario-not-enabled)"},
		{"there already", answering(409, kind, refusal("arrangement-exists")), btp.ArrangementRefused, "(arrangement-exists)"},
		{"busy", answering(409, kind, refusal("tenant-busy")), btp.TenantNotTold, "Scenario is not enabled"},
		{"a fault of the tenant", answering(500, kind, refusal("internal")), btp.TenantNotTold, "answered 500"},
		{"somebody else's problem", answering(422, kind, `{"type":"about:blank","title":"no"}`), btp.TenantNotTold, "answered 422"},
		{"no problem document", answering(404, "text/html", "<p>"), btp.TenantNotTold, "answered 404"},
		{"no JSON", answering(201, "application/json", "{"), btp.TenantNotTold, "no JSON"},
		{"too much", answering(201, "application/json", strings.Repeat(" ", maxAnswer+1)), btp.TenantNotTold, "more than"},
		{"no user", answering(201, "application/json", strings.ReplaceAll(goodAnswer, `"username":"u"`, `"username":""`)), btp.TenantNotTold, "communicationUser"},
		{"no token service", answering(201, "application/json", strings.ReplaceAll(goodAnswer, "http://tenant.test/token", "token")), btp.TenantNotTold, "tokenServiceUrl"},
		{"no audience", answering(201, "application/json", strings.ReplaceAll(goodAnswer, "http://tenant.test/ui", "")), btp.TenantNotTold, "uiUrl"},
		{"no URL", answering(201, "application/json", strings.ReplaceAll(goodAnswer, "http://tenant.test/api", "file:///api")), btp.TenantNotTold, "url"},
		{"no id", answering(201, "application/json", strings.ReplaceAll(goodAnswer, "a1", "")), btp.TenantNotTold, "arrangementId"},
		{"unreachable", func(*http.Request, *tls.Certificate) (*http.Response, error) {
			return nil, errors.New("the host cannot be reached")
		}, btp.TenantNotTold, "cannot be reached"},
	}
	for _, test := range tests {
		var sent *http.Request
		var body []byte
		a := Arranger{Timeout: time.Minute, Caller: caller(func(req *http.Request, own *tls.Certificate) (*http.Response, error) {
			if own != nil {
				t.Errorf("%s: a certificate is shown without TLS", test.name)
			}
			sent = req
			body, _ = io.ReadAll(req.Body)
			return test.caller(req, own)
		})}
		made, err := a.Arrange(t.Context(), aCall, anOrder)
		if got := btp.CodeOf(err); got != test.want || err != nil && !strings.Contains(err.Error(), test.told) {
			t.Errorf("%s: got %q (%v), want %q that tells %q", test.name, got, err, test.want, test.told)
		}
		if errors.Is(err, btp.ErrTenantBusy) != (test.name == "busy") || errors.Is(err, extensibility.ErrArrangementExists) != (test.name == "there already") {
			t.Errorf("%s: the cause of %v", test.name, err)
		}
		if err == nil && (made.User.Password != "p" || made.Services[0].ID != "SAP_COM_0207_0001") {
			t.Errorf("%s: got %+v", test.name, made)
		}
		var order extensibility.Order
		if sent.Method != http.MethodPut || sent.URL.String() != "http://tenant.test/callback/communicationArrangements/i1" ||
			sent.Header.Get("Authorization") != "Bearer a.b.c" || json.Unmarshal(body, &order) != nil || order.Arrangement.Scenario != "SAP_COM_0207" {
			t.Errorf("%s: sent %s %s %v %s", test.name, sent.Method, sent.URL, sent.Header, body)
		}
	}
}

// Rule: arrangement-in-tenant
func TestDisarrange(t *testing.T) {
	t.Parallel()
	var sent, body string
	a := Arranger{Timeout: time.Minute, Caller: caller(func(req *http.Request, _ *tls.Certificate) (*http.Response, error) {
		text, err := io.ReadAll(req.Body)
		sent, body = req.Method+" "+req.URL.Path, string(text)
		return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, err
	})}
	if err := a.Disarrange(t.Context(), aCall); err != nil || sent != "DELETE /callback/communicationArrangements/i1" || body != `{"systemId":"s1"}` {
		t.Errorf("sent %s %s (%v)", sent, body, err)
	}
}

// TestArrangeOverTLS: a tenant that is called over TLS sees the registry's certificate.
func TestArrangeOverTLS(t *testing.T) {
	t.Parallel()
	own := &tls.Certificate{}
	a := Arranger{
		Timeout: time.Minute, Certificate: func() (*tls.Certificate, error) { return own, nil },
		Caller: caller(func(req *http.Request, showing *tls.Certificate) (*http.Response, error) {
			if showing != own {
				t.Error("no certificate is shown")
			}
			return answering(201, "application/json", goodAnswer)(req, showing)
		}),
	}
	call := aCall
	call.CallbackURL = "https://tenant.test/callback"
	if _, err := a.Arrange(t.Context(), call, anOrder); err != nil {
		t.Error(err)
	}
}

// TestFaultsOfTheCall: what goes wrong on purpose goes wrong on the wire.
//
// Rule: fault-actions
func TestFaultsOfTheCall(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		faults btp.WireFaults
		calls  int
		want   btp.Code
	}{
		{"twice", btp.WireFaults{Rules: []string{"f1"}, Duplicate: true}, 2, ""},
		{"the answer is lost", btp.WireFaults{Rules: []string{"f1"}, Drop: true}, 1, btp.TenantNotTold},
		{"a broken document", btp.WireFaults{Rules: []string{"f1"}, Corrupt: []btp.Corruption{btp.CorruptJSON}}, 1, ""},
	} {
		calls, valid := 0, true
		a := Arranger{Timeout: time.Minute, Caller: caller(func(req *http.Request, own *tls.Certificate) (*http.Response, error) {
			calls++
			body, _ := io.ReadAll(req.Body)
			valid = json.Valid(body)
			if req.Header.Get("Pairsim-Fault") != "f1" {
				t.Errorf("%s: the call does not name the rule", test.name)
			}
			return answering(201, "application/json", goodAnswer)(req, own)
		})}
		call := aCall
		call.Faults = test.faults
		_, err := a.Arrange(t.Context(), call, anOrder)
		if btp.CodeOf(err) != test.want || calls != test.calls || valid == (test.faults.Corrupt != nil) {
			t.Errorf("%s: %d calls, %v", test.name, calls, err)
		}
	}
}

// TestArrangeEndsInTime: a tenant that never answers does not keep the registry.
func TestArrangeEndsInTime(t *testing.T) {
	t.Parallel()
	a := Arranger{Timeout: time.Millisecond, Caller: caller(func(req *http.Request, _ *tls.Certificate) (*http.Response, error) {
		<-req.Context().Done()
		return nil, context.Cause(req.Context())
	})}
	if _, err := a.Arrange(t.Context(), aCall, anOrder); btp.CodeOf(err) != btp.TenantNotTold {
		t.Errorf("got %v", err)
	}
}
