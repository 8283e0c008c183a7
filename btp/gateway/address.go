package gateway

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/publicurl"
)

// form is one of the two forms of address (pairing-protocols §5.1).
type form struct {
	prefix string
	// names are what has to follow the prefix, in this order.
	names []string
}

var forms = []form{
	{"/gateway", []string{"application", "service"}},              // standalone: port 8080 in a cluster
	{"/gateway-ucl", []string{"application", "service", "entry"}}, // Compass: port 8082
}

// asked is what a request's path says.
type asked struct {
	address btp.GatewayAddress
	// path is what follows the names, decoded, without slashes at its ends: the
	// vendor cuts them, and escapes the rest anew (encodeUrl).
	path string
	// base is the path of the API at the gateway, from the root of the host.
	base string
}

// parse reads a request's path. Names are compared as they stand there.
func (f form) parse(r *http.Request) (asked, error) {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.EscapedPath(), f.prefix), "/"), "/")
	for i, name := range f.names {
		if i >= len(parts) || parts[i] == "" {
			return asked{}, btp.Errorf(btp.GatewayPathIncomplete, "the path names no %s: it has the form %s/{%s}/…",
				name, f.shownPrefix(r), strings.Join(f.names, "}/{")).WithVendor("failed to extract API Identifier from path")
		}
	}
	names, rest := parts[:len(f.names)], parts[len(f.names):]
	path, err := url.PathUnescape(strings.Join(rest, "/"))
	if err != nil {
		return asked{}, btp.Errorf(btp.GatewayPathIncomplete, "the path is not well escaped").
			WithVendor("failed to extract API Identifier from path")
	}
	a := asked{
		address: btp.GatewayAddress{Application: names[0], Service: names[1], Subaccount: btp.SubaccountID(r.Header.Get(SubaccountHeader))},
		path:    path, base: publicurl.Path(r, f.shownPrefix(r)) + "/" + strings.Join(names, "/"),
	}
	if len(names) > 2 {
		a.address.Entry = names[2]
	}
	return a, nil
}

// hopsHeader counts how often a call has come through a gateway: a target may
// lead back to it. maxHops of them are taken.
const (
	hopsHeader = "Pairsim-Gateway-Hops"
	maxHops    = 4
)

// hopsOf is how often a request has come through a gateway. It refuses with
// GatewayLoop what has come too often, or says nothing that can be understood.
func hopsOf(r *http.Request) (int, error) {
	text := r.Header.Get(hopsHeader)
	if text == "" {
		return 0, nil
	}
	hops, err := strconv.Atoi(text)
	if err != nil || hops < 0 || hops >= maxHops {
		return 0, btp.Errorf(btp.GatewayLoop, "the call has come through the gateway %d times already", maxHops)
	}
	return hops, nil
}
