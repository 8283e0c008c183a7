package redact

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pairsim/pairsim/internal/pattern"
	"github.com/pairsim/pairsim/internal/secret"
)

// longest is how many bytes of a name out of a certificate or token are shown.
const longest = 100

// Text is a text in which tokens, keys and what looks like a secret are masked,
// certificates are described, and values in the queries of URLs are judged by name.
func Text(text string) string {
	if described, ok := describePEM(text); ok {
		return described
	}
	if at := strings.Index(text, begin); at > 0 {
		described, _ := describePEM(text[at:])
		return Text(text[:at]) + described
	}
	if strings.Contains(text, "://") && !strings.ContainsAny(text, " \n") {
		if address, ok := URL(text); ok {
			return address
		}
	}
	return free(text)
}

var (
	assignment = pattern.New(`([A-Za-z][A-Za-z0-9_.-]{1,40})=([^&\s"'<>,;]+)`)
	userinfo   = pattern.New(`://[^/\s@]+@`)
)

// free is a text in which anything may stand: a query, too, or an address.
func free(text string) string {
	text = userinfo.Regexp().ReplaceAllString(text, "://"+secret.Masked+"@")
	text = assignment.Regexp().ReplaceAllStringFunc(text, func(found string) string {
		name, assigned, _ := strings.Cut(found, "=")
		if !isSecret(name, false) || isJWT(assigned) {
			return found
		}
		return name + "=" + secret.Masked
	})
	return withoutTokens(text)
}

// compact is a JWS in its compact form, also one that is cut off or has no signature.
var compact = pattern.New(`eyJ[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_=-]*){1,4}`)

// withoutTokens describes the JWTs in a text and masks what else looks like a secret.
func withoutTokens(text string) string {
	var b strings.Builder
	for {
		at := compact.Regexp().FindStringIndex(text)
		if at == nil {
			break
		}
		b.WriteString(secret.Mask(text[:at[0]]))
		b.WriteString(describeJWT(text[at[0]:at[1]]))
		text = text[at[1]:]
	}
	if b.Len() == 0 {
		return secret.Mask(text)
	}
	b.WriteString(secret.Mask(text))
	return b.String()
}

func isJWT(text string) bool {
	at := compact.Regexp().FindStringIndex(text)
	return at != nil && at[0] == 0 && at[1] == len(text)
}

// describeJWT tells which key signed a token and when it ends. Without its signature
// nobody can use what is told.
func describeJWT(token string) string {
	parts := strings.Split(token, ".")
	var header struct {
		Kid string `json:"kid"`
	}
	var claims struct {
		Exp float64 `json:"exp"`
	}
	decode(parts[0], &header)
	decode(parts[1], &claims)
	told := "eyJ… (JWT"
	if header.Kid != "" {
		told += ", kid=" + thumb(header.Kid)
	}
	if claims.Exp > 0 && claims.Exp < 1<<40 {
		told += ", exp=" + time.Unix(int64(claims.Exp), 0).UTC().Format(time.RFC3339)
	}
	return told + ")"
}

func decode(part string, into any) {
	if raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(part, "=")); err == nil {
		_ = json.Unmarshal(raw, into) // of what is none, nothing is told
	}
}

// thumb is the beginning of a key's id, enough to tell keys apart: many ids look like
// secrets.
func thumb(kid string) string {
	const most = 8
	if len(kid) <= most || strings.ContainsFunc(kid, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return short(kid)
	}
	return oneLine(kid[:most]) + "…"
}

// short is a name from outside as it may stand in a description.
func short(name string) string {
	name = strings.ToValidUTF8(name, "?")
	if len(name) > longest {
		cut := longest
		for !utf8.RuneStart(name[cut]) {
			cut--
		}
		name = name[:cut] + "…"
	}
	return oneLine(secret.Mask(name))
}

const begin = "-----BEGIN "

// describePEM tells what a PEM text holds, or one that is wrapped in base64, as the
// answers of a Connector Service are.
func describePEM(text string) (string, bool) {
	trimmed, wrapped := strings.TrimSpace(text), ""
	if !strings.HasPrefix(trimmed, begin) {
		const start = "LS0tLS1CRUdJTi" // -----BEGIN, in base64
		if !strings.HasPrefix(trimmed, start) {
			return "", false
		}
		raw, err := base64.StdEncoding.DecodeString(trimmed)
		if err != nil {
			return "base64 of PEM that breaks off", true
		}
		trimmed, wrapped = string(raw), "base64 of "
	}
	var blocks []string
	rest := []byte(trimmed)
	for len(blocks) < 8 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		blocks = append(blocks, describeBlock(block))
	}
	if bytes.Contains(rest, []byte(begin)) || len(blocks) == 0 {
		blocks = append(blocks, "PEM that breaks off")
	}
	return wrapped + strings.Join(blocks, "; "), true
}

// describeBlock tells of a certificate or request what anybody may know; of all else
// nothing.
func describeBlock(block *pem.Block) string {
	switch block.Type {
	case "CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "certificate that cannot be read"
		}
		return fmt.Sprintf("certificate of %s, serial number %s, valid until %s, issued by %s",
			short(c.Subject.String()), short(c.SerialNumber.Text(16)), c.NotAfter.UTC().Format(time.RFC3339), short(c.Issuer.String()))
	case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
		r, err := x509.ParseCertificateRequest(block.Bytes)
		if err != nil {
			return "certificate request that cannot be read"
		}
		return fmt.Sprintf("certificate request for %s, with %s", short(r.Subject.String()), keyKind(r.PublicKey))
	case "PUBLIC KEY", "RSA PUBLIC KEY":
		return "public key"
	}
	return secret.Masked
}

func keyKind(public any) string {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("an RSA key of %d bits", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "an ECDSA key on " + key.Params().Name
	case ed25519.PublicKey:
		return "an Ed25519 key"
	}
	return "a key"
}

// URL is an address without passwords, and without the values of secrets in its query.
func URL(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return "", false
	}
	var b strings.Builder
	b.WriteString(u.Scheme + "://")
	if u.User != nil {
		b.WriteString(secret.Masked + "@")
	}
	b.WriteString(withoutTokens(u.Host) + withoutTokens(u.EscapedPath()))
	if u.RawQuery != "" {
		b.WriteString("?" + Query(u.RawQuery))
	}
	if u.Fragment != "" {
		b.WriteString("#" + secret.Masked)
	}
	return b.String(), true
}

// Query is a query without the values of secrets. It is not escaped: it is read, and
// never sent.
func Query(raw string) string {
	if raw == "" {
		return ""
	}
	var pairs []string
	for pair := range strings.SplitSeq(raw, "&") {
		if len(pairs) == mostFields {
			pairs = append(pairs, "…")
			break
		}
		pairs = append(pairs, field(pair))
	}
	return strings.Join(pairs, "&")
}

// field is one name=value of a form or query.
func field(pair string) string {
	name, text, assigned := strings.Cut(pair, "=")
	plain, errName := url.QueryUnescape(name)
	decoded, errText := url.QueryUnescape(text)
	if errName != nil || errText != nil {
		return secret.Masked
	}
	shown := oneLine(withoutTokens(plain))
	if !assigned {
		return shown
	}
	return shown + "=" + oneLine(value(plain, decoded, isSecret(plain, false)))
}

// oneLine is a text without characters that no reader sees.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return '?'
		}
		return r
	}, text)
}
