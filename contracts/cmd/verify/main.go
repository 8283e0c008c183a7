//go:build pact

// Command verify holds a foreign provider against our pacts, and our simulator against
// the pact of a foreign consumer (docs/guides/contracts-provider.md, contracts-consumer.md).
// What it does is said by environment variables, which make sets: make verify-provider
// PROVIDER=btp PROVIDER_BASE_URL=….
//
// It ends with 0 when every interaction is kept, with 1 when one is not, and with 2 when
// nothing could be verified: a file that is no pact, a pact of another provider, a
// provider that does not answer, a variable that makes no sense.
package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pairsim/pairsim/contracts/pactfile"
	"github.com/pairsim/pairsim/contracts/states"
	"github.com/pairsim/pairsim/contracts/verifier"
)

const (
	exitKept    = 0
	exitBroken  = 1
	exitNothing = 2
)

func main() {
	if err := verifier.Silence(); err != nil {
		fmt.Fprintf(os.Stderr, "verify: %v\n", err)
		os.Exit(exitNothing)
	}
	os.Exit(run(context.Background(), os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

const usage = `usage:
  verify provider   PROVIDER (btp, cxsim, marketingsim), PROVIDER_BASE_URL, and where needed
                    PROVIDER_MTLS_URL   for requests with a client certificate
                    PROVIDER_CA         PEM file of who signed its server certificate
                    STATE_URL           its state-change endpoint; none: it needs no states
                    MESSAGE_URL         where its messages are asked for
                    PACTS               a pact file or a folder of them; default contracts/pacts
  verify consumer   PACT                the pact file of a foreign consumer
both: CONSUMER and DESCRIPTION select interactions, by the consumer's name and a part of
the description; JUNIT names a file for a report in JUnit's XML
`

func run(ctx context.Context, args []string, getenv func(string) string, out, errs io.Writer) int {
	var report verifier.Report
	var err error
	switch {
	case slices.Equal(args, []string{"provider"}):
		report, err = foreignProvider(ctx, getenv)
	case slices.Equal(args, []string{"consumer"}):
		report, err = foreignConsumer(ctx, getenv)
	default:
		fmt.Fprint(errs, usage)
		return exitNothing
	}
	if err == nil {
		err = write(report, getenv("JUNIT"), out)
	}
	if err != nil {
		fmt.Fprintf(errs, "verify: %v\n", err)
		return exitNothing
	}
	if report.Failed() > 0 {
		return exitBroken
	}
	return exitKept
}

// write prints the report and, if a file is named for it, the one for machines.
func write(report verifier.Report, junit string, out io.Writer) error {
	if err := report.Write(out); err != nil || junit == "" {
		return err
	}
	return report.Document().WriteJUnit(junit)
}

// foreignProvider verifies somebody's registry or tenants against our pacts.
func foreignProvider(ctx context.Context, getenv func(string) string) (verifier.Report, error) {
	name := getenv("PROVIDER")
	files, err := readPacts(cmp.Or(getenv("PACTS"), "contracts/pacts"))
	if err != nil {
		return verifier.Report{}, err
	}
	var of []pactfile.File
	known := map[string]bool{}
	for _, f := range files {
		known[f.Provider] = true
		if f.Provider == name {
			of = append(of, f)
		}
	}
	if len(of) == 0 {
		return verifier.Report{}, fmt.Errorf("PROVIDER %q: there is no pact of it; there are pacts of %s", name, list(known))
	}
	p := &verifier.Remote{Base: getenv("PROVIDER_BASE_URL"), MTLS: getenv("PROVIDER_MTLS_URL"), StateURL: getenv("STATE_URL"), MessageURL: getenv("MESSAGE_URL")}
	if p.StateURL == "none" {
		p.StateURL, p.NoStates = "", true
	}
	if p.Base == "" {
		return verifier.Report{}, errors.New("PROVIDER_BASE_URL is missing: where is the provider?")
	}
	if err := p.Check(); err != nil {
		return verifier.Report{}, err
	}
	if file := getenv("PROVIDER_CA"); file != "" {
		if p.Roots, err = readRoots(file); err != nil {
			return verifier.Report{}, err
		}
	}
	for _, address := range []string{p.Base, p.MTLS, p.StateURL, p.MessageURL} {
		if err := listens(ctx, address); err != nil {
			return verifier.Report{}, err
		}
	}
	return verifier.Verify(p, selection(getenv, name, of))
}

// foreignConsumer verifies our simulator against somebody's pact.
func foreignConsumer(ctx context.Context, getenv func(string) string) (verifier.Report, error) {
	path := getenv("PACT")
	if path == "" {
		return verifier.Report{}, errors.New("PACT is missing: which file is verified?")
	}
	f, err := pactfile.Read(path)
	if err != nil {
		return verifier.Report{}, err
	}
	name := cmp.Or(getenv("PROVIDER"), f.Provider)
	ours := []string{"btp", "cxsim", "marketingsim"}
	if !slices.Contains(ours, name) || name != f.Provider {
		return verifier.Report{}, fmt.Errorf("%s is a pact of the provider %q; pairsim plays %s", path, f.Provider, strings.Join(ours, ", "))
	}
	s, err := states.Start(ctx)
	if err != nil {
		return verifier.Report{}, err
	}
	report, err := verifier.Verify(s.Provider(), selection(getenv, name, []pactfile.File{f}))
	return report, errors.Join(err, s.Close())
}

func selection(getenv func(string) string, provider string, files []pactfile.File) verifier.Options {
	return verifier.Options{Provider: provider, Files: files, Consumer: getenv("CONSUMER"), Description: getenv("DESCRIPTION")}
}

func readPacts(path string) ([]pactfile.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("PACTS: %w", err)
	}
	if info.IsDir() {
		return pactfile.ReadDir(path)
	}
	f, err := pactfile.Read(path)
	return []pactfile.File{f}, err
}

func readRoots(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file) //nolint:gosec // named by who runs it
	if err != nil {
		return nil, fmt.Errorf("PROVIDER_CA: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("PROVIDER_CA: %s holds no certificate in PEM", file)
	}
	return roots, nil
}

// listens says it once, and not for each interaction, when nobody is there.
func listens(ctx context.Context, address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	dialer := net.Dialer{Timeout: 10 * time.Second}
	c, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return fmt.Errorf("nobody answers at %s: %w", u.Redacted(), err)
	}
	return c.Close()
}

func list(names map[string]bool) string {
	all := make([]string, 0, len(names))
	for name := range names {
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
