//go:build browser

package browser

import (
	"os"
	"strings"
	"sync"
)

const axeFile = "../../btp/cockpit/web/node_modules/axe-core/axe.min.js"

var axe = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile(axeFile)
	return string(text), err
})

// accessible holds what the page shows against axe-core's rules: WCAG 2.2 A and AA,
// and its best practices.
func (p *page) accessible() {
	p.t.Helper()
	code, err := axe()
	if err != nil {
		p.t.Fatalf("%v: npm ci in btp/cockpit/web brings axe-core", err)
	}
	p.still()
	if !evaluate[bool](p, `"axe" in window`) {
		evaluate[any](p, `(() => {`+strings.ReplaceAll(code, "%", "%%")+`; return null })()`)
	}
	for _, violation := range evaluate[[]string](p, `axe.run(document, {resultTypes: ["violations"]}).then((r) =>
		r.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + v.help + "\n    " + n.html.slice(0, 200) + "\n    " + n.any.concat(n.all, n.none).map((c) => c.message).join("; "))))`) {
		p.t.Errorf("%s: %s", evaluate[string](p, `location.pathname`), violation)
	}
}

// still waits until nothing moves: a colour on its way is none to judge by.
func (p *page) still() {
	p.t.Helper()
	evaluate[any](p, `document.fonts.ready.then(() => Promise.all(document.getAnimations().filter((a) => a.effect.getTiming().iterations !== Infinity).map((a) => a.finished.catch(() => null)))).then(() => null)`)
}
