package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/outbound"
)

// maxTokenAnswer bounds what a token server answers, in bytes.
const maxTokenAnswer = 64 << 10

// tokenCall is how a token is fetched: the client proves itself by a secret, or
// by a certificate.
type tokenCall struct {
	url, clientID, secret string
	certificate, key      []byte
	parameters            *btp.RequestParameters
}

func tokenCallOf(c *btp.Credentials) tokenCall {
	if m := c.OAuthWithCertificate; m != nil {
		return tokenCall{url: m.URL, clientID: m.ClientID, certificate: m.CertificatePEM, key: m.PrivateKeyPEM, parameters: m.RequestParameters}
	}
	o := c.OAuth
	return tokenCall{url: o.URL, clientID: o.ClientID, secret: o.ClientSecret, parameters: o.RequestParameters}
}

func (t *tokenCall) mutual() bool { return len(t.certificate) > 0 || len(t.key) > 0 }

// refuse says that a token was not got; what fails with a certificate is an
// internal error of the vendor's gateway (pairing-protocols §5.3).
func (t *tokenCall) refuse(text string) error {
	code := btp.TokenCallFailed
	if t.mutual() {
		code = btp.TokenCallMTLSFailed
	}
	return btp.Errorf(code, "the token call failed: %s", text).WithVendor("Failed to get token: " + text)
}

// accessTokenOf is an access token by the client credentials grant; one is kept
// until it expires on the environment's clock, or the target denies a call.
func (c *call) accessTokenOf(ctx context.Context, credentials *btp.Credentials) (string, error) {
	how := tokenCallOf(credentials)
	key := how.cacheKey(c.to.System)
	c.used = append(c.used, key)
	if token, known := c.tokens.Find(key, c.Registry.Now()); known {
		return token.text, nil
	}
	var token token
	err := c.Registry.GatewayStep(c.client, btp.PointGatewayToken, c.to.GatewayTarget, func(step context.Context) (string, error) {
		answer, err := c.fetchToken(btp.WithinStepOf(ctx, step), how)
		if err != nil {
			return "", err
		}
		token.text = answer.AccessToken
		token.until = c.Registry.Now().Add(time.Duration(min(max(answer.ExpiresIn, 0), maxExpiresIn)) * time.Second)
		return fmt.Sprintf("an OAuth token was fetched that expires in %d seconds", answer.ExpiresIn), nil
	})
	if err != nil {
		return "", err
	}
	c.tokens.Keep(key, token, token.until, c.Registry.Now())
	return token.text, nil
}

// maxExpiresIn bounds what a token server may say, in seconds: ten years.
const maxExpiresIn = 10 * 365 * 24 * 60 * 60

// tokenAnswer is what a token server says (RFC 6749 §5.1).
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
}

// fetchToken asks as the vendor does: a secret goes into the form and into a
// Basic header (pairing-protocols §5.2).
func (c *call) fetchToken(ctx context.Context, how tokenCall) (answer tokenAnswer, err error) {
	form := url.Values{"client_id": {how.clientID}, "grant_type": {"client_credentials"}}
	transport := c.transport
	if how.mutual() {
		own, err := keyPair(how.certificate, how.key)
		if err != nil {
			return answer, err
		}
		transport = c.Outbound.Transport(own)
		defer transport.CloseIdleConnections()
	} else {
		form.Set("client_secret", how.secret)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, how.url, strings.NewReader(form.Encode()))
	if err != nil {
		return answer, how.refuse("its address is not a URL")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !how.mutual() {
		req.SetBasicAuth(how.clientID, how.secret)
	}
	res, body, err := c.ask(req, transport, how.parameters)
	switch {
	case c.client.Err() != nil:
		return answer, c.client.Err()
	case err != nil:
		return answer, how.refuse(err.Error())
	case res.StatusCode != http.StatusOK:
		return answer, how.refuse(fmt.Sprintf("incorrect response code '%d' while getting token", res.StatusCode))
	case json.Unmarshal(body, &answer) != nil:
		return answer, how.refuse("the answer is not the JSON of a token")
	case answer.AccessToken == "":
		return answer, how.refuse("the answer has no access_token")
	}
	return answer, nil
}

// ask makes a small call of the gateway's own, with a bounded answer. A redirect
// is an answer like another.
func (c *call) ask(req *http.Request, transport *outbound.Transport, parameters *btp.RequestParameters) (*http.Response, []byte, error) {
	req.Header.Set("User-Agent", "") // none, instead of Go's
	addParameters(req, parameters)
	res, err := transport.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxTokenAnswer+1))
	switch {
	case err != nil:
		return nil, nil, errors.New("the answer ended early")
	case len(body) > maxTokenAnswer:
		return nil, nil, fmt.Errorf("the answer has more than %d bytes", maxTokenAnswer)
	}
	return res, body, nil
}
