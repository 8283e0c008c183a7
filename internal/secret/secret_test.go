package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/pairsim/pairsim/internal/secret"
)

func TestWhatIsNoSecretStays(t *testing.T) {
	for _, text := range []string{
		"", "Web Shop", "/v1/applications/signingRequests/info", uuid.NewString(),
		"My-Commerce-Cloud-Production-System-Europe-West-Of", "MyCommerceCloudProductionEurope01", "IntegrationWithAdvancedFinancialClosingOfSAP", "SAP-S4HANA-CLOUD-EXTENSIBILITY-2024",
		"valid until 2030-01-01T10:10:00Z", "certificate 4f8a0123456789abcdef0123456789ab is revoked",
		"mp-web-shop-of-the-company-that-sells-shoes-3f9a1c", "/api/v1/globalAccounts/default/systems",
		"Error while Deregistering → Deregistering", strings.Repeat("a", 4000), "Integration with SAP Advanced Financial Closing",
	} {
		if got := secret.Mask(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestRandomSecretsAreMasked(t *testing.T) {
	random := rand.NewChaCha8([32]byte{7}) // the same in every run: one in a million looks like words
	for range 2000 {
		b := make([]byte, 64)
		_, _ = random.Read(b)
		for _, text := range []string{
			base64.URLEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b[:32]),
		} {
			got := secret.Mask("cause: " + text + "; given up")
			for i := 0; i+24 <= len(text); i++ {
				if strings.Contains(got, text[i:i+24]) {
					t.Fatalf("%q became %q", text, got)
				}
			}
			if !strings.HasPrefix(got, "cause: ") || !strings.HasSuffix(got, "; given up") {
				t.Fatalf("%q became %q, want its surroundings", text, got)
			}
		}
		if id := hex.EncodeToString(b[:16]); secret.Mask(id) != id {
			t.Fatalf("the serial %s is masked", id)
		}
	}
}

// Rule: token-secret-nowhere
func TestLogsAreMasked(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(secret.LogHandler(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})))
	const token = "dG9rZW4gb2YgNjQgcmFuZG9tIGJ5dGVz0a1B2c3D4e5F6g7H8i9J0"
	log = log.With("with", token).WithGroup("group")
	log.Debug("message "+token, "text", token, "error", errors.New("no "+token), "n", 7, slog.Group("inner", "text", token))
	if got := b.String(); strings.Contains(got, token) || strings.Count(got, secret.Masked) != 5 || !strings.Contains(got, "group.n=7") {
		t.Errorf("got %s", got)
	}
}

// Rule: token-secret-nowhere
func FuzzMask(f *testing.F) {
	f.Add("a token eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl of 7")
	f.Fuzz(func(t *testing.T, text string) {
		once := secret.Mask(text)
		if len(once) > len(text) {
			t.Errorf("%q grew to %q", text, once)
		}
		if twice := secret.Mask(once); twice != once {
			t.Errorf("%q, masked once %q, twice %q", text, once, twice)
		}
	})
}
