// Package rest speaks the REST interfaces of SAP Event Mesh: messaging, and the
// management of queues (service-apis §6).
package rest

import (
	"context"
	"log/slog"
	"net/http"
	"path"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
)

// Access tells who is calling.
type Access interface {
	// AdmitService refuses with Unauthenticated what is no access token of a client of
	// the token service, and with Forbidden one of another service's.
	AdmitService(ctx context.Context, authorization []string, service string) (btp.ServicePrincipal, error)
}

// Config is what the interfaces are mounted with.
type Config struct {
	Bus    *eventmesh.Bus
	Access Access
	Log    *slog.Logger // may be nil
}

// The paths of the two interfaces.
const (
	MessagingPath  = "/messagingrest/v1"
	ManagementPath = "/hub/rest/api/v1/management/messaging"
)

type server struct {
	Config
	mux *http.ServeMux // names are one segment of the path, escaped
}

// handler answers a call of a client, or refuses.
type handler func(w http.ResponseWriter, r *http.Request, who btp.ServicePrincipal) error

// Mount adds the routes of both interfaces.
func Mount(router gin.IRouter, cfg Config) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{Config: cfg, mux: http.NewServeMux()}
	for route, h := range map[string]handler{
		"POST /topics/{topic}/messages":                           s.publish,
		"POST /queues/{queue}/messages":                           s.send,
		"POST /queues/{queue}/messages/consumption":               s.consume,
		"POST /queues/{queue}/messages/{message}/acknowledgement": s.acknowledge,
		"GET /subscriptions":                                      s.listWebhooks,
		"POST /subscriptions":                                     s.createWebhook,
		"GET /subscriptions/{name}":                               s.showWebhook,
		"DELETE /subscriptions/{name}":                            s.deleteWebhook,
		"POST /subscriptions/{name}/handshake":                    s.askWebhook,
		"PUT /subscriptions/{name}/state":                         s.changeWebhook,
	} {
		s.handle(MessagingPath, route, messagingRefusals, h)
	}
	for route, h := range map[string]handler{
		"GET /readinessCheck":                            s.ready,
		"GET /queues":                                    s.listQueues,
		"GET /queues/{queue}":                            s.showQueue,
		"PUT /queues/{queue}":                            s.putQueue,
		"DELETE /queues/{queue}":                         s.deleteQueue,
		"GET /queues/{queue}/statistics":                 s.showQueue,
		"GET /queues/{queue}/subscriptions":              s.listTopics,
		"PUT /queues/{queue}/subscriptions/{pattern}":    s.subscribe,
		"DELETE /queues/{queue}/subscriptions/{pattern}": s.unsubscribe,
	} {
		s.handle(ManagementPath, route, managementRefusals, h)
	}
	for _, method := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	} {
		router.Handle(method, MessagingPath+"/*path", s.serve(messagingRefusals))
		router.Handle(method, ManagementPath+"/*path", s.serve(managementRefusals))
	}
}

func (s *server) handle(prefix, route string, refuse refusals, h handler) {
	method, rest := cut(route)
	s.mux.HandleFunc(method+" "+prefix+rest, func(w http.ResponseWriter, r *http.Request) {
		who, err := s.Access.AdmitService(r.Context(), r.Header.Values("Authorization"), eventmesh.Service)
		if err == nil {
			err = h(w, r, who)
		}
		if err != nil {
			s.refuse(w, r, refuse, err)
		}
	})
}

// serve leads to the route; what there is none for is refused as the interface does.
func (s *server) serve(refuse refusals) gin.HandlerFunc {
	return func(c *gin.Context) {
		// The multiplexer would redirect what is not clean, out of the environment.
		if escaped := c.Request.URL.EscapedPath(); path.Clean(escaped) == escaped {
			found, pattern := s.mux.Handler(c.Request)
			if pattern != "" {
				s.mux.ServeHTTP(c.Writer, c.Request)
				return
			}
			none := &nowhere{header: http.Header{}}
			found.ServeHTTP(none, c.Request)
			if none.status == http.StatusMethodNotAllowed {
				c.Header("Allow", none.header.Get("Allow"))
				s.refuse(c.Writer, c.Request, refuse, btp.Errorf(btp.MethodNotAllowed, "the path does not answer to this method"))
				return
			}
		}
		s.refuse(c.Writer, c.Request, refuse, btp.Errorf(btp.RouteNotFound, "there is nothing at this path; names are one segment, in which / is %%2F"))
	}
}

// nowhere is what the multiplexer says of a path that is no route.
type nowhere struct {
	header http.Header
	status int
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(status int)      { n.status = status }
