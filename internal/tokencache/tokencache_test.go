package tokencache

import (
	"fmt"
	"testing"
	"time"
)

func TestKeysTellListsApart(t *testing.T) {
	list := []string{"a", "b"}
	if key := KeyOf(list...); key != KeyOf("a", "b") {
		t.Error("the same list has two keys")
	}
	seen := map[Key]string{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"b", "a"}, {"a", "b", ""}} {
		key := KeyOf(parts...)
		if other, there := seen[key]; there {
			t.Errorf("%q has the key of %s", parts, other)
		}
		seen[key] = fmt.Sprintf("%q", parts)
	}
}

func TestTokensAreKeptUntilTheyExpire(t *testing.T) {
	var tokens Tokens[string]
	now := time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)
	key, until := KeyOf("a"), now.Add(time.Minute)
	if got, known := tokens.Find(key, now); known {
		t.Errorf("got %q of an empty cache", got)
	}
	tokens.Keep(key, "first", until, now)
	tokens.Keep(key, "second", until, now)
	if got, known := tokens.Find(key, until.Add(-1)); !known || got != "second" {
		t.Errorf("got %q, %t, want the second", got, known)
	}
	if _, known := tokens.Find(key, until); known {
		t.Error("a token is good at the instant at which it expires")
	}
	tokens.Forget(key)
	if _, known := tokens.Find(key, now); known {
		t.Error("a token that was forgotten is there")
	}
}

func TestWhatGoesWhereThereIsNoRoom(t *testing.T) {
	var tokens Tokens[int]
	now := time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)
	for i := range most {
		until := now.Add(time.Hour)
		if i%2 == 0 {
			until = now.Add(time.Minute)
		}
		tokens.Keep(KeyOf(fmt.Sprint(i)), i, until, now)
	}
	later := now.Add(30 * time.Minute)
	tokens.Keep(KeyOf("new"), most, later.Add(time.Hour), later)
	if len(tokens.kept) != most/2+1 {
		t.Errorf("%d are kept, want all that have not expired, %d", len(tokens.kept), most/2+1)
	}
	for i := range 2 * most {
		tokens.Keep(KeyOf("more", fmt.Sprint(i)), i, later.Add(time.Hour), later)
		if len(tokens.kept) > most {
			t.Fatalf("%d are kept, want at most %d", len(tokens.kept), most)
		}
		if got, known := tokens.Find(KeyOf("more", fmt.Sprint(i)), later); !known || got != i {
			t.Fatalf("the latest is not kept: %d, %t", got, known)
		}
	}
}
