//go:build browser

package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/pairsim/pairsim/testenv"
)

const (
	enter  = "\r"
	escape = "\x1b"
	tab    = "\t"
	space  = " "
)

func (p *page) press(keys string) {
	p.t.Helper()
	p.run(chromedp.KeyEvent(keys))
}

// focused waits until what has the focus is called so.
func (p *page) focused(name string) {
	p.t.Helper()
	p.until("nothing called "+name+" has the focus", `named(document.activeElement).startsWith(%s)`, name)
}

// tabTo goes by Tab, round the page if it must be, to what is called so.
func (p *page) tabTo(name string) {
	p.t.Helper()
	var met []string
	for range 150 {
		p.press(tab)
		at := evaluate[string](p, `named(document.activeElement).slice(0, 200)`)
		if len(at) >= len(name) && at[:len(name)] == name {
			if !evaluate[bool](p, `document.activeElement.matches(":focus-visible")`) {
				p.t.Errorf("nobody sees that %s has the focus", name)
			}
			return
		}
		met = append(met, at)
	}
	p.t.Fatalf("Tab does not lead to %s, but to %q", name, met)
}

// choose chooses in the list that has the focus, by arrow keys.
func (p *page) choose(value string) {
	p.t.Helper()
	p.until("nothing to choose is "+value, `[...document.activeElement.options].some((o) => o.value === %s)`, value)
	p.press(kb.Home)
	for range 40 {
		if evaluate[bool](p, `document.activeElement.value === %s`, value) {
			return
		}
		p.press(kb.ArrowDown)
	}
	p.t.Fatalf("the arrow keys do not lead to %s", value)
}

func TestTheKeyboardIsEnough(t *testing.T) {
	env := testenv.Start(t)
	p := open(t, env, 1280, "systems")
	p.sees("No systems yet")
	p.press(tab)
	p.focused("Skip to the page")
	p.tabTo("Register System")
	p.press(enter)
	p.focused("Name")
	p.press("shop")
	p.tabTo("Type")
	p.choose(testenv.CloudForCustomer)
	p.until("the form is not complete", `!find("button", "Register").disabled`)
	p.tabTo("Register")
	p.press(enter)
	p.sees("10:00 left")
	p.press(escape)
	p.sees("Pending")
	p.sees(testenv.CloudForCustomer)
	p.until("the dialog is still there", `!document.querySelector("dialog[open]")`)
	p.focused("Register System")
}

// A story from its start to its end, and what was said in it, without a mouse.
func TestAStoryIsWalkedThroughByKeys(t *testing.T) {
	env := testenv.Start(t)
	p := open(t, env, 1280, "story")
	p.sees("No story yet")
	p.tabTo("Tenant commerce") // the field; before it stands a link to the tenants
	p.choose("fsm")
	p.tabTo("Pace")
	p.choose("step")
	p.tabTo("Start a pairing")
	p.press(enter)
	p.sees("It waits before pairing.info")
	p.focused("Start a pairing")

	p.tabTo("What goes wrong")
	p.choose("lost-certificate-answer")
	p.tabTo("Set lost-certificate-answer now")
	p.press(enter)
	p.sees("lost-certificate-answer has not struck yet")
	p.tabTo("Step")
	p.press(space)
	p.sees("It waits before pairing.csr")
	p.focused("Step")
	p.tabTo("Play")
	p.press(enter)
	p.sees("no answer")
	p.sees("fsm gave the pairing up")
	p.tabTo("Remove lost-certificate-answer")
	p.press(enter)
	p.seesNot("lost-certificate-answer has struck")

	p.tabTo("What goes wrong")
	p.choose("")
	p.tabTo("Pace")
	p.choose("slow")
	p.tabTo("Start a pairing")
	p.press(enter)
	p.sees("It waits before pairing.") // info, or what comes next when the reader looks: it goes on by itself
	p.tabTo("Pause")
	p.press(enter)
	p.focused("Play")
	p.sees("waits for you")
	p.tabTo("Pace")
	p.choose("live")
	p.sees("Pending → Registered")
	env.EveryFaultStruck(t)
}

// A step is opened, read, copied from and closed by keys; its address leads back to it.
func TestAStepIsReadByKeys(t *testing.T) {
	const step = "commerce → SAP BTP: a tenant sends its certificate request"
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	p := open(t, env, 1280, "story")
	p.sees("Pending → Registered")
	for _, key := range []string{enter, space} {
		p.tabTo(step)
		p.press(key)
		p.sees("certificate request for CN=mp-shop")
		p.sees("issued by CN=pairsim client Issuing CA")
		p.focused(step)
		p.tabTo("Copy Body: Answer")
		p.press(enter)
		p.focused("Copied")
		p.tabTo("Body: Answer") // what is too long is scrolled by the arrow keys
		p.press(escape)
		p.seesNot("certificate request for CN=mp-shop")
		p.focused(step)
	}
	p.press(enter)
	p.sees("certificate request for CN=mp-shop")
	env.RegisterSystem(t, "later", testenv.CommerceCloud) // who reads goes on reading
	p.run(chromedp.Reload())
	p.sees("certificate request for CN=mp-shop")
	p.focused(step)
	p.accessible()
	p.press(escape)
	p.until("the address leads to a step that is closed", `!location.search.includes("entry=")`)
}

// What was said goes with a reset: the page says so.
func TestAStepThatIsNotKept(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	p := open(t, env, 1280, "story?system="+shop.ID)
	p.sees("an operator registers a system")
	if err := env.Controls().Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.click("Operator → SAP BTP: an operator registers a system")
	p.sees("What was said is not kept.")
	p.accessible()
}
