package main

import (
	"bytes"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp/pki"
)

func newCACommand() *cobra.Command {
	return newGroup("ca", "The certificate authorities of a running pairsim", newExportCommand())
}

func newExportCommand() *cobra.Command {
	var format, which, path, password string
	c := newClientCommand(&cobra.Command{
		Use:   "export",
		Short: "Write a CA certificate for others to trust, as PEM or PKCS#12",
		Long: `Write a CA certificate for others to trust: that of the TLS listener (server), or that of the client certificates
(client, from the control listener). A PKCS#12 truststore holds certificates only; its password protects no secret.
docs/guides/trust.md shows how Java, Node, Go and curl take it.`,
		Example: `  pairsim ca export --out ca.pem
  pairsim ca export --format p12 --out truststore.p12`,
		Args: cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			data, err := k.authority(c, which)
			if err != nil {
				return err
			}
			if format == "p12" {
				if data, err = pki.Truststore(password, data); err != nil {
					return err
				}
			}
			return write(c.OutOrStdout(), path, data)
		}),
	})
	choiceFlag(c, &format, "format", "", "pem", "format of the file", "pem", "p12")
	choiceFlag(c, &which, "which", "", "server", "which CA", "server", "client")
	c.Flags().StringVar(&path, "out", "", "`FILE` to write; stdout, unless given")
	c.Flags().StringVar(&password, "password", "changeit", "`PASSWORD` of the PKCS#12 file")
	return c
}

// authority is a CA as PEM. The server's own is public, without the control
// listener.
func (k *client) authority(c *cobra.Command, which string) ([]byte, error) {
	if which == "client" {
		authorities, err := k.control.Authorities(c.Context())
		return []byte(authorities.Client), err
	}
	data, err := k.get(c.Context(), "/ca.pem")
	if err == nil && !bytes.Contains(data, []byte("-----BEGIN CERTIFICATE-----")) {
		return nil, &failure{"No such CA", "this server has no TLS listener", "Serve with --mtls."}
	}
	return data, err
}

// write writes to a file, or to w when there is no path.
func write(w io.Writer, path string, data []byte) error {
	if path != "" {
		return os.WriteFile(path, data, 0o644)
	}
	_, err := w.Write(data)
	return err
}
