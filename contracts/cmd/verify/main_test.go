//go:build pact

package main

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	example "github.com/pairsim/pairsim/contracts/examples/go"
	"github.com/pairsim/pairsim/contracts/states"
	"github.com/pairsim/pairsim/contracts/verifier"
	"github.com/pairsim/pairsim/internal/freeport"
)

func TestMain(m *testing.M) {
	if err := verifier.Silence(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// verify runs the command with variables, name, value, …
func verify(t *testing.T, what string, pairs ...string) (code int, out, errs string) {
	t.Helper()
	variables := map[string]string{"PACTS": "../../pacts"}
	for n := 0; n+1 < len(pairs); n += 2 {
		variables[pairs[n]] = pairs[n+1]
	}
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), []string{what}, func(name string) string { return variables[name] }, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// needsNode fails in CI when Node or its packages are missing, and says so elsewhere.
func needsNode(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat("../../examples/node/node_modules/@pact-foundation/pact")
	}
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("the example in Node cannot run: %v; scripts/pact.sh unpacks its packages", err)
	} else if err != nil {
		t.Skipf("NOT CHECKED, the example in Node cannot run: %v. Install node and npm, then run scripts/pact.sh", err)
	}
}

const presented = "integration token" // in the descriptions of what the examples do

// The registries of the examples are held against our pacts, as the guide says.
func TestForeignProviders(t *testing.T) {
	t.Run("Go", func(t *testing.T) {
		server := httptest.NewServer(example.NewRegistry())
		defer server.Close()
		keeps(t, server.URL)
	})
	t.Run("Node", func(t *testing.T) {
		needsNode(t)
		node := exec.CommandContext(t.Context(), "node", "../../examples/node/registry.mjs")
		node.Stderr = os.Stderr
		out, err := node.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := node.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = node.Process.Kill()
			_ = node.Wait()
		}()
		base, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		keeps(t, strings.TrimSpace(base))
	})
}

// Our own registry and tenants, reached as foreign ones are: states and messages by
// HTTP, client certificates over mTLS to a server that a given CA has signed for.
func TestProviderFarAway(t *testing.T) {
	s, err := states.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	endpoints := httptest.NewServer(s)
	defer endpoints.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, s.CA(), 0o600); err != nil {
		t.Fatal(err)
	}
	at := s.Provider()
	for _, test := range []struct{ provider, consumer, want string }{
		{"btp", "cxsim-commerce", ", 0 failed"},
		{"btp", "extension", ", 0 failed"},
		{"marketingsim", "", ", 0 failed"},
	} {
		code, out, errs := verify(t, "provider", "PROVIDER", test.provider, "CONSUMER", test.consumer, "PROVIDER_CA", ca,
			"PROVIDER_BASE_URL", at.Base, "PROVIDER_MTLS_URL", at.MTLS, "STATE_URL", endpoints.URL+"/states", "MESSAGE_URL", endpoints.URL+"/messages")
		if code != exitKept || !strings.Contains(out, test.want) {
			t.Errorf("%s for %q: got %d\n%s%s", test.provider, test.consumer, code, out, errs)
		}
	}
	// Without the CA nothing is believed that needs a certificate, and it says why.
	code, out, _ := verify(t, "provider", "PROVIDER", "btp", "CONSUMER", "cxsim-commerce", "DESCRIPTION", "a certificate is revoked",
		"PROVIDER_BASE_URL", at.Base, "PROVIDER_MTLS_URL", at.MTLS, "STATE_URL", endpoints.URL+"/states")
	if code != exitBroken || !strings.Contains(out, "does not answer: tls: failed to verify certificate") {
		t.Errorf("without the CA: got %d\n%s", code, out)
	}
}

// keeps verifies what the examples can: tokens, of one consumer.
func keeps(t *testing.T, base string) {
	t.Helper()
	junit := filepath.Join(t.TempDir(), "junit.xml")
	code, out, errs := verify(t, "provider", "PROVIDER", "btp", "PROVIDER_BASE_URL", base, "STATE_URL", base+"/states",
		"CONSUMER", "cxsim-commerce", "DESCRIPTION", presented, "JUNIT", junit)
	if code != exitKept || !strings.Contains(out, "btp: 5 interactions, 0 failed") {
		t.Errorf("got %d\n%s%s", code, out, errs)
	}
	// All that it does not do is told, with what is different.
	code, out, _ = verify(t, "provider", "PROVIDER", "btp", "PROVIDER_BASE_URL", base, "STATE_URL", base+"/states", "CONSUMER", "cxsim-commerce", "JUNIT", junit)
	for _, want := range []string{
		"FAILED what the registry is\n", `the state "a registry" could not be set`, `there is no state`,
		"given a registry\n", "when  GET /.well-known/pairsim-configuration\n", "ok     a used integration token is presented",
	} {
		if code != exitBroken || !strings.Contains(out, want) {
			t.Errorf("got %d, want %d and %q:\n%s", code, exitBroken, want, out)
		}
	}
	text, err := os.ReadFile(junit)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Cases    []struct {
			Failure *struct {
				Message string `xml:"message,attr"`
			} `xml:"failure"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal(text, &doc); err != nil {
		t.Fatalf("the JUnit report: %v\n%s", err, text)
	}
	failed := 0
	for _, c := range doc.Cases {
		if c.Failure != nil && c.Failure.Message != "" {
			failed++
		}
	}
	if doc.Tests != len(doc.Cases) || doc.Failures != failed || failed != len(doc.Cases)-5 || failed < 30 {
		t.Errorf("the JUnit report says %d tests, %d failures, and has %d cases, %d failed; want all but five of some forty", doc.Tests, doc.Failures, len(doc.Cases), failed)
	}
}

// The connectors of the examples: pairsim is held against their pacts.
func TestForeignConsumers(t *testing.T) {
	t.Run("Node", func(t *testing.T) {
		needsNode(t)
		dir := t.TempDir()
		node := exec.CommandContext(t.Context(), "node", "--test")
		node.Dir, node.Env = "../../examples/node", append(os.Environ(), "PACT_DIR="+dir)
		if out, err := node.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		serves(t, filepath.Join(dir, "node-connector-btp.json"), "3 interactions, 0 failed")
	})
	t.Run("Go", func(t *testing.T) {
		dir := t.TempDir()
		connector := exec.CommandContext(t.Context(), "go", append([]string{"test", "-tags", "pact,nomsgpack,grpcnotrace", "-count=1"}, append(raceFlag, "../../examples/go")...)...)
		connector.Env = append(os.Environ(), "PACT_DIR="+dir)
		if out, err := connector.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		serves(t, filepath.Join(dir, "go-connector-btp.json"), "2 interactions, 0 failed")
	})
}

func serves(t *testing.T, pact, want string) {
	t.Helper()
	if code, out, errs := verify(t, "consumer", "PACT", pact); code != exitKept || !strings.Contains(out, want) {
		t.Errorf("got %d, want %q\n%s%s", code, want, out, errs)
	}
}

// Whatever cannot be verified ends with words and a status, never with a pass.
func TestNothingToVerify(t *testing.T) {
	html := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<html><body>It works!</body></html>"))
	}))
	defer html.Close()
	registry := httptest.NewServer(example.NewRegistry())
	defer registry.Close()
	down := "http://" + freeport.Address(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const request = `"interactions":[{"description":"tea","providerStates":[{"name":"a pot on the moon"}],"request":{"method":"GET","path":"/"},"response":{"status":200}}]`
	const parties = `"consumer":{"name":"c"},"provider":{"name":"btp"},`
	for _, test := range []struct {
		name, what string
		variables  []string
		code       int
		want       string // in the output or the errors
	}{
		{"no command", "tea", nil, exitNothing, "usage:"},
		{"an unknown provider", "provider", []string{"PROVIDER", "sales"}, exitNothing, `PROVIDER "sales": there is no pact of it; there are pacts of btp, cxsim, marketingsim`},
		{"no address", "provider", []string{"PROVIDER", "btp"}, exitNothing, "PROVIDER_BASE_URL is missing"},
		{"an address that is none", "provider", []string{"PROVIDER", "btp", "PROVIDER_BASE_URL", "localhost"}, exitNothing, `base URL "localhost": want http(s)://`},
		{"a provider that is down", "provider", []string{"PROVIDER", "btp", "PROVIDER_BASE_URL", down}, exitNothing, "nobody answers at " + down},
		{"states that are down", "provider", []string{"PROVIDER", "btp", "PROVIDER_BASE_URL", html.URL, "STATE_URL", down}, exitNothing, "nobody answers at " + down},
		{
			"a provider that answers HTML", "provider",
			[]string{"PROVIDER", "btp", "PROVIDER_BASE_URL", html.URL, "STATE_URL", "none", "DESCRIPTION", "what the registry is"},
			exitBroken, "the provider answered 200 with HTML (is the address that of an API?)",
		},
		{
			"states that answer HTML", "provider",
			[]string{"PROVIDER", "btp", "PROVIDER_BASE_URL", registry.URL, "STATE_URL", html.URL, "DESCRIPTION", "what the registry is"},
			exitBroken, "want a JSON object of values",
		},
		{
			"no state-change endpoint", "provider",
			[]string{"PROVIDER", "btp", "PROVIDER_BASE_URL", registry.URL, "DESCRIPTION", "what the registry is"},
			exitBroken, `needs the state "a registry", and there is no state-change endpoint: give STATE_URL`,
		},
		{
			"nobody to ask for messages", "provider",
			[]string{"PROVIDER", "cxsim", "PROVIDER_BASE_URL", registry.URL, "STATE_URL", "none", "DESCRIPTION", "the event Account"},
			exitBroken, "there is nobody to ask for messages: give MESSAGE_URL",
		},
		{"no such interaction", "provider", []string{"PROVIDER", "btp", "PROVIDER_BASE_URL", registry.URL, "DESCRIPTION", "tea"}, exitNothing, "nothing was verified"},
		{"no such consumer", "provider", []string{"PROVIDER", "btp", "PROVIDER_BASE_URL", registry.URL, "CONSUMER", "me"}, exitNothing, `has the consumer "me"`},
		{"a CA that is none", "provider", []string{"PROVIDER", "btp", "PROVIDER_BASE_URL", registry.URL, "PROVIDER_CA", file("ca.pem", "tea")}, exitNothing, "holds no certificate in PEM"},
		{"no folder of pacts", "provider", []string{"PROVIDER", "btp", "PACTS", dir + "/none"}, exitNothing, "PACTS: "},
		{"no pact", "consumer", nil, exitNothing, "PACT is missing"},
		{"a pact that is not there", "consumer", []string{"PACT", dir + "/none.json"}, exitNothing, "no such file"},
		{"a broken pact", "consumer", []string{"PACT", file("broken.json", `{"consumer":`)}, exitNothing, "is not a JSON object"},
		{"no pact at all", "consumer", []string{"PACT", file("other.json", `{"openapi":"3.1.0"}`)}, exitNothing, "is no pact: consumer.name or provider.name is missing"},
		{"a pact of nothing", "consumer", []string{"PACT", file("empty.json", `{`+parties+`"interactions":[]}`)}, exitNothing, "has no interactions"},
		{"a pact of half an interaction", "consumer", []string{"PACT", file("half.json", `{`+parties+`"interactions":[{"description":"tea"}]}`)}, exitNothing, "has no request with a path"},
		{
			"a pact of another provider", "consumer",
			[]string{"PACT", file("billing.json", `{"consumer":{"name":"c"},"provider":{"name":"billing"},`+request+`}`)},
			exitNothing, `is a pact of the provider "billing"; pairsim plays btp, cxsim, marketingsim`,
		},
		{"an unknown state", "consumer", []string{"PACT", file("moon.json", `{`+parties+request+`}`)}, exitBroken, `there is no provider state "a pot on the moon"; there are: `},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, out, errs := verify(t, test.what, test.variables...)
			if code != test.code || !strings.Contains(out+errs, test.want) {
				t.Errorf("got %d, want %d and %q\n%s%s", code, test.code, test.want, out, errs)
			}
		})
	}
}
