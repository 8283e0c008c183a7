package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

// operator runs client commands as an operator would, and looks at what they print.
type operator struct {
	*serving
	t *testing.T
}

// sees carries a command out that has to succeed and print all of want.
func (o operator) sees(args []string, want ...string) string {
	o.t.Helper()
	out := o.must(o.t, args...)
	for _, text := range want {
		if !strings.Contains(out, text) {
			o.t.Errorf("pairsim %q: got\n%s\nwant %q in it", args, out, text)
		}
	}
	return out
}

// isRefused carries a command out that has to fail and say all of want.
func (o operator) isRefused(args []string, want ...string) string {
	o.t.Helper()
	r := o.run(o.t, args...)
	if r.code != exitRefused || !strings.Contains(r.errors, "\n  next: ") {
		o.t.Errorf("pairsim %q: got %s, want it refused, and what to do next", args, r)
	}
	for _, text := range want {
		if !strings.Contains(r.errors, text) {
			o.t.Errorf("pairsim %q: got\n%s\nwant %q in it", args, r.errors, text)
		}
	}
	return r.errors
}

// pairs uses a new token of a system in a tenant.
func (o operator) pairs(system, tenant string) {
	o.t.Helper()
	token := o.must(o.t, "systems", "token", system, "-o", "url")
	if r := o.feed(o.t, token, "tenants", "pair", tenant, "-"); r.code != exitDone {
		o.t.Fatalf("got %s, want a pairing", r)
	}
}

// follow carries out every command that a refusal names beside a blocker.
func (o operator) follow(refusal string) {
	o.t.Helper()
	commands := map[string][]string{
		`: pairsim formations exclude shop-dev "Web Shop"`: {"formations", "exclude", "shop-dev", "Web Shop"},
	}
	for line := range strings.Lines(refusal) {
		_, command, found := strings.Cut(strings.TrimSpace(line), ": pairsim entitlements ")
		if found {
			o.must(o.t, append([]string{"entitlements"}, strings.Fields(command)...)...)
		}
		for text, args := range commands {
			if strings.Contains(line, text) {
				o.must(o.t, args...)
			}
		}
	}
}

// incident is the id of the only open incident.
func (o operator) incident() string {
	o.t.Helper()
	list := decode[[]btpclient.Incident](o.t, o.must(o.t, "incidents", "list", "--open", "-o", "json"))
	if len(list) != 1 {
		o.t.Fatalf("got incidents %+v, want one open", list)
	}
	return list[0].ID
}

// prepared is a shop that is paired, in a formation, and entitled.
func (o operator) prepared(edition string) {
	o.t.Helper()
	o.must(o.t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	o.sees([]string{"formations", "create", "shop-dev", "--subaccount", "dev", "--system", "Web Shop"}, "Web Shop, SAP Commerce Cloud", "4 READY")
	if got := o.sees([]string{"formations", "list"}, "shop-dev"); strings.Contains(got, "Ready") != (edition == "v2") {
		o.t.Errorf("got\n%s\nwant a status in v2 only", got)
	}
	o.isRefused([]string{"entitlements", "assign", "--system", "Web Shop", "--plan", "api-access"},
		"error: System is not registered", `get its token (pairsim systems token "Web Shop")`)
	o.pairs("Web Shop", "commerce")
	o.sees([]string{"runtime", "applications"}, "mp-web-shop  Web Shop")
	o.sees([]string{"entitlements", "plans"}, "api-access, messaging  Web Shop")
	o.sees([]string{"entitlements", "assign", "--system", "Web Shop", "--plan", "api-access"}, "plan        api-access")
	o.sees([]string{"entitlements", "assign", "--system", "Web Shop", "--plan", "messaging"}, "plan        messaging")
	o.sees([]string{"entitlements", "remove", "--system", "Web Shop", "--plan", "messaging"}, "removed     messaging for system Web Shop")
	o.sees([]string{"systems", "show", "Web Shop"}, "formation    shop-dev (", "entitlement  api-access in subaccount dev (")
}

// released deregisters a system: refused with its blockers, until these are removed.
func (o operator) released(want ...string) {
	o.t.Helper()
	refusal := o.isRefused([]string{"systems", "deregister", "Web Shop"},
		"error: System is still in use\n  system \"Web Shop\" is still in use by:\n  formation shop-dev (",
		`): pairsim formations exclude shop-dev "Web Shop"`, "entitlement api-access in subaccount dev (", ": pairsim entitlements remove ")
	o.follow(refusal)
	o.sees([]string{"systems", "deregister", "Web Shop"}, want...)
}

// TestLifeByCommandLineV1 is the life of a system in the cockpit of 2021, as an
// operator goes through it.
//
// Rule: deregister-v1-row-disappears
func TestLifeByCommandLineV1(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t), t}
	o.prepared("v1")
	o.isRefused([]string{"systems", "remove", "Web Shop"}, "error: Operation does not exist in this edition", `pairsim systems deregister "Web Shop"`)
	o.isRefused([]string{"systems", "token", "Web Shop"}, "has the status Registered", `Deregister it: pairsim systems deregister "Web Shop".`)
	o.released("gone: the row has disappeared")
	o.must(t, "wait", "--system", "Web Shop", "--gone")
	o.sees([]string{"tenants", "show", "commerce"}, "not paired", "Deregistered")

	// The formation is left: v1 deletes it only when nothing is assigned to it.
	o.isRefused([]string{"formations", "delete", "shop-dev"}, `subaccount Development (dev): pairsim formations change shop-dev --subaccount ""`)
	o.sees([]string{"formations", "change", "shop-dev", "--subaccount", ""}, "Assign a subaccount")
	o.sees([]string{"formations", "delete", "shop-dev"}, "formation deleted  shop-dev  yes")

	// Deregister Error has no way out but support.
	o.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	o.pairs("Web Shop", "commerce")
	o.sees([]string{"fault", "add", "deregistration.tell-tenant", "--subject", "Web Shop", "--cause", "the tenant is down", "--times", "1"}, "the tenant is down")
	refusal := o.isRefused([]string{"systems", "deregister", "Web Shop"}, "error: Deregister Error\n  system \"Web Shop\": the tenant is down\n  at deregistration.tell-tenant; report it to component BC-CP-MP, incident ")
	if want := "next: Have its incident resolved, as SAP's support would: pairsim incidents resolve " + o.incident(); !strings.Contains(refusal, want) {
		t.Errorf("got\n%s\nwant %q", refusal, want)
	}
	o.isRefused([]string{"systems", "deregister", "Web Shop"}, "has the status Deregister Error", "pairsim incidents resolve "+o.incident())
	o.sees([]string{"systems", "show", "Web Shop"}, "incident     "+o.incident(), "next         Have its incident resolved")
	id := o.incident()
	o.sees([]string{"incidents", "resolve", id, "--resolution", "done by hand"}, "state       resolved", "resolution  done by hand", "now         gone")
	o.isRefused([]string{"incidents", "resolve", id}, "error: Incident is resolved already", "done by hand")
	o.sees([]string{"incidents", "show", id}, "status      Deregister Error")
	o.sees([]string{"fault", "list"}, "1       1      the tenant is down")
	o.must(t, "fault", "clear", "1")
	o.isRefused([]string{"fault", "clear", "1"}, `there is no fault "1"`, "pairsim fault list")
}

// TestLifeByCommandLineV2 is the same in today's cockpit: what fails is tried
// again, the row stays until it is removed, and time passes.
//
// Rule: deregister-v2-row-stays, remove-unregistered
func TestLifeByCommandLineV2(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t, "--edition", "v2", "--deregistering-duration", "1m"), t}
	o.must(t, "clock", "freeze")
	o.prepared("v2")
	o.isRefused([]string{"systems", "remove", "Web Shop"}, "deregister it first", `pairsim systems deregister "Web Shop"`)
	o.must(t, "fault", "add", "deregistration.complete", "--subject", "Web Shop", "--cause", "the runtime is down", "--times", "1")
	o.released("status  Deregistering, which goes on", `pairsim wait --system "Web Shop" --status pending`, "pairsim clock advance 1m")
	o.must(t, "clock", "advance", "1m")
	o.sees([]string{"systems", "show", "Web Shop"}, "Error while Deregistering", "the runtime is down")
	o.isRefused([]string{"systems", "remove", "Web Shop"}, "Deregister it: pairsim systems deregister \"Web Shop\",\n  or have its incident resolved")
	o.sees([]string{"systems", "deregister", "Web Shop"}, "Deregistering, which goes on")
	o.must(t, "clock", "advance", "1m")
	o.must(t, "wait", "--system", "Web Shop", "--status", "pending")
	o.sees([]string{"incidents", "list"}, "resolved  system  Web Shop  Error while Deregistering  BC-CP-MP")

	// The row stays: the same tenant registers it again, another one does not.
	o.isRefused([]string{"systems", "deregister", "Web Shop"}, "has the status (empty)", "or remove it: pairsim systems remove \"Web Shop\"")
	o.pairs("Web Shop", "commerce")
	o.must(t, "systems", "deregister", "Web Shop")
	o.must(t, "clock", "advance", "1m")
	gone := decode[btpclient.System](t, o.must(t, "systems", "remove", "Web Shop", "-o", "json"))
	if gone.Status.Code != "gone" || gone.Name != "Web Shop" {
		t.Errorf("got %+v, want the shop gone", gone)
	}

	o.isRefused([]string{"formations", "change", "shop-dev", "--subaccount", ""}, "The subaccount is fixed at creation", "pairsim formations delete shop-dev")
	o.sees([]string{"formations", "delete", "shop-dev"}, "subaccount unassigned  Development  yes", "formation deleted      shop-dev     yes")
}

// TestFormationsByCommandLineV2 has the statuses that only v2 shows.
func TestFormationsByCommandLineV2(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t, "--edition", "v2"), t}
	o.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	o.must(t, "systems", "register", "Campaigns", "--type", "SAP Marketing Cloud")
	o.sees([]string{"formations", "create", "Shop", "--subaccount", "dev", "--draft"}, "Draft", "pairsim formations finalize Shop")
	o.isRefused([]string{"formations", "finalize", "Shop"}, "its type needs 1 at least", "pairsim formations include")
	o.isRefused([]string{"formations", "include", "Shop", "Campaigns"}, "are paired before they join a formation", "pairsim systems token Campaigns")
	o.must(t, "formations", "include", "Shop", "Web Shop")
	o.sees([]string{"formations", "finalize", "Shop"}, "status       Ready")

	o.must(t, "fault", "add", "formation.synchronize", "--subject", "Shop", "--cause", "no answer", "--times", "1")
	o.isRefused([]string{"formations", "resynchronize", "Shop", "--reset"}, "error: The formation failed\n  formation \"Shop\": no answer\n",
		"report it to component BC-CP-MP, incident ", "Try again: pairsim formations resynchronize Shop,\n  or have its incident resolved")
	o.sees([]string{"formations", "show", "Shop"}, "Error", "no answer", "incident     "+o.incident(), "next         Try again: pairsim formations resynchronize Shop,")
	o.sees([]string{"incidents", "list", "--subject", "Shop"}, "open   formation  Shop")
	o.sees([]string{"incidents", "resolve", o.incident()}, "now         Ready")

	o.sees([]string{"subaccounts", "change", "dev", "--environments", "cloudFoundry", "--name", "Dev"}, "name          Dev", "environments  cloudFoundry")
	o.isRefused([]string{"formations", "resynchronize", "Shop"}, "has the status Action Required", "pairsim formations show Shop.")
	o.sees([]string{"formations", "exclude", "Shop", "Web Shop"}, "pairsim subaccounts change dev --environments cloudFoundry,kyma")
	o.sees([]string{"subaccounts", "change", "dev", "--environments", "none"}, "environments  none")
	o.sees([]string{"subaccounts", "list"}, "dev  Dev   dev        eu10    none")
	o.sees([]string{"formations", "types"}, "Side-by-Side Extensibility with Kyma  kyma")
	o.sees([]string{"accounts", "list"}, "default  Default  default")
}

// Rule: refusal-explained
func TestRefusalsSayWhatToDoNext(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t), t}
	for _, test := range []struct {
		args string
		want string
	}{
		{"systems deregister Shop", "pairsim systems list"},
		{"formations show Shop", "pairsim formations list"},
		{"formations create a --subaccount prod", "pairsim subaccounts list"},
		{"formations create a --subaccount dev --system Shop", "pairsim systems list"},
		{"formations create a --subaccount dev --type Joule", "pairsim formations types"},
		{"formations create a --subaccount dev --draft", "--edition"},
		{"entitlements list --subaccount prod", "pairsim subaccounts list"},
		{"entitlements remove abc", "pairsim entitlements list"},
		{"subaccounts show prod", "pairsim subaccounts list"},
		{"subaccounts list --account other", "pairsim accounts list"},
		{"incidents show abc", "pairsim incidents list"},
		{"fault add clock.change", "pairsim fault points"},
		{"fault add pairing.csr --action corrupt --part tokenSignature", "pairsim fault points"},
		{"fault recipe bad-luck", "pairsim fault recipes"},
		{"fault recipe remove-error", "--edition"},
		{"fault recipe formation-error --tenant commerce", "pairsim fault recipes"},
		{"fault add removal.complete --subject Shop", "pairsim systems list"},
		{"fault add formation.deletion --subject Shop", "pairsim formations list"},
	} {
		o.isRefused(strings.Fields(test.args), test.want)
	}
}

// TestTokenSaysWhatBecameOfTheOneBefore, on stderr: stdout is for scripts.
func TestTokenSaysWhatBecameOfTheOneBefore(t *testing.T) {
	t.Parallel()
	s := serveFor(t, "--attempt-deadline", "1h")
	s.must(t, "clock", "freeze")
	s.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	s.must(t, "systems", "register", "Campaigns", "--type", "SAP Marketing Cloud")
	step := func(system, want string) {
		t.Helper()
		r := s.run(t, "systems", "token", system, "-o", "url")
		if r.code != exitDone || want == "" && r.errors != "" || !strings.Contains(r.errors, want) || strings.Count(r.out, "\n") != 1 {
			t.Errorf("%s: got %s, want the URL alone on stdout, and a note with %q", system, r, want)
		}
	}
	step("Campaigns", "")
	step("Web Shop", "note: the token before this one is void now")
	s.must(t, "clock", "advance", "10m")
	step("Web Shop", "the token before this one expired at ")
	step("Campaigns", "")
	s.must(t, "clock", "advance", "7d")
	step("Campaigns", "the token before this one expired at ")
	url := strings.TrimSpace(s.must(t, "systems", "token", "Campaigns", "-o", "token"))
	if status, _ := get(t, http.DefaultClient, s.http+"/v1/applications/signingRequests/info?token="+url); status != http.StatusOK {
		t.Fatalf("got %d, want the token to be taken", status)
	}
	step("Campaigns", "the token before this one was used, and its pairing did not complete")
}

// TestCreateOnce: a create whose answer was lost is asked for again, with its key.
func TestCreateOnce(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 4)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked <- r.Header.Get("Idempotency-Key"); len(asked)%2 == 1 {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"id":"1","name":"A"}`)) // the test sees whether it came
	}))
	defer server.Close()
	register := func(more ...string) result {
		return pairsim(t, []string{"PAIRSIM_URL=" + server.URL}, "", append([]string{"systems", "register", "A", "--type", "T"}, more...)...)
	}
	twice := func(r result) string {
		t.Helper()
		if r.code != exitDone || len(asked) != 2 {
			t.Fatalf("got %s after %d requests, want it done by the second", r, len(asked))
		}
		first, second := <-asked, <-asked
		if first == "" || first != second {
			t.Errorf("got keys %q and %q, want the same", first, second)
		}
		return first
	}
	if fresh := twice(register()); fresh == twice(register()) {
		t.Error("two creates have the same key")
	}
	if got := twice(register("--idempotency-key", "mine")); got != "mine" {
		t.Errorf("got key %q, want the one that was given", got)
	}
}

// TestNextFor: what is offered about a system is what its edition and type allow.
func TestNextFor(t *testing.T) {
	const shop, campaigns = "SAP Commerce Cloud", "SAP Marketing Cloud"
	for _, test := range []struct{ edition, systemType, status, want string }{
		{"v1", shop, "pending", "Get its token (pairsim systems token A --account b) and use it on the product side,\nor deregister it: pairsim systems deregister A --account b."},
		{"v1", shop, "registered", "Deregister it: pairsim systems deregister A --account b."},
		{"v1", shop, "error", "Have its incident resolved, as SAP's support would: pairsim incidents resolve 7."},
		{"v1", campaigns, "error", "Delete the failed extension in the tenant (pairsim tenants delete TENANT), then get its token (pairsim systems token A --account b) and use it on the product side,\nor have its incident resolved, as SAP's support would: pairsim incidents resolve 7."},
		{"v1", shop, "deregistering", "Wait until it is done: pairsim wait --system A --account b --gone.\n" + frozenHint},
		{"v2", shop, "error", "Remove it: pairsim systems remove A --account b,\nor have its incident resolved, as SAP's support would: pairsim incidents resolve 7."},
		{"v2", shop, "deregistering", "Wait until it is done: pairsim wait --system A --account b --status pending.\n" + frozenHint},
		{"v2", shop, "removeError", "Remove it: pairsim systems remove A --account b,\nor have its incident resolved, as SAP's support would: pairsim incidents resolve 7."},
		{"v2", "Warehouse", "pending", "Remove it: pairsim systems remove A --account b."},
		{"v1", shop, "gone", ""},
		{"v9", shop, "error", "Look at it: pairsim systems show A --account b."},
	} {
		s := btpclient.System{Name: "A", Type: test.systemType, GlobalAccount: "b", Edition: test.edition, Status: btpclient.SystemStatus{Code: test.status}}
		if strings.HasSuffix(strings.ToLower(test.status), "error") {
			s.Error = &btpclient.SystemError{Incident: "7"}
		}
		if got := nextFor(s); got != test.want {
			t.Errorf("%s, %s, %s: got\n%s\nwant\n%s", test.edition, test.systemType, test.status, got, test.want)
		}
	}
}

func TestQuoted(t *testing.T) {
	for name, want := range map[string]string{
		"shop-dev": "shop-dev", "Web Shop": `"Web Shop"`, "": `""`, "a$b": `'a$b'`, `it's "x"`: `'it'\''s "x"'`, "it's": `"it's"`, "Hey!": "'Hey!'", "a`b": "'a`b'",
	} {
		if got := quoted(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}

// TestFaultsByCommandLine: set by flag and by recipe, listed with what they did,
// and told when they did nothing.
//
// Rule: fault-told
func TestFaultsByCommandLine(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t), t}
	o.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud")
	o.sees([]string{"fault", "recipe", "deregister-error", "--system", "Web Shop"}, "deregistration.*", "do:     Deregister the system.", "undo:   pairsim fault clear")
	o.isRefused([]string{"fault", "list", "--unfired", "--fail"}, "A fault has never struck", "pairsim journal")
	o.isRefused([]string{"systems", "deregister", "Web Shop"}, "error: Deregister Error", "the connectivity could not be taken down")
	o.must(t, "fault", "list", "--fail")
	o.must(t, "fault", "remove", "1")

	o.sees([]string{"fault", "add", "system.list", "--code", "forbidden", "--cause", "not you", "--limit", "1"}, "fail forbidden", "all", "not you")
	o.isRefused([]string{"systems", "list"}, "Role does not allow it", "not you")
	o.must(t, "systems", "list")
	o.sees([]string{"fault", "add", "system.show", "--answer", "503", "--header", "Retry-After: 5", "--body", "down"}, "fail answer 503", "always")
	o.sees([]string{"fault", "add", "pairing.*", "--action", "delay", "--virtual", "10m", "--tenant", "commerce", "--every", "2", "--probability", "0.5"},
		"delay 10m0s on the clock", "commerce", "every 2, p=0.5")
	o.sees([]string{"fault", "add", "pairing.csr", "--action", "drop", "--when", "after", "--type", "SAP Commerce Cloud"}, "drop after the work", "SAP Commerce Cloud")
	o.sees([]string{"fault", "add", "pairing.info", "--action", "truncate", "--share", "0.5", "--first", "2"}, "truncate after 0.5 of the body", "first 2")
	o.sees([]string{"fault", "add", "token.*", "--action", "corrupt", "--part", "tokenSignature"}, "corrupt tokenSignature")
	o.sees([]string{"fault", "recipes"}, "lost-certificate-answer", "Deregister Error (v1), Error while Deregistering (v2)")
	o.must(t, "fault", "clear")
	if got := o.must(t, "fault", "list", "-o", "json"); strings.TrimSpace(got) != "[]" {
		t.Errorf("got %s, want none", got)
	}
}
