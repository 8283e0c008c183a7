//go:build pact

package example_test

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/pact-foundation/pact-go/v2/consumer"
	"github.com/pact-foundation/pact-go/v2/matchers"
	"github.com/pact-foundation/pact-go/v2/models"

	example "github.com/pairsim/pairsim/contracts/examples/go"
)

// What the connector expects, as a pact in PACT_DIR: then
// make verify-consumer PACT=$PACT_DIR/go-connector-btp.json holds pairsim against it.
func TestConnector(t *testing.T) {
	dir := os.Getenv("PACT_DIR")
	if dir == "" {
		dir = t.TempDir()
	}
	pact, err := consumer.NewV4Pact(consumer.MockHTTPProviderConfig{Consumer: "go-connector", Provider: "btp", PactDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	presentation := func(what, age string) *consumer.V4InteractionWithRequest {
		return pact.AddInteraction().
			GivenWithParameter(models.ProviderState{
				Name: "a system with an integration token", Parameters: map[string]any{"type": "SAP Commerce Cloud", "tokenAge": age},
			}).
			UponReceiving(what).
			WithRequest("GET", "/v1/applications/signingRequests/info", func(b *consumer.V4RequestBuilder) {
				b.Query("token", matchers.FromProviderState("${token}", "eyJ.eyJ.sig"))
			})
	}

	err = presentation("a token is presented", "0s").
		WillRespondWith(200, func(b *consumer.V4ResponseBuilder) {
			b.JSONBody(map[string]any{
				"csrUrl": matchers.Regex("https://registry.example/v1/applications/certificates?token=f", `^https?://.+/v1/applications/certificates\?token=.+$`),
				"certificate": map[string]any{
					"subject": matchers.Regex("O=x,CN=mp-pact-shop", `^.*CN=mp-pact-shop.*$`),
				},
			})
		}).
		ExecuteTest(t, func(mock consumer.MockServerConfig) error {
			info, err := example.Present(t.Context(), address(mock), "eyJ.eyJ.sig")
			if err == nil && info.CSRURL == "" {
				err = errors.New("no csrUrl")
			}
			return err
		})
	if err != nil {
		t.Fatal(err)
	}
	err = presentation("an expired token is presented", "11m").
		WillRespondWith(403, func(b *consumer.V4ResponseBuilder) { b.Header("Pairsim-Reason", matchers.S("token-expired")) }).
		ExecuteTest(t, func(mock consumer.MockServerConfig) error {
			_, err := example.Present(t.Context(), address(mock), "eyJ.eyJ.sig")
			var refused *example.RefusedError
			if !errors.As(err, &refused) || refused.Reason != "token-expired" {
				return fmt.Errorf("got %w, want a refusal because of token-expired", err)
			}
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
}

func address(mock consumer.MockServerConfig) string {
	return fmt.Sprintf("http://%s:%d", mock.Host, mock.Port)
}
