package control

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/problem"
)

// Guard keeps web pages away from the control listener (design §5): the Host of
// a request must be a loopback name or one of hosts, which defeats DNS
// rebinding, and a page of another origin neither changes nor reads anything.
// hosts are names, with or without a port; it is asked for every request.
func Guard(hosts func() []string) gin.HandlerFunc {
	crossOrigin := http.NewCrossOriginProtection()
	return func(c *gin.Context) {
		own := func(host string) bool { return isLoopback(host) || slices.Contains(names(hosts()), name(host)) }
		switch {
		case !own(c.Request.Host):
			refuse(c, "this listener is not addressed under this name")
		case !fromOwnPage(c.Request, own):
			refuse(c, "a page of another origin asks")
		case crossOrigin.Check(c.Request) != nil && !fromConfigured(c.Request, hosts()):
			refuse(c, "a page of another origin asks for a change")
		}
	}
}

// SameOrigin keeps web pages of other origins from changing anything on a
// listener that is reached under any name: the public ones. Clients that are no
// browser pass unseen.
func SameOrigin(hosts func() []string) gin.HandlerFunc {
	crossOrigin := http.NewCrossOriginProtection()
	return func(c *gin.Context) {
		if crossOrigin.Check(c.Request) != nil && !fromConfigured(c.Request, hosts()) {
			refuse(c, "a page of another origin asks for a change")
		}
	}
}

// MinKey is the fewest characters of a key that guards the control listener.
const MinKey = 16

// RequireKey asks every call for the key, as a bearer token (RFC 6750 §2.1); ""
// asks for none. It is for a listener that others reach.
func RequireKey(key string) gin.HandlerFunc {
	if key == "" {
		return func(*gin.Context) {}
	}
	want := sha256.Sum256([]byte(key))
	return func(c *gin.Context) {
		scheme, given, _ := strings.Cut(c.GetHeader("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(given)))
		if strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
			return
		}
		c.Abort()
		c.Header("WWW-Authenticate", `Bearer realm="pairsim control"`)
		problem.Write(c.Writer, ownProblem(keyNeeded, "this listener was started with a key, and the request does not carry it"))
	}
}

// fromOwnPage says whether a request's Origin, if it has one, is a host of ours.
// A page on another port of a loopback name passes here and may read, not write.
func fromOwnPage(r *http.Request, own func(string) bool) bool {
	host, there := originHost(r)
	return !there || own(host)
}

// fromConfigured says whether the page comes from a host that was named to us:
// a proxy before the listener may have changed Host.
func fromConfigured(r *http.Request, hosts []string) bool {
	host, there := originHost(r)
	return there && slices.Contains(names(hosts), name(host))
}

// originHost is the host of a request's Origin, "" for one that is opaque.
func originHost(r *http.Request) (host string, there bool) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return "", false
	}
	u, err := url.Parse(origin)
	if err != nil {
		return "", true
	}
	return u.Host, true
}

// name is a host without its port, in lower case.
func name(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func names(hosts []string) []string {
	list := make([]string, 0, len(hosts))
	for _, h := range hosts {
		if n := name(h); n != "" {
			list = append(list, n)
		}
	}
	return list
}

func isLoopback(host string) bool {
	n := name(host)
	ip := net.ParseIP(n)
	return n == "localhost" || strings.HasSuffix(n, ".localhost") || ip != nil && ip.IsLoopback()
}

// refuse answers a caller that the rules of btp know nothing of.
func refuse(c *gin.Context, detail string) {
	c.Abort()
	btp.ExchangeOf(c.Request.Context()).Refuse(originRefused)
	problem.Write(c.Writer, ownProblem(originRefused, detail))
}

// Codes that the rules of btp know nothing of.
const (
	keyNeeded     = "control-key-needed"
	originRefused = "origin-refused"
)

// ownProblems are the problem documents of these codes, without a detail.
var ownProblems = map[string]problem.Document{
	keyNeeded: {
		Type: problem.TypePrefix + keyNeeded, Title: "The control key is needed", Status: http.StatusUnauthorized,
		Next: "Send Authorization: Bearer KEY; the commands take --control-key (PAIRSIM_CONTROL_KEY).", Source: "pairsim",
	},
	originRefused: {
		Type: problem.TypePrefix + originRefused, Title: "Origin is refused", Status: http.StatusForbidden,
		Next: "Use a loopback name, or allow the host with --allow-host.", Source: "pairsim",
	},
}

func ownProblem(code, detail string) problem.Document {
	p := ownProblems[code]
	p.Detail = detail
	return p
}
