package steps

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// journalSteps read the environment's journal.
func (w *world) journalSteps(d definitions) {
	d.Then(`^the journal tells that the token of "([^"]*)" expired (\d+) (second|minute|hour|day)s? later$`, w.theJournalTellsOfExpiry)
	d.Then(`^the journal tells that "([^"]*)" was refused because of "([^"]*)", by "([^"]*)"$`, w.theJournalTellsOfRefusal)
	d.Then(`^the journal holds no token$`, w.theJournalHoldsNoToken)
	d.Then(`^the journal tells of (\d+) expired tokens?$`, w.theJournalCountsExpiries)
}

// theJournalTellsOfExpiry counts from the instant before the clock moved last.
// Entries must stand in the order of their instants.
func (w *world) theJournalTellsOfExpiry(ctx context.Context, name string, n int, unit string) error {
	expiries, err := w.journal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "due", Point: "due.token-expiry"}})
	if err != nil {
		return err
	}
	want := time.Duration(n) * units[unit]
	told := "nothing of its expiry"
	var last time.Time
	for _, e := range expiries {
		if e.At.Before(last) {
			return fmt.Errorf("the journal tells of the expiry of %q at %s behind one of %s; want the order of instants",
				e.Subject.Name, e.At.Format(time.RFC3339), last.Format(time.RFC3339))
		}
		last = e.At
		if e.Subject.Name != name {
			continue
		}
		if got := e.At.Sub(w.moved); got != want {
			told = "an expiry " + got.String() + " later"
			continue
		}
		return nil
	}
	return fmt.Errorf("the journal tells of %q: %s; want an expiry %s later", name, told, want)
}

func (w *world) theJournalCountsExpiries(ctx context.Context, want int) error {
	expiries, err := w.journal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "due", Point: "due.token-expiry"}})
	if err != nil {
		return err
	}
	if len(expiries) != want {
		return fmt.Errorf("the journal tells of %d expired tokens, want %d", len(expiries), want)
	}
	return nil
}

func (w *world) theJournalTellsOfRefusal(ctx context.Context, name, rule, source string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	refusals, err := w.journal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "refusal", System: s.id}})
	if err != nil {
		return err
	}
	var told []string
	for _, e := range refusals {
		if e.Rule == rule && e.Source == source {
			return nil
		}
		told = append(told, e.Rule+" by "+e.Source)
	}
	return fmt.Errorf("the journal tells of the refusals %q for %q, want %s by %s among them", told, name, rule, source)
}

// theJournalHoldsNoToken looks for what the scenario knows: the signatures of the
// integration tokens, which nobody else can make, and the client's follow-up token.
func (w *world) theJournalHoldsNoToken(ctx context.Context) error {
	entries, err := w.journal(ctx, btpclient.JournalFilter{})
	if err != nil {
		return err
	}
	text, err := json.Marshal(entries)
	if err != nil {
		return err
	}
	for what, secret := range w.knownSecrets() {
		if bytes.Contains(text, []byte(secret)) {
			return fmt.Errorf("the journal holds %s, want no secret", what)
		}
	}
	return nil
}

// knownSecrets are those that the scenario knows, by what they are.
func (w *world) knownSecrets() map[string]string {
	secrets := map[string]string{}
	for name, s := range w.systems {
		for _, token := range s.tokens {
			secrets["the integration token of "+name] = token.Token[strings.LastIndexByte(token.Token, '.')+1:]
		}
	}
	if w.client != nil {
		secrets["the follow-up token of the client"] = w.client.info.FollowUpToken()
	}
	maps.DeleteFunc(secrets, func(_, secret string) bool { return secret == "" })
	return secrets
}

// journal reads the first page of what matches.
func (w *world) journal(ctx context.Context, f btpclient.JournalFilter) ([]btpclient.JournalEntry, error) {
	f.Limit = 1000
	entries, _, err := w.control.Journal(ctx, f)
	return entries, err
}
