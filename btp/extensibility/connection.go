package extensibility

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/btp/services"
)

// systemNameKey names the property that says for which system an instance is
// (service-apis §4.1).
const systemNameKey = "XFSystemName"

// connection is what connects to a system, public and secret: the documents never
// list it, so it is what the connectivity documentation asks of each method
// (sap-domain §14.2). The URL is the system's alone, callers add the path.
func connection(name, system, inbound string, a Arranged) (public, secret map[string]string) {
	public = map[string]string{
		destination.Name: name, destination.Type: "HTTP", destination.URL: a.URL, destination.ProxyType: "Internet",
		destination.Authentication: inbound, systemNameKey: system,
	}
	secret = map[string]string{}
	switch user := a.User; {
	case inbound == "":
		public[destination.Authentication] = NoAuthentication
	case user == nil:
	case inbound == Basic:
		public[destination.User], secret[destination.Password] = user.Name, user.Password
	case inbound == SAMLBearer:
		public[destination.Audience] = a.UIURL
		public[destination.ClientKey], public[destination.TokenServiceUser] = user.Name, user.Name
		secret[destination.TokenServicePassword] = user.Password
		public[destination.TokenServiceURL], public[destination.TokenServiceURLType] = a.TokenServiceURL, destination.Dedicated
		public[destination.AuthnContextClassRef] = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"
		public[destination.NameIDFormat], public[destination.UserIDSource] = destination.NameIDEmail, "email"
	}
	return public, secret
}

// keyStoreYears is as long as the trust of SAML bearer assertions (553a4c6.md); of the
// certificate the documents do not tell.
const keyStoreYears = 2

// newKeyStore makes the key and the certificate with which an extension proves itself:
// the certificate alone, and both, PEM.
func newKeyStore(r *btp.Registry, i services.Instance) (certificate, store []byte, err error) {
	der, err := r.NewRSAKey()
	if err != nil {
		return nil, nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, nil, fmt.Errorf("a key of type %T signs nothing", key)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	now := r.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: i.ID, OrganizationalUnit: []string{string(i.Subaccount)}},
		NotBefore: now, NotAfter: now.AddDate(keyStoreYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	leaf, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf})
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return certificate, bytes.Join([][]byte{private, certificate}, nil), nil
}

// putKeyStore keeps an extension's key where its destination names it. The password is
// there because clients ask for one; the file, as PEM, is not locked by it.
func putKeyStore(s *btp.Step, i *services.Instance, store []byte, d *destination.Destination) error {
	var random [24]byte
	_, _ = rand.Read(random[:]) // never fails
	file := i.Name + ".pem"
	d.Properties[destination.KeyStoreLocation] = file
	d.Secrets[destination.KeyStorePassword] = hex.EncodeToString(random[:])
	return destination.PutFile(s, destination.File{
		Subaccount: i.Subaccount, Name: file, Content: base64.StdEncoding.EncodeToString(store), MadeBy: i.ID, New: true,
	})
}

// removeKeyStores deletes what putKeyStore kept for an instance.
func removeKeyStores(s *btp.Step, i *services.Instance) error {
	files, err := destination.ListFiles(s, i.Subaccount, "")
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.MadeBy == i.ID {
			if err := destination.RemoveFile(s, i.Subaccount, "", f.Name); err != nil {
				return err
			}
		}
	}
	return nil
}
