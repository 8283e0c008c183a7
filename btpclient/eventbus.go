package btpclient

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// BusToken is an access token for a subaccount's event bus; ExpiresIn is in seconds.
type BusToken struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
}

// BusToken asks for a token with the client of a channel (service-apis §6): client
// credentials, the client by HTTP Basic.
func (c *Connector) BusToken(ctx context.Context, tokenEndpoint, clientID, clientSecret string) (token BusToken, err error) {
	err = c.do(ctx, c.client, request{
		step: "busToken", method: http.MethodPost, url: tokenEndpoint, body: []byte("grant_type=client_credentials"),
		contentType: "application/x-www-form-urlencoded", want: http.StatusOK,
		header: map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString(
			[]byte(url.QueryEscape(clientID)+":"+url.QueryEscape(clientSecret)))}, // RFC 6749 §2.3.1
	}, &token)
	return token, err
}

// PublishMessage publishes body on a topic of the event bus at uri, the base of
// messagingrest/v1, with quality of service 0 or 1 (service-apis §6).
func (c *Connector) PublishMessage(ctx context.Context, uri, topic string, qos int, accessToken, contentType string, body []byte) error {
	return c.do(ctx, c.client, request{
		step: "publish", method: http.MethodPost, url: strings.TrimRight(uri, "/") + "/topics/" + url.PathEscape(topic) + "/messages",
		body: body, contentType: contentType, want: anySuccess,
		header: map[string]string{"Authorization": "Bearer " + accessToken, "X-Qos": strconv.Itoa(qos)},
	}, nil)
}

// Allows tells whether a URL leads to the configured registry: calls go nowhere else.
func (c *Connector) Allows(text string) bool {
	_, err := c.allowed(text)
	return err == nil
}
