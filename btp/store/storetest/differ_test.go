package storetest

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

func TestDiffer(t *testing.T) {
	named := func(name string) btp.Contents { return btp.Contents{Systems: []btp.System{{Name: name}}} }
	for name, tt := range map[string]struct {
		want, got any
		differ    bool
	}{
		"the same":                     {want: []any{named("a"), 1}, got: []any{named("a"), 1}},
		"empty and nil":                {want: []any{btp.Contents{}, "x"}, got: []any{btp.Contents{Systems: []btp.System{}}, "x"}},
		"one instant in two zones":     {want: []any{start}, got: []any{start.In(time.FixedZone("", 3600))}},
		"deep inside":                  {want: []any{1, named("a")}, got: []any{1, named("b")}, differ: true},
		"deep inside, not in a list":   {want: named("a"), got: named("b"), differ: true},
		"one more":                     {want: []any{1}, got: []any{1, 2}, differ: true},
		"another order":                {want: []any{1, 2}, got: []any{2, 1}, differ: true},
		"another type":                 {want: []any{1}, got: []any{"1"}, differ: true},
		"one instant, and another one": {want: []any{start}, got: []any{start.Add(1)}, differ: true},
	} {
		if diff := differ(tt.want, tt.got); (diff != "") != tt.differ {
			t.Errorf("%s: got %q", name, diff)
		}
	}
}
