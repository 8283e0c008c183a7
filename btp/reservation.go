package btp

import "time"

// Reservation keeps the name of a system whose row is gone: a Marketing Cloud
// system's is free when its tenant has deleted the extension too (e9d975a.md@v1).
type Reservation struct {
	GlobalAccount GlobalAccountID
	Name          string
	System        SystemID
	// TenantID is the tenant that keeps the name.
	TenantID string
	// Release is the digest of the token with which the tenant says that the
	// extension is deleted.
	Release   Digest
	CreatedAt time.Time
}
