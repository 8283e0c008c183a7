package systemroots_test

import (
	"crypto/x509"
	"path/filepath"
	"testing"

	"github.com/pairsim/pairsim/internal/systemroots"
)

// A machine without authorities has Mozilla's; what verifies without a pool of its own
// takes the same ones. Nothing here may ask for the system's before.
func TestAMachineWithoutAuthoritiesHasMozillas(t *testing.T) {
	t.Setenv("SSL_CERT_FILE", filepath.Join(t.TempDir(), "none.pem"))
	t.Setenv("SSL_CERT_DIR", t.TempDir())
	pool, err := systemroots.Pool()
	if err != nil {
		t.Fatal(err)
	}
	if pool.Equal(x509.NewCertPool()) {
		t.Error("got no authority, want Mozilla's")
	}
	systemroots.Complete() // may be said often
	if again, err := x509.SystemCertPool(); err != nil || !again.Equal(pool) {
		t.Errorf("the standard library's pool is another one (%v)", err)
	}
}
