package webhook_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
	"github.com/pairsim/pairsim/btp/eventmesh/webhook"
	"github.com/pairsim/pairsim/internal/outbound"
)

// receiver is a webhook, and a token server at /token.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []string
	status int
	allow  string
	token  string
}

func receive(t testing.TB) *receiver {
	r := &receiver{status: http.StatusOK, allow: "pairsim", token: `{"access_token":"T1","token_type":"bearer"}`}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls = append(r.calls, fmt.Sprintf("%s %s %s %q %q", req.Method, req.URL.Path, req.Header.Get("Authorization"), req.Header.Get("Content-Type"), body))
		if req.URL.Path == "/token" {
			_, _ = io.WriteString(w, r.token)
			return
		}
		if r.allow != "" && req.Header.Get("WebHook-Request-Origin") == "pairsim" {
			w.Header().Set("WebHook-Allowed-Origin", r.allow)
		}
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) told() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := strings.Join(r.calls, "\n")
	r.calls = nil
	return calls
}

func (r *receiver) be(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

func pusher(timeout time.Duration) webhook.Pusher {
	return webhook.Pusher{Client: outbound.New(outbound.Config{Timeout: timeout})}
}

func wantFailure(t *testing.T, what string, err error, code btp.Code, text string) {
	t.Helper()
	if btp.CodeOf(err) != code || code != "" && !strings.Contains(err.Error(), text) {
		t.Errorf("%s: got %v, want %s with %q", what, err, code, text)
	}
}

// Rule: bus-webhook
func TestHandshake(t *testing.T) {
	r := receive(t)
	w := eventmesh.Webhook{Endpoint: r.URL + "/in"}
	p := pusher(10 * time.Second)
	for _, allow := range []string{"pairsim", "*", "other.example, PAIRSIM"} {
		r.be(func() { r.allow = allow })
		wantFailure(t, "allowed "+allow, p.Greet(t.Context(), w), "", "")
	}
	if got := r.told(); strings.Count(got, `OPTIONS /in  "" ""`) != 3 {
		t.Errorf("got %s", got)
	}
	r.be(func() { r.allow = "other.example" })
	wantFailure(t, "another origin", p.Greet(t.Context(), w), btp.HandshakeRefused, "names neither")
	r.be(func() { r.allow = "" })
	wantFailure(t, "no header", p.Greet(t.Context(), w), btp.HandshakeRefused, "without WebHook-Allowed-Origin")
	r.be(func() { r.allow, r.status = "*", http.StatusNotFound })
	wantFailure(t, "not found", p.Greet(t.Context(), w), btp.HandshakeRefused, "404 Not Found")
	r.Close()
	wantFailure(t, "nobody is there", p.Greet(t.Context(), w), btp.HandshakeRefused, "could not be reached")
}

// Rule: bus-webhook
func TestPush(t *testing.T) {
	r := receive(t)
	w := eventmesh.Webhook{Endpoint: r.URL + "/in", DefaultContentType: "application/json"}
	p := pusher(10 * time.Second)
	m := eventmesh.Message{ContentType: "application/cloudevents+json", Body: []byte("body")}
	for _, status := range []int{200, 202, 204, 299} {
		r.be(func() { r.status = status })
		wantFailure(t, "answered", p.Push(t.Context(), w, m), "", "")
	}
	if got := r.told(); strings.Count(got, `POST /in  "application/cloudevents+json" "body"`) != 4 {
		t.Errorf("got %s", got)
	}
	for _, status := range []int{302, 400, 404, 500} {
		r.be(func() { r.status = status })
		wantFailure(t, "answered", p.Push(t.Context(), w, m), btp.EventNotDelivered, fmt.Sprint(status))
	}
	r.told()
	r.be(func() { r.status = 200 })
	wantFailure(t, "without a type", p.Push(t.Context(), w, eventmesh.Message{Body: []byte("b")}), "", "")
	if got := r.told(); got != `POST /in  "application/json" "b"` {
		t.Errorf("got %s", got)
	}
}

func TestCredentials(t *testing.T) {
	r := receive(t)
	p := pusher(10 * time.Second)
	basic := eventmesh.Webhook{Endpoint: r.URL + "/in", SecurityType: eventmesh.BasicAuth, Security: eventmesh.Security{User: "u", Password: "p"}}
	wantFailure(t, "basic", p.Push(t.Context(), basic, eventmesh.Message{Body: []byte("b")}), "", "")
	if got := r.told(); got != `POST /in Basic dTpw "" "b"` {
		t.Errorf("got %s", got)
	}
	oauth := eventmesh.Webhook{Endpoint: r.URL + "/in", SecurityType: eventmesh.OAuth2, Security: eventmesh.Security{
		GrantType: "client_credentials", ClientID: "c", ClientSecret: "s", TokenURL: r.URL + "/token",
	}}
	wantFailure(t, "oauth2", p.Greet(t.Context(), oauth), "", "")
	if got, want := r.told(), "POST /token Basic Yzpz \"application/x-www-form-urlencoded\" \"grant_type=client_credentials\"\nOPTIONS /in Bearer T1 \"\" \"\""; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, token := range []string{"", "{}", `{"access_token":"a\r\nb: c"}`, `{"access_token":1}`} {
		r.be(func() { r.token = token })
		wantFailure(t, "token "+token, p.Push(t.Context(), oauth, eventmesh.Message{Body: []byte("b")}), btp.EventNotDelivered, "no access_token")
	}
	if got := r.told(); strings.Contains(got, "/in") {
		t.Errorf("called without a token: %s", got)
	}
	oauth.Security.TokenURL = r.URL + "/gone"
	r.be(func() { r.status = 401 })
	wantFailure(t, "wrong credentials", p.Push(t.Context(), oauth, eventmesh.Message{Body: []byte("b")}), btp.EventNotDelivered, "the token server answered 401")
}

func TestEndpoints(t *testing.T) {
	p := pusher(10 * time.Second)
	wantFailure(t, "loopback", p.CheckEndpoint(t.Context(), "http://127.0.0.1:1/in"), "", "")
	wantFailure(t, "elsewhere", p.CheckEndpoint(t.Context(), "http://192.0.2.1/in"), btp.SinkForbidden, "--allow-host")
	wantFailure(t, "link-local", p.CheckEndpoint(t.Context(), "http://169.254.169.254/"), btp.SinkForbidden, "link-local")
}

// A webhook that takes the connection and never answers is given up.
func TestAWebhookThatNeverAnswers(t *testing.T) {
	hang := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(hang) })
	err := pusher(50*time.Millisecond).Push(t.Context(), eventmesh.Webhook{Endpoint: s.URL}, eventmesh.Message{Body: []byte("b")})
	wantFailure(t, "hangs", err, btp.EventNotDelivered, "no complete answer")
}
