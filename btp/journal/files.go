package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Bounds of what is kept on disk.
const (
	// SegmentBytes is the size at which a segment is full; there are two.
	SegmentBytes = 4 << 20
	// queueLength is how many entries wait for the disk at most.
	queueLength = 4096
	// batch is how many entries are written between two looks at the world.
	batch = 512
	// longestLine is more than any entry takes.
	longestLine = 64 << 10
	// largestNumber is the largest that JavaScript holds exactly; no journal gets so far.
	largestNumber = 1<<53 - 1
)

// ErrInUse says that another process keeps its journal in the folder.
var ErrInUse = errors.New("another process keeps its journal there")

// Files keep a journal in a folder: two segments of bounded size, each entry a
// line of JSON. When one is full, the other is begun anew. Entries are written
// behind the back of those who make them: what a process that is killed had not
// written yet is lost, and so is what does not fit into the queue; the journal
// then says so. There is no fsync.
type Files struct {
	folder  string
	size    int64
	journal *btp.Journal
	log     *slog.Logger
	lock    io.Closer

	queue   chan btp.Entry
	dropped atomic.Uint64 // since the journal last said so
	lost    atomic.Uint64 // altogether
	latest  atomic.Int64  // the instant of an entry that was dropped, Unix nanoseconds
	quit    chan struct{}
	ended   sync.WaitGroup

	// Of the writing goroutine alone.
	number  int // of the segment that is written to
	segment *os.File
	out     *bufio.Writer
	written int64
	pending int  // lines that stand in out
	torn    bool // a line may have been written in part
	broken  bool
}

// Option changes how Open keeps a journal.
type Option func(*Files)

// WithSegmentBytes changes the size of the segments.
func WithSegmentBytes(n int64) Option { return func(f *Files) { f.size = n } }

// Open keeps j, which must be empty, in a folder from now on. What an earlier
// process left there it begins with, so that numbers go on. A line that was torn
// when a process died is dropped.
func Open(folder string, j *btp.Journal, log *slog.Logger, options ...Option) (*Files, error) {
	f := &Files{folder: folder, size: SegmentBytes, journal: j, log: log, queue: make(chan btp.Entry, queueLength), quit: make(chan struct{})}
	for _, option := range options {
		option(f)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	lock, err := lockFolder(folder)
	if err != nil {
		return nil, err
	}
	f.lock = lock
	left, err := f.read()
	if err == nil {
		err = f.begin(f.number, false)
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	j.Restore(left)
	j.Keep(f)
	f.ended.Go(f.write)
	return f, nil
}

// Offer implements btp.JournalSink.
func (f *Files) Offer(e btp.Entry) {
	select {
	case f.queue <- e:
	default:
		f.drop(1)
		f.latest.Store(e.At.UnixNano())
	}
}

func (f *Files) drop(n uint64) {
	f.dropped.Add(n)
	f.lost.Add(n)
}

// Lost is how many entries did not get to the disk since Open.
func (f *Files) Lost() uint64 { return f.lost.Load() }

// Close writes what waits and ends. The journal goes on in memory.
func (f *Files) Close() error {
	f.journal.Keep(nil)
	close(f.quit)
	f.ended.Wait()
	return errors.Join(f.out.Flush(), f.segment.Close(), f.lock.Close())
}

func (f *Files) path(number int) string {
	return filepath.Join(f.folder, fmt.Sprintf("journal-%d.ndjson", number))
}

// write carries entries from the queue to the disk until Close.
func (f *Files) write() {
	for {
		select {
		case e := <-f.queue:
			f.writeBatch(e)
		case <-f.quit:
			for {
				select {
				case e := <-f.queue:
					f.writeBatch(e)
				default:
					return
				}
			}
		}
	}
}

// writeBatch writes e and what waits behind it.
func (f *Files) writeBatch(e btp.Entry) {
	lost := uint64(0)
	var failure error
	for n := 1; ; n++ {
		if err := f.writeLine(e); err != nil {
			failure = err
			lost++
		}
		if n == batch {
			break
		}
		select {
		case e = <-f.queue:
			continue
		default:
		}
		break
	}
	if err := f.flush(); err != nil {
		failure = err
	}
	if failure != nil {
		lost += uint64(f.pending)
		f.pending = 0
	}
	f.tell(lost, failure)
}

func (f *Files) flush() error {
	err := f.out.Flush()
	if err != nil {
		f.out.Reset(f.segment) // a failed writer fails for ever
		f.torn = true
		return err
	}
	f.pending = 0
	return nil
}

// tell says in the journal what did not get to the disk: as soon as it works
// again, and once when it breaks.
func (f *Files) tell(lost uint64, failure error) {
	detail := ""
	at := time.Unix(0, f.latest.Load()).UTC()
	switch {
	case failure != nil && f.broken:
		f.drop(lost)
		return
	case failure != nil:
		f.broken = true
		f.drop(lost)
		f.log.Error("the journal cannot be written to disk", "folder", f.folder, "error", failure)
		detail = "the journal cannot be written to disk; it goes on in memory"
		at = f.now()
	default:
		if n := f.dropped.Swap(0); n > 0 {
			detail = fmt.Sprintf("%d entries were not written to disk", n)
			if f.broken {
				at = f.now()
			}
		}
		f.broken = false
	}
	if detail != "" {
		f.journal.Append(btp.Entry{At: at, Kind: btp.EntryDecision, Point: btp.PointJournalLoss, Detail: detail})
	}
}

// now is the instant of the newest entry.
func (f *Files) now() time.Time {
	_, last := f.journal.Span()
	newest, _ := f.journal.Read(btp.JournalFilter{After: last - min(last, 1)})
	if len(newest) == 0 {
		return time.Time{}
	}
	return newest[0].At
}

func (f *Files) writeLine(e btp.Entry) error {
	line, err := json.Marshal(LineOf(e))
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if f.torn {
		line = append([]byte{'\n'}, line...)
	}
	if f.written > 0 && f.written+int64(len(line)) > f.size {
		if err := f.flush(); err != nil {
			return err
		}
		full := f.segment
		if err := f.begin(1-f.number, true); err != nil {
			return err
		}
		if err := full.Close(); err != nil {
			f.log.Warn("a full segment of the journal could not be closed", "error", err)
		}
	}
	n, err := f.out.Write(line)
	f.written += int64(n)
	if err != nil {
		f.out.Reset(f.segment)
		f.torn = true
		return err
	}
	f.pending++
	f.torn = false
	return nil
}

// begin writes to a segment from now on, emptied or behind what is there.
func (f *Files) begin(number int, empty bool) error {
	mode := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if empty {
		mode |= os.O_TRUNC
	}
	segment, err := os.OpenFile(f.path(number), mode, 0o600)
	if err != nil {
		return err
	}
	stat, err := segment.Stat()
	if err != nil {
		return errors.Join(err, segment.Close())
	}
	f.number, f.segment, f.written = number, segment, stat.Size()
	f.out = bufio.NewWriterSize(segment, 64<<10)
	return nil
}

// read returns the newest entries of both segments, as many as a journal keeps,
// and finds the segment to go on with.
func (f *Files) read() ([]btp.Entry, error) {
	var found [2][]btp.Entry
	for number := range found {
		var err error
		if found[number], err = readSegment(f.path(number)); err != nil {
			return nil, err
		}
	}
	newest := func(n int) uint64 {
		if len(found[n]) == 0 {
			return 0
		}
		return found[n][len(found[n])-1].Sequence
	}
	f.number = 0
	if newest(1) > newest(0) {
		f.number = 1
	}
	all := slices.Concat(found[1-f.number], found[f.number])
	rising := all[:0]
	for _, e := range all {
		if len(rising) == 0 || e.Sequence > rising[len(rising)-1].Sequence {
			rising = append(rising, e)
		}
	}
	return rising, nil
}

// readSegment reads the last entries of a segment, and cuts off a torn end.
func readSegment(path string) ([]btp.Entry, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var entries []btp.Entry
	var offset, whole int64
	lines := bufio.NewReaderSize(file, longestLine)
	for {
		line, err := lines.ReadSlice('\n')
		offset += int64(len(line))
		if err == nil {
			var l Line
			if json.Unmarshal(bytes.TrimSpace(line), &l) == nil && l.Seq > 0 && l.Seq < largestNumber && l.Request < largestNumber {
				entries = append(entries, l.Entry())
				whole = offset
			}
			continue
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue // the rest of the line is no entry either
		}
		if !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		break
	}
	if whole == offset {
		return entries, nil
	}
	return entries, file.Truncate(whole)
}
