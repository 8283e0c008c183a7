package eventmesh_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
)

// TestABusSurvivesARestart on SQLite: clients, queues, what is in them, who has what,
// push subscriptions with their credentials, and every instant that is waited for.
//
// Rule: store-survives-death
func TestABusSurvivesARestart(t *testing.T) {
	name := file(t)
	store, m := openFile(t, name)
	who := m.client(receiver)
	m.queue(who, inbox, receiver.Namespace+"/*")
	h := hook("h")
	h.SecurityType, h.Security = eventmesh.BasicAuth, eventmesh.Security{User: "u", Password: "secret"}
	if _, err := m.CreateWebhook(t.Context(), who, h); err != nil {
		t.Fatal(err)
	}
	m.phone.answers(func(string) error { return refused })
	for n := range 3 {
		m.publish(who, receiver.Namespace+"/x", fmt.Sprint(n))
	}
	m.settle() // the webhook has 0
	_, id := m.got(who, inbox, eventmesh.AtLeastOnce)
	m.Registry.Close()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}

	store, m = openFile(t, name)
	if n, _, taken := m.depth(who, inbox); n != 3 || taken != 2 {
		t.Errorf("got %d messages, %d taken", n, taken)
	}
	if err := m.Acknowledge(t.Context(), who, inbox, id); err != nil {
		t.Error(err)
	}
	if w, err := m.Webhook(t.Context(), who, "h"); err != nil || w.Attempts != 1 || w.Security.Password != "secret" {
		t.Errorf("got %+v, %v", w, err)
	}
	m.pass(15 * time.Minute)
	wantCalls(t, "after the restart", m.phone.told(), "push h 0", "push h 2")
	m.publish(who, receiver.Namespace+"/x", "late")
	if err := m.DeleteWebhook(t.Context(), who, "h"); err != nil {
		t.Fatal(err)
	}
	m.pass(eventmesh.MaxExpiry)
	if n, _, _ := m.depth(who, inbox); n != 0 {
		t.Errorf("%d messages did not expire", n)
	}
	m.Registry.Close()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestABusInASnapshot comes back as it was, with what it waits for.
//
// Rule: snapshot-restores-all
func TestABusInASnapshot(t *testing.T) {
	m := openNew(t)
	who := m.client(receiver)
	m.queue(who, inbox, receiver.Namespace+"/*")
	m.publish(who, receiver.Namespace+"/x", "kept")
	contents, err := m.Registry.Contents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m.publish(who, receiver.Namespace+"/x", "lost")
	if err := m.Registry.Replace(t.Context(), contents); err != nil {
		t.Fatal(err)
	}
	if n, _, _ := m.depth(who, inbox); n != 1 {
		t.Errorf("got %d messages, want 1", n)
	}
	m.pass(eventmesh.MaxExpiry)
	if n := m.objects(btp.KindMessage); n != 0 {
		t.Errorf("%d messages did not expire", n)
	}
}
