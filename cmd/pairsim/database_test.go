package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp/store/postgres/postgrestest"
	"github.com/pairsim/pairsim/btpclient"
)

// TestServersOnOneDatabase: what one server was told the other says; one of them plays
// the tenants; neither tells the password.
func TestServersOnOneDatabase(t *testing.T) {
	t.Parallel()
	data := postgrestest.New(t)
	one := serveFor(t, "--data", data)
	two := serveFor(t, "--data", data, "--roles", "btp")
	if one.must(t, "ca", "export") != two.must(t, "ca", "export") {
		t.Error("the servers have different CAs")
	}
	registered := decode[btpclient.System](t, two.must(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud", "-o", "json"))
	if r := one.feed(t, registered.IntegrationToken.Token, "tenants", "pair", "commerce", "-"); r.code != exitDone {
		t.Errorf("pair at the one with a token of the other: %s", r)
	}
	for _, s := range []*serving{one, two} {
		if got := s.must(t, "systems", "show", "Web Shop"); !strings.Contains(got, "Registered") {
			t.Errorf("got\n%s\nwant it Registered", got)
		}
	}
	third := pairsim(t, nil, "", append([]string{"serve", "--data", data}, free...)...)
	if third.code != exitRefused || !strings.Contains(third.errors, "another process plays tenants of this landscape already; start this one with --roles btp") {
		t.Errorf("a second server with tenants: got %s", third)
	}
	u, err := url.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	u.User = url.User(u.User.Username())
	announced := strings.Join(append(one.announced, two.announced...), "\n")
	if !strings.Contains(announced, u.String()) || strings.Contains(announced+one.log.String()+two.log.String()+third.out+third.errors, password) {
		t.Errorf("want the address without password in what is told:\n%s\n%s%s%s", announced, one.log, two.log, third)
	}
	if !strings.Contains(one.log.String(), "tenants and journal are in memory") || strings.Contains(two.log.String(), "tenants and journal") {
		t.Errorf("want a warning from who plays tenants in memory:\n%s\n%s", one.log, two.log)
	}
}
