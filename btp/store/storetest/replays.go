package storetest

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

func replay(key string) btp.Replay {
	return btp.Replay{Key: key, Request: btp.Digest{1, 31: 2}, Created: "system-1", Token: "t1", CreatedAt: start}
}

func testReplays(t *testing.T, s btp.Store) {
	findIt := func(key string) (btp.Replay, bool) {
		return find(t, s, func(tx btp.Tx) (btp.Replay, bool, error) { return tx.Replays().Find(key) })
	}
	if _, ok := findIt("k"); ok {
		t.Error("an unknown key is found")
	}
	want := replay("k")
	for _, step := range []func(){func() {}, func() {
		want = btp.Replay{Key: "k", Request: btp.Digest{9}, Created: "system-2", CreatedAt: start.Add(time.Hour)}
	}} {
		step()
		update(t, s, env, func(tx btp.Tx) error { return all(tx.Replays().Put(replay("K")), tx.Replays().Put(want)) })
		got, _ := findIt("k")
		same(t, "replay", got, want)
	}
	update(t, s, env, func(tx btp.Tx) error { return all(tx.Replays().Delete("k"), tx.Replays().Delete("k")) })
	if _, ok := findIt("k"); ok {
		t.Error("a deleted key is found")
	}
	got, _ := findIt("K")
	same(t, "replay of another key", got, replay("K"))
}
