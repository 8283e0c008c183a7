package seed_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/seed"
)

// indented is PEM as a YAML block of a service's certificate or key.
func indented(pem []byte) string {
	return "|\n" + strings.ReplaceAll("                "+strings.TrimSpace(string(pem)), "\n", "\n                ") + "\n"
}

func TestServices(t *testing.T) {
	_, material, err := pki.NewClientCA(time.Now()) // any certificate with its key
	if err != nil {
		t.Fatal(err)
	}
	f, err := seed.Parse([]byte(`clock: {frozen: true, at: 2030-01-01T10:00:00Z}
systems:
  - name: Web Shop
    type: SAP Commerce Cloud
    status: registered
    services:
      - name: Orders
        identifier: orders-v2
        api:
          targetUrl: http://127.0.0.1:9000/occ
          requestParameters: {headers: {X-Key: [a]}}
          credentials: {basic: {username: me, password: throwaway, csrfInfo: {tokenEndpointURL: http://127.0.0.1:9000/csrf}}}
      - name: Stock
        api: {targetUrl: http://127.0.0.1:9000, credentials: {certificateGen: {commonName: stock}}}
      - name: Prices
        api:
          targetUrl: http://127.0.0.1:9000
          credentials:
            oauthWithCertificate:
              url: https://127.0.0.1:9001/token
              clientId: me
              certificate: ` + indented(material.IssuingPEM) + `
              privateKey: ` + indented(material.IssuingKeyPEM) + `
      - name: Nobody
        api: {targetUrl: http://127.0.0.1:9000, missingSecret: credentials, credentials: {certificateGen: {commonName: n}}}
      - name: News
        events: {spec: {asyncapi: 1.0.0}}
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Try(t.Context()); err != nil {
		t.Error(err)
	}
	cfg := landscape.Default()
	if err := f.Apply(&cfg); err != nil {
		t.Fatal(err)
	}
	got := cfg.Landscape.Systems[0].Services
	if len(got) != 5 {
		t.Fatalf("got %d services, want 5", len(got))
	}
	want := btp.Service{Provider: "Web Shop", Name: "Orders", Description: "Orders", Identifier: "orders-v2", API: &btp.ServiceAPI{
		TargetURL: "http://127.0.0.1:9000/occ", RequestParameters: &btp.RequestParameters{Headers: map[string][]string{"X-Key": {"a"}}},
		Credentials: &btp.Credentials{Basic: &btp.BasicCredentials{Username: "me", Password: "throwaway", CSRFTokenURL: "http://127.0.0.1:9000/csrf"}},
	}}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if g := got[1].API.Credentials.CertificateGen; len(g.CertificatePEM) == 0 || len(g.PrivateKeyPEM) == 0 {
		t.Error("no certificate was made for Stock")
	}
	if o := got[2].API.Credentials.OAuthWithCertificate; o == nil || o.ClientID != "me" || len(o.CertificatePEM) == 0 {
		t.Errorf("got %+v, want the given certificate", o)
	}
	if a := got[3].API; a.MissingSecret != btp.SecretCredentials || len(a.Credentials.CertificateGen.CertificatePEM) != 0 {
		t.Errorf("got %+v, want a secret that is missing", a)
	}
	if got[4].Events == nil || got[4].API != nil {
		t.Errorf("got %+v, want events alone", got[4])
	}
}

func TestServiceFindings(t *testing.T) {
	const target = `targetUrl: "http://127.0.0.1:9000"`
	tests := []struct{ name, status, services, want string }{
		{"neither API nor events", "registered", `[{name: A}]`, "systems[0].services[0]: Failed to validate request body, At least one"},
		{"no absolute target", "registered", `[{name: A, api: {targetUrl: /x}}]`, "systems[0].services[0]: Failed to validate"},
		{"two kinds", "registered", `[{name: A, api: {` + target + `, credentials: {basic: {username: a, password: sesame}, certificateGen: {commonName: a}}}}]`, "to many"},
		{"two kinds, one of ours", "registered", `[{name: A, api: {` + target + `, credentials: {basic: {username: a, password: sesame}, oauthWithCertificate: {url: "http://h", clientId: a, certificate: b, privateKey: sesame}}}}]`, "credentials are of one kind"},
		{"no pair", "registered", `[{name: A, api: {` + target + `, credentials: {certificateGen: {commonName: a, certificate: b, privateKey: sesame}}}}]`, "certificate and privateKey are no pair"},
		{"unknown key", "registered", `[{name: A, api: {` + target + `, targetURL: x}}]`, "systems[0].services[0].api.targetURL: there is no such key"},
		{"identifier twice", "registered", `[{name: A, identifier: x, api: {` + target + `}}, {name: B, identifier: x, api: {` + target + `}}]`, `services[1].identifier: "x" is taken`},
		{"not paired", "pending", `[{name: A, api: {` + target + `}}]`, "systems[0].services: only a system that was paired has services"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := seed.Parse([]byte("systems:\n  - {name: Shop, type: SAP Commerce Cloud, status: " + tt.status + ", services: " + tt.services + "}\n"))
			if err == nil {
				err = f.Try(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "sesame") {
				t.Errorf("got %v, want %s and no secret", err, tt.want)
			}
		})
	}
}
