package steps

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// publicSteps are programs that call the landscape without a client library of ours, and
// browsers.
func (w *world) publicSteps(d definitions) {
	d.Given(`^the landscape is reached from outside at the hosts "([^"]*)" and, with certificates, "([^"]*)"$`, w.theLandscapeIsReachedAt)

	d.When(`^a program reads the systems page by page, (\d+) at a time$`, w.aProgramReadsPages)
	d.When(`^a program reads on, but only systems of type "([^"]*)"$`, w.aProgramReadsOn)
	d.When(`^a program registers a system by (.+)$`, w.aProgramRegistersBy)
	d.When(`^(a page of another origin|a page of the landscape) registers the system "([^"]*)"$`, w.aPageRegisters)
	d.When(`^a page of another origin moves the clock$`, w.aPageMovesTheClock)
	d.When(`^a program that calls the landscape "([^"]*)" registers the system "([^"]*)"$`, w.aProgramRegistersAt)
	d.When(`^a program reads the systems$`, w.aProgramReadsSystems)
	d.When(`^a program reads the formation "([^"]*)" again and again$`, w.aProgramReadsOften)
	d.When(`^a browser opens the cockpit$`, w.aBrowserOpensCockpit)
	d.When(`^a program asks for what there is not$`, w.aProgramAsksForNothing)

	d.Then(`^it has read (\d+) systems, each once, from (\d+) pages$`, w.itHasReadPages)
	d.Then(`^the answer is a problem with the code "([^"]*)" that says "([^"]*)"$`, w.theAnswerIsAProblem)
	d.Then(`^the answer tells what the landscape's clock shows$`, w.theAnswerTellsTheTime)
	d.Then(`^the answer names the fault$`, w.theAnswerNamesTheFault)
	d.Then(`^the journal names the fault with the request$`, w.theJournalNamesTheFault)
	d.Then(`^the fault is listed as one that never struck$`, w.theFaultNeverStruck)
	d.Then(`^it may run and call only what comes from the landscape, and show the page within no other$`, w.thePageRunsOwnOnly)
	d.Then(`^the page names nothing of another server$`, w.thePageNamesNoServer)
	d.Then(`^its token URL leads to the host "([^"]*)"$`, w.itsTokenURLLeadsTo)
	d.Then(`^the token URL has the path that the documents name$`, w.theTokenURLHasItsPath)
	d.Then(`^all answers with one tag are the same$`, w.answersWithOneTagAreTheSame)
	d.Then(`^who has fetched the landscape's authority trusts its listener by that alone$`, w.theAuthorityIsServed)
}

const systemsPath = "/api/v1/globalAccounts/" + defaultAccount + "/systems"

// pages are what a program has read of a list.
type pages struct {
	names  []string
	n      int
	cursor string // of the second page
}

func (w *world) aProgramReadsPages(ctx context.Context, most int) error {
	w.pages = pages{}
	for cursor := ""; w.pages.n == 0 || cursor != ""; w.pages.n++ {
		if w.pages.n > often {
			return errors.New("the pages do not end")
		}
		query := url.Values{"limit": {fmt.Sprint(most)}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		if _, err := w.ask(ctx, http.MethodGet, w.landscape.HTTP()+systemsPath+"?"+query.Encode(), ""); err != nil {
			return err
		}
		var page struct {
			Items      []struct{ Name string }
			NextCursor string
		}
		if err := json.Unmarshal(w.heard.body, &page); err != nil {
			return err
		}
		if len(page.Items) > most {
			return fmt.Errorf("a page has %d systems, want at most %d", len(page.Items), most)
		}
		for _, one := range page.Items {
			w.pages.names = append(w.pages.names, one.Name)
		}
		if cursor = page.NextCursor; w.pages.n == 0 {
			w.pages.cursor = cursor
		}
	}
	return nil
}

func (w *world) itHasReadPages(systems, n int) error {
	slices.Sort(w.pages.names)
	if once := slices.Compact(slices.Clone(w.pages.names)); len(once) != systems || len(w.pages.names) != systems || w.pages.n != n {
		return fmt.Errorf("the program has read %q from %d pages, want %d systems from %d", w.pages.names, w.pages.n, systems, n)
	}
	return nil
}

// aProgramReadsOn uses the cursor of one list for another.
func (w *world) aProgramReadsOn(ctx context.Context, systemType string) error {
	query := url.Values{"cursor": {w.pages.cursor}, "type": {systemType}}
	_, err := w.ask(ctx, http.MethodGet, w.landscape.HTTP()+systemsPath+"?"+query.Encode(), "")
	return err
}

// wrongBodies are what no system is registered by, by what a scenario calls them.
var wrongBodies = sync.OnceValue(func() map[string]string {
	return map[string]string{
		"nothing":                         " ",
		"half a document":                 `{"name":"Web Shop","ty`,
		"a list":                          `[]`,
		"a name that is a number":         `{"name":7,"type":"SAP Commerce Cloud"}`,
		"a member that nobody knows":      `{"nme":"Web Shop"}`,
		"a name that stands there twice":  `{"name":"Web Shop","name":"Web Shop","type":"SAP Commerce Cloud"}`,
		"a document of more than 64 KiB":  `{"name":"` + strings.Repeat("x", 64<<10) + `"}`,
		"a document with something after": `{"name":"Web Shop","type":"SAP Commerce Cloud"} {}`,
	}
})

func (w *world) aProgramRegistersBy(ctx context.Context, what string) error {
	body, known := wrongBodies()[what]
	if !known {
		return fmt.Errorf("the steps know no %s", what)
	}
	return w.registersBy(ctx, body)
}

func (w *world) registersBy(ctx context.Context, body string, header ...string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.ask(ctx, http.MethodPost, w.landscape.HTTP()+systemsPath, body, header...)
	return err
}

func bodyOf(name string) string {
	text, _ := json.Marshal(members{"name": name, "type": "SAP Commerce Cloud"}) // of texts
	return string(text)
}

func (w *world) theAnswerIsAProblem(code, text string) error {
	if kind := w.heard.header.Get("Content-Type"); kind != "application/problem+json" {
		return fmt.Errorf("the answer is of type %q: %.300s", kind, w.heard.body)
	}
	var problem struct{ Type, Detail string }
	if err := json.Unmarshal(w.heard.body, &problem); err != nil {
		return err
	}
	if problem.Type != "urn:pairsim:problem:"+code || !strings.Contains(problem.Detail, text) {
		return fmt.Errorf("the problem is %+v, want %s that says %q", problem, code, text)
	}
	return nil
}

func (w *world) aPageRegisters(ctx context.Context, page, name string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	origin, site := "https://elsewhere.test", "cross-site"
	if page == "a page of the landscape" {
		origin, site = w.landscape.HTTP(), "same-origin"
	}
	return w.registersBy(ctx, bodyOf(name), "Origin", origin, "Sec-Fetch-Site", site)
}

func (w *world) aPageMovesTheClock(ctx context.Context) error {
	if err := w.noteTime(ctx); err != nil {
		return err
	}
	_, err := w.ask(ctx, http.MethodPost, w.landscape.Control()+"/control/clock", `{"advance":"1h"}`,
		"Origin", "https://elsewhere.test", "Sec-Fetch-Site", "cross-site")
	return err
}

func (w *world) aBrowserOpensCockpit(ctx context.Context) error {
	return w.askControl(ctx, "/cockpit/")
}

// thePageRunsOwnOnly reads the policy that a browser obeys.
func (w *world) thePageRunsOwnOnly() error {
	if err := w.theAnswerHasStatus(http.StatusOK, "<script"); err != nil {
		return err
	}
	policy := w.heard.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} {
		if !slices.Contains(strings.Split(policy, "; "), want) {
			return fmt.Errorf("the policy lacks %q: %s", want, policy)
		}
	}
	return nil
}

func (w *world) thePageNamesNoServer() error {
	if found := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9]`).Find(w.heard.body); found != nil {
		return fmt.Errorf("the page names a server: %s", found)
	}
	return nil
}

// theLandscapeIsReachedAt is about a server and all its environments.
func (w *world) theLandscapeIsReachedAt(ctx context.Context, plain, withCertificates string) error {
	if err := w.configure(func(s *Settings) { s.OwnServer = true }); err != nil {
		return err
	}
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.control.SetPublicURLs(ctx, btpclient.PublicURLs{HTTP: "http://" + plain, MTLS: "https://" + withCertificates})
	return err
}

func (w *world) aProgramRegistersAt(ctx context.Context, host, name string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	at, err := url.Parse(w.landscape.HTTP())
	if err != nil {
		return err
	}
	at.Host = host + ":" + at.Port()
	if _, err = w.ask(ctx, http.MethodPost, at.String()+systemsPath, bodyOf(name)); err != nil {
		return err
	}
	var made btpclient.System
	if err := json.Unmarshal(w.heard.body, &made); err != nil {
		return err
	}
	w.present = w.remember(made)
	return nil
}

func (w *world) itsTokenURL() (*url.URL, error) {
	token, err := w.newest(w.present)
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(token.TokenURL)
	if err != nil {
		return nil, errors.New("the token URL is none") // the cause quotes it
	}
	return at, nil
}

func (w *world) itsTokenURLLeadsTo(host string) error {
	at, err := w.itsTokenURL()
	if err == nil && (at.Host != host && at.Hostname() != host || at.Scheme != "https") {
		err = fmt.Errorf("the token URL leads to %s://%s, want https and %s", at.Scheme, at.Host, host)
	}
	return err
}

// theTokenURLHasItsPath is pairing-protocols §1.3.
func (w *world) theTokenURLHasItsPath() error {
	at, err := w.itsTokenURL()
	if err == nil && !strings.HasSuffix(at.Path, "/v1/applications/signingRequests/info") || err == nil && strings.Contains(at.Path, "~") {
		err = fmt.Errorf("the token URL has the path %s", at.Path)
	}
	return err
}

func (w *world) aProgramReadsSystems(ctx context.Context) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.ask(ctx, http.MethodGet, w.landscape.HTTP()+systemsPath, "")
	return err
}

func (w *world) aProgramReadsOften(ctx context.Context, name string) error {
	f := w.formations[name]
	if f == nil {
		return fmt.Errorf("the scenario has created no formation %q", name)
	}
	w.tagged = map[string][]byte{}
	for range often {
		if _, err := w.ask(ctx, http.MethodGet, w.landscape.HTTP()+"/api/v1/formations/"+f.id, ""); err != nil {
			return err
		}
		if err := w.theAnswerHasStatus(http.StatusOK, ""); err != nil {
			return err
		}
		tag := w.heard.header.Get("ETag")
		if before, known := w.tagged[tag]; known && !bytes.Equal(before, w.heard.body) || !strings.HasPrefix(tag, `"`) {
			return fmt.Errorf("the answer with tag %q is %s, and was %s", tag, w.heard.body, before)
		}
		w.tagged[tag] = w.heard.body
	}
	return nil
}

// answersWithOneTagAreTheSame: the reading has compared them, this wants that it was possible.
func (w *world) answersWithOneTagAreTheSame() error {
	if len(w.tagged) != 1 {
		return fmt.Errorf("the answers have %d tags, want one: nothing has changed", len(w.tagged))
	}
	return nil
}

func (w *world) aProgramAsksForNothing(ctx context.Context) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.ask(ctx, http.MethodGet, w.landscape.HTTP()+"/api/v1/nowhere", "")
	return err
}

func (w *world) theAnswerTellsTheTime(ctx context.Context) error {
	told, err := time.Parse(time.RFC3339Nano, w.heard.header.Get("Pairsim-Time"))
	if err != nil {
		return fmt.Errorf("the answer tells no time: %w", err)
	}
	clock, err := w.control.Clock(ctx)
	if err == nil && !told.Equal(clock.Now) {
		err = fmt.Errorf("the answer tells %s, the clock shows %s", told, clock.Now)
	}
	return err
}

func (w *world) theAnswerNamesTheFault(ctx context.Context) error {
	faults, err := w.control.Faults(ctx)
	if err != nil {
		return err
	}
	named := w.heard.header.Get("Pairsim-Fault")
	if len(faults) != 1 || named != faults[0].ID {
		return fmt.Errorf("the answer names the fault %q, of %d that are set", named, len(faults))
	}
	return nil
}

func (w *world) theJournalNamesTheFault(ctx context.Context) error {
	named := w.heard.header.Get("Pairsim-Fault")
	entries, err := w.journal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "request"}})
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Status == w.heard.status && slices.Contains(e.Faults, named) {
			return nil
		}
	}
	return fmt.Errorf("none of %d requests of the journal names the fault %q", len(entries), named)
}

func (w *world) theFaultNeverStruck(ctx context.Context) error {
	unfired, err := w.control.UnfiredFaults(ctx)
	if err == nil && len(unfired) != 1 {
		err = fmt.Errorf("%d faults are listed as such that never struck, want one", len(unfired))
	}
	return err
}

// theAuthorityIsServed shakes hands with nothing but what was fetched.
func (w *world) theAuthorityIsServed(ctx context.Context) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	if _, err := w.ask(ctx, http.MethodGet, w.landscape.HTTP()+"/ca.pem", ""); err != nil {
		return err
	}
	return w.trusts(ctx, w.heard.body)
}

// trusts shakes hands with the TLS listener, by nothing but an authority as PEM.
func (w *world) trusts(ctx context.Context, authority []byte) error {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return fmt.Errorf("what was fetched is no certificate: %.100s", authority)
	}
	at, err := url.Parse(w.landscape.MTLS())
	if err != nil {
		return err
	}
	dial := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: at.Hostname(), MinVersion: tls.VersionTLS12}}
	conn, err := dial.DialContext(ctx, "tcp", at.Host)
	if err != nil {
		return err
	}
	return conn.Close()
}
