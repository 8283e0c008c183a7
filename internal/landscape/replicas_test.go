package landscape

import (
	"net/http"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp/store/postgres/postgrestest"
)

// Replicas behind a balancer serve every environment, whichever of them made it.
//
// Rule: processes-agree
func TestReplicasServeEachOthersEnvironments(t *testing.T) {
	data := postgrestest.New(t)
	one := start(t, func(c *Config) { c.Data = data })
	two := start(t, func(c *Config) { c.Data, c.Roles = data, []Role{RoleRegistry} })
	makeEnvironment(t, one, map[string]any{"name": "b", "edition": "v2"})
	created := call(t, http.MethodPost, two.HTTP+"/env/b/api/v1/globalAccounts/default/systems",
		map[string]string{"name": "Web Shop", "type": "SAP Commerce Cloud"}, http.StatusCreated)
	if created["status"] == nil || len(systemsIn(t, one.HTTP+"/env/b")) != 1 || len(systemsIn(t, two.HTTP)) != 0 {
		t.Errorf("the other replica made %v, and the first sees %q", created, systemsIn(t, one.HTTP+"/env/b"))
	}
	if got := call(t, http.MethodGet, two.Control+"/control/environments/b", nil, http.StatusOK); got["name"] != "b" {
		t.Errorf("control of the other shows %v", got)
	}
	makeEnvironment(t, two, map[string]any{"name": "c"})
	listed := call(t, http.MethodGet, one.Control+"/control/environments", nil, http.StatusOK)
	if all, _ := listed["items"].([]any); len(all) != 3 {
		t.Errorf("the list is %v", listed)
	}
	if got := call(t, http.MethodGet, one.HTTP+"/env/c/tenants/commerce", nil, http.StatusOK); got["id"] != "commerce" {
		t.Errorf("the process with the tenants shows %v", got)
	}
	if got := deleteEnvironment(t, one, "b"); got != http.StatusNoContent {
		t.Errorf("DELETE: got %d", got)
	}
	resp := send(t, http.MethodGet, two.HTTP+"/env/b/api/v1/globalAccounts/default/systems", "")
	if resp.StatusCode != http.StatusGone || codeIn(t, resp) != "environment-gone" {
		t.Errorf("the other replica answers %d", resp.StatusCode)
	}
	makeEnvironment(t, one, map[string]any{"name": "b"})
	until(t, "the other replica serves the second of the name", func() bool {
		resp := send(t, http.MethodGet, two.HTTP+"/env/b/api/v1/globalAccounts/default/systems", "")
		return resp.StatusCode == http.StatusOK
	})
	if got := systemsIn(t, two.HTTP+"/env/b"); len(got) != 0 {
		t.Errorf("the second of the name has %q", got)
	}
	if resp := send(t, http.MethodGet, two.HTTP+"/env/none/api/v1/globalAccounts/default/systems", ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("an environment that nobody made: got %d", resp.StatusCode)
	}
}

// until waits for something that another goroutine of the process is about to do.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for bounded := waited(t); !done(); <-again.C {
		if bounded.Err() != nil {
			t.Fatalf("never: %s", what)
		}
	}
}
