package btp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// AttemptID names a pairing attempt.
type AttemptID string

// Digest is the SHA-256 of a follow-up token.
type Digest [sha256.Size]byte

// Attempt is an accepted token on its way to Registered. It exists while it is
// open; its end is a journal entry.
type Attempt struct {
	ID     AttemptID
	System SystemID
	Token  TokenID
	// FollowUp is the digest of the follow-up token; zero once that is spent.
	FollowUp Digest
	// Tenant is the id that a tenant announced; with it Registered waits for
	// the tenant's descriptor.
	Tenant string
	// RejectedCSRs counts the refused certificate requests.
	RejectedCSRs int
	// Certificate is the serial issued in this attempt, "" before.
	Certificate Serial
	OpenedAt    time.Time
	Deadline    time.Time
}

// awaitsDescriptor says that the first call alone does not complete a.
func (a *Attempt) awaitsDescriptor() bool { return a.Tenant != "" }

// newFollowUp draws a follow-up token: 64 random bytes, URL-safe base64 with
// padding (pairing-protocols §1.3), and its digest.
func newFollowUp() (string, Digest) {
	var b [64]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	text := base64.URLEncoding.EncodeToString(b[:])
	return text, digestOf(text)
}

func digestOf(followUp string) Digest { return sha256.Sum256([]byte(followUp)) }
