package btp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// TestKeysAreEachAccountsOwn: two accounts whose clients happen to draw one key do not
// notice each other.
func TestKeysAreEachAccountsOwn(t *testing.T) {
	t.Parallel()
	r := open(t, func(c *btp.Config) {
		c.Landscape.GlobalAccounts = append(c.Landscape.GlobalAccounts, btp.GlobalAccount{ID: "other", Subdomain: "other"})
	})
	for _, ga := range []btp.GlobalAccountID{"default", "other"} {
		s, _, err := r.Register(btp.InAccount(t.Context(), ga), string(ga), "Web Shop", commerce, infoURL, "key-1")
		if err != nil || s.GlobalAccount != ga {
			t.Errorf("%s: got a system of account %q, %v", ga, s.GlobalAccount, err)
		}
	}
}

// Rule: create-idempotency-key
func TestRepeatedCreatesMakeOneThing(t *testing.T) {
	t.Parallel()
	r := open(t, notifier(&telephone{}))
	first, tok, err := r.Register(t.Context(), "default", "Web Shop", commerce, infoURL, "key-1")
	if err != nil {
		t.Fatal(err)
	}
	again, same, err := r.Register(t.Context(), "default", "Web Shop", commerce, infoURL, "key-1")
	if err != nil || again.ID != first.ID || same.ID != tok.ID || !same.ExpiresAt.Equal(tok.ExpiresAt) {
		t.Fatalf("the repeated registration: system %s, token %+v (%v)", again.ID, same, err)
	}
	_, _, err = r.Register(t.Context(), "default", "Outlet", commerce, infoURL, "key-1")
	wantCode(t, err, btp.IdempotencyKeyReused)
	if strings.Contains(err.Error(), "key-1") {
		t.Error("a key is the client's own and is not told again")
	}
	_, _, err = r.Register(t.Context(), "default", "Web Shop", commerce, infoURL, "key-2")
	wantCode(t, err, btp.NameTaken) // a refused create is not remembered
	if _, _, err := r.Register(t.Context(), "default", "Outlet", commerce, infoURL, "key-2"); err != nil {
		t.Error(err)
	}
	one, err := r.IssueToken(t.Context(), first.ID, infoURL, "key-1") // another operation
	if err != nil {
		t.Fatal(err)
	}
	two, err := r.IssueToken(t.Context(), first.ID, infoURL, "key-1")
	if err != nil || one.ID != two.ID {
		t.Errorf("tokens %s and %s (%v), want the same", one.ID, two.ID, err)
	}
	n := btp.NewFormation{Name: "f", Subaccount: "dev", Systems: []btp.SystemID{first.ID}}
	f, err := r.CreateFormation(t.Context(), "default", n, "key-1")
	if err != nil {
		t.Fatal(err)
	}
	g, err := r.CreateFormation(t.Context(), "default", n, "key-1")
	if err != nil || f.ID != g.ID || g.Version != f.Version {
		t.Errorf("formations %s and %s (%v), want the same", f.ID, g.ID, err)
	}
	_, _, err = r.Register(t.Context(), "default", "X", commerce, infoURL, btp.IdempotencyKey(strings.Repeat("k", 256)))
	wantCode(t, err, btp.InvalidRequest)
	r.advance(24 * time.Hour) // the key is forgotten
	_, _, err = r.Register(t.Context(), "default", "Web Shop", commerce, infoURL, "key-1")
	wantCode(t, err, btp.NameTaken)
}
