package extensibility

import (
	"slices"
	"strings"
)

// The authentication methods of communication arrangements (553a4c6.md).
const (
	Basic             = "BasicAuthentication"
	SAMLBearer        = "OAuth2SAMLBearerAssertion"
	ClientCertificate = "ClientCertificateAuthentication"
	ClientCredentials = "OAuth2ClientCredentials"
	NoAuthentication  = "NoAuthentication"
	OAuth2mTLS        = "OAuth2mTLS"
)

// methods are what the systems of a type can be entered and left by.
type methods struct {
	inbound, outbound []string
	source            string
}

// methodsOf are the system types that the service is for. Marketing Cloud's sets are
// narrower than the descriptor's (SEED-004). The certificates came in 2024-02-06.
var methodsOf = map[string]methods{
	"SAP Marketing Cloud": {
		inbound: []string{Basic, SAMLBearer}, outbound: []string{Basic, ClientCredentials, NoAuthentication}, source: "SEED-004",
	},
	"SAP S/4HANA Cloud": {
		inbound:  []string{SAMLBearer, Basic, ClientCertificate},
		outbound: []string{Basic, ClientCredentials, NoAuthentication, OAuth2mTLS, ClientCertificate},
		source:   "553a4c6.md",
	},
}

// checkMethods tells what systems of a type do not know.
func (m methods) check(a Arrangement, systemType string, found *findings) {
	for _, one := range []struct {
		key, method, direction string
		known                  []string
	}{
		{"inboundAuthentication", a.Inbound, "inbound", m.inbound},
		{"outboundAuthentication", a.Outbound, "outbound", m.outbound},
	} {
		if one.method != "" && !slices.Contains(one.known, one.method) {
			found.add(atArrangement+"."+one.key, "%s is none of %s, which are the %s methods of %s (%s)",
				one.method, strings.Join(one.known, ", "), one.direction, systemType, m.source)
		}
	}
}
