package landscape

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/broker"
	"github.com/pairsim/pairsim/btp/cockpit"
	"github.com/pairsim/pairsim/btp/connector"
	"github.com/pairsim/pairsim/btp/control"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/btp/destination/rest"
	meshrest "github.com/pairsim/pairsim/btp/eventmesh/rest"
	"github.com/pairsim/pairsim/btp/gateway"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/meter"
	"github.com/pairsim/pairsim/internal/problem"
	"github.com/pairsim/pairsim/internal/publicurl"
	"github.com/pairsim/pairsim/internal/strict"
	"github.com/pairsim/pairsim/internal/tenant"
)

// Bounds of every connection.
const (
	maxHeaderBytes    = 64 << 10
	readHeaderTimeout = 10 * time.Second
	readTimeout       = time.Minute
	writeTimeout      = 2 * time.Minute // of an answer; a tenant may be asked to wait for one minute
	idleTimeout       = 2 * time.Minute
)

var releaseMode = sync.OnceFunc(func() { gin.SetMode(gin.ReleaseMode) })

// serve starts the listeners.
func (l *Landscape) serve(background context.Context, on listeners) error {
	releaseMode()
	public := gateway.InCluster(l.front((*environment).publicHandler, nil))
	l.serveOn(on.http, l.server(public), false)
	if on.mtls != nil {
		l.serveOn(on.mtls, l.server(public), true)
	}
	if on.control != nil {
		server := l.server(l.front((*environment).controlHandler, control.Guard(l.first.allowedHosts)))
		// A journal that is followed would never end by itself.
		server.WriteTimeout = 0
		server.BaseContext = func(net.Listener) context.Context { return background }
		l.serveOn(on.control, server, false)
	}
	return nil
}

func (l *Landscape) server(handler http.Handler) *http.Server {
	waiting := &unused{conns: map[net.Conn]bool{}}
	server := &http.Server{
		Handler:           handler,
		ConnState:         waiting.follow,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// Handshakes that clients break off are everyday events.
		ErrorLog: slog.NewLogLogger(l.log.Handler(), slog.LevelDebug),
	}
	server.RegisterOnShutdown(waiting.close)
	server.RegisterOnShutdown(l.endWaits)
	return server
}

// endWaits lets every request go that a fault keeps waiting.
func (l *Landscape) endWaits() {
	for _, e := range append(l.environments.all(), l.first) {
		e.endWaits()
	}
}

func (l *Landscape) serveOn(on net.Listener, server *http.Server, overTLS bool) {
	l.servers = append(l.servers, server)
	l.running.Go(func() {
		var err error
		if overTLS {
			server.TLSConfig = l.tls
			err = server.ServeTLS(on, "", "")
		} else {
			err = server.Serve(on)
		}
		if err != nil && !errors.Is(err, http.ErrServerClosed) {
			l.log.Error("listener ended", "address", on.Addr().String(), "error", err)
		}
	})
}

// publicRouter is what both public listeners serve of an environment.
func (e *environment) publicRouter() *gin.Engine {
	l := e.process
	router := gin.New()
	router.HandleMethodNotAllowed = true
	if l.config.Tracing != nil {
		router.Use(e.traceRequest)
	}
	router.Use(e.counted, e.recovered)
	if e.id != btp.DefaultEnvironment {
		router.Use(e.untilGone)
	}
	if e.registry != nil {
		router.Use(httpapi.Time(e.registry))
		if !e.world.NoJournal {
			router.Use(httpapi.Journalled(e.registry, e.messages))
		}
		router.Use(e.strictly)
	}
	router.Use(control.SameOrigin(e.allowedHosts))
	if e.registry != nil {
		destinations := rest.New(rest.Config{
			Registry: e.registry, Access: e.tokens, Outbound: e.observed(l.outboundClient(rest.DefaultTimeout)), Log: e.log,
		})
		e.atEnd = append(e.atEnd, destinations.Close)
		api := httpapi.Config{
			Registry: e.registry, Services: e.services, EventBus: e.bus, URLs: e.urls, Log: e.log,
			Destinations: destination.UseCases{Registry: e.registry}, Finder: destinations,
		}
		if l.config.Auth {
			api.Access = e.tokens
		}
		httpapi.Mount(router, api)
		e.tokens.Mount(router)
		destinations.Mount(router)
		broker.Mount(router, broker.Config{Registry: e.registry, Services: e.services, Tokens: e.tokens, URLs: e.urls, Log: e.log})
		meshrest.Mount(router, meshrest.Config{Bus: e.bus, Access: e.tokens, Log: e.log})
		connector.Mount(router, connector.Config{
			Registry: e.registry, URLs: e.urls, Fetch: e.observed(l.fetch),
			TrustedProxies: l.config.TrustedProxies, Log: e.log,
		})
		timeout := cmp.Or(e.world.GatewayTimeout, gateway.DefaultTimeout)
		e.atEnd = append(e.atEnd, gateway.Mount(router, gateway.Config{
			Registry: e.registry, Outbound: e.observed(l.outboundClient(timeout)), Timeout: timeout, Log: e.log,
		}))
	}
	if len(e.tenants) > 0 {
		tenant.Register(router, e.tenants...)
	}
	ok := func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "ok"}) }
	router.GET("/healthz", ok)
	router.GET("/readyz", ok)
	router.GET("/metrics", e.showMetrics)
	router.GET("/ca.pem", func(c *gin.Context) {
		c.Data(http.StatusOK, "application/x-pem-file", l.CAPEM)
	})
	router.GET("/", l.index)
	answerHead(router)
	router.NoRoute(dialect(httpapi.NoRoute, connector.NotFound))
	router.NoMethod(dialect(httpapi.NoMethod, connector.NoMethod))
	return router
}

// answerHead lets HEAD do what GET does on our own paths, where GET changes
// nothing; net/http drops the body. The vendor's paths stay without it: a GET
// there may spend a token, which a link preview must not. Groups on our own
// paths have no middleware, so a route's handler is all of it.
func answerHead(router *gin.Engine) {
	for _, route := range router.Routes() {
		if route.Method == http.MethodGet && ownPath(route.Path) {
			router.HEAD(route.Path, route.HandlerFunc)
		}
	}
}

// ownPath says whether a route is ours, by what is ours: one that the vendor's
// wires gain later is not.
func ownPath(path string) bool {
	switch path {
	case "/", "/healthz", "/readyz", "/metrics", "/ca.pem", "/tenants":
		return true
	}
	return strings.HasPrefix(path, "/api/v1/") || strings.HasPrefix(path, "/.well-known/") || strings.HasPrefix(path, "/tenants/")
}

// dialect answers unknown paths as the surface that they belong to would.
func dialect(own, vendor gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		if meter.SurfaceOf(c.Request.URL.Path).OfVendor() {
			vendor(c)
			return
		}
		own(c)
	}
}

// index tells a browser what this is and where to look.
func (l *Landscape) index(c *gin.Context) {
	under := func(path string) string { return publicurl.Path(c.Request, path) }
	controls, pages := l.Control, ""
	if controls != "" {
		controls += publicurl.Prefix(c.Request)
		pages = controls + cockpit.Path
	}
	c.JSON(http.StatusOK, gin.H{
		"name":    "pairsim",
		"warning": "A simulator with throwaway keys. Not for production.",
		"registry": gin.H{
			"openapi": under("/api/v1/openapi.json"), "systems": under("/api/v1/globalAccounts/default/systems"),
			"configuration": under("/.well-known/pairsim-configuration"),
		},
		"gateway": under("/gateway/{application}/{service}/{path}"),
		"tenants": under("/tenants"),
		"ca":      under("/ca.pem"),
		"metrics": under("/metrics"),
		"control": controls,
		"cockpit": pages,
	})
}

// recovered answers a panic, which is our fault, without its text.
func (e *environment) recovered(c *gin.Context) {
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			e.log.ErrorContext(c.Request.Context(), "panic", "path", problem.Path(c.Request.URL.Path), "panic", p)
			if !c.Writer.Written() {
				httpapi.WriteProblem(c, e.log, errors.New("panic"))
			}
			c.Abort()
		}
	}()
	c.Next()
}

// strictly answers what strictness does not let through, in the vendor's shape:
// it refuses on the vendor's wires only.
func (e *environment) strictly(c *gin.Context) {
	if err := strict.Refusal(c.Request.Context()); err != nil {
		connector.WriteError(c, e.log, err)
	}
}

// controlRouter serves the management API and the cockpit, and the public API beside them.
// environments are those of the server, on its own control.
func (e *environment) controlRouter(environments control.Environments) *gin.Engine {
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.Use(e.counted, e.recovered)
	if e.registry != nil {
		router.Use(httpapi.Time(e.registry))
	}
	guard := control.Guard(e.allowedHosts)
	router.Use(guard)
	if e.id != btp.DefaultEnvironment {
		router.Use(e.untilGone)
	}
	if e.registry != nil {
		control.Mount(router, control.Config{
			Registry: e.registry, URLs: e.urls, Log: e.log, Environments: environments,
			Key:      e.process.config.ControlKey,
			ServerCA: func() []byte { return e.process.CAPEM }, ClientCA: e.registry.AuthorityPEM, Snapshots: e.snapshots, Strictness: e.strict.Report,
			Messages: e.messages,
		})
	}
	if e.registry != nil {
		cockpit.Mount(router, cockpit.Config{Registry: e.registry, Environment: e.id, Protected: e.process.config.Auth, Tenants: e.shownTenants()})
	}
	router.NoRoute(func(c *gin.Context) {
		if e.registry != nil && !meter.SurfaceOf(c.Request.URL.Path).OfVendor() && cockpit.Page(c) {
			return
		}
		if c.GetHeader(cockpit.Header) != "" {
			c.Request = httpapi.Unseen(c.Request)
		}
		c.Set(passedOn, true)
		e.friendlyHandler(c.Writer, c.Request)
	})
	router.NoMethod(httpapi.NoMethod)
	return router
}

// allowedHosts are the names under which the control listener may be addressed.
func (e *environment) allowedHosts() []string {
	hosts := append([]string(nil), e.process.config.AllowedHosts...)
	httpURL, mtlsURL := e.urls.Configured()
	for _, u := range []string{httpURL, mtlsURL} {
		if _, host, ok := strings.Cut(u, "://"); ok {
			hosts = append(hosts, host)
		}
	}
	return hosts
}
