package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/pairsim/pairsim/internal/landscape"
)

// plainServer is the hidden first argument of the child that serves without a
// journal: the released program always has one.
const plainServer = "plain-server"

// The contenders of instruments: without a journal; as released, where every step
// asks whether a fault is set; and with a rule that is meant for somebody else.
const (
	plain      = "plain"
	journalled = "journal"
	withRule   = "rule"
)

// servePlain serves as pairsim does by default, with or without a journal, until SIGTERM.
func servePlain(mode string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	cfg := landscape.Default()
	cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.NoJournal = mode == plain
	l, err := landscape.Start(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Printf("  http %s\n  mtls %s\n  control %s\nready\n", l.HTTP, l.MTLS, l.Control)
	<-ctx.Done()
	return l.Close(context.WithoutCancel(ctx))
}

// instruments is what the journal and the fault points cost a pairing.
func (b *bench) instruments(ctx context.Context) error {
	const rounds, count = 17, 16
	self, err := os.Executable()
	if err != nil {
		return err
	}
	names := []string{plain, journalled, withRule}
	all := map[string]*process{}
	for _, name := range names {
		p, err := launch(ctx, self, plainServer, name)
		if err != nil {
			return err
		}
		defer p.close()
		all[name] = p
	}
	rule, err := json.Marshal(map[string]any{
		"point": "pairing.*", "match": map[string]string{"systemType": "SAP Marketing Cloud"}, "action": map[string]string{"kind": "hold"},
	})
	if err != nil {
		return err
	}
	if _, err := call(ctx, http.DefaultClient, http.MethodPost, all[withRule].control+"/control/faults", rule, http.StatusCreated); err != nil {
		return err
	}
	prepare := b.forRound(count)
	found, err := race(names, rounds, func(round int, name string) ([]float64, error) {
		systems, err := prepare(round)
		if err != nil {
			return nil, err
		}
		used, err := all[name].cpuOf(func() error { return pairAll(ctx, all[name], systems, 1).first })
		return []float64{milliseconds(used) / count}, err
	})
	if err != nil {
		return err
	}
	report("instruments/journal", found[journalled][0].value, "ms", found[journalled][0].ratio, atMost(1.05))
	report("instruments/rule", found[withRule][0].value, "ms", found[withRule][0].ratio, atMost(1.05))
	return nil
}
