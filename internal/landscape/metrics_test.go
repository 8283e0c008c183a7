package landscape

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/meter"
)

// metricsAt reads the metrics of an environment.
func metricsAt(t *testing.T, base string) string {
	t.Helper()
	res := must(http.Get(base + "/metrics"))(t)
	defer res.Body.Close()
	text := must(io.ReadAll(res.Body))(t)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != meter.ContentType {
		t.Fatalf("/metrics: %d, %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	return string(text)
}

var (
	sampleLine = regexp.MustCompile(`^([a-z_]+)(?:\{((?:[a-z]+="[^"\\]*",?)+)\})? (?:\d+|\d+(?:\.\d+)?(?:e[+-]\d+)?)$`)
	typeLine   = regexp.MustCompile(`^# (?:HELP [a-z_]+|TYPE [a-z_]+ (?:counter|gauge|histogram))$`)
	label      = regexp.MustCompile(`([a-z]+)="([^"]*)"`)
)

// wellFormed says what is wrong with metrics: their form, or a label whose value is
// none of a closed set.
func wellFormed(t *testing.T, text string) {
	t.Helper()
	surfaces := []string{"own", "registry", "connector", "events", "gateway", "tenants", "tokenService", "control"}
	known := map[string]func(string) bool{
		"surface": func(v string) bool { return slices.Contains(surfaces, v) },
		"status":  regexp.MustCompile(`^(none|[1-5]xx)$`).MatchString,
		"le":      regexp.MustCompile(`^(\+Inf|[0-9.]+|[0-9.]+e-\d+)$`).MatchString,
		"code":    func(v string) bool { return v == "other" || btp.SourceOf(btp.Code(v)) != "" },
		"outcome": regexp.MustCompile(`^(delivered|failed|dead|dropped)$`).MatchString,
		"point":   func(v string) bool { return btp.Points[btp.Point(v)].Text != "" },
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if typeLine.MatchString(line) {
			continue
		}
		found := sampleLine.FindStringSubmatch(line)
		if found == nil {
			t.Errorf("this is no line of metrics: %q", line)
			continue
		}
		for _, pair := range label.FindAllStringSubmatch(found[2], -1) {
			if of := known[pair[1]]; of == nil || !of(pair[2]) {
				t.Errorf("the value of %s is from no closed set: %s", pair[1], line)
			}
		}
	}
}

func holds(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("missing: %s", line)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestEveryEnvironmentCountsForItself(t *testing.T) {
	t.Parallel()
	l := start(t)
	if err := l.MakeEnvironment(t.Context(), EnvironmentOptions{Name: "ci-42", World: l.World()}); err != nil {
		t.Fatal(err)
	}
	base := l.HTTP + "/env/ci-42"
	control := btpclient.NewControl(l.Control+"/env/ci-42", http.DefaultClient)
	must(control.AddFault(t.Context(), btpclient.Fault{Point: "pairing.csr", Times: 1}))(t)
	system := call(t, http.MethodPost, base+"/api/v1/globalAccounts/default/systems", map[string]string{"name": "shop", "type": "SAP Commerce Cloud"}, 201)
	token := system["integrationToken"].(map[string]any)["token"].(string)
	call(t, http.MethodGet, base+"/v1/applications/signingRequests/info?token=nonsense", nil, 403)
	call(t, http.MethodPost, base+"/tenants/commerce/pairings", map[string]any{"token": token}, 201)
	call(t, http.MethodGet, base+"/api/v1/systems/nothing", nil, 404)
	call(t, http.MethodGet, l.Control+"/env/ci-42/api/v1/systemTypes", nil, 200) // counted once
	call(t, http.MethodGet, base+"/nowhere", nil, 404)
	call(t, http.MethodGet, base+"/control/clock", nil, 404)

	text := metricsAt(t, base)
	wellFormed(t, text)
	holds(t, text,
		`pairsim_requests_total{surface="registry",status="4xx"} 1`,
		`pairsim_requests_total{surface="control",status="2xx"} 1`,
		`pairsim_requests_total{surface="control",status="4xx"} 1`,
		`pairsim_requests_total{surface="own",status="4xx"} 1`,
		`pairsim_requests_total{surface="tenants",status="2xx"} 1`,
		`pairsim_refusals_total{code="token-malformed"} 1`,
		`pairsim_refusals_total{code="system-not-found"} 1`,
		`pairsim_refusals_total{code="route-not-found"} 2`,
		`pairsim_fault_strikes_total{point="pairing.csr"} 1`,
		`pairsim_pairings_completed_total 0`,
	)
	if strings.Contains(text, "go_") || strings.Contains(text, "pairsim_environments") {
		t.Error("an environment tells of the process")
	}
	if again := metricsAt(t, base); !strings.Contains(again, `{surface="own",status="2xx"} 1`) {
		t.Errorf("the first look was not counted: %s", again)
	}

	first := metricsAt(t, l.HTTP)
	wellFormed(t, first)
	holds(t, first, "pairsim_environments 2", "pairsim_pairings_completed_total 0")
	for _, foreign := range []string{`surface="connector"`, `surface="tenants",status="2xx"} 1`, "pairsim_fault", "pairsim_refusals"} {
		if strings.Contains(first, foreign) {
			t.Errorf("default counts what another did: %s", foreign)
		}
	}
	if !strings.Contains(first, "\ngo_goroutines ") {
		t.Error("default does not tell of the process")
	}
}

// TestWhatWasOnTheWireCounts: a fault that closes the connection is no answer.
func TestWhatWasOnTheWireCounts(t *testing.T) {
	t.Parallel()
	l := start(t)
	control := btpclient.NewControl(l.Control, http.DefaultClient)
	must(control.AddFault(t.Context(), btpclient.Fault{Point: "system.list", Action: &btpclient.FaultAction{Kind: "drop", When: "before"}}))(t)
	if res, err := http.Get(l.HTTP + "/api/v1/globalAccounts/default/systems"); err == nil {
		res.Body.Close()
		t.Fatal("the connection was not closed")
	}
	holds(t, metricsAt(t, l.HTTP), `pairsim_fault_strikes_total{point="system.list"} 1`, `pairsim_requests_total{surface="registry",status="none"} 1`)
}

func TestWhoReadsMetricsIsNotInTheJournal(t *testing.T) {
	t.Parallel()
	l := start(t)
	_, before := l.Registry().Journal().Span()
	metricsAt(t, l.HTTP)
	head(t, l.HTTP+"/metrics")
	metricsAt(t, l.Control)
	if _, after := l.Registry().Journal().Span(); after != before {
		t.Errorf("%d entries came of reading metrics", after-before)
	}
	call(t, http.MethodPost, l.HTTP+"/metrics", nil, http.StatusMethodNotAllowed)
	if _, after := l.Registry().Journal().Span(); after == before {
		t.Error("a request that changes is not in the journal")
	}
}

// A route that nobody gave a surface would count as one of the process's own.
func TestEveryRouteHasASurface(t *testing.T) {
	t.Parallel()
	l := start(t)
	own := []string{"/", "/healthz", "/readyz", "/metrics", "/ca.pem"}
	for _, route := range l.first.publicRouter().Routes() {
		if s := meter.SurfaceOf(filled(route.Path)); (s == meter.Own) != slices.Contains(own, route.Path) {
			t.Errorf("%s belongs to %s", route.Path, s)
		}
	}
	for _, route := range l.first.controlRouter(l).Routes() {
		if s := meter.SurfaceOf(filled(route.Path)); s != meter.Control {
			t.Errorf("%s of control belongs to %s", route.Path, s)
		}
	}
}
