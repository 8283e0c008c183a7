// Package meter counts what an environment does, and tells it in Prometheus' text
// format. The values of labels come from closed sets: surfaces, classes of status,
// codes of the catalogue of errors, points; never from a request.
package meter

import (
	"io"
	"runtime/metrics"
	"sync/atomic"
	"time"

	exposition "github.com/VictoriaMetrics/metrics"

	"github.com/pairsim/pairsim/btp"
)

// ContentType is that of what Write writes.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Counts is what a meter asks of a registry; *btp.Registry has it.
type Counts interface {
	Tally() btp.Tally
	Journal() *btp.Journal
}

// Config is what a meter is made of.
type Config struct {
	// Counts is nil where there is no registry.
	Counts Counts
	// Lost is how many entries of the journal did not get to the disk; nil where none
	// is meant to.
	Lost func() uint64
	// Environments counts those of the process; nil: this meter tells nothing of the
	// process.
	Environments func() int
}

// Meter counts for one environment. It is safe for concurrent use. A series is there
// from the first thing that it counts.
type Meter struct {
	config   Config
	set      *exposition.Set
	requests [surfaces][len(classes)]atomic.Pointer[exposition.Counter]
	took     [surfaces]atomic.Pointer[exposition.PrometheusHistogram]
}

// classes are the classes of status; the first stands for no answer at all.
var classes = [...]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}

// bounds are those of the histograms' buckets, in seconds: a read takes a part of a
// millisecond, who waits for a pairing up to a minute.
var bounds = []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60}

// New makes a meter.
func New(c Config) *Meter {
	exposition.ExposeMetadata(true) // of the library, for all sets
	m := &Meter{config: c, set: exposition.NewSet()}
	if c.Environments != nil {
		m.set.NewGauge("pairsim_environments", func() float64 { return float64(c.Environments()) })
		for name, of := range process {
			m.set.NewGauge(name, func() float64 { return sample(of) })
		}
	}
	return m
}

// process is told of the whole process, under the names that every Go program has
// for it. None of it stops the world.
var process = map[string]string{
	"go_goroutines":                "/sched/goroutines:goroutines",
	"go_memstats_heap_alloc_bytes": "/memory/classes/heap/objects:bytes",
	"go_memstats_sys_bytes":        "/memory/classes/total:bytes",
}

func sample(of string) float64 {
	one := []metrics.Sample{{Name: of}}
	metrics.Read(one)
	if one[0].Value.Kind() != metrics.KindUint64 {
		return 0 // a runtime that does not know it
	}
	return float64(one[0].Value.Uint64())
}

// Answered counts a request: its status on the wire, 0 for no answer, the code with
// which it was refused, "" for none, and the real time that it took.
func (m *Meter) Answered(s Surface, status int, refusal btp.Code, took time.Duration) {
	class := 0
	if c := status / 100; c > 0 && c < len(classes) {
		class = c
	}
	m.counter(s, class).Inc()
	m.histogram(s).Update(took.Seconds())
	if refusal != "" {
		if btp.Explain(refusal) == (btp.Explanation{}) {
			refusal = "other"
		}
		m.set.GetOrCreateCounter(labelled("pairsim_refusals_total", "code", string(refusal))).Inc()
	}
}

func (m *Meter) counter(s Surface, class int) *exposition.Counter {
	at := &m.requests[s][class]
	known := at.Load()
	if known == nil {
		known = m.set.GetOrCreateCounter(`pairsim_requests_total{surface="` + s.String() + `",status="` + classes[class] + `"}`)
		at.Store(known)
	}
	return known
}

func (m *Meter) histogram(s Surface) *exposition.PrometheusHistogram {
	at := &m.took[s]
	known := at.Load()
	if known == nil {
		known = m.set.GetOrCreatePrometheusHistogramExt(labelled("pairsim_request_duration_seconds", "surface", s.String()), bounds)
		at.Store(known)
	}
	return known
}

// labelled is the name of a series; value needs no escaping, for it comes from a
// closed set.
func labelled(name, label, value string) string { return name + "{" + label + `="` + value + `"}` }

// Write writes everything that was counted.
func (m *Meter) Write(w io.Writer) {
	if c := m.config.Counts; c != nil {
		tally := c.Tally()
		m.set.GetOrCreateCounter("pairsim_pairings_completed_total").Set(tally.PairingsCompleted)
		m.set.GetOrCreateCounter("pairsim_events_accepted_total").Set(tally.EventsAccepted)
		for outcome, n := range tally.Deliveries {
			m.set.GetOrCreateCounter(labelled("pairsim_event_deliveries_total", "outcome", string(outcome))).Set(n)
		}
		for point, n := range tally.Strikes {
			m.set.GetOrCreateCounter(labelled("pairsim_fault_strikes_total", "point", string(point))).Set(n)
		}
		first, last := c.Journal().Span()
		kept := uint64(0)
		if last > 0 {
			kept = last - first + 1
		}
		m.set.GetOrCreateCounter("pairsim_journal_entries_total").Set(last)
		m.set.GetOrCreateGauge("pairsim_journal_entries_kept", nil).Set(float64(kept))
	}
	if m.config.Lost != nil {
		m.set.GetOrCreateCounter("pairsim_journal_entries_lost_total").Set(m.config.Lost())
	}
	m.set.WritePrometheus(w)
}
