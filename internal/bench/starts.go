package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pairsim/pairsim/testenv"
	"github.com/pairsim/pairsim/testenv/containers"
)

// closer is a landscape that has started.
type closer interface{ Close(context.Context) error }

// inProcess and asProcess end without a context.
type inProcess struct{ *testenv.Env }

func (e inProcess) Close(context.Context) error { return e.Env.Close() }

type asProcess struct{ *testenv.Process }

func (p asProcess) Close(context.Context) error { return p.Process.Close() }

// testenvStart measures the ways to a landscape for a test, until every listener answers
// and a test can ask. What is built beforehand, once in a test's process, is not counted.
func (b *bench) testenvStart(ctx context.Context) error {
	const most = 2 // ms
	quickest, err := starts(40, func() (closer, error) {
		env, err := testenv.New(ctx)
		return inProcess{env}, err
	})
	if err != nil {
		return err
	}
	report("testenv-start", quickest, "ms", quickest/most, atMost(1))
	process, err := starts(10, func() (closer, error) {
		p, err := testenv.NewProcess(ctx, testenv.WithBinary(b.pairsim))
		return asProcess{p}, err
	})
	if err != nil {
		return err
	}
	show("testenv-start/process", process, "ms", process/quickest)
	return containersStart(ctx, quickest)
}

// containersStart measures what runs in an engine, where there is one.
func containersStart(ctx context.Context, quickest float64) error {
	one, landscape := "testenv-start/container", "testenv-start/containers"
	// No image is pulled; the engine's ports are on this machine.
	for name, value := range map[string]string{"TESTCONTAINERS_RYUK_DISABLED": "true", "TESTCONTAINERS_HOST_OVERRIDE": "localhost"} {
		if _, given := os.LookupEnv(name); !given {
			if err := os.Setenv(name, value); err != nil {
				return err
			}
		}
	}
	if err := containers.Reachable(ctx); errors.Is(err, containers.ErrNoEngine) {
		for _, name := range []string{one, landscape} {
			fmt.Printf("%-32s not measured: no engine\n", name)
		}
		return nil
	} else if err != nil {
		return err
	}
	image, err := containers.BuildImage(ctx)
	if err != nil {
		return err
	}
	for _, way := range []struct {
		name  string
		start func() (closer, error)
	}{
		{one, func() (closer, error) { return containers.Run(ctx, image) }},
		{landscape, func() (closer, error) { return containers.RunLandscape(ctx, image) }},
	} {
		took, err := starts(3, way.start)
		if err != nil {
			return errors.Join(err, containers.RemoveImage(ctx, image))
		}
		show(way.name, took, "ms", took/quickest)
	}
	return containers.RemoveImage(ctx, image)
}

// starts is the lower quartile of the times that a landscape takes to start.
func starts(rounds int, start func() (closer, error)) (float64, error) {
	var took []float64
	for range rounds {
		began := time.Now()
		landscape, err := start()
		took = append(took, milliseconds(time.Since(began)))
		if err != nil {
			return 0, err
		}
		if err := landscape.Close(context.Background()); err != nil { // also when the run is over
			return 0, err
		}
	}
	return lowerQuartile(took), nil
}
