package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/token"
)

// integrationToken is a token in the three forms that people copy.
type integrationToken struct {
	Token            string    `json:"token"`
	TokenURL         string    `json:"tokenUrl"`
	Encoded          string    `json:"encoded"`
	IssuedAt         time.Time `json:"issuedAt"`
	ExpiresAt        time.Time `json:"expiresAt"`
	RemainingSeconds int64     `json:"remainingSeconds"`
}

func integrationTokenOf(t *btp.IssuedToken, infoURL string) *integrationToken {
	return &integrationToken{
		Token: t.JWS, TokenURL: token.TokenURL(infoURL, t.JWS), Encoded: token.Encode(t.JWS, infoURL),
		IssuedAt: t.IssuedAt.UTC(), ExpiresAt: t.ExpiresAt.UTC(), RemainingSeconds: seconds(t.Remaining),
	}
}

// seconds is what is left, in begun seconds: a token just made is valid for ten minutes.
func seconds(d time.Duration) int64 { return int64((max(d, 0) + time.Second - 1) / time.Second) }

func (s *server) showToken(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	infoURL := s.URLs.InfoURL(c.Request)
	t, err := s.Registry.ShowToken(c.Request.Context(), btp.SystemID(c.Param("id")), infoURL)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	return Respond(c, http.StatusOK, integrationTokenOf(t, infoURL))
}

func (s *server) issueToken(c *gin.Context) error {
	if err := ReadNothing(c); err != nil {
		return err
	}
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	infoURL := s.URLs.InfoURL(c.Request)
	t, err := s.Registry.IssueToken(c.Request.Context(), btp.SystemID(c.Param("id")), infoURL, key)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	return Respond(c, http.StatusCreated, integrationTokenOf(t, infoURL))
}

// inspection says what a token is. claims, state and system are left out where
// the registry knows nothing of it; refusal is left out when it would be accepted.
type inspection struct {
	Accepted         bool              `json:"accepted"`
	Now              time.Time         `json:"now"`
	Claims           *claims           `json:"claims,omitempty"`
	State            btp.TokenState    `json:"state,omitempty"`
	IssuedAt         time.Time         `json:"issuedAt,omitzero"`
	ExpiresAt        time.Time         `json:"expiresAt,omitzero"`
	RemainingSeconds int64             `json:"remainingSeconds"`
	System           *systemRow        `json:"system,omitempty"`
	Refusal          *inspectedRefusal `json:"refusal,omitempty"`
}

// claims has the names of docs/wire.md, Integration token.
type claims struct {
	Iss           string              `json:"iss"`
	Aud           string              `json:"aud"`
	Sub           btp.SystemID        `json:"sub"`
	Jti           btp.TokenID         `json:"jti"`
	Iat           int64               `json:"iat"`
	Exp           int64               `json:"exp"`
	GlobalAccount btp.GlobalAccountID `json:"global_account"`
	SystemType    string              `json:"system_type"`
	TokenURL      string              `json:"token_url"`
	Edition       string              `json:"edition"`
}

type inspectedRefusal struct {
	Code   btp.Code `json:"code"`
	Title  string   `json:"title"`
	Detail string   `json:"detail"`
	Next   string   `json:"next"`
	Source string   `json:"source"`
}

func (s *server) inspectToken(c *gin.Context) error {
	var req struct {
		Token string `json:"token"`
	}
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	if err := DecodeBody(c, &req); err != nil {
		return err
	}
	jws, err := token.ParseForm(req.Token)
	if err != nil {
		return err
	}
	in, err := s.Registry.InspectToken(c.Request.Context(), jws)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	return Respond(c, http.StatusOK, s.inspectionOf(in))
}

func (s *server) inspectionOf(in btp.Inspection) inspection {
	answer := inspection{Accepted: in.Refusal == nil, Now: in.Now.UTC(), State: in.State}
	if k := in.Claims; k.ID != "" {
		answer.Claims = &claims{
			k.Issuer, k.Audience, k.Subject, k.ID, k.IssuedAt.Unix(), k.ExpiresAt.Unix(),
			k.GlobalAccount, k.SystemType, k.TokenURL, k.Edition,
		}
		answer.IssuedAt, answer.ExpiresAt = k.IssuedAt.UTC(), k.ExpiresAt.UTC()
		answer.RemainingSeconds = seconds(k.ExpiresAt.Sub(in.Now))
	}
	if in.System != nil {
		row := s.rowOf(*in.System)
		answer.System = &row
	}
	if r := in.Refusal; r != nil {
		why := btp.Explain(r.Code)
		answer.Refusal = &inspectedRefusal{r.Code, TitleOf(r.Code), r.Detail, why.Next, why.Source}
	}
	return answer
}
