//go:build pact

package contracts_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pact-foundation/pact-go/v2/consumer"
	"github.com/pact-foundation/pact-go/v2/matchers"
	"github.com/pact-foundation/pact-go/v2/models"

	"github.com/pairsim/pairsim/contracts/pactfile"
)

// contract collects what the tests of one consumer expect of a provider.
type contract struct {
	consumer, provider string

	mu    sync.Mutex
	parts [][]byte
}

// exchange is one interaction. What stands in request and answer without a matcher
// must be exactly so.
type exchange struct {
	what   string
	state  string
	params map[string]any

	method      string
	path        any // text or matcher
	query       map[string]any
	header      map[string]any
	body        any    // JSON, a matcher or []byte of contentType
	contentType string // of body; "": application/json
	// certificate: the consumer must have presented its client certificate.
	certificate bool

	status       int
	answerHeader map[string]any
	answer       any    // as body
	answerType   string // as contentType
}

// The matchers, for short.
func like(example any) matchers.Matcher           { return matchers.Like(example) }
func each(example any) matchers.Matcher           { return matchers.EachLike(example, 1) }
func re(example, pattern string) matchers.Matcher { return matchers.Regex(example, pattern) }

// exactly is needed within each, which compares by type all that says nothing else.
func exactly(value string) matchers.Matcher { return matchers.Equality(value) }

// from is a value of the provider's state.
func from(value, example string) matchers.Matcher { return within("", value, "", example) }

// within is a text with a value of the provider's state in it.
func within(before, value, after, example string) matchers.Matcher {
	return matchers.FromProviderState(before+"${"+value+"}"+after, before+example+after)
}

// at is a URL of the provider with this path, wherever that is.
func at(path string) matchers.Matcher {
	return re("https://registry.example"+path, `^https?://[^/]+(/.*)?`+strings.NewReplacer(".", `\.`, "?", `\?`).Replace(path)+`$`)
}

// instant is a point in time as RFC 3339 writes it.
func instant(example string) matchers.Matcher {
	return re(example, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)
}

func matcher(value any) matchers.Matcher {
	switch v := value.(type) {
	case matchers.Matcher:
		return v
	case string:
		return matchers.String(v)
	}
	panic(fmt.Sprintf("%T is neither text nor matcher", value))
}

// meets has the consumer's own code carry out exchanges, all of them and nothing
// else, with a provider that answers as they say, and adds them to the pact.
func (c *contract) meets(t *testing.T, drive func(*testing.T, *front), exchanges ...exchange) {
	t.Helper()
	dir := t.TempDir()
	pact, err := consumer.NewV4Pact(consumer.MockHTTPProviderConfig{Consumer: c.consumer, Provider: c.provider, PactDir: dir, LogDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	authenticated := map[string]bool{}
	for _, e := range exchanges {
		e.add(pact)
		if e.certificate {
			authenticated[e.what] = true
		}
	}
	if err := pact.ExecuteTest(t, func(mock consumer.MockServerConfig) error {
		f := newFront(t, fmt.Sprintf("http://%s:%d", mock.Host, mock.Port), exchanges)
		drive(t, f)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if t.Failed() {
		return
	}
	c.addFrom(t, dir)
}

func (c *contract) addFrom(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the test wrote %d pact files (%v), want one", len(files), err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts = append(c.parts, text)
}

func (e exchange) add(pact *consumer.V4HTTPMockProvider) {
	pact.AddInteraction().
		GivenWithParameter(models.ProviderState{Name: e.state, Parameters: e.params}).
		UponReceiving(e.what).
		WithRequestPathMatcher(consumer.Method(e.method), matcher(e.path), func(b *consumer.V4RequestBuilder) {
			for name, value := range e.query {
				b.Query(name, matcher(value))
			}
			for name, value := range e.header {
				b.Header(name, matcher(value))
			}
			// Bytes may be JSON that says in Pact's words what other types must be.
			if raw, ok := e.body.([]byte); ok {
				b.Body(e.contentType, raw)
			} else if e.body != nil {
				b.JSONBody(e.body)
			}
		}).
		WillRespondWith(e.status, func(b *consumer.V4ResponseBuilder) {
			for name, value := range e.answerHeader {
				b.Header(name, matcher(value))
			}
			if raw, ok := e.answer.([]byte); ok {
				b.Body(e.answerType, raw)
			} else if e.answer != nil {
				b.JSONBody(e.answer)
			}
		})
}

// front stands before the mock of a provider, with a plain and a TLS listener as the
// registry has: what the mock calls registry.example is here. It holds consumers to
// presenting their certificate, which the mock does not ask for.
type front struct {
	http, https *httptest.Server
}

// roots trust the TLS listener.
func (f *front) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(f.https.Certificate())
	return pool
}

func newFront(t *testing.T, mock string, exchanges []exchange) *front {
	t.Helper()
	f := &front{}
	needs := map[string]bool{} // method and path
	for _, e := range exchanges {
		path := e.path
		if m, ok := path.(matchers.Matcher); ok {
			path = m.GetValue()
		}
		if e.certificate {
			needs[fmt.Sprint(e.method, " ", path)] = true
		}
	}
	var plain, overTLS []byte // the front's own bases, known before it answers anybody
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if needs[r.Method+" "+r.URL.Path] && (r.TLS == nil || len(r.TLS.PeerCertificates) == 0) {
			t.Errorf("%s %s came without the client certificate", r.Method, r.URL.Path)
		}
		req, err := http.NewRequestWithContext(r.Context(), r.Method, mock+r.URL.RequestURI(), r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		req.Header, req.ContentLength = r.Header.Clone(), r.ContentLength
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Errorf("the mock does not answer: %v", err)
			return
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Error(err)
		}
		for name, values := range res.Header {
			if name != "Content-Length" && name != "Date" && !strings.HasPrefix(name, "Access-Control-") {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(res.StatusCode)
		body = bytes.ReplaceAll(body, []byte("http://registry.example"), plain)
		_, _ = w.Write(bytes.ReplaceAll(body, []byte("https://registry.example"), overTLS))
	})
	f.http, f.https = httptest.NewUnstartedServer(handler), httptest.NewUnstartedServer(handler)
	plain, overTLS = []byte("http://"+f.http.Listener.Addr().String()), []byte("https://"+f.https.Listener.Addr().String())
	f.http.Start()
	f.https.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	f.https.StartTLS()
	t.Cleanup(f.http.Close)
	t.Cleanup(f.https.Close)
	return f
}

// merged is the pact of all tests so far.
func (c *contract) merged(t *testing.T) []byte {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	text, err := pactfile.Merge(c.parts...)
	if err != nil {
		t.Fatalf("%s → %s: %v", c.consumer, c.provider, err)
	}
	return text
}
