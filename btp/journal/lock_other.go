//go:build !unix

package journal

import (
	"io"
	"os"
	"path/filepath"
)

// lockFolder opens the lock's file; elsewhere nobody keeps a second process away.
func lockFolder(folder string) (io.Closer, error) {
	return os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
}
