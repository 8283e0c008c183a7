//go:build pact && race

package main

// raceFlag lets the example be built as this test is: what it is made of is there.
var raceFlag = []string{"-race"}
