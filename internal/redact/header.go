package redact

import (
	"net/http"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/internal/secret"
)

// Header is one line of a message's header.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Bounds of a header as it is shown.
const (
	mostHeaders = 64
	longestLine = 1 << 10 // bytes of a value
)

// known are the headers whose values are shown; what looks like a secret in one is
// masked all the same.
var known = func() map[string]bool {
	all := map[string]bool{}
	for name := range strings.FieldsSeq(`Accept Accept-Charset Accept-Encoding Accept-Language Allow Cache-Control Connection Content-Disposition
		Content-Encoding Content-Language Content-Length Content-Security-Policy Content-Type Dataserviceversion Date Deprecation Etag Expect Expires
		Host Idempotency-Key If-Match If-None-Match Last-Modified Link Location Maxdataserviceversion Odata-Version Pragma Prefer
		Preference-Applied Retry-After Server Te Trailer Transfer-Encoding Upgrade User-Agent Vary Www-Authenticate X-Content-Type-Options
		X-Broker-Api-Version X-Correlation-Id X-Correlationid X-Message-Expiration X-Qos X-Request-Id X-Zid Traceparent`) {
		all[name] = true
	}
	return all
}()

// isKnown: pairsim's own headers, and the attributes of an event, are known too.
func isKnown(name string) bool {
	return known[name] || strings.HasPrefix(name, "Pairsim-") || strings.HasPrefix(name, "Ce-")
}

// Keep is what of a header may be kept: lines in no order, of which those are without
// their values that are not known, and credentials without their secret. It is made for
// every request, so it looks at names alone; Show does the rest.
func Keep(h http.Header) []Header {
	lines := make([]Header, 0, len(h))
	for name, values := range h {
		for _, text := range values {
			if len(lines) == mostHeaders {
				return lines
			}
			lines = append(lines, Header{name, kept(name, text)}) // net/http gives each a memory of its own
		}
	}
	return lines
}

func kept(name, text string) string {
	switch {
	case name == "Authorization":
		return credentials(text)
	case len(text) > longestLine || !isKnown(name):
		return secret.Masked
	}
	return text
}

// Show are the lines of Keep by name, without what is secret in them.
func Show(lines []Header) []Header {
	shown := make([]Header, len(lines))
	for i, line := range lines {
		text := line.Value
		switch line.Name {
		case "Authorization":
		case "Location", "Link":
			text = reference(text)
		default:
			text = Text(text)
		}
		shown[i] = Header{oneLine(withoutTokens(line.Name)), oneLine(text)}
	}
	slices.SortStableFunc(shown, func(a, b Header) int { return strings.Compare(a.Name, b.Name) })
	return shown
}

// credentials tells by which scheme somebody proves who he is.
func credentials(text string) string {
	scheme, rest, _ := strings.Cut(text, " ")
	switch strings.ToLower(scheme) {
	case "basic":
		return "Basic " + secret.Masked
	case "bearer":
		if isJWT(rest) {
			return "Bearer " + describeJWT(rest)
		}
		return "Bearer " + secret.Masked
	}
	return secret.Masked
}

// reference is an address that may lack scheme and host.
func reference(text string) string {
	path, query, asked := strings.Cut(text, "?")
	if asked && !strings.Contains(path, "://") {
		return withoutTokens(path) + "?" + Query(query)
	}
	return Text(text)
}
