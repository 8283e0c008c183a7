package eventmesh_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/store/sqlite"
	"github.com/pairsim/pairsim/btp/token"
)

var epoch = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

// phone is where webhooks are: each call is kept, and answered as answer says.
type phone struct {
	mu     sync.Mutex
	calls  []string
	answer func(call string) error
}

func (p *phone) call(format string, args ...any) error {
	p.mu.Lock()
	call := fmt.Sprintf(format, args...)
	p.calls = append(p.calls, call)
	answer := p.answer
	p.mu.Unlock()
	if answer == nil {
		return nil
	}
	return answer(call)
}

func (p *phone) answers(answer func(call string) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

// told are the calls since it was last asked.
func (p *phone) told() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := p.calls
	p.calls = nil
	return calls
}

func (p *phone) CheckEndpoint(_ context.Context, endpoint string) error {
	if endpoint == "https://forbidden.example" {
		return btp.Errorf(btp.SinkForbidden, "not there")
	}
	return nil
}

func (p *phone) Greet(_ context.Context, w eventmesh.Webhook) error {
	return p.call("greet %s", w.Name)
}

func (p *phone) Push(_ context.Context, w eventmesh.Webhook, m eventmesh.Message) error {
	return p.call("push %s %s", w.Name, m.Body)
}

var refused = btp.Errorf(btp.EventNotDelivered, "the webhook answered 500")

// mesh is an environment with event buses.
type mesh struct {
	*eventmesh.Bus
	t      testing.TB
	phone  *phone
	config btp.Config
}

var material = sync.OnceValues(func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(epoch); return m, err })

func open(t testing.TB, store btp.Store) *mesh {
	t.Helper()
	authority, err := material()
	if err != nil {
		t.Fatal(err)
	}
	l := btp.DefaultLandscape()
	l.Subaccounts = append(l.Subaccounts, btp.Subaccount{
		ID: "test", GlobalAccount: "default", DisplayName: "Test", Subdomain: "test", Region: "eu10", Environments: []btp.RuntimeEnvironment{btp.Kyma},
	})
	m := &mesh{t: t, phone: &phone{}}
	m.config = btp.Config{
		Store: store, Environment: btp.DefaultEnvironment, Seed: 1, Tokens: token.NewSigner(nil), Authority: &authority,
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return epoch }, StartFrozen: epoch, Policy: btp.DefaultPolicy(), Landscape: l,
		Workers: eventmesh.Workers(m.phone),
	}
	r, err := btp.Open(t.Context(), m.config)
	if err != nil {
		t.Fatalf("open registry: %v", err)
	}
	t.Cleanup(r.Close)
	m.Bus = &eventmesh.Bus{Registry: r, Pusher: m.phone}
	return m
}

// openNew is a mesh in memory.
func openNew(t testing.TB) *mesh { return open(t, memory.New()) }

func openFile(t testing.TB, file string) (btp.Store, *mesh) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	return store, open(t, store)
}

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "pairsim.db") }

// step runs a step of who makes instances.
func (m *mesh) step(do func(*btp.Step) error) error {
	var about btp.Reference
	return m.Registry.Change(m.t.Context(), btp.PointQueuePut, &about, do)
}

// client makes a client with all channels; its instance has its emname.
func (m *mesh) client(c eventmesh.Client) btp.ServicePrincipal {
	m.t.Helper()
	if c.Subaccount == "" {
		c.Subaccount = "dev"
	}
	c.Instance, c.Messaging, c.MessagingREST, c.Management = "instance-"+c.EmName, true, true, true
	if err := m.step(func(s *btp.Step) error { return eventmesh.PutClient(s, c) }); err != nil {
		m.t.Fatal(err)
	}
	return as(c)
}

func as(c eventmesh.Client) btp.ServicePrincipal {
	return btp.ServicePrincipal{ServiceClient: btp.ServiceClient{Subaccount: c.Subaccount, Instance: c.Instance, Service: eventmesh.Service}}
}

func (m *mesh) queue(who btp.ServicePrincipal, name string, patterns ...string) {
	m.t.Helper()
	if _, _, err := m.PutQueue(m.t.Context(), who, name, nil); err != nil {
		m.t.Fatal(err)
	}
	for _, p := range patterns {
		if _, err := m.SubscribeQueue(m.t.Context(), who, name, p); err != nil {
			m.t.Fatal(err)
		}
	}
}

func (m *mesh) publish(who btp.ServicePrincipal, topic, body string) {
	m.t.Helper()
	if err := m.Publish(m.t.Context(), who, topic, message(body)); err != nil {
		m.t.Fatal(err)
	}
}

func message(body string) eventmesh.Publication {
	return eventmesh.Publication{ContentType: "text/plain", Body: []byte(body), QoS: eventmesh.AtLeastOnce}
}

// got is the body of the message that is consumed, "" for none, and its id.
func (m *mesh) got(who btp.ServicePrincipal, queue string, qos eventmesh.QoS) (body, id string) {
	m.t.Helper()
	got, _, err := m.Consume(m.t.Context(), who, queue, qos)
	if err != nil {
		m.t.Fatal(err)
	}
	return string(got.Body), got.ID
}

func (m *mesh) depth(who btp.ServicePrincipal, queue string) (messages, bytes, taken int) {
	m.t.Helper()
	q, err := m.Queue(m.t.Context(), who, queue)
	if err != nil {
		m.t.Fatal(err)
	}
	return q.Messages, q.Bytes, q.Unacknowledged()
}

func (m *mesh) pass(d time.Duration) {
	m.t.Helper()
	if _, err := m.Registry.ChangeClock(m.t.Context(), btp.ClockChange{Advance: d}); err != nil {
		m.t.Fatal(err)
	}
}

// settle lets all that is due now happen.
func (m *mesh) settle() {
	m.t.Helper()
	if _, err := m.Registry.ChangeClock(m.t.Context(), btp.ClockChange{Freeze: true}); err != nil {
		m.t.Fatal(err)
	}
}

// objects counts what is stored of a kind.
func (m *mesh) objects(kind btp.ObjectKind) (n int) {
	m.t.Helper()
	err := m.step(func(s *btp.Step) (err error) {
		n, err = s.Objects().Count(btp.ObjectFilter{Kind: kind})
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return n
}

func wantCode(t testing.TB, what string, err error, want btp.Code) {
	t.Helper()
	var e *btp.Error
	if btp.CodeOf(err) != want || want == btp.Internal && errors.As(err, &e) {
		t.Errorf("%s: got %v, want code %q", what, err, want)
	}
}

func wantCalls(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got calls %q, want %q", what, got, want)
	}
}
