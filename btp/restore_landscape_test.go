package btp_test

import (
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// A snapshot keeps what SAP's landscape tells, and third parties' types with their systems.
func TestTheLandscapeIsRestored(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"))
	r.ownType(warehouse)
	r.discover("shop-prd", commerce)
	r.register("North", "Warehouse")
	before := r.contents()
	if err := r.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.replace(before)
	r.holds("the snapshot", before)
	r.register("South", "Warehouse")
}

func TestALandscapeThatCannotStand(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*btp.Contents){
		"an auto-discovered system without a URL": func(c *btp.Contents) { c.Systems[0].Discovery = &btp.Discovery{Auto: true} },
		"a system of a type that nobody made":     func(c *btp.Contents) { c.Systems[1].Type = "Store" },
		"a type of another global account":        func(c *btp.Contents) { c.Objects[0].Scope = "other" },
		"a type in a namespace of SAP's":          func(c *btp.Contents) { c.Objects[0].Document = []byte(`{"namespace":"sap.s4","provider":"x"}`) },
		"a type that is none":                     func(c *btp.Contents) { c.Objects[0].Document = []byte(`[]`) },
		"a type of SAP's name":                    func(c *btp.Contents) { c.Objects[0].Name = commerce },
	} {
		r := open(t, edition("v2"))
		r.ownType(warehouse)
		r.discover("shop-prd", commerce)
		r.register("North", "Warehouse")
		c := r.contents()
		change(&c)
		if err := r.Replace(t.Context(), c); btp.CodeOf(err) != btp.SnapshotInvalid {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
}
