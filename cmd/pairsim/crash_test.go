package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/pairsim/pairsim/btp/store/postgres/postgrestest"
	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/freeport"
)

// onEachStore runs a test of crashes on each store that outlives a server. data are
// the arguments of serve.
func onEachStore(t *testing.T, test func(t *testing.T, data []string)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, []string{"--data", filepath.Join(t.TempDir(), "pairsim.db")})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, []string{"--data", postgrestest.New(t), "--local-data", t.TempDir()})
	})
}

// returning are the arguments of a server that comes back to its ports after a crash.
func returning(t *testing.T, data []string) []string {
	t.Helper()
	return append([]string{"--http", freeport.Address(t), "--mtls", freeport.Address(t), "--control", freeport.Address(t)}, data...)
}

// crash ends a server as a dying machine's kernel would, and starts it again on
// the same data and ports.
func (s *serving) crash(t *testing.T, data []string) *serving {
	t.Helper()
	s.signal(t, syscall.SIGKILL)
	s.wait(t)
	return serveFor(t, append([]string{
		"--http", strings.TrimPrefix(s.http, "http://"),
		"--mtls", strings.TrimPrefix(s.mtls, "https://"), "--control", strings.TrimPrefix(s.control, "http://"),
	}, data...)...)
}

// TestKillInTheMiddleOfAPairing kills the server after every step: what it has
// answered holds.
//
// Rule: store-survives-death, token-single-use
func TestKillInTheMiddleOfAPairing(t *testing.T) { onEachStore(t, testKillInTheMiddleOfAPairing) }

func testKillInTheMiddleOfAPairing(t *testing.T, data []string) {
	ctx := t.Context()
	s := serveFor(t, returning(t, data)...)
	ca := s.must(t, "ca", "export") + s.must(t, "ca", "export", "--which", "client")
	registered := decode[btpclient.System](t, s.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud", "-o", "json"))
	other := decode[btpclient.System](t, s.must(t, "systems", "register", "Other", "--type", "SAP Commerce Cloud", "-o", "json"))

	s = s.crash(t, data)
	if again := s.must(t, "ca", "export") + s.must(t, "ca", "export", "--which", "client"); again != ca {
		t.Fatalf("got CAs\n%s\nwant the same as before\n%s", again, ca)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(ca))
	connector, err := btpclient.New(btpclient.Config{RegistryURL: s.http, RegistryMTLSURL: s.mtls, RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer connector.Close()
	info, err := connector.SigningRequestInfo(ctx, registered.IntegrationToken.Token, "", "")
	if err != nil {
		t.Fatalf("a token from before the crash: %v", err)
	}

	s = s.crash(t, data)
	if _, err := connector.SigningRequestInfo(ctx, registered.IntegrationToken.Token, "", ""); err == nil || !strings.Contains(err.Error(), "token-used") {
		t.Errorf("a token spent before the crash: got %v, want token-used", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := signingRequest(info.Certificate.Subject, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := connector.Sign(ctx, info.CSRURL, csr)
	if err != nil {
		t.Fatalf("a follow-up token from before the crash: %v", err)
	}

	s = s.crash(t, data)
	session := connector.Authenticated(tls.Certificate{Certificate: certificate.Chain, PrivateKey: key})
	defer session.Close()
	if _, err := session.ManagementInfo(ctx, info.API.InfoURL); err != nil {
		t.Fatalf("a certificate from before the crash: %v", err)
	}

	s = s.crash(t, data)
	if got := s.must(t, "systems", "show", "Web Shop"); !strings.Contains(got, "Registered") || !strings.Contains(got, registered.ID) {
		t.Errorf("got\n%s\nwant it Registered", got)
	}
	if _, err := session.ManagementInfo(ctx, info.API.InfoURL); err != nil {
		t.Errorf("the certificate after the pairing: %v", err)
	}
	if r := s.feed(t, other.IntegrationToken.TokenURL, "tenants", "pair", "commerce", "-"); r.code != exitDone {
		t.Errorf("another token from before the crashes: got %s, want a pairing", r)
	}
	s = s.crash(t, data)
	if got := s.must(t, "tenants", "show", "commerce"); !strings.Contains(got, other.ID) {
		t.Errorf("got\n%s\nwant the tenant still paired with %s", got, other.ID)
	}
	s.must(t, "tenants", "events", "send", "commerce", "order.created")
}

// TestKillInTheMiddleOfADeregistration kills the server while it tells the
// tenant: the next one tells it again and carries the deregistration to its end.
//
// Rule: store-survives-death
func TestKillInTheMiddleOfADeregistration(t *testing.T) {
	onEachStore(t, testKillInTheMiddleOfADeregistration)
}

func testKillInTheMiddleOfADeregistration(t *testing.T, data []string) {
	ctx := t.Context()
	told := make(chan struct{}, 2)
	var calls atomic.Int64
	tenant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first := calls.Add(1) == 1
		told <- struct{}{}
		if _, err := io.Copy(io.Discard, r.Body); err == nil && first { // net/http watches the connection once the body is read
			<-r.Context().Done() // hangs until its caller is dead
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer tenant.Close()
	s := serveFor(t, returning(t, data)...)
	registered := decode[btpclient.System](t, s.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud", "-o", "json"))
	pairWithCallback(t, s, registered.IntegrationToken.Token, tenant.URL)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = btpclient.NewOperator(s.http, nil).Deregister(ctx, registered.ID) // the server dies, or has accepted
	}()
	<-told
	s = s.crash(t, data)
	<-answered
	if got := s.must(t, "systems", "show", "Web Shop"); !strings.Contains(got, "Deregistering") {
		t.Errorf("after the crash:\n%s\nwant it still Deregistering", got)
	}
	select {
	case <-told: // when the claim of the dead process has ended
	case <-s.ended:
		t.Fatalf("the server has ended\n%s", s.log)
	}
	s.must(t, "clock", "advance", "1ms") // waits for what is under way
	if r := s.run(t, "systems", "show", "Web Shop"); r.code != exitRefused || !strings.Contains(r.errors, "No such system") {
		t.Errorf("got %s, want the row gone", r)
	}
}

// pairWithCallback pairs as a vendor's client that can be told of deregistrations.
func pairWithCallback(t *testing.T, s *serving, token, callback string) {
	t.Helper()
	ctx := t.Context()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(s.must(t, "ca", "export")))
	connector, err := btpclient.New(btpclient.Config{RegistryURL: s.http, RegistryMTLSURL: s.mtls, RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer connector.Close()
	info, err := connector.SigningRequestInfo(ctx, token, "", "vendor")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := signingRequest(info.Certificate.Subject, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := connector.Sign(ctx, info.CSRURL, csr)
	if err != nil {
		t.Fatal(err)
	}
	session := connector.Authenticated(tls.Certificate{Certificate: certificate.Chain, PrivateKey: key})
	defer session.Close()
	d := btpclient.Descriptor{TenantID: "vendor", URL: callback, CallbackURL: callback}
	if err := session.PutTenant(ctx, info.API.MetadataURL, d); err != nil {
		t.Fatal(err)
	}
}

// TestKillUnderLoad kills the server while clients register systems: every
// answered registration is there.
//
// Rule: store-survives-death
func TestKillUnderLoad(t *testing.T) { onEachStore(t, testKillUnderLoad) }

func testKillUnderLoad(t *testing.T, data []string) {
	s := serveFor(t, returning(t, data)...)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const clients, enough = 4, 100
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	reached := make(chan struct{})
	var running sync.WaitGroup
	for client := range clients {
		running.Go(func() {
			for i := 0; ; i++ {
				id, err := registerOverHTTP(ctx, s.http, fmt.Sprintf("Shop %d-%d", client, i))
				if err != nil {
					return // the server is dead
				}
				mu.Lock()
				if acknowledged[id] = true; len(acknowledged) == enough {
					close(reached)
				}
				mu.Unlock()
			}
		})
	}
	select {
	case <-reached:
	case <-s.ended:
		t.Fatalf("the server has ended\n%s", s.log)
	}
	s.signal(t, syscall.SIGKILL)
	running.Wait()
	s.wait(t)
	s = serveFor(t, data...)
	for _, system := range decode[[]btpclient.System](t, s.must(t, "systems", "list", "-o", "json")) {
		delete(acknowledged, system.ID)
	}
	if len(acknowledged) > 0 {
		t.Errorf("%d acknowledged systems are gone, want none", len(acknowledged))
	}
}

func registerOverHTTP(ctx context.Context, base, name string) (string, error) {
	body, err := json.Marshal(map[string]string{"name": name, "type": "SAP Cloud for Customer"})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/v1/globalAccounts/default/systems", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var system btpclient.System
	if err := json.NewDecoder(response.Body).Decode(&system); err != nil {
		return "", err
	}
	return system.ID, nil
}
