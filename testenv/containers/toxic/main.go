// Command toxic is Toxiproxy, for the network of a landscape in containers: its
// management API listens on port 8474. It ends with its standard input, and so with the
// test's process. No binary or image of pairsim holds it.
package main

import (
	"io"
	"os"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

func main() {
	log := zerolog.New(os.Stderr).Level(zerolog.WarnLevel)
	go toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), log).Listen("0.0.0.0", "8474") // ends the process if it cannot
	_, _ = io.Copy(io.Discard, os.Stdin)                                                      // that it cannot be read is its end too
}
