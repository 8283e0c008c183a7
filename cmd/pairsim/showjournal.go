package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btpclient"
)

func newShowJournalCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "show SEQ",
		Short: "Show what a request or call said: headers and bodies of both sides, without their secrets",
		Long: `Show what a request or call said: headers and bodies of both sides, without their secrets. SEQ is the number that an entry
has in the journal. *** stands where a secret stood; of a JWT its key and end are told, of a certificate whose it is.

The server keeps the latest 4096, of 4 MiB at most, and of a body the first 8 KiB; serve --record-messages=false keeps none.`,
		Example: `  pairsim journal --point pairing.csr --kind request
  pairsim journal show 12
  pairsim journal show 12 -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			seq, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil || seq == 0 {
				return usagef("%s is no number of an entry", args[0])
			}
			k, err := connect(c)
			if err != nil {
				return err
			}
			said, err := k.control.Recording(c.Context(), seq)
			if err != nil {
				return err
			}
			if format != "table" {
				return show(c.OutOrStdout(), format, said, nil, nil)
			}
			return writeRecording(c.OutOrStdout(), said)
		},
	})
	outputFlag(c, &format)
	return c
}

// writeRecording writes both messages much as they stood on the wire.
func writeRecording(w io.Writer, said btpclient.Recording) error {
	var b strings.Builder
	target := said.Request.Path
	if said.Request.Query != "" {
		target += "?" + said.Request.Query
	}
	fmt.Fprintf(&b, "→ %s %s\n", printable(said.Request.Method), printable(target))
	writeMessage(&b, said.Request.Headers, said.Request.Body)
	if said.Response == nil {
		b.WriteString("← no answer\n")
	} else {
		fmt.Fprintf(&b, "← %d\n", said.Response.Status)
		writeMessage(&b, said.Response.Headers, said.Response.Body)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeMessage(b *strings.Builder, headers []btpclient.HeaderLine, body *btpclient.RecordedBody) {
	for _, line := range headers {
		fmt.Fprintf(b, "  %s: %s\n", printable(line.Name), printable(line.Value))
	}
	if body == nil {
		return
	}
	b.WriteByte('\n')
	for line := range strings.Lines(body.Text) {
		b.WriteString("  " + printable(strings.TrimSuffix(line, "\n")) + "\n")
	}
	switch {
	case body.Hidden != "":
		fmt.Fprintf(b, "  (%d bytes, not shown: %s)\n", body.Size, printable(body.Hidden))
	case body.Cut:
		fmt.Fprintf(b, "  (not all of %d bytes)\n", body.Size)
	}
}
