package verifier

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Provider is what is verified, and the means to bring it into a state.
type Provider interface {
	// SetState brings the provider into a state, or (action teardown) lets it go. The
	// values are what the state has made: tokens, ids, certificates.
	SetState(context.Context, StateChange) (values map[string]any, err error)
	// Do answers a request, whose URL has a path and a query only.
	Do(r *http.Request, values map[string]any) (*http.Response, error)
	// Message makes the message of an interaction; metadata are its headers.
	Message(ctx context.Context, description string) (contents []byte, contentType string, metadata map[string]any, err error)
}

// StateChange is the body of a call to a state-change endpoint (docs/guides/contracts-provider.md).
type StateChange struct {
	Action   string         `json:"action"` // setup or teardown
	State    string         `json:"state"`
	Params   map[string]any `json:"params"`
	Consumer string         `json:"consumer,omitempty"`
}

// The values of a state that the stage itself reads.
const (
	ClientCertificate = "clientCertificate" // PEM, leaf first: presented with the request
	ClientKey         = "clientKey"         // PEM of its key
	Form              = "form"              // fields, URL-encoded, that replace those of a form in the request
	BaseURL           = "baseUrl"           // where the provider is in this state, if elsewhere
	MTLSURL           = "mtlsUrl"           // the same for requests with a certificate
)

const (
	maxAnswer   = 16 << 20 // bytes
	callTimeout = 30 * time.Second
)

// Remote is a provider that is reached by HTTP, and whose states are set by HTTP or
// by a handler here.
type Remote struct {
	Base string // http(s)://host[:port][/path]
	MTLS string // for requests with a client certificate; "": Base
	// Roots are who may have signed its server certificate; nil: the system's.
	Roots *x509.CertPool
	// StateURL is the state-change endpoint, MessageURL where messages are asked for.
	// States answers in their place when not nil.
	StateURL, MessageURL string
	States               http.Handler
	// NoStates leaves the provider as it is: what needs a state probably fails.
	NoStates bool
}

// Check says what is wrong with the addresses, before anything is called.
func (r *Remote) Check() error {
	var errs []error
	for what, text := range map[string]string{"base URL": r.Base, "mTLS URL": r.MTLS, "state URL": r.StateURL, "message URL": r.MessageURL} {
		if text == "" && (what != "base URL" || r.States != nil) {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			errs = append(errs, fmt.Errorf("%s %q: want http(s)://host[:port][/path]", what, text))
		}
	}
	return errors.Join(errs...)
}

// SetState calls the state-change endpoint.
func (r *Remote) SetState(ctx context.Context, change StateChange) (map[string]any, error) {
	if r.NoStates {
		return nil, nil
	}
	if r.StateURL == "" && r.States == nil {
		return nil, fmt.Errorf("the interaction needs the state %q, and there is no state-change endpoint: give STATE_URL", change.State)
	}
	body, err := json.Marshal(change)
	if err != nil {
		return nil, err
	}
	answer, header, err := r.post(ctx, r.StateURL, "/states", body)
	if err != nil {
		return nil, fmt.Errorf("the state %q could not be set: %w", change.State, err)
	}
	values := map[string]any{}
	if len(bytes.TrimSpace(answer)) == 0 {
		return values, nil
	}
	if err := json.Unmarshal(answer, &values); err != nil {
		return nil, fmt.Errorf("the state %q could not be set: the state-change endpoint answered %s%s, want a JSON object of values",
			change.State, header.Get("Content-Type"), isHTML(header))
	}
	return values, nil
}

// Message asks for a message as pact verifiers do: {"description"} → its contents,
// with the metadata in Pact-Message-Metadata.
func (r *Remote) Message(ctx context.Context, description string) ([]byte, string, map[string]any, error) {
	if r.MessageURL == "" && r.States == nil {
		return nil, "", nil, errors.New("there is nobody to ask for messages: give MESSAGE_URL")
	}
	body, err := json.Marshal(map[string]string{"description": description})
	if err != nil {
		return nil, "", nil, err
	}
	contents, header, err := r.post(ctx, r.MessageURL, "/messages", body)
	if err != nil {
		return nil, "", nil, fmt.Errorf("the message %q: %w", description, err)
	}
	metadata, err := decodeMetadata(header.Get(metadataHeader))
	return contents, header.Get("Content-Type"), metadata, err
}

// post calls an endpoint of states or messages, here or by HTTP; the answer must be 200 or 204.
func (r *Remote) post(ctx context.Context, target, here string, body []byte) ([]byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: r.tls(), DisableKeepAlives: true}}
	if r.States != nil {
		client.Transport, target = handlerTransport{r.States}, "http://states"+here
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("%s does not answer: %w", target, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, nil, err
	case res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNoContent:
		return nil, nil, fmt.Errorf("%s answered %d%s: %s", target, res.StatusCode, isHTML(res.Header), clip(string(answer)))
	}
	return answer, res.Header, nil
}

// Do calls the provider, with the certificate that the state gives, if any.
func (r *Remote) Do(req *http.Request, values map[string]any) (*http.Response, error) {
	base, config := text(values, BaseURL, r.Base), r.tls()
	if certificate, _ := values[ClientCertificate].(string); certificate != "" {
		pair, err := tls.X509KeyPair([]byte(certificate), []byte(text(values, ClientKey, "")))
		if err != nil {
			return nil, fmt.Errorf("the state's %s and %s are no certificate with its key: %w", ClientCertificate, ClientKey, err)
		}
		// Sent whatever CAs the server names: it may know ours without listing it.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		fallback := r.MTLS
		if fallback == "" {
			fallback = base
		}
		base = text(values, MTLSURL, fallback)
		if !strings.HasPrefix(base, "https:") {
			return nil, fmt.Errorf("the state gives a client certificate, and %s is not https: give PROVIDER_MTLS_URL", base)
		}
	}
	target, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || target.Host == "" {
		return nil, fmt.Errorf("the provider's base URL %q is none", base)
	}
	out := req.Clone(req.Context())
	out.URL.Scheme, out.URL.Host, out.Host, out.RequestURI = target.Scheme, target.Host, target.Host, ""
	if target.Path != "" {
		out.URL.Path, out.URL.RawPath = target.Path+req.URL.Path, target.EscapedPath()+req.URL.EscapedPath()
	}
	// One connection a request: the next one may have another certificate.
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true, ResponseHeaderTimeout: callTimeout}
	res, err := transport.RoundTrip(out)
	if err != nil {
		return nil, fmt.Errorf("the provider at %s does not answer: %w", target.Redacted(), err)
	}
	return res, nil
}

func (r *Remote) tls() *tls.Config {
	return &tls.Config{RootCAs: r.Roots, MinVersion: tls.VersionTLS12}
}

func text(values map[string]any, key, otherwise string) string {
	if s, _ := values[key].(string); s != "" {
		return s
	}
	return otherwise
}

// isHTML is a hint for whoever gave the address of a web page.
func isHTML(h http.Header) string {
	if strings.Contains(h.Get("Content-Type"), "html") {
		return " with HTML (is the address that of an API?)"
	}
	return ""
}

// clip bounds a text from outside.
func clip(text string) string {
	const most = 500
	if text = strings.ToValidUTF8(strings.TrimSpace(text), "?"); len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
