//go:build browser

package browser

import (
	"fmt"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

func TestAFormationOfManySystems(t *testing.T) {
	env := testenv.Start(t)
	var systems []string
	for i := range 12 {
		systems = append(systems, env.RegisterSystem(t, fmt.Sprintf("shop-%02d", i), testenv.CommerceCloud).ID)
	}
	formation, err := env.Operator().CreateFormation(t.Context(), "default", btpclient.NewFormation{Name: "many", Subaccount: "dev", Systems: systems})
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, env, 1280, "formations")
	p.sees("shop-00, shop-01, shop-02 and 9 more")
	p.accessible()
	p.goTo("formations/" + formation.ID)
	p.sees("shop-11")
	p.accessible()
	crossed := evaluate[[]string](p, `[...document.querySelectorAll(".edge")].flatMap((edge) => {
		const path = edge.querySelector("path");
		const points = Array.from({length: 200}, (_, i) => path.getPointAtLength(i / 199 * path.getTotalLength()));
		return [...document.querySelectorAll(".edge")].filter((other) => other !== edge).filter((other) => {
			const label = other.querySelector("rect").getBBox();
			return points.some((at) => at.x > label.x && at.x < label.x + label.width && at.y > label.y && at.y < label.y + label.height);
		}).map((other) => other.textContent);
	})`)
	if len(crossed) > 0 {
		t.Errorf("%d labels of the picture are crossed by lines of other systems", len(crossed))
	}

	p.click("Formations")
	p.click("Create Formation")
	p.fill("Name", "another")
	p.click("Next")
	p.fill("Search systems", "SHOP-07")
	p.seesNot("shop-06")
	p.accessible()
	p.click("shop-07")
	p.fill("Search systems", "nothing like that")
	p.sees("Nothing matches")
	p.fill("Search systems", "") // what was chosen stays
	p.click("Next")
	p.click("Create")
	p.sees("another")
	p.sees("shop-07")
}

func TestASystemShowsWhichEventsItPublishes(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	p := open(t, env, 1280, "systems/"+shop.ID+"?tab=services")
	p.click("35 types of events")
	p.sees("order.created.v1")
	p.accessible()
}

// A page that came over http from another machine has no clipboard.
func TestATokenIsCopiedWithoutAClipboard(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	p := open(t, env, 1280, "systems/"+shop.ID)
	p.click("Display token")
	p.sees("10:00 left")
	p.do(`Object.defineProperty(navigator, "clipboard", {value: undefined})`)
	p.do(`addEventListener("copy", () => { window.copied = document.activeElement.value })`)
	p.tabTo("Copy Token URL")
	p.press(enter)
	p.focused("Copied")
	if got, want := evaluate[string](p, `window.copied`), p.value("Token URL"); got != want {
		t.Errorf("copied %q, want %q", got, want)
	}

	p.do(`document.execCommand = () => false`)
	p.until("Copied stays", `document.activeElement.innerText.startsWith("Copy")`)
	p.press(enter)
	p.focused("Not copied: select it")
}

// From the overview, too, a type that needs no token asks for none.
func TestASystemWithoutATokenIsAddedFromTheOverview(t *testing.T) {
	env := testenv.Start(t, testenv.WithEdition("v2"))
	if _, err := env.Operator().CreateSystemType(t.Context(), "default", "Warehouse", "customer.acme", "Acme"); err != nil {
		t.Fatal(err)
	}
	p := open(t, env, 1280, "")
	p.click("Add System")
	p.fill("Type", "Warehouse")
	p.fill("Name", "north")
	p.click("Add")
	p.until("a dialog is open", `!document.querySelector("dialog[open]")`)
	p.click("Systems")
	p.sees("north")
}
