// Package image makes the container image of pairsim from its binary alone: no
// engine builds it, no registry is asked.
package image

import (
	"archive/tar"
	"bytes"
	"io"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// nobody is the user and group of the image: no name, no rights.
const nobody = 65532

// config is what the last stage of the Dockerfile says; a test holds the two
// against each other.
func config() v1.Config {
	return v1.Config{
		User: "65532:65532", WorkingDir: "/data", Entrypoint: []string{"/pairsim"},
		Cmd:          []string{"serve", "--http", "0.0.0.0:8080", "--mtls", "0.0.0.0:8443", "--control", "127.0.0.1:8081"},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}, "8443/tcp": {}},
		Env:          []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		Labels:       map[string]string{"org.opencontainers.image.title": "pairsim", "org.opencontainers.image.licenses": "Apache-2.0"},
		Healthcheck: &v1.HealthConfig{
			Test:     []string{"CMD", "/pairsim", "wait", "--timeout", "2s"},
			Interval: 5 * time.Second, Timeout: 3 * time.Second, StartPeriod: 10 * time.Second,
		},
	}
}

// Write writes an archive of the image, as docker load takes it, that holds the binary
// for Linux on arch and the folder of its data. No instant stands in it but 1970.
func Write(to io.Writer, binary []byte, tag, arch string) error {
	files, err := filesOf(binary)
	if err != nil {
		return err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil })
	if err != nil {
		return err
	}
	image, err := mutate.Append(empty.Image, mutate.Addendum{Layer: layer, History: v1.History{CreatedBy: "pairsim"}})
	if err != nil {
		return err
	}
	described, err := image.ConfigFile()
	if err != nil {
		return err
	}
	described = described.DeepCopy()
	described.OS, described.Architecture, described.Config = "linux", arch, config()
	described.Created = v1.Time{Time: time.Unix(0, 0).UTC()}
	if image, err = mutate.ConfigFile(image, described); err != nil {
		return err
	}
	reference, err := name.NewTag(tag)
	if err != nil {
		return err
	}
	return tarball.Write(reference, image, to)
}

// filesOf is the file system of the image.
func filesOf(binary []byte) ([]byte, error) {
	var files bytes.Buffer
	w := tar.NewWriter(&files)
	for _, h := range []tar.Header{
		{Typeflag: tar.TypeReg, Name: "pairsim", Mode: 0o755, Size: int64(len(binary))},
		{Typeflag: tar.TypeDir, Name: "data/", Mode: 0o755, Uid: nobody, Gid: nobody},
	} {
		h.ModTime = time.Unix(0, 0)
		if err := w.WriteHeader(&h); err != nil {
			return nil, err
		}
		if h.Size > 0 {
			if _, err := w.Write(binary); err != nil {
				return nil, err
			}
		}
	}
	err := w.Close()
	return files.Bytes(), err
}
