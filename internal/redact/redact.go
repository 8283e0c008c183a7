// Package redact shows what was said over HTTP without its secrets: headers,
// queries and bodies as people read them. It errs on the side of hiding: a header
// that it does not know, and a body whose form it does not know, is not shown.
package redact

import (
	"strings"
	"unicode"

	"github.com/pairsim/pairsim/internal/secret"
)

// revealing are parts of names whose values are secrets, wherever they stand: keys
// of JSON, of forms and queries, elements and attributes of XML. Names are compared
// in lower case, letters and digits only.
var revealing = []string{
	"password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "assertion", "privatekey", "apikey", "accesskey", "credential",
	"authorization", "cookie", "session", "signature", "bearer", "samlresponse", "xcsrf",
}

// whole are names that reveal as a whole only: parts of them are everywhere.
var whole = map[string]bool{"key": true, "pin": true, "auth": true, "jwt": true, "otp": true}

// telling are ends of names that say something about a secret: where it is fetched,
// of which kind it is, until when it holds.
var telling = []string{
	"url", "uri", "endpoint", "type", "name", "expiresat", "issuedat", "createdat", "seconds", "validity", "status", "state", "issuer", "required",
	"requesttype", "algorithm", "method", "kid",
}

// within are names that say something about the secret beside them.
var within = map[string]bool{
	"id": true, "clientid": true, "username": true, "user": true, "type": true, "name": true, "expiresin": true, "expiresat": true, "issuedat": true,
	"createdat": true, "scope": true, "jti": true, "code": true, "label": true, "role": true, "tenant": true, "globalaccount": true,
}

// isSecret says of a name that its value is a secret. Inside of something that is
// called a secret, everything is one that is not known to be none.
func isSecret(name string, inside bool) bool {
	plain := bare(name)
	for _, end := range telling {
		if strings.HasSuffix(plain, end) {
			return false
		}
	}
	if whole[plain] {
		return true
	}
	for _, part := range revealing {
		if strings.Contains(plain, part) {
			return true
		}
	}
	return inside && !within[plain]
}

// bare is a name as it is compared.
func bare(name string) string {
	return strings.Map(func(r rune) rune {
		if r = unicode.ToLower(r); unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, name)
}

// value is the text under a name, without what is secret in it.
func value(name, text string, secretly bool) string {
	if bare(name) == "kid" {
		return thumb(text)
	}
	if secretly {
		return hidden(text)
	}
	return Text(text)
}

// hidden stands for a secret: of a token's two halves that anybody may know, it tells
// when it ends and who signed it.
func hidden(text string) string {
	switch {
	case text == "":
		return ""
	case isJWT(text):
		return describeJWT(text)
	}
	if described, ok := describePEM(text); ok { // of a private key nothing
		return described
	}
	return secret.Masked
}
