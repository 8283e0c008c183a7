package btpclient

import (
	"context"
	"net/http"
	"time"
)

// IntegrationToken is a token in the three forms that people copy: a secret.
type IntegrationToken struct {
	Token            string    `json:"token"`
	TokenURL         string    `json:"tokenUrl"`
	Encoded          string    `json:"encoded"`
	IssuedAt         time.Time `json:"issuedAt"`
	ExpiresAt        time.Time `json:"expiresAt"`
	RemainingSeconds int64     `json:"remainingSeconds"`
}

// TokenInspection says what a token is. Claims, State and System are empty where
// the registry knows nothing of it; Refusal is nil when it would be accepted.
type TokenInspection struct {
	Accepted         bool          `json:"accepted"`
	Now              time.Time     `json:"now"`
	Claims           *TokenClaims  `json:"claims,omitempty"`
	State            string        `json:"state,omitempty"`
	IssuedAt         time.Time     `json:"issuedAt,omitzero"`
	ExpiresAt        time.Time     `json:"expiresAt,omitzero"`
	RemainingSeconds int64         `json:"remainingSeconds"`
	System           *System       `json:"system,omitempty"`
	Refusal          *TokenRefusal `json:"refusal,omitempty"`
}

// TokenClaims are what a token says (docs/wire.md, Integration token).
type TokenClaims struct {
	Iss           string `json:"iss"`
	Aud           string `json:"aud"`
	Sub           string `json:"sub"`
	Jti           string `json:"jti"`
	Iat           int64  `json:"iat"`
	Exp           int64  `json:"exp"`
	GlobalAccount string `json:"global_account"`
	SystemType    string `json:"system_type"`
	TokenURL      string `json:"token_url"`
	Edition       string `json:"edition"`
}

// TokenRefusal is why a token would be refused.
type TokenRefusal struct {
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Next   string `json:"next"`
	Source string `json:"source"`
}

// IssueToken makes a new token for a system; it voids the present one.
func (o *Operator) IssueToken(ctx context.Context, id string, options ...CallOption) (t IntegrationToken, err error) {
	err = o.do(ctx, http.MethodPost, systemPath(id)+"/tokens", nil, nil, &t, options...)
	return t, err
}

// ShowToken returns the present token of a type that shows it again; others are
// refused with token-shown-once.
func (o *Operator) ShowToken(ctx context.Context, id string) (t IntegrationToken, err error) {
	err = o.do(ctx, http.MethodGet, systemPath(id)+"/token", nil, nil, &t)
	return t, err
}

// InspectToken says what a token, in any form, is and why it would be refused.
func (o *Operator) InspectToken(ctx context.Context, token string) (in TokenInspection, err error) {
	err = o.do(ctx, http.MethodPost, "/api/v1/tokens/inspection", nil, map[string]string{"token": token}, &in)
	return in, err
}
