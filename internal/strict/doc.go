// Package strict is legal but unfriendly behaviour of the registry, which keeps
// its clients honest (ADR 17, docs/strictness.md). It stands around the public
// handler: it takes requests in before the rules see them, and changes answers
// when the rules are done with them, so that neither knows of it. What it may do
// stands in one table, Rules, each row with the document that makes it legal.
//
// Nothing is left to chance: a rule draws by hash(seed, rule, subject, n), where
// the subject is a system or application and a step of its pairing, and n counts
// that subject's requests. Other traffic changes nothing.
package strict
