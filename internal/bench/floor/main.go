// Command floor is what pairsim's costs are held against (design §8): a bare gin
// server (b) that also does the cryptography of a pairing (c) behind the same
// requests, and stores nothing. It is a program of its own, so that its start and
// its memory are those of a gin server.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: floor HTTP-ADDRESS MTLS-ADDRESS|off")
	}
	log.Fatal(serve(os.Args[1], os.Args[2]))
}

// serve prints its addresses as pairsim does, and serves until it is killed.
func serve(plain, mtls string) error {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.GET("/healthz", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "ok"}) })
	router.GET("/system", func(c *gin.Context) { c.JSON(http.StatusOK, exampleSystem) })
	router.GET("/proxy/*target", proxy)
	listener, err := net.Listen("tcp", plain)
	if err != nil {
		return err
	}
	fmt.Printf("  http %s\n", "http://"+listener.Addr().String())
	ended := make(chan error, 2)
	if mtls != "off" { // floor (b) alone has neither a CA nor a TLS listener
		on, err := net.Listen("tcp", mtls)
		if err != nil {
			return err
		}
		a, err := newAuthority()
		if err != nil {
			return err
		}
		a.http, a.mtls = "http://"+listener.Addr().String(), "https://"+on.Addr().String()
		a.routes(router)
		server := &http.Server{Handler: router, TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{a.server}, ClientAuth: tls.RequestClientCert,
		}, ErrorLog: log.New(discard{}, "", 0)}
		go func() { ended <- server.ServeTLS(on, "", "") }()
		fmt.Printf("  mtls %s\n", a.mtls)
	}
	go func() { ended <- http.Serve(listener, router) }()
	fmt.Println("ready")
	return <-ended
}

// proxy passes a request on to the host that begins its path, as a reverse proxy
// of the standard library does that adds nothing.
func proxy(c *gin.Context) {
	host, path, _ := strings.Cut(strings.TrimPrefix(c.Param("target"), "/"), "/")
	(&httputil.ReverseProxy{Transport: proxied, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.URL.Path, r.Out.Host = "http", host, "/"+path, ""
	}}).ServeHTTP(c.Writer, c.Request)
}

var proxied = &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// authority does the cryptography.
type authority struct {
	http, mtls string
	signing    *ecdsa.PrivateKey // of tokens
	key        *ecdsa.PrivateKey // of ca
	ca         *x509.Certificate
	caPEM      []byte
	roots      *x509.CertPool
	server     tls.Certificate
}

func newAuthority() (*authority, error) {
	keys := make([]*ecdsa.PrivateKey, 3)
	for i := range keys {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	a := &authority{signing: keys[0], key: keys[1], roots: x509.NewCertPool()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "floor CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	if a.ca, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	a.caPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	a.roots.AddCert(a.ca)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "floor"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: template.NotBefore, NotAfter: template.NotAfter,
	}
	if der, err = x509.CreateCertificate(rand.Reader, leaf, a.ca, keys[2].Public(), a.key); err != nil {
		return nil, err
	}
	a.server = tls.Certificate{Certificate: [][]byte{der, a.ca.Raw}, PrivateKey: keys[2]}
	return a, nil
}

func (a *authority) routes(router gin.IRouter) {
	router.GET("/ca.pem", func(c *gin.Context) { c.Data(http.StatusOK, "application/x-pem-file", a.caPEM) })
	router.POST("/api/v1/globalAccounts/:ga/systems", handle(a.register))
	router.GET("/v1/applications/signingRequests/info", handle(a.info))
	router.POST("/v1/applications/certificates", handle(a.sign))
	router.GET("/v1/applications/management/info", handle(a.managementInfo))
}

func handle(h func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			c.JSON(http.StatusForbidden, gin.H{"error": err.Error()})
		}
	}
}

const (
	infoPath = "/v1/applications/signingRequests/info"
	maxBody  = 64 << 10
)

type claims struct {
	jwt.RegisteredClaims
	Application string `json:"application"`
}

func randomText(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

func (a *authority) register(c *gin.Context) error {
	var req struct{ Name, Type string }
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
	if err := c.ShouldBindJSON(&req); err != nil {
		return err
	}
	answer := exampleSystem
	answer.ID, answer.Name, answer.Type = randomText(16), req.Name, req.Type
	answer.ApplicationName = "mp-" + strings.ReplaceAll(strings.ToLower(req.Name), " ", "-")
	now := time.Now()
	text, err := jwt.NewWithClaims(jwt.SigningMethodES256, claims{jwt.RegisteredClaims{
		Issuer: "floor", Subject: answer.ID, ID: randomText(16), Audience: jwt.ClaimStrings{"floor"},
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(10 * time.Minute)),
	}, answer.ApplicationName}).SignedString(a.signing)
	if err != nil {
		return err
	}
	tokenURL := a.mtls + infoPath + "?token=" + text
	answer.IntegrationToken = &integrationToken{
		Token: text, TokenURL: tokenURL, Encoded: base64.StdEncoding.EncodeToString([]byte(tokenURL)), IssuedAt: now, ExpiresAt: now,
	}
	c.JSON(http.StatusCreated, answer)
	return nil
}

func (a *authority) info(c *gin.Context) error {
	var read claims
	_, err := jwt.ParseWithClaims(c.Query("token"), &read, func(*jwt.Token) (any, error) { return a.signing.Public(), nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience("floor"), jwt.WithIssuer("floor"))
	if err != nil {
		return err
	}
	app := a.mtls + "/" + read.Application
	c.JSON(http.StatusOK, gin.H{
		"csrUrl": a.http + "/v1/applications/certificates?token=" + randomText(64),
		"api": gin.H{
			"eventsInfoUrl": app + "/v1/events/subscribed", "eventsUrl": app + "/v1/events", "metadataUrl": app + "/v1/metadata/services",
			"infoUrl": a.mtls + "/v1/applications/management/info", "certificatesUrl": a.mtls + "/v1/applications/certificates",
		},
		"certificate": gin.H{
			"subject":    "O=pairsim,OU=TEST,L=default,ST=Waldorf,C=DE,CN=" + read.Application,
			"extensions": "", "key-algorithm": "rsa2048",
		},
	})
	return nil
}

func (a *authority) sign(c *gin.Context) error {
	if len(c.Query("token")) != base64.RawURLEncoding.EncodedLen(64) {
		return errors.New("no follow-up token")
	}
	var req struct{ CSR string }
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
	if err := c.ShouldBindJSON(&req); err != nil {
		return err
	}
	text, err := base64.StdEncoding.DecodeString(req.CSR)
	if err != nil {
		return err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return errors.New("no PEM")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return err
	}
	if err := csr.CheckSignature(); err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	now := time.Now()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: csr.Subject, NotBefore: now.Add(-time.Minute), NotAfter: now.Add(time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, a.ca, csr.PublicKey, a.key)
	if err != nil {
		return err
	}
	leaf := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	chain := append(leaf[:len(leaf):len(leaf)], a.caPEM...)
	encode := base64.StdEncoding.EncodeToString
	c.JSON(http.StatusCreated, gin.H{"crt": encode(chain), "clientCrt": encode(leaf), "caCrt": encode(a.caPEM)})
	return nil
}

func (a *authority) managementInfo(c *gin.Context) error {
	if c.Request.TLS == nil || len(c.Request.TLS.PeerCertificates) == 0 {
		return errors.New("no client certificate")
	}
	leaf := c.Request.TLS.PeerCertificates[0]
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: a.roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		return err
	}
	app := a.mtls + "/" + leaf.Subject.CommonName
	c.JSON(http.StatusOK, gin.H{
		"clientIdentity": gin.H{"application": leaf.Subject.CommonName},
		"urls": gin.H{
			"eventsInfoUrl": app + "/v1/events/subscribed", "eventsUrl": app + "/v1/events", "metadataUrl": app + "/v1/metadata/services",
			"renewCertUrl": a.mtls + "/v1/applications/certificates/renewals", "revokeCertUrl": a.mtls + "/v1/applications/certificates/revocations",
		},
		"certificate": gin.H{"subject": leaf.Subject.String(), "extensions": "", "key-algorithm": "rsa2048"},
	})
	return nil
}
