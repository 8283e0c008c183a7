// Package contracts is where each side's expectations of the other will stand as
// pacts, and the means to hold any implementation against them. It is the only
// package that may import pact-go.
package contracts
