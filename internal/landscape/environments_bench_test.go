package landscape

import (
	"context"
	"fmt"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

func BenchmarkCreateEnvironment(b *testing.B) {
	l := bench(b)
	n := 0
	for b.Loop() {
		n++
		if err := l.MakeEnvironment(b.Context(), EnvironmentOptions{Name: fmt.Sprint("e", n), World: l.World()}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := l.DropEnvironment(b.Context(), fmt.Sprint("e", n)); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func BenchmarkDropEnvironment(b *testing.B) {
	l := bench(b)
	n := 0
	for b.Loop() {
		b.StopTimer()
		n++
		name := fmt.Sprint("e", n)
		if err := l.MakeEnvironment(b.Context(), EnvironmentOptions{Name: name, World: l.World()}); err != nil {
			b.Fatal(err)
		}
		for i := range 100 {
			if _, _, err := l.environments.find(btp.EnvironmentID(name)).registry.Register(b.Context(), "default", fmt.Sprint("s", i), "SAP Commerce Cloud", "http://x", ""); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		if err := l.DropEnvironment(b.Context(), name); err != nil {
			b.Fatal(err)
		}
	}
}

func bench(b *testing.B) *Landscape {
	b.Helper()
	cfg := Default()
	cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	l, err := Start(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close(context.Background()) })
	return l
}
