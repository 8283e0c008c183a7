package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/pairsim/pairsim/internal/telemetry"
)

// flushWithin is how long a collector may take for the last traces of a process.
const flushWithin = 5 * time.Second

// openTracing makes traces for the collector at endpoint or, without one, for the one
// that OpenTelemetry's variables name; nil without either. end sends what is waiting.
func openTracing(ctx context.Context, endpoint string, log *slog.Logger) (t *telemetry.Tracing, end func(), err error) {
	t, err = telemetry.Open(ctx, telemetry.Config{Endpoint: endpoint, Version: version, Getenv: os.Getenv, Log: log})
	if err != nil {
		return nil, nil, err
	}
	return t, func() {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushWithin)
		defer cancel()
		if err := t.Close(bounded); err != nil {
			log.Warn("the last traces did not arrive", "error", err)
		}
	}, nil
}
