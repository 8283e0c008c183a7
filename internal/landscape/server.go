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
	"github.com/pairsim/pairsim/btp/connector"
	"github.com/pairsim/pairsim/btp/control"
	"github.com/pairsim/pairsim/btp/gateway"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/problem"
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
	public := http.Handler(l.publicRouter())
	if l.config.WrapPublic != nil {
		public = l.config.WrapPublic(public)
	}
	l.serveOn(on.http, l.server(public), false)
	if on.mtls != nil {
		l.serveOn(on.mtls, l.server(public), true)
	}
	if on.control != nil {
		server := l.server(l.controlRouter(public))
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
	return server
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

// publicRouter is what both public listeners serve.
func (l *Landscape) publicRouter() *gin.Engine {
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.Use(l.recovered)
	if l.registry != nil {
		router.Use(httpapi.Time(l.registry), l.journalled)
	}
	router.Use(control.SameOrigin(l.allowedHosts))
	if l.registry != nil {
		api := httpapi.Config{Registry: l.registry, URLs: l.urls, Log: l.log}
		if l.config.Auth {
			api.Access = l.tokens
		}
		httpapi.Mount(router, api)
		l.tokens.Mount(router)
		connector.Mount(router, connector.Config{
			Registry: l.registry, URLs: l.urls, Fetch: l.outboundClient(0),
			TrustedProxies: l.config.TrustedProxies, Log: l.log,
		})
		timeout := cmp.Or(l.config.GatewayTimeout, gateway.DefaultTimeout)
		l.releaseGateway = gateway.Mount(router, gateway.Config{Registry: l.registry, Outbound: l.outboundClient(timeout), Timeout: timeout, Log: l.log})
	}
	if len(l.tenants) > 0 {
		tenant.Register(router, l.tenants...)
	}
	ok := func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "ok"}) }
	router.GET("/healthz", ok)
	router.GET("/readyz", ok)
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
	case "/", "/healthz", "/readyz", "/ca.pem", "/tenants":
		return true
	}
	return strings.HasPrefix(path, "/api/v1/") || strings.HasPrefix(path, "/.well-known/") || strings.HasPrefix(path, "/tenants/")
}

// dialect answers unknown paths as the surface that they belong to would.
func dialect(own, vendor gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		first, rest, _ := strings.Cut(strings.TrimPrefix(c.Request.URL.Path, "/"), "/")
		application := first != "api" && first != "tenants" && (strings.HasPrefix(rest, "v1/") || strings.HasPrefix(rest, "events"))
		if first == "v1" || first == "gateway" || first == "gateway-ucl" || application {
			vendor(c)
			return
		}
		own(c)
	}
}

// index tells a browser what this is and where to look.
func (l *Landscape) index(c *gin.Context) {
	c.JSON(http.StatusOK, gin.H{
		"name":    "pairsim",
		"warning": "A simulator with throwaway keys. Not for production.",
		"registry": gin.H{
			"openapi": "/api/v1/openapi.json", "systems": "/api/v1/globalAccounts/default/systems",
			"configuration": "/.well-known/pairsim-configuration",
		},
		"gateway": "/gateway/{application}/{service}/{path}",
		"tenants": "/tenants",
		"ca":      "/ca.pem",
		"control": l.Control,
	})
}

// recovered answers a panic, which is our fault, without its text.
func (l *Landscape) recovered(c *gin.Context) {
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			l.log.ErrorContext(c.Request.Context(), "panic", "path", problem.Path(c.Request.URL.Path), "panic", p)
			if !c.Writer.Written() {
				httpapi.WriteProblem(c, l.log, errors.New("panic"))
			}
			c.Abort()
		}
	}()
	c.Next()
}

// journalled notes every request to the registry and its answer. A query is
// left out: it may hold a token.
func (l *Landscape) journalled(c *gin.Context) {
	path := c.Request.URL.Path
	if strings.HasPrefix(path, "/tenants") {
		c.Next()
		return // a tenant is another party
	}
	var exchange btp.Exchange
	c.Request = c.Request.WithContext(btp.WithExchange(c.Request.Context(), &exchange))
	c.Next()
	entry := btp.Entry{
		At: l.registry.Now(), Kind: btp.EntryRequest, Method: clip(c.Request.Method), Path: problem.Path(path),
		Status: c.Writer.Status(), Rule: c.Writer.Header().Get(connector.ReasonHeader),
	}
	entry.Point, entry.About = exchange.Last()
	l.registry.Journal().Append(entry)
}

func clip(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// controlRouter serves the management API, and the public one beside it.
func (l *Landscape) controlRouter(public http.Handler) *gin.Engine {
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.Use(l.recovered)
	guard := control.Guard(l.allowedHosts)
	router.Use(guard)
	if l.registry != nil {
		control.Mount(router, control.Config{
			Registry: l.registry, URLs: l.urls, Key: l.config.ControlKey, Log: l.log,
			ServerCA: func() []byte { return l.CAPEM }, ClientCA: func() []byte { return l.clientCA },
		})
	}
	router.NoRoute(func(c *gin.Context) { public.ServeHTTP(c.Writer, c.Request) })
	router.NoMethod(httpapi.NoMethod)
	return router
}

// allowedHosts are the names under which the control listener may be addressed.
func (l *Landscape) allowedHosts() []string {
	hosts := append([]string(nil), l.config.AllowedHosts...)
	httpURL, mtlsURL := l.urls.Configured()
	for _, u := range []string{httpURL, mtlsURL} {
		if _, host, ok := strings.Cut(u, "://"); ok {
			hosts = append(hosts, host)
		}
	}
	return hosts
}
