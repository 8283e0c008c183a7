package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

// headroom is never written to, so it takes no memory; but it counts when the garbage
// collector decides how much may be allocated before it collects again. A server that
// holds a few megabytes would otherwise collect for every few that requests leave
// behind, dozens of times a second under load (ADR 42).
var headroom []byte

// headroomBytes is how much more garbage lies at most. A large registry does not
// notice it.
const headroomBytes = 16 << 20

// giveHeadroom lets the collector come first when so much has been allocated, which a start
// does not, and gives the headroom then: making it is a reason to collect. Who sets GOGC
// knows what he wants, and gets none. What it returns is closed when the headroom is there.
func giveHeadroom() <-chan struct{} {
	given := make(chan struct{})
	if os.Getenv("GOGC") != "" {
		return given
	}
	const least = 4 << 20 // bytes, for GOGC=100: how much is allocated before the first collection
	usual := debug.SetGCPercent(100 * headroomBytes / least)
	type collected struct{ _ [8]*byte } // with pointers: what has none shares its place with others
	runtime.AddCleanup(new(collected), func(usual int) {
		headroom = make([]byte, headroomBytes)
		debug.SetGCPercent(usual)
		close(given)
	}, usual)
	return given
}
