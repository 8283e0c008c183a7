package control_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// TestControlClient drives the API with the client that the command line uses.
func TestControlClient(t *testing.T) {
	h, registry, shop := filled(t)
	server := httptest.NewServer(h)
	defer server.Close()
	c := btpclient.NewControl(server.URL, server.Client())
	ctx := t.Context()

	at := start.Add(10 * time.Minute)
	steps := []struct {
		name   string
		do     func() (btpclient.Clock, error)
		now    time.Time
		frozen bool
	}{
		{"show", func() (btpclient.Clock, error) { return c.Clock(ctx) }, at, true},
		{"advance", func() (btpclient.Clock, error) { return c.Advance(ctx, 36*time.Hour+time.Millisecond) }, at.Add(36*time.Hour + time.Millisecond), true},
		{"set", func() (btpclient.Clock, error) { return c.Set(ctx, at.AddDate(1, 0, 0)) }, at.AddDate(1, 0, 0), true},
		{"resume", func() (btpclient.Clock, error) { return c.Resume(ctx) }, at.AddDate(1, 0, 0), false},
		{"freeze", func() (btpclient.Clock, error) { return c.Freeze(ctx) }, at.AddDate(1, 0, 0), true},
	}
	for _, step := range steps {
		if got, err := step.do(); err != nil || !got.Now.Equal(step.now) || got.Frozen != step.frozen {
			t.Errorf("%s: got %+v, %v; want %s, frozen %t", step.name, got, err, step.now, step.frozen)
		}
	}
	if _, err := c.Set(ctx, start); btpclient.CodeOf(err) != "clock-backwards" {
		t.Errorf("backwards: got %v, want clock-backwards", err)
	}

	key, err := c.RotateKey(ctx, "EdDSA")
	if err != nil || key.Algorithm != "EdDSA" || !key.CreatedAt.Equal(registry.Now()) {
		t.Errorf("got key %+v, %v", key, err)
	}
	urls := btpclient.PublicURLs{HTTP: "http://a.example", MTLS: "https://b.example"}
	if got, err := c.SetPublicURLs(ctx, urls); err != nil || got != urls {
		t.Errorf("got %+v, %v; want %+v", got, err, urls)
	}
	if got, err := c.Authorities(ctx); err != nil || got.Server != "server PEM" || got.Client != "client PEM" {
		t.Errorf("got %+v, %v", got, err)
	}

	entries, next, err := c.Journal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{System: string(shop)}, Limit: 2})
	if err != nil || len(entries) != 2 || next != 2 || entries[0].Subject.Name != "Web Shop" {
		t.Errorf("got %+v, %d, %v; want the first two entries", entries, next, err)
	}
	var followed []uint64
	for e, err := range c.FollowJournal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{System: string(shop)}}) {
		if err != nil {
			t.Fatal(err)
		}
		if followed = append(followed, e.Seq); len(followed) == 3 {
			break
		}
	}
	if len(followed) != 3 || followed[2] != 5 {
		t.Errorf("got entries %v, want 1, 2, 5", followed)
	}
}
