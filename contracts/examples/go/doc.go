// Package example is a registry and a connector of somebody else, in Go: the worked
// examples of docs/guides/contracts-provider.md and contracts-consumer.md. It uses
// nothing of pairsim, as theirs would not.
package example
