// Package connector speaks the wires that real clients know: Kyma's Connector
// Service (pairing-protocols §1), Application Registry (§3) and event service
// (§4). Paths, codes and bodies are the vendor's; the reason of a refusal stands
// in the header Pairsim-Reason beside the vendor's body.
package connector
