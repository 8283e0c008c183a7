//go:build browser

package browser

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/pairsim/pairsim/testenv"
)

// What others write is shown as text, wherever it stands.
func TestANameIsShownAsText(t *testing.T) {
	const evil = `<img src=x onerror="document.title='run'">`
	env := testenv.Start(t)
	s := env.RegisterSystem(t, evil, testenv.CommerceCloud)
	p := open(t, env, 1280, "")
	for _, path := range []string{"", "systems", "systems/" + s.ID, "systems/" + s.ID + "?tab=history", "systems?search=" + "%3Cimg", "story"} {
		p.goTo(path)
		p.sees(evil)
		if n := evaluate[int](p, `document.querySelectorAll("img").length`); n != 0 {
			t.Errorf("%s: the name has become %d pictures", path, n)
		}
		if title := evaluate[string](p, `document.title`); title == "run" {
			t.Errorf("%s: the name was run", path)
		}
	}
}

func TestEveryPageFitsANarrowWindow(t *testing.T) {
	env := testenv.Start(t)
	furnish(t, env, "v1")
	p := open(t, env, 768, "")
	for _, one := range pages {
		path := one.path
		p.goTo(path)
		p.sees(one.shows)
		if over := evaluate[int](p, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			t.Errorf("%q is %d pixels wider than the window", path, over)
		}
		p.accessible()
	}
	p.goTo("systems")
	p.sees("web-shop-commerce-cloud")
	p.picture("narrow")
	p.click("Menu")
	p.accessible()
	p.click("Formations")
	p.sees("extend-the-shop")
}

func TestAnAddressLeadsBackToWhatWasSeen(t *testing.T) {
	env := testenv.Start(t)
	furnish(t, env, "v1")
	p := open(t, env, 1280, "systems?status=registered&search=shop")
	p.sees("web-shop-commerce-cloud")
	p.seesNot("field-service-pilot")
	p.click("web-shop-commerce-cloud")
	p.click("Certificates")
	p.sees("valid")
	p.run(chromedp.Reload())
	p.sees("Serial number")
	p.run(chromedp.NavigateBack())
	p.sees("Search systems")
	p.until("the filter is lost", `find("select", "Status")?.value === "registered"`)
}

func TestATableIsSortedAndSearched(t *testing.T) {
	env := testenv.Start(t)
	furnish(t, env, "v1")
	p := open(t, env, 1280, "systems")
	p.sees("field-service-pilot")
	const first = `document.querySelector("tbody tr td").innerText`
	p.click("Name")
	p.until("not sorted", first+` === "campaigns-marketing-cloud"`)
	p.click("Name")
	p.until("not sorted the other way", first+` === "web-shop-commerce-cloud"`)
	p.fill("Search systems", "PILOT")
	p.seesNot("web-shop-commerce-cloud")
	p.sees("field-service-pilot")
	p.fill("Search systems", "nothing like that")
	p.sees("Nothing matches")
	p.accessible()
}

// Rule: environments-apart
func TestAnEnvironmentHasACockpitOfItsOwn(t *testing.T) {
	server := testenv.Start(t)
	env := server.NewEnvironment(t, testenv.WithEdition("v2"))
	server.RegisterSystem(t, "of the server", testenv.CommerceCloud)
	env.RegisterSystem(t, "of the environment", testenv.CommerceCloud)
	p := open(t, env, 1280, "systems")
	p.sees("of the environment")
	p.seesNot("of the server")
	p.sees("Live")
	p.accessible()
	p.fill("Environment", "default")
	p.sees("of the server")
	p.sees("Register System")
}

func TestAnEnvironmentThatIsGoneIsSaidToBe(t *testing.T) {
	server := testenv.Start(t)
	env, err := server.Environment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = env.Close() })
	p := open(t, env, 1280, "systems")
	p.harmless = []string{"net::ERR_"} // its stream breaks off
	p.sees("Live")
	if err := env.Close(); err != nil {
		t.Fatal(err)
	}
	p.sees("There is no environment " + env.Name())
	p.accessible()
	p.run(chromedp.Reload())
	p.sees("There is no environment " + env.Name())
	p.accessible()
	p.click("The environment default")
	p.sees("Overview")
	p.sees("Live")
}

func TestAKeyGuardsTheControlListener(t *testing.T) {
	const key = "a key of many characters"
	env := testenv.Start(t, testenv.WithControlKey(key))
	p := open(t, env, 1280, "systems")
	p.sees("The control key is needed")
	p.accessible()
	p.fill("Control key", key)
	p.click("Sign in")
	p.sees("Live")
	p.seesNot("The control key is needed")
	// The pages of an environment lead to the others, too.
	p = open(t, env.NewEnvironment(t), 1280, "systems")
	p.fill("Control key", key)
	p.click("Sign in")
	p.fill("Environment", "default")
	p.sees("The control key is needed")
}

func TestAServerThatEndsIsMissed(t *testing.T) {
	env, err := testenv.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = env.Close() })
	p := open(t, env, 1280, "systems")
	p.harmless = []string{"net::ERR_"}
	p.sees("Live")
	if err := env.Close(); err != nil {
		t.Fatal(err)
	}
	p.sees("Offline")
	p.click("Refresh")
	p.sees("pairsim does not answer")
	p.accessible()
	p.picture("offline")
}
