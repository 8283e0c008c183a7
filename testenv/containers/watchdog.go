package containers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// A killed process cannot remove what it has made, and a container that has ended
// cannot remove its network; one that was never started does not even end. A second
// process of the same program outlives the test's just long enough to do it: it waits
// for the end of a pipe whose other end the test's process holds, however that ends.

// sessionLabel marks what a process has made with a word of that process.
const sessionLabel = label + ".session"

// session is the word of this process.
var session = strings.ToLower(rand.Text())

// labels are those of a part or a network.
func labels(of string) map[string]string {
	return map[string]string{label: of, sessionLabel: session}
}

// watchdogVariable tells a program that it is the watchdog of a session.
const watchdogVariable = "PAIRSIM_TESTENV_WATCHDOG"

// init, and not TestMain: the program is a test of somebody else's.
func init() {
	if of := os.Getenv(watchdogVariable); of != "" {
		os.Exit(watch(of, os.Stdin))
	}
}

// guard is the watchdog of this process.
var guard watchdog

// watchdog is a process that removes what is left when this one is killed. It runs
// while there is something to remove.
type watchdog struct {
	mu      sync.Mutex
	made    int // parts and networks that are not removed yet
	process *exec.Cmd
	pipe    io.WriteCloser
}

// enter is called before a part or a network is made.
func (w *watchdog) enter() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.made == 0 {
		if err := w.start(); err != nil {
			return fmt.Errorf("start the process that removes what a killed test leaves: %w", err)
		}
	}
	w.made++
	return nil
}

func (w *watchdog) start() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	process := exec.Command(program) //nolint:gosec // this one
	process.Env = append(os.Environ(), watchdogVariable+"="+session)
	process.SysProcAttr = apart()
	pipe, err := process.StdinPipe()
	if err != nil {
		return err
	}
	if err := process.Start(); err != nil {
		return err
	}
	w.process, w.pipe = process, pipe
	return nil
}

// leave is called when it is removed.
func (w *watchdog) leave() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.made--; w.made > 0 {
		return nil
	}
	_, told := io.WriteString(w.pipe, nothingLeft)
	return errors.Join(told, w.pipe.Close(), w.process.Wait())
}

// nothingLeft is what the watchdog is told when it is not needed any more.
const nothingLeft = "nothing is left"

// Bounds of what the watchdog does, in real time.
const (
	watchWithin = 2 * time.Minute
	watchEvery  = 100 * time.Millisecond
	// quietFor is how long nothing may be found until it believes that there is nothing:
	// the engine still makes what it was asked for when the test was killed.
	quietFor = 3 * time.Second
)

// watch waits for the end of the test's process and removes what is left of it.
func watch(session string, parent io.Reader) (exitCode int) {
	signal.Ignore(os.Interrupt) // is meant for the test
	if told, _ := io.ReadAll(io.LimitReader(parent, int64(len(nothingLeft)))); string(told) == nothingLeft {
		return 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), watchWithin)
	defer cancel()
	engine, _, err := connectEngine(ctx)
	if err != nil {
		return 1
	}
	defer engine.Close() //nolint:errcheck // the process ends
	for quietSince := time.Now(); time.Since(quietSince) < quietFor; time.Sleep(watchEvery) {
		if ctx.Err() != nil {
			return 1
		}
		if found, err := removeAll(ctx, engine, session); found || err != nil {
			quietSince = time.Now()
		}
	}
	return 0
}

// removeAll removes what it finds of a session; what cannot be removed yet, as a
// network with a container, is found again.
func removeAll(ctx context.Context, engine *testcontainers.DockerClient, session string) (found bool, err error) {
	of := client.Filters{}.Add("label", sessionLabel+"="+session)
	containers, err := engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: of})
	if err != nil {
		return false, err
	}
	for _, c := range containers.Items {
		_, _ = engine.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	}
	networks, err := engine.NetworkList(ctx, client.NetworkListOptions{Filters: of})
	if err != nil {
		return false, err
	}
	for _, n := range networks.Items {
		_, _ = engine.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
	}
	volumes, err := engine.VolumeList(ctx, client.VolumeListOptions{Filters: of})
	if err != nil {
		return false, err
	}
	for _, v := range volumes.Items {
		_, _ = engine.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{})
	}
	return len(containers.Items)+len(networks.Items)+len(volumes.Items) > 0, nil
}
