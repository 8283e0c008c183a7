package token

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

// maxForm bounds what people paste, in bytes: a token of MaxLength in a URL,
// inside JSON, in base64.
const maxForm = 2 * MaxLength

// encodedForm is the JSON below the base64 form (pairing-protocols §2.1).
type encodedForm struct {
	Token        string `json:"token"`
	ConnectorURL string `json:"connectorURL"`
}

// TokenURL appends a token to infoURL, the address of signingRequests/info.
// Clients put the token into requests unescaped; a JWS needs no escaping.
func TokenURL(infoURL, jws string) string {
	separator := "?"
	if strings.Contains(infoURL, "?") {
		separator = "&"
	}
	return infoURL + separator + "token=" + jws
}

// Encode returns the base64 form of a token. connectorURL is the address of
// signingRequests/info, without the token.
func Encode(jws, connectorURL string) string {
	form, _ := json.Marshal(encodedForm{Token: jws, ConnectorURL: connectorURL}) // two strings: cannot fail
	return base64.StdEncoding.EncodeToString(form)
}

// ParseForm finds the token in any form that people copy: the token URL, the
// bare token, or base64 (standard or URL-safe, padded or not, in one line or
// several) of {"token","connectorURL"}, whose token may itself be a token URL.
// Blanks around it are ignored. It verifies nothing, and no URL is called. It
// refuses with btp.TokenMissing where there is nothing, else btp.TokenMalformed.
func ParseForm(text string) (jws string, err error) {
	if len(text) > maxForm {
		return "", btp.Errorf(btp.TokenMalformed, "the token has %d bytes, more than %d", len(text), maxForm)
	}
	text = strings.TrimSpace(text)
	if token, ok := decodeForm(text); ok {
		text = strings.TrimSpace(token)
	}
	if isURL(text) {
		if text, err = tokenOfURL(text); err != nil {
			return "", err
		}
	}
	switch {
	case text == "":
		return "", btp.Errorf(btp.TokenMissing, "there is no token")
	case len(text) > MaxLength:
		return "", btp.Errorf(btp.TokenMalformed, "the token has %d bytes, more than %d", len(text), MaxLength)
	case !compact(text):
		return "", btp.Errorf(btp.TokenMalformed, "this is neither a token URL, nor a token, nor the base64 of one")
	}
	return text, nil
}

func isURL(text string) bool {
	scheme, _, found := strings.Cut(text, "://")
	return found && (strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http"))
}

func tokenOfURL(text string) (string, error) {
	parsed, err := url.Parse(text)
	if err != nil { // whose text would quote the token
		return "", btp.Errorf(btp.TokenMalformed, "the token URL cannot be read")
	}
	if !parsed.Query().Has("token") {
		return "", btp.Errorf(btp.TokenMissing, "the URL has no parameter token")
	}
	return parsed.Query().Get("token"), nil
}

// decodeForm returns the token inside the base64 form. Neither of the other
// forms is base64: both hold dots.
func decodeForm(text string) (token string, ok bool) {
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	text = strings.TrimRight(strings.Join(strings.Fields(text), ""), "=")
	decoded, err := encoding.DecodeString(text)
	if err != nil {
		return "", false
	}
	var form encodedForm
	return form.Token, json.Unmarshal(decoded, &form) == nil
}
