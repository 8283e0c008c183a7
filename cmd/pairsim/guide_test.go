package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/pairsim/pairsim/internal/freeport"
)

// line is a command of a guide, and what it has to print.
type line struct {
	command string
	want    []string
}

// sections are the shell blocks of a guide, each with its commands.
func sections(t *testing.T, path string) (all [][]line) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, block := range strings.Split(string(text), "\n```") {
		shell, found := strings.CutPrefix(block, "sh\n")
		if i == 0 || !found {
			continue
		}
		var lines []line
		open := ""
		for one := range strings.Lines(shell) {
			open += one
			command, comment, _ := strings.Cut(open, "# → ")
			if strings.Count(command, "'")%2 == 1 || strings.HasSuffix(strings.TrimRight(command, " \n"), `\`) {
				continue // goes on
			}
			if open = ""; strings.TrimSpace(command) != "" {
				lines = append(lines, line{strings.TrimSpace(command), expectations(comment)})
			}
		}
		all = append(all, lines)
	}
	return all
}

// expectations are the words behind an arrow, or all of it where it names a text of
// several words.
func expectations(comment string) []string {
	comment = strings.TrimSpace(comment)
	if strings.Contains(comment, "   ") || strings.HasSuffix(comment, "Application") || strings.Contains(comment, "My Shop") {
		return []string{comment}
	}
	return strings.Fields(comment)
}

// follower carries out what a guide says.
type follower struct {
	t    *testing.T
	dir  string
	env  []string
	here *strings.Replacer // from the guide's addresses to those of the test
}

func (f *follower) follow(lines []line) {
	f.t.Helper()
	for _, l := range lines {
		if len(l.want) == 0 {
			f.t.Errorf("the guide does not say what comes of: %s", l.command)
		}
		deadline := time.Now().Add(tooLong) // events are on their way for a moment
		for {
			out, err := f.run(l.command)
			missing := err
			var lacks string
			for _, want := range l.want {
				if !strings.Contains(out, want) {
					lacks = want
				}
			}
			if missing == nil && lacks == "" {
				break
			}
			if !strings.HasPrefix(l.command, "pairsim runtime show") || time.Now().After(deadline) {
				f.t.Fatalf("%s\ngot %v\n%s\nwant %q in it", l.command, err, out, lacks)
			}
		}
	}
}

func (f *follower) run(command string) (string, error) {
	ctx, cancel := context.WithTimeout(f.t.Context(), tooLong)
	defer cancel()
	c := exec.CommandContext(ctx, "bash", "-c", f.here.Replace(command))
	var out bytes.Buffer
	c.Dir, c.Env, c.Stdout, c.Stderr = f.dir, f.env, &out, &out
	err := c.Run()
	return out.String(), err
}

// follow starts a server as the guide says, and returns who follows the rest.
func follow(t *testing.T, listener string, args ...string) *follower {
	t.Helper()
	s := serveFor(t, args...)
	dir := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(dir, "pairsim")); err != nil {
		t.Fatal(err)
	}
	return &follower{t: t, dir: dir, here: strings.NewReplacer(
		"http://127.0.0.1:8080", s.http, "https://127.0.0.1:8443", s.mtls, "http://127.0.0.1:9000", listener,
		"curl ", "curl --silent --show-error --noproxy '*' ",
	), env: environment(
		"PAIRSIM_URL="+s.http, "PAIRSIM_CONTROL_URL="+s.control, "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"),
	)}
}

// TestRuntimeGuide runs every line of docs/guides/runtime.md with curl as it is.
func TestRuntimeGuide(t *testing.T) {
	t.Parallel()
	parts := sections(t, "../../docs/guides/runtime.md")
	if len(parts) != 5 || len(parts[0]) != 1 || !strings.HasPrefix(parts[0][0].command, "pairsim serve --seed docs/examples/seeds/gateway.yaml") {
		t.Fatalf("got %d blocks, the first %+v; this test does not know the guide any more", len(parts), parts[0])
	}

	// The seed's target is the server itself, whose address must be known before.
	at, nowhere := freeport.Address(t), freeport.Address(t)
	text, err := os.ReadFile("../../docs/examples/seeds/gateway.yaml")
	if err != nil {
		t.Fatal(err)
	}
	seed := filepath.Join(t.TempDir(), "gateway.yaml")
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("127.0.0.1:8080"), []byte(at)), []byte("127.0.0.1:9000"), []byte(nowhere))
	if err := os.WriteFile(seed, text, 0o600); err != nil {
		t.Fatal(err)
	}
	follow(t, "http://"+nowhere, "--seed", seed, "--http", at).follow(parts[1])

	var mu sync.Mutex
	var got []string
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e, err := cloudevents.ToEvent(r.Context(), cehttp.NewMessageFromHttpRequest(r))
		if err != nil {
			t.Error(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, e.Type()+" "+string(e.Data()))
		w.WriteHeader(http.StatusNoContent)
	}))
	defer sink.Close()
	rest := follow(t, sink.URL)
	for _, part := range parts[2:] {
		rest.follow(part)
	}
	mu.Lock()
	defer mu.Unlock()
	const name = "sap.kyma.custom.mpmyshop.order.created.v1 "
	if want := name + `{"orderCode":"1001"}, ` + name + `{"orderCode":"1002"}`; strings.Join(got, ", ") != want {
		t.Errorf("the listener got %q, want %q", got, want)
	}
}
