package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/strict"
)

// strictSeed is what scenarios draw by. Which seed it is must not matter.
const strictSeed = 7

// strictnessSteps are about a registry that is unfriendly within the law.
func (w *world) strictnessSteps(d definitions) {
	d.Given(`^the registry is strict$`, func() error { return w.beStrict(strict.Settings{}) })
	d.Given(`^the registry is strict about nothing but "([^"]*)"$`, func(rule string) error {
		return w.beStrict(strict.Settings{}.Only(strict.Number(rule)))
	})
	d.Given(`^the registry is strict, but not about "([^"]*)" and "([^"]*)"$`, func(one, other string) error {
		return w.beStrict(strict.Settings{Off: []string{one, other}})
	})
	d.Given(`^the client has sent its certificate request to the address that it knows by heart$`, w.theClientSendsByHeart)

	d.When(`^the client sends its certificate request to the address that it knows by heart$`, w.theClientSendsByHeart)
	d.When(`^a client that pairs "([^"]*)" sends its certificate request to the address of "([^"]*)"$`, w.aClientSendsElsewhere)
	d.When(`^the client sends its certificate request (\d+) minutes later$`, w.theClientSendsLater)

	d.Then(`^the client gets its certificate$`, w.theClientGetsItsCertificate)
	d.Then(`^the client is told that it broke "([^"]*)"$`, w.theClientIsToldThatItBroke)
	d.Then(`^the journal tells that a client broke "([^"]*)"$`, w.theJournalTellsThatAClientBroke)
	d.Then(`^no client has broken a rule$`, w.noClientHasBrokenARule)
}

func (w *world) beStrict(s strict.Settings) error {
	return w.configure(func(to *Settings) { to.Strict, to.StrictOff = strictSeed, s.Off })
}

// theClientSends asks as long as the registry is busy.
func (w *world) theClientSends(ctx context.Context) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	const most = 5
	for range most {
		w.called = ended(c.certify(ctx, ""))
		if btpclient.CodeOf(w.called.err) != "try-later" {
			return nil
		}
	}
	return nil
}

// theClientSendsByHeart takes of what it was handed nothing but the token.
func (w *world) theClientSendsByHeart(ctx context.Context) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	handed := c.info.CSRURL
	defer func() { c.info.CSRURL = handed }()
	c.info.CSRURL = w.landscape.MTLS() + "/v1/applications/certificates?token=" + c.info.FollowUpToken()
	return w.theClientSends(ctx)
}

func (w *world) aClientSendsElsewhere(ctx context.Context, name, other string) error {
	before, err := w.theClient()
	if err != nil {
		return err
	}
	if before.system != other {
		return fmt.Errorf("the client before pairs %q, want %q", before.system, other)
	}
	address, _, _ := strings.Cut(before.info.CSRURL, "?")
	if err := w.aClientHasPresented(ctx, name); err != nil {
		return err
	}
	w.client.info.CSRURL = address + "?token=" + w.client.info.FollowUpToken()
	return w.theClientSends(ctx)
}

func (w *world) theClientSendsLater(ctx context.Context, minutes int) error {
	if _, err := w.control.Advance(ctx, time.Duration(minutes)*time.Minute); err != nil {
		return err
	}
	return w.theClientSends(ctx)
}

func (w *world) theClientGetsItsCertificate() error {
	if err := w.called.accepted("the client"); err != nil {
		return err
	}
	_, err := w.client.leaf()
	return err
}

func (w *world) theClientIsToldThatItBroke(rule string) error {
	var refused *btpclient.RefusedError
	if !errors.As(w.called.err, &refused) {
		return fmt.Errorf("the client got %w; want a refusal because of %s", w.called.err, rule)
	}
	if refused.Rule != rule {
		return fmt.Errorf("the client is told that it broke %q, want %q", refused.Rule, rule)
	}
	return nil
}

func (w *world) theJournalTellsThatAClientBroke(ctx context.Context, rule string) error {
	refusals, err := w.journal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "refusal"}})
	if err != nil {
		return err
	}
	known, _ := strict.Find(rule)
	for _, e := range refusals {
		if e.Rule == rule && e.Source == known.Source && strings.Contains(e.Detail, known.Mistake) {
			return nil
		}
	}
	return fmt.Errorf("of %d refusals in the journal none is by %s", len(refusals), rule)
}

func (w *world) noClientHasBrokenARule(ctx context.Context) error {
	state, err := w.control.Strictness(ctx)
	if err != nil {
		return err
	}
	if !state.On {
		return errors.New("the registry is not strict")
	}
	for _, r := range state.Rules {
		if r.Tripped > 0 {
			return fmt.Errorf("%s was broken %d times: %s", r.Number, r.Tripped, r.Mistake)
		}
	}
	return nil
}
