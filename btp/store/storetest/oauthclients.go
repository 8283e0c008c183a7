package storetest

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

func oauthClient(id string) btp.OAuthClient {
	return btp.OAuthClient{
		ID: id, Secret: btp.Digest{1, 31: 2}, Role: "System Landscape Viewer", GlobalAccount: "ga", Tenant: "commerce", CreatedAt: start,
	}
}

func testOAuthClients(t *testing.T, s btp.Store) {
	list := func() []btp.OAuthClient {
		return get(t, s, func(tx btp.Tx) ([]btp.OAuthClient, error) { return tx.OAuthClients().List() })
	}
	findIt := func(id string) (btp.OAuthClient, bool) {
		return find(t, s, func(tx btp.Tx) (btp.OAuthClient, bool, error) { return tx.OAuthClients().Find(id) })
	}
	same(t, "clients of an empty store", list(), []btp.OAuthClient{})
	a, b, c := oauthClient("a"), oauthClient("b"), oauthClient("c")
	update(t, s, env, func(tx btp.Tx) error {
		k := tx.OAuthClients()
		return all(k.Put(c), k.Put(a), k.Put(b))
	})
	same(t, "clients by id", list(), []btp.OAuthClient{a, b, c})
	b = btp.OAuthClient{ID: "b", Secret: btp.Digest{7}, Role: "other", CreatedAt: start.Add(time.Hour)}
	update(t, s, env, func(tx btp.Tx) error {
		k := tx.OAuthClients()
		return all(k.Put(b), k.Delete("a"), k.Delete("a"))
	})
	same(t, "clients", list(), []btp.OAuthClient{b, c})
	got, _ := findIt("b")
	same(t, "client", got, b)
	if _, ok := findIt("a"); ok {
		t.Error("a deleted client is found")
	}
}
