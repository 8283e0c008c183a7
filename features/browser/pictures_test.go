//go:build browser

package browser

import (
	"context"
	"flag"
	"os"
	"path/filepath"

	"github.com/chromedp/chromedp"
)

// pictures is where `make screenshots` lets tests put what they saw.
var pictures = flag.String("pictures", "", "folder for pictures of the pages")

// wholePicture keeps the page down to its end, as if the window were that high.
func (p *page) wholePicture(name string) {
	p.t.Helper()
	if *pictures == "" {
		return
	}
	p.run(chromedp.EmulateViewport(p.width, evaluate[int64](p, `document.documentElement.scrollHeight`)))
	p.picture(name)
	p.run(chromedp.EmulateViewport(p.width, height))
}

// picture keeps what the window shows, if pictures are wanted.
func (p *page) picture(name string) {
	p.t.Helper()
	if *pictures == "" {
		return
	}
	p.still()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*pictures, name+".png"), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}
