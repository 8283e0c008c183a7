//go:build browser

package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/pairsim/pairsim/testenv"
)

// patience bounds how long a page may take to show something; what is there is
// seen at once.
const patience = time.Minute

// height is that of all windows, in pixels.
const height = 900

// page is somebody in front of the cockpit of an environment.
type page struct {
	t     *testing.T
	ctx   context.Context
	env   *testenv.Env
	width int64

	mu         sync.Mutex
	complaints []string // what the console said that it should not
	harmless   []string // parts of what it may say
}

// chromium is the browser that all tests share, each with a profile's worth of its own.
var chromium = sync.OnceValues(func() (context.Context, error) {
	program := os.Getenv("CHROMIUM")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if program == "" {
			program, _ = exec.LookPath(name)
		}
	}
	if program == "" {
		return nil, fmt.Errorf("there is no Chromium: make setup, or name one in CHROMIUM")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.WSURLReadTimeout(time.Minute), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("force-prefers-reduced-motion", true),                         // what comes into view while axe looks has its colours at once
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"), // the network is cut
	)
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...) // ends with the process
	ctx, _ := chromedp.NewContext(allocator)
	return ctx, chromedp.Do(ctx)
})

// open opens a window, width pixels wide, on a page of the environment's cockpit.
func open(t *testing.T, env *testenv.Env, width int64, path string) *page {
	t.Helper()
	browser, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, env: env, width: width}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.listen))
	t.Cleanup(cancel)
	p.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // without a deadline: the window lives as long as this call's context
		t.Fatal(err)
	}
	p.run(call(log.Enable), chromedp.EmulateViewport(width, height))
	p.goTo(path)
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, c := range p.complaints {
			if slices.ContainsFunc(p.harmless, func(part string) bool { return strings.Contains(c, part) }) {
				continue
			}
			t.Errorf("the console says: %s", c)
		}
	})
	return p
}

func (p *page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *log.EventEntryAdded:
		// A refusal is an answer: the browser notes it, the page shows it.
		if e.Entry.Level == log.EntryLevelError && !strings.Contains(e.Entry.Text, "Failed to load resource: the server responded with a status of 4") &&
			!(shared && strings.Contains(e.Entry.Text, "net::ERR_NETWORK_CHANGED")) {
			p.complaints = append(p.complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			p.complaints = append(p.complaints, fmt.Sprint(e.Args))
		}
	}
}

// call is a command of the browser's protocol without parameters.
func call(c cdp.Command[cdp.Empty, cdp.Empty]) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, cdp.Empty{})
		return err
	})
}

func (p *page) run(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("%v\nThe page shows:\n%s", err, p.text())
	}
}

// goTo opens an address of the cockpit.
func (p *page) goTo(path string) {
	p.t.Helper()
	p.run(chromedp.Navigate(p.env.Control() + "/cockpit/" + path))
	p.until("there is no page", `document.querySelector("h1")`)
}

// text is what the page shows, of an open dialog alone if there is one.
func (p *page) text() string {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](look+`scope().innerText`))
	if err != nil {
		return err.Error()
	}
	return text
}

// look finds what a reader sees, in what is on top of the page: scope() is the open
// dialog or menu, find(kinds, name) an element by its accessible name.
const look = `
var scope = () => [...document.querySelectorAll("dialog[open], [popover]:popover-open")].at(-1) ?? document.body ?? document.documentElement;
var wanted; // what a field is filled with
var visible = (e) => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length > 0;
var squeeze = (s) => (s ?? "").replace(/\s+/g, " ").trim();
var named = (e) => squeeze(e.getAttribute("aria-label") ?? [...(e.labels ?? [])].map((l) => l.innerText).join(" ") ?? "") || squeeze(e.innerText);
var find = (kinds, name) => {
	const all = [...scope().querySelectorAll(kinds)].filter(visible);
	return all.find((e) => named(e) === name) ?? all.find((e) => named(e).startsWith(name));
};
`

const (
	clickable = `button:not(:disabled), a, [role=tab], [role=menuitem], label, summary, input[type=checkbox], input[type=radio]`
	fillable  = `input:not([type=checkbox], [type=radio]), select, textarea`
)

// script is a JavaScript expression with its arguments quoted, behind look.
func script(expression string, args ...any) string {
	quoted := make([]any, len(args))
	for i, a := range args {
		text, _ := json.Marshal(a) // of strings
		quoted[i] = string(text)
	}
	return look + fmt.Sprintf(expression, quoted...)
}

// until waits until a JavaScript expression holds. The page itself looks again and
// again: its policy lets nobody make a function of a text.
func (p *page) until(what, expression string, args ...any) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	holds := script(`new Promise((done) => {
		const holds = () => { try { return `+expression+` } catch { return false } }; // what is looked for may vanish meanwhile
		const again = () => holds() ? done(true) : setTimeout(again, 20);
		again();
	})`, args...)
	for {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](holds, chromedp.EvalAwaitPromise))
		switch {
		case err == nil:
			return
		case ctx.Err() == nil && strings.Contains(err.Error(), "navigated"):
			continue // another page comes: it is looked at
		}
		p.t.Fatalf("%s: %v\nThe page shows:\n%s", what, err, p.text())
	}
}

// act does something with the element e that a JavaScript expression finds, once it is
// there. What the page shows anew in between is looked for again.
func (p *page) act(what, found, action string, args ...any) {
	p.t.Helper()
	for done := false; !done; {
		p.until(what, found, args...)
		done = evaluate[bool](p, `(() => {
			let e; try { e = `+found+` } catch { return false }
			if (!e) return false;
			`+action+`
			return true; })()`, args...)
	}
}

// click clicks what has the name, or a name that begins so.
func (p *page) click(name string) {
	p.t.Helper()
	p.act("nothing to click is called "+name, `find(%s, %s)`, `e.click();`, clickable, name)
}

// clickIn clicks a control in the row, card or list item that shows text.
func (p *page) clickIn(text, name string) {
	p.t.Helper()
	const row = `[...scope().querySelectorAll("tr, li, .card")].filter((e) => visible(e) && e.innerText.includes(%s)).at(-1)`
	p.until("no row shows "+text, row, text)
	p.act("no "+name+" beside "+text, `[...`+row+`.querySelectorAll(%s)].find((e) => visible(e) && named(e).startsWith(%s))`, `e.click();`, text, clickable, name)
}

// fill writes into the field of that label, or chooses in it.
func (p *page) fill(label, value string) {
	p.t.Helper()
	p.act("no field is labelled "+label+", or it does not offer "+value,
		`[find(%s, %s)].find((e) => e && (wanted = %s, e.tagName !== "SELECT" || [...e.options].some((o) => o.value === wanted)))`,
		`const set = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(e), "value").set;
		set.call(e, wanted);
		e.dispatchEvent(new Event("input", {bubbles: true}));
		e.dispatchEvent(new Event("change", {bubbles: true}));`, fillable, label, value)
}

func (p *page) do(expression string, args ...any) {
	p.t.Helper()
	evaluate[any](p, `void (`+expression+`)`, args...)
}

// evaluate returns what a JavaScript expression is.
func evaluate[T any](p *page, expression string, args ...any) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script(expression, args...), chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%v\nThe page shows:\n%s", err, p.text())
	}
	return v
}

// sees waits until what is on top shows the text.
func (p *page) sees(text string) {
	p.t.Helper()
	p.until("the page does not show "+text, `squeeze(scope().innerText).includes(%s)`, text)
}

// seesNot waits until it no longer does.
func (p *page) seesNot(text string) {
	p.t.Helper()
	p.until("the page still shows "+text, `!squeeze(scope().innerText).includes(%s)`, text)
}

// value is that of a field.
func (p *page) value(label string) string {
	p.t.Helper()
	p.until("no field is labelled "+label, `find(%s, %s)`, fillable, label)
	return evaluate[string](p, `find(%s, %s).value`, fillable, label)
}
