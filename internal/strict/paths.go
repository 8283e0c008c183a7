package strict

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/pattern"
)

// pairing is what a layer remembers of one pairing: where its URLs lead. It is
// kept in the process; calls of pairings that it does not know are let pass.
type pairing struct {
	system string
	// alias stands before the paths of its URLs, provisional before those of
	// services and events in the first answer; "" for none.
	alias, provisional string
	issued             time.Time // of the follow-up token
}

// aliasPattern is a path segment that stands before a well-known path. No
// application's name begins with a tilde.
var aliasPattern = pattern.New(`^/~[0-9a-f]{8}/`)

// cutAlias takes an alias off a path; "" when it has none.
func cutAlias(path string) (alias, rest string) {
	found := aliasPattern.Regexp().FindString(path)
	if found == "" {
		return "", path
	}
	alias = strings.TrimSuffix(found, "/")
	return alias, path[len(alias):]
}

func (l *Layer) newAlias(rule Number, subject string, n int) string {
	return fmt.Sprintf("/~%08x", draw(l.Settings.Seed, rule, subject, n).Uint32())
}

// newPairing draws the aliases of the pairing that an info answer opens.
func (x *exchange) newPairing() *pairing {
	system, _, _ := strings.Cut(x.subject, "|")
	p := &pairing{system: system, issued: x.Registry.Now()}
	switch {
	case x.on[PairingPaths]:
		p.alias = x.newAlias(PairingPaths, x.subject, x.n)
	case x.on[DiscoveredPaths]:
		p.alias = x.newAlias(DiscoveredPaths, "", 0)
	}
	p.provisional = p.alias
	if _, yes := x.strike(ProvisionalURLs); yes {
		p.provisional = x.newAlias(ProvisionalURLs, x.subject+" provisional", x.n)
	}
	return p
}

// certificateOf is the client certificate of a request, nil for none.
func certificateOf(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0]
}

func serialKey(leaf *x509.Certificate) string {
	return "serial " + hex.EncodeToString(leaf.SerialNumber.Bytes())
}

// strayed is the rule against which the request's URL is not the one handed
// out; "" when it is, or when nothing is known of the pairing.
func (x *exchange) strayed() Number {
	p := x.pairing
	switch {
	case p == nil || x.alias == p.alias:
		return ""
	case x.alias == "" && !x.handedOut:
		return "" // documented at its well-known path
	case x.alias == p.provisional:
		if x.application {
			return ProvisionalURLs
		}
		return ""
	case x.alias == "":
		return DiscoveredPaths
	}
	return PairingPaths
}

// refusal is why the request is not let through to the rules.
func (x *exchange) refusal() error {
	if rule := x.strayed(); rule != "" && x.on[rule] {
		text := x.trip(rule)
		return btp.Errorf(btp.URLNotHandedOut, "%s", text).WithVendor(text)
	}
	return x.putOff()
}

// learn keeps what an answer says of a pairing, and hands out its URLs.
func (x *exchange) learn(status int, body *node) {
	switch {
	case x.step == stepInfo && status == http.StatusOK:
		p := x.newPairing()
		if x.Settings.AttemptDeadline(x.AttemptDeadline) < x.AttemptDeadline {
			x.exercise(ShortAttempt)
		}
		x.keep(digest(tokenOf(textOf(body.at("csrUrl")))), p)
		x.handOut(body, p, p.alias, "csrUrl")
		for _, key := range []string{"infoUrl", "certificatesUrl"} {
			x.handOut(body.at("api"), p, p.alias, key)
		}
		for _, key := range []string{"eventsInfoUrl", "eventsUrl", "metadataUrl"} {
			x.handOut(body.at("api"), p, p.provisional, key)
		}
	case x.step == stepManagement && status == http.StatusOK:
		p := x.pairing
		if p == nil && x.alias != "" { // a pairing of an earlier process keeps its URLs
			p = &pairing{alias: x.alias, provisional: x.alias}
			if leaf := certificateOf(x.request); leaf != nil {
				x.keep(serialKey(leaf), p)
			}
		}
		if p == nil {
			return
		}
		for _, key := range []string{"eventsInfoUrl", "eventsUrl", "metadataUrl", "renewCertUrl", "revokeCertUrl", "revocationCertUrl"} {
			x.handOut(body.at("urls"), p, p.alias, key)
		}
	case (x.step == stepCertificate || x.step == stepRenewal) && status == http.StatusCreated:
		if leaf := leafOf(textOf(body.at("clientCrt"))); leaf != nil && x.pairing != nil {
			x.keep(serialKey(leaf), x.pairing)
		}
	}
}

func textOf(n *node) string {
	if n == nil {
		return ""
	}
	return n.text
}

func (x *exchange) keep(key string, p *pairing) {
	x.mu.Lock()
	defer x.mu.Unlock()
	remember(x.pairings, key, p)
}

// handOut puts an alias before the path of a URL.
func (x *exchange) handOut(in *node, p *pairing, alias, key string) {
	target := in.at(key)
	if target == nil || alias == "" {
		return
	}
	target.text = aliased(target.text, alias)
	if alias != p.alias {
		x.exercise(ProvisionalURLs)
		return
	}
	for _, rule := range []Number{DiscoveredPaths, PairingPaths} {
		if x.on[rule] {
			x.exercise(rule)
		}
	}
}

// aliased is a URL of the vendor's wires with an alias before its path; what
// stands before that path, as that of an environment, stays.
func aliased(text, alias string) string {
	path, query, hasQuery := strings.Cut(text, "?")
	place := strings.LastIndex(path, "/v1/applications/")
	if place < 0 {
		if place = strings.LastIndex(path, "/v1/"); place > 0 {
			place = strings.LastIndex(path[:place], "/") // the application
		}
	}
	if place < 0 {
		return text
	}
	path = path[:place] + alias + path[place:]
	if hasQuery {
		path += "?" + query
	}
	return path
}
