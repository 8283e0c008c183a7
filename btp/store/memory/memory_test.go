package memory_test

import (
	"runtime"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/store/storetest"
)

// Rule: store-one-contract, token-one-winner, token-quota
func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) btp.Store { return memory.New() })
}

// A registered system with its used token, certificate, due work and all indexes
// takes at most 2 KB (design §8).
func TestMemoryPerSystem(t *testing.T) {
	const systems, budget = 20_000, 2048
	s := memory.New()
	p := storetest.NewPairer(t, s)
	before := heap()
	for range systems {
		p.Pair(t)
	}
	each := (heap() - before) / systems
	runtime.KeepAlive(s)
	t.Logf("%d bytes per registered system", each)
	if each > budget {
		t.Errorf("a registered system takes %d bytes, want at most %d", each, budget)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkPairingSteps(b *testing.B) { storetest.BenchmarkPairingSteps(b, memory.New()) }
