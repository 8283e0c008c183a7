package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// runDemo carries out the demo command alone, with stdin that is no terminal.
func runDemo(t *testing.T, ctx context.Context, args ...string) (string, error) { //nolint:revive // t first, as everywhere
	t.Helper()
	c := newDemoCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetIn(strings.NewReader(""))
	c.SetArgs(args)
	err := c.ExecuteContext(ctx)
	return out.String(), err
}

var freePorts = []string{"--http", "127.0.0.1:0", "--mtls", "127.0.0.1:0", "--control", "127.0.0.1:0"}

func TestDemo(t *testing.T) {
	for _, edition := range []string{"v1", "2021-10", "v2", "latest"} {
		t.Run(edition, func(t *testing.T) {
			out, err := runDemo(t, t.Context(), append([]string{"--edition", edition, "--exit"}, freePorts...)...)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, want := range []string{"throwaway keys", "6 systems paired, 3 tokens refused, 2 systems left", "The landscape is gone now."} {
				if !strings.Contains(out, want) {
					t.Errorf("want %q in\n%s", want, out)
				}
			}
			for line := range strings.Lines(out) {
				if n := utf8.RuneCountInString(line); n > 101 {
					t.Errorf("line of %d characters, want at most 100: %s", n-1, line)
				}
			}
			if strings.Contains(out, "\x1b") {
				t.Error("colour codes, though the output is no terminal")
			}
		})
	}
}

// TestDemoTaken: taken default addresses are no obstacle, one that a flag names is.
func TestDemoTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()

	c := newDemoCommand() // its default is taken
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetIn(strings.NewReader(""))
	c.SetArgs([]string{"--exit"})
	if err := c.Flag("http").Value.Set(address); err != nil {
		t.Fatal(err)
	}
	if err := c.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if want := address + " is taken: free ports are used instead"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("want %q first, got\n%s", want, out.String())
	}

	_, err = runDemo(t, t.Context(), "--exit", "--http", address, "--mtls", "127.0.0.1:0", "--control", "127.0.0.1:0")
	if err == nil || failureOf(err).title != "Address is taken" {
		t.Errorf("got %v, want that the address is taken", err)
	}
}

func TestDemoNeedsListeners(t *testing.T) {
	_, err := runDemo(t, t.Context(), "--control", "off")
	var usage *usageError
	if err == nil || !errors.As(err, &usage) {
		t.Errorf("got %v, want wrong usage", err)
	}
}

func TestDemoInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := runDemo(t, ctx, append([]string{"--exit"}, freePorts...)...); err == nil || failureOf(err).title != "Interrupted" {
		t.Errorf("got %v, want interrupted", err)
	}
}

// TestTerminal: neither a pipe, nor a file, nor the null device is a person.
func TestTerminal(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for name, stream := range map[string]any{"null device": null, "pipe": r, "buffer": &bytes.Buffer{}} {
		if terminal(stream) {
			t.Errorf("%s counts as a terminal", name)
		}
	}
	if colored(w) {
		t.Error("a pipe is written to in colours")
	}
}
