//go:build pact

package contracts_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/contracts/states"
)

// What stands in a pact is the same in every run: keys are made from fixed numbers,
// signatures by RFC 6979, and the registry's clock stands at noon.

var noon = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

const (
	issuer    = "urn:pairsim:5f0c1f5e-0000-4000-8000-000000000000"
	systemID  = "0b9c2f1e-0000-4000-8000-000000000000"
	keyID     = "key-1"
	app       = "mp-pact-shop" // of the system "Pact Shop" (sap-domain §15.2)
	subject   = "OU=TEST,O=pairsim,L=Walldorf,ST=BW,C=DE,CN=" + app
	followUp  = "Zm9sbG93LXVw"
	release   = "cmVsZWFzZQ"
	serviceID = "4f1b6e2a-0000-4000-8000-000000000000"
)

func fixedKey(n byte) *ecdsa.PrivateKey {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), append(make([]byte, 31), n))
	if err != nil {
		panic(err)
	}
	return key
}

var registryKey, authorityKey, tenantKey = fixedKey(3), fixedKey(5), fixedKey(7)

func tenantKeys(context.Context) (crypto.Signer, error) { return tenantKey, nil }

// jwk is the public part of the registry's key.
func jwk() map[string]string {
	point, err := registryKey.PublicKey.Bytes() // 4, x, y
	if err != nil {
		panic(err)
	}
	text := base64.RawURLEncoding.EncodeToString
	return map[string]string{"kty": "EC", "kid": keyID, "alg": "ES256", "crv": "P-256", "x": text(point[1:33]), "y": text(point[33:])}
}

// signed is a compact JWS of claims by the registry's key.
func signed(claims map[string]any) string {
	text := base64.RawURLEncoding.EncodeToString
	header, _ := json.Marshal(map[string]string{"alg": "ES256", "kid": keyID, "typ": "JWT"})
	body, _ := json.Marshal(claims)
	input := text(header) + "." + text(body)
	digest := sha256.Sum256([]byte(input))
	der, err := registryKey.Sign(nil, digest[:], crypto.SHA256) // nil: by RFC 6979
	if err != nil {
		panic(err)
	}
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &rs); err != nil {
		panic(err)
	}
	signature := make([]byte, 64)
	rs.R.FillBytes(signature[:32])
	rs.S.FillBytes(signature[32:])
	return input + "." + text(signature)
}

func claims(audience string, more map[string]any) map[string]any {
	c := map[string]any{
		"iss": issuer, "aud": audience, "sub": systemID, "jti": "token-1",
		"iat": noon.Unix(), "nbf": noon.Unix(), "exp": noon.Add(10 * time.Minute).Unix(),
	}
	for name, value := range more {
		c[name] = value
	}
	return c
}

func integrationToken(systemType string) string {
	return signed(claims("pairsim:pairing", map[string]any{"system_type": systemType, "global_account": "default", "edition": "v1"}))
}

// certificate is base64 of the PEM of the tenant's certificate and of its CA.
var certificate, authority = func() (string, string) {
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pact CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: noon, NotAfter: noon.AddDate(10, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: noon, NotAfter: noon.AddDate(0, 0, 90), KeyUsage: x509.KeyUsageDigitalSignature,
		Subject: pkix.Name{
			Country: []string{"DE"}, Province: []string{"BW"}, Locality: []string{"Walldorf"}, Organization: []string{"pairsim"},
			OrganizationalUnit: []string{"TEST"}, CommonName: app,
		},
	}
	caDER, err := x509.CreateCertificate(nil, ca, ca, authorityKey.Public(), authorityKey)
	if err != nil {
		panic(err)
	}
	leafDER, err := x509.CreateCertificate(nil, leaf, ca, tenantKey.Public(), authorityKey)
	if err != nil {
		panic(err)
	}
	encode := func(ders ...[]byte) string {
		var text []byte
		for _, der := range ders {
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		}
		return base64.StdEncoding.EncodeToString(text)
	}
	return encode(leafDER, caDER), encode(caDER)
}()

// certificateRequest is base64 of the PEM of a request by the tenant's key.
var certificateRequest = func() string {
	der, err := x509.CreateCertificateRequest(nil, &x509.CertificateRequest{Subject: pkix.Name{CommonName: app}}, tenantKey)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}()

// evaOf is a user of a subaccount.
func evaOf(subaccount string) btpclient.User {
	return btpclient.User{Subaccount: subaccount, Name: states.UserName, Email: states.UserName, Password: states.UserPassword}
}
