package modeltest

import (
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// template is what a sequence is drawn of: operations with {blanks}. What stands
// in one blank twice is the same both times.
type template struct {
	weight int
	text   string
}

// The first is drawn more often than its weight says, and what shrinks becomes it.
var templates = []template{
	{6, "advance {duration}"},
	{6, "register {system} {type}"},
	{2, "register {system} {type} key={key}"},
	{1, "register {bad system} {type}"},
	{3, "token {system}"},
	{1, "token {system} key={key}"},
	{1, "token {system} key={key}\ntoken {system} key={key}"},
	{1, "show {system}"},
	{3, "open {system} {which}"},
	{2, "open {system} {which} tenant={tenant}"},
	{2, "open {system} {which} type={type}"},
	{3, "csr {system} {which}"},
	{1, "csr {system} newest {flaw}"},
	{2, "token {system}\nopen {system} newest\n" + strings.Repeat("csr {system} newest {flaw}\n", 5) + "csr {system} newest"},
	{3, "call {system} {which}"},
	{3, "descriptor {system} {which} {tenant}"},
	{1, "descriptor {system} {which} {tenant} silent"},
	{2, "publish {system} {which}"},
	{1, "fault services.create all once\npublish {system} newest\npublish {system} newest"},
	{2, "failure {system} {which}"},
	{1, "failure {system} {which} certificate"},
	{2, "renew {system} {which}"},
	{1, "renew {system} {which} {flaw}"},
	{2, "revoke {system} {which}"},
	{2, "delete-extension {system} {which}"},
	{3, "delete-extension {system} release"},
	{6, "deregister {system}"},
	{6, "remove {system}"},
	{2, "discover {other system} {type}"},
	{1, "discover {other system} {type} elsewhere"},
	{1, "discover {bad system} {type}"},
	{2, "merge {other system} {system}"},
	{1, "merge {system} {other system}"},
	{4, "formation {formation} {subaccount} {system}"},
	{1, "formation {formation} {subaccount}"},
	{2, "formation {formation} {subaccount} {system} {other system}"},
	{1, "formation {formation} {subaccount} {system} draft"},
	{1, "formation {formation} {subaccount} {system} key={key}"},
	{1, "formation {formation} {subaccount} type={formation type}"},
	{1, "formation {bad formation} {subaccount}"},
	{5, "include {formation} {system}"},
	{5, "exclude {formation} {system}"},
	{3, "subaccount {formation} {subaccount}"},
	{2, "finalize {formation}"},
	{3, "resynchronize {formation}"},
	{2, "reset {formation}"},
	{4, "delete {formation}"},
	{3, "report {formation} {system} {system} {state}"},
	{2, "report {formation} {system} {other system} {state}"},
	{2, "report {formation} {system} runtime:dev {state}"},
	{4, "entitle {subaccount} {system} {plan}"},
	{1, "entitle {subaccount} {system} {plan} key={key}"},
	{2, "unentitle {subaccount} {system} {plan}"},
	{3, "environments {subaccount} {environments}"},
	{3, "resolve {system}"},
	{2, "resolve {formation}"},
	{3, "fault {point} all {times}"},
	{2, "fault {request point} all {times}"},
	{1, "fault {point} {system} {times}"},
	{1, "fault {point} {formation} {times}"},
	{1, "fault due.token-expiry all {times}"},
	{2, "no-faults"},
	{3, "callback {answer}"},
	{2, "policy {transition} {policy}"},
	{3, "release {system}"},
	{3, "release {formation}"},
	{3, "read {system}"},
	{3, "read {formation}"},
	{2, "list {account}"},
	{3, "policy deregistering {policy}\nderegister {system}\nread {system}\nread {system}\nrelease {system}"},
	{2, "policy removing {policy}\nremove {system}\nlist {account}\nrelease {system}\nlist {account}"},
	{3, "policy synchronizing {policy}\ninclude {formation} {system}\nread {formation}\nrelease {formation}\ndelete {formation}\nlist {account}\nrelease {formation}"},
	{2, "restart"},
	{2, "restore"},
	{2, "move"},
	// Whole stories, which chance alone would seldom tell.
	{12, "register {system} {type}\ntoken {system}\nopen {system} newest tenant={tenant}\ncsr {system} newest\ndescriptor {system} newest {tenant}"},
	{4, "register default/Shop commerce\ntoken default/Shop\nopen default/Shop newest tenant=tenant\ncsr default/Shop newest\ndescriptor default/Shop newest tenant\n" +
		"discover {other system} commerce\nmerge {other system} default/Shop"},
	{3, "discover default/Clients commerce\ntoken default/Clients\nopen default/Clients newest tenant=tenant\ncsr default/Clients newest\n" +
		"descriptor default/Clients newest tenant\nremove default/Clients\ndiscover default/Shop commerce\nformation {formation} dev default/Shop\n" +
		"merge default/Shop default/Clients\nderegister default/Clients\nremove default/Clients\ndelete {formation}\nmerge default/Clients default/Shop"},
	{6, "register {system} {type}\ntoken {system}\nopen {system} newest\ncsr {system} newest\ncall {system} newest"},
	{4, "token {system}\nopen {system} newest tenant={tenant}\ncsr {system} newest"},
	{4, "token {system}\nopen {system} newest\nfailure {system} newest"},
	{4, "formation {formation} dev {system} {other system}\nexclude {formation} {system}\ndelete {formation}"},
	{4, "subaccount {formation} -\nexclude {formation} {system}\ndelete {formation}"},
	{2, "fault formation.synchronize all once\ninclude {formation} {system}\nexclude {formation} {system}\nresolve {formation}\nresynchronize {formation}"},
	{2, "include {formation} {system}\nfault formation.deletion all once\ndelete {formation}\ninclude {formation} {system}\nresynchronize {formation}"},
	{3, "callback {answer}\nderegister {system}\nresolve {system}"},
	{3, "fault {point} all once\nderegister {system}\nremove {system}\ndelete {formation}\nreset {formation}"},
	{3, "unentitle dev {system} api-access\nexclude {formation} {system}\nderegister {system}"},
	{2, "deregister {system}\nregister {system} {type}\ndelete-extension {system} release\nregister {system} {type}"},
}

// often repeats the first of all n times: it is drawn more often than the others.
func often(n int, all ...string) []string {
	return append(slices.Repeat(all[:1], n), all[1:]...)
}

// blanks are what is filled in.
var blanks = map[string][]string{
	"{system}":         often(6, "default/Shop", "default/Campaigns", "other/Shop"),
	"{other system}":   often(3, "default/Campaigns", "default/Clients", "other/Shop"),
	"{bad system}":     {"nowhere/Shop", "default/bad:empty", "default/bad:umlaut", "default/bad:long", "default/bad:blank", "default/bad:tab"},
	"{type}":           often(4, "commerce", marketing, "fsm", "c4c", "unknown"),
	"{which}":          often(9, "newest", "previous", "none"),
	"{tenant}":         often(4, "tenant", "stranger"),
	"{flaw}":           {"subject", "garbage"},
	"{formation}":      often(9, "default/orders", "default/service", "other/orders"),
	"{bad formation}":  {"nowhere/orders", "default/bad:empty", "default/bad:umlaut", "default/bad:long", "default/bad:blank", "default/Upper_Case", "default/dot.ted"},
	"{formation type}": {"none", "joule"},
	"{subaccount}":     often(12, "dev", "bare", "far", "-", "shanghai", "nowhere"),
	"{plan}":           often(6, "api-access", "messaging", "lite"),
	"{environments}":   often(3, "kyma", "cloudFoundry kyma", "cloudFoundry", "", "kyma kyma", "abap"),
	"{state}":          {"READY", "CONFIG_PENDING", "CREATE_ERROR", "DELETE_ERROR", "INITIAL"},
	"{point}":          slices.Sorted(maps.Keys(faultEffects)),
	"{request point}":  append(slices.Compact(slices.Sorted(maps.Values(requestPoints))), certificatePoints...),
	"{times}":          {"once", "twice", "always"},
	"{answer}":         often(3, "ok", "500", "refused", "broken"),
	"{duration}":       {"30s", "1m", "1m", "9m", "10m", "1h", "24h", "168h", "720h", "2160h"},
	"{account}":        often(3, "default", "other"),
	"{transition}":     {"synchronizing", "deregistering", "removing", "pairing"},
	"{policy}":         often(2, "held", "1reads", "2reads", "0s", "1m", "started"),
	"{key}":            {"k1", "k2"},
}

// drawTemplate draws one by its weight.
var drawTemplate = func() *rapid.Generator[string] {
	var all []string
	for _, t := range templates {
		for range t.weight {
			all = append(all, t.text)
		}
	}
	return rapid.SampledFrom(all)
}()

// drawOps draws one template and fills it in.
var drawOps = rapid.Custom(func(t *rapid.T) string {
	text := drawTemplate.Draw(t, "template")
	for {
		from := strings.IndexByte(text, '{')
		if from < 0 {
			return text
		}
		blank := text[from : from+strings.IndexByte(text[from:], '}')+1]
		text = strings.ReplaceAll(text, blank, rapid.SampledFrom(blanks[blank]).Draw(t, blank))
	}
})

// beginnings are what many sequences begin with, so that they get somewhere.
var beginnings = []string{
	"register default/Shop commerce\ntoken default/Shop\nopen default/Shop newest tenant=tenant\ncsr default/Shop newest\ndescriptor default/Shop newest tenant",
	"register default/Campaigns marketing\ntoken default/Campaigns\nopen default/Campaigns newest tenant=tenant\ncsr default/Campaigns newest\n" +
		"descriptor default/Campaigns newest tenant",
	"register default/Shop c4c\nformation default/orders dev default/Shop",
	"entitle dev default/Shop api-access\nentitle dev default/Campaigns api-access",
	"include default/orders default/Campaigns\nadvance 1m",
}

// drawSequence draws one of about longest templates at most; small ones are
// drawn more often.
func drawSequence(t *rapid.T, longest int) sequence {
	edition := rapid.SampledFrom([]string{"v1", "v2"}).Draw(t, "edition")
	transitions := rapid.SampledFrom([]string{"0s", "1m0s", "2reads", "held"}).Draw(t, "transitions")
	begin := rapid.SliceOfN(rapid.SampledFrom(beginnings), 0, 5).Draw(t, "beginning")
	groups := rapid.SliceOfN(rapid.SliceOfN(drawOps, 1, 10), 1, longest/10).Draw(t, "operations")
	s, err := parseSequence("world " + edition + " transitions=" + transitions + "\n" +
		strings.Join(slices.Concat(begin, slices.Concat(groups...)), "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
