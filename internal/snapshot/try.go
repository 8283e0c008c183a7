package snapshot

import (
	"context"
	"errors"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/store/memory"
	signing "github.com/pairsim/pairsim/btp/token"
)

// Try lets a registry in memory begin as d, which Read has accepted, and refuses
// what that refuses.
func (d *Document) Try(ctx context.Context) error {
	if err := d.Importable(); err != nil {
		return err
	}
	c := d.Contents()
	r, err := btp.Open(ctx, btp.Config{
		Store: memory.New(), Environment: btp.DefaultEnvironment, Contents: &c, Tokens: signing.NewSigner(nil), Policy: btp.DefaultPolicy(),
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       time.Now,
	})
	var refused *btp.Error
	if errors.As(err, &refused) {
		return refused
	}
	if err == nil {
		r.Close()
	}
	return err
}
