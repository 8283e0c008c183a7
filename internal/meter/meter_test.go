package meter_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/meter"
)

func TestEveryPathHasItsSurface(t *testing.T) {
	for path, want := range map[string]meter.Surface{
		"/":                                 meter.Own,
		"/healthz":                          meter.Own,
		"/metrics":                          meter.Own,
		"/nowhere":                          meter.Own,
		"":                                  meter.Own,
		"/api/v1/globalAccounts":            meter.Registry,
		"/api/v1/metadata/services":         meter.Registry, // an application named api is nobody's
		"/.well-known/jwks.json":            meter.Registry,
		"/v1/applications/certificates":     meter.Connector,
		"/mp-shop/v1/metadata/services":     meter.Connector,
		"/control/v1/metadata/services":     meter.Connector, // an application named control
		"/mp-shop/v1/events":                meter.Events,
		"/mp-shop/events":                   meter.Events,
		"/mp-shop/v2/events":                meter.Events,
		"/mp-shop/v1/events/subscribed":     meter.Events,
		"/gateway/mp-shop/v1/events":        meter.Gateway,
		"/gateway-ucl/mp-shop/a/b":          meter.Gateway,
		"/tenants":                          meter.Tenants,
		"/tenants/commerce/events":          meter.Tenants,
		"/oauth/token":                      meter.TokenService,
		"/token_keys":                       meter.TokenService,
		"/uaa/dev/oauth/token":              meter.TokenService,
		"/.well-known/openid-configuration": meter.TokenService,
		"/destination-configuration/v1/destinations/x": meter.Destinations,
		"/broker/v2/catalog":                           meter.Broker,
		"/service-manager/v1/info":                     meter.ServiceManager,
		"/messagingrest/v1/topics/a%2Fb/messages":      meter.EventMesh,
		"/hub/rest/api/v1/management/messaging/queues": meter.EventMesh,
		"/hub/v1/events":                               meter.Events, // an application of this name
		"/control/clock":                               meter.Control,
		"/v1/applications/signingRequests/in":          meter.Connector,
	} {
		if got := meter.SurfaceOf(path); got != want {
			t.Errorf("%q belongs to %s, want %s", path, got, want)
		}
	}
}

// counts are a registry's.
type counts struct {
	tally   btp.Tally
	journal *btp.Journal
}

func (c counts) Tally() btp.Tally      { return c.tally }
func (c counts) Journal() *btp.Journal { return c.journal }

func written(m *meter.Meter) string {
	var text strings.Builder
	m.Write(&text)
	return text.String()
}

func TestItTellsWhatItCounted(t *testing.T) {
	journal := &btp.Journal{}
	journal.Append(btp.Entry{}, btp.Entry{})
	m := meter.New(meter.Config{
		Counts:       counts{btp.Tally{PairingsCompleted: 3, Strikes: map[btp.Point]uint64{btp.PointCSR: 2}}, journal}, //nolint:exhaustive // nothing acted elsewhere
		Lost:         func() uint64 { return 5 },
		Environments: func() int { return 4 },
	})
	m.Answered(meter.Registry, 200, "", time.Millisecond)
	m.Answered(meter.Registry, 201, "", 3*time.Millisecond)
	m.Answered(meter.Connector, 403, btp.TokenUsed, 0)
	m.Answered(meter.Connector, 400, `made"up`, 0)
	m.Answered(meter.Gateway, 0, "", 0)
	m.Answered(meter.Gateway, 999, "", time.Hour)
	text := written(m)
	for _, line := range []string{
		"# TYPE pairsim_requests_total counter",
		`pairsim_requests_total{surface="registry",status="2xx"} 2`,
		`pairsim_requests_total{surface="connector",status="4xx"} 2`,
		`pairsim_requests_total{surface="gateway",status="none"} 2`,
		"# TYPE pairsim_request_duration_seconds histogram",
		`pairsim_request_duration_seconds_bucket{surface="registry",le="0.001"} 1`,
		`pairsim_request_duration_seconds_bucket{surface="registry",le="0.005"} 2`,
		`pairsim_request_duration_seconds_bucket{surface="gateway",le="+Inf"} 2`,
		`pairsim_request_duration_seconds_bucket{surface="gateway",le="60"} 1`,
		`pairsim_request_duration_seconds_sum{surface="registry"} 0.004`,
		`pairsim_request_duration_seconds_count{surface="registry"} 2`,
		`pairsim_refusals_total{code="token-used"} 1`,
		`pairsim_refusals_total{code="other"} 1`,
		"pairsim_pairings_completed_total 3",
		`pairsim_fault_strikes_total{point="pairing.csr"} 2`,
		"pairsim_journal_entries_total 2",
		"# TYPE pairsim_journal_entries_kept gauge",
		"pairsim_journal_entries_kept 2",
		"pairsim_journal_entries_lost_total 5",
		"pairsim_environments 4",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("missing: %s", line)
		}
	}
	for _, gauge := range []string{"go_goroutines", "go_memstats_heap_alloc_bytes", "go_memstats_sys_bytes"} {
		if !strings.Contains(text, "\n"+gauge+" ") || strings.Contains(text, "\n"+gauge+" 0\n") {
			t.Errorf("%s has no value", gauge)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestWhatIsNotThereIsNotTold(t *testing.T) {
	if text := written(meter.New(meter.Config{})); text != "" {
		t.Errorf("a meter without registry, process and requests tells %s", text)
	}
	text := written(meter.New(meter.Config{Counts: counts{journal: &btp.Journal{}}}))
	for _, word := range []string{"go_", "environments", "lost"} {
		if strings.Contains(text, word) {
			t.Errorf("%s is told of: %s", word, text)
		}
	}
	if !strings.Contains(text, "pairsim_journal_entries_kept 0\n") {
		t.Errorf("an empty journal keeps something: %s", text)
	}
}

func TestCountingARequestAllocatesNothing(t *testing.T) {
	m := meter.New(meter.Config{})
	if n := testing.AllocsPerRun(1000, func() {
		m.Answered(meter.SurfaceOf("/api/v1/systems/x"), 200, "", time.Millisecond)
	}); n != 0 {
		t.Errorf("%g allocations, want none", n)
	}
}

func BenchmarkAnswered(b *testing.B) {
	m := meter.New(meter.Config{})
	b.ReportAllocs()
	for b.Loop() {
		m.Answered(meter.SurfaceOf("/api/v1/systems/x"), 200, "", time.Millisecond)
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		meter.New(meter.Config{Environments: func() int { return 1 }})
	}
}
