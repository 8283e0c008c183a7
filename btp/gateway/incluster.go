package gateway

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// clusterNames are those of Kyma's application gateway in its cluster
// (sap-domain §15.4, and what Kubernetes resolves beside that).
var clusterNames = map[string]bool{
	"central-application-gateway.kyma-system":                   true,
	"central-application-gateway.kyma-system.svc":               true,
	"central-application-gateway.kyma-system.svc.cluster.local": true,
}

// clusterPorts are the prefixes that paths have here, by the port in the cluster.
var clusterPorts = map[string]string{"8080": forms[0].prefix, "8082": forms[1].prefix}

type unprefixed struct{}

// InCluster leads requests that name the gateway as workloads in a Kyma cluster do,
// by host and port, to where next has it: so that workloads run unchanged where that
// name leads to pairsim (docs/examples/kyma).
func InCluster(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, port, err := net.SplitHostPort(r.Host)
		prefix, known := clusterPorts[port]
		if err != nil || !known || !clusterNames[strings.ToLower(host)] {
			next.ServeHTTP(w, r)
			return
		}
		moved := r.WithContext(context.WithValue(r.Context(), unprefixed{}, true))
		moved.URL = new(url.URL)
		*moved.URL = *r.URL
		moved.URL.Path = prefix + r.URL.Path
		if r.URL.RawPath != "" {
			moved.URL.RawPath = prefix + r.URL.RawPath
		}
		next.ServeHTTP(w, moved)
	})
}

// shownPrefix is a form's prefix as the sender of r sees it.
func (f form) shownPrefix(r *http.Request) string {
	if r.Context().Value(unprefixed{}) != nil {
		return ""
	}
	return f.prefix
}
