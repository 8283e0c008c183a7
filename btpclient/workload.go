package btpclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Workload is a program in a Kyma runtime, which calls the APIs of the runtime's
// applications through the gateway.
type Workload struct {
	base   string
	client *http.Client
}

// NewWorkload makes a workload that reaches the gateway at the registry's URL.
func NewWorkload(registryURL string, client *http.Client) *Workload {
	return &Workload{strings.TrimRight(registryURL, "/"), client}
}

// GatewayAPI names an API as the gateway's addresses do. Service and Entry are
// display names; without an Entry the address has the standalone form.
type GatewayAPI struct {
	Application, Service, Entry string
}

// path is the address of the API at the gateway.
func (a GatewayAPI) path() string {
	parts := "/gateway/" + url.PathEscape(a.Application) + "/" + gatewayName(a.Service)
	if a.Entry != "" {
		parts = "/gateway-ucl" + strings.TrimPrefix(parts, "/gateway") + "/" + gatewayName(a.Entry)
	}
	return parts
}

// gatewayName is a display name as it stands in an address: lower case, all that
// is no letter or digit a hyphen.
func gatewayName(display string) string {
	name := []rune(strings.ToLower(display))
	for i, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			name[i] = '-'
		}
	}
	return string(name)
}

// maxAPIAnswer bounds what Read reads, in bytes.
const maxAPIAnswer = 16 << 20

// Read gets what an API has at a path, which may have a query. An answer other
// than 2xx is a *RefusedError, whose Reason is empty when the API itself refused.
func (w *Workload) Read(ctx context.Context, api GatewayAPI, path string) ([]byte, error) {
	answer, _, err := w.call(ctx, http.MethodGet, api, path, nil)
	return answer, err
}

// Write sends JSON to an API by any method, as Read reads. at is the path below
// the API of what was made, if the API says where that is.
func (w *Workload) Write(ctx context.Context, method string, api GatewayAPI, path string, body json.RawMessage) (answer []byte, at string, err error) {
	answer, location, err := w.call(ctx, method, api, path, body)
	_, at, _ = strings.Cut(location, api.path())
	return answer, at, err
}

// call makes one call; it returns the answer's body and Location.
func (w *Workload) call(ctx context.Context, method string, api GatewayAPI, path string, sent json.RawMessage) (answer []byte, location string, err error) {
	at := api.path()
	if path != "" {
		at += "/" + strings.TrimPrefix(path, "/")
	}
	req, err := http.NewRequestWithContext(ctx, method, w.base+at, bytes.NewReader(sent))
	if err != nil {
		return nil, "", err
	}
	if sent != nil {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json")
	}
	plain, _, _ := strings.Cut(at, "?")
	res, err := w.client.Do(req)
	if err != nil {
		return nil, "", &UnreachableError{Method: method, Path: plain, Err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAPIAnswer+1))
	switch {
	case err != nil:
		return nil, "", &UnreachableError{Method: method, Path: plain, Err: err}
	case len(body) > maxAPIAnswer:
		return nil, "", fmt.Errorf("%s answered with more than %d bytes", plain, maxAPIAnswer)
	case res.StatusCode >= 200 && res.StatusCode <= 299:
		return body, res.Header.Get("Location"), nil
	}
	var told struct{ Error string }
	_ = json.Unmarshal(body, &told) // an API may say it otherwise
	return nil, "", &RefusedError{
		Status: res.StatusCode, Reason: res.Header.Get("Pairsim-Reason"), Message: told.Error, Method: method, Path: plain,
	}
}
