// Package gobuild builds a program of pairsim with the machine's Go, of the version
// that the caller's module has, into the user's cache.
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

func build(program, system, arch string) (string, error) {
	module, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go is needed to build %s: %w", path.Base(program), err)
	}
	folder, err := Cache(fmt.Sprintf("testenv-%x", sha256.Sum256(module))[:24])
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
	defer os.Remove(part)                                                                                                                  //nolint:errcheck // gone when all went well
	compile := exec.Command("go", "build", "-tags", "nomsgpack", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", part, program) //nolint:gosec // a program of ours
	compile.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOOS="+system, "GOARCH="+arch)
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
