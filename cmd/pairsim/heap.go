package main

import "runtime"

// headroom is never written to, so it takes no memory; but it counts when the garbage
// collector decides how much may be allocated before it collects again. A server that
// holds a few megabytes would otherwise collect for every few that requests leave
// behind, dozens of times a second under load (ADR 42).
var headroom []byte

// headroomBytes is how much more garbage lies at most. A large registry does not
// notice it.
const headroomBytes = 16 << 20

// giveHeadroom gives it when the collector has run for the first time, which is not
// before a server has something to do: making it is a reason to collect.
func giveHeadroom() {
	type collected struct{ _ [8]*byte } // with pointers: what has none shares its place with others
	runtime.AddCleanup(new(collected), func(bytes int) { headroom = make([]byte, bytes) }, headroomBytes)
}
