package verifier

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	statesPath     = "/__states"
	messagesPath   = "/__messages"
	metadataHeader = "Pact-Message-Metadata"
)

// Stage stands between a pact verifier and a provider, on loopback. It serves one
// verifier, which does one interaction after the other. Any Pact verifier can use it:
// URL is its provider, StateURL its provider states, messages are at MessagePath.
type Stage struct {
	URL, StateURL string
	port          uint16
	server        *http.Server
	provider      Provider
	consumer      string

	mu       sync.Mutex
	values   map[string]any // of the present states
	before   string         // the action of the latest state change
	notes    []string       // what went wrong, for people
	recorded *Exchange      // the latest
}

// MessagePath is where a Stage makes messages.
const MessagePath = messagesPath

// Exchange is what a provider did for one interaction.
type Exchange struct {
	Values      map[string]any
	Status      int
	Header      http.Header
	Body        []byte
	Message     bool
	ContentType string
	Metadata    map[string]any
}

// NewStage starts a stage for the pacts of one consumer; Close it.
func NewStage(provider Provider, consumer string) (*Stage, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	at := listener.Addr().(*net.TCPAddr)
	s := &Stage{provider: provider, consumer: consumer, port: uint16(at.Port), URL: "http://" + at.String()} //nolint:gosec // a port
	s.StateURL = s.URL + statesPath
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+statesPath, s.changeState)
	mux.HandleFunc("POST "+messagesPath, s.message)
	mux.HandleFunc("/", s.forward)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

// Close ends the stage.
func (s *Stage) Close() error { return s.server.Close() }

// Notes are what went wrong since the last call, in words.
func (s *Stage) Notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	notes := slices.Compact(s.notes)
	s.notes = nil
	return notes
}

// Recorded is what the provider did last, nil when it did nothing since the last call.
func (s *Stage) Recorded() *Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.recorded
	s.recorded = nil
	return e
}

func (s *Stage) note(w http.ResponseWriter, status int, err error) {
	s.mu.Lock()
	s.notes = append(s.notes, err.Error())
	s.mu.Unlock()
	http.Error(w, err.Error(), status)
}

func (s *Stage) changeState(w http.ResponseWriter, r *http.Request) {
	var change StateChange
	if err := json.NewDecoder(io.LimitReader(r.Body, maxAnswer)).Decode(&change); err != nil {
		s.note(w, http.StatusBadRequest, fmt.Errorf("the verifier's state change is no JSON: %w", err))
		return
	}
	if change.Consumer == "" {
		change.Consumer = s.consumer
	}
	values, err := s.provider.SetState(r.Context(), change)
	if err != nil { // a 5xx would be tried again by the verifier, with pauses
		s.note(w, http.StatusUnprocessableEntity, err)
		return
	}
	s.mu.Lock()
	if s.before != "setup" || change.Action != "setup" {
		s.values = map[string]any{}
	}
	for key, value := range values { // an interaction may need several states
		s.values[key] = value
	}
	s.before = change.Action
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(values)
}

func (s *Stage) present() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values
}

func (s *Stage) record(e *Exchange) {
	e.Values = s.present()
	s.mu.Lock()
	s.recorded = e
	s.mu.Unlock()
}

func (s *Stage) message(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Description string }
	if err := json.NewDecoder(io.LimitReader(r.Body, maxAnswer)).Decode(&asked); err != nil {
		s.note(w, http.StatusBadRequest, fmt.Errorf("the verifier's message request is no JSON: %w", err))
		return
	}
	contents, contentType, metadata, err := s.provider.Message(withValues(r.Context(), s.present()), asked.Description)
	if err != nil {
		s.note(w, http.StatusUnprocessableEntity, err)
		return
	}
	s.record(&Exchange{Status: http.StatusOK, Body: contents, Message: true, ContentType: contentType, Metadata: metadata})
	w.Header().Set("Content-Type", contentType)
	if len(metadata) > 0 {
		text, _ := json.Marshal(metadata) // was JSON
		w.Header().Set(metadataHeader, base64.StdEncoding.EncodeToString(text))
	}
	_, _ = w.Write(contents)
}

type valuesKey struct{}

func withValues(ctx context.Context, values map[string]any) context.Context {
	return context.WithValue(ctx, valuesKey{}, values)
}

// Values are the values of the states in which a message is asked for.
func Values(ctx context.Context) map[string]any {
	values, _ := ctx.Value(valuesKey{}).(map[string]any)
	return values
}

// filled is a form with the state's values in the fields that it has: verifiers of Pact
// do not put them there, as they do elsewhere.
func filled(contentType string, body []byte, fields string) []byte {
	if fields == "" || !strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		return body
	}
	form, err := url.ParseQuery(string(body))
	values, valuesErr := url.ParseQuery(fields)
	if err != nil || valuesErr != nil {
		return body
	}
	for name := range form {
		if value, known := values[name]; known {
			form[name] = value
		}
	}
	return []byte(form.Encode())
}

func (s *Stage) forward(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	if err != nil {
		s.note(w, http.StatusBadGateway, err)
		return
	}
	body = filled(r.Header.Get("Content-Type"), body, text(s.present(), Form, ""))
	out := r.Clone(r.Context())
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if len(body) == 0 {
		out.Body = http.NoBody
	}
	for _, hop := range []string{"Connection", "Accept-Encoding"} { // answers come as they are
		out.Header.Del(hop)
	}
	if r.Header["User-Agent"] == nil {
		out.Header["User-Agent"] = nil
	}
	res, err := s.provider.Do(out, s.present())
	if err != nil {
		s.note(w, http.StatusBadGateway, err)
		return
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		s.note(w, http.StatusBadGateway, fmt.Errorf("the provider's answer breaks off: %w", err))
		return
	}
	if html := isHTML(res.Header); html != "" {
		s.mu.Lock()
		s.notes = append(s.notes, fmt.Sprintf("the provider answered %d%s", res.StatusCode, html))
		s.mu.Unlock()
	}
	s.record(&Exchange{Status: res.StatusCode, Header: res.Header.Clone(), Body: answer})
	write(w, res.StatusCode, res.Header, answer)
}

func write(w http.ResponseWriter, status int, header http.Header, body []byte) {
	for name, values := range header {
		switch name {
		case "Connection", "Transfer-Encoding", "Content-Length", "Keep-Alive":
		default:
			w.Header()[name] = values
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func decodeMetadata(text string) (map[string]any, error) {
	if text == "" {
		return nil, nil
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	var metadata map[string]any
	if err == nil {
		err = json.Unmarshal(raw, &metadata)
	}
	if err != nil {
		return nil, fmt.Errorf("the header %s is not base64 of a JSON object: %w", metadataHeader, err)
	}
	return metadata, nil
}

// handlerTransport calls a handler in this process.
type handlerTransport struct{ handler http.Handler }

func (t handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &answer{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(w, r)
	return &http.Response{
		StatusCode: w.status, Header: w.header, Body: io.NopCloser(&w.body), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(w.body.Len()),
	}, nil
}

type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
