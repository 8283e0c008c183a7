// Package tokenservice is the token service as XSUAA's clients know it
// (service-apis §1): POST /oauth/token and GET /token_keys. It signs access
// tokens, RS256 JWTs, and reads them again for whoever asks for a role
// (--auth). What a role allows is decided by btp; an access token opens APIs and
// pairs nothing, an integration token (btp/token) the reverse.
package tokenservice
