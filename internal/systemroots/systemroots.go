// Package systemroots gives Mozilla's certificate authorities to machines that have
// none of their own, such as the container image, when somebody first asks for them.
// Only a program imports it: a process can be given them once.
package systemroots

import (
	"crypto/x509"
	"fmt"
	"sync"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// Complete lets what is verified without roots of its own from now on fall back to
// Mozilla's authorities. It stands before everything that may call over TLS so. The
// package fallback of x509roots does the same as the process starts, where reading
// the certificates is a quarter of what a bare server takes for all of its start.
var Complete = sync.OnceFunc(func() { x509.SetFallbackRoots(mozilla()) })

// Pool is a copy of the system's authorities, or of Mozilla's where there are none.
func Pool() (*x509.CertPool, error) {
	Complete()
	return x509.SystemCertPool()
}

func mozilla() *x509.CertPool {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			panic(fmt.Errorf("the bundle of authorities: %w", err)) // a test reads it
		}
		if root.Constraint == nil {
			pool.AddCert(certificate)
		} else {
			pool.AddCertWithConstraint(certificate, root.Constraint)
		}
	}
	return pool
}
