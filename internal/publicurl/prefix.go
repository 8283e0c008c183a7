package publicurl

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// forwardedPrefix is where gin looks for what stands before the path in its own
// redirects.
const forwardedPrefix = "X-Forwarded-Prefix"

type prefixKey struct{}

// Under is r as the handlers of an environment see it: its path without prefix,
// which every URL that they hand out gets back. ctx takes the place of r's own.
func Under(ctx context.Context, r *http.Request, prefix string) *http.Request {
	inner := r.WithContext(context.WithValue(ctx, prefixKey{}, prefix))
	inner.URL = new(url.URL)
	*inner.URL = *r.URL
	inner.URL.Path = rooted(strings.TrimPrefix(r.URL.Path, prefix))
	inner.URL.RawPath = ""
	if raw, ok := strings.CutPrefix(r.URL.RawPath, prefix); ok {
		inner.URL.RawPath = rooted(raw)
	}
	inner.Header = r.Header.Clone()
	inner.Header.Set(forwardedPrefix, path.Join(r.Header.Get(forwardedPrefix), prefix))
	return inner
}

func rooted(path string) string {
	if !strings.HasPrefix(path, "/") {
		return "/" + path
	}
	return path
}

// Prefix is what stands before every path of the environment that r asks: "" or
// "/env/{name}".
func Prefix(r *http.Request) string {
	prefix, _ := r.Context().Value(prefixKey{}).(string)
	return prefix
}

// Path is a path of the environment that r asks, as the sender of r reaches it.
func Path(r *http.Request, path string) string { return Prefix(r) + path }
