package pki

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"sync"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// ClientCA is btp.CertificateAuthority over an Authority. It remembers which
// leaf certificates it has verified, because a client makes many calls with one,
// and which it has signed; validity is compared with every call all the same.
type ClientCA struct {
	authority *Authority

	mu       sync.Mutex
	verified map[[sha256.Size]byte]verifiedLeaf
	// proven: a leaf has passed the whole check, so the chain above it holds and
	// what the authority signs itself needs no check of its own signature.
	proven bool
}

type verifiedLeaf struct {
	serial              string
	notBefore, notAfter time.Time
}

// maxVerified bounds the memory of verified leaves; past it all are forgotten.
const maxVerified = 4096

var _ btp.CertificateAuthority = (*ClientCA)(nil)

// OpenClientCA makes a stored authority usable for client certificates.
func OpenClientCA(m btp.AuthorityMaterial) (*ClientCA, error) {
	a, err := Unmarshal(Material(m))
	if err != nil {
		return nil, err
	}
	return clientCA(a), nil
}

func clientCA(a *Authority) *ClientCA {
	return &ClientCA{authority: a, verified: map[[sha256.Size]byte]verifiedLeaf{}}
}

// NewClientCA makes an authority for client certificates, and what must be
// stored to have it again; now is real time.
func NewClientCA(now time.Time) (*ClientCA, btp.AuthorityMaterial, error) {
	a, err := NewAuthority("pairsim client", now)
	if err != nil {
		return nil, btp.AuthorityMaterial{}, err
	}
	m, err := a.Marshal()
	return clientCA(a), btp.AuthorityMaterial(m), err
}

// Is says whether m is what was stored of c.
func (c *ClientCA) Is(m btp.AuthorityMaterial) bool {
	return bytes.Equal(m.IssuingPEM, c.authority.IssuingPEM()) && bytes.Equal(m.RootPEM, c.authority.RootPEM())
}

// ParseCSR implements btp.CertificateAuthority.
func (c *ClientCA) ParseCSR(encoded string) (*x509.CertificateRequest, error) {
	return ParseCSR(encoded)
}

// CheckSubject implements btp.CertificateAuthority.
func (c *ClientCA) CheckSubject(csr *x509.CertificateRequest, want btp.Subject) error {
	return CheckSubject(csr, Subject{
		O: want.Organization, OU: want.OrganizationalUnit, L: want.Locality,
		ST: want.Province, C: want.Country, CN: want.CommonName,
	})
}

// Sign implements btp.CertificateAuthority.
func (c *ClientCA) Sign(csr *x509.CertificateRequest, now time.Time, validity time.Duration) (btp.SignedCertificate, error) {
	issued, err := c.authority.SignClient(csr, now, validity)
	if err != nil {
		return btp.SignedCertificate{}, err
	}
	c.remember(issued.LeafDER, verifiedLeaf{issued.Serial, issued.NotBefore, issued.NotAfter}, false)
	answer := c.authority.Answer(issued.LeafDER)
	return btp.SignedCertificate{
		Serial: btp.Serial(issued.Serial), NotBefore: issued.NotBefore, NotAfter: issued.NotAfter,
		Crt: answer.Crt, ClientCrt: answer.ClientCrt, Ca: answer.CaCrt,
	}, nil
}

// Verify implements btp.CertificateAuthority.
func (c *ClientCA) Verify(chain []*x509.Certificate, now time.Time) (btp.Serial, error) {
	if len(chain) == 0 {
		serial, err := c.authority.VerifyClient(chain, now)
		return btp.Serial(serial), err
	}
	leaf := chain[0]
	if known, ok := c.known(leaf.Raw); ok && !now.Before(known.notBefore) && !now.After(known.notAfter) && c.authority.covers(now) == nil {
		return btp.Serial(known.serial), nil
	}
	serial, err := c.authority.VerifyClient(chain, now)
	if err != nil {
		return "", err
	}
	c.remember(leaf.Raw, verifiedLeaf{serial, leaf.NotBefore, leaf.NotAfter}, true)
	return btp.Serial(serial), nil
}

func (c *ClientCA) known(der []byte) (verifiedLeaf, bool) {
	digest := sha256.Sum256(der)
	c.mu.Lock()
	defer c.mu.Unlock()
	leaf, ok := c.verified[digest]
	return leaf, ok
}

// remember keeps a leaf that was verified, or one that was signed here once any
// has been verified.
func (c *ClientCA) remember(der []byte, leaf verifiedLeaf, verified bool) {
	digest := sha256.Sum256(der)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.proven = c.proven || verified; !c.proven {
		return
	}
	if len(c.verified) >= maxVerified {
		clear(c.verified)
	}
	c.verified[digest] = leaf
}
