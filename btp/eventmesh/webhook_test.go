package eventmesh_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
)

// hook is a push subscription that needs no handshake.
func hook(name string) eventmesh.NewWebhook {
	return eventmesh.NewWebhook{Name: name, Queue: inbox, QoS: eventmesh.AtLeastOnce, Endpoint: "https://hook.example/in", ExemptHandshake: true}
}

// pushing is a mesh with a queue and a push subscription.
func pushing(t testing.TB, n eventmesh.NewWebhook) (*mesh, btp.ServicePrincipal) {
	t.Helper()
	m := openNew(t)
	who := m.client(receiver)
	m.queue(who, inbox, receiver.Namespace+"/*")
	if _, err := m.CreateWebhook(t.Context(), who, n); err != nil {
		t.Fatal(err)
	}
	return m, who
}

// Rule: bus-webhook
func TestMessagesArePushedInOrder(t *testing.T) {
	m, who := pushing(t, hook("h"))
	for _, body := range []string{"1", "2", "3"} {
		m.publish(who, receiver.Namespace+"/x", body)
	}
	m.settle()
	wantCalls(t, "pushed", m.phone.told(), "push h 1", "push h 2", "push h 3")
	if n, size, taken := m.depth(who, inbox); n+size+taken != 0 {
		t.Errorf("got %d messages, %d bytes, %d taken", n, size, taken)
	}
	m.publish(who, receiver.Namespace+"/x", "4") // and what comes later, too
	m.settle()
	wantCalls(t, "later", m.phone.told(), "push h 4")
}

// Rule: bus-webhook
func TestNothingIsPushedBeforeTheHandshake(t *testing.T) {
	n := hook("h")
	n.ExemptHandshake = false
	m := openNew(t)
	who := m.client(receiver)
	m.queue(who, inbox, receiver.Namespace+"/*")
	m.publish(who, receiver.Namespace+"/x", "1")
	m.phone.answers(func(string) error { return btp.Errorf(btp.HandshakeRefused, "the webhook answered 404 Not Found") })
	w, err := m.CreateWebhook(t.Context(), who, n)
	if err != nil || w.Handshake != eventmesh.HandshakeRefused || w.Failure != "the webhook answered 404 Not Found" || w.Runs() {
		t.Fatalf("got %+v, %v", w, err)
	}
	wantCalls(t, "created", m.phone.told(), "greet h")
	_, err = m.AskWebhook(t.Context(), who, "h")
	wantCode(t, "asked again", err, btp.HandshakeRefused)
	if w, err = m.PauseWebhook(t.Context(), who, "h", false); err != nil || w.Runs() {
		t.Errorf("going on without handshake: got %+v, %v", w, err)
	}
	m.pass(time.Hour)
	wantCalls(t, "refused", m.phone.told(), "greet h")
	m.phone.answers(nil)
	if w, err = m.AskWebhook(t.Context(), who, "h"); err != nil || w.Handshake != eventmesh.HandshakeDone || w.Failure != "" {
		t.Errorf("agreed: got %+v, %v", w, err)
	}
	m.settle()
	wantCalls(t, "agreed", m.phone.told(), "greet h", "push h 1")
}

// Rule: bus-webhook
func TestWhatIsNotTakenIsPushedAgain(t *testing.T) {
	m, who := pushing(t, hook("h"))
	m.phone.answers(func(string) error { return refused })
	m.publish(who, receiver.Namespace+"/x", "1")
	m.publish(who, receiver.Namespace+"/x", "2")
	m.settle()
	wantCalls(t, "first attempt", m.phone.told(), "push h 1")
	for _, wait := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 4 * time.Hour} {
		m.pass(wait - time.Nanosecond)
		wantCalls(t, "before "+wait.String(), m.phone.told())
		m.pass(time.Nanosecond)
		wantCalls(t, "after "+wait.String(), m.phone.told(), "push h 1")
	}
	if body, _ := m.got(who, inbox, eventmesh.AtMostOnce); body != "2" {
		t.Errorf("consumed %q: the webhook has the first", body)
	}
	w, err := m.Webhook(t.Context(), who, "h")
	if err != nil || w.Attempts != 7 || w.Failure != "the webhook answered 500" {
		t.Errorf("got %+v, %v", w, err)
	}
	m.phone.answers(nil)
	m.pass(4 * time.Hour)
	wantCalls(t, "taken at last", m.phone.told(), "push h 1")
	if w, err = m.Webhook(t.Context(), who, "h"); err != nil || w.Attempts != 0 || w.Failure != "" {
		t.Errorf("got %+v, %v", w, err)
	}
}

// Rule: bus-expiry, bus-webhook
func TestAMessageThatNobodyTakesExpires(t *testing.T) {
	m, who := pushing(t, hook("h"))
	m.phone.answers(func(string) error { return refused })
	short := message("short")
	short.Expiry = time.Minute
	if err := m.Send(t.Context(), who, inbox, short); err != nil {
		t.Fatal(err)
	}
	m.publish(who, receiver.Namespace+"/x", "next")
	m.settle()
	m.phone.answers(nil)
	m.pass(15 * time.Minute)
	wantCalls(t, "pushed", m.phone.told(), "push h short", "push h next")
}

// Rule: bus-acknowledgement
func TestAtMostOnceIsPushedOnce(t *testing.T) {
	n := hook("h")
	n.QoS = eventmesh.AtMostOnce
	m, who := pushing(t, n)
	m.phone.answers(func(string) error { return refused })
	m.publish(who, receiver.Namespace+"/x", "1")
	m.publish(who, receiver.Namespace+"/x", "2")
	m.settle()
	wantCalls(t, "pushed", m.phone.told(), "push h 1", "push h 2")
	if n, _, _ := m.depth(who, inbox); n != 0 {
		t.Errorf("%d messages are left", n)
	}
}

func TestAPausedWebhookGivesItsMessageBack(t *testing.T) {
	m, who := pushing(t, hook("h"))
	m.phone.answers(func(string) error { return refused })
	m.publish(who, receiver.Namespace+"/x", "1")
	m.settle()
	m.phone.told()
	if _, err := m.PauseWebhook(t.Context(), who, "h", true); err != nil {
		t.Fatal(err)
	}
	m.pass(time.Hour)
	wantCalls(t, "paused", m.phone.told())
	body, id := m.got(who, inbox, eventmesh.AtLeastOnce)
	if body != "1" {
		t.Errorf("consumed %q", body)
	}
	m.phone.answers(nil)
	if _, err := m.PauseWebhook(t.Context(), who, "h", false); err != nil {
		t.Fatal(err)
	}
	m.settle()
	wantCalls(t, "somebody has it", m.phone.told())
	if err := m.Acknowledge(t.Context(), who, inbox, id); err != nil {
		t.Fatal(err)
	}
	m.publish(who, receiver.Namespace+"/x", "2")
	m.settle()
	wantCalls(t, "goes on", m.phone.told(), "push h 2")
}

func TestWhatAConsumerLetsGoIsPushed(t *testing.T) {
	m, who := pushing(t, hook("h"))
	if _, err := m.PauseWebhook(t.Context(), who, "h", true); err != nil {
		t.Fatal(err)
	}
	m.publish(who, receiver.Namespace+"/x", "1")
	m.got(who, inbox, eventmesh.AtLeastOnce)
	if _, err := m.PauseWebhook(t.Context(), who, "h", false); err != nil {
		t.Fatal(err)
	}
	m.settle()
	wantCalls(t, "somebody has it", m.phone.told())
	m.pass(eventmesh.AcknowledgeWithin)
	m.settle()
	wantCalls(t, "nobody has it", m.phone.told(), "push h 1")
}

func TestBadPushSubscriptions(t *testing.T) {
	m, who := pushing(t, hook("there"))
	for what, test := range map[string]struct {
		change func(*eventmesh.NewWebhook)
		want   btp.Code
	}{
		"no name":             {func(n *eventmesh.NewWebhook) { n.Name = "" }, btp.WebhookInvalid},
		"a name of blanks":    {func(n *eventmesh.NewWebhook) { n.Name = "a b" }, btp.WebhookInvalid},
		"a taken name":        {func(n *eventmesh.NewWebhook) { n.Name = "there" }, btp.NameTaken},
		"no queue":            {func(n *eventmesh.NewWebhook) { n.Queue = "" }, btp.WebhookInvalid},
		"an unknown queue":    {func(n *eventmesh.NewWebhook) { n.Queue += "2" }, btp.QueueNotFound},
		"another's queue":     {func(n *eventmesh.NewWebhook) { n.Queue = "a/b/c/d" }, btp.OutsideNamespace},
		"another qos":         {func(n *eventmesh.NewWebhook) { n.QoS = 2 }, btp.WebhookInvalid},
		"no endpoint":         {func(n *eventmesh.NewWebhook) { n.Endpoint = "" }, btp.WebhookInvalid},
		"a relative endpoint": {func(n *eventmesh.NewWebhook) { n.Endpoint = "/in" }, btp.WebhookInvalid},
		"another scheme":      {func(n *eventmesh.NewWebhook) { n.Endpoint = "file:///etc/passwd" }, btp.WebhookInvalid},
		"a password in it":    {func(n *eventmesh.NewWebhook) { n.Endpoint = "https://u:p@hook.example" }, btp.WebhookInvalid},
		"a long endpoint":     {func(n *eventmesh.NewWebhook) { n.Endpoint += strings.Repeat("a", 2048) }, btp.WebhookInvalid},
		"a forbidden host":    {func(n *eventmesh.NewWebhook) { n.Endpoint = "https://forbidden.example" }, btp.SinkForbidden},
		"a header in a type":  {func(n *eventmesh.NewWebhook) { n.DefaultContentType = "a\r\nb: c" }, btp.WebhookInvalid},
		"unknown security":    {func(n *eventmesh.NewWebhook) { n.SecurityType = "oauth2-x509" }, btp.WebhookInvalid},
		"half a password":     {func(n *eventmesh.NewWebhook) { n.SecurityType = eventmesh.BasicAuth; n.Security.User = "u" }, btp.WebhookInvalid},
		"a forbidden token server": {func(n *eventmesh.NewWebhook) {
			n.SecurityType = eventmesh.OAuth2
			n.Security = eventmesh.Security{GrantType: "client_credentials", ClientID: "c", ClientSecret: "s", TokenURL: "https://forbidden.example"}
		}, btp.SinkForbidden},
		"another grant": {func(n *eventmesh.NewWebhook) {
			n.SecurityType = eventmesh.OAuth2
			n.Security = eventmesh.Security{GrantType: "password", ClientID: "c", ClientSecret: "s", TokenURL: "https://hook.example"}
		}, btp.WebhookInvalid},
	} {
		n := hook("new")
		test.change(&n)
		_, err := m.CreateWebhook(t.Context(), who, n)
		wantCode(t, what, err, test.want)
	}
	if got := m.objects(btp.KindWebhook); got != 1 {
		t.Errorf("got %d push subscriptions: refusals change nothing", got)
	}
	other := m.client(sender)
	_, err := m.Webhook(t.Context(), other, "there")
	wantCode(t, "another client's", err, btp.WebhookNotFound)
	if list, err := m.Webhooks(t.Context(), other); err != nil || len(list) != 0 {
		t.Errorf("another client lists %v, %v", list, err)
	}
	for range 2 { // real clients delete before they create
		wantCode(t, "delete", m.DeleteWebhook(t.Context(), who, "there"), "")
	}
	_, err = m.PauseWebhook(t.Context(), who, "there", true)
	wantCode(t, "pause what is not there", err, btp.WebhookNotFound)
}

// A webhook that never answers keeps nobody waiting: the call ends when its time is up.
func TestAWebhookThatNeverAnswers(t *testing.T) {
	m, who := pushing(t, hook("h"))
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	called := make(chan struct{}, 1)
	m.phone.answers(func(string) error {
		called <- struct{}{}
		<-hang
		return context.Canceled
	})
	m.publish(who, receiver.Namespace+"/x", "1")
	if _, _, err := m.Registry.FireDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-called
	m.publish(who, receiver.Namespace+"/x", "2") // while the call is under way
	if body, _ := m.got(who, inbox, eventmesh.AtMostOnce); body != "2" {
		t.Errorf("consumed %q", body)
	}
	if err := m.DeleteWebhook(t.Context(), who, "h"); err != nil {
		t.Fatal(err)
	}
	if body, _ := m.got(who, inbox, eventmesh.AtMostOnce); body != "1" {
		t.Errorf("consumed %q: the message is free again", body)
	}
}
