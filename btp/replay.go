package btp

import "time"

// Replay remembers what a create with an Idempotency-Key made, so that the same
// request sent again makes nothing more. Secrets are not in it: the answer is
// made again from what was created.
type Replay struct {
	// Key is the operation, who asked, and the client's key.
	Key string
	// Request is the digest of what was asked for.
	Request Digest
	// Created is the id of what was made; Token that of the token that came with it.
	Created   string
	Token     TokenID
	CreatedAt time.Time
}
