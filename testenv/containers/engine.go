package containers

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/pairsim/pairsim/internal/image"
	"github.com/pairsim/pairsim/testenv"
)

// engineWithin bounds how long an engine may take to say that it is there.
const engineWithin = 20 * time.Second

// ErrNoEngine says that no container engine answers.
var ErrNoEngine = errors.New("no container engine answers: start Docker, or say where it is (DOCKER_HOST); the user must be allowed to use it")

// Reachable says whether a container engine answers: ErrNoEngine when none does.
func Reachable(ctx context.Context) error {
	engine, _, err := connectEngine(ctx)
	if err != nil {
		return err
	}
	return engine.Close()
}

// connectEngine also tells under which host the engine's ports are reached.
func connectEngine(ctx context.Context) (engine *testcontainers.DockerClient, host string, err error) {
	defer func() {
		if p := recover(); p != nil { // testcontainers looks for the engine's address, and panics without one
			engine, err = nil, fmt.Errorf("%w: %v", ErrNoEngine, p)
		}
	}()
	if engine, err = testcontainers.NewDockerClientWithOpts(ctx); err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrNoEngine, err)
	}
	// The library takes the default engine when the one that was asked for does not answer.
	if wanted := os.Getenv("DOCKER_HOST"); wanted != "" && engine.DaemonHost() != wanted && engine.DaemonHost() == client.DefaultDockerHost {
		return nil, "", errors.Join(fmt.Errorf("%w: nothing at %s", ErrNoEngine, wanted), engine.Close())
	}
	bounded, cancel := context.WithTimeout(ctx, engineWithin)
	defer cancel()
	if _, err := engine.Ping(bounded, client.PingOptions{}); err != nil {
		return nil, "", errors.Join(fmt.Errorf("%w: %w", ErrNoEngine, err), engine.Close())
	}
	provider, err := testcontainers.NewDockerProvider()
	if err == nil {
		host, err = provider.DaemonHost(ctx)
		err = errors.Join(err, provider.Close())
	}
	if err != nil {
		return nil, "", errors.Join(err, engine.Close())
	}
	return engine, host, nil
}

// hasImage says at once what a pull from nowhere says after many tries: an image whose
// name has no registry and no owner is one that was built here.
func hasImage(ctx context.Context, engine *testcontainers.DockerClient, img string) error {
	_, err := engine.ImageInspect(ctx, img)
	if err == nil || strings.Contains(img, "/") {
		return nil
	}
	return fmt.Errorf("the engine has no image %s: build it (containers.BuildImage, or make image IMAGE=%s): %w", img, img, err)
}

// BuildImage makes the image from the sources of this version, for the engine's
// platform, and loads it: no base image and no registry is needed. It returns its
// name, which depends on the binary: what is there already is not loaded again.
// RemoveImage removes it.
func BuildImage(ctx context.Context) (name string, err error) {
	engine, _, err := connectEngine(ctx)
	if err != nil {
		return "", err
	}
	defer engine.Close() //nolint:errcheck // nothing is under way
	version, err := engine.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return "", err
	}
	binary, err := testenv.Build("linux", version.Arch)
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(binary) //nolint:gosec // built just now
	if err != nil {
		return "", err
	}
	name = fmt.Sprintf("pairsim:testenv-%.12x", sha256.Sum256(content))
	if _, err := engine.ImageInspect(ctx, name); err == nil {
		return name, nil
	}
	return name, load(ctx, engine, func(to io.Writer) error { return image.Write(to, content, name, version.Arch) })
}

// load has the engine take an archive while it is written: no file of it is made.
func load(ctx context.Context, engine *testcontainers.DockerClient, write func(io.Writer) error) error {
	archive, to := io.Pipe()
	defer archive.Close()                            //nolint:errcheck // ends the writer, should the engine not have read it all
	go func() { _ = to.CloseWithError(write(to)) }() // the reader is told
	answer, err := engine.ImageLoad(ctx, archive, client.ImageLoadWithQuiet(true))
	if err != nil {
		return fmt.Errorf("load the image: %w", err)
	}
	defer answer.Close() //nolint:errcheck // it is only read
	_, err = io.Copy(io.Discard, answer)
	return err
}

// RemoveImage removes an image that no container uses any more.
func RemoveImage(ctx context.Context, name string) error {
	engine, _, err := connectEngine(ctx)
	if err != nil {
		return err
	}
	defer engine.Close() //nolint:errcheck // nothing is under way
	_, err = engine.ImageRemove(ctx, name, client.ImageRemoveOptions{PruneChildren: true})
	return err
}
