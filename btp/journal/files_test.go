package journal

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
)

var noon = time.Date(2041, time.May, 6, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, folder string, options ...Option) (*Files, *btp.Journal) {
	t.Helper()
	j := new(btp.Journal)
	f, err := Open(folder, j, slog.New(slog.DiscardHandler), options...)
	if err != nil {
		t.Fatal(err)
	}
	return f, j
}

func closed(t *testing.T, f *Files) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func entry(n int) btp.Entry {
	return btp.Entry{
		At: noon.Add(time.Duration(n) * time.Nanosecond), Kind: btp.EntryRequest, Point: btp.PointCSR, Request: uint64(n),
		About:  btp.Reference{System: "s1", Formation: "f1", Name: "Web <Shop>", Tenant: "commerce"},
		Method: "POST", Path: "/v1/applications/certificates", Status: 201, Rule: "pairing.csr", Source: "pairing-protocols §1.5",
		Detail: fmt.Sprint("certificate ", n),
	}
}

func all(j *btp.Journal) []btp.Entry {
	entries, _ := j.Read(btp.JournalFilter{})
	return entries
}

func TestJournalGoesOnAfterARestart(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "pairsim.db.journal")
	f, j := open(t, folder)
	for n := 1; n <= 3; n++ {
		j.Append(entry(n))
	}
	before := all(j)
	closed(t, f)
	j.Append(entry(99)) // in memory alone

	f, j = open(t, folder)
	if diff := cmp.Diff(before, all(j)); diff != "" {
		t.Errorf("after a restart, -want +got:\n%s", diff)
	}
	if n := j.NextRequest(); n != 4 {
		t.Errorf("the next request is number %d, want 4", n)
	}
	j.Append(entry(4))
	closed(t, f)
	f, j = open(t, folder)
	defer closed(t, f)
	if got := all(j); len(got) != 4 || got[3].Sequence != 4 {
		t.Errorf("got %+v, want four entries", got)
	}
	for _, name := range []string{folder, filepath.Join(folder, "journal-0.ndjson")} {
		if stat, err := os.Stat(name); err != nil || stat.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v; want it to be the owner's alone", name, stat.Mode(), err)
		}
	}
}

func TestTornAndForeignLinesAreDropped(t *testing.T) {
	folder := t.TempDir()
	f, j := open(t, folder)
	j.Append(entry(1), entry(2))
	closed(t, f)
	file := filepath.Join(folder, "journal-0.ndjson")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first, second, _ := strings.Cut(string(whole), "\n")
	for name, text := range map[string]string{
		"torn at the end":     first + "\n" + second + second[:len(second)/2],
		"torn without a line": first + "\n" + second + "{",
		"not ours":            first + "\n" + second + "hello\n\n",
		"in the middle":       first + "\nhello\n" + strings.Repeat("x", 3*longestLine) + "\n" + second,
		"of zeros":            first + "\n" + second + strings.Repeat("\x00", 4096),
		"twice":               first + "\n" + first + "\n" + second,
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			f, j := open(t, folder)
			j.Append(entry(3))
			closed(t, f)
			f, j = open(t, folder)
			defer closed(t, f)
			var seqs []uint64
			for _, e := range all(j) {
				seqs = append(seqs, e.Sequence)
			}
			if diff := cmp.Diff([]uint64{1, 2, 3}, seqs); diff != "" {
				t.Errorf("entries, -want +got:\n%s", diff)
			}
		})
	}
}

// Rule: journal-bounded
func TestTwoSegmentsRotateWithinTheirBound(t *testing.T) {
	folder := t.TempDir()
	const size = 20_000
	total := 0
	for range 3 { // processes
		f, j := open(t, folder, WithSegmentBytes(size))
		for range 500 {
			total++
			j.Append(entry(total))
		}
		closed(t, f)
		if used := usage(t, folder); used > 2*size {
			t.Errorf("%d bytes are used, want at most %d", used, 2*size)
		}
	}
	f, j := open(t, folder, WithSegmentBytes(size))
	defer closed(t, f)
	entries := all(j)
	if last := entries[len(entries)-1]; last.Sequence != uint64(total) || last.Detail != fmt.Sprint("certificate ", total) {
		t.Errorf("the last entry is %+v, want number %d", last, total)
	}
	for i, e := range entries[1:] {
		if e.Sequence != entries[i].Sequence+1 {
			t.Fatalf("number %d follows %d", e.Sequence, entries[i].Sequence)
		}
	}
	if len(entries) < size/400 {
		t.Errorf("%d entries were kept, want a segment full", len(entries))
	}
}

func usage(t *testing.T, folder string) int64 {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, one := range files {
		info, err := one.Info()
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Size()
	}
	return sum
}

// TestAFullQueueBlocksNobody has no writer: whoever makes entries goes on, and
// the journal says afterwards what the disk did not get.
func TestAFullQueueBlocksNobody(t *testing.T) {
	j := new(btp.Journal)
	f := &Files{folder: t.TempDir(), size: SegmentBytes, journal: j, log: slog.New(slog.DiscardHandler), queue: make(chan btp.Entry, 2)}
	if err := f.begin(0, false); err != nil {
		t.Fatal(err)
	}
	defer f.segment.Close()
	j.Keep(f)
	for n := 1; n <= 5; n++ {
		j.Append(entry(n))
	}
	f.writeBatch(<-f.queue)
	f.writeBatch(<-f.queue) // what it has to say
	written, err := readSegment(f.path(0))
	if err != nil {
		t.Fatal(err)
	}
	if len(all(j)) != 6 || len(written) != 3 {
		t.Fatalf("%d entries in memory, %d on disk; want 6 and 3", len(all(j)), len(written))
	}
	told := written[2]
	if told.Point != btp.PointJournalLoss || told.Detail != "3 entries were not written to disk" || !told.At.Equal(entry(5).At) {
		t.Errorf("the journal says %+v", told)
	}
	if f.Lost() != 3 {
		t.Errorf("%d entries were lost, want 3", f.Lost())
	}
}

func TestADiskThatFailsIsToldOnce(t *testing.T) {
	var logged bytes.Buffer
	j := new(btp.Journal)
	f := &Files{folder: t.TempDir(), size: SegmentBytes, journal: j, log: slog.New(slog.NewTextHandler(&logged, nil)), queue: make(chan btp.Entry, 100)}
	if err := f.begin(0, false); err != nil {
		t.Fatal(err)
	}
	f.segment.Close() // writing fails from now on
	j.Keep(f)
	drain := func() {
		for len(f.queue) > 0 {
			f.writeBatch(<-f.queue)
		}
	}
	for n := 1; n <= 3; n++ {
		j.Append(entry(n))
		drain()
	}
	if err := f.begin(1, true); err != nil { // the disk is well again
		t.Fatal(err)
	}
	defer f.segment.Close()
	j.Append(entry(4))
	drain()
	var said []string
	for _, e := range all(j) {
		if e.Point == btp.PointJournalLoss {
			said = append(said, e.Detail)
		}
	}
	want := []string{"the journal cannot be written to disk; it goes on in memory", "4 entries were not written to disk"}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("the journal says, -want +got:\n%s", diff)
	}
	if n := strings.Count(logged.String(), "level=ERROR"); n != 1 {
		t.Errorf("the log says it %d times:\n%s", n, logged.String())
	}
	written, err := readSegment(f.path(1))
	if err != nil || len(written) != 2 || written[0].Detail != "certificate 4" {
		t.Errorf("on disk is %+v, %v; want the entry and what was lost", written, err)
	}
}

func TestOneProcessKeepsAFolder(t *testing.T) {
	folder := t.TempDir()
	f, _ := open(t, folder)
	if _, err := Open(folder, new(btp.Journal), slog.New(slog.DiscardHandler)); !errors.Is(err, ErrInUse) {
		t.Errorf("a second one got %v, want ErrInUse", err)
	}
	closed(t, f)
	f, _ = open(t, folder)
	closed(t, f)
}

// TestDiskStaysFlat: 100,000 requests, in make test a hundredth, by many at once.
//
// Rule: journal-bounded
func TestDiskStaysFlat(t *testing.T) {
	folder := t.TempDir()
	n, size := 1000, int64(50_000)
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		n, size = 100_000, SegmentBytes
	}
	f, j := open(t, folder, WithSegmentBytes(size))
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for i := range n / 10 {
				j.Append(entry(i), entry(i))
			}
		})
	}
	all.Wait()
	closed(t, f)
	if used := usage(t, folder); used > 2*size || used < size/4 { // what comes faster than the disk is dropped
		t.Errorf("%d bytes are used, want a good part of two segments of %d", used, size)
	}
}

func FuzzSegment(f *testing.F) {
	f.Add([]byte(`{"seq":1,"at":"2030-01-01T10:00:00Z","kind":"request"}` + "\n" + `{"seq":2`))
	f.Add([]byte("\x00\n{}\n{\"seq\":-1}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "journal-1.ndjson"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		files, j := open(t, folder)
		j.Append(btp.Entry{Kind: btp.EntryRequest, At: noon})
		closed(t, files)
		files, again := open(t, folder)
		defer closed(t, files)
		if diff := cmp.Diff(all(j), all(again)); diff != "" {
			t.Errorf("from %q, after a restart, -want +got:\n%s", text, diff)
		}
	})
}
