// Command dist builds what is released: the binary for each platform, an image
// archive for each Linux one, which docker load takes, and their checksums. What is
// made depends on the sources and the version only: two builds have the same hashes.
//
//	go run ./internal/dist VERSION FOLDER [PLATFORM…]
package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/internal/gobuild"
	"github.com/pairsim/pairsim/internal/image"
)

// platforms are those that are released.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: dist VERSION FOLDER [PLATFORM…], a platform such as linux/amd64")
		os.Exit(2)
	}
	wanted := os.Args[3:]
	if len(wanted) == 0 {
		wanted = platforms
	}
	if err := build(os.Args[1], os.Args[2], wanted); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// build makes everything in folder, which it empties first.
func build(version, folder string, wanted []string) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // what is released is for all
		return err
	}
	var made []string
	for _, platform := range wanted {
		if !slices.Contains(platforms, platform) {
			return fmt.Errorf("there is no platform %q; platforms are %s", platform, strings.Join(platforms, ", "))
		}
		system, arch, _ := strings.Cut(platform, "/")
		binary := filepath.Join(folder, fmt.Sprintf("pairsim_%s_%s_%s", version, system, arch))
		if system == "windows" {
			binary += ".exe"
		}
		if err := compile(version, system, arch, binary); err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
		made = append(made, binary)
		if system != "linux" {
			continue
		}
		archive := binary + ".image.tar"
		if err := writeImage(archive, binary, "pairsim:"+version, arch); err != nil {
			return fmt.Errorf("image for %s: %w", platform, err)
		}
		made = append(made, archive)
	}
	return writeSums(filepath.Join(folder, "SHA256SUMS"), made)
}

// maxImage is how much of an image a registry keeps and docker pull transfers, in
// bytes: the archive, whose layer is compressed.
const maxImage = 25_000_000

func writeImage(archive, binary, tag, arch string) error {
	content, err := os.ReadFile(binary) //nolint:gosec // built just now
	if err != nil {
		return err
	}
	file, err := os.Create(archive) //nolint:gosec // in the folder that was asked for
	if err != nil {
		return err
	}
	err = errors.Join(image.Write(file, content, tag, arch), file.Close())
	if err != nil {
		return err
	}
	made, err := os.Stat(archive)
	if err == nil && made.Size() > maxImage {
		err = fmt.Errorf("it has %.1f MB, more than the %.1f that are allowed", float64(made.Size())/1e6, maxImage/1e6)
	}
	return err
}

func compile(version, system, arch, binary string) error {
	build := exec.Command("go", "build", "-tags", gobuild.Tags, "-trimpath", "-buildvcs=false", //nolint:gosec // the arguments are ours
		"-ldflags", "-s -w -X main.version="+version, "-o", binary, "./cmd/pairsim")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOOS="+system, "GOARCH="+arch)
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	return build.Run()
}

// writeSums writes what sha256sum --check reads.
func writeSums(path string, files []string) error {
	var sums strings.Builder
	for _, file := range files {
		sum, err := sumOf(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sum, filepath.Base(file))
	}
	fmt.Print(sums.String())
	return os.WriteFile(path, []byte(sums.String()), 0o644) //nolint:gosec // as above
}

func sumOf(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // a file that was made here
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	h := sha256.New()
	_, err = io.Copy(h, f)
	return h.Sum(nil), err
}
