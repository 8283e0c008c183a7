package strict

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
)

// varyCertificates changes the three texts of a certificate answer, each base64
// of PEM (pairing-protocols §1.5).
func (x *exchange) varyCertificates(body *node) {
	if x.step != stepCertificate && x.step != stepRenewal || x.answer.status != http.StatusCreated {
		return
	}
	if _, yes := x.strike(ChainLength); yes {
		if crt := body.at("crt"); crt != nil && lengthen(crt, x.Root()) {
			x.exercise(ChainLength)
		}
	}
	if _, yes := x.strike(PEMText); yes {
		for _, key := range []string{"crt", "clientCrt", "caCrt"} {
			if text := body.at(key); text != nil && explain(text) {
				x.exercise(PEMText)
			}
		}
	}
}

// lengthen appends the root to a chain that lacks it.
func lengthen(crt *node, root []byte) bool {
	chain, err := base64.StdEncoding.DecodeString(crt.text)
	if err != nil || len(root) == 0 || bytes.Contains(chain, bytes.TrimSpace(root)) {
		return false
	}
	if !bytes.HasSuffix(chain, []byte("\n")) {
		chain = append(chain, '\n')
	}
	crt.text = base64.StdEncoding.EncodeToString(append(chain, root...))
	return true
}

// explain puts text between the certificates, and CRLF at the end of lines.
func explain(text *node) bool {
	rest, err := base64.StdEncoding.DecodeString(text.text)
	if err != nil {
		return false
	}
	var b bytes.Buffer
	for {
		block, next := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = next
		b.WriteString("Issued by pairsim, a simulator with throwaway keys\n")
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			b.WriteString("subject: " + c.Subject.String() + "\nissuer: " + c.Issuer.String() + "\n")
		}
		_ = pem.Encode(&b, block) // a buffer takes everything
	}
	text.text = base64.StdEncoding.EncodeToString(bytes.ReplaceAll(b.Bytes(), []byte("\n"), []byte("\r\n")))
	return b.Len() > 0
}

// leafOf reads base64 of the PEM of a certificate; nil when it cannot be read.
func leafOf(text string) *x509.Certificate {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return leaf
}
