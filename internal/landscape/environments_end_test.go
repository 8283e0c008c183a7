package landscape

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/problem"
)

// Rule: environment-dropped
func TestDropEnvironment(t *testing.T) {
	l := start(t)
	for _, name := range []string{"a", "b"} {
		makeEnvironment(t, l, map[string]any{"name": name})
		pairIn(t, l.HTTP+"/env/"+name, "Web Shop")
	}
	if got := deleteEnvironment(t, l, "a"); got != http.StatusNoContent {
		t.Fatalf("DELETE: got %d", got)
	}
	for _, path := range []string{"/api/v1/systemTypes", "/tenants", "/", "/control/clock"} {
		if got := codeIn(t, send(t, http.MethodGet, l.Control+"/env/a"+path, "")); got != "environment-not-found" {
			t.Errorf("%s of a dropped environment: got %s", path, got)
		}
	}
	if got := systemsIn(t, l.HTTP+"/env/b"); !slices.Equal(got, []string{"Web Shop"}) {
		t.Errorf("the other environment has %q", got)
	}
	for name, want := range map[string]string{"a": "environment-not-found", "default": "environment-permanent", "A b": "environment-not-found"} {
		if got := codeIn(t, send(t, http.MethodDelete, l.Control+"/control/environments/"+strings.ReplaceAll(name, " ", "%20"), "")); got != want {
			t.Errorf("DELETE %s: got %s, want %s", name, got, want)
		}
	}
	makeEnvironment(t, l, map[string]any{"name": "a"}) // its name is free
	if got := systemsIn(t, l.HTTP+"/env/a"); len(got) != 0 {
		t.Errorf("made again it has %q", got)
	}
}

// waiting is a handler that holds requests of a marked kind until it is told.
type waiting struct {
	next           http.Handler
	entered, leave chan struct{}
}

func (h *waiting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Hold") != "" {
		h.entered <- struct{}{}
		if r.Header.Get("Hold") == "until cancelled" {
			<-r.Context().Done()
		} else {
			<-h.leave
		}
	}
	h.next.ServeHTTP(w, r)
}

// Requests under way when their environment is dropped end with its being gone, in
// the dialect of who is asked, whether they listen to their context or not.
//
// Rule: environment-dropped
func TestDropWithRequestsUnderWay(t *testing.T) {
	hold := &waiting{entered: make(chan struct{}), leave: make(chan struct{})}
	l := start(t)
	w := l.World()
	w.WrapPublic = func(h http.Handler) http.Handler { hold.next = h; return hold }
	if err := l.MakeEnvironment(t.Context(), EnvironmentOptions{Name: "a", World: w}); err != nil {
		t.Fatal(err)
	}
	makeEnvironment(t, l, map[string]any{"name": "b"})
	pairIn(t, l.HTTP+"/env/b", "Web Shop")

	type answer struct {
		status       int
		kind, reason string
		body         string
	}
	kinds := []struct{ path, hold string }{
		{"/api/v1/globalAccounts/default/systems", "until cancelled"},
		{"/api/v1/systemTypes", "for ever"}, // it needs nothing of the environment
		{"/v1/applications/management/info", "until cancelled"},
		{"/v1/health", "for ever"},
		{"/tenants", "for ever"},
	}
	answers := make([]answer, len(kinds))
	var under sync.WaitGroup
	for i, kind := range kinds {
		under.Go(func() {
			resp := send(t, http.MethodGet, l.HTTP+"/env/a"+kind.path, "", "Hold", kind.hold)
			body, _ := io.ReadAll(resp.Body) // send has read it
			answers[i] = answer{resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get("Pairsim-Reason"), string(body)}
		})
		<-hold.entered
	}
	stream := follow(t, l.Control+"/env/a/control/journal")
	if got := deleteEnvironment(t, l, "a"); got != http.StatusNoContent {
		t.Errorf("DELETE: got %d", got)
	}
	close(hold.leave)
	under.Wait()
	<-stream // ends too
	for i, kind := range kinds {
		got := answers[i]
		vendor := strings.HasPrefix(kind.path, "/v1/")
		switch {
		case got.status != http.StatusGone, !strings.Contains(got.body, "environment a is gone"):
			t.Errorf("%s: got %+v, want 410 about the environment", kind.path, got)
		case vendor && (got.reason != "environment-gone" || !strings.HasPrefix(got.body, `{"code":410`)):
			t.Errorf("%s: got %+v, want the vendor's body", kind.path, got)
		case !vendor && (got.kind != problem.ContentType || !strings.Contains(got.body, "urn:pairsim:problem:environment-gone")):
			t.Errorf("%s: got %+v, want a problem document", kind.path, got)
		}
	}
	if got := systemsIn(t, l.HTTP+"/env/b"); !slices.Equal(got, []string{"Web Shop"}) {
		t.Errorf("the other environment has %q", got)
	}
	if ids, err := l.store.Environments(t.Context()); err != nil || !slices.Equal(ids, []btp.EnvironmentID{"b", "default"}) {
		t.Errorf("the store holds %v, %v", ids, err)
	}
}

// follow opens a stream of the journal; the channel is closed when it ends.
func follow(t *testing.T, url string) <-chan struct{} {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("journal: got %d", resp.StatusCode)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer resp.Body.Close()
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		}
	}()
	return ended
}

// Environments end when their time is up, also where it was before they were made.
//
// Rule: environment-dropped
func TestEnvironmentsExpire(t *testing.T) {
	l := start(t)
	makeEnvironment(t, l, map[string]any{"name": "lasting"})
	makeEnvironment(t, l, map[string]any{"name": "long", "ttl": "1h"})
	for n := range 20 {
		makeEnvironment(t, l, map[string]any{"name": fmt.Sprint("short-", n), "ttl": "1ns"})
	}
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	var names []string
	for bounded := waited(t); bounded.Err() == nil; <-again.C {
		names = nil
		for _, e := range l.environments.all() {
			names = append(names, string(e.id))
		}
		if slices.Equal(names, []string{"lasting", "long"}) {
			return
		}
	}
	t.Errorf("environments: got %q", names)
}

// An environment that took the name of an expired one does not go with it.
func TestOnlyTheExpiredIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s environments
		old, young := &environment{id: "a"}, &environment{id: "a"}
		if err := s.reserve("a"); err != nil {
			t.Fatal(err)
		}
		s.put(young)
		if s.take("a", old) != nil {
			t.Error("the wrong one was taken")
		}
		if s.take("a", young) != young || s.take("a", young) != nil {
			t.Error("the right one is taken once")
		}
	})
}

// A restart opens all environments again, with what they were made with, and drops
// what has expired in the meantime.
func TestEnvironmentsSurviveARestart(t *testing.T) {
	data := filepath.Join(t.TempDir(), "pairsim.db")
	open := func(now time.Time) *Landscape {
		cfg := Default()
		cfg.HTTP, cfg.MTLS, cfg.Control, cfg.Data = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", data
		cfg.RealNow = func() time.Time { return now }
		l, err := Start(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	stop := func(l *Landscape) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := l.Close(ctx); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now().Add(-2 * time.Hour) // TLS lives in the real present
	l := open(now)
	w := l.World()
	w.Edition, w.Policy.AttemptDeadline, w.Tenants = "v2", time.Minute, []Tenant{{
		ID: "commerce", Product: "commerce",
		APIs: []ReplacedAPI{{Identifier: "commerce-inbound-product", TargetURL: "https://elsewhere.test/products", Specification: []byte("<edmx:Edmx/>")}},
	}}
	for _, o := range []EnvironmentOptions{{Name: "kept", World: w}, {Name: "expired", World: w, TTL: time.Hour}, {Name: "later", World: w, TTL: 3 * time.Hour}} {
		if err := l.MakeEnvironment(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	system := call(t, http.MethodPost, l.HTTP+"/env/kept/api/v1/globalAccounts/default/systems", map[string]string{"name": "Web Shop", "type": "SAP Commerce Cloud"}, 201)
	token := call(t, http.MethodPost, l.HTTP+"/env/kept/api/v1/systems/"+system["id"].(string)+"/tokens", nil, 201)
	call(t, http.MethodPost, l.HTTP+"/env/kept/tenants/commerce/pairings", map[string]any{"token": token["token"]}, 201)
	call(t, http.MethodPost, l.HTTP+"/env/expired/tenants/commerce/pairings", map[string]any{"token": "nonsense"}, 201)
	folders := func() (names []string) {
		t.Helper()
		found, err := l.tenantFolders()
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if got := folders(); !slices.Equal(got, []string{"expired", "kept", "later"}) {
		t.Errorf("folders of tenants: got %q", got)
	}
	stop(l)
	if err := os.MkdirAll(filepath.Join(data+".tenants", "left-over"), 0o700); err != nil {
		t.Fatal(err)
	}

	l = open(now.Add(2 * time.Hour))
	if got := folders(); !slices.Equal(got, []string{"kept", "later"}) {
		t.Errorf("folders of tenants after the restart: got %q", got)
	}
	var names []string
	for _, e := range l.Environments() {
		names = append(names, e.Name)
	}
	if !slices.Equal(names, []string{"default", "kept", "later"}) {
		t.Errorf("environments after the restart: got %q", names)
	}
	kept := l.environments.find("kept")
	if kept.world.Policy.AttemptDeadline != time.Minute || len(kept.tenants) != 1 || kept.edition().ID != "v2" || !kept.createdAt.Equal(now) {
		t.Errorf("it was opened as something else: %+v", kept.world)
	}
	// An API of the tenant that is elsewhere still is.
	apis := call(t, http.MethodGet, l.HTTP+"/env/kept/tenants/commerce/apis", nil, 200)
	replaced := apis["items"].([]any)[1].(map[string]any)
	if replaced["targetUrl"] != "https://elsewhere.test/products" || replaced["served"] != false {
		t.Errorf("the API that is elsewhere: got %v", replaced)
	}
	if got := send(t, http.MethodGet, l.HTTP+"/env/kept/tenants/commerce/specifications/commerce-inbound-product", ""); got.ContentLength != int64(len("<edmx:Edmx/>")) {
		t.Errorf("its specification has %d bytes", got.ContentLength)
	}
	// The tenant is still paired, and told the registry where it is now.
	call(t, http.MethodPost, l.HTTP+"/env/kept/tenants/commerce/renewal", nil, 200)
	call(t, http.MethodPost, l.HTTP+"/env/kept/api/v1/systems/"+system["id"].(string)+"/deregistration", nil, 202)
	tenant := call(t, http.MethodGet, l.HTTP+"/env/kept/tenants/commerce", nil, 200)
	if tenant["connection"] != nil {
		t.Errorf("the tenant was not told of its deregistration: %v", tenant)
	}
	if got := deleteEnvironment(t, l, "kept"); got != http.StatusNoContent {
		t.Errorf("DELETE: got %d", got)
	}
	if got := folders(); !slices.Equal(got, []string{"later"}) {
		t.Errorf("folders of tenants after the drop: got %q", got)
	}
	stop(l)
}
