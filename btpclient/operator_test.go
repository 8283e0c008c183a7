package btpclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestReadsWhatTheRegistryWrites holds our structs against the registry's own
// golden answers: every member is known here, and nothing is lost.
func TestReadsWhatTheRegistryWrites(t *testing.T) {
	for name, into := range map[string]any{
		"fullSystem":     &System{},
		"fullSystemRow":  &page[System]{},
		"register_v1":    &System{},
		"register_v2":    &System{},
		"systems_v1":     &page[System]{},
		"token_v1":       &IntegrationToken{},
		"inspection_v1":  &TokenInspection{},
		"systemTypes":    &page[SystemType]{},
		"globalAccounts": &page[GlobalAccount]{},
		"subaccounts":    &page[Subaccount]{},

		"heldSystem_v1":     &System{},
		"brokenSystem_v1":   &System{},
		"formation_v1":      &Formation{},
		"formation_v2":      &Formation{},
		"formations_v2":     &page[FormationRow]{},
		"formationTypes":    &page[FormationType]{},
		"formationDeletion": &FormationDeletion{},
		"subaccount":        &Subaccount{},
		"entitlement_v1":    &Entitlement{},
		"entitlements_v1":   &page[Entitlement]{},
		"servicePlans":      &page[ServiceOffering]{},
		"applications_v1":   &page[RuntimeApplication]{},
		"incidents_v1":      &page[Incident]{},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join("..", "btp", "httpapi", "testdata", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			dec := json.NewDecoder(bytes.NewReader(body))
			dec.DisallowUnknownFields()
			if err := dec.Decode(into); err != nil {
				t.Error(err)
			}
		})
	}
}

// operatorOn makes an operator of a server that gives this answer.
func operatorOn(t *testing.T, h http.HandlerFunc) *Operator {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return NewOperator(server.URL+"/", server.Client())
}

func TestOperatorRefusals(t *testing.T) {
	const full = `{"type":"urn:pairsim:problem:token-expired","title":"Token has expired","status":410,"detail":"at ten\n","next":"Ask again.","source":"SEED-000"}`
	inUse := strings.Replace(full, `"source"`, `"blockers":[{"kind":"formation","id":"f\u0007","name":"Shop"}],"source"`, 1)
	tests := []struct {
		name, body string
		status     int
		want       Problem
	}{
		{"blockers", inUse, 409, Problem{
			Type: "urn:pairsim:problem:token-expired", Title: "Token has expired", Code: "token-expired", Status: 409,
			Detail: "at ten", Next: "Ask again.", Source: "SEED-000", Blockers: []Blocker{{"formation", "f", "Shop"}},
		}},
		{"problem", full, 410, Problem{
			Type: "urn:pairsim:problem:token-expired", Title: "Token has expired", Code: "token-expired", Status: 410,
			Detail: "at ten", Next: "Ask again.", Source: "SEED-000",
		}},
		{"the answer's own status counts", full, 418, Problem{
			Type: "urn:pairsim:problem:token-expired", Title: "Token has expired", Code: "token-expired", Status: 418,
			Detail: "at ten", Next: "Ask again.", Source: "SEED-000",
		}},
		{"of another server", `{"type":"about:blank","title":"No"}`, 404, Problem{Type: "about:blank", Title: "No", Status: 404}},
		{"no problem document", `<html>`, 502, Problem{Title: "Bad Gateway", Status: 502}},
		{"empty", ``, 404, Problem{Title: "Not Found", Status: 404}},
		{"redirect", ``, 302, Problem{Title: "Found", Status: 302}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := operatorOn(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			_, err := o.ShowToken(t.Context(), "a/b")
			var got *Problem
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want a *Problem", err)
			}
			tt.want.Method, tt.want.Path = "GET", "/api/v1/systems/a%2Fb/token"
			if !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("got %+v, want %+v", *got, tt.want)
			}
			if CodeOf(fmt.Errorf("show: %w", err)) != tt.want.Code {
				t.Errorf("got code %q, want %q", CodeOf(err), tt.want.Code)
			}
		})
	}
}

func TestOperatorAnswers(t *testing.T) {
	const jws = "eyJ.secret.token"
	tests := []struct {
		name string
		h    http.HandlerFunc
	}{
		{"no JSON", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, jws) }},
		{"of another form", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"expiresAt":"`+jws+`"}`) }},
		{"too large", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, maxAnswer+1)) }},
		{"broken off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			_, _ = io.WriteString(w, `{"token":"`+jws)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := operatorOn(t, tt.h).IssueToken(t.Context(), "7")
			if err == nil || strings.Contains(err.Error(), jws) || CodeOf(err) != "" {
				t.Errorf("got %v, want an error without the token", err)
			}
		})
	}
}

func TestUnreachableOperator(t *testing.T) {
	for _, base := range []string{"", "http://127.0.0.1:1", "http://[::1", "ftp://x"} {
		_, err := NewOperator(base, nil).GlobalAccounts(t.Context())
		if err == nil || CodeOf(err) != "" {
			t.Errorf("base %q: got %v, want an error", base, err)
		}
	}
}

func TestSystemsOverPages(t *testing.T) {
	const pages = 3
	asked := 0
	o := operatorOn(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if got := r.URL.Query(); got.Get("limit") != "2" || got.Get("status") != "Error" || got.Has("name") {
			t.Errorf("got query %v", got)
		}
		n := len(r.URL.Query().Get("cursor"))
		next := strings.Repeat("x", n+1)
		if n == pages-1 {
			next = ""
		}
		_, _ = fmt.Fprintf(w, `{"items":[{"id":"%d-a"},{"id":"%d-b"}],"nextCursor":%q}`, n, n, next)
	})
	got := ""
	for s, err := range o.Systems(t.Context(), "default", SystemFilter{Status: "Error", PageSize: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		got += s.ID + " "
	}
	if want := "0-a 0-b 1-a 1-b 2-a 2-b "; got != want || asked != pages {
		t.Errorf("got %q in %d calls, want %q in %d", got, asked, want, pages)
	}
	asked = 0
	for range o.Systems(t.Context(), "default", SystemFilter{Status: "Error", PageSize: 2}) {
		break
	}
	if asked != 1 {
		t.Errorf("leaving at the first system took %d calls, want 1", asked)
	}
}

func TestSystemsEnd(t *testing.T) {
	o := operatorOn(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"items":[],"nextCursor":"x"}`)
	})
	var last error
	for _, err := range o.Systems(t.Context(), "default", SystemFilter{}) {
		last = err
	}
	if last == nil || !strings.Contains(last.Error(), "does not end") {
		t.Errorf("got %v, want an error about the endless list", last)
	}
}

func TestSystemNamedNobody(t *testing.T) {
	o := operatorOn(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"items":[]}`) })
	if _, err := o.SystemNamed(t.Context(), "default", "Web Shop"); CodeOf(err) != "system-not-found" || !strings.Contains(err.Error(), "Web Shop") {
		t.Errorf("got %v, want system-not-found", err)
	}
}

func TestFollowedStream(t *testing.T) {
	tests := []struct {
		name, stream string
		seqs         []uint64
		err          string
	}{
		{"entries", "id: 1\ndata: {\"seq\":1}\n\n: still here\n\nid: 2\ndata:{\"seq\":2}\n\n", []uint64{1, 2}, "ended the stream"},
		{"another form", "data: [\n\n", nil, "another form"},
		{"too long", "data: " + strings.Repeat("x", maxEvent) + "\n\n", nil, "too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if got, want := r.URL.RawQuery, "after=7&kind=refusal&limit=3&point=pairing.csr&system=s"; got != want {
					t.Errorf("got query %s, want %s", got, want)
				}
				_, _ = io.WriteString(w, tt.stream)
			}))
			defer server.Close()
			var got []uint64
			var last error
			filter := JournalFilter{After: 7, Limit: 3, EntryMatch: EntryMatch{Kind: "refusal", System: "s", Point: "pairing.csr"}}
			for e, err := range NewControl(server.URL, nil).FollowJournal(t.Context(), filter) {
				if last = err; err == nil {
					got = append(got, e.Seq)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.seqs) || last == nil || !strings.Contains(last.Error(), tt.err) {
				t.Errorf("got %v, %v; want %v, …%s…", got, last, tt.seqs, tt.err)
			}
		})
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "data: {\"seq\":1}\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, err := range NewControl(server.URL, nil).FollowJournal(ctx, JournalFilter{}) {
		if err != nil {
			t.Fatalf("got %v, want no error", err)
		}
		cancel()
	}
}
