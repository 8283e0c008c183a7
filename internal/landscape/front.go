package landscape

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/cockpit"
	"github.com/pairsim/pairsim/btp/connector"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/meter"
	"github.com/pairsim/pairsim/internal/publicurl"
)

// environmentPath stands before the name of an environment in a path.
const environmentPath = "/env/"

func prefixOf(id btp.EnvironmentID) string { return environmentPath + string(id) }

// named is the environment that a path names.
func named(path string) (id btp.EnvironmentID, ok bool) {
	rest, ok := strings.CutPrefix(path, environmentPath)
	if !ok {
		return "", false
	}
	name, _, _ := strings.Cut(rest, "/")
	return btp.EnvironmentID(name), true
}

// front leads a listener's requests to the environment that their path names, and
// to default where it names none. handler is what an environment serves there;
// guard, if any, is asked where there is no environment.
func (l *Landscape) front(handler func(e *environment, named bool) http.Handler, guard gin.HandlerFunc) http.Handler {
	first := handler(l.first, false)
	nowhere := gin.New()
	if guard != nil {
		nowhere.Use(guard)
	}
	nowhere.NoRoute(func(c *gin.Context) {
		id, _ := named(c.Request.URL.Path)
		inner := strings.TrimPrefix(c.Request.URL.Path, prefixOf(id))
		if guard != nil && pageOfNone(c, inner) {
			return
		}
		refuseEnvironment(c, inner, notThere(string(id)))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, ok := named(r.URL.Path)
		switch {
		case !ok:
			first.ServeHTTP(w, r)
			return
		case id == btp.DefaultEnvironment:
			handler(l.first, true).ServeHTTP(w, publicurl.Under(r.Context(), r, prefixOf(id)))
			return
		}
		e := l.find(r.Context(), id)
		if e == nil || !e.requests.enter() {
			nowhere.ServeHTTP(w, r)
			return
		}
		defer e.requests.leave()
		ctx, cancel := context.WithCancelCause(r.Context())
		defer cancel(nil)
		defer context.AfterFunc(e.life, func() { cancel(context.Cause(e.life)) })()
		handler(e, true).ServeHTTP(w, publicurl.Under(ctx, r, e.prefix))
	})
}

// pageOfNone answers a reader's browser, where the pages of an environment that is not
// there are asked for, with a page that says so. It says false for any other request.
func pageOfNone(c *gin.Context, path string) bool {
	asked := c.Request
	defer func() { c.Request = asked }()
	c.Request = asked.Clone(asked.Context())
	c.Request.URL.Path = path
	return cockpit.Page(c)
}

// refuseEnvironment answers what is about the environment in the dialect of the
// path within it.
func refuseEnvironment(c *gin.Context, path string, err error) {
	if meter.SurfaceOf(path).OfVendor() {
		connector.WriteError(c, slog.New(slog.DiscardHandler), err)
		return
	}
	httpapi.WriteProblem(c, nil, err)
}

// untilGone answers requests whose environment was dropped under them with that,
// whatever their handlers came to: what they saw and did is gone.
func (e *environment) untilGone(c *gin.Context) {
	w := &goneWriter{ResponseWriter: c.Writer, c: c, e: e}
	c.Writer = w
	c.Next()
	w.gone() // for handlers that gave up without a word
}

type goneWriter struct {
	gin.ResponseWriter
	c        *gin.Context
	e        *environment
	replaced bool
}

// gone says whether the environment is, and answers so unless the answer has begun.
func (w *goneWriter) gone() bool {
	if w.replaced || w.e.life.Err() == nil || w.Written() {
		return w.replaced
	}
	w.replaced = true
	told := w.Header().Get(httpapi.TimeHeader)
	clear(w.Header())
	if told != "" {
		w.Header().Set(httpapi.TimeHeader, told)
	}
	given := w.c.Writer
	w.c.Writer = w.ResponseWriter
	refuseEnvironment(w.c, w.c.Request.URL.Path, context.Cause(w.e.life))
	w.c.Writer = given
	return true
}

func (w *goneWriter) WriteHeader(status int) {
	if !w.replaced {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *goneWriter) WriteHeaderNow() {
	if !w.gone() {
		w.ResponseWriter.WriteHeaderNow()
	}
}

func (w *goneWriter) Write(b []byte) (int, error) {
	if w.gone() {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

func (w *goneWriter) WriteString(s string) (int, error) {
	if w.gone() {
		return len(s), nil
	}
	return w.ResponseWriter.WriteString(s)
}

func (w *goneWriter) Flush() {
	if !w.gone() {
		w.ResponseWriter.Flush()
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (w *goneWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
