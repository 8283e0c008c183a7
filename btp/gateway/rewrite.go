package gateway

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/problem"
)

// accessTokenHeader brings a caller's own credentials: it becomes Authorization.
const accessTokenHeader = "Access-Token"

// ownHeaders are ours on every answer, which has the environment's time; a target
// that is a tenant of ours has them too.
var ownHeaders = []string{"Date", "Pairsim-Time", problem.ReasonHeader}

// forwardedHeaders say where a call came from: what the caller says is passed on
// (sap-domain §15.4).
var forwardedHeaders = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Client-Cert"}

// rewrite makes the caller's request one to the target. httputil has removed the
// hop-by-hop headers. What the caller set stands before what the registration adds.
func (t *target) rewrite(r *httputil.ProxyRequest, path string, hops int) {
	out := r.Out
	out.URL = &url.URL{Scheme: t.url.Scheme, Host: t.url.Host, Path: joined(t.url.Path, path)}
	out.URL.RawQuery = strings.Trim(t.url.RawQuery+"&"+r.In.URL.RawQuery, "&")
	out.Host = t.url.Host
	for _, name := range forwardedHeaders {
		if values, said := r.In.Header[name]; said {
			out.Header[name] = values
		}
	}
	forward(out, r.In)
	out.Header.Del(SubaccountHeader)
	out.Header.Del(accessTokenHeader)
	out.Header.Set(hopsHeader, strconv.Itoa(hops+1))
	addParameters(out, t.API.RequestParameters)
}

// forward says where the call came from, as the mesh around Kyma's gateway does.
func forward(out, in *http.Request) {
	if host, _, err := net.SplitHostPort(in.RemoteAddr); err == nil {
		if before := out.Header["X-Forwarded-For"]; len(before) > 0 {
			host = strings.Join(before, ", ") + ", " + host
		}
		out.Header["X-Forwarded-For"] = []string{host}
	}
	if out.Header["X-Forwarded-Host"] == nil {
		out.Header.Set("X-Forwarded-Host", in.Host)
	}
	if out.Header["X-Forwarded-Proto"] == nil {
		proto := "http"
		if in.TLS != nil {
			proto = "https"
		}
		out.Header.Set("X-Forwarded-Proto", proto)
	}
}

// joined puts what the caller asks for behind the target's own path, which stays
// as it is when nothing is asked for.
func joined(base, path string) string {
	if path == "" {
		return base
	}
	return strings.TrimSuffix(base, "/") + "/" + path
}

// addParameters adds what a registration says; what is there already stays.
func addParameters(r *http.Request, p *btp.RequestParameters) {
	if p == nil {
		return
	}
	for name, values := range p.Headers {
		if name = http.CanonicalHeaderKey(name); r.Header[name] == nil {
			r.Header[name] = values
		}
	}
	if len(p.QueryParameters) == 0 {
		return
	}
	present, added := r.URL.Query(), url.Values{}
	for name, values := range p.QueryParameters {
		if !present.Has(name) {
			added[name] = values
		}
	}
	r.URL.RawQuery = strings.Trim(r.URL.RawQuery+"&"+added.Encode(), "&")
}

// rewriteResponse makes the target's answer the gateway's: a failure of the
// target is a bad gateway, and where it sends the caller leads through the
// gateway again. Redirects are the caller's to follow.
func (t *target) rewriteResponse(res *http.Response, base string) {
	for _, name := range ownHeaders {
		res.Header.Del(name)
	}
	if res.StatusCode >= http.StatusInternalServerError {
		res.Header.Set("Target-System-Status", strconv.Itoa(res.StatusCode))
		res.Header.Set(problem.ReasonHeader, string(btp.TargetFailed))
		res.StatusCode = http.StatusBadGateway
	}
	if res.StatusCode != http.StatusCreated && (res.StatusCode < 300 || res.StatusCode > 399) {
		return
	}
	location := res.Header.Get("Location")
	if location == "" {
		return
	}
	if to, err := res.Request.URL.Parse(location); err == nil {
		if through, ours := t.throughGateway(to, base); ours {
			res.Header.Set("Location", through)
		}
	}
}

// throughGateway is the way to an address of the target through the gateway, if
// there is one: its host is the target's, and its path is below the target's. The
// vendor does not compare ports; here everything may be on one host.
func (t *target) throughGateway(to *url.URL, base string) (string, bool) {
	if !strings.EqualFold(to.Hostname(), t.url.Hostname()) || portOf(to) != portOf(t.url) {
		return "", false
	}
	own := strings.TrimSuffix(t.url.EscapedPath(), "/")
	below, is := strings.CutPrefix(to.EscapedPath(), own)
	if !is || below != "" && below[0] != '/' {
		return "", false
	}
	through := base + below
	if to.RawQuery != "" {
		through += "?" + to.RawQuery
	}
	if to.Fragment != "" {
		through += "#" + to.EscapedFragment()
	}
	return through, true
}

// portOf is the port of an http or https URL; "" for any other.
func portOf(u *url.URL) string {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return ""
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}
