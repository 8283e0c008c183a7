package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"syscall"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/testenv"
)

// lowerQuartile of times: what else runs on the machine only ever adds to them.
func lowerQuartile(took []float64) float64 {
	slices.Sort(took)
	return took[len(took)/4]
}

// tenantPairing registers a system and pairs a simulated tenant with it, in one
// process that has just started: with RSA-2048 keys made beforehand, as the
// products have, and with testenv's own, which are ECDSA.
func (b *bench) tenantPairing(ctx context.Context) error {
	const most = 10 // ms
	for _, keys := range []struct {
		name    string
		options []testenv.Option
	}{{"rsa-pool", []testenv.Option{b.prepare.pooledKeys()}}, {"default", nil}} {
		var took []float64
		for range 24 {
			env, err := testenv.New(ctx, keys.options...)
			if err != nil {
				return err
			}
			began := time.Now()
			err = pairTenant(ctx, env, "Web Shop")
			took = append(took, milliseconds(time.Since(began)))
			if err := errors.Join(err, env.Close()); err != nil {
				return err
			}
		}
		value := lowerQuartile(took)
		report("tenant-pairing/"+keys.name, value, "ms", value/most, atMost(1))
	}
	return nil
}

// pooledKeys gives tenants keys that were made beforehand.
func (p *preparer) pooledKeys() testenv.Option {
	keys := make(chan crypto.Signer, len(p.keys))
	for _, key := range p.keys {
		keys <- key
	}
	return func(c *landscape.Config) {
		c.TenantKeys = func(context.Context) (crypto.Signer, error) {
			key := <-keys
			keys <- key
			return key, nil
		}
	}
}

func pairTenant(ctx context.Context, env *testenv.Env, name string) error {
	system, err := env.Operator().Register(ctx, "default", name, testenv.CommerceCloud)
	if err != nil {
		return err
	}
	row, err := env.Tenants().Pair(ctx, "commerce", system.IntegrationToken.TokenURL, name)
	if err != nil {
		return err
	}
	if row.Failed() {
		return fmt.Errorf("the tenant could not pair: %s", row.Cause)
	}
	return nil
}

// systemMemory measures what the heap grows by with each registered system, once
// the journal and other bounded memory are full.
func (b *bench) systemMemory(ctx context.Context) error {
	const warm, measured, most = 4200, 4000, 2048 // bytes
	cfg := landscape.Default()
	cfg.Roles, cfg.Tenants = []landscape.Role{landscape.RoleRegistry}, nil
	cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", landscape.Off, landscape.Off
	l, err := landscape.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer l.Close(ctx)
	pairMany := func(from, to int) error {
		for i := from; i < to; i++ {
			if err := pairDirectly(ctx, l.Registry(), fmt.Sprintf("bench %d", i)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := pairMany(0, warm); err != nil {
		return err
	}
	before := heap()
	if err := pairMany(warm, warm+measured); err != nil {
		return err
	}
	value := (heap() - before) / measured
	report("system-memory", value, "bytes", value/most, atMost(1))
	return nil
}

func heap() float64 {
	runtime.GC()
	runtime.GC() // what the first one only marked is gone
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// pairDirectly is a pairing without HTTP.
func pairDirectly(ctx context.Context, r *btp.Registry, name string) error {
	_, token, err := r.Register(ctx, "default", name, testenv.CommerceCloud, "https://127.0.0.1/info", "")
	if err != nil {
		return err
	}
	opened, err := r.OpenPairing(ctx, btp.Presentation{JWS: token.JWS})
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	s := opened.Subject
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{
		Organization: []string{s.Organization}, OrganizationalUnit: []string{s.OrganizationalUnit}, Locality: []string{s.Locality},
		Province: []string{s.Province}, Country: []string{s.Country}, CommonName: s.CommonName,
	}}, key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	signed, err := r.SignCSR(ctx, opened.FollowUp, base64.StdEncoding.EncodeToString(text))
	if err != nil {
		return err
	}
	if text, err = base64.StdEncoding.DecodeString(signed.ClientCrt); err != nil {
		return err
	}
	block, _ := pem.Decode(text)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	_, err = r.Authenticate(ctx, []*x509.Certificate{leaf})
	return err
}

// profiledServer is the hidden first argument of the child that serves with a
// profile: the released program offers none.
const profiledServer = "profiled-server"

// serveProfiled serves as pairsim does by default, until SIGTERM.
func serveProfiled(file, data string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	cfg := landscape.Default()
	cfg.HTTP, cfg.MTLS, cfg.Control, cfg.Data = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", data
	l, err := landscape.Start(ctx, cfg)
	if err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	fmt.Printf("  http %s\n  mtls %s\n  control %s\nready\n", l.HTTP, l.MTLS, l.Control)
	<-ctx.Done()
	pprof.StopCPUProfile()
	return l.Close(context.WithoutCancel(ctx))
}

// writeProfiles profiles pairings and GETs on each store.
func writeProfiles(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	prepare, err := newPreparer()
	if err != nil {
		return err
	}
	data, err := os.MkdirTemp("", "pairsim-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	loads := map[string]func(*process) error{
		"pairing": func(p *process) error {
			systems, err := prepare.prepare(1500)
			if err != nil {
				return err
			}
			return pairAll(ctx, p, systems, 4).first
		},
		"get": func(p *process) error {
			id, err := registerOne(ctx, p, "bench 1-0001")
			if err != nil {
				return err
			}
			_, err = getMany(ctx, p.http, "/api/v1/systems/"+id, 100_000, 8)
			return err
		},
	}
	for _, store := range []string{memory, sqlite} {
		for name, load := range loads {
			file, where := filepath.Join(dir, name+"-"+store+".pprof"), memory
			if store == sqlite {
				where = filepath.Join(data, name+".db")
			}
			p, err := launch(ctx, self, profiledServer, file, where)
			if err != nil {
				return err
			}
			if err := load(p); err != nil {
				p.close()
				return err
			}
			if err := p.terminate(); err != nil {
				return err
			}
			fmt.Println(file)
		}
	}
	return nil
}
