//go:build browser

package browser

import (
	"testing"

	"github.com/pairsim/pairsim/testenv"
)

// d866cf6.md, 32bd423.md: a service instance, its binding with credentials, and
// the way back.
func TestAServiceInstanceIsCreatedAndBound(t *testing.T) {
	env := testenv.Start(t)
	p := open(t, env, 1280, "instances")
	p.sees("No service instances")
	p.accessible()
	p.click("Create Instance")
	p.fill("Service", "destination")
	p.fill("Instance Name", "my-destinations")
	p.accessible()
	p.click("Next")
	p.fill("Parameters (JSON)", "{")
	p.sees("This is no JSON object.")
	p.fill("Parameters (JSON)", "{}")
	p.accessible()
	p.click("Next")
	p.sees("lite")
	p.click("Create")
	p.sees("No bindings")
	p.sees("created")
	p.click("Create Binding")
	p.fill("Name", "app")
	p.click("Create Binding")
	p.sees("Credentials of app")
	p.sees("clientsecret")
	p.accessible()
	p.click("Close")
	p.sees("View Credentials")
	p.accessible()
	p.picture("instance-bound")
	p.clickIn("app", "Delete")
	p.sees("are good for nothing any more")
	p.click("Delete")
	p.sees("No bindings")
	p.click("Delete")
	p.sees("What it stands for goes too")
	p.click("Delete")
	p.sees("No service instances")
}

// Rule: input-refused-precisely
func TestWhatAServiceRefusesIsSaid(t *testing.T) {
	env := testenv.Start(t)
	p := open(t, env, 1280, "instances")
	p.click("Create Instance")
	p.fill("Service", "destination")
	p.fill("Instance Name", "mine")
	p.click("Next")
	p.fill("Parameters (JSON)", `{"nonsense": 1}`)
	p.click("Next")
	p.click("Create")
	p.sees("nonsense")
	p.accessible()
}
