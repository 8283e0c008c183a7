package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pairsim/pairsim/btpclient"
)

// recordingSteps read what the requests of the journal said.
func (w *world) recordingSteps(d definitions) {
	d.Then(`^the journal shows what was said at "([^"]*)"$`, w.theJournalShows)
	d.Then(`^it shows whose certificate was asked for, and by whom it was issued$`, w.itShows(
		`certificate request for CN=[^,]+,`, `with an? (RSA|ECDSA) key`, `certificate of CN=[^,]+,.* issued by CN=`))
	d.Then(`^it shows which key signed the token, and when it ends$`, w.itShows(`token=eyJ… \(JWT, kid=\S+, exp=\d{4}-`))
	d.Then(`^no secret stands in all that was said$`, w.noSecretWasShown)
}

func (w *world) theJournalShows(ctx context.Context, point string) error {
	entries, err := w.journal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "request", Point: point, Status: "2xx"}})
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return fmt.Errorf("the journal has no request at %q that was carried out", point)
	}
	e := entries[len(entries)-1]
	said, err := w.control.Recording(ctx, e.Seq)
	if err != nil {
		return err
	}
	if said.Request.Method != e.Method || said.Request.Path != e.Path || said.Response == nil || said.Response.Status != e.Status {
		return fmt.Errorf("entry %d is %s %s → %d; what was said is %s %s, answered with %+v",
			e.Seq, e.Method, e.Path, e.Status, said.Request.Method, said.Request.Path, said.Response)
	}
	w.said, err = textOf(said)
	return err
}

// textOf is all that is shown of a request and its answer.
func textOf(said btpclient.Recording) (string, error) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(said)
	return text.String(), err
}

func (w *world) itShows(patterns ...string) func() error {
	return func() error {
		for _, pattern := range patterns {
			if !regexp.MustCompile(pattern).MatchString(w.said) {
				return fmt.Errorf("it shows %s; want something like %s", w.said, pattern)
			}
		}
		return nil
	}
}

// noSecretWasShown looks for what the scenario knows, and for what looks like a key, in
// everything that is kept.
func (w *world) noSecretWasShown(ctx context.Context) error {
	entries, err := w.journal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "request"}})
	if err != nil {
		return err
	}
	secrets := w.knownSecrets()
	if len(secrets) == 0 {
		return errors.New("the scenario knows no secret")
	}
	for _, e := range entries {
		said, err := w.control.Recording(ctx, e.Seq)
		if err != nil {
			return err
		}
		text, err := textOf(said)
		if err != nil {
			return err
		}
		for what, secret := range secrets {
			if strings.Contains(text, secret) {
				return fmt.Errorf("%s %s shows %s", e.Method, e.Path, what)
			}
		}
		if strings.Contains(text, "PRIVATE KEY") {
			return fmt.Errorf("%s %s shows a private key", e.Method, e.Path)
		}
	}
	return nil
}
