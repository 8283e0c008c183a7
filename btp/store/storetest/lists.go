package storetest

import (
	"fmt"
	"math"
	"testing"
)

// listing is how one filter of a concept is asked for.
type listing[T any] struct {
	// everyone is all there is, in the order of Sequence.
	everyone []T
	selects  func(T) bool
	sequence func(T) uint64
	list     func(after uint64, limit int) ([]T, error)
}

// check holds the whole list and every page of several lengths against a plain loop.
func (l listing[T]) check(t *testing.T, what string) error {
	t.Helper()
	for _, limit := range []int{0, 1, 7} {
		for after := uint64(0); ; {
			var want []T
			for _, one := range l.everyone {
				if l.selects(one) && l.sequence(one) > after && (limit == 0 || len(want) < limit) {
					want = append(want, one)
				}
			}
			got, err := l.list(after, limit)
			if err != nil {
				return err
			}
			same(t, fmt.Sprintf("%s, %d after %d", what, limit, after), got, want)
			if limit == 0 || len(want) == 0 {
				break
			}
			after = l.sequence(want[len(want)-1])
		}
	}
	got, err := l.list(math.MaxUint64, 0)
	same(t, what+" after the last of all", got, []T{})
	return err
}

// scrambled puts all in an order that is not that of Sequence.
func scrambled[T any](everyone []T, put func(T) error) error {
	for i := range everyone {
		if err := put(everyone[(i*7)%len(everyone)]); err != nil {
			return err
		}
	}
	return nil
}
