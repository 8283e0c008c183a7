package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pairsim/pairsim/btpclient"
)

// credentials are what a client holds once it is paired.
type credentials struct {
	key  *rsa.PrivateKey
	cert btpclient.Certificate
	info btpclient.ManagementInfo
}

// pairAsClient plays a client without descriptor: it presents the token, has a
// key of its own certified and makes a first call, which completes the pairing.
func pairAsClient(ctx context.Context, connector *btpclient.Connector, token string) (credentials, error) {
	info, err := connector.SigningRequestInfo(ctx, token, "", "")
	if err != nil {
		return credentials{}, err
	}
	c := credentials{}
	if c.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return c, err
	}
	csr, err := signingRequest(info.Certificate.Subject, c.key)
	if err != nil {
		return c, err
	}
	if c.cert, err = connector.Sign(ctx, info.CSRURL, csr); err != nil {
		return c, err
	}
	session := connector.Authenticated(tls.Certificate{Certificate: c.cert.Chain, PrivateKey: c.key})
	defer session.Close()
	c.info, err = session.ManagementInfo(ctx, info.API.InfoURL)
	return c, err
}

// signingRequest asks for the subject that the registry told: key=value,
// separated by commas, nothing escaped (pairing-protocols §1.4).
func signingRequest(subject string, key crypto.Signer) ([]byte, error) {
	var name pkix.Name
	attributes := map[string]*[]string{
		"O": &name.Organization, "OU": &name.OrganizationalUnit, "L": &name.Locality, "ST": &name.Province, "C": &name.Country,
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(subject, ","), ",") {
		attribute, value, ok := strings.Cut(part, "=")
		values := attributes[attribute]
		switch {
		case ok && attribute == "CN":
			name.CommonName = value
		case ok && values != nil:
			*values = append(*values, value)
		default:
			return nil, errors.New("the registry asks for a subject of an unknown form")
		}
	}
	return x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: name}, key)
}

// save writes the credentials into a folder that only its owner reads. ca is
// the TLS listener's CA; nil where the system's CAs are trusted.
func (c credentials) save(dir string, ca []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		return err
	}
	urls, err := json.MarshalIndent(c.info.URLs, "", "  ")
	if err != nil {
		return err
	}
	for _, file := range []struct {
		name string
		data []byte
	}{
		{"key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})},
		{"cert.pem", certificatePEM(c.cert.Chain[0])},
		{"chain.pem", certificatePEM(c.cert.Chain...)},
		{"ca.pem", ca},
		{"urls.json", append(urls, '\n')},
	} {
		if file.data == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, file.name), file.data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func certificatePEM(chain ...[]byte) []byte {
	var data []byte
	for _, der := range chain {
		data = append(data, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return data
}

// prepare refuses a folder that holds credentials already: they are never
// overwritten, and a token is not spent in vain.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "key.pem")); err == nil {
		return &failure{"Folder holds credentials already", dir + " has a key.pem", "Choose another --out, or remove the old credentials."}
	}
	return nil
}
