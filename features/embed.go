// Package features holds the scenarios that a landscape is held against, in the
// words of the cockpit. Their steps stand in features/steps; the runner here is a
// test, `go test ./features`, and the binary runs the same files.
package features

import "embed"

// FS holds every *.feature file, at its root.
//
//go:embed *.feature
var FS embed.FS
