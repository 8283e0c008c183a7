// Package gobuild builds a program of pairsim with the machine's Go, of the version
// that the caller's module requires, into the user's cache.
package gobuild

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Tags leave out what the program does not need: gin's MessagePack, which nobody here
// speaks, and gRPC's tracing, which calls methods by name (ADR 44). The Makefile has them, too.
const Tags = "nomsgpack,grpcnotrace"

// builds are those of this process.
var builds sync.Map // of func() (string, error)

// Build builds a main package, statically, for a platform. The file stands in the
// user's cache, one for each module, and is replaced by the next process that builds.
// Within one it is built once.
func Build(program, system, arch string) (string, error) {
	once, _ := builds.LoadOrStore(program+" "+system+"/"+arch, sync.OnceValues(func() (string, error) { return build(program, system, arch) }))
	return once.(func() (string, error))()
}

// Cache is pairsim's folder in the user's cache, which it makes.
func Cache(below ...string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	folder := filepath.Join(append([]string{cache, "pairsim"}, below...)...)
	return folder, os.MkdirAll(folder, 0o755) //nolint:gosec // a cache, as the user's others
}

// module is that of the programs.
const module = "github.com/pairsim/pairsim"

// sources is the folder of the module's sources, in the version that the caller's module
// has: a checkout, or in Go's module cache.
func sources() (string, error) {
	list := exec.Command("go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module) // readonly: a vendor folder has no programs
	var said bytes.Buffer
	list.Stderr = &said
	folder, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("find the sources of %s: %w\n%s", module, err, bytes.TrimSpace(said.Bytes()))
	}
	if folder = bytes.TrimSpace(folder); len(folder) == 0 {
		return "", fmt.Errorf("the sources of %s are not in the module cache: go mod download %s", module, module)
	}
	return string(folder), nil
}

func build(program, system, arch string) (string, error) {
	caller, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go is needed to build %s: %w", path.Base(program), err)
	}
	from, err := sources()
	if err != nil {
		return "", err
	}
	folder, err := Cache(fmt.Sprintf("testenv-%x", sha256.Sum256(caller))[:24])
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, path.Base(program)+"_"+system+"_"+arch)
	if system == "windows" {
		file += ".exe"
	}
	if err := removeStale(file); err != nil {
		return "", err
	}
	// Built beside it and moved: a process that runs keeps its own, and a second test
	// never starts half a program.
	part := fmt.Sprintf("%s.%d%s", file, os.Getpid(), partial)
	defer os.Remove(part)                                                                                                           //nolint:errcheck // gone when all went well
	compile := exec.Command("go", "build", "-tags", Tags, "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", part, program) //nolint:gosec // a program of ours
	// Among its own sources, a program has the dependencies that it was tested with. A
	// module that requires pairsim has the checksums of what its tests import alone.
	compile.Dir = from
	compile.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOOS="+system, "GOARCH="+arch)
	if out, err := compile.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", path.Base(program), err, bytes.TrimSpace(out))
	}
	return file, os.Rename(part, file)
}

const (
	partial = ".part"
	// staleAfter is more than any build takes.
	staleAfter = time.Hour
)

// removeStale removes what builds have left whose process was killed.
func removeStale(file string) error {
	parts, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		return err
	}
	for _, p := range parts {
		if !strings.HasPrefix(p.Name(), filepath.Base(file)+".") || !strings.HasSuffix(p.Name(), partial) {
			continue
		}
		if info, err := p.Info(); err == nil && time.Since(info.ModTime()) > staleAfter {
			_ = os.Remove(filepath.Join(filepath.Dir(file), p.Name())) // somebody else may have
		}
	}
	return nil
}
