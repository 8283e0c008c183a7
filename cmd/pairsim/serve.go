package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/cockpit"
	"github.com/pairsim/pairsim/btp/control"
	"github.com/pairsim/pairsim/btp/gateway"
	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/seed"
	"github.com/pairsim/pairsim/internal/systemroots"
	"github.com/pairsim/pairsim/internal/telemetry"
)

// stopWithin bounds how long serve waits for open requests when it is stopped.
const stopWithin = 10 * time.Second

// serveOptions are the settings of serve, as given.
type serveOptions struct {
	edition, seed, data, localData, sync, keyAlgorithm string
	http, mtls, control, controlKey                    string
	roles                                              []string
	publicURL, publicMTLSURL                           string
	tlsNames, allowHosts, trustedProxies               []string
	clientCA, serverCA                                 string
	registry, registryMTLS, ca                         string
	logLevel, logFormat, otlpEndpoint                  string
	auth, recordMessages                               bool
	strict                                             uint64
	strictOff                                          []string
	untilStdinCloses                                   bool

	attemptDeadline, certificateValidity time.Duration
	rejectedCSRs                         int
	burnOnRejectedCSR                    bool
	abandoned, revocation, nameCollision string
	tokenValidity                        map[string]string
	durations                            map[btp.Transition]*time.Duration
	transitions                          map[btp.Transition]*string
	noTenantRenewal                      bool
	callbackTimeout, tenantTimeout       time.Duration
	gatewayTimeout                       time.Duration
}

func newServeCommand() *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve a landscape: the registry, its control API and the tenants",
		Long: `Serve a landscape: the registry, its control API and the tenants, in one process or by --roles in several.

Data is kept in memory, and is gone when the process ends, unless --data names a file (SQLite) or a
database (PostgreSQL), which several processes may share. Port 0 is any free one;
the addresses are printed. SIGINT and SIGTERM end it gracefully within 10 seconds (exit code 0), a second signal at once (1).`,
		Example: `  pairsim serve
  pairsim serve --edition v2 --data pairsim.db
  PGPASSWORD=… pairsim serve --data postgres://pairsim@db.test/pairsim --roles btp
  pairsim serve --seed landscape.yaml --http 127.0.0.1:0 --mtls 127.0.0.1:0 --control off
  pairsim serve --roles cxsim --http 127.0.0.1:9080 --mtls off --control off --registry http://127.0.0.1:8080 --ca ca.pem`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx := c.Context()
			if o.untilStdinCloses {
				ctx = untilClosed(ctx, c.InOrStdin())
			}
			return serve(ctx, c.Flags(), o, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	o.addFlags(c)
	c.Flags().VisitAll(func(f *pflag.Flag) { markSetting(f, f.Name) })
	return c
}

func (o *serveOptions) addFlags(c *cobra.Command) {
	flags, d, p := c.Flags(), landscape.Default(), btp.DefaultPolicy()
	choiceFlag(c, &o.edition, "edition", "", "", "generation of SAP's documents; unless given: that of the data or the seed file, else v1",
		"v1", "2021-10", "v2", "latest")
	flags.StringVar(&o.seed, "seed", "", "seed `FILE`: what the landscape holds at its first start")
	flags.StringVar(&o.data, "data", d.Data, "memory, a `FILE` (SQLite), or postgres://USER@HOST/DATABASE, whose password PGPASSWORD keeps from other users of the machine")
	flags.StringVar(&o.localData, "local-data", "", "`FOLDER` for the tenants and the journal of this process where the data are in PostgreSQL; unless given: in memory")
	choiceFlag(c, &o.sync, "sync", "", "normal", "what a file survives: the death of the process, or (full) the loss of power", "normal", "full")
	choiceFlag(c, &o.keyAlgorithm, "key-algorithm", "", "", "algorithm of integration tokens, at first start; unless given: ES256", "ES256", "RS256", "EdDSA")

	flags.StringVar(&o.http, "http", d.HTTP, "`ADDRESS` of the HTTP listener")
	flags.StringVar(&o.mtls, "mtls", d.MTLS, "`ADDRESS` of the TLS listener, or off")
	flags.StringVar(&o.control, "control", d.Control, "`ADDRESS` of the control listener, or off")
	flags.StringVar(&o.controlKey, "control-key", "", "`KEY`, of 16 characters or more, that callers of the control listener must send; PAIRSIM_CONTROL_KEY keeps it from other users of the machine")
	flags.StringSliceVar(&o.roles, "roles", []string{"btp", "cxsim", "marketingsim"}, "`PARTS` to play: btp, cxsim, marketingsim")
	flags.StringVar(&o.publicURL, "public-url", "", "`URL` of the HTTP listener as others reach it, where a request does not say")
	flags.StringVar(&o.publicMTLSURL, "public-mtls-url", "", "`URL` of the TLS listener as others reach it, where a request does not say")
	flags.StringSliceVar(&o.tlsNames, "tls-name", nil, "further `NAME` or IP address in the TLS listener's certificate; repeatable")
	flags.BoolVar(&o.auth, "auth", false, "ask for access tokens, with roles, on the registry's API and the tenants'")
	flags.BoolVar(&o.recordMessages, "record-messages", true, "keep the latest requests and answers for the journal, without their secrets; never without --control")
	strictFlags(flags, &o.strict, &o.strictOff)
	flags.StringSliceVar(&o.allowHosts, "allow-host", nil, "`HOST` beyond loopback that pairsim may call, and by which browsers may reach the control listener; repeatable")
	flags.StringSliceVar(&o.trustedProxies, "trusted-proxy", nil, "`ADDRESS` or network of a proxy that ends TLS, whose X-Forwarded-Client-Cert is believed; repeatable")
	flags.StringVar(&o.clientCA, "client-ca", "", "`FOLDER` (root.pem, issuing.pem, issuing-key.pem) of the CA of client certificates; unless given: made")
	flags.StringVar(&o.serverCA, "server-ca", "", "`FOLDER` of the CA of the TLS listener's certificate; unless given: made")
	flags.StringVar(&o.registry, "registry", "", "`URL` of the registry, for a process without the part btp")
	flags.StringVar(&o.registryMTLS, "registry-mtls", "", "`URL` of that registry's TLS listener; unless given: any https port of its host")
	flags.StringVar(&o.ca, "ca", "", "PEM `FILE` with the CA of that registry's TLS listener; unless given: the system's CAs")
	choiceFlag(c, &o.logLevel, "log-level", "", "info", "what is logged, to stderr", "debug", "info", "warn", "error")
	flags.StringVar(&o.otlpEndpoint, "otlp-endpoint", "", "`URL` of an OpenTelemetry collector (OTLP/HTTP) for traces; unless given: that of OTEL_EXPORTER_OTLP_ENDPOINT, else no traces")
	choiceFlag(c, &o.logFormat, "log-format", "", "text", "format of the log", "text", "json")

	flags.BoolVar(&o.untilStdinCloses, "until-stdin-closes", false, "end when standard input does: with the program that started pairsim, however that ends")
	flags.BoolVar(&o.noTenantRenewal, "no-tenant-renewal", false, "simulated tenants let their certificates end")
	flags.DurationVar(&o.callbackTimeout, "callback-timeout", landscape.CallbackTimeout, "how long, in real time, the registry waits for a tenant that it calls")
	flags.DurationVar(&o.tenantTimeout, "tenant-timeout", btpclient.DefaultTimeout, "how long, in real time, a simulated tenant waits for an answer of the registry")
	flags.DurationVar(&o.gatewayTimeout, "gateway-timeout", gateway.DefaultTimeout, "how long, in real time, a call through the application gateway may take")
	flags.DurationVar(&o.attemptDeadline, "attempt-deadline", p.AttemptDeadline, "how long an accepted token waits for its pairing to complete")
	flags.DurationVar(&o.certificateValidity, "certificate-validity", p.CertificateValidity, "validity of client certificates")
	flags.IntVar(&o.rejectedCSRs, "rejected-csrs", p.RejectedCSRs, "so many refused certificate requests fail a pairing")
	flags.BoolVar(&o.burnOnRejectedCSR, "burn-on-rejected-csr", p.BurnOnRejectedCSR, "the first refused certificate request ends the attempt")
	choiceFlag(c, &o.abandoned, "abandoned", "", "pending", "status after an attempt that nobody completed", "pending", "error")
	choiceFlag(c, &o.revocation, "revocation", "", "renewal", "what a client's own revocation blocks: its renewal, or every call", "renewal", "strict")
	choiceFlag(c, &o.nameCollision, "name-collision", "", "suffix",
		"what becomes of applications that would have one name in a Kyma runtime", "suffix", "stop-sync")
	flags.StringToStringVar(&o.tokenValidity, "token-validity", nil, "validity of a system type's tokens, as `TYPE=DURATION`; repeatable")

	o.durations, o.transitions = map[btp.Transition]*time.Duration{}, map[btp.Transition]*string{}
	for _, t := range btp.Transitions {
		o.durations[t] = flags.Duration(durationFlag(t), 0, "how long "+btp.TransitionWords[t]+" takes on the environment's clock: after=DURATION of --"+string(t))
		o.transitions[t] = flags.String(string(t), p.Transitions[t].String(), "when "+btp.TransitionWords[t]+" ends: `"+policyForms+"`")
	}

	_ = c.RegisterFlagCompletionFunc("roles", cobra.FixedCompletions([]string{"btp", "cxsim", "marketingsim"}, cobra.ShellCompDirectiveNoFileComp))
	for _, folder := range []string{"client-ca", "server-ca"} {
		_ = c.MarkFlagDirname(folder) // fails for a flag that is not there only
	}
	for _, name := range []string{"edition", "key-algorithm"} {
		flags.Lookup(name).DefValue = ""
	}
}

// untilClosed ends when in does. A program that starts pairsim holds the other end of
// a pipe, and lets go of it even when it is killed.
func untilClosed(ctx context.Context, in io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, in) // that it cannot be read any more is its end too
	}()
	return ctx
}

func durationFlag(t btp.Transition) string { return string(t) + "-duration" }

// defaultLandscape is landscape.Default as a program has it.
func defaultLandscape() landscape.Config {
	cfg := landscape.Default()
	cfg.SystemRoots = systemroots.Pool
	return cfg
}

// config makes the configuration of a landscape: the defaults, over them the
// seed file, over it what was given as a setting.
func (o *serveOptions) config(flags *pflag.FlagSet) (landscape.Config, error) {
	cfg := defaultLandscape()
	cfg.ReadSeed = seed.Configure
	cfg.HTTP, cfg.MTLS, cfg.Control = o.http, o.mtls, o.control
	if o.controlKey != "" && (len(o.controlKey) < control.MinKey || strings.ContainsFunc(o.controlKey, unfitForHeader)) {
		return cfg, usagef("--control-key: want %d printable characters or more, without blanks", control.MinKey)
	}
	cfg.ControlKey = o.controlKey
	cfg.PublicURL, cfg.PublicMTLSURL = o.publicURL, o.publicMTLSURL
	cfg.TLSNames, cfg.AllowedHosts = o.tlsNames, o.allowHosts
	cfg.Data, cfg.LocalData, cfg.SyncFull = o.data, o.localData, o.sync == "full"
	if cfg.InDatabase() {
		systemroots.Complete() // its certificate may be verified
	}
	switch {
	case cfg.InDatabase() && cfg.SyncFull:
		return cfg, usagef("--sync is for a file; what PostgreSQL survives is said there (fsync, synchronous_commit)")
	case !cfg.InDatabase() && cfg.LocalData != "":
		return cfg, usagef("--local-data is for data in PostgreSQL; beside a file they have their place, and memory keeps nothing")
	}
	cfg.ClientCA, cfg.ServerCA = o.clientCA, o.serverCA
	if o.otlpEndpoint != "" {
		if _, err := telemetry.CheckEndpoint(o.otlpEndpoint); err != nil {
			return cfg, usagef("--otlp-endpoint: %v", err)
		}
	}
	if min(o.callbackTimeout, o.tenantTimeout, o.gatewayTimeout) <= 0 {
		return cfg, usagef("--callback-timeout, --tenant-timeout and --gateway-timeout must be longer than 0s")
	}
	cfg.CallbackTimeout, cfg.TenantTimeout, cfg.GatewayTimeout = o.callbackTimeout, o.tenantTimeout, o.gatewayTimeout
	cfg.Edition, cfg.Auth, cfg.NoTenantRenewal, cfg.NoMessages = o.edition, o.auth, o.noTenantRenewal, !o.recordMessages
	if err := o.setRoles(&cfg); err != nil {
		return cfg, err
	}
	if cfg.InDatabase() && o.registry != "" {
		return cfg, usagef("--data: a database is for a process with the part btp; tenants keep what they have in files")
	}
	for _, text := range o.trustedProxies {
		prefix, err := parseNetwork(text)
		if err != nil {
			return cfg, usagef("--trusted-proxy %s: want an IP address or a network such as 10.0.0.0/8", text)
		}
		cfg.TrustedProxies = append(cfg.TrustedProxies, prefix)
	}
	if o.seed != "" {
		file, err := seed.Load(o.seed)
		if err == nil {
			err = file.Apply(&cfg)
		}
		if err != nil {
			return cfg, seedFailure(o.seed, err)
		}
	}
	if o.keyAlgorithm != "" {
		cfg.KeyAlgorithm = o.keyAlgorithm
	}
	if err := setStrict(flags, &cfg.Strict, o.strict, o.strictOff); err != nil {
		return cfg, err
	}
	return cfg, o.setPolicy(flags, &cfg.Policy)
}

func (o *serveOptions) setRoles(cfg *landscape.Config) error {
	cfg.Roles = nil
	hasRegistry := false
	for _, name := range o.roles {
		role := landscape.Role(strings.TrimSpace(name))
		switch role {
		case landscape.RoleRegistry:
			hasRegistry = true
		case landscape.RoleCX, landscape.RoleMarketing:
		default:
			return usagef("--roles: there is no part %q; parts are btp, cxsim, marketingsim", name)
		}
		cfg.Roles = append(cfg.Roles, role)
	}
	switch {
	case len(cfg.Roles) == 0:
		return usagef("--roles: name at least one of btp, cxsim, marketingsim")
	case hasRegistry && (o.registry != "" || o.registryMTLS != "" || o.ca != ""):
		return usagef("--registry, --registry-mtls and --ca are for a process without the part btp (--roles)")
	case hasRegistry:
		return nil
	case o.registry == "":
		return usagef("--roles without btp: say where the registry is (--registry)")
	}
	cfg.Registry = landscape.Registry{HTTP: o.registry, MTLS: o.registryMTLS}
	var err error
	cfg.Registry.RootCAs, err = readRoots(o.ca)
	return err
}

// readRoots reads a PEM file of CA certificates; nil, which is the system's, for none.
func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		systemroots.Complete()
		return nil, nil
	}
	const most = 1 << 20 // bytes
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		return nil, &failure{"No certificate in the file", "--ca " + path + " holds no PEM certificate", "Get it from the running server: pairsim ca export --out ca.pem"}
	}
	return roots, nil
}

func (o *serveOptions) setPolicy(flags *pflag.FlagSet, p *btp.Policy) error {
	given := flags.Changed
	if given("attempt-deadline") {
		p.AttemptDeadline = o.attemptDeadline
	}
	if given("certificate-validity") {
		p.CertificateValidity = o.certificateValidity
	}
	if given("rejected-csrs") {
		p.RejectedCSRs = o.rejectedCSRs
	}
	if given("burn-on-rejected-csr") {
		p.BurnOnRejectedCSR = o.burnOnRejectedCSR
	}
	if given("abandoned") {
		p.AbandonedIsError = o.abandoned == "error"
	}
	if given("revocation") {
		p.StrictRevocation = o.revocation == "strict"
	}
	if given("name-collision") {
		p.CollisionsStopSync = o.nameCollision == "stop-sync"
	}
	for name, text := range o.tokenValidity {
		validity, err := time.ParseDuration(text)
		if err != nil || validity < time.Second || validity%time.Second != 0 {
			return usagef("--token-validity %s=%s: want whole seconds, as 90s, 10m or 168h", name, text)
		}
		if _, err := btp.TypeNamed(name); err != nil {
			return usagef("--token-validity: %v", failureOf(err).detail)
		}
		if p.TokenValidity == nil {
			p.TokenValidity = map[string]time.Duration{}
		}
		p.TokenValidity[name] = validity
	}
	for _, t := range btp.Transitions {
		if err := o.setTransition(given, t, p); err != nil {
			return err
		}
	}
	switch {
	case p.AttemptDeadline <= 0:
		return usagef("--attempt-deadline must be longer than 0s")
	case p.CertificateValidity <= 0:
		return usagef("--certificate-validity must be longer than 0s")
	case p.RejectedCSRs < 1:
		return usagef("--rejected-csrs must be at least 1")
	}
	return nil
}

// logger logs to w as asked.
func (o *serveOptions) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(o.logLevel)) // the flag takes no others
	options := &slog.HandlerOptions{Level: level}
	if o.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func serve(ctx context.Context, flags *pflag.FlagSet, o serveOptions, out, errs io.Writer) error {
	giveHeadroom()
	cfg, err := o.config(flags)
	if err != nil {
		return err
	}
	cfg.Log = o.logger(errs)
	var flush func()
	if cfg.Tracing, flush, err = openTracing(ctx, o.otlpEndpoint, cfg.Log); err != nil {
		return err
	}
	defer flush()
	warn(cfg, o.seed)
	l, err := landscape.Start(ctx, cfg)
	if err != nil {
		return startFailure(o.locate(err))
	}
	announce(out, cfg, l)
	<-ctx.Done()
	cfg.Log.Info("stopping")
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := l.Close(bounded); err != nil {
		if !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("stop: %w", err)
		}
		cfg.Log.Warn("some requests did not end in time; their connections were cut")
	}
	return nil
}

// warn says at start what nobody should have to find out.
func warn(cfg landscape.Config, seedFile string) {
	cfg.Log.Warn("pairsim is a simulator with throwaway keys: not for production", "version", version)
	plain, overTLS := "anyone who reaches it can register and pair", "anyone who reaches it can register and pair"
	if cfg.Auth {
		plain, overTLS = "access tokens and secrets go over it unencrypted", "anyone who reaches it can try tokens and secrets"
	}
	overControl := "anyone who reaches it can move the clock and change keys and addresses"
	if cfg.ControlKey != "" {
		overControl = "its key goes over it unencrypted"
	}
	for _, listener := range []struct{ flag, address, risk string }{
		{"--http", cfg.HTTP, plain},
		{"--mtls", cfg.MTLS, overTLS},
		{"--control", cfg.Control, overControl},
	} {
		if wide(listener.address) {
			cfg.Log.Warn("listening wider than loopback: "+listener.risk, "flag", listener.flag, "address", listener.address)
		}
	}
	if cfg.InDatabase() && cfg.LocalData == "" && len(cfg.Roles) > 1 {
		cfg.Log.Warn("tenants and journal are in memory: a tenant that is paired is not any more when this process has ended", "remedy", "--local-data FOLDER, or --roles btp")
	}
	if _, err := os.Stat(cfg.Data); err == nil && seedFile != "" {
		cfg.Log.Warn("the data exist already: of the seed file, only the policy and the tenants hold", "data", cfg.Data, "seed", seedFile)
	}
}

// wide says whether an address is reachable from other machines.
func wide(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "localhost" {
		return false // off, or nothing that can be listened on
	}
	ip := net.ParseIP(host)
	return ip == nil || !ip.IsLoopback()
}

// announce prints where to look.
func announce(w io.Writer, cfg landscape.Config, l *landscape.Landscape) {
	fmt.Fprintf(w, "pairsim %s, a simulator with throwaway keys: not for production\n", version)
	line := func(what, text string) { fmt.Fprintf(w, "  %-9s %s\n", what, printable(text)) }
	if l.Edition != nil {
		line("edition", l.Edition.ID+", "+l.Edition.Cockpit)
		data := "in memory, gone when this ends (--data FILE keeps it)"
		if kept := cfg.ShownData(); kept != "" {
			data = kept
		}
		line("data", data)
	} else {
		line("registry", cfg.Registry.HTTP)
	}
	line("http", l.HTTP)
	if l.MTLS != "" {
		line("mtls", l.MTLS)
		line("ca", l.HTTP+"/ca.pem")
	}
	if l.Control != "" {
		line("control", l.Control)
		if l.Edition != nil {
			line("cockpit", l.Control+cockpit.Path)
		}
	}
	if l.Edition != nil {
		line("api", l.HTTP+"/api/v1/openapi.json")
	}
	if cfg.Strict.On() {
		line("strict", fmt.Sprintf("seed %d: answers are legal but unfriendly (pairsim strict show)", cfg.Strict.Seed))
	}
	if cfg.Auth {
		line("auth", "access tokens are asked for: pairsim auth token --role ROLE")
	}
	if len(cfg.Tenants) > 0 {
		line("tenants", l.HTTP+"/tenants")
	}
	fmt.Fprintln(w, "ready")
}

// locate finds the line of the seed file that a rule refuses; any other error
// stays as it is.
func (o *serveOptions) locate(err error) error {
	var refused *btp.Error
	if o.seed == "" || !errors.As(err, &refused) || refused.Code == btp.EditionMismatch {
		return err
	}
	file, unread := seed.Load(o.seed)
	if unread != nil {
		return err
	}
	return seedFailure(o.seed, file.Located(err))
}

// startFailure says what to do about what keeps a landscape from starting.
func startFailure(err error) error {
	var refused *btp.Error
	var address *net.AddrError
	var op *net.OpError
	var known *failure
	var database *landscape.DatabaseError
	switch {
	case errors.As(err, &refused), errors.As(err, &known):
		return err // it says what to do next
	case errors.As(err, &database):
		return &failure{"Cannot use the database", err.Error(), ""}
	case errors.Is(err, syscall.EADDRINUSE):
		return &failure{"Address is taken", err.Error(), "Choose another address for this flag (port 0 is any free one), or end what listens there."}
	case errors.As(err, &address), errors.As(err, &op):
		return &failure{"Cannot listen", err.Error(), "Write HOST:PORT of this machine, as 127.0.0.1:8080."}
	case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission):
		return &failure{"Cannot read or write a file", err.Error(), "Check the path and its permissions."}
	}
	return &failure{"Cannot start", err.Error(), ""}
}

// parseNetwork reads a network, or an address as the network of itself alone.
func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.Prefix(address.BitLen())
	}
	return netip.ParsePrefix(text)
}

func (o *serveOptions) setTransition(given func(string) bool, t btp.Transition, p *btp.Policy) error {
	var one btp.TransitionPolicy
	var err error
	flag := string(t)
	switch {
	case given(flag) && given(durationFlag(t)):
		return usagef("--%s and --%s exclude each other", flag, durationFlag(t))
	case given(flag):
		one, err = parsePolicy(*o.transitions[t])
	case given(durationFlag(t)):
		flag = durationFlag(t)
		one.After = *o.durations[t]
		err = one.Check()
	default:
		return nil
	}
	if err != nil {
		return usagef("--%s: %s", flag, policyFault(err))
	}
	if p.Transitions == nil {
		p.Transitions = map[btp.Transition]btp.TransitionPolicy{}
	}
	p.Transitions[t] = one
	return nil
}
