package connector

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

// forwardedHeader carries the client certificate behind a proxy that ends TLS,
// in Envoy's form.
const forwardedHeader = "X-Forwarded-Client-Cert"

// maxForwarded bounds the header, in bytes: a chain of a few certificates.
const maxForwarded = 32 << 10

// clientChain is the client certificate of r: of the connection itself, or, only
// if the peer is a trusted proxy, of its header. Anybody else's header is
// ignored (pairing-protocols §1.6).
func (s *server) clientChain(r *http.Request) ([]*x509.Certificate, error) {
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return r.TLS.PeerCertificates, nil
	}
	lines := r.Header.Values(forwardedHeader)
	if len(lines) == 0 || !s.trusted(r.RemoteAddr) {
		return nil, nil
	}
	return parseForwarded(strings.Join(lines, ","))
}

func (s *server) hasCertificate(r *http.Request) bool {
	chain, err := s.clientChain(r)
	return err != nil || len(chain) > 0
}

func (s *server) trusted(remote string) bool {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, prefix := range s.TrustedProxies {
		if prefix.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// parseForwarded reads the certificate from the last element of the header,
// which is the one that the trusted proxy itself added. Subject and Hash alone
// do not do: a caller is recognised by its certificate's serial.
func parseForwarded(header string) ([]*x509.Certificate, error) {
	if len(header) > maxForwarded {
		return nil, btp.Errorf(btp.CertificateForeign, "%s has more than %d bytes", forwardedHeader, maxForwarded)
	}
	// A quote left open by the client would swallow what the proxy adds.
	if strings.Count(header, `"`)%2 != 0 || strings.Contains(header, `\`) {
		return nil, btp.Errorf(btp.CertificateForeign, "%s has unbalanced or escaped quotes", forwardedHeader)
	}
	elements := splitQuoted(header, ',')
	fields := map[string]string{}
	for _, field := range splitQuoted(elements[len(elements)-1], ';') {
		key, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[strings.ToLower(key)] = strings.Trim(value, `"`)
	}
	encoded := fields["chain"]
	if encoded == "" {
		encoded = fields["cert"]
	}
	if encoded == "" {
		return nil, btp.Errorf(btp.CertificateMissing, "%s has neither Cert nor Chain", forwardedHeader)
	}
	text, err := url.PathUnescape(encoded)
	if err != nil {
		return nil, btp.Errorf(btp.CertificateForeign, "%s: the certificate is not URL-encoded PEM", forwardedHeader)
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, btp.Errorf(btp.CertificateForeign, "%s: the certificate cannot be read", forwardedHeader)
		}
		chain = append(chain, certificate)
	}
	if len(chain) == 0 {
		return nil, btp.Errorf(btp.CertificateForeign, "%s: the certificate is not URL-encoded PEM", forwardedHeader)
	}
	return chain, nil
}

// splitQuoted splits at sep outside of double quotes; it returns at least one part.
func splitQuoted(text string, sep byte) []string {
	var parts []string
	quoted, start := false, 0
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == sep && !quoted:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}
