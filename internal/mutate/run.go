package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const interrupt = syscall.SIGTERM

// runner judges mutations of the module at root, one after another.
type runner struct {
	root string
	// limit is how long the tests of a package may take.
	limit time.Duration
	// baselines are the tests that were run on the unedited module.
	baselines map[tests]error
	log       io.Writer
}

// outcome is what became of one mutation.
type outcome struct {
	result
	// Took is the time of its tests, without those of the unedited module.
	Took     time.Duration
	TimedOut bool
	// Broken is why the declaration says nothing; nil when it does.
	Broken error
}

// judge runs the tests of m on a copy of the module that has the edit: the edited
// file lies elsewhere, and go build takes it instead.
func (r *runner) judge(ctx context.Context, m *mutation) outcome {
	o := outcome{result: result{Name: m.Name, Rule: m.Rule, Breaks: m.Breaks, File: m.File, Outcome: survived, Known: m.Known}}
	o.Broken = r.tryCatch(ctx, m, &o)
	if o.Broken == nil && o.Outcome == caught && m.Known != "" {
		o.Broken = fmt.Errorf("it is declared as one that no test can notice, but %s does", strings.Join(o.CaughtBy, ", "))
	}
	return o
}

func (r *runner) tryCatch(ctx context.Context, m *mutation, o *outcome) error {
	edited, err := m.apply(r.root)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "pairsim-mutate-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	overlay, err := writeOverlay(dir, filepath.Join(r.root, m.File), edited)
	if err != nil {
		return err
	}
	for _, t := range m.Tests {
		if err := r.baseline(ctx, t); err != nil {
			return err
		}
		started := time.Now()
		v, err := goTest(ctx, r.root, overlay, t, r.limit)
		o.Took += time.Since(started)
		switch {
		case err != nil:
			return err
		case v.NotBuilt != "":
			return fmt.Errorf("the edit does not compile: %s", strings.TrimSpace(v.NotBuilt))
		case !v.ok():
			o.Outcome, o.TimedOut, o.CaughtBy = caught, v.TimedOut, v.Failed[:min(len(v.Failed), maxNamed)]
			return nil
		}
	}
	return nil
}

// baseline says whether tests pass on the module as it is: if they do not, or if
// there are none, their failing with an edit would mean nothing.
func (r *runner) baseline(ctx context.Context, t tests) error {
	if err, known := r.baselines[t]; known {
		return err
	}
	fmt.Fprintf(r.log, "# unedited: go test -run '%s' ./%s\n", t.Run, t.Package)
	v, err := goTest(ctx, r.root, "", t, r.limit)
	switch {
	case err != nil:
	case v.ok():
	case v.NotBuilt != "":
		err = fmt.Errorf("./%s does not compile as it is: %s", t.Package, v.NotBuilt)
	case len(v.Failed) > 0:
		err = fmt.Errorf("./%s fails as it is, without an edit: %s\n%s", t.Package, strings.Join(v.Failed, ", "), v.output)
	default:
		err = fmt.Errorf("./%s has no test that matches -run '%s'", t.Package, t.Run)
	}
	if ctx.Err() == nil {
		r.baselines[t] = err
	}
	return err
}

// writeOverlay writes what go build's -overlay wants: a file that says what stands
// for the source at path.
func writeOverlay(dir, path string, edited []byte) (string, error) {
	stand := filepath.Join(dir, filepath.Base(path))
	if err := os.WriteFile(stand, edited, 0o600); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {path: stand}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, list, 0o600)
}
