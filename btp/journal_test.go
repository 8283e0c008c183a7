package btp_test

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
)

// volume is n, and a hundredth of it unless PAIRSIM_VOLUME=full (make soak).
func volume(n int) int {
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		return n
	}
	return n / 100
}

// Rule: journal-names-rule-and-document
func TestEveryPointSaysWhatItRestsOn(t *testing.T) {
	document := regexp.MustCompile(`^((SEED-00[04]( (step \d+|Results))?|[0-9a-f]{7}\.md(@v1)?|(sap-domain|pairing-protocols|service-apis) §[\d.]+|§[\d.]+|design §\d+( [a-z ]+)?|IETF draft Idempotency-Key)(, )?)+$|^pairsim$`)
	for point, what := range btp.Points {
		if what.Text == "" || !document.MatchString(what.Source) {
			t.Errorf("%s: %+v, want a text and a document", point, what)
		}
	}
}

// Rule: journal-names-rule-and-document
func TestEntriesNameTheRuleAndItsDocument(t *testing.T) {
	r := open(t)
	s, _ := r.register("shop", commerce)
	_, _ = r.Deregister(t.Context(), s.ID)
	_, _ = r.Deregister(t.Context(), "nobody")
	entries, _ := r.Journal().Read(btp.JournalFilter{})
	kinds := map[btp.EntryKind]bool{}
	for _, e := range entries {
		kinds[e.Kind] = true
		if e.Rule == "" || e.Source == "" {
			t.Errorf("entry %d (%s at %s) names the rule %q and the document %q, want both", e.Sequence, e.Kind, e.Point, e.Rule, e.Source)
		}
	}
	for _, kind := range []btp.EntryKind{btp.EntryDecision, btp.EntryRefusal, btp.EntryTransition} {
		if !kinds[kind] {
			t.Errorf("there is no %s", kind)
		}
	}
}

// Rule: journal-linked
func TestEntriesKnowTheirRequest(t *testing.T) {
	r := open(t)
	number := r.Journal().NextRequest()
	ctx := btp.WithExchange(t.Context(), btp.NewExchange(number))
	s, _, err := r.Register(ctx, "default", "shop", "SAP Commerce Cloud", "https://x", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Deregister(btp.WithExchange(t.Context(), btp.NewExchange(r.Journal().NextRequest())), s.ID); err != nil {
		t.Fatal(err)
	}
	r.IssueToken(t.Context(), "nobody", "https://x", "") //nolint:errcheck // it is refused, outside of a request
	entries, _ := r.Journal().Read(btp.JournalFilter{})
	got := map[string][]uint64{}
	for _, e := range entries {
		got[string(e.Point)] = append(got[string(e.Point)], e.Request)
	}
	want := map[string][]uint64{
		"system.register": {1}, "token.issue": {1, 0}, "system.deregister": {2}, "deregistration.complete": {2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests by point, -want +got:\n%s", diff)
	}
}

// Rule: token-secret-nowhere
func TestLongAndSecretTextsAreConfined(t *testing.T) {
	var j btp.Journal
	const token = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjQifQ.eyJpc3MiOiJ1cm46cGFpcnNpbSJ9.n3VaR0Xy7kQ2bE9sT4uZ8wH1cJ6fL5mPqDgKxYvN0oU"
	j.Append(btp.Entry{
		Kind: btp.EntryRequest, Method: strings.Repeat("M", 4000), Path: "/v1/" + strings.Repeat("ä", 4000),
		About:  btp.Reference{System: "s1", Name: strings.Repeat("n", 4000), Tenant: token},
		Detail: "the tenant says: token " + token + " " + strings.Repeat("x", 9000),
	})
	entries, _ := j.Read(btp.JournalFilter{})
	e := entries[0]
	text := fmt.Sprint(e)
	if len(text) > 2500 || strings.Contains(text, "n3VaR0Xy7kQ2bE9sT4uZ8wH1cJ6fL5mPqDgKxYvN0oU") || strings.Contains(text, "eyJpc3MiOiJ1cm46cGFpcnNpbSJ9") {
		t.Errorf("the entry holds %d bytes: %s", len(text), text)
	}
	if !strings.HasPrefix(e.Detail, "the tenant says: token ***") || !strings.HasSuffix(e.Detail, "…") || !strings.HasSuffix(e.Path, "ä…") {
		t.Errorf("got path %s, detail %s", e.Path, e.Detail)
	}
}

// TestJournalStaysFlat: 100,000 requests, in make test a hundredth, with texts as
// long as they may be, take no more than the bounds.
//
// Rule: journal-bounded
func TestJournalStaysFlat(t *testing.T) {
	var j btp.Journal
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	detail := strings.Repeat("word ", 2000)
	n := volume(100_000) * 12 // even a hundredth goes beyond what is kept
	for i := range n {
		j.Append(btp.Entry{Kind: btp.EntryRequest, Path: fmt.Sprint("/", i), Detail: strings.Clone(detail)})
	}
	const slack = 8 << 20
	if grown := int64(heap()) - int64(before); grown > btp.JournalBytes+slack {
		t.Errorf("the journal takes %d bytes", grown)
	}
	first, last := j.Span()
	if last != uint64(n) || last-first >= btp.JournalCapacity {
		t.Errorf("kept are %d to %d of %d", first, last, n)
	}
	kept, _ := j.Read(btp.JournalFilter{})
	size := 0
	for _, e := range kept {
		size += len(e.Detail)
	}
	if uint64(len(kept)) != last-first+1 || size > btp.JournalBytes {
		t.Errorf("%d entries with %d bytes, want %d with at most %d", len(kept), size, last-first+1, btp.JournalBytes)
	}
	if kept[0].Sequence != first || kept[len(kept)-1].Sequence != last {
		t.Errorf("read %d to %d, want %d to %d", kept[0].Sequence, kept[len(kept)-1].Sequence, first, last)
	}
}

func TestRestoredJournalGoesOn(t *testing.T) {
	var j btp.Journal
	var left []btp.Entry
	for seq := uint64(3); seq < 20_000; seq++ {
		if seq != 7 { // a line that was lost
			left = append(left, btp.Entry{Sequence: seq, Kind: btp.EntryDecision, Request: seq / 2})
		}
	}
	j.Restore(left)
	j.Append(btp.Entry{Kind: btp.EntryRefusal})
	found, next := j.Read(btp.JournalFilter{After: 19_990})
	if len(found) != 10 || found[0].Sequence != 19_991 || found[9].Kind != btp.EntryRefusal || next != 20_000 {
		t.Errorf("got %d entries, then %d: %+v", len(found), next, found)
	}
	if n := j.NextRequest(); n != 19_999/2+1 {
		t.Errorf("the next request is %d, want %d", n, 19_999/2+1)
	}
	var short btp.Journal
	short.Restore(left[:6])
	if first, last := short.Span(); first != 8 || last != 9 {
		t.Errorf("kept are %d to %d, want what is behind the gap: 8 to 9", first, last)
	}
}

type sink struct {
	mu   sync.Mutex
	seqs []uint64
}

func (s *sink) Offer(e btp.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seqs = append(s.seqs, e.Sequence)
}

func TestSinkSeesEveryEntryInOrder(t *testing.T) {
	var j btp.Journal
	var s sink
	j.Keep(&s)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				j.Append(btp.Entry{Kind: btp.EntryRequest}, btp.Entry{Kind: btp.EntryDecision})
			}
		})
	}
	all.Wait()
	for i, seq := range s.seqs {
		if seq != uint64(i+1) {
			t.Fatalf("entry %d was offered as number %d", seq, i+1)
		}
	}
	if len(s.seqs) != 1600 {
		t.Errorf("%d entries were offered, want 1600", len(s.seqs))
	}
}

func TestEntryMatch(t *testing.T) {
	e := btp.Entry{
		At: epoch, Kind: btp.EntryRequest, Point: btp.PointCSR, Request: 7, About: btp.Reference{System: "s1", Name: "Web Shop", Tenant: "commerce"},
		Method: "POST", Path: "/v1/applications/certificates", Status: 403, Rule: "follow-up-invalid", Source: "Kyma Connector Service",
	}
	f := btp.Entry{Kind: btp.EntryDecision, At: epoch, About: btp.Reference{Formation: "f1", Name: "extend"}}
	both := btp.Entry{Kind: btp.EntryDecision, At: epoch, About: btp.Reference{Formation: "f1", System: "s1", Name: "Web Shop"}}
	tests := []struct {
		match  btp.EntryMatch
		entry  btp.Entry
		differ string // the fields
	}{
		{btp.EntryMatch{}, e, ""},
		{btp.EntryMatch{Kind: "request", System: "s1", Tenant: "commerce", Point: "pairing.csr", Rule: "follow-up-invalid", Method: "post"}, e, ""},
		{btp.EntryMatch{System: "Web Shop", Point: "pairing.*", Status: "4xx", PathPrefix: "/v1", Request: 7}, e, ""},
		{btp.EntryMatch{Path: "/v1/*/certificates", Status: "403", Source: "Kyma Connector Service"}, e, ""},
		{btp.EntryMatch{From: epoch, To: epoch.Add(1)}, e, ""},
		{btp.EntryMatch{System: "s2", Point: "token.*", Status: "2xx", Method: "GET"}, e, "system point method status"},
		{btp.EntryMatch{Path: "/v1/*", PathPrefix: "/api", Request: 8, Kind: "call"}, e, "kind path pathPrefix request"},
		{btp.EntryMatch{From: epoch.Add(1)}, e, "from"},
		{btp.EntryMatch{To: epoch}, e, "to"},
		{btp.EntryMatch{Formation: "extend", Rule: "x", Source: "y", Tenant: "z"}, e, "formation tenant rule source"},
		{btp.EntryMatch{Formation: "extend"}, f, ""},
		{btp.EntryMatch{Formation: "f1", System: "Web Shop"}, both, ""},
		{btp.EntryMatch{Formation: "Web Shop"}, both, "formation"},
		{btp.EntryMatch{System: "extend"}, f, "system"},
		{btp.EntryMatch{Status: "4xx", Path: "/*"}, f, "path status"},
	}
	for _, tt := range tests {
		var fields []string
		for _, d := range tt.match.Differences(&tt.entry) {
			fields = append(fields, d.Field)
		}
		if got := strings.Join(fields, " "); got != tt.differ || tt.match.Matches(&tt.entry) != (tt.differ == "") {
			t.Errorf("%v differs in %q, want %q; it matches: %t", tt.match.Fields(), got, tt.differ, tt.match.Matches(&tt.entry))
		}
	}
}

func TestMatchesThatNothingCanHave(t *testing.T) {
	for _, tt := range []struct {
		match btp.EntryMatch
		want  string
	}{
		{btp.EntryMatch{Kind: "rumour"}, `there is no kind "rumour"; kinds are request, decision`},
		{btp.EntryMatch{Point: "pairing.dance"}, `there is no point "pairing.dance"; points are access-token.issue, access.admit, `},
		{btp.EntryMatch{Point: "dance.*"}, `there is no point "dance.*"`},
		{btp.EntryMatch{Status: "20"}, "status"},
		{btp.EntryMatch{Status: "6xx"}, "status"},
		{btp.EntryMatch{Status: "xx"}, "status"},
		{btp.EntryMatch{Status: "-99"}, "status"},
		{btp.EntryMatch{Path: "v1"}, "a path begins with /"},
		{btp.EntryMatch{From: epoch, To: epoch}, "must be later"},
		{btp.EntryMatch{System: strings.Repeat("s", 513)}, "system has 513 bytes"},
	} {
		err := tt.match.Check()
		if btp.CodeOf(err) != btp.InvalidRequest || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: got %v, want %q", tt.match.Fields(), err, tt.want)
		}
	}
	ok := btp.EntryMatch{Kind: btp.EntryCall, Point: "*", Status: "5xx", Path: "/*", From: epoch, To: epoch.Add(time.Hour)}
	if err := ok.Check(); err != nil {
		t.Error(err)
	}
}

func BenchmarkAppend(b *testing.B) {
	var j btp.Journal
	b.ReportAllocs()
	for b.Loop() {
		j.Append(btp.Entry{
			At: epoch, Kind: btp.EntryRequest, Request: j.NextRequest(), Point: btp.PointInfo, Method: "GET", Path: "/v1/applications/signingRequests/info",
			Status: 200, About: btp.Reference{System: "4ff190b4-c2c5-83ec-999d-8db75f206447", Name: "Web Shop", Tenant: "commerce"},
		})
	}
}
