package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/outbound"
	"github.com/pairsim/pairsim/internal/tokencache"
)

// Registry is what the gateway needs of the rules.
type Registry interface {
	Now() time.Time
	GatewayTarget(context.Context, btp.GatewayAddress) (btp.GatewayTarget, error)
	CheckGatewayTarget(context.Context, btp.GatewayAddress, btp.GatewayTarget, btp.GatewayCheck) (btp.GatewayCheck, error)
	GatewayStep(ctx context.Context, point btp.Point, t btp.GatewayTarget, do func(context.Context) (told string, err error)) error
}

// DefaultTimeout bounds a call through the gateway, its repetition included, in
// real time (pairing-protocols §5.2).
const DefaultTimeout = 10 * time.Second

// DefaultMaxBody bounds a request's body, in bytes; the vendor has no bound.
const DefaultMaxBody = 64 << 20

// Config is what the gateway is mounted with.
type Config struct {
	Registry Registry
	// Outbound reaches targets and token servers.
	Outbound *outbound.Client
	// Timeout bounds a call in real time; 0: DefaultTimeout.
	Timeout time.Duration
	// MaxBody bounds a request's body, in bytes; 0: DefaultMaxBody. Answers are
	// bounded by the time of a call only: they are streamed.
	MaxBody int64
	Log     *slog.Logger
}

type server struct {
	Config
	transport *outbound.Transport // of targets that ask for no certificate
	targets   targets
	tokens    tokencache.Tokens[token]
	buffers   buffers
}

// buffers are those through which bodies go.
type buffers struct{ pool sync.Pool }

const bufferSize = 32 << 10

func (b *buffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[bufferSize]byte); ok {
		return buffer[:]
	}
	return make([]byte, bufferSize)
}

func (b *buffers) Put(buffer []byte) { b.pool.Put((*[bufferSize]byte)(buffer)) }

// methods are those of HTTP, and MERGE, by which OData 2.0 changes what it does
// not replace.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodOptions, http.MethodTrace, "MERGE",
}

// Mount adds both forms of address. release lets go of connections that no call
// uses; it is called when none will come any more.
func Mount(router gin.IRouter, cfg Config) (release func()) {
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = DefaultMaxBody
	}
	s := &server{Config: cfg, transport: cfg.Outbound.Transport(nil)}
	for _, f := range forms {
		handle := s.handle(f)
		for _, method := range methods {
			router.Handle(method, f.prefix, handle)
			router.Handle(method, f.prefix+"/*path", handle)
		}
	}
	return func() {
		s.targets.close()
		s.transport.CloseIdleConnections()
	}
}

// SubaccountHeader names the subaccount whose runtime is asked; without it any
// runtime that has the application will do. It is ours, and not passed on.
const SubaccountHeader = "Pairsim-Subaccount"

func (s *server) handle(f form) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := s.serve(c, f); err != nil {
			s.writeError(c.Writer, c.Request, err)
		}
	}
}

// serve answers a call, or returns why it cannot be made.
func (s *server) serve(c *gin.Context, f form) error {
	asked, err := f.parse(c.Request)
	if err != nil {
		return s.refuse(c.Request.Context(), btp.GatewayTarget{}, err)
	}
	hops, err := hopsOf(c.Request)
	if err != nil {
		return s.refuse(c.Request.Context(), btp.GatewayTarget{}, err)
	}
	to, err := s.target(c.Request.Context(), asked.address)
	if err != nil {
		return err
	}
	// A client that goes away ends the call, and so does the time.
	ctx, cancel := context.WithTimeout(c.Request.Context(), s.Timeout)
	defer cancel()
	req := c.Request.WithContext(ctx)
	body, err := readBody(c.Writer, req, s.MaxBody)
	if err != nil {
		return s.refuse(c.Request.Context(), to.GatewayTarget, err)
	}
	proxy := httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { to.rewrite(r, asked.path, hops) },
		Transport:      &call{server: s, to: to, body: body, accessToken: c.GetHeader(accessTokenHeader), client: c.Request.Context()},
		ModifyResponse: func(res *http.Response) error { to.rewriteResponse(res, asked.base); return nil },
		ErrorHandler:   s.writeError,
		ErrorLog:       slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug), // an answer that breaks off is the target's affair
		BufferPool:     &s.buffers,
	}
	proxy.ServeHTTP(c.Writer, req)
	return nil
}

// refuse takes the step of a call that is refused before the target is called.
func (s *server) refuse(ctx context.Context, t btp.GatewayTarget, err error) error {
	return s.Registry.GatewayStep(ctx, btp.PointGatewayCall, t, func(context.Context) (string, error) { return "", err })
}
