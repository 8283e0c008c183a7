//go:build containers

package containers

import (
	"context"

	"github.com/testcontainers/testcontainers-go"
)

// SessionLabel has the word of the process that made something.
const SessionLabel = sessionLabel

// Session is the word of this process.
func Session() string { return session }

// RunAt is Run with ports of the host that it is told, for each try.
func RunAt(ctx context.Context, img string, ports func(try int) int) error {
	try := 0
	p, err := start(ctx, img, "pairsim", func(_ string, free [3]int) []testcontainers.ContainerCustomizer {
		try++
		if port := ports(try); port != 0 {
			free[0] = port
		}
		return []testcontainers.ContainerCustomizer{
			testcontainers.WithCmd("serve", "--until-stdin-closes", "--http", "0.0.0.0:"+httpPort, "--control", "off"),
			published(free[0], httpPort),
		}
	})
	if err != nil {
		return err
	}
	return p.Close(ctx)
}
