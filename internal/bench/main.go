// Command bench measures the budgets of design §8 and prints one line for each.
// What can be compared is a ratio to a floor measured in the same run, in
// alternating rounds: absolute times mean nothing on shared machines. The floor
// stands in the folder floor. It needs Linux, and Go to build the programs that
// it measures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/pairsim/pairsim/btp/store/postgres/postgrestest"
)

// Bounds of a run, so that what hangs ends: the first build on a machine takes
// long, the measurements do not.
const (
	buildLimit = 15 * time.Minute
	limit      = 5 * time.Minute
	fullLimit  = 30 * time.Minute
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == profiledServer {
		fatal(serveProfiled(os.Args[2], os.Args[3]))
		return
	}
	if len(os.Args) == 3 && os.Args[1] == plainServer {
		fatal(servePlain(os.Args[2]))
		return
	}
	only := flag.String("run", "", "measure only what matches this `regexp`")
	profile := flag.String("profile", "", "write CPU profiles of the server to this `folder` instead")
	flag.Parse()
	full := os.Getenv("BENCH_FULL") == "1"
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *profile != "" {
		fatal(writeProfiles(ctx, *profile))
		return
	}
	pattern, err := regexp.Compile(*only)
	fatal(err)
	fatal(run(ctx, pattern, full))
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

const header = `# name value unit ratio budget ok|over|shown
# ratio, which the budget bounds: pairing-cpu, pairing-rate: / floor (c)'s; clients: number of errors (value: the longest request);
# instruments: a pairing's CPU / the same without a journal; rule: with a fault rule that is meant for somebody else.
# get: floor (b)'s CPU / ours, or our rate / floor (b)'s; start, rss-idle: / floor (b)'s; growth: / the same with 1k systems;
# gateway/…/cpu: / the CPU of the product API that is called directly; gateway/…/proxy: / that of a reverse proxy that adds nothing;
# gateway-bare/…/proxy: the same with a bare gin server as the target;
# events/…/rate, events/…/p99: from publishing an event over mTLS to its delivery, / the same number of plain POSTs to the same listener;
# testenv-start/…, which has no budget: a process, one container, three containers on a network / in the test's process.
# testenv-start, tenant-pairing, system-memory, journal-memory: value / what design §8 allows.
# …/postgres: the server's own CPU, without that of the database.
# Floor (b): a bare gin server; (c): one that does the cryptography of a pairing behind the same requests, and stores nothing.
`

// bench is one run.
type bench struct {
	dir            string // of programs and data
	pairsim, floor string // the programs
	full           bool
	prepare        *preparer
	data           int // files of data so far
	// databases is a PostgreSQL server; nil: none is installed.
	databases *postgrestest.Server
}

// measurement is a group of lines.
type measurement struct {
	name    string
	measure func(*bench, context.Context) error
}

var measurements = []measurement{
	{"pairing-cpu", (*bench).pairingCPU},
	{"pairing-rate", (*bench).pairingRate},
	{"instruments", (*bench).instruments},
	{"clients", (*bench).clients},
	{"get", (*bench).get},
	{"gateway", (*bench).gateway},
	{"events", (*bench).events},
	{"testenv-start", (*bench).testenvStart},
	{"tenant-pairing", (*bench).tenantPairing},
	{"start", (*bench).start},
	{"growth", (*bench).growth},
	{"system-memory", (*bench).systemMemory},
	{"journal-memory", (*bench).journalMemory},
}

func run(ctx context.Context, only *regexp.Regexp, full bool) error {
	dir, err := os.MkdirTemp("", "pairsim-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, pairsim: filepath.Join(dir, "pairsim"), floor: filepath.Join(dir, "floor"), full: full}
	if err := b.build(ctx); err != nil {
		return err
	}
	most := limit
	if full {
		most = fullLimit
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	if b.prepare, err = newPreparer(); err != nil {
		return err
	}
	fmt.Print(header)
	if b.databases, err = postgrestest.Start(ctx); errors.Is(err, postgrestest.ErrMissing) {
		fmt.Printf("# PostgreSQL is not measured: %v\n", err)
	} else if err != nil {
		return err
	} else {
		defer b.databases.Close()
	}
	failed := 0
	for _, m := range measurements {
		if !only.MatchString(m.name) {
			continue
		}
		began := time.Now()
		if err := m.measure(b, ctx); err != nil {
			failed++
			fmt.Printf("# %s failed: %v\n", m.name, err)
		}
		fmt.Fprintf(os.Stderr, "%s took %.1f s\n", m.name, time.Since(began).Seconds())
		if ctx.Err() != nil {
			return fmt.Errorf("ended early: %w", ctx.Err())
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d measurements failed", failed)
	}
	return nil
}

// budget is a bound of a ratio or count.
type budget struct {
	atLeast bool
	bound   float64
}

func atMost(bound float64) budget  { return budget{false, bound} }
func atLeast(bound float64) budget { return budget{true, bound} }

func (b budget) holds(ratio float64) bool {
	if b.atLeast {
		return ratio >= b.bound
	}
	return ratio <= b.bound
}

func (b budget) String() string {
	if b.atLeast {
		return fmt.Sprintf(">=%g", b.bound)
	}
	return fmt.Sprintf("<=%g", b.bound)
}

// show prints what has no budget.
func show(name string, value float64, unit string, ratio float64) {
	fmt.Printf("%-32s %12.3f %-8s %8.3f %-8s shown\n", name, value, unit, ratio, "-")
}

func report(name string, value float64, unit string, ratio float64, b budget) {
	verdict := "over"
	if b.holds(ratio) {
		verdict = "ok"
	}
	fmt.Printf("%-32s %12.3f %-8s %8.3f %-8s %s\n", name, value, unit, ratio, b, verdict)
}
