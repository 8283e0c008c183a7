package containers

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

// PostgresImage is what StartPostgres runs unless a test names another, such as the one
// that scripts/postgres_image.sh makes where none can be pulled.
const PostgresImage = "docker.io/library/postgres:17-alpine"

const (
	postgresPort   = "5432"
	postgresUser   = "pairsim"
	postgresWithin = time.Minute
)

// postgresUntilStdinCloses runs the image's own program for as long as somebody holds
// the container's standard input (ADR 34). Nobody needs its data after that.
const postgresUntilStdinCloses = `docker-entrypoint.sh postgres -c fsync=off & server=$!
cat >/dev/null
kill -INT $server
wait $server`

// Postgres is a PostgreSQL server in a container, with an empty database in which
// registries keep their data.
type Postgres struct {
	*Part
	password string
}

// StartPostgres starts a server of an image and ends it with the test.
func StartPostgres(t testing.TB, img string) *Postgres {
	t.Helper()
	p, err := RunPostgres(t.Context(), img)
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of PostgreSQL, its end:\n%s", p.Log())
		}
		if err := p.Close(context.Background()); err != nil {
			t.Errorf("end PostgreSQL: %v", err)
		}
	})
	return p
}

// RunPostgres starts a server; Close ends it.
func RunPostgres(ctx context.Context, img string) (*Postgres, error) {
	engine, _, err := connectEngine(ctx)
	if err != nil {
		return nil, err
	}
	err = hasImage(ctx, engine, img)
	if err == nil {
		err = guard.enter() // which Close leaves
	}
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	p := &Postgres{&Part{name: "postgres", log: &output{}, engine: engine}, rand.Text()}
	if err := p.start(ctx, img); err != nil {
		return nil, errors.Join(err, p.Close(ctx))
	}
	return p, nil
}

func (p *Postgres) start(ctx context.Context, img string) error {
	return p.runWith(ctx, img, []testcontainers.ContainerCustomizer{
		testcontainers.WithLabels(labels(p.name)),
		testcontainers.WithEnv(map[string]string{"POSTGRES_USER": postgresUser, "POSTGRES_PASSWORD": p.password, "POSTGRES_DB": postgresUser}),
		testcontainers.WithEntrypoint("sh", "-c", postgresUntilStdinCloses),
		// What fills a new database listens on no address yet.
		testcontainers.WithWaitStrategyAndDeadline(postgresWithin,
			wait.ForExec([]string{"pg_isready", "-h", "127.0.0.1"}).WithPollInterval(50*time.Millisecond).WithStartupTimeout(postgresWithin)),
		testcontainers.WithConfigModifier(func(c *container.Config) { c.AttachStdin, c.OpenStdin, c.StdinOnce = true, true, true }),
		onHost(func(h *container.HostConfig) { h.AutoRemove = true }),
		testcontainers.WithAdditionalLifecycleHooks(testcontainers.ContainerLifecycleHooks{
			PostCreates: []testcontainers.ContainerHook{p.attach},
		}),
		testcontainers.CustomizeRequestOption(quiet),
	})
}

// WithPostgres keeps the registry's data in p: of every registry that is given it. They
// reach it over the engine's own bridge, whatever network they are cut off from.
func WithPostgres(p *Postgres) testcontainers.CustomizeRequestOption {
	return func(r *testcontainers.GenericContainerRequest) error {
		host, err := p.address(context.Background())
		if err != nil {
			return err
		}
		data := url.URL{Scheme: "postgres", User: url.User(postgresUser), Host: net.JoinHostPort(host, postgresPort), Path: postgresUser}
		return testcontainers.WithEnv(map[string]string{"PAIRSIM_DATA": data.String(), "PGPASSWORD": p.password})(r)
	}
}

// address is the server's on the engine's bridge.
func (p *Postgres) address(ctx context.Context) (string, error) {
	got, err := p.engine.ContainerInspect(ctx, p.GetContainerID(), client.ContainerInspectOptions{})
	if err != nil {
		return "", err
	}
	for _, network := range got.Container.NetworkSettings.Networks {
		if network.IPAddress.IsValid() {
			return network.IPAddress.String(), nil
		}
	}
	return "", errors.New("PostgreSQL has no address on the engine's bridge")
}
