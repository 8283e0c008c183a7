package steps

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/jsonschema-go/jsonschema"
)

// discoverySteps are what a landscape tells of itself: documents, addresses, authorities.
func (w *world) discoverySteps(d definitions) {
	d.When(`^a program reads the document of (.+)$`, w.aProgramReadsDocument)
	d.When(`^somebody asks the control where everything is$`, w.somebodyAsksForIndex)
	d.When(`^somebody asks the control for the authorities$`, w.somebodyAsksForAuthorities)
	d.When(`^the program reads how the token service is configured$`, w.theProgramReadsConfiguration)

	d.Then(`^the document is of OpenAPI, and describes the call by which it was read$`, w.theDocumentDescribesItself)
	d.Then(`^the document of the control describes every address that it was told$`, w.theAddressesAreDescribed)
	d.Then(`^one of them vouches for the listener, the other for the client$`, w.theAuthoritiesVouch)
	d.Then(`^the control tells the hosts "([^"]*)" and, with certificates, "([^"]*)"$`, w.theControlTellsHosts)
	d.Then(`^it gets a token where it was told, signed by a key that it was told$`, w.theTokenIsOfTheConfiguration)
	d.Then(`^the snapshot keeps the schema that the landscape tells$`, w.theSnapshotKeepsItsSchema)
}

// documents of the wires that have one, by what a scenario calls them.
var wireDocuments = map[string]string{
	"the registry": "/api/v1/openapi.json", "the token service": "/oauth/openapi.json",
	"the destination service": "/destination-configuration/v1/openapi.json", "the control": "/control/openapi.json",
	"the tenants": "/tenants/openapi.json",
}

func (w *world) aProgramReadsDocument(ctx context.Context, wire string) error {
	path, known := wireDocuments[wire]
	if !known {
		return fmt.Errorf("the steps know no document of %s", wire)
	}
	w.documentAt = path
	if wire == "the control" {
		return w.askControl(ctx, path)
	}
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.ask(ctx, http.MethodGet, w.landscape.HTTP()+path, "")
	return err
}

// askControl reads what the control listener has at a path.
func (w *world) askControl(ctx context.Context, path string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	var header []string
	if guarded, ok := w.landscape.(Guarded); ok && guarded.ControlKey() != "" {
		header = []string{"Authorization", "Bearer " + guarded.ControlKey()}
	}
	_, err := w.ask(ctx, http.MethodGet, w.landscape.Control()+path, "", header...)
	return err
}

// described are the paths of the OpenAPI document that was read last, each with its methods.
func (w *world) described() (map[string]map[string]any, error) {
	if err := w.theAnswerHasStatus(http.StatusOK, ""); err != nil {
		return nil, err
	}
	var document struct {
		OpenAPI string
		Info    struct{ Title string }
		Paths   map[string]map[string]any
	}
	if err := json.Unmarshal(w.heard.body, &document); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(document.OpenAPI, "3.") || document.Info.Title == "" {
		return nil, fmt.Errorf("the document is of OpenAPI %q, titled %q", document.OpenAPI, document.Info.Title)
	}
	return document.Paths, nil
}

func (w *world) theDocumentDescribesItself() error {
	paths, err := w.described()
	if err != nil {
		return err
	}
	if paths[w.documentAt]["get"] == nil {
		return fmt.Errorf("none of the document's %d paths is the one by which it was read", len(paths))
	}
	return nil
}

func (w *world) somebodyAsksForIndex(ctx context.Context) error { return w.askControl(ctx, "/control") }

func (w *world) theAddressesAreDescribed(ctx context.Context) error {
	if err := w.theAnswerHasStatus(http.StatusOK, "links"); err != nil {
		return err
	}
	var index struct{ Links map[string]string }
	if err := json.Unmarshal(w.heard.body, &index); err != nil {
		return err
	}
	if err := w.askControl(ctx, wireDocuments["the control"]); err != nil {
		return err
	}
	paths, err := w.described()
	if err != nil {
		return err
	}
	at, err := url.Parse(w.landscape.Control())
	if err != nil {
		return err
	}
	found := 0
	for what, path := range index.Links {
		path = strings.TrimPrefix(path, at.Path) // of an environment
		if path == wireDocuments["the registry"] {
			continue
		}
		if paths[path] == nil {
			return fmt.Errorf("of %s the control tells the address %s, which its document does not describe", what, path)
		}
		found++
	}
	if found == 0 {
		return errors.New("the control has told no address")
	}
	return nil
}

func (w *world) somebodyAsksForAuthorities(ctx context.Context) error {
	return w.askControl(ctx, "/control/authorities")
}

func (w *world) theAuthoritiesVouch(ctx context.Context) error {
	var told struct{ Server, Client string }
	if err := json.Unmarshal(w.heard.body, &told); err != nil {
		return err
	}
	clock, err := w.control.Clock(ctx)
	if err != nil {
		return err
	}
	c, err := w.theClient()
	if err != nil {
		return err
	}
	leaf, err := c.leaf()
	if err != nil {
		return err
	}
	between := x509.NewCertPool()
	for _, der := range c.own.Certificate[1:] {
		ca, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		between.AddCert(ca)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(told.Client))
	usage := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, KeyUsages: usage, CurrentTime: clock.Now}); err != nil {
		return fmt.Errorf("the authority of clients does not vouch for the client: %w", err)
	}
	return w.trusts(ctx, []byte(told.Server))
}

func (w *world) theControlTellsHosts(ctx context.Context, plain, withCertificates string) error {
	if err := w.askControl(ctx, "/control/publicUrls"); err != nil {
		return err
	}
	var told struct{ HTTP, MTLS string }
	if err := json.Unmarshal(w.heard.body, &told); err != nil {
		return err
	}
	if told.HTTP != "http://"+plain || told.MTLS != "https://"+withCertificates {
		return fmt.Errorf("the control tells %+v", told)
	}
	return nil
}

func (w *world) theProgramReadsConfiguration(ctx context.Context) error {
	_, err := w.ask(ctx, http.MethodGet, w.manager.URL+"/.well-known/openid-configuration", "")
	return err
}

// theTokenIsOfTheConfiguration goes by what the configuration tells, and nothing else.
func (w *world) theTokenIsOfTheConfiguration(ctx context.Context) error {
	var told struct {
		TokenEndpoint string `json:"token_endpoint"`
		KeysURI       string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(w.heard.body, &told); err != nil {
		return err
	}
	token, err := w.clientToken(ctx, told.TokenEndpoint, w.manager.ID, w.manager.Secret)
	if err != nil {
		return err
	}
	if _, err := w.ask(ctx, http.MethodGet, told.KeysURI, ""); err != nil {
		return err
	}
	var set struct{ Keys []struct{ Kid, Value string } }
	if err := json.Unmarshal(w.heard.body, &set); err != nil {
		return err
	}
	clock, err := w.control.Clock(ctx)
	if err != nil {
		return err
	}
	keyOf := func(t *jwt.Token) (any, error) {
		for _, k := range set.Keys {
			if k.Kid == t.Header["kid"] {
				block, _ := pem.Decode([]byte(k.Value))
				if block == nil {
					return nil, errors.New("the key is no PEM")
				}
				return x509.ParsePKIXPublicKey(block.Bytes)
			}
		}
		return nil, fmt.Errorf("none of %d keys signed it", len(set.Keys))
	}
	now := jwt.WithTimeFunc(func() time.Time { return clock.Now })
	if _, err := jwt.NewParser(now, jwt.WithValidMethods([]string{"RS256"})).Parse(token, keyOf); err != nil {
		return errors.New("the token is not signed by a key of the configuration") // the cause might quote it
	}
	return nil
}

func (w *world) theSnapshotKeepsItsSchema(ctx context.Context) error {
	if err := w.askControl(ctx, "/control/snapshot/schema"); err != nil {
		return err
	}
	if err := w.theAnswerHasStatus(http.StatusOK, ""); err != nil {
		return err
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(w.heard.body, &schema); err != nil {
		return err
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		return err
	}
	var document any
	if err := json.Unmarshal(w.snapshots.written, &document); err != nil {
		return err
	}
	if err := resolved.Validate(document); err != nil {
		return fmt.Errorf("the snapshot goes against the schema: %w", err)
	}
	return nil
}
