package faultwire

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/pattern"
)

// What is garbled is found by its form: the answers of all wires have tokens and
// certificates in different places.
var (
	compactJWS  = pattern.New(`(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.)([A-Za-z0-9_-]{20,})`)
	longBase64  = pattern.New(`[A-Za-z0-9+/]{100,}={0,2}`)
	ofTheClient = pattern.New(`("(?:crt|clientCrt)"\s*:\s*")([A-Za-z0-9+/]+={0,2})"`)
)

// Garble damages a part of a body; one that does not have it stays as it is.
func Garble(body []byte, part btp.Corruption) []byte {
	switch part {
	case btp.CorruptTokenSignature:
		return garbleTokens(body)
	case btp.CorruptCertificate:
		return ofTheClient.Regexp().ReplaceAllFunc(body, func(field []byte) []byte {
			parts := ofTheClient.Regexp().FindSubmatch(field)
			return slicesOf(parts[1], garbleCertificate(parts[2]), []byte(`"`))
		})
	case btp.CorruptJSON:
		return garbleJSON(body)
	}
	return body
}

// garbleTokens makes every signature a wrong one, of the right form. A token may
// also stand within what is base64 itself, as a form of it does that users copy.
func garbleTokens(body []byte) []byte {
	body = longBase64.Regexp().ReplaceAllFunc(body, func(text []byte) []byte {
		plain, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil || !compactJWS.Regexp().Match(plain) {
			return text
		}
		return []byte(base64.StdEncoding.EncodeToString(garbleTokens(plain)))
	})
	return compactJWS.Regexp().ReplaceAllFunc(body, func(token []byte) []byte {
		parts := compactJWS.Regexp().FindSubmatch(token)
		signature := bytes.Clone(parts[2])
		if signature[0] == 'A' {
			signature[0] = 'B'
		} else {
			signature[0] = 'A'
		}
		return slicesOf(parts[1], signature)
	})
}

// garbleCertificate damages the first certificate of a base64 text of PEM: it
// cannot be parsed any more.
func garbleCertificate(text []byte) []byte {
	plain, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return text
	}
	block, rest := pem.Decode(plain)
	if block == nil || len(block.Bytes) == 0 {
		return text
	}
	block.Bytes[0] ^= 0xff // no SEQUENCE begins like that
	return []byte(base64.StdEncoding.EncodeToString(slicesOf(pem.EncodeToMemory(block), rest)))
}

// garbleJSON takes the end of the document away.
func garbleJSON(body []byte) []byte {
	if end := bytes.LastIndexAny(body, "}]"); end >= 0 {
		return slicesOf(body[:end], []byte(","))
	}
	return body
}

func slicesOf(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
