package landscape

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/journal"
)

// TestTrafficLeavesMemoryAndDiskFlat: 100,000 requests, in make test a hundredth,
// with paths as long as they may be. The journal keeps what it has room for.
//
// Rule: journal-bounded
func TestTrafficLeavesMemoryAndDiskFlat(t *testing.T) {
	requests := 1000
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		requests = 100_000
	}
	data := filepath.Join(t.TempDir(), "pairsim.db")
	l := start(t, func(c *Config) { c.Data = data })
	handler := l.first.publicRouter()
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	long := strings.Repeat("/"+strings.Repeat("long", 15), 8)
	var all sync.WaitGroup
	const workers = 4
	for worker := range workers {
		all.Go(func() {
			for i := range requests / workers {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("/api/v1/systems/%d-%d%s?token=%s", worker, i, long, strings.Repeat("x", 1000)), nil)
				handler.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
	all.Wait()
	const slack = 16 << 20 // routers, SQLite, what is not collected yet
	if grown := heap() - before; grown > btp.JournalBytes+slack {
		t.Errorf("%d requests left %d bytes", requests, grown)
	}
	first, last := l.Registry().Journal().Span()
	if last < uint64(requests) || last-first >= btp.JournalCapacity {
		t.Errorf("kept are the entries %d to %d", first, last)
	}
	if err := l.first.journal.Close(); err != nil {
		t.Fatal(err)
	}
	l.first.journal = nil
	var size int64
	files, err := os.ReadDir(data + ".journal")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if size == 0 || size > 2*journal.SegmentBytes {
		t.Errorf("%d bytes are on disk, want at most %d", size, 2*journal.SegmentBytes)
	}
}
