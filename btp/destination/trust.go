package destination

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Trust is a subaccount's SAML identity provider, as those see it who trust it.
type Trust struct {
	// Issuer is what assertions name, and the subject of the certificate.
	Issuer         string
	CertificatePEM []byte
	// NotAfter is the end of the certificate's validity, on the environment's clock.
	NotAfter time.Time
}

// TrustYears is how long a trust certificate is valid (553a4c6.md).
const TrustYears = 2

// Signer is Trust with the key that signs.
type Signer struct {
	Trust
	Certificate *x509.Certificate
	Key         *rsa.PrivateKey
}

type trustDocument struct {
	Issuer      string    `json:"issuer"`
	Certificate string    `json:"certificate"` // PEM
	NotAfter    time.Time `json:"notAfter"`
}

const trustScope = "trust"

// TrustOf is the subaccount's identity provider. The first to ask makes it; so does
// who asks after its certificate has expired, because whoever asks is about to make a
// new trust of it. It refuses with SubaccountNotFound.
func TrustOf(ctx context.Context, r *btp.Registry, subaccount btp.SubaccountID) (Trust, error) {
	s, err := SignerOf(ctx, r, subaccount, true)
	return s.Trust, err
}

// SignerOf is TrustOf with the key. renew makes a new one in the place of one that has
// expired.
func SignerOf(ctx context.Context, r *btp.Registry, subaccount btp.SubaccountID, renew bool) (Signer, error) {
	o, now, err := storedTrust(ctx, r, subaccount)
	if err != nil {
		return Signer{}, err
	}
	if o != nil {
		s, err := readTrust(*o)
		if err != nil || !renew || now.Before(s.NotAfter) {
			return s, err
		}
	}
	made, err := newTrust(r, subaccount, now)
	if err != nil {
		return Signer{}, fmt.Errorf("make the trust of subaccount %s: %w", subaccount, err)
	}
	var kept btp.Object
	// A key may take longer than the caller has; it is kept for the next one all the same.
	err = r.Amend(context.WithoutCancel(ctx), func(s *btp.Step) error {
		if _, err := s.Subaccount(subaccount); err != nil {
			return err
		}
		present, there, err := s.Objects().FindByName(btp.KindTrust, trustScope, string(subaccount))
		if err != nil {
			return err
		}
		if there {
			known, err := readTrust(present)
			if err != nil {
				return err
			}
			if s.Now().Before(known.NotAfter) { // somebody else was first
				kept = present
				return nil
			}
			made.ID, made.Sequence = present.ID, present.Sequence
		} else {
			made.ID, made.Sequence = s.NewID(), s.NextSequence()
		}
		kept = made
		s.Decided(btp.PointTrust, nil, "553a4c6.md", "subaccount "+string(subaccount)+" has a new trust certificate")
		return s.Objects().Put(made)
	})
	if err != nil {
		return Signer{}, err
	}
	return readTrust(kept)
}

// HasTrust says whether TrustOf need not make anything. It refuses with SubaccountNotFound.
func HasTrust(ctx context.Context, r *btp.Registry, subaccount btp.SubaccountID) (bool, error) {
	o, now, err := storedTrust(ctx, r, subaccount)
	if err != nil || o == nil {
		return false, err
	}
	s, err := readTrust(*o)
	return err == nil && now.Before(s.NotAfter), err
}

func storedTrust(ctx context.Context, r *btp.Registry, subaccount btp.SubaccountID) (found *btp.Object, now time.Time, err error) {
	err = r.Read(ctx, func(s *btp.Step) error {
		if _, err := s.Subaccount(subaccount); err != nil {
			return err
		}
		now = s.Now()
		o, there, err := s.Objects().FindByName(btp.KindTrust, trustScope, string(subaccount))
		if there {
			found = &o
		}
		return err
	})
	return found, now, err
}

// newTrust makes key and certificate, which take a while.
func newTrust(r *btp.Registry, subaccount btp.SubaccountID, now time.Time) (btp.Object, error) {
	der, err := r.NewRSAKey()
	if err != nil {
		return btp.Object{}, err
	}
	key, err := parseKey(der)
	if err != nil {
		return btp.Object{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return btp.Object{}, err
	}
	// Environments are apart: assertions of one are none of another.
	issuer := "pairsim/" + r.Issuer() + "/" + string(subaccount)
	from := now.Truncate(time.Second)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "pairsim trust of subaccount " + string(subaccount)},
		NotBefore: from, NotAfter: from.AddDate(TrustYears, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return btp.Object{}, err
	}
	said, err := json.Marshal(trustDocument{
		Issuer: issuer, Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})), NotAfter: template.NotAfter.UTC(),
	})
	if err != nil {
		return btp.Object{}, err
	}
	kept, err := json.Marshal(der)
	return btp.Object{Kind: btp.KindTrust, Scope: trustScope, Name: string(subaccount), Document: said, Secret: kept}, err
}

func parseKey(der []byte) (*rsa.PrivateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("the key of a trust cannot be read")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the key of a trust is no RSA key")
	}
	return key, nil
}

func readTrust(o btp.Object) (s Signer, err error) {
	var said trustDocument
	var der []byte
	if err := errors.Join(json.Unmarshal(o.Document, &said), json.Unmarshal(o.Secret, &der)); err != nil {
		return s, err
	}
	if s.Key, err = parseKey(der); err != nil {
		return s, err
	}
	block, _ := pem.Decode([]byte(said.Certificate))
	if block == nil {
		return s, errors.New("the certificate of a trust is no PEM")
	}
	s.Certificate, err = x509.ParseCertificate(block.Bytes)
	s.Trust = Trust{Issuer: said.Issuer, CertificatePEM: []byte(said.Certificate), NotAfter: said.NotAfter}
	return s, err
}
