package btpclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// api makes calls to one of pairsim's own APIs.
type api struct {
	base   string
	client *http.Client
	prefer string // RFC 7240, sent where it is set
	token  string // RFC 6750, sent where it is set
}

func newAPI(baseURL string, client *http.Client) api {
	if client == nil {
		client = &http.Client{}
	}
	// Redirects are not followed: a token could be sent elsewhere.
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return api{base: strings.TrimRight(baseURL, "/"), client: &own}
}

// CallOption is what one call asks beside its arguments.
type CallOption func(http.Header)

// IfMatch makes a change only if the object still has this ETag; otherwise it is
// refused with precondition-failed. "" asks nothing.
func IfMatch(tag string) CallOption {
	return func(h http.Header) { setUnlessEmpty(h, "If-Match", tag) }
}

// IdempotencyKey makes a create safe to repeat: with the same key, the same
// request gets what it made the first time. "" repeats nothing.
func IdempotencyKey(key string) CallOption {
	return func(h http.Header) { setUnlessEmpty(h, "Idempotency-Key", key) }
}

func setUnlessEmpty(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

// do makes one call, within 30 seconds, and decodes a 2xx answer into answer,
// and its entity tag if answer keeps one. Without an answer it reads none.
func (a api) do(ctx context.Context, method, path string, query url.Values, body, answer any, options ...CallOption) error {
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	res, err := a.send(ctx, method, path, query, body, "application/json", options...)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := readAnswer(res, method, path)
	if err != nil || answer == nil {
		return err
	}
	if res.StatusCode == http.StatusNoContent {
		return nil
	}
	if json.Unmarshal(text, answer) != nil {
		return a.otherForm(Call{Method: method, Path: path, Status: res.StatusCode})
	}
	if versioned, ok := answer.(interface{ tagged(tag string) }); ok {
		versioned.tagged(res.Header.Get("ETag"))
	}
	return nil
}

func (a api) badBase() error {
	return fmt.Errorf("the base URL %q cannot be used: want http(s)://host[:port]", a.base)
}

// otherForm leaves out the decoder's error, which could quote a token.
func (a api) otherForm(call Call) error {
	return fmt.Errorf("%s %s answered %d with JSON of another form", call.Method, call.Path, call.Status)
}

// asItIs is a body that is sent byte for byte.
type asItIs []byte

// send makes a call; a refusal is returned as *Problem.
func (a api) send(ctx context.Context, method, path string, query url.Values, body any, accept string, options ...CallOption) (*http.Response, error) {
	target := a.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var content io.Reader
	if whole, ok := body.(asItIs); ok {
		content = bytes.NewReader(whole)
	} else if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		return nil, a.badBase()
	}
	req.Header.Set("Accept", accept)
	if a.prefer != "" {
		req.Header.Set("Prefer", a.prefer)
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, option := range options {
		option(req.Header)
	}
	res, err := a.client.Do(req)
	if err != nil {
		return nil, unreachable(Call{Method: method, Path: path}, err)
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	text, err := readAnswer(res, method, path)
	if err != nil {
		return nil, err
	}
	return nil, problemOf(res.StatusCode, method, path, text)
}

func readAnswer(res *http.Response, method, path string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, unreachable(Call{Method: method, Path: path}, err)
	}
	if len(text) > maxAnswer {
		return nil, fmt.Errorf("%s %s answered with more than %d bytes", method, path, maxAnswer)
	}
	return text, nil
}

// page is a list answer.
type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor"`
}

// filters are the query parameters of a list; empty ones are left out.
func filters(pageSize int, values map[string]string) url.Values {
	query := url.Values{}
	for name, value := range values {
		if value != "" {
			query.Set(name, value)
		}
	}
	if pageSize != 0 {
		query.Set("limit", strconv.Itoa(pageSize))
	}
	return query
}

// pages goes through a list, fetching page by page. It ends with the first error.
func pages[T any](ctx context.Context, a api, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		query := maps.Clone(query) // a sequence may be gone through twice
		for {
			var answer page[T]
			if err := a.do(ctx, http.MethodGet, path, query, nil, &answer); err != nil {
				yield(none, err)
				return
			}
			for _, one := range answer.Items {
				if !yield(one, nil) {
					return
				}
			}
			if answer.NextCursor == "" {
				return
			}
			if answer.NextCursor == query.Get("cursor") {
				yield(none, fmt.Errorf("the list at %s does not end", path))
				return
			}
			query.Set("cursor", answer.NextCursor)
		}
	}
}
