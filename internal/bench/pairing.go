package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// preparer makes what clients have before they pair: certificate requests,
// signed with a few RSA-2048 keys.
type preparer struct {
	keys []*rsa.PrivateKey
	n    int
}

func newPreparer() (*preparer, error) {
	const keys = 4
	p := &preparer{}
	for range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		p.keys = append(p.keys, key)
	}
	return p, nil
}

// prepared is a system to be registered and its tenant's certificate request.
// The request can be signed beforehand because the application's name follows
// from the system's.
type prepared struct {
	name, subject string
	csr           []byte // body
	key           *rsa.PrivateKey
}

func (p *preparer) prepare(n int) ([]prepared, error) {
	all := make([]prepared, n)
	for i := range all {
		p.n++
		name := fmt.Sprintf("bench %06d", p.n)
		common := "mp-" + strings.ReplaceAll(name, " ", "-")
		key := p.keys[p.n%len(p.keys)]
		der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{
			Organization: []string{"pairsim"}, OrganizationalUnit: []string{"TEST"}, Locality: []string{"Walldorf"},
			Province: []string{"Baden"}, Country: []string{"DE"}, CommonName: common,
		}}, key)
		if err != nil {
			return nil, err
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
		body, err := json.Marshal(map[string]string{"csr": base64.StdEncoding.EncodeToString(text)})
		if err != nil {
			return nil, err
		}
		all[i] = prepared{name: name, csr: body, key: key, subject: "CN=" + common}
	}
	return all, nil
}

// requestWithin bounds a request: one that takes longer counts as a hang.
const requestWithin = 15 * time.Second

const maxAnswer = 1 << 20

// call sends a request and returns the body of an answer with status want.
func call(ctx context.Context, client *http.Client, method, address string, body []byte, want int) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != want {
		return nil, fmt.Errorf("%s %s: got %d %.200s, want %d", method, req.URL.Path, resp.StatusCode, answer, want)
	}
	return answer, nil
}

// timing is how long the requests of a pairing took: together, and the longest.
type timing struct{ sum, longest time.Duration }

func (t *timing) call(ctx context.Context, client *http.Client, method, address string, body []byte, want int, into any) error {
	began := time.Now()
	answer, err := call(ctx, client, method, address, body, want)
	took := time.Since(began)
	t.sum += took
	t.longest = max(t.longest, took)
	if err == nil {
		err = json.Unmarshal(answer, into)
	}
	return err
}

// pair is one pairing as floor (c) has it: three requests on one kept-alive
// connection, one on a fresh TLS 1.3 connection.
func pair(ctx context.Context, p *process, system prepared) (timing, error) {
	var t timing
	as, err := certify(ctx, p, system, &t)
	if err != nil {
		return t, err
	}
	fresh := as.client(p)
	defer fresh.CloseIdleConnections()
	var identity struct {
		ClientIdentity struct{ Application string }
	}
	return t, t.call(ctx, fresh, http.MethodGet, as.infoURL, nil, http.StatusOK, &identity)
}

// certified is a tenant that has its certificate.
type certified struct {
	systemID    string
	infoURL     string // the first call there makes the system Registered
	certificate tls.Certificate
}

func (c *certified) client(p *process) *http.Client {
	return newClient(&tls.Config{RootCAs: p.roots, MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{c.certificate}})
}

// certify registers a system and exchanges its token for a certificate.
func certify(ctx context.Context, p *process, system prepared, t *timing) (c certified, err error) {
	kept := newClient(nil)
	defer kept.CloseIdleConnections()
	body, err := json.Marshal(map[string]string{"name": system.name, "type": "SAP Commerce Cloud"})
	if err != nil {
		return c, err
	}
	var registered struct {
		ID               string
		IntegrationToken struct{ TokenURL string }
	}
	if err := t.call(ctx, kept, http.MethodPost, p.http+"/api/v1/globalAccounts/default/systems", body, http.StatusCreated, &registered); err != nil {
		return c, err
	}
	tokenURL, err := url.Parse(registered.IntegrationToken.TokenURL)
	if err != nil {
		return c, err
	}
	var info struct {
		CSRURL      string
		API         struct{ InfoURL string }
		Certificate struct{ Subject string }
	}
	if err := t.call(ctx, kept, http.MethodGet, p.http+tokenURL.RequestURI(), nil, http.StatusOK, &info); err != nil {
		return c, err
	}
	if !strings.HasSuffix(info.Certificate.Subject, system.subject) {
		return c, fmt.Errorf("the subject is %s, want %s in it", info.Certificate.Subject, system.subject)
	}
	var signed struct{ ClientCrt string }
	if err := t.call(ctx, kept, http.MethodPost, info.CSRURL, system.csr, http.StatusCreated, &signed); err != nil {
		return c, err
	}
	text, err := base64.StdEncoding.DecodeString(signed.ClientCrt)
	if err != nil {
		return c, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return c, fmt.Errorf("the certificate is no PEM")
	}
	return certified{
		registered.ID, info.API.InfoURL, tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: system.key},
	}, nil
}

func newClient(config *tls.Config) *http.Client {
	return &http.Client{Timeout: requestWithin, Transport: &http.Transport{TLSClientConfig: config}}
}

// outcome is what a number of clients saw.
type outcome struct {
	took    time.Duration
	timings []timing
	errors  int
	first   error // of errors
}

// pairAll pairs all systems with so many clients at once. It ends: each request
// is bounded, and after the first failures nothing new is begun.
func pairAll(ctx context.Context, p *process, systems []prepared, clients int) outcome {
	const enough = 3 // failures
	var o outcome
	var mu sync.Mutex
	var next, failures atomic.Int64
	var running sync.WaitGroup
	began := time.Now()
	for range clients {
		running.Go(func() {
			for failures.Load() < enough {
				i := int(next.Add(1)) - 1
				if i >= len(systems) {
					return
				}
				t, err := pair(ctx, p, systems[i])
				mu.Lock()
				o.timings = append(o.timings, t)
				if err != nil {
					failures.Add(1)
					o.errors++
					if o.first == nil {
						o.first = err
					}
				}
				mu.Unlock()
			}
		})
	}
	running.Wait()
	o.took = time.Since(began)
	return o
}
