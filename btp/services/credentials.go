package services

import (
	"encoding/json"
	"strings"
)

// Credentials are a binding's, as a JSON object. A binding is made in a step, which
// knows no address of the registry: what points to it begins with a placeholder.
type Credentials json.RawMessage

// The placeholders: the base of the plain listener, that of the TLS listener, and each
// without its scheme, which is what clients write behind https://; all without a slash
// at the end.
const (
	HTTPBase = "{{http}}"
	MTLSBase = "{{mtls}}"
	HTTPHost = "{{httpHost}}"
	MTLSHost = "{{mtlsHost}}"
)

// Resolve puts the bases in that the client can reach, such as https://registry.test:8443.
func (c Credentials) Resolve(httpBase, mtlsBase string) json.RawMessage {
	pairs := []string{HTTPBase, httpBase, MTLSBase, mtlsBase, HTTPHost, hostOf(httpBase), MTLSHost, hostOf(mtlsBase)}
	for n := 1; n < len(pairs); n += 2 { // they stand within JSON texts
		quoted, _ := json.Marshal(pairs[n])
		pairs[n] = strings.Trim(string(quoted), `"`)
	}
	return json.RawMessage(strings.NewReplacer(pairs...).Replace(string(c)))
}

func hostOf(base string) string {
	_, host, _ := strings.Cut(base, "://")
	return host
}
