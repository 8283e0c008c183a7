package postgres_test

import (
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/store/postgres"
	"github.com/pairsim/pairsim/btp/store/postgres/postgrestest"
	"github.com/pairsim/pairsim/btp/store/storetest"
)

func open(t testing.TB, address string) btp.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

func fresh(t testing.TB) btp.Store {
	t.Helper()
	s := open(t, postgrestest.New(t))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) btp.Store { return fresh(t) })
}

func TestSameAsMemory(t *testing.T) { storetest.Compare(t, memory.New(), fresh(t)) }

func BenchmarkPairingSteps(b *testing.B) { storetest.BenchmarkPairingSteps(b, fresh(b)) }
