package stamp_test

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/internal/stamp"
)

func TestNanoseconds(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("east", 3*60*60)
	for _, at := range []time.Time{
		time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC),
		time.Date(2030, time.January, 1, 10, 0, 0, 1, time.UTC), // of the same second
		time.Date(2030, time.January, 1, 10, 0, 0, 987654321, east),
		time.Date(1969, time.December, 31, 23, 59, 59, 500, time.UTC),
	} {
		if got, want := stamp.Nanoseconds(at), at.UTC().Format("2006-01-02T15:04:05.000000000Z07:00"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
