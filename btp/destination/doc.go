// Package destination holds the rules of destinations: what one may say, on which
// level its name is unique, what of it is secret, and the trust that a subaccount's
// SAML assertions stand on (sap-domain §14, service-apis §2). It calls nobody: tokens
// are fetched and assertions are signed in destination/rest.
package destination
