package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestServeSaysWhereToLook(t *testing.T) {
	t.Parallel()
	s := serveFor(t)
	text := strings.Join(s.announced, "\n")
	for _, want := range []string{
		"not for production", "v1, SAP BTP cockpit as of October 2021", "in memory, gone when this ends",
		s.http + "/ca.pem", s.http + "/api/v1/openapi.json", s.http + "/tenants",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant %q in it", text, want)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/ca.pem", "/tenants"} {
		if status, _ := get(t, http.DefaultClient, s.http+path); status != http.StatusOK {
			t.Errorf("GET %s: got %d, want 200", path, status)
		}
	}
	if log := s.logged(t, "throwaway keys"); !strings.Contains(log, "throwaway keys") || strings.Contains(log, "wider than loopback") {
		t.Errorf("got log\n%s\nwant a warning of throwaway keys alone", log)
	}
	s.must(t, "wait")
	s.signal(t, syscall.SIGTERM)
	if got := s.wait(t); got != exitDone {
		t.Errorf("after SIGTERM: got exit code %d, want 0\n%s", got, s.log)
	}
}

// logged waits until the process has logged text, and returns all that it logged:
// what it prints and what it logs arrive by different pipes.
func (s *serving) logged(t *testing.T, text string) string {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	bound := time.After(tooLong)
	for !strings.Contains(s.log.String(), text) {
		select {
		case <-bound:
			t.Fatalf("it did not log %q:\n%s", text, s.log)
		case <-look.C:
		}
	}
	return s.log.String()
}

func TestServeWarnsOfWideListeners(t *testing.T) {
	t.Parallel()
	s := serveFor(t, "--http", "0.0.0.0:0", "--mtls", "off", "--control", "off", "--log-format", "json")
	if s.mtls != "" || s.control != "" {
		t.Errorf("got TLS %q, control %q, want them off", s.mtls, s.control)
	}
	log := s.logged(t, "wider than loopback")
	if !strings.Contains(log, `"msg":"listening wider than loopback`) || strings.Count(log, "wider than loopback") != 1 {
		t.Errorf("got log\n%s\nwant one warning of --http, as JSON", log)
	}
	r := s.run(t, "ca", "export")
	if r.code != exitRefused || !strings.Contains(r.errors, "this server has no TLS listener") {
		t.Errorf("ca export without TLS listener: got %s, want it refused", r)
	}
}

func TestServeStops(t *testing.T) {
	t.Run("with an open request, within ten seconds", func(t *testing.T) {
		t.Parallel()
		s := serveFor(t)
		follower := exec.CommandContext(t.Context(), binary, "journal", "--follow", "--server", s.http, "--control", s.control)
		follower.Env = environment()
		if err := follower.Start(); err != nil {
			t.Fatal(err)
		}
		s.must(t, "systems", "list")
		began := time.Now()
		s.signal(t, syscall.SIGINT)
		if got := s.wait(t); got != exitDone {
			t.Errorf("got exit code %d, want 0\n%s", got, s.log)
		}
		if took := time.Since(began); took > stopWithin+3*time.Second {
			t.Errorf("took %s, want at most %s", took, stopWithin)
		}
		if err := follower.Wait(); err == nil {
			t.Error("the follower ended with 0, want it to say that the server is gone")
		}
	})
	t.Run("at once with the second signal", func(t *testing.T) {
		t.Parallel()
		s := serveFor(t)
		hold(t, s)
		s.signal(t, syscall.SIGTERM)
		s.logged(t, "stopping")
		began := time.Now()
		s.signal(t, syscall.SIGTERM)
		if got := s.wait(t); got != exitRefused {
			t.Errorf("got exit code %d, want %d", got, exitRefused)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("took %s, want it to end at once", took)
		}
	})
}

// hold opens a request that does not end by itself.
func hold(t *testing.T, s *serving) {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(s.http, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	head := "POST /api/v1/globalAccounts/default/systems HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
	if _, err := connection.Write([]byte(head)); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Read(make([]byte, 10)); err != nil { // 100 Continue: the handler reads
		t.Fatal(err)
	}
}

func TestServeRefusesToStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	data := filepath.Join(t.TempDir(), "v2.db")
	first := serveFor(t, "--data", data, "--edition", "latest")
	first.signal(t, syscall.SIGTERM)
	if got := first.wait(t); got != exitDone {
		t.Fatalf("got exit code %d, want 0\n%s", got, first.log)
	}
	notData := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(notData, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		want []string
	}{
		{"taken port", []string{"--mtls", taken.Addr().String()}, []string{"Address is taken", "--mtls " + taken.Addr().String(), "Choose another address"}},
		{"differing edition", []string{"--data", data, "--edition", "v1"}, []string{"Stored data has another edition", "made with edition v2", "Start without --edition, or with another --data."}},
		{"no database", []string{"--data", notData}, []string{"Cannot start", "--data " + notData}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := pairsim(t, nil, "", append(append([]string{"serve"}, free...), test.args...)...)
			for _, want := range test.want {
				if r.code != exitRefused || !strings.Contains(r.errors, want) {
					t.Errorf("got %s\nwant exit code 1 and %q", r, want)
				}
			}
		})
	}
	t.Run("the stored edition is taken without asking", func(t *testing.T) {
		s := serveFor(t, "--data", data)
		if text := strings.Join(s.announced, "\n"); !strings.Contains(text, "v2, SAP BTP cockpit of today") || !strings.Contains(text, data) {
			t.Errorf("got\n%s\nwant edition v2 and the file", text)
		}
	})
}

func TestServeExampleSeeds(t *testing.T) {
	paths, err := filepath.Glob("../../docs/examples/seeds/*.yaml")
	if err != nil || len(paths) != 4 {
		t.Fatalf("got %d examples (%v), want 4", len(paths), err)
	}
	t.Run("validate", func(t *testing.T) {
		t.Parallel()
		r := pairsim(t, nil, "", append([]string{"seed", "validate"}, paths...)...)
		if r.code != exitDone || strings.Count(r.out, " is valid\n") != 4 {
			t.Errorf("got %s, want four valid files", r)
		}
	})
	seeds := map[string]struct {
		account string
		systems int
		check   func(t *testing.T, s *serving)
	}{
		"small.yaml": {"default", 1, func(t *testing.T, s *serving) {
			if got := s.must(t, "systems", "show", "web-shop"); !strings.Contains(got, "token        live") {
				t.Errorf("got\n%s\nwant a live token", got)
			}
		}},
		"statuses-v1.yaml": {"retail", 10, func(t *testing.T, s *serving) {
			for id, want := range map[string]string{
				"shop": "live", "campaigns": "live", "stuck": "Deregister Error", "sales-failed": "rejected five times",
			} {
				if got := s.must(t, "systems", "show", id, "--account", "retail"); !strings.Contains(got, want) {
					t.Errorf("%s: got\n%s\nwant %q", id, got, want)
				}
			}
			// Expiry is due work; a move of the clock answers when all of it is done.
			s.must(t, "clock", "freeze")
			s.must(t, "clock", "advance", "1s")
			for _, id := range []string{"shop-late", "campaigns-late"} {
				if got := s.must(t, "systems", "show", id, "--account", "retail"); !strings.Contains(got, "token        expired") {
					t.Errorf("%s: got\n%s\nwant its token expired", id, got)
				}
			}
			if got := s.must(t, "systems", "list", "--account", "services"); !strings.Contains(got, "services-shop") {
				t.Errorf("got\n%s\nwant the other account's shop", got)
			}
		}},
		"gateway.yaml": {"default", 1, func(t *testing.T, s *serving) {
			if got := s.must(t, "runtime", "applications"); !strings.Contains(got, "mp-web-shop") {
				t.Errorf("got\n%s\nwant the application in the runtime", got)
			}
		}},
		"frozen-v2.yaml": {"default", 5, func(t *testing.T, s *serving) {
			if got, want := s.must(t, "clock", "show"), "2030-01-01T10:00:00Z  frozen\n"; got != want {
				t.Errorf("got clock %q, want %q", got, want)
			}
			if got := s.must(t, "systems", "show", "field"); !strings.Contains(got, "Error while Registering") {
				t.Errorf("got\n%s\nwant Error while Registering", got)
			}
			// 48 hours by its policy, 24 of them gone.
			if got := s.must(t, "systems", "token", "campaigns"); !strings.Contains(got, "for 1d0h, until 2030-01-02T10:00:00Z") {
				t.Errorf("got\n%s\nwant 24 hours left", got)
			}
		}},
	}
	for name, want := range seeds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serveFor(t, "--seed", "../../docs/examples/seeds/"+name)
			list := decode[[]map[string]any](t, s.must(t, "systems", "list", "--account", want.account, "-o", "json"))
			if len(list) != want.systems {
				t.Errorf("got %d systems, want %d", len(list), want.systems)
			}
			want.check(t, s)
		})
	}
}

// Rule: processes-agree
func TestServeInTwoProcesses(t *testing.T) {
	t.Parallel()
	registry := serveFor(t, "--roles", "btp")
	ca := filepath.Join(t.TempDir(), "ca.pem")
	registry.must(t, "ca", "export", "--out", ca)
	tenants := serveFor(t, "--roles", "cxsim", "--mtls", "off", "--control", "off",
		"--registry", registry.http, "--registry-mtls", registry.mtls, "--ca", ca)
	registry.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	url := registry.must(t, "systems", "token", "Web Shop", "-o", "url")
	r := tenants.feed(t, url, "tenants", "pair", "commerce", "-")
	if r.code != exitDone {
		t.Fatalf("got %s, want a pairing", r)
	}
	registry.must(t, "wait", "--system", "Web Shop")
	if list := tenants.must(t, "tenants", "list"); strings.Contains(list, "marketing") || !strings.Contains(list, "Registered") {
		t.Errorf("got\n%s\nwant the CX tenants alone, commerce registered", list)
	}
}

// TestSettings: a flag wins over a variable, that over the file.
func TestSettingsOfServe(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "pairsim.yaml")
	text := "edition: v2\ntls-name: [a.test, b.test]\nlog-format: json\ntoken-validity:\n  SAP Marketing Cloud: 48h\nurl: http://127.0.0.1:1\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serveFor(t, "--config", config, "--log-format", "text")
	if log := s.log.String(); strings.Contains(log, `"msg"`) {
		t.Errorf("got log %s, want the flag to win", log)
	}
	roots := x509.NewCertPool()
	_, pem := get(t, http.DefaultClient, s.http+"/ca.pem")
	roots.AppendCertsFromPEM([]byte(pem))
	for _, name := range []string{"a.test", "b.test", "localhost"} {
		connection, err := tls.Dial("tcp", strings.TrimPrefix(s.mtls, "https://"), &tls.Config{RootCAs: roots, ServerName: name})
		if err != nil {
			t.Errorf("as %s: %v", name, err)
			continue
		}
		connection.Close()
	}
	s.must(t, "systems", "register", "Campaigns", "--type", "SAP Marketing Cloud")
	if got := s.must(t, "systems", "token", "Campaigns"); !strings.Contains(got, "for 2d0h") {
		t.Errorf("got\n%s\nwant 48 hours", got)
	}
	// The variable names the server, over the file's url.
	r := pairsim(t, []string{"PAIRSIM_CONFIG=" + config, "PAIRSIM_URL=" + s.http}, "", "systems", "list")
	if r.code != exitDone || !strings.Contains(r.out, "Campaigns") {
		t.Errorf("got %s, want the list", r)
	}
}

// Rule: origin-checked
func TestControlKeyGuardsTheControlListener(t *testing.T) {
	t.Parallel()
	const key = "a-key-of-a-test-run"
	s := serveFor(t, "--control-key", key)
	if r := s.run(t, "clock", "freeze"); r.code != exitRefused || !strings.Contains(r.errors, "PAIRSIM_CONTROL_KEY") {
		t.Errorf("without the key: got %s, want a refusal that names PAIRSIM_CONTROL_KEY", r)
	}
	s.must(t, "clock", "freeze", "--control-key", key)
	s.must(t, "systems", "list") // the registry's own API asks for no control key
	if strings.Contains(s.log.String(), key) {
		t.Errorf("the key is logged:\n%s", s.log)
	}
	if r := pairsim(t, nil, "", "serve", "--control-key", "short"); r.code != exitUsage || strings.Contains(r.errors, "short") {
		t.Errorf("got %s, want wrong usage that does not repeat the key", r)
	}
}
