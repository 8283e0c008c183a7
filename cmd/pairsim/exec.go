package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/seed"
)

// The exit codes of a command that could not be run, as shells have them.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
	exitSignalled     = 128 // and the signal's number
)

// leftoverTime is how long what a command left behind may take to end by itself.
const leftoverTime = 2 * time.Second

// ended is how a command under exec ended, which is how exec ends.
type ended int

func (e ended) Error() string { return fmt.Sprintf("the command ended with status %d", int(e)) }

// execOptions are the settings of exec.
type execOptions struct {
	seed, edition, report string
	strict                uint64
	strictOff             []string
	faults, systems       []string
}

func newExecCommand() *cobra.Command {
	var o execOptions
	c := &cobra.Command{
		Use:   "exec [flags] -- COMMAND [ARGUMENT]...",
		Short: "Run a command with a landscape of its own, and end as it ends",
		Long: `Run a command with a landscape of its own: in memory, on free ports, gone when the command ends. The command finds it by
its environment:

  PAIRSIM_URL, PAIRSIM_MTLS_URL, PAIRSIM_CONTROL_URL   the listeners
  PAIRSIM_CA                                           a file with the CA of the TLS listener
  PAIRSIM_ENV                                          the environment, default
  PAIRSIM_TOKEN_URL, PAIRSIM_TOKEN_URL_2, …            a token URL for each --register

Signals are passed on to the command and what it has started; what is left of that when it ends is ended too. The exit code is
the command's: 128 and the number of a signal that ended it, 127 when it is not found, 126 when it cannot be run; 2 is wrong
usage, 1 a landscape or a report that failed.`,
		Example: `  pairsim exec -- npm test
  pairsim exec --register "Web Shop=SAP Commerce Cloud" -- ./connector pair
  pairsim exec --strict 7 --fault lost-certificate-answer --report out -- go test ./...`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("say which command to run: pairsim exec -- COMMAND")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return o.run(c, args) },
	}
	flags := c.Flags()
	flags.SetInterspersed(false) // what stands behind the command is the command's
	flags.StringVar(&o.seed, "seed", "", "seed `FILE`: what the landscape holds")
	choiceFlag(c, &o.edition, "edition", "", "", "generation of SAP's documents; unless given: that of the seed file, else v1", "v1", "2021-10", "v2", "latest")
	strictFlags(flags, &o.strict, &o.strictOff)
	flags.StringArrayVar(&o.faults, "fault", nil, "`RECIPE` of what goes wrong, as NAME or NAME:system=SYSTEM (also formation, tenant); repeatable")
	flags.StringArrayVar(&o.systems, "register", nil, "system to register first, as `NAME=TYPE`; repeatable")
	flags.StringVar(&o.report, "report", "", "`FOLDER` for journal.ndjson and report.json, made if it is not there")
	for _, name := range []string{"seed", "edition", "strict", "strict-off"} {
		markSetting(flags.Lookup(name), name)
	}
	flags.Lookup("edition").DefValue = ""
	_ = c.MarkFlagDirname("report") // fails for a flag that is not there only
	return c
}

// registration is a system to register before the command runs.
type registration struct{ name, systemType string }

func (o *execOptions) registrations() ([]registration, error) {
	list := make([]registration, len(o.systems))
	for i, text := range o.systems {
		place := strings.LastIndex(text, "=")
		if place < 1 {
			return nil, usagef("--register %s: want NAME=TYPE, as \"Web Shop=SAP Commerce Cloud\"", text)
		}
		list[i] = registration{text[:place], text[place+1:]}
		if _, err := btp.TypeNamed(list[i].systemType); err != nil {
			return nil, usagef("--register %s: %s", text, failureOf(err).detail)
		}
	}
	return list, nil
}

// recipe is what goes wrong on purpose, and for whom.
type recipe struct {
	name   string
	target btpclient.RecipeTarget
}

func (o *execOptions) recipes() ([]recipe, error) {
	list := make([]recipe, len(o.faults))
	for i, text := range o.faults {
		name, limit, limited := strings.Cut(text, ":")
		list[i].name = name
		kind, who, ok := strings.Cut(limit, "=")
		known := true
		switch kind {
		case "system":
			list[i].target.System = who
		case "formation":
			list[i].target.Formation = who
		case "tenant":
			list[i].target.Tenant = who
		default:
			known = false
		}
		if name == "" || limited && (!ok || who == "" || !known) {
			return nil, usagef("--fault %s: want NAME, or NAME:system=SYSTEM, NAME:formation=FORMATION or NAME:tenant=TENANT", text)
		}
	}
	return list, nil
}

func (o *execOptions) config(c *cobra.Command) (landscape.Config, error) {
	cfg := defaultLandscape()
	cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Edition, cfg.ReadSeed = o.edition, seed.Configure
	cfg.Log = slog.New(slog.NewTextHandler(c.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelError}))
	if o.seed != "" {
		file, err := seed.Load(o.seed)
		if err == nil {
			err = file.Apply(&cfg)
		}
		if err != nil {
			return cfg, seedFailure(o.seed, err)
		}
	}
	if err := setStrict(c.Flags(), &cfg.Strict, o.strict, o.strictOff); err != nil {
		return cfg, err
	}
	if cfg.Seed == 0 {
		cfg.Seed = cfg.Strict.Seed
	}
	if cfg.Seed == 0 { // one that the report can name
		cfg.Seed = rand.Uint64()>>1 | 1
	}
	return cfg, nil
}

// run carries out exec.
func (o *execOptions) run(c *cobra.Command, command []string) (err error) {
	systems, err := o.registrations()
	if err != nil {
		return err
	}
	recipes, err := o.recipes()
	if err != nil {
		return err
	}
	cfg, err := o.config(c)
	if err != nil {
		return err
	}
	tracing, flush, err := openTracing(c.Context(), "", cfg.Log)
	if err != nil {
		return err
	}
	defer flush()
	cfg.Tracing = tracing
	// From here on signals are the command's.
	signals := make(chan os.Signal, 16)
	signal.Reset(os.Interrupt, syscall.SIGTERM)
	signal.Notify(signals, passedOn...)
	defer signal.Stop(signals)

	if o.report != "" {
		if err := os.MkdirAll(o.report, 0o755); err != nil {
			return &failure{"Cannot write the report", err.Error(), "Name a folder: --report DIR."}
		}
	}
	x, err := startExecution(c.Context(), cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.close()) }()
	if err := x.prepare(c.Context(), systems, recipes); err != nil {
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "pairsim %s, a simulator with throwaway keys: %s, %s, %s\n", version, x.landscape.HTTP, x.landscape.MTLS, x.landscape.Control)
	status, problem := x.command(c, command, signals)
	if o.report != "" {
		if err := x.report(c.Context(), o.report, command, status); err != nil {
			printFailure(c.ErrOrStderr(), &failure{"Cannot write the report", err.Error(), "Look at the folder: --report DIR."})
			if status == exitDone {
				status = exitRefused
			}
		}
	}
	if problem != nil {
		printFailure(c.ErrOrStderr(), problem)
	}
	if status != exitDone {
		return ended(status)
	}
	return nil
}

// execution is a landscape for one command.
type execution struct {
	config    landscape.Config
	landscape *landscape.Landscape
	folder    string // for what the command is given as files
	client    *client
	tokenURLs []string
}

func startExecution(ctx context.Context, cfg landscape.Config) (*execution, error) {
	l, err := landscape.Start(ctx, cfg)
	if err != nil {
		return nil, startFailure(err)
	}
	x := &execution{config: cfg, landscape: l}
	if x.folder, err = os.MkdirTemp("", "pairsim-exec-"); err == nil {
		err = os.WriteFile(x.caFile(), l.CAPEM, 0o600)
	}
	if err == nil {
		x.client, err = newClient(clientOptions{server: l.HTTP, control: l.Control, ca: x.caFile(), env: "default"})
	}
	if err != nil {
		return nil, errors.Join(startFailure(err), x.close())
	}
	return x, nil
}

func (x *execution) caFile() string { return filepath.Join(x.folder, "ca.pem") }

// close leaves nothing behind.
func (x *execution) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if x.client != nil {
		x.client.http.CloseIdleConnections()
	}
	err := x.landscape.Close(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil // a request of the command that did not end; its connection was cut
	}
	if x.folder != "" {
		err = errors.Join(err, os.RemoveAll(x.folder))
	}
	return err
}

// prepare registers systems, gets their tokens, and then lets things go wrong.
func (x *execution) prepare(ctx context.Context, systems []registration, recipes []recipe) error {
	accounts, err := x.client.operator.GlobalAccounts(ctx)
	if err != nil {
		return err
	}
	for _, r := range systems {
		s, err := x.client.operator.Register(ctx, accounts[0].ID, r.name, r.systemType)
		if err != nil {
			return err
		}
		token := s.IntegrationToken
		if token == nil {
			issued, err := x.client.operator.IssueToken(ctx, s.ID)
			if err != nil {
				return err
			}
			token = &issued
		}
		x.tokenURLs = append(x.tokenURLs, token.TokenURL)
	}
	for _, r := range recipes {
		if _, _, err := x.client.control.ApplyRecipe(ctx, r.name, r.target); err != nil {
			return fmt.Errorf("--fault %s: %w", r.name, err)
		}
	}
	return nil
}

// environment is the command's.
func (x *execution) environment() []string {
	env := append(os.Environ(),
		"PAIRSIM_URL="+x.landscape.HTTP, "PAIRSIM_MTLS_URL="+x.landscape.MTLS, "PAIRSIM_CONTROL_URL="+x.landscape.Control,
		"PAIRSIM_CA="+x.caFile(), "PAIRSIM_ENV=default")
	for i, url := range x.tokenURLs {
		name := "PAIRSIM_TOKEN_URL"
		if i > 0 {
			name = fmt.Sprintf("PAIRSIM_TOKEN_URL_%d", i+1)
		}
		env = append(env, name+"="+url)
	}
	return env
}

// notRun explains why a command could not be run, with the exit status for it.
func notRun(err error) (problem *failure, status int) {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
		return &failure{"Command not found", err.Error(), "Name a program of PATH, or the path of one."}, exitNotFound
	}
	return &failure{"Command cannot be run", err.Error(), "Look at its permissions."}, exitNotExecutable
}

// command runs the command to its end and returns its exit status, with the
// reason when it could not be run.
func (x *execution) command(c *cobra.Command, command []string, signals <-chan os.Signal) (int, error) {
	run := exec.Command(command[0], command[1:]...)
	run.Env, run.Stdin, run.Stdout, run.Stderr = x.environment(), c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr()
	own := ownGroup(run)
	if err := run.Start(); err != nil {
		problem, status := notRun(err)
		return status, problem
	}
	done := make(chan struct{})
	passing := make(chan struct{})
	go func() {
		defer close(passing)
		for {
			select {
			case s := <-signals:
				own.signal(run, s)
			case <-done:
				return
			}
		}
	}()
	err := run.Wait()
	close(done)
	<-passing
	own.end(run)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return exitRefused, &failure{"Command failed", err.Error(), ""}
	}
	return statusOf(run.ProcessState), nil
}
