package btp

import "time"

// OAuthClient may ask the token service for access tokens. It stands for one
// person in one role.
type OAuthClient struct {
	// ID is the client_id.
	ID string
	// Secret is the digest of the client_secret, which is shown once.
	Secret Digest
	// Role is a Role's name.
	Role string
	// GlobalAccount is where a role of the registry holds; "" for a tenant's administrator.
	GlobalAccount GlobalAccountID
	// Tenant is the tenant of a tenant's administrator; "" otherwise.
	Tenant    string
	CreatedAt time.Time
}
