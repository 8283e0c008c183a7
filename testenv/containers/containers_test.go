//go:build containers

package containers_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/pairsim/pairsim/internal/landscapetest"
	"github.com/pairsim/pairsim/testenv/containers"
)

// image is built once for all tests, and removed behind them.
var image string

func TestMain(m *testing.M) { os.Exit(withImage(m)) }

func withImage(m *testing.M) int {
	ctx := context.Background()
	if os.Getenv("PAIRSIM_TEST_NO_ENGINE") != "" || os.Getenv(victim) != "" { // see TestNoEngine, TestKilledTestLeavesNothing
		return m.Run()
	}
	var err error
	if image, err = containers.BuildImage(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "build the image:", err)
		return 1
	}
	code := m.Run()
	if err := containers.RemoveImage(ctx, image); err != nil {
		fmt.Fprintln(os.Stderr, "remove the image:", err)
		code = max(code, 1)
	}
	return code
}

func run(t *testing.T) *containers.Container {
	t.Helper()
	c, err := containers.Run(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the container's log, its end:\n%s", c.Log())
		}
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestLandscapeInOneContainer(t *testing.T) {
	t.Parallel()
	landscapetest.Run(t, run(t))
}

func TestLandscapeInContainers(t *testing.T) {
	t.Parallel()
	l := containers.Start(t)
	landscapetest.Run(t, l)
	t.Run("its wire is the documented one", func(t *testing.T) { wire(t, l) })
}
