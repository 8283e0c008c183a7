package steps

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pairsim/pairsim/btpclient"
)

// tokenSteps are what an operator does with integration tokens, and forgers.
func (w *world) tokenSteps(d definitions) {
	d.Given(`^the operator has got its token$`, w.theOperatorHasGotItsToken)
	d.Given(`^the operator has got their tokens$`, w.theOperatorHasGotTheirTokens)
	d.Given(`^the operator has asked for a new token$`, w.theOperatorHasAskedForNewToken)
	d.Given(`^the signing key has been rotated to "([^"]*)"$`, w.theSigningKeyHasBeenRotated)

	d.When(`^the operator asks for a new token$`, w.theOperatorAsksForNewToken)
	d.When(`^the operator displays the token$`, w.theOperatorDisplaysTheToken)

	d.When(`^the operator asks to see the present token$`, w.theOperatorAsksToSee)
	d.When(`^the operator has the token explained$`, w.theOperatorHasItExplained)

	d.Then(`^the operator reads that the token would be refused because of "([^"]*)"$`, w.theOperatorReadsRefusal)
	d.Then(`^the operator is given a token with it$`, w.theOperatorIsGivenToken)
	d.Then(`^the operator is given no token with it$`, w.theOperatorIsGivenNoToken)
	d.Then(`^the operator sees a new token, and the first one is void$`, w.theOperatorSeesNewToken)
	d.Then(`^the operator sees a token$`, w.theOperatorSeesToken)
	d.Then(`^the operator sees the same token again$`, w.theOperatorSeesSameToken)
	d.Then(`^the token of "([^"]*)" is still unused$`, w.theTokenIsStillUnused)
	d.Then(`^the token of "([^"]*)" is shown as "([^"]*)"$`, w.theTokenIsShownAs)
	d.Then(`^a new token pairs the system "([^"]*)"$`, w.aNewTokenPairs)
}

// theOperatorHasGotItsToken takes the token that came with the registration, or
// asks for one where none did (v2).
func (w *world) theOperatorHasGotItsToken(ctx context.Context) error {
	if w.present != nil && len(w.present.tokens) > 0 {
		return nil
	}
	return w.theOperatorHasAskedForNewToken(ctx)
}

// theOperatorHasGotTheirTokens asks for a token of every system that has none yet.
func (w *world) theOperatorHasGotTheirTokens(ctx context.Context) error {
	var without []*system
	for _, s := range w.systems {
		if len(s.tokens) == 0 {
			without = append(without, s)
		}
	}
	return together(len(without), func(i int) error {
		token, err := w.operator.IssueToken(ctx, without[i].id)
		without[i].tokens = append(without[i].tokens, token)
		return err
	})
}

func (w *world) theOperatorHasAskedForNewToken(ctx context.Context) error {
	if err := w.theOperatorAsksForNewToken(ctx); err != nil {
		return err
	}
	return w.operated.err
}

func (w *world) theOperatorAsksForNewToken(ctx context.Context) error {
	if w.present == nil {
		return errors.New("the scenario has registered no system")
	}
	token, err := w.operator.IssueToken(ctx, w.present.id)
	w.operated = ended(err)
	if err == nil {
		w.present.tokens = append(w.present.tokens, token)
	}
	return nil
}

// theOperatorDisplaysTheToken does what the cockpit's button does: it shows the
// present token, and asks for a new one where there is none that can be shown.
func (w *world) theOperatorDisplaysTheToken(ctx context.Context) error {
	if w.present == nil {
		return errors.New("the scenario has registered no system")
	}
	token, err := w.operator.ShowToken(ctx, w.present.id)
	switch btpclient.CodeOf(err) {
	case "token-shown-once", "token-not-issued", "token-expired":
		token, err = w.operator.IssueToken(ctx, w.present.id)
	}
	w.operated, w.displayed = ended(err), token
	return nil
}

// theOperatorAsksToSee asks for no new one where there is none that can be shown.
func (w *world) theOperatorAsksToSee(ctx context.Context) error {
	if w.present == nil {
		return errors.New("the scenario has registered no system")
	}
	token, err := w.operator.ShowToken(ctx, w.present.id)
	w.operated, w.displayed = ended(err), token
	return nil
}

func (w *world) theOperatorHasItExplained(ctx context.Context) error {
	token, err := w.newest(w.present)
	if err != nil {
		return err
	}
	in, err := w.operator.InspectToken(ctx, token.Token)
	w.operated, w.inspected = ended(err), in
	return nil
}

func (w *world) theOperatorReadsRefusal(reason string) error {
	if err := w.operated.accepted("the operator"); err != nil {
		return err
	}
	if w.inspected.Refusal == nil || w.inspected.Refusal.Code != reason {
		return fmt.Errorf("the operator reads that the token is %q, refusal %+v; want one because of %q",
			w.inspected.State, w.inspected.Refusal, reason)
	}
	return nil
}

func (w *world) theSigningKeyHasBeenRotated(ctx context.Context, algorithm string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.control.RotateKey(ctx, algorithm)
	return err
}

func (w *world) theOperatorIsGivenToken() error {
	if err := w.registered.accepted("the registration"); err != nil {
		return err
	}
	_, err := w.newest(w.present)
	return err
}

func (w *world) theOperatorIsGivenNoToken() error {
	if err := w.registered.accepted("the registration"); err != nil {
		return err
	}
	if n := len(w.present.tokens); n > 0 {
		return fmt.Errorf("the registration of %q came with a token, want none", w.present.name)
	}
	return nil
}

func (w *world) theOperatorSeesToken(ctx context.Context) error {
	if err := w.operated.accepted("the operator"); err != nil {
		return err
	}
	in, err := w.operator.InspectToken(ctx, w.displayed.Token)
	if err != nil {
		return err
	}
	if !in.Accepted {
		return fmt.Errorf("the token that the operator sees would be refused because of %q, want one that pairs", in.Refusal.Code)
	}
	return nil
}

func (w *world) theOperatorSeesNewToken(ctx context.Context) error {
	if err := w.theOperatorSeesToken(ctx); err != nil {
		return err
	}
	first, err := w.operator.InspectToken(ctx, w.present.tokens[0].Token)
	if err != nil {
		return err
	}
	if first.Refusal == nil || first.Refusal.Code != "token-void" {
		return fmt.Errorf("the first token is %q, want it void", first.State)
	}
	return nil
}

func (w *world) theOperatorSeesSameToken(ctx context.Context) error {
	if err := w.theOperatorSeesToken(ctx); err != nil {
		return err
	}
	shown, err := w.operator.InspectToken(ctx, w.displayed.Token)
	if err != nil {
		return err
	}
	first, err := w.operator.InspectToken(ctx, w.present.tokens[0].Token)
	if err != nil {
		return err
	}
	// The same token may be signed anew, so its text can differ.
	if shown.Claims.Jti != first.Claims.Jti || !shown.ExpiresAt.Equal(first.ExpiresAt) {
		return fmt.Errorf("the operator sees the token of %s until %s, want the same as at first, of %s until %s",
			shown.IssuedAt, shown.ExpiresAt, first.IssuedAt, first.ExpiresAt)
	}
	return nil
}

func (w *world) theTokenIsShownAs(ctx context.Context, name, state string) error {
	s, err := w.look(ctx, name)
	if err != nil {
		return err
	}
	if s.Token == nil {
		return fmt.Errorf("the system %q shows no token, want one that is %q", name, state)
	}
	if s.Token.State != state {
		return fmt.Errorf("the token of %q is shown as %q, want %q", name, s.Token.State, state)
	}
	return nil
}

func (w *world) theTokenIsStillUnused(ctx context.Context, name string) error {
	if err := w.theTokenIsShownAs(ctx, name, "live"); err != nil {
		return err
	}
	token, err := w.newest(w.systems[name])
	if err != nil {
		return err
	}
	in, err := w.operator.InspectToken(ctx, token.Token)
	if err != nil {
		return err
	}
	if !in.Accepted {
		return fmt.Errorf("the token of %q would be refused because of %q, want it still usable", name, in.Refusal.Code)
	}
	return nil
}

func (w *world) aNewTokenPairs(ctx context.Context, name string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	w.present = s
	if err := w.theOperatorHasAskedForNewToken(ctx); err != nil {
		return err
	}
	return w.aClientPairs(ctx, name)
}

// newest is the newest token of s that the operator has seen.
func (w *world) newest(s *system) (btpclient.IntegrationToken, error) {
	if s == nil || len(s.tokens) == 0 {
		return btpclient.IntegrationToken{}, errors.New("the operator has got no token yet")
	}
	return s.tokens[len(s.tokens)-1], nil
}

// forgeries are texts that are not our token, by what a scenario calls them. Each
// is made of the real token of the system that the operator turned to last.
var forgeries = map[string]func(context.Context, *world, string) (string, error){
	"missing":                         func(context.Context, *world, string) (string, error) { return "", nil },
	"no token at all":                 func(context.Context, *world, string) (string, error) { return "open sesame", nil },
	"copied only in part":             func(_ context.Context, _ *world, real string) (string, error) { return real[:len(real)/2], nil },
	`signed with "none"`:              signedWithNone,
	"signed with another key":         signedWithAnotherKey,
	"signed with a swapped algorithm": signedWithPublicKey,
	"changed to name another system":  namingAnotherSystem,
	"issued by another environment":   issuedElsewhere,
}

// notOurs makes a token of this kind.
func (w *world) notOurs(ctx context.Context, kind string) (string, error) {
	forge, ok := forgeries[kind]
	if !ok {
		return "", fmt.Errorf("the steps know no token that is %s", kind)
	}
	token, err := w.newest(w.present)
	if err != nil {
		return "", err
	}
	return forge(ctx, w, token.Token)
}

func signedWithNone(_ context.Context, _ *world, real string) (string, error) {
	return signedAgain(real, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType)
}

func signedWithAnotherKey(_ context.Context, _ *world, real string) (string, error) {
	token, _, err := jwt.NewParser().ParseUnverified(real, jwt.MapClaims{})
	if err != nil {
		return "", errors.New("the token cannot be read")
	}
	var key any
	switch token.Method.Alg() {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "EdDSA":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		return "", err
	}
	return signedAgain(real, token.Method, key)
}

// signedWithPublicKey signs with what everybody knows: a registry that takes the
// algorithm from the token would verify an HMAC with its own public key.
func signedWithPublicKey(ctx context.Context, w *world, real string) (string, error) {
	c, err := w.connector()
	if err != nil {
		return "", err
	}
	conf, err := c.Configuration(ctx)
	if err != nil {
		return "", err
	}
	keys, err := c.JWKS(ctx, conf)
	if err != nil {
		return "", err
	}
	if len(keys) == 0 {
		return "", errors.New("the registry publishes no key")
	}
	der, err := x509.MarshalPKIXPublicKey(keys[0].Public)
	if err != nil {
		return "", err
	}
	return signedAgain(real, jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// signedAgain keeps header and claims but for the algorithm.
func signedAgain(real string, method jwt.SigningMethod, key any) (string, error) {
	token, _, err := jwt.NewParser().ParseUnverified(real, jwt.MapClaims{})
	if err != nil {
		return "", errors.New("the token cannot be read")
	}
	token.Method, token.Header["alg"] = method, method.Alg()
	return token.SignedString(key)
}

// namingAnotherSystem keeps the signature and changes what is signed.
func namingAnotherSystem(ctx context.Context, w *world, real string) (string, error) {
	own, err := w.look(ctx, w.present.name)
	if err != nil {
		return "", err
	}
	another, err := w.operator.Register(ctx, w.present.account, "Another System", own.Type)
	if err != nil {
		return "", err
	}
	parts := strings.Split(real, ".")
	claims := map[string]any{}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return "", errors.New("the token cannot be read")
	}
	claims["sub"] = another.ID
	if payload, err = json.Marshal(claims); err != nil {
		return "", err
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(payload)
	return strings.Join(parts, "."), nil
}

// issuedElsewhere is the token of a system of the same type and name in a second
// landscape.
func issuedElsewhere(ctx context.Context, w *world, _ string) (string, error) {
	own, err := w.look(ctx, w.present.name)
	if err != nil {
		return "", err
	}
	elsewhere, err := w.launch(ctx)
	if err != nil {
		return "", err
	}
	operator := btpclient.NewOperator(elsewhere.HTTP(), w.web)
	there, err := operator.Register(ctx, defaultAccount, own.Name, own.Type)
	if err != nil {
		return "", err
	}
	token, err := operator.IssueToken(ctx, there.ID)
	return token.Token, err
}
