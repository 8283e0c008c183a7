package steps

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v21"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/pattern"
)

// verificationSteps ask the journal what was done, as a test does.
func (w *world) verificationSteps(d definitions) {
	d.When(`^a test expects (\d+) requests? at "([^"]*)"$`, w.aTestExpects)
	d.When(`^a test expects a request at "([^"]*)" and then one at "([^"]*)"$`, w.aTestExpectsInOrder)

	d.Then(`^the registry was asked (exactly|at least|at most) (\d+) times? at "([^"]*)"$`, w.theRegistryWasAsked)
	d.Then(`^the registry was asked at most (\d+) times in vain$`, w.theRegistryWasAskedInVain)
	d.Then(`^the registry was asked in this order$`, w.theRegistryWasAskedInOrder)
	d.Then(`^the expectation is not met, for (\d+) was found$`, w.theExpectationIsNotMet)
	d.Then(`^it is told as close a request at "([^"]*)"$`, w.aRequestIsClose)
	d.Then(`^it is told that a request at "([^"]*)" came too early$`, w.aRequestCameTooEarly)
	d.Then(`^the test is refused because of "([^"]*)"$`, w.theTestIsRefused)

	d.Then(`^every entry of the journal names a rule and a document$`, w.everyEntryNamesItsRule)
	d.Then(`^the journal tells that the registry was asked "([^"]*)" because of "([^"]*)"$`, w.theJournalTellsOfRequest)
	d.Then(`^the journal tells that "([^"]*)" of "([^"]*)" came from the request "([^"]*)"$`, w.theJournalTellsWhereFrom)
	d.Then(`^the journal tells that the registry called the tenant "([^"]*)" for "([^"]*)"$`, w.theJournalTellsOfCall)
	d.Then(`^the journal of "([^"]*)" tells of that system alone$`, w.theJournalIsOfOneSystem)
	d.Then(`^the drawing of "([^"]*)" shows (.+)$`, w.theDrawingShows)
	d.Then(`^the drawing of "([^"]*)" tells "([^"]*)"$`, w.theDrawingTells)
}

// verified is the answer to the latest expectation.
type verified struct {
	btpclient.Verification
	outcome
}

func (w *world) expect(ctx context.Context, e btpclient.Expectation) error {
	v, err := w.control.Verify(ctx, e)
	w.verified = verified{v, ended(err)}
	return nil
}

func (w *world) aTestExpects(ctx context.Context, n int, point string) error {
	return w.expect(ctx, btpclient.Expectation{Match: btpclient.EntryMatch{Point: point}, Exactly: &n})
}

func (w *world) aTestExpectsInOrder(ctx context.Context, first, second string) error {
	return w.expect(ctx, btpclient.Expectation{InOrder: []btpclient.EntryMatch{{Point: first}, {Point: second}}})
}

// met fails unless the journal is as expected; the error tells what came closest.
func (w *world) met(ctx context.Context, e btpclient.Expectation) error {
	v, err := w.control.Verify(ctx, e)
	if err == nil && !(v.Met && v.Complete) {
		err = fmt.Errorf("the journal is not as expected: %s", v)
	}
	return err
}

func (w *world) theRegistryWasAsked(ctx context.Context, how string, n int, point string) error {
	return w.met(ctx, counted(btpclient.EntryMatch{Point: point}, how, n))
}

func (w *world) theRegistryWasAskedInVain(ctx context.Context, n int) error {
	return w.met(ctx, counted(btpclient.EntryMatch{Status: "4xx"}, "at most", n))
}

func counted(m btpclient.EntryMatch, how string, n int) btpclient.Expectation {
	e := btpclient.Expectation{Match: m}
	switch how {
	case "exactly":
		e.Exactly = &n
	case "at least":
		e.AtLeast = &n
	case "at most":
		e.AtMost = &n
	}
	return e
}

func (w *world) theRegistryWasAskedInOrder(ctx context.Context, points *messages.PickleTable) error {
	var e btpclient.Expectation
	for _, row := range points.Rows {
		e.InOrder = append(e.InOrder, btpclient.EntryMatch{Point: row.Cells[0].Value})
	}
	return w.met(ctx, e)
}

func (w *world) theExpectationIsNotMet(found int) error {
	if err := w.verified.accepted("the test"); err != nil {
		return err
	}
	if w.verified.Met || w.verified.Found != found {
		return fmt.Errorf("met: %t, found: %d; want it not met, with %d found", w.verified.Met, w.verified.Found, found)
	}
	return nil
}

func (w *world) nearMiss(point string) (btpclient.NearMiss, error) {
	at := slices.IndexFunc(w.verified.NearMisses, func(m btpclient.NearMiss) bool { return m.Entry.Point == point })
	if at < 0 {
		return btpclient.NearMiss{}, fmt.Errorf("the test is told nothing of a request at %s: %s", point, w.verified.Verification)
	}
	return w.verified.NearMisses[at], nil
}

func (w *world) aRequestIsClose(point string) error {
	m, err := w.nearMiss(point)
	if err == nil && !slices.ContainsFunc(m.Differences, func(d btpclient.Difference) bool { return d.Field == "point" && d.Found == point }) {
		err = fmt.Errorf("the test is told %s; want that the point differs", m)
	}
	return err
}

func (w *world) aRequestCameTooEarly(point string) error {
	m, err := w.nearMiss(point)
	if err == nil && (len(m.Differences) != 1 || m.Differences[0].Field != "order") {
		err = fmt.Errorf("the test is told %s; want that its order alone differs", m)
	}
	return err
}

func (w *world) theTestIsRefused(reason string) error {
	return w.verified.refusedBecauseOf("the test", reason)
}

func (w *world) everyEntryNamesItsRule(ctx context.Context) error {
	entries, err := w.journal(ctx, btpclient.JournalFilter{})
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return errors.New("the journal is empty, want entries")
	}
	for _, e := range entries {
		if e.Rule == "" || e.Source == "" {
			return fmt.Errorf("entry %d (%s %s %s %d) names the rule %q and the document %q, want both", e.Seq, e.Kind, e.Method, e.Path, e.Status, e.Rule, e.Source)
		}
	}
	return nil
}

func (w *world) theJournalTellsOfRequest(ctx context.Context, point, source string) error {
	return w.met(ctx, btpclient.Expectation{Match: btpclient.EntryMatch{Point: point, Source: source}})
}

// theJournalTellsWhereFrom follows the number of the request.
func (w *world) theJournalTellsWhereFrom(ctx context.Context, change, name, point string) error {
	changes, err := w.journal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "transition", System: name}})
	if err != nil {
		return err
	}
	at := slices.IndexFunc(changes, func(e btpclient.JournalEntry) bool { return e.Detail == change })
	if at < 0 || changes[at].Request == 0 {
		return fmt.Errorf("the journal tells of no %q of %q that came from a request: %+v", change, name, changes)
	}
	one := 1
	return w.met(ctx, btpclient.Expectation{Match: btpclient.EntryMatch{Request: changes[at].Request, Point: point}, Exactly: &one})
}

func (w *world) theJournalTellsOfCall(ctx context.Context, tenant, name string) error {
	one := 1
	return w.met(ctx, btpclient.Expectation{
		Match:   btpclient.EntryMatch{Kind: "call", Point: "deregistration.tell-tenant", System: name, Tenant: tenant, Status: "2xx"},
		Exactly: &one,
	})
}

func (w *world) theJournalIsOfOneSystem(ctx context.Context, name string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	entries, err := w.journal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{System: name}})
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Subject.System != s.id {
			return fmt.Errorf("the journal of %q tells of %q at %s", name, e.Subject.Name, e.Point)
		}
	}
	if len(entries) == 0 {
		return fmt.Errorf("the journal of %q is empty", name)
	}
	return nil
}

// participants are the names in a drawing in Mermaid.
var participants = pattern.New(`(?m)^    participant P\d+ as (.+)$`)

// theDrawingShows looks at both forms. Whatever is named in it, the picture is
// made of lines, boxes and texts, and as many participants as were named.
func (w *world) theDrawingShows(ctx context.Context, name, list string) error {
	mermaid, svg, err := w.drawings(ctx, name)
	if err != nil {
		return err
	}
	want := strings.Split(strings.ReplaceAll(list, " and ", ", "), ", ")
	var got []string
	for _, found := range participants.Regexp().FindAllStringSubmatch(mermaid, -1) {
		got = append(got, found[1])
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("the drawing of %q shows %q, want %q", name, got, want)
	}
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the picture of %q cannot be read: %w", name, err)
		}
		if element, ok := token.(xml.StartElement); ok && !slices.Contains([]string{"svg", "title", "rect", "line", "path", "text"}, element.Name.Local) {
			return fmt.Errorf("the picture of %q holds a %s, want shapes and texts", name, element.Name.Local)
		}
	}
}

func (w *world) theDrawingTells(ctx context.Context, name, text string) error {
	mermaid, svg, err := w.drawings(ctx, name)
	if err != nil {
		return err
	}
	var escaped bytes.Buffer
	if err := xml.EscapeText(&escaped, []byte(text)); err != nil {
		return err
	}
	if !strings.Contains(mermaid, text) || !strings.Contains(svg, escaped.String()) {
		return fmt.Errorf("the drawing of %q does not tell %q:\n%s", name, text, mermaid)
	}
	return nil
}

func (w *world) drawings(ctx context.Context, name string) (mermaid, svg string, err error) {
	filter := btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{System: name}}
	m, err := w.control.JournalDiagram(ctx, filter, btpclient.Mermaid)
	if err != nil {
		return "", "", err
	}
	s, err := w.control.JournalDiagram(ctx, filter, btpclient.SVG)
	return string(m), string(s), err
}
