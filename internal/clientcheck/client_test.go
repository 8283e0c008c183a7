package clientcheck_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/clientcheck"
)

// correct is a connector that does what the documents ask for: it keeps what it has
// in the folder, and knows nothing else.
type correct struct {
	// keepsOld: after a renewal it stays with the certificate that it had.
	keepsOld bool
	// renewsAs: another subject than its own stands in its renewal.
	renewsAs string
	// idle: it does not revoke when it is asked to.
	idle bool
	// forgets: it throws its certificate away before the revocation has been answered.
	forgets bool
	// pairsOnce: it does not pair again while it has a certificate.
	pairsOnce bool
	// byHeart: it knows the path of the renewal by heart.
	byHeart bool
	// claims: it ends with status 0 whatever happened.
	claims bool
	// hammers: it tries a refused token again and again.
	hammers bool
	// trusts: it takes the CA from the server itself.
	trusts bool
	// hangs: it waits for ever for an answer that does not come.
	hangs bool
}

// kept is what a connector keeps of a pairing.
type kept struct {
	Chain   [][]byte
	Key     []byte
	Subject string
	InfoURL string
}

func (c correct) client() clientcheck.Client {
	ending := func(do func(context.Context, clientcheck.Setting) error) func(context.Context, clientcheck.Setting) clientcheck.Ending {
		return func(ctx context.Context, s clientcheck.Setting) clientcheck.Ending {
			err := do(ctx, s)
			var lost *btpclient.UnreachableError
			if c.hangs && errors.As(err, &lost) {
				<-ctx.Done()
			}
			if err == nil || c.claims {
				return clientcheck.Ending{}
			}
			return clientcheck.Ending{Status: 1, Output: "connector: " + err.Error()}
		}
	}
	return clientcheck.Client{Pair: ending(c.pair), Renew: ending(c.renew), Revoke: ending(c.revoke), TakesCA: true}
}

func (c correct) connector(s clientcheck.Setting) (*btpclient.Connector, error) {
	text, err := os.ReadFile(s.CAFile)
	if c.trusts {
		text, err = download(s.HTTP + "/ca.pem")
	}
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return btpclient.New(btpclient.Config{RegistryURL: s.MTLS, RegistryMTLSURL: s.MTLS, RootCAs: roots})
}

func download(url string) ([]byte, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

func (c correct) pair(ctx context.Context, s clientcheck.Setting) error {
	if _, err := os.Stat(keptFile(s)); err == nil && c.pairsOnce {
		return errors.New("it is paired")
	}
	registry, err := c.connector(s)
	if err != nil {
		return err
	}
	defer registry.Close()
	if err := knowsKey(ctx, registry, s.Token); err != nil {
		return err
	}
	info, err := registry.SigningRequestInfo(ctx, s.Token, "", "")
	for range 20 {
		if err != nil && c.hammers {
			info, err = registry.SigningRequestInfo(ctx, s.Token, "", "")
		}
	}
	if err != nil {
		return err
	}
	key, csr, err := request(info.Certificate.Subject)
	if err != nil {
		return err
	}
	signed, err := registry.Sign(ctx, info.CSRURL, csr)
	if err != nil {
		return err
	}
	held, err := keep(signed.Chain, key, info.Certificate.Subject, info.API.InfoURL)
	if err != nil {
		return err
	}
	session := registry.Authenticated(held.certificate())
	defer session.Close()
	management, err := session.ManagementInfo(ctx, info.API.InfoURL)
	if err != nil {
		return err
	}
	if err := publish(ctx, session, management.URLs.MetadataURL); err != nil {
		return err
	}
	return held.write(s)
}

// knowsKey says whether the registry has the key that a token is signed with.
func knowsKey(ctx context.Context, registry *btpclient.Connector, token string) error {
	header, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil {
		return err
	}
	var signed struct{ Kid string }
	if err := json.Unmarshal(text, &signed); err != nil {
		return err
	}
	conf, err := registry.Configuration(ctx)
	if err != nil {
		return err
	}
	keys, err := registry.JWKS(ctx, conf)
	if err == nil && !slices.ContainsFunc(keys, func(k btpclient.Key) bool { return k.ID == signed.Kid }) {
		err = errors.New("nobody knows the key of the token")
	}
	return err
}

// publish registers two services, each once.
func publish(ctx context.Context, session *btpclient.Session, metadataURL string) error {
	for _, identifier := range []string{"orders", "customers"} {
		list, err := session.Services(ctx, metadataURL)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(list, func(s btpclient.Service) bool { return s.Identifier == identifier }) {
			continue
		}
		if _, err := session.CreateService(ctx, metadataURL, btpclient.Service{
			Provider: "Test", Name: identifier, Description: identifier, Identifier: identifier,
			Events: &btpclient.Events{Spec: json.RawMessage(`{"asyncapi":"2.0.0","info":{"title":"Orders","version":"1"},"channels":{}}`)},
		}); err != nil {
			return err
		}
	}
	_, err := session.Services(ctx, metadataURL)
	return err
}

func keptFile(s clientcheck.Setting) string { return filepath.Join(s.Folder, "kept.json") }

// session calls with what was kept.
func (c correct) session(ctx context.Context, s clientcheck.Setting, do func(*btpclient.Session, btpclient.ManagementInfo, kept) error) error {
	registry, err := c.connector(s)
	if err != nil {
		return err
	}
	defer registry.Close()
	text, err := os.ReadFile(keptFile(s))
	if err != nil {
		return err
	}
	var held kept
	if err := json.Unmarshal(text, &held); err != nil {
		return err
	}
	session := registry.Authenticated(held.certificate())
	defer session.Close()
	management, err := session.ManagementInfo(ctx, held.InfoURL)
	if err != nil {
		return err
	}
	return do(session, management, held)
}

func (c correct) renew(ctx context.Context, s clientcheck.Setting) error {
	return c.session(ctx, s, func(session *btpclient.Session, management btpclient.ManagementInfo, held kept) error {
		key, csr, err := request(held.Subject + c.renewsAs)
		if err != nil {
			return err
		}
		url := management.URLs.RenewCertURL
		if c.byHeart {
			url = s.MTLS + "/v1/applications/certificates/renewals"
		}
		signed, err := session.Renew(ctx, url, csr)
		if err != nil || c.keepsOld {
			return err
		}
		if held, err = keep(signed.Chain, key, held.Subject, held.InfoURL); err != nil {
			return err
		}
		return held.write(s)
	})
}

func (c correct) revoke(ctx context.Context, s clientcheck.Setting) error {
	if c.idle {
		return nil
	}
	return c.session(ctx, s, func(session *btpclient.Session, management btpclient.ManagementInfo, _ kept) error {
		if c.forgets {
			if err := os.Remove(keptFile(s)); err != nil {
				return err
			}
		}
		return session.Revoke(ctx, management.URLs.Revocation())
	})
}

func request(subject string) (crypto.Signer, []byte, error) {
	var name pkix.Name
	for part := range strings.SplitSeq(subject, ",") {
		kind, value, _ := strings.Cut(part, "=")
		switch kind {
		case "O":
			name.Organization = []string{value}
		case "OU":
			name.OrganizationalUnit = []string{value}
		case "L":
			name.Locality = []string{value}
		case "ST":
			name.Province = []string{value}
		case "C":
			name.Country = []string{value}
		case "CN":
			name.CommonName = value
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: name}, key)
	return key, csr, err
}

// keep refuses a certificate that is not of the key.
func keep(chain [][]byte, key crypto.Signer, subject, infoURL string) (k kept, err error) {
	if len(chain) == 0 {
		return k, errors.New("no certificate")
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return k, err
	}
	if own, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || !own.Equal(key.Public()) {
		return k, errors.New("the certificate is not of our key")
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return kept{chain, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), subject, infoURL}, err
}

func (k kept) certificate() tls.Certificate {
	var chain bytes.Buffer
	for _, der := range k.Chain {
		_ = pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // a buffer takes everything
	}
	pair, err := tls.X509KeyPair(chain.Bytes(), k.Key)
	if err != nil {
		panic(fmt.Sprintf("what was kept cannot be read: %v", err))
	}
	return pair
}

func (k kept) write(s clientcheck.Setting) error {
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return os.WriteFile(keptFile(s), text, 0o600)
}
