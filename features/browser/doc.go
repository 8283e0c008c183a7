// Package browser clicks through the cockpit in a real headless Chromium: the flows
// of the documents, accessibility (axe-core), and the pictures of docs/images.
//
// Its tests carry the build tag browser, so that `go test ./...` needs neither
// Chromium nor Node: `make browser` runs them, `make screenshots` makes the pictures.
package browser
