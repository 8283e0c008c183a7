package snapshot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
	"github.com/pairsim/pairsim/internal/snapshot"
)

var epoch = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

func open(tb testing.TB, change ...func(*btp.Config)) *btp.Registry {
	tb.Helper()
	cfg := btp.Config{
		Store: memory.New(), Environment: btp.DefaultEnvironment, Seed: 1, Tokens: token.NewSigner(nil),
		NewAuthority:  func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(epoch); return m, err },
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return epoch }, StartFrozen: epoch, Policy: btp.DefaultPolicy(), Landscape: btp.DefaultLandscape(),
	}
	for _, c := range change {
		c(&cfg)
	}
	r, err := btp.Open(context.Background(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(r.Close)
	return r
}

// environment is one with a few systems and nobody's tenants.
func environment(tb testing.TB) (*snapshot.Environment, []byte) {
	tb.Helper()
	r := open(tb)
	for i := range 3 {
		if _, _, err := r.Register(tb.Context(), "default", fmt.Sprint("Shop ", i), "SAP Commerce Cloud", "https://x.test", "key"+btp.IdempotencyKey(fmt.Sprint(i))); err != nil {
			tb.Fatal(err)
		}
	}
	e := &snapshot.Environment{Registry: r}
	return e, export(tb, e)
}

func export(tb testing.TB, e *snapshot.Environment) []byte {
	tb.Helper()
	text, err := e.Export(context.Background(), true)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// TestAMalformedSnapshotChangesNothing: each is refused with the place of what is
// wrong, and what was there is there.
//
// Rule: snapshot-refused-whole
func TestAMalformedSnapshotChangesNothing(t *testing.T) {
	t.Parallel()
	e, good := environment(t)
	if err := e.Import(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	replace := func(old, now string) []byte { return []byte(strings.Replace(string(good), old, now, 1)) }
	tenants := func(text string) []byte { return replace(`"tenants": []`, `"tenants": [`+text+`]`) }
	for _, test := range []struct {
		name     string
		document []byte
		path     string
	}{
		{"nothing", nil, "$"},
		{"blanks", []byte("  "), "$"},
		{"no JSON", []byte("snapshot"), "$"},
		{"null", []byte("null"), "$"},
		{"a list", []byte("[]"), "$"},
		{"an empty object", []byte("{}"), "$"},
		{"half of it", good[:len(good)/2], "$"},
		{"two of it", append(slices.Clone(good), good...), "$"},
		{"not UTF-8", replace("Shop 1", "Shop \xff"), "$"},
		{"deep", []byte(strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100)), "$"},
		{"a key twice", replace(`"schema":`, `"schema": "x", "schema":`), "$.schema"},
		{"a key twice, further in", replace(`"name": "Shop 1"`, `"name": "Shop 1", "name": "Shop 1"`), "$.systems[1].name"},
		{"another form", replace(snapshot.Version, "urn:pairsim:snapshot:2"), "$.schema"},
		{"no form", replace(snapshot.Version, "x"), "$.schema"},
		{"an unknown key", replace(`"schema":`, `"sytems": [], "schema":`), "$.sytems"},
		{"a key in another case", replace(`"systems":`, `"Systems":`), "$.Systems"},
		{"a missing key", replace(`"due":`, `"dew":`), "$"},
		{"a number for a text", replace(`"name": "Shop 1"`, `"name": 1`), "$.systems[1].name"},
		{"a sequence that is none", replace(`"sequence": 2`, `"sequence": 2.5`), ""},
		{"a number out of range", replace(`"sequence": `, `"sequence": 1e999`), "$.environment.sequence"},
		{"a seed that is none", replace(`"seed": "1"`, `"seed": "-1"`), "$.environment.seed"},
		{"a seed beyond 64 bits", replace(`"seed": "1"`, `"seed": "99999999999999999999"`), ""},
		{"an instant that is none", replace(`"now": "2030-01-01T10:00:00Z"`, `"now": "tomorrow"`), "$.environment.clock.now"},
		{"a day that is none", replace(`"now": "2030-01-01T10:00:00Z"`, `"now": "2030-02-31T10:00:00Z"`), ""},
		{"an instant out of range", replace(`"now": "2030-01-01T10:00:00Z"`, `"now": "0001-01-02T10:00:00Z"`), "$.environment.clock.now"},
		{"a status that is none", replace(`"status": "pending"`, `"status": "removing"`), "$.systems[0].status"},
		{"due work of an unknown kind", replace(`"kind": "token-expiry"`, `"kind": "coffee"`), ""},
		{"a bare secret", replace(`"privateKey": {`, `"privateKey": "x", "x": {`), "$.keys[0].privateKey"},
		{"a secret with more in it", replace(`"secret":`, `"x": 1, "secret":`), ""},
		{"an omitted secret", replace(`"secret": "`, `"secret": null, "x": "`), ""},
		{"an unknown tenant", tenants(`{"id":"erp","systemType":"SAP Commerce Cloud","lastPairing":0,"credentials":[],"pairings":[]}`), "$.tenants[0].id"},
		{"a tenant twice", tenants(strings.Repeat(`{"id":"a","systemType":"SAP Commerce Cloud","lastPairing":0,"credentials":[],"pairings":[]},`, 2) + `{"id":"b","systemType":"x","lastPairing":0,"credentials":[],"pairings":[]}`), "$.tenants[1].id"},
		{"a tenant that leaves its folder", tenants(`{"id":"../x","systemType":"x","lastPairing":0,"credentials":[],"pairings":[]}`), "$.tenants[0].id"},
		{"a pairing that lacks its connection", tenants(`{"id":"a","systemType":"x","lastPairing":1,"credentials":[],"pairings":[{"id":"1","status":"registered","createdAt":"2030-01-01T10:00:00Z","updatedAt":"2030-01-01T10:00:00Z","calls":[]}]}`), "$.tenants[0].pairings[0].connection"},
		{"a pairing in no status", tenants(`{"id":"a","systemType":"x","lastPairing":1,"credentials":[],"pairings":[{"id":"1","status":"lost","createdAt":"2030-01-01T10:00:00Z","updatedAt":"2030-01-01T10:00:00Z","calls":[]}]}`), "$.tenants[0].pairings[0].status"},
		{"a pairing with a certificate that is none", tenants(`{"id":"a","systemType":"x","lastPairing":1,"credentials":[],"pairings":[{"id":"1","status":"registered","createdAt":"2030-01-01T10:00:00Z","updatedAt":"2030-01-01T10:00:00Z","calls":[],"connection":{"key":{"secret":"eA=="},"chain":["eA=="],"infoUrl":"","urls":{}}}]}`), "$.tenants[0].pairings[0].connection.chain"},
		{"too large", bytes.Repeat([]byte(" "), snapshot.MaxSize+1), "$"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if bytes.Equal(test.document, good) {
				t.Fatal("nothing is wrong with it")
			}
			err := e.Import(t.Context(), test.document)
			var refused *btp.Error
			if !errors.As(err, &refused) || refused.Code != btp.SnapshotInvalid || len(refused.Findings) == 0 {
				t.Fatalf("got %v, want snapshot-invalid with findings", err)
			}
			if test.path != "" && !slices.ContainsFunc(refused.Findings, func(f btp.Finding) bool { return f.Path == test.path }) {
				t.Errorf("findings %v, want one at %s", refused.Findings, test.path)
			}
			if after := export(t, e); !bytes.Equal(after, good) {
				t.Error("it changed something")
			}
		})
	}
}

// TestASnapshotCanBeSharedWithoutItsSecrets: of every secret that a snapshot holds, only
// the place is in the one without; and that one is not imported.
//
// Rule: snapshot-without-secrets
func TestASnapshotCanBeSharedWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	e, whole := environment(t)
	shared, err := e.Export(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]bool{}
	var collect func(v any)
	collect = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if text, is := v["secret"].(string); is && len(v) == 1 {
				secrets[text] = true
			}
			for _, one := range v {
				collect(one)
			}
		case []any:
			for _, one := range v {
				collect(one)
			}
		}
	}
	var document any
	if err := json.Unmarshal(whole, &document); err != nil {
		t.Fatal(err)
	}
	if collect(document); len(secrets) < 2 { // a signing key, a CA's key
		t.Fatalf("the snapshot has %d secrets", len(secrets))
	}
	for text := range secrets {
		if encoded, _ := json.Marshal(text); bytes.Contains(shared, encoded) {
			t.Errorf("%.20s… is in the snapshot without secrets", text)
		}
	}
	if err := e.Import(t.Context(), shared); btp.CodeOf(err) != btp.SnapshotInvalid {
		t.Errorf("import without secrets: got %v, want %s", err, btp.SnapshotInvalid)
	}
}

// Rule: snapshot-restores-all
func TestReadingIsTheReverseOfWriting(t *testing.T) {
	t.Parallel()
	_, text := environment(t)
	d, err := snapshot.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := d.Encode()
	if err != nil || !bytes.Equal(again, text) {
		t.Errorf("got another document (%v)", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		t.Fatal(err)
	}
	if d, err = snapshot.Read(compact.Bytes()); err != nil {
		t.Fatal(err)
	}
	if again, _ = d.Encode(); !bytes.Equal(again, text) {
		t.Error("the compact form says something else")
	}
}

// FuzzImport: whatever is sent, it is imported whole or nothing of it is. What is
// imported is coherent, and its snapshot says the same again. The fuzzer cuts out
// of a good document and inserts; long inputs it would only shorten.
//
// Rule: snapshot-refused-whole
func FuzzImport(f *testing.F) {
	e, good := environment(f)
	at := func(text string) uint32 { return uint32(bytes.Index(good, []byte(text))) }
	f.Add(uint32(0), uint16(0), []byte("{}"))
	f.Add(uint32(0), uint16(0), []byte(""))
	f.Add(at(`"Shop 1"`), uint16(8), []byte(`"Shop 2"`))
	f.Add(at(`"Shop 1"`), uint16(8), []byte(`"Another"`))
	f.Add(at(`"now"`), uint16(29), []byte(`"now": "2031-01-01T10:00:00.5+01:00"`))
	f.Add(at(`"frozen"`), uint16(14), []byte(`"frozen": false`))
	f.Add(at(`"seed"`), uint16(11), []byte(`"seed": "18446744073709551615"`))
	f.Add(at(`"tenants": [`)+12, uint16(0), []byte(`{"id":"a","systemType":"x","lastPairing":0,"credentials":[],"pairings":[]}`))
	f.Add(at(`"kind"`), uint16(22), []byte(`"kind": "removal"`))
	f.Add(uint32(len(good)), uint16(0), []byte("{}"))
	f.Fuzz(func(t *testing.T, at uint32, cut uint16, insert []byte) {
		from := min(int(at), len(good))
		to := min(from+int(cut), len(good))
		before := export(t, e)
		err := e.Import(context.Background(), slices.Concat(good[:from], insert, good[to:]))
		after := export(t, e)
		if err != nil {
			if code := btp.CodeOf(err); code != btp.SnapshotInvalid && code != btp.EditionMismatch {
				t.Fatalf("refused with %v", err)
			}
			if !bytes.Equal(before, after) {
				t.Fatalf("half of it was imported, and then: %v", err)
			}
			return
		}
		if err := e.Import(context.Background(), after); err != nil {
			t.Fatalf("what was imported cannot be imported again: %v", err)
		}
		if again := export(t, e); !bytes.Equal(after, again) {
			t.Fatal("its snapshot changes from one to the next")
		}
	})
}

// TestThePageNamesWhatHolds: docs/snapshot.md is about this form of documents.
func TestThePageNamesWhatHolds(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/snapshot.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{snapshot.Version, fmt.Sprintf("%d MiB at most", snapshot.MaxSize>>20), "internal/snapshot/snapshot.schema.json"} {
		if !strings.Contains(string(page), text) {
			t.Errorf("docs/snapshot.md does not say %q", text)
		}
	}
}
