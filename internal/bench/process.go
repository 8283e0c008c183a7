package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pairsim/pairsim/internal/gobuild"
)

// build builds both programs in the same way as `make build` does.
func (b *bench) build(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, buildLimit)
	defer cancel()
	for path, target := range map[string]string{"cmd/pairsim": b.pairsim, "internal/bench/floor": b.floor} {
		cmd := exec.CommandContext(ctx, "go", "build", "-tags", gobuild.Tags, "-trimpath", "-ldflags", "-s -w", "-o", target, "github.com/pairsim/pairsim/"+path)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", path, err, out)
		}
	}
	return nil
}

// process is a running server.
type process struct {
	cmd                 *exec.Cmd
	http, mtls, control string
	roots               *x509.CertPool
}

const (
	startWithin = 20 * time.Second
	stopWithin  = 5 * time.Second
)

// command is a child that dies with its parent, however that ends.
func command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.SysProcAttr = childAttributes()
	cmd.Env = append(os.Environ(), "GIN_MODE=release")
	cmd.WaitDelay = stopWithin
	return cmd
}

// launch starts a server and waits until it says that it is ready.
func launch(ctx context.Context, program string, args ...string) (*process, error) {
	p := &process{cmd: command(ctx, program, args...)}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	late := time.AfterFunc(startWithin, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	if err := p.readAddresses(out); err != nil {
		p.close()
		return nil, fmt.Errorf("%s: %w", filepath.Base(program), err)
	}
	if p.mtls != "" {
		p.roots, err = p.readRoots(ctx)
	}
	if err != nil {
		p.close()
	}
	return p, err
}

// readAddresses reads what a server prints until the line "ready".
func (p *process) readAddresses(out io.Reader) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 1 && words[0] == "ready":
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return nil
		case len(words) != 2:
		case words[0] == "http":
			p.http = words[1]
		case words[0] == "mtls":
			p.mtls = words[1]
		case words[0] == "control":
			p.control = words[1]
		}
	}
	return errors.Join(errors.New("it ended before it was ready"), lines.Err())
}

func (p *process) readRoots(ctx context.Context) (*x509.CertPool, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: requestWithin}
	body, err := call(ctx, client, http.MethodGet, p.http+"/ca.pem", nil, http.StatusOK)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(body) {
		return nil, errors.New("ca.pem holds no certificate")
	}
	return roots, nil
}

// close kills the server: its data are thrown away.
func (p *process) close() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it was killed
}

// terminate ends the server in the regular way.
func (p *process) terminate() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(stopWithin, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	return p.cmd.Wait()
}

// cpuOf is the CPU time that the server uses while work runs.
func (p *process) cpuOf(work func() error) (time.Duration, error) {
	before, err := processCPU(p.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	if err := work(); err != nil {
		return 0, err
	}
	after, err := processCPU(p.cmd.Process.Pid)
	return after - before, err
}

// rss is the resident memory in bytes.
func (p *process) rss() (float64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == "VmRSS:" {
			kilobytes, err := strconv.ParseFloat(words[1], 64)
			return kilobytes * 1024, err
		}
	}
	return 0, errors.New("no VmRSS in the status of the process")
}

// floorC starts floor (c), which is (b) too.
func (b *bench) floorC(ctx context.Context) (*process, error) {
	return launch(ctx, b.floor, "127.0.0.1:0", "127.0.0.1:0")
}

// registry starts pairsim with its defaults, but on free ports.
func (b *bench) registry(ctx context.Context, store string, more ...string) (*process, error) {
	data := "memory"
	switch store {
	case sqlite:
		b.data++
		data = filepath.Join(b.dir, fmt.Sprintf("data-%d.db", b.data))
	case postgres:
		var err error
		if data, err = b.databases.Database(ctx); err != nil {
			return nil, err
		}
	}
	args := []string{"serve", "--data", data, "--http", "127.0.0.1:0", "--mtls", "127.0.0.1:0", "--control", "127.0.0.1:0"}
	return launch(ctx, b.pairsim, append(args, more...)...)
}

const (
	memory   = "memory"
	sqlite   = "sqlite"
	postgres = "postgres"
)

// servers is the floor and the registry on each store, running side by side.
func (b *bench) servers(ctx context.Context, names []string) (map[string]*process, func(), error) {
	all := map[string]*process{}
	stop := func() {
		for _, p := range all {
			p.close()
		}
	}
	for _, name := range names {
		start := func() (*process, error) { return b.registry(ctx, name) }
		if name == floor {
			start = func() (*process, error) { return b.floorC(ctx) }
		}
		p, err := start()
		if err != nil {
			stop()
			return nil, nil, err
		}
		all[name] = p
	}
	return all, stop, nil
}

const floor = "floor"

// contenders run in turn in every round.
var contenders = []string{floor, memory, sqlite}
