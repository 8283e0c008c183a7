package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

const (
	callTimeout = 30 * time.Second // of one call
	maxInput    = 1 << 20          // bytes read from a file or stdin
)

// clientOptions say where the running pairsim is.
type clientOptions struct {
	server, control, ca, env, token, controlKey string
}

// newClientCommand adds to c what every command has that talks to a running
// pairsim.
func newClientCommand(c *cobra.Command) *cobra.Command {
	flags := c.Flags()
	flags.String("server", "http://127.0.0.1:8080", "base `URL` of the running pairsim")
	flags.String("control", "http://127.0.0.1:8081", "base `URL` of its control listener")
	flags.String("control-key", "", "`KEY` that its control listener asks for; PAIRSIM_CONTROL_KEY keeps it from other users of the machine")
	flags.String("ca", "", "PEM `FILE` with the CA of its TLS listener")
	flags.String("env", btpclient.DefaultEnvironment, "`ENVIRONMENT` (pairsim env)")
	flags.String("token", "", "access `TOKEN` for a pairsim that runs with --auth; PAIRSIM_TOKEN keeps it from other users of the machine")
	for name, key := range map[string]string{"server": "url", "control": "control-url", "control-key": "control-key", "ca": "ca", "env": "env", "token": "token"} {
		markSetting(flags.Lookup(name), key)
	}
	return c
}

// client is the running pairsim as the commands see it.
type client struct {
	options  clientOptions
	http     *http.Client
	operator *btpclient.Operator
	control  *btpclient.Control // of the environment
	tenants  *btpclient.Tenants
	server   *btpclient.Control // of the server, whatever the environment
}

func connect(c *cobra.Command) (*client, error) {
	text := func(name string) string { return c.Flag(name).Value.String() }
	o := clientOptions{strings.TrimRight(text("server"), "/"), strings.TrimRight(text("control"), "/"), text("ca"), text("env"), text("token"), text("control-key")}
	if err := btp.CheckEnvironmentName(o.env); err != nil {
		return nil, usagef("--env: %s", failureOf(err).detail)
	}
	for flag, base := range map[string]string{"--server": o.server, "--control": o.control} {
		if u, err := url.Parse(base); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
			return nil, usagef("%s %s: want http(s)://HOST[:PORT]", flag, base)
		}
	}
	for _, flag := range []string{"token", "control-key"} {
		if strings.ContainsFunc(text(flag), unfitForHeader) {
			return nil, usagef("--%s holds a blank or a character that cannot stand in a header", flag)
		}
	}
	return newClient(o)
}

// newClient is the running pairsim at these addresses.
func newClient(o clientOptions) (*client, error) {
	roots, err := readRoots(o.ca)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() // proxies of the environment hold
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	k := &client{options: o, http: &http.Client{
		Transport: transport,
		// A redirect could carry a token to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	k.server = btpclient.NewControl(o.control, k.http).WithToken(o.controlKey)
	k.options.server, k.options.control = btpclient.InEnvironment(o.server, o.env), btpclient.InEnvironment(o.control, o.env)
	o = k.options
	k.operator = btpclient.NewOperator(o.server, k.http).WithToken(o.token)
	k.control = btpclient.NewControl(o.control, k.http).WithToken(o.controlKey)
	k.tenants = btpclient.NewTenants(o.server, k.http).WithToken(o.token)
	return k, nil
}

// unfitForHeader says whether a character cannot stand in a bearer token.
func unfitForHeader(r rune) bool { return r <= ' ' || r > '~' }

// withClient is the work of a command that talks to a running pairsim.
func withClient(do func(c *cobra.Command, k *client, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		k, err := connect(c)
		if err != nil {
			return err
		}
		return do(c, k, args)
	}
}

// idempotencyFlag adds to a command that creates something the key by which
// repeating it is safe.
func idempotencyFlag(c *cobra.Command) {
	c.Flags().String("idempotency-key", "", "`KEY` that makes a repeated command create once; unless given: a fresh one")
}

// createOnce creates something under an Idempotency-Key, so that it may be asked
// for again when the connection broke before the answer.
func createOnce[T any](c *cobra.Command, create func(context.Context, ...btpclient.CallOption) (T, error)) (T, error) {
	key := c.Flag("idempotency-key").Value.String()
	if key == "" {
		key = rand.Text()
	}
	created, err := create(c.Context(), btpclient.IdempotencyKey(key))
	var lost *btpclient.UnreachableError
	if errors.As(err, &lost) && !errors.Is(err, context.DeadlineExceeded) && c.Context().Err() == nil {
		return create(c.Context(), btpclient.IdempotencyKey(key))
	}
	return created, err
}

// get reads a small document of the server.
func (k *client) get(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.options.server+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := k.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxInput))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s answered %s", path, response.Status)
	}
	return body, err
}

// answerFailure explains what calls come back with; nil for anything else.
func answerFailure(err error) *failure {
	var problem *btpclient.Problem
	var refused *btpclient.RefusedError
	var foreign *btpclient.ForeignHostError
	var unreachable *btpclient.UnreachableError
	var untrusted *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var called *url.Error
	switch {
	case errors.As(err, &problem):
		detail := problem.Detail
		if len(problem.Findings) > 0 {
			found := make([]btp.Finding, len(problem.Findings))
			for i, f := range problem.Findings {
				found[i] = btp.Finding(f)
			}
			detail = linesOf(found)
		}
		if problem.Type == "" { // whoever answered is no pairsim
			detail = fmt.Sprintf("%s %s answered %d", problem.Method, problem.Path, problem.Status)
		}
		return &failure{problem.Title, detail, problem.Next}
	case errors.As(err, &refused):
		return &failure{"The registry refused", refused.Error(), refused.Next}
	case errors.As(err, &foreign):
		return &failure{"The registry names another host", foreign.Error(), "Start it with the --public-url and --public-mtls-url that you reach it by."}
	case errors.As(err, &untrusted), errors.As(err, &unknown):
		return &failure{"The server's certificate is not trusted", err.Error(), "Name its CA by --ca (PAIRSIM_CA): pairsim ca export --out ca.pem."}
	case errors.As(err, &unreachable), errors.As(err, &called):
		return &failure{"No answer", err.Error(), "Start pairsim serve, or say where it is: --server (PAIRSIM_URL), --control (PAIRSIM_CONTROL_URL)."}
	}
	return nil
}

// readArgument is an argument, or all of stdin for "-". What stands in a
// command line other users of the machine can see.
func readArgument(c *cobra.Command, argument string) (string, error) {
	if argument != "-" {
		return argument, nil
	}
	data, err := io.ReadAll(io.LimitReader(c.InOrStdin(), maxInput+1))
	if err != nil {
		return "", fmt.Errorf("stdin: %w", err)
	}
	if len(data) > maxInput {
		return "", usagef("stdin holds more than %d bytes", maxInput)
	}
	return strings.TrimSpace(string(data)), nil
}
