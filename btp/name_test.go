package btp_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// Rule: system-name-ascii, system-name-bounds
func TestSystemNames(t *testing.T) {
	tests := []struct {
		name string
		want btp.Code
	}{
		{"a", ""},
		{"my-shop, <EU> & more!", ""},
		{strings.Repeat("x", 100), ""},
		{"", btp.NameInvalid},
		{strings.Repeat("x", 101), btp.NameInvalid},
		{" a", btp.NameInvalid},
		{"a ", btp.NameInvalid},
		{" ", btp.NameInvalid},
		{"a\tb", btp.NameInvalid},
		{"a\x7f", btp.NameInvalid},
		{"a\x1f", btp.NameInvalid},
		{"Größe", btp.NameInvalid},
		{"a\x00b", btp.NameInvalid},
	}
	for _, test := range tests {
		_, _, err := open(t).Register(t.Context(), "default", test.name, commerce, infoURL, "")
		if got := btp.CodeOf(err); got != test.want {
			t.Errorf("%q: got %q, want %q", test.name, got, test.want)
		}
	}
}

// Rule: system-name-unique
func TestNamesAreUniquePerGlobalAccountAndCaseSensitive(t *testing.T) {
	r := open(t, func(c *btp.Config) {
		c.Landscape.GlobalAccounts = append(c.Landscape.GlobalAccounts, btp.GlobalAccount{ID: "b", Subdomain: "b"})
	})
	r.register("Web Shop", commerce)
	for _, test := range []struct {
		account, name string
		want          btp.Code
	}{
		{"default", "Web Shop", btp.NameTaken},
		{"default", "web shop", ""},
		{"b", "Web Shop", ""},
		{"nowhere", "Web Shop", btp.GlobalAccountNotFound},
	} {
		_, _, err := r.Register(t.Context(), test.account, test.name, marketing, infoURL, "")
		if got := btp.CodeOf(err); got != test.want {
			t.Errorf("%q in %s: got %q, want %q", test.name, test.account, got, test.want)
		}
	}
	_, _, err := r.Register(t.Context(), "default", "x", "SAP Commerce cloud", infoURL, "")
	wantCode(t, err, btp.TypeUnknown)
}

// Rule: application-name
func TestApplicationNames(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"commerce-mock", "mp-commerce-mock"},
		{"Web Shop", "mp-web-shop"},
		{"mp-already", "mp-already"},
		{"a  b__c", "mp-a-b-c"},
		{"ends!", "mp-ends"},
		{"-leading", "mp-leading"},
		{"!!!", "mp"},
	} {
		if s, _ := open(t).register(test.name, commerce); s.ApplicationName != test.want {
			t.Errorf("%q becomes %q, want %q", test.name, s.ApplicationName, test.want)
		}
	}
}

// Rule: application-name-apart
func TestApplicationNamesStayApartAndShort(t *testing.T) {
	r := open(t)
	allowed := regexp.MustCompile(`^mp-[a-z0-9-]*[a-z0-9]$`)
	suffixed := regexp.MustCompile(`-[0-9a-f]{6}$`)
	seen := map[string]string{}
	names := []string{"Web Shop", "web shop", "web-shop", "web_shop", strings.Repeat("long name ", 9) + "A", strings.Repeat("long name ", 9) + "B"}
	for i, name := range names {
		s, _ := r.register(name, commerce)
		if other, taken := seen[s.ApplicationName]; taken {
			t.Errorf("%q and %q share the application name %q", name, other, s.ApplicationName)
		}
		seen[s.ApplicationName] = name
		if len(s.ApplicationName) > 64 || !allowed.MatchString(s.ApplicationName) {
			t.Errorf("%d: %q is no application name", i, s.ApplicationName)
		}
		if i > 0 && !suffixed.MatchString(s.ApplicationName) {
			t.Errorf("%q lacks the suffix of its id", s.ApplicationName)
		}
	}
}
