package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Populate stores one of everything in env "default", all fields filled.
func Populate(tx btp.Tx) error {
	withServer := tx.Authorities().Put(btp.ServerAuthority, btp.AuthorityMaterial{RootPEM: []byte("the process's own")})
	s, f := system(7), formation(7)
	s.RegisteredAt, f.Systems = start, []btp.SystemID{"system-7"}
	a, c, i := attempt("a7", "system-7", 7), certificate("c7", "system-7", start), incident(7)
	a.RejectedCSRs, a.Certificate, c.RenewalBlocked, c.Revoked = 2, c.Serial, true, true
	i.ResolvedAt, i.Resolution = start.Add(time.Hour), "by support"
	return all(
		populate(tx), withServer,
		tx.Systems().Put(s),
		tx.Attempts().Put(a),
		tx.Certificates().Put(c),
		tx.Incidents().Put(i),
		tx.Tokens().Put(token("t9", "system-1")), // the second of its system, whatever the order of ids
		tx.Tokens().Put(token("t8", "system-1")),
		tx.Tokens().Put(token("t7", "gone")), // stores know nothing of owners
		tx.Formations().Put(f),
		tx.Assignments().Put(assignment("as9", "formation-7", application("system-7"), application("system-7"))),
		tx.Due().Put(btp.Due{At: start, Kind: btp.DueTokenExpiry, Subject: "t9"}),
		tx.Due().Put(btp.Due{At: start, Kind: btp.DueTokenExpiry, Subject: "t8"}),
		tx.Due().Put(btp.Due{At: start.Add(-time.Minute), Kind: btp.DueKeyRetirement, Subject: "k1"}),
		tx.Due().Put(btp.Due{At: start, Kind: btp.DueTenantWake, Subject: "system-7", Tries: 2}),
		tx.Due().Park(btp.DueTenantWake, "system-7", start.Add(time.Hour)),
		tx.Due().Put(btp.Due{At: start, Kind: btp.DueRemoval, Subject: "s0", Hold: "another"}), // the second that is held
		tx.Due().Put(btp.Due{At: start, Kind: btp.DueRemoval, Subject: "s3", Reads: 3}),
		tx.Due().Put(btp.Due{At: start, Kind: btp.DueRemoval, Subject: "s2", Reads: 2}),
		tx.Due().Put(btp.Due{At: start, Kind: btp.DueDeregistration, Subject: "s3", Reads: 1}),
		tx.Transitions().Put("synchronizing", btp.TransitionPolicy{Reads: 4}),
		tx.Transitions().Put("deregistering", btp.TransitionPolicy{After: time.Hour + 1}),
	)
}

// All reads everything that a store holds of an environment.
func All(t testing.TB, s btp.Store, env btp.EnvironmentID) (c btp.Contents) {
	t.Helper()
	view(t, s, env, func(tx btp.Tx) (err error) {
		c, err = tx.Contents().All()
		return err
	})
	return c
}

// Missing names the fields, among all that stand in v, that are empty wherever
// they occur: what a store or a document has forgotten.
func Missing(v any) []string {
	seen, filled := []string{}, map[string]bool{}
	note := func(name string, v reflect.Value) {
		if _, known := filled[name]; !known {
			seen, filled[name] = append(seen, name), false
		}
		empty := v.IsZero() || (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0
		filled[name] = filled[name] || !empty
	}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() { //nolint:exhaustive // the others hold nothing further
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Map:
			for entries := v.MapRange(); entries.Next(); {
				walk(entries.Value())
			}
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[time.Time]() {
				return
			}
			for i := range v.NumField() {
				note(v.Type().String()+"."+v.Type().Field(i).Name, v.Field(i))
				walk(v.Field(i))
			}
		}
	}
	walk(reflect.ValueOf(v))
	var missing []string
	for _, name := range seen {
		if !filled[name] {
			missing = append(missing, name)
		}
	}
	return missing
}

func putTerms(tx btp.Tx) error { return tx.Environment().PutTerms(terms()) }

func testContents(t *testing.T, s btp.Store) {
	same(t, "contents of nothing", All(t, s, env), btp.Contents{})
	update(t, s, env, Populate)
	update(t, s, other, populate)
	before, beside := All(t, s, env), All(t, s, other)
	for _, name := range Missing(before) {
		t.Errorf("%s is stored nowhere: fill it in populate, and let the store keep it", name)
	}
	if _, ok := before.Authorities[btp.ServerAuthority]; ok {
		t.Error("the process's own authority stands among the environment's contents")
	}
	byQuery := get(t, s, everything)

	for name, replace := range map[string]func(btp.Tx) error{
		"by itself":          before.Replace,
		"after many changes": func(tx btp.Tx) error { return all(change(tx), before.Replace(tx)) },
		"after a clearance":  func(tx btp.Tx) error { return all(tx.Contents().Clear(), before.Replace(tx)) },
		"twice":              func(tx btp.Tx) error { return all(before.Replace(tx), before.Replace(tx)) },
	} {
		update(t, s, env, replace)
		update(t, s, env, putTerms) // which are no part of the contents
		same(t, "contents replaced "+name, All(t, s, env), before)
		same(t, "what is read after contents were replaced "+name, get(t, s, everything), byQuery)
	}
	err := s.Update(context.Background(), env, func(tx btp.Tx) error {
		changed := before
		changed.Systems = []btp.System{system(3)}
		return all(change(tx), changed.Replace(tx), tx.Systems().Put(system(4)), errRefused)
	})
	if !errors.Is(err, errRefused) {
		t.Errorf("a refused replacement: %v", err)
	}
	same(t, "contents after a refused replacement", All(t, s, env), before)
	same(t, "what is read after a refused replacement", get(t, s, everything), byQuery)
	err = s.View(context.Background(), env, before.Replace)
	if err == nil {
		t.Error("a view replaced the contents")
	}

	update(t, s, env, func(tx btp.Tx) error { return tx.Contents().Clear() })
	same(t, "contents after a clearance", All(t, s, env), btp.Contents{})
	for name, got := range get(t, s, everything) {
		if name == "terms" {
			same(t, "the terms after a clearance", got, byQuery[name])
		} else if got != nil {
			t.Errorf("after a clearance: %s is %v", name, got)
		}
	}
	if _, ok := find(t, s, func(tx btp.Tx) (btp.AuthorityMaterial, bool, error) {
		return tx.Authorities().Find(btp.ServerAuthority)
	}); !ok {
		t.Error("a clearance took the process's own authority")
	}
	same(t, "another environment's contents", All(t, s, other), beside)
	update(t, s, env, before.Replace)
	update(t, s, env, change) // all indexes are there
	same(t, "another environment's contents", All(t, s, other), beside)
}

// moveContents lets the contents of world in a stand in a new world of b, and
// tells how what is read there differs.
func moveContents(a, b btp.Store, world btp.EnvironmentID) error {
	var from, to btp.Contents
	err := a.View(context.Background(), world, func(tx btp.Tx) (err error) {
		from, err = tx.Contents().All()
		return err
	})
	if err == nil {
		err = b.Update(context.Background(), world+"-moved", from.Replace)
	}
	if err == nil {
		err = b.View(context.Background(), world+"-moved", func(tx btp.Tx) (err error) {
			to, err = tx.Contents().All()
			return err
		})
	}
	if err != nil {
		return err
	}
	from.Environment.ID, to.Environment.ID = "", ""
	if diff := differ(from, to); diff != "" {
		return fmt.Errorf("contents that were moved differ (-from +to):\n%s", diff)
	}
	return nil
}
