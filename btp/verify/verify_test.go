package verify_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/verify"
)

var start = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

// seen is what happened: number 7 is a decision, all others are requests.
func seen() []btp.Entry {
	request := func(method, path string, status int) btp.Entry {
		return btp.Entry{Kind: btp.EntryRequest, Method: method, Path: path, Status: status}
	}
	entries := []btp.Entry{
		request("GET", "/v1/applications/signingRequests/info", 200),
		request("POST", "/v1/applications/certificates", 400),
		request("POST", "/v1/applications/certificates", 201),
		request("GET", "/v1/applications/management/info", 200),
		request("GET", "/api/v1/systems/1", 200),
		request("GET", "/api/v1/systems/2", 404),
		{Kind: btp.EntryDecision, Point: btp.PointCSR},
		request("PUT", "/shop/v1/pairsim/tenant", 204),
	}
	for i := range entries {
		entries[i].Sequence = uint64(i + 1)
		entries[i].At = start.Add(time.Duration(i) * time.Minute)
	}
	return entries
}

func n(i int) *int { return &i }

// Rule: journal-verification
func TestCounts(t *testing.T) {
	const certificates = "/v1/applications/certificates"
	for _, tt := range []struct {
		name     string
		e        verify.Expectation
		met      bool
		entries  []uint64
		expected string
		misses   []string
	}{
		{"once or more", verify.Expectation{Match: btp.EntryMatch{Path: certificates}}, true, []uint64{2, 3}, "at least 1 request with path " + certificates, nil},
		{"exactly", verify.Expectation{Match: btp.EntryMatch{Path: certificates}, Exactly: n(2)}, true, []uint64{2, 3}, "exactly 2 requests with path " + certificates, nil},
		{"too many", verify.Expectation{Match: btp.EntryMatch{Path: certificates}, Exactly: n(1)}, false, []uint64{2, 3}, "exactly 1 request with path " + certificates, nil},
		{"never", verify.Expectation{Match: btp.EntryMatch{Method: "DELETE"}, Exactly: n(0)}, true, []uint64{}, "exactly 0 requests with method DELETE", nil},
		{"at most", verify.Expectation{Match: btp.EntryMatch{Status: "4xx"}, AtMost: n(1)}, false, []uint64{2, 6}, "at most 1 request with status 4xx", nil},
		{"between", verify.Expectation{Match: btp.EntryMatch{Status: "4xx"}, AtLeast: n(1), AtMost: n(2)}, true, []uint64{2, 6}, "at least 1 and at most 2 requests with status 4xx", nil},
		{"behind", verify.Expectation{Match: btp.EntryMatch{Status: "4xx"}, Exactly: n(1), After: 2}, true, []uint64{6}, "exactly 1 request with status 4xx", nil},
		{"decisions", verify.Expectation{Match: btp.EntryMatch{Kind: btp.EntryDecision, Point: "pairing.*"}, Exactly: n(1)}, true, []uint64{7}, "exactly 1 decision with point pairing.*", nil},
		{"all", verify.Expectation{Exactly: n(7)}, true, []uint64{1, 2, 3, 4, 5, 6, 8}, "exactly 7 requests", nil},
		{
			"too few",
			verify.Expectation{Match: btp.EntryMatch{Method: "POST", Path: certificates, Status: "201"}, AtLeast: n(2)},
			false,
			[]uint64{3},
			"at least 2 requests with method POST, path /v1/applications/certificates, status 201",
			[]string{"2 status 201/400"},
		},
		{
			"none",
			verify.Expectation{Match: btp.EntryMatch{Method: "GET", Path: "/api/v1/systems/3", Status: "200"}},
			false,
			[]uint64{},
			"at least 1 request with method GET, path /api/v1/systems/3, status 200",
			[]string{
				"5 path /api/v1/systems/3//api/v1/systems/1",
				"4 path /api/v1/systems/3//v1/applications/management/info",
				"1 path /api/v1/systems/3//v1/applications/signingRequests/info",
				"6 path /api/v1/systems/3//api/v1/systems/2, status 200/404",
			},
		},
		{
			"one field",
			verify.Expectation{Match: btp.EntryMatch{Path: "/v1/applications/certificate"}},
			false,
			[]uint64{},
			"at least 1 request with path /v1/applications/certificate",
			[]string{
				"2 path /v1/applications/certificate//v1/applications/certificates",
				"3 path /v1/applications/certificate//v1/applications/certificates",
				"4 path /v1/applications/certificate//v1/applications/management/info",
				"1 path /v1/applications/certificate//v1/applications/signingRequests/info",
				"5 path /v1/applications/certificate//api/v1/systems/1",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.e.Check(); err != nil {
				t.Fatal(err)
			}
			r := tt.e.Against(seen(), true)
			if r.Met != tt.met || r.Expected != tt.expected || !r.Complete {
				t.Errorf("got %+v, want met %t, %q", r, tt.met, tt.expected)
			}
			if diff := cmp.Diff(tt.entries, r.Entries); diff != "" || r.Found != len(tt.entries) {
				t.Errorf("found %d: -want +got\n%s", r.Found, diff)
			}
			if diff := cmp.Diff(tt.misses, told(r)); diff != "" {
				t.Errorf("near misses, -want +got:\n%s", diff)
			}
		})
	}
}

func told(r verify.Report) (misses []string) {
	for _, m := range r.NearMisses {
		var differences []string
		for _, d := range m.Differences {
			differences = append(differences, d.Field+" "+d.Expected+"/"+d.Found)
		}
		misses = append(misses, strings.TrimSpace(fmt.Sprint(m.Entry.Sequence, " ", strings.Join(differences, ", "))))
	}
	return misses
}

// Rule: journal-verification
func TestOrder(t *testing.T) {
	info, csr := btp.EntryMatch{Path: "/v1/applications/signingRequests/info"}, btp.EntryMatch{Path: "/v1/applications/certificates", Status: "2xx"}
	descriptor := btp.EntryMatch{Method: "PUT", Path: "/*/v1/pairsim/tenant"}
	e := verify.Expectation{InOrder: []btp.EntryMatch{info, csr, {Kind: btp.EntryDecision}, descriptor}}
	r := e.Against(seen(), false)
	if diff := cmp.Diff([]uint64{1, 3, 7, 8}, r.Entries); diff != "" || !r.Met || r.Complete {
		t.Errorf("%+v: -want +got\n%s", r, diff)
	}
	want := "a request with path /v1/applications/signingRequests/info, then a request with path /v1/applications/certificates, status 2xx, " +
		"then a decision, then a request with method PUT, path /*/v1/pairsim/tenant"
	if r.Expected != want {
		t.Errorf("expected is %q, want %q", r.Expected, want)
	}

	e = verify.Expectation{InOrder: []btp.EntryMatch{csr, info}}
	r = e.Against(seen(), true)
	if r.Met || r.Found != 1 {
		t.Errorf("the wrong order: got %+v", r)
	}
	if got := told(r); len(got) == 0 || got[0] != "1 order behind entry 3/entry 1" {
		t.Errorf("near misses: %q, want the one that came too early first", got)
	}
	e.After = 3
	if r = e.Against(seen(), true); r.Met || r.Found != 0 {
		t.Errorf("behind the last certificate: got %+v", r)
	}
	twice := verify.Expectation{InOrder: []btp.EntryMatch{info, info}}
	if r = twice.Against(seen(), true); r.Met || r.Found != 1 {
		t.Errorf("one entry counted twice: %+v", r)
	}
}

func TestExpectationsThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		e    verify.Expectation
		want string
	}{
		{verify.Expectation{Exactly: n(1), AtMost: n(2)}, "exactly says it all"},
		{verify.Expectation{AtLeast: n(3), AtMost: n(2)}, "at least 3 and at most 2 cannot be"},
		{verify.Expectation{AtLeast: n(-1)}, "nothing happens -1 times"},
		{verify.Expectation{InOrder: make([]btp.EntryMatch, 1), Exactly: n(1)}, "goes without match"},
		{verify.Expectation{InOrder: make([]btp.EntryMatch, 1), Match: btp.EntryMatch{Method: "GET"}}, "goes without match"},
		{verify.Expectation{InOrder: make([]btp.EntryMatch, 101)}, "inOrder has 101 matches"},
		{verify.Expectation{InOrder: []btp.EntryMatch{{}, {Kind: "x"}}}, "inOrder[1]: "},
		{verify.Expectation{Match: btp.EntryMatch{Status: "ok"}}, "status"},
	} {
		if err := tt.e.Check(); btp.CodeOf(err) != btp.InvalidRequest || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}
