// Package naive holds small connectors, each with exactly one mistake that real
// ones make: it counts on what a server happens to do and no document promises.
// All of them pair with a friendly registry. Strictness (docs/strictness.md)
// catches each by the rule that its mistake is about, and by no other.
//
// They share one honest connector, which takes everything from the documents and
// nothing from us, and differ from it by one habit.
package naive
