//go:build browser

package browser

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// products are the four system types with the tenant that plays each.
var products = []struct{ systemType, tenant string }{
	{testenv.CommerceCloud, "commerce"},
	{testenv.FieldServiceManagement, "fsm"},
	{testenv.CloudForCustomer, "c4c"},
	{testenv.MarketingCloud, "marketing"},
}

func register(p *page, name, systemType string) {
	p.t.Helper()
	p.click("Register System")
	p.fill("Name", name)
	p.fill("Type", systemType)
	p.click("Register")
}

// SEED-000 and SEED-004: registered in the cockpit, paired by the token that it
// shows, gone when it is deregistered.
//
// Rule: cockpit-edition-words, deregister-v1-row-disappears
func TestEveryProductComesAndGoesInV1(t *testing.T) {
	for _, product := range products {
		t.Run(product.tenant, func(t *testing.T) {
			t.Parallel()
			env := testenv.Start(t)
			p := open(t, env, 1280, "systems")
			register(p, "mine", product.systemType)
			validity := "10:00 left"
			if product.systemType == testenv.MarketingCloud {
				validity = "7 d 0:00:00 left"
			}
			p.sees(validity)
			token := p.value("Token URL")
			p.click("Close")
			p.sees("Pending")
			env.Pair(t, product.tenant, token)
			p.sees("Registered")
			p.click("mine")
			p.sees("Tenant")
			p.click("Deregister System")
			p.sees("The row disappears")
			p.click("Deregister System")
			p.sees("This system is gone")
			p.click("All systems")
			p.sees("No systems yet")
		})
	}
}

// 1582d72.md, e9d975a.md: Add, then Get Token; deregistering keeps the record,
// removing deletes it.
//
// Rule: cockpit-edition-words, deregister-v2-row-stays, remove-unregistered
func TestEveryProductComesAndGoesInV2(t *testing.T) {
	for _, product := range products {
		t.Run(product.tenant, func(t *testing.T) {
			t.Parallel()
			env := testenv.Start(t, testenv.WithEdition("v2"))
			p := open(t, env, 1280, "systems")
			p.click("Add System")
			p.fill("Type", product.systemType)
			p.fill("Name", "mine")
			p.click("Add")
			p.sees("Registration token of mine")
			p.sees("left, until")
			token := p.value("Token URL")
			p.click("Close")
			p.sees("(no status)")
			env.Pair(t, product.tenant, token)
			p.sees("Registered")
			p.click("mine")
			p.sees("Remove System")
			p.click("Remove System") // it says why not, and does nothing
			p.seesNot("is deleted with all")
			p.click("Deregister System")
			p.sees("The record stays")
			p.click("Deregister System")
			p.sees("(no status)")
			p.click("Remove System")
			p.sees("is deleted with all")
			p.click("Remove System")
			p.sees("This system is gone")
		})
	}
}

// Rule: error-opens-incident
func TestAnErrorSaysWhatHappenedAndWhoHelps(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	env.Recipe(t, "registration-error", btpclient.RecipeTarget{System: shop.ID})
	p := open(t, env, 1280, "systems/"+shop.ID)
	p.sees("Pending")
	if _, err := env.Tenants().StartPairing(t.Context(), "commerce", shop.IntegrationToken.TokenURL, ""); err != nil {
		t.Fatal(err)
	}
	p.sees("the automation of the registration failed")
	p.sees("BC-CP-MP")
	p.click("Deregister System")
	p.seesNot("The row disappears")
	p.accessible()
	p.picture("system-error")
	p.click("Incidents")
	p.sees("open")
	p.accessible()
	p.click("Resolve as support")
	p.sees("You play SAP's support")
	p.accessible()
	p.click("Resolve as support")
	p.sees("resolved")
	p.sees("Pending")
}

// Rule: deregister-names-blockers, cockpit-disabled-says-why
func TestWhatHoldsASystemIsNamed(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	if _, err := env.Operator().CreateFormation(t.Context(), "default", btpclient.NewFormation{Name: "extend", Subaccount: "dev", Systems: []string{shop.ID}}); err != nil {
		t.Fatal(err)
	}
	p := open(t, env, 1280, "systems/"+shop.ID)
	p.until("the button does not say why", `document.getElementById(find("button", "Deregister System").getAttribute("aria-describedby")).textContent === "Held by formation extend: take it out first."`)
	p.do(`find("button", "Deregister System").focus()`)
	p.picture("why-not")
	// The list does not know: the refusal names it.
	p.click("Systems")
	p.clickIn("shop", "Actions of shop")
	p.accessible()
	p.picture("actions")
	p.click("Deregister System")
	p.sees("The row disappears")
	p.click("Deregister System")
	p.sees("formation extend")
	p.accessible()
	p.picture("refusal")
	p.until("its document leads nowhere", `find("a", "SEED-000").href.endsWith(%s)`, "/cockpit/documents?of=SEED-000%20Results")
	p.goTo("documents?of=SEED-000%20Results")
	p.sees("Register an SAP Customer Experience System")
	p.click("Documents")
	p.sees("d866cf6.md")
}

func TestTheClockMovesFromTheHeader(t *testing.T) {
	env := testenv.Start(t)
	env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	p := open(t, env, 1280, "systems")
	p.sees("10:00:00")
	p.click("Time of the environment")
	p.accessible()
	p.picture("time")
	p.click("+1 min")
	p.sees("10:01:00")
	p.click("+10 min")
	p.sees("10:11:00")
	p.click("+7 d")
	p.sees("2030-01-08")
	p.click("Resume")
	p.sees("Freeze")
	p.click("Freeze")
	p.sees("Resume")
	now, err := env.Controls().Clock(t.Context())
	if err != nil || now.Now.Before(testenv.Epoch.Add(7*24*time.Hour+11*time.Minute)) || !now.Frozen {
		t.Errorf("got %+v, %v", now, err)
	}
}
