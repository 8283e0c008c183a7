package strict

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// still is an environment whose clock stands still until it is set.
type still struct {
	now     time.Time
	frozen  bool
	journal btp.Journal
	rotated int
}

func (s *still) Now() time.Time { return s.now }
func (s *still) ReadClock(context.Context) (btp.ClockState, error) {
	return btp.ClockState{Now: s.now, Frozen: s.frozen}, nil
}

func (s *still) RotateKey(context.Context, btp.KeyAlgorithm) (btp.SigningKey, error) {
	s.rotated++
	return btp.SigningKey{}, nil
}
func (s *still) Journal() *btp.Journal { return &s.journal }

var epoch = time.Date(2030, 1, 1, 10, 0, 0, int(300*time.Millisecond), time.UTC)

// newTestLayer makes a layer whose real time stands still with the environment's.
func newTestLayer(env *still, s Settings) *Layer {
	return New(Config{
		Settings: s, Registry: env, RealNow: func() time.Time { return epoch }, Root: func() []byte { return nil }, AttemptDeadline: 10 * time.Minute,
	})
}

// router answers as the landscape's does: a refusal in the vendor's shape.
func router(answer http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := Refusal(r.Context()); err != nil {
			status := http.StatusNotFound
			if btp.CodeOf(err) == btp.TryLater {
				status = http.StatusServiceUnavailable
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"code":%d,"error":%q}`, status, err.Error())
			return
		}
		answer(w, r)
	})
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	return rec
}

// TestOtherTrafficChangesNothing: what one subject meets depends on the seed, and
// on its own requests alone.
//
// Rule: strict-seeded
func TestOtherTrafficChangesNothing(t *testing.T) {
	answer := router(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"csrUrl":"https://h/v1/applications/certificates?token=T2","api":{"infoUrl":"https://h/v1/applications/management/info"}}`)
	})
	meet := func(seed uint64, others int) string {
		h := newTestLayer(&still{now: epoch, frozen: true}, Settings{Seed: seed}).Wrap(answer)
		var met strings.Builder
		for range 10 {
			for range others {
				get(t, h, "/api/v1/systems/x")
				get(t, h, "/v1/applications/signingRequests/info?token="+tokenFor("other"))
			}
			rec := get(t, h, "/v1/applications/signingRequests/info?token="+tokenFor("mine"))
			fmt.Fprintln(&met, rec.Code, rec.Header(), rec.Body)
		}
		return met.String()
	}
	alone := meet(7, 0)
	if among := meet(7, 3); among != alone {
		t.Errorf("among others:\n%s\nalone:\n%s", among, alone)
	}
	if other := meet(8, 0); other == alone {
		t.Error("another seed behaves the same")
	}
}

func tokenFor(system string) string {
	return "h." + map[string]string{"mine": "eyJzdWIiOiJtaW5lIn0", "other": "eyJzdWIiOiJvdGhlciJ9"}[system] + ".s"
}

// TestRetryAfter: the time is the environment's; who comes again by either clock
// is answered, and nobody is put off twice in a row.
//
// Rule: strict-retry-after, strict-too-early
func TestRetryAfter(t *testing.T) {
	const info = "/v1/applications/signingRequests/info?token=h.eyJzdWIiOiJtaW5lIn0.s"
	for _, tt := range []struct {
		name    string
		rules   Settings
		frozen  bool
		advance time.Duration // before it comes again
		want    string        // Retry-After
		tripped bool
	}{
		{"seconds", Settings{}.Only(Busy), false, 0, "1", false},
		{"seconds, frozen", Settings{}.Only(Busy), true, 0, "0", false},
		{"too early", Settings{}.Only(TooEarly), false, 999 * time.Millisecond, "1", true},
		{"in time", Settings{}.Only(TooEarly), false, time.Second, "1", false},
		{"too early, frozen", Settings{}.Only(TooEarly), true, 0, "0", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.rules.Seed = 1
			env := &still{now: epoch, frozen: tt.frozen}
			layer := newTestLayer(env, tt.rules)
			h := layer.Wrap(router(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
			rec := get(t, h, info)
			for n := 0; rec.Code == http.StatusOK && n < 50; n++ {
				rec = get(t, h, info)
			}
			if got := rec.Header().Get("Retry-After"); rec.Code != http.StatusServiceUnavailable || got != tt.want {
				t.Fatalf("got %d and Retry-After %q, want 503 and %q", rec.Code, got, tt.want)
			}
			env.now = env.now.Add(tt.advance)
			rec = get(t, h, info)
			if tripped := rec.Header().Get(TripHeader) == string(TooEarly); tripped != tt.tripped || tripped != (rec.Code == 503) {
				t.Fatalf("come again: got %d, header %q", rec.Code, rec.Header().Get(TripHeader))
			}
			entries, _ := env.journal.Read(btp.JournalFilter{EntryMatch: btp.EntryMatch{Kind: btp.EntryRefusal}})
			if tt.tripped != (len(entries) == 1 && entries[0].Rule == string(TooEarly) && entries[0].Status == 503) {
				t.Errorf("journal: %+v", entries)
			}
			env.now = env.now.Add(time.Second)
			if rec = get(t, h, info); tt.tripped && rec.Code != http.StatusOK {
				t.Errorf("come again in time: got %d", rec.Code)
			}
		})
	}
}

// Rule: strict-busy-until-date
func TestRetryAfterAsDate(t *testing.T) {
	env := &still{now: epoch}
	h := newTestLayer(env, Settings{Seed: 1}.Only(BusyUntilDate)).Wrap(router(func(http.ResponseWriter, *http.Request) {}))
	dates := 0
	for range 200 {
		rec := get(t, h, "/v1/applications/signingRequests/info?token=h.eyJzdWIiOiJtaW5lIn0.s")
		at, err := http.ParseTime(rec.Header().Get("Retry-After"))
		if err != nil {
			continue
		}
		dates++
		date, err := http.ParseTime(rec.Header().Get("Date"))
		if err != nil || at.Sub(date) != time.Second || at.Before(env.now) {
			t.Fatalf("at %s: got Date %s and Retry-After %s", env.now, date, at)
		}
	}
	if dates == 0 {
		t.Error("no Retry-After was a date")
	}
}

// Rule: strict-discovered-paths, strict-pairing-paths, strict-provisional-urls
func TestAliases(t *testing.T) {
	for _, tt := range []struct{ url, want string }{
		{"https://h/v1/applications/certificates?token=/v1/x", "https://h/~00/v1/applications/certificates?token=/v1/x"},
		{"https://h/mp-shop/v1/events", "https://h/~00/mp-shop/v1/events"},
		{"https://h/env/a/mp-shop/v1/metadata/services", "https://h/env/a/~00/mp-shop/v1/metadata/services"},
		{"https://h/env/a/v1/applications/management/info", "https://h/env/a/~00/v1/applications/management/info"},
		{"", ""},
	} {
		if got := aliased(tt.url, "/~00"); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.url, got, tt.want)
		}
	}
	for _, tt := range []struct{ path, alias, rest string }{
		{"/~0123abcd/v1/x", "/~0123abcd", "/v1/x"},
		{"/v1/x", "", "/v1/x"},
		{"/~0123abc/v1/x", "", "/~0123abc/v1/x"},
		{"/~0123ABCD/v1/x", "", "/~0123ABCD/v1/x"},
		{"/~0123abcd", "", "/~0123abcd"},
	} {
		if alias, rest := cutAlias(tt.path); alias != tt.alias || rest != tt.rest {
			t.Errorf("%s: got %q and %q, want %q and %q", tt.path, alias, rest, tt.alias, tt.rest)
		}
	}
}

// TestWhatStaysAsItIs: other parties, strong validators, answers that stream and
// connections that are taken over.
//
// Rule: strict-promises-kept
func TestWhatStaysAsItIs(t *testing.T) {
	const body = `{"b":"https://h/x","a":[1,2]}`
	write := func(more func(http.ResponseWriter)) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			more(w)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, tt := range map[string]struct {
		path    string
		handler http.HandlerFunc
	}{
		"a tenant":           {"/tenants/commerce", write(func(http.ResponseWriter) {})},
		"health":             {"/healthz", write(func(http.ResponseWriter) {})},
		"another path":       {"/~01234567/api/v1/systems/x", write(func(http.ResponseWriter) {})},
		"a strong validator": {"/api/v1/formations/x", write(func(w http.ResponseWriter) { w.Header().Set("ETag", `"1"`) })},
		"what is flushed":    {"/api/v1/x", write(func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() })},
		"what is no JSON":    {"/api/v1/x", write(func(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/plain") })},
	} {
		for seed := uint64(1); seed < 20; seed++ {
			rec := get(t, newTestLayer(&still{now: epoch}, Settings{Seed: seed}).Wrap(tt.handler), tt.path)
			if got := rec.Body.String(); got != body {
				t.Fatalf("%s, seed %d: got %s", name, seed, got)
			}
		}
	}
	layer := newTestLayer(&still{now: epoch}, Settings{Seed: 1})
	taken := httptest.NewServer(layer.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = io.WriteString(c, "taken\n")
			_ = c.Close()
		}
	})))
	defer taken.Close()
	c, err := net.Dial("tcp", taken.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, "GET /api/v1/x HTTP/1.1\r\nHost: h\r\n\r\n")
	if line, _ := bufio.NewReader(c).ReadString('\n'); line != "taken\n" {
		t.Errorf("over a connection that was taken over: got %q", line)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m := map[string]int{}
	for i := range 3 * maxRemembered {
		remember(m, fmt.Sprint(i), i)
	}
	if len(m) > maxRemembered {
		t.Errorf("%d are remembered, want at most %d", len(m), maxRemembered)
	}
}

// Rule: strict-short-attempt
func TestAttemptDeadline(t *testing.T) {
	for seed := uint64(1); seed < 100; seed++ {
		if d := (Settings{Seed: seed}).AttemptDeadline(10 * time.Minute); d < time.Minute || d > 2*time.Minute {
			t.Fatalf("seed %d: %s", seed, d)
		}
	}
	if d := (Settings{Seed: 1}).AttemptDeadline(time.Second); d != time.Second {
		t.Errorf("a policy's that is shorter: got %s", d)
	}
	if d := (Settings{}).AttemptDeadline(time.Hour); d != time.Hour {
		t.Errorf("off: got %s", d)
	}
}
