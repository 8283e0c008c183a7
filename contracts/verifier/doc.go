// Package verifier holds a provider against pacts. The comparison itself is the Pact
// library's; between it and the provider stands a Stage, which brings the provider
// into the states, presents the client certificates that these give, and knows in
// plain words why something did not work.
//
// Everything but run.go builds without the Pact library; that needs the tag pact.
package verifier
