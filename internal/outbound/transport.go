package outbound

import (
	"crypto/tls"
	"net/http"
	"time"
)

// Transport carries calls whose bodies are streamed, within the same bounds of
// hosts as all others. It follows no redirect and takes bodies as they are; the
// caller bounds time, by the request's context, and size. Connections are kept:
// each was checked when it was made. It is safe for concurrent use.
type Transport struct {
	client *Client
	http   *http.Transport
}

// Bounds of a Transport's idle connections.
const (
	idleConnections = 64 // per host
	idleTimeout     = 90 * time.Second
)

// Transport makes a transport that shows own, unless that is nil, to servers that
// ask for a certificate. Connections are not shared with other transports.
func (c *Client) Transport(own *tls.Certificate) *Transport {
	return &Transport{c, &http.Transport{ // no Proxy: a proxy would dial for us, unchecked
		DialContext:            c.dialPlain,
		DialTLSContext:         c.dialTLS(own),
		MaxIdleConnsPerHost:    idleConnections,
		IdleConnTimeout:        idleTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // what the target sends is passed on as it is
	}}
}

// RoundTrip makes one call. Its errors hold no credentials, and are told apart
// by IsForbidden and IsLate.
func (t *Transport) RoundTrip(req *http.Request) (res *http.Response, err error) {
	req = t.client.recorder.Sending(req)
	defer func() {
		status := 0
		if res != nil {
			status = res.StatusCode
		}
		t.client.observe(req.Context(), req, status, err)
	}()
	if err := checkURL(req.URL); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	res, err = t.http.RoundTrip(req)
	if err != nil {
		return nil, t.client.describe(err)
	}
	t.client.recorder.Answered(req, res)
	return res, nil
}

// CloseIdleConnections lets go of connections that no call uses.
func (t *Transport) CloseIdleConnections() { t.http.CloseIdleConnections() }
