//go:build containers

package containers_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/internal/landscapetest"
	"github.com/pairsim/pairsim/testenv/containers"
)

// postgresImage is made of this machine's PostgreSQL: none is pulled.
func postgresImage(t *testing.T) string {
	t.Helper()
	const img = "pairsim-postgres:test"
	out, err := exec.CommandContext(t.Context(), "bash", "../../scripts/postgres_image.sh", img).CombinedOutput()
	var failed *exec.ExitError
	if errors.As(err, &failed) && strings.Contains(string(out), "PostgreSQL is missing") && os.Getenv("CI") != "true" {
		t.Skipf("NOT RUN: %s", out)
	}
	if err != nil {
		t.Fatalf("make an image of PostgreSQL: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if err := containers.RemoveImage(context.WithoutCancel(t.Context()), img); err != nil {
			t.Errorf("remove the image of PostgreSQL: %v", err)
		}
	})
	return img
}

// A landscape whose registry keeps its data in PostgreSQL is like any other, and a
// second registry on the database takes over when the first is gone.
func TestLandscapeOnPostgres(t *testing.T) {
	t.Parallel()
	db := containers.StartPostgres(t, postgresImage(t))
	first := containers.Start(t, containers.WithPostgres(db))
	landscapetest.Run(t, first)
	before := first.RegisterSystem(t, "Shop of the first", "SAP Commerce Cloud")

	second, err := containers.Run(t.Context(), image, containers.WithPostgres(db), containers.WithFlags("--roles", "btp"))
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close(context.WithoutCancel(t.Context()))
	if err := first.BTP.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := second.System(t, "Shop of the first"); got.ID != before.ID {
		t.Errorf("the second registry has %+v, want %+v", got, before)
	}
	second.RegisterSystem(t, "Shop of the second", "SAP Commerce Cloud")
}
