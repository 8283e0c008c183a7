// Package rest is the destination service as its clients know it (service-apis §2):
// destinations and certificate files, and "find destination", which fetches the tokens
// that a call of the target needs. Who may have which destination is decided in
// btp/destination.
package rest
