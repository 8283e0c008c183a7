// Package cockpit serves the web pages that play SAP's cockpit, the product side's
// consoles and the story of a pairing. Their sources stand in web/, what they build
// to in dist/, which is embedded: `make cockpit` builds, Go alone does not.
//
// The pages are clients like any other: what they show and do goes through the
// public API and the management API, which the control listener has beside them.
package cockpit

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/publicurl"
)

//go:embed dist
var dist embed.FS

// Path is where the pages begin, below the prefix of their environment.
const Path = "/cockpit/"

// Header is what the pages send with every request, so that what they read stays
// out of the journal that they show.
const Header = "Pairsim-Cockpit"

// policy lets the pages load from here and nothing else, run no script that stands
// in a page, and be shown in no frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Registry is what the pages are told before they ask the APIs; *btp.Registry has it.
type Registry interface {
	Edition() *btp.Edition
	Journal() *btp.Journal
}

// Config is what the pages stand on.
type Config struct {
	Registry Registry
	// Environment is the name of the one whose pages these are.
	Environment btp.EnvironmentID
	// Protected says that the registry and the tenants ask for access tokens.
	Protected bool
	// Tenants are those that the listener has: where they ask for access tokens, nobody
	// can list them before he has one.
	Tenants []Tenant
}

// Tenant is one by its id, and its product's system type.
type Tenant struct {
	ID      string `json:"id"`
	Product string `json:"product"`
}

type server struct{ Config }

// Mount adds the pages. Unless a request's Accept names HTML, "/" stays what it is
// without them.
func Mount(router gin.IRouter, c Config) {
	s := &server{c}
	pages := router.Group(strings.TrimSuffix(Path, "/"))
	pages.Use(secured)
	pages.GET("/assets/:name", asset)
	pages.GET("/words.json", s.showWords)
	pages.GET("/points.json", showPoints)
	pages.GET("/documents.json", showDocuments)
	pages.GET("/", page)
	pages.GET("", toPages)
}

// Page answers a path below Path that is no asset: the pages tell them apart
// themselves, so that each has an address of its own. It says false for any other request.
func Page(c *gin.Context) bool {
	if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
		return false
	}
	switch p := c.Request.URL.Path; {
	case p == "/" && acceptsHTML(c.Request):
		toPages(c)
	case strings.HasPrefix(p, Path) && path.Ext(p) == "":
		secured(c)
		page(c)
	default:
		return false
	}
	return true
}

// toPages leads to the first page, below the prefix of the environment.
func toPages(c *gin.Context) { c.Redirect(http.StatusFound, publicurl.Path(c.Request, Path)) }

func acceptsHTML(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// secured keeps the pages to themselves, whatever they show.
func secured(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func page(c *gin.Context) {
	c.Header("Cache-Control", "no-cache") // it names the assets of this very build
	write(c, "index.html")
}

func asset(c *gin.Context) {
	name := c.Param("name")
	if _, err := fs.Stat(dist, "dist/"+name); err != nil || name == "index.html" {
		httpapi.NoRoute(c)
		return
	}
	caching := "public, max-age=31536000, immutable" // the name changes with the contents
	if !strings.Contains(name, "-") {
		caching = "no-cache"
	}
	c.Header("Cache-Control", caching)
	write(c, name)
}

// write answers with a file that is there, compressed where that is understood and helps.
func write(c *gin.Context, name string) {
	plain, err := dist.ReadFile("dist/" + name)
	if err != nil {
		httpapi.NoRoute(c)
		return
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream" // .woff2, on a machine without a table of types
	}
	body := plain
	if compressible[path.Ext(name)] {
		c.Header("Vary", "Accept-Encoding")
		if strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
			c.Header("Content-Encoding", "gzip")
			body = compressed(name)
		}
	}
	c.Data(http.StatusOK, kind, body)
}

// compressible are the kinds of files that gzip makes smaller.
var compressible = map[string]bool{".html": true, ".js": true, ".css": true, ".svg": true, ".txt": true}

var gzipped sync.Map // of file names: func() []byte

// compressed is a file of dist under gzip, made when it is first asked for: starting
// costs nothing, and the binary holds one form.
func compressed(name string) []byte {
	once, _ := gzipped.LoadOrStore(name, sync.OnceValue(func() []byte {
		plain, err := dist.ReadFile("dist/" + name)
		if err != nil {
			return nil // the caller has read it
		}
		var b bytes.Buffer
		w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level exists
		_, _ = w.Write(plain)                                 // a buffer takes everything
		_ = w.Close()
		return b.Bytes()
	}))
	return once.(func() []byte)()
}
