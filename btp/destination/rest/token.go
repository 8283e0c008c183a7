package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/btp/saml"
	"github.com/pairsim/pairsim/internal/pattern"
)

// maxTokenAnswer bounds what a token service answers, in bytes, maxExpiresIn how long
// its token is believed, in seconds: ten years.
const (
	maxTokenAnswer = 64 << 10
	maxExpiresIn   = 10 * 365 * 24 * 60 * 60
)

// authToken is an entry of authTokens: a token, or why there is none.
type authToken struct {
	Type      string  `json:"type"`
	Value     string  `json:"value"`
	ExpiresIn string  `json:"expires_in"` // seconds
	Error     string  `json:"error,omitempty"`
	Scope     string  `json:"scope,omitempty"`
	Header    *header `json:"http_header,omitempty"`
}

// header is sent to the target as it is.
type header struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// token is that of the target: one that is kept, or a new one.
func (s *Service) token(ctx context.Context, l *looked) authToken {
	user, err := s.user(ctx, l)
	if err != nil {
		return without(s.shown(ctx, err))
	}
	key := keyOf(s.Registry.Generation(), l, user)
	if kept, known := s.tokens.Find(key, s.Registry.Now()); known {
		return kept.entry(s.Registry.Now())
	}
	var got granted
	var about btp.Reference
	var shown string
	err = s.Registry.At(ctx, btp.PointDestinationToken, &about, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, s.Timeout)
		defer cancel()
		answer, err := s.exchange(ctx, l, user)
		var failure *failure
		if errors.As(err, &failure) {
			shown = failure.shown
			return btp.Errorf(btp.DestinationTokenFailed, "destination %s: %s", l.Name, failure.text)
		}
		if err != nil {
			return err
		}
		got = granted{answer, s.Registry.Now().Add(time.Duration(min(max(answer.ExpiresIn, 0), maxExpiresIn)) * time.Second)}
		return nil
	})
	switch {
	case shown != "":
		return without(shown)
	case err != nil:
		return without(s.shown(ctx, err))
	}
	s.tokens.Keep(key, got, got.until, s.Registry.Now())
	return got.entry(s.Registry.Now())
}

// without is the entry of a token that could not be had.
func without(why string) authToken {
	return authToken{ExpiresIn: "0", Error: "Retrieval of OAuthToken failed due to: " + why}
}

// shown is what a caller is told of an error.
func (s *Service) shown(ctx context.Context, err error) string {
	var refused *btp.Error
	var failure *failure
	switch {
	case errors.As(err, &failure):
		return failure.shown
	case errors.As(err, &refused) && refused.Code != btp.Internal:
		return refused.Detail
	}
	s.Log.ErrorContext(ctx, "no token for a destination", "error", err)
	return "internal error"
}

// failure is why there is no token: text is fit for the journal, shown for the caller,
// who has the credentials and may see what the token service said.
type failure struct{ text, shown string }

func (f *failure) Error() string { return f.text }

func failed(text string) error { return &failure{text, text} }

// tokenAnswer is what a token service says (RFC 6749 §5.1, §5.2).
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
	Scope       string `json:"scope"`
}

// exchange gets a token of the destination's token service.
func (s *Service) exchange(ctx context.Context, l *looked, user *btp.User) (tokenAnswer, error) {
	form := url.Values{}
	if scope := l.Property(destination.Scope); scope != "" {
		form.Set("scope", scope)
	}
	address, err := tokenServiceOf(l)
	if err != nil {
		return tokenAnswer{}, err
	}
	name, password := l.Property(destination.TokenServiceUser), l.Property(destination.TokenServicePassword)
	if l.Property(destination.Authentication) == destination.OAuth2SAMLBearerAssertion {
		assertion, err := s.assertion(ctx, l, user)
		if err != nil {
			return tokenAnswer{}, err
		}
		form.Set("grant_type", "urn:ietf:params:oauth:grant-type:saml2-bearer")
		form.Set("assertion", assertion)
		form.Set("client_id", l.Property(destination.ClientKey))
	} else {
		form.Set("grant_type", "client_credentials")
		if id, secret := l.Property(destination.ClientID), l.Property(destination.ClientSecret); name == "" {
			name, password = id, secret
		} else { // the user is one of the token service, the client its own
			form.Set("client_id", id)
			form.Set("client_secret", secret)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return tokenAnswer{}, failed("tokenServiceURL is no URL")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if name != "" {
		req.SetBasicAuth(name, password)
	}
	return s.ask(req)
}

// ask makes the call. A redirect is an answer like another.
func (s *Service) ask(req *http.Request) (answer tokenAnswer, err error) {
	res, err := s.transport.RoundTrip(req)
	if err != nil {
		return answer, failed("the token service was not reached: " + err.Error()) // outbound's errors hold no credentials
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(io.LimitReader(res.Body, maxTokenAnswer+1))
	switch {
	case err != nil:
		return answer, failed("the token service's answer broke off")
	case len(body) > maxTokenAnswer:
		return answer, failed(fmt.Sprintf("the token service's answer has more than %d bytes", maxTokenAnswer))
	case res.StatusCode != http.StatusOK:
		return answer, refusedBy(res.StatusCode, body)
	case json.Unmarshal(body, &answer) != nil:
		return answer, failed("the token service's answer is not the JSON of a token")
	case answer.AccessToken == "" || strings.ContainsFunc(answer.AccessToken, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return answer, failed("the token service's answer has no access_token that can be sent on")
	}
	return answer, nil
}

// tokenType is what can stand in a header.
var tokenType = pattern.New(`^[A-Za-z]{1,20}$`)

var errorCode = pattern.New(`^[a-z_]{1,40}$`)

// refusedBy tells that the token service refused: its code to everybody, its words to
// the caller alone.
func refusedBy(status int, body []byte) error {
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	f := &failure{text: fmt.Sprintf("the token service answered with status %d", status)}
	if json.Unmarshal(body, &said) == nil && errorCode.MatchString(said.Error) {
		f.text += " " + said.Error
	}
	f.shown = f.text
	const most = 300
	words := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(said.Description, ""))
	if len(words) > most {
		words = strings.ToValidUTF8(words[:most], "") + "…"
	}
	if words != "" {
		f.shown += ": " + words
	}
	return f
}

// subdomainRule is that of a subaccount's subdomain: what X-tenant names becomes a
// part of a host.
var subdomainRule = pattern.New(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// tokenServiceOf is where tokens are got. One of type Common is shared by all
// tenants: the subdomain stands for {tenant}, or in front of its host.
func tokenServiceOf(l *looked) (string, error) {
	text := l.Property(destination.TokenServiceURL)
	if l.Property(destination.TokenServiceURLType) != destination.Common {
		return text, nil
	}
	tenant := l.query.Tenant
	if tenant == "" {
		tenant = l.subdomain
	}
	if !subdomainRule.MatchString(tenant) {
		return "", failed("X-tenant is no subdomain")
	}
	if strings.Contains(text, "{tenant}") {
		return strings.ReplaceAll(text, "{tenant}", tenant), nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", failed("tokenServiceURL is no URL")
	}
	u.Host = tenant + "." + u.Host
	return u.String(), nil
}

// assertion is what the subaccount's identity provider says of the user, encoded.
func (s *Service) assertion(ctx context.Context, l *looked, user *btp.User) (string, error) {
	subject, format, err := subjectOf(l, user)
	if err != nil {
		return "", err
	}
	signer, err := destination.SignerOf(ctx, s.Registry, l.Subaccount, false)
	if err != nil {
		return "", err
	}
	a := saml.Assertion{
		Issuer: either(l.Property("assertionIssuer"), signer.Issuer), Subject: subject, Format: format,
		Recipient: either(l.Property("assertionRecipient"), l.Property(destination.TokenServiceURL)),
		Audience:  l.Property(destination.Audience), ClassRef: l.Property(destination.AuthnContextClassRef),
	}
	err = s.Registry.Amend(ctx, func(step *btp.Step) error {
		a.ID, a.IssuedAt = "_"+step.NewID(), step.Now()
		return nil
	})
	if err != nil {
		return "", err
	}
	if !a.IssuedAt.Before(signer.NotAfter) {
		return "", failed("the trust certificate of the subaccount expired at " + signer.NotAfter.UTC().Format(time.RFC3339) +
			": delete the service instance, and create it anew")
	}
	xml, err := saml.Sign(a, signer.Key, signer.Certificate)
	if err != nil {
		return "", failed("no assertion can be made: " + err.Error())
	}
	return saml.Encode(xml), nil
}

// subjectOf is the user in the words that the target knows: userIdSource says which,
// or else nameIdFormat.
func subjectOf(l *looked, user *btp.User) (subject, format string, err error) {
	format = either(l.Property(destination.NameIDFormat), destination.NameIDUnspecified)
	if system := l.Property(destination.SystemUser); system != "" { // outdated: one user for all
		return system, format, nil
	}
	if user == nil {
		return "", "", failed("there is no user: send a user's token as Bearer, or in X-user-token")
	}
	source := l.Property(destination.UserIDSource)
	if source == "" && format == destination.NameIDEmail {
		source = "email"
	}
	switch source {
	case "email":
		subject = user.Email
	case "user_id":
		subject = user.ID
	default:
		subject = user.Name
	}
	if subject == "" {
		return "", "", failed("the user's token has no " + source)
	}
	return subject, format, nil
}

func either(given, otherwise string) string {
	if given != "" {
		return given
	}
	return otherwise
}

// granted is a token with its end, an instant of the environment's clock.
type granted struct {
	tokenAnswer
	until time.Time
}

// entry is the token as a caller gets it now.
func (g granted) entry(now time.Time) authToken {
	kind := g.TokenType
	if !tokenType.MatchString(kind) || strings.EqualFold(kind, "bearer") {
		kind = "Bearer"
	}
	left := int64(max(g.until.Sub(now), 0) / time.Second)
	return authToken{
		Type: kind, Value: g.AccessToken, ExpiresIn: strconv.FormatInt(left, 10), Scope: g.Scope,
		Header: &header{"Authorization", kind + " " + g.AccessToken},
	}
}
