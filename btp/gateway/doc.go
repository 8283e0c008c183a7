// Package gateway is the wire of Kyma's application gateway, over which workloads
// call the APIs of applications in their runtime without credentials of their own
// (pairing-protocols §5, sap-domain §15.4). What there is to call, and what is
// refused, btp decides; here are addresses, credentials, and the call itself.
package gateway
