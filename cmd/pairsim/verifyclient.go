package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/clientcheck"
)

// verifyClientOptions are the settings of verify client.
type verifyClientOptions struct {
	seeds               int
	edition, systemType string
	checks, reports     []string
	renewCommand        string
	revokeCommand       string
	timeout             time.Duration
	quiet, list         bool
}

// clientReportFiles are what a report is called unless its file is named.
var clientReportFiles = map[string]string{"junit": "pairsim-client-junit.xml", "html": "pairsim-client-report.html"}

func newVerifyClientCommand() *cobra.Command {
	var o verifyClientOptions
	c := &cobra.Command{
		Use:   "client [flags] -- COMMAND [ARGUMENT]...",
		Short: "Hold a connector, in any language, to what the documents promise it",
		Long: `Hold a connector of yours, in any language, to what the documents promise it.

COMMAND is run again and again, each time with a registry of its own in which something else happens: tokens that are expired or
used, answers that are lost, late, garbled or refused, and everything legal that no friendly server does (pairsim strict rules).
It has to pair with the token URL that it is given, and to tell by its exit status whether it could: 0 it has paired, anything
else it has not. It is judged by that, by the system's status, and by the journal.

In its arguments {tokenUrl}, {token}, {ca}, {folder} and {system} are filled in: the token URL, the token in it, a file with the CA
of the registry, a folder that is kept from run to run of one check, and the system's name. It finds the first and the others in
its environment too, as under pairsim exec: PAIRSIM_TOKEN_URL, PAIRSIM_CA, PAIRSIM_FOLDER, PAIRSIM_URL, PAIRSIM_CONTROL_URL.

With --renew-command, run by sh, it is asked to renew its certificate with what it kept in PAIRSIM_FOLDER, with --revoke-command to
revoke it.

A check passes, fails, or is not applicable to this client; the table tells what the client did wrong, the document that says so,
and what to do next. The exit code is 1 when one fails; 127 when the command is not found, 126 when it cannot be run.`,
		Example: `  pairsim verify client -- ./connector pair --ca {ca} {tokenUrl}
  pairsim verify client --seeds 50 --report html=client.html --renew-command './connector renew --state "$PAIRSIM_FOLDER"' -- \
      ./connector pair --ca {ca} --state {folder} {tokenUrl}
  pairsim verify client --check S-04 --check lost-info-answer -- npm run pair {tokenUrl}`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && !o.list {
				return errors.New("say which command pairs: pairsim verify client -- COMMAND {tokenUrl}")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if o.list {
				return listChecks(c)
			}
			return o.run(c, args)
		},
	}
	flags := c.Flags()
	flags.SetInterspersed(false) // what stands behind the command is the command's
	flags.IntVar(&o.seeds, "seeds", clientcheck.DefaultSeeds, "how often each rule of strictness is drawn anew, with the seeds 1 to this")
	choiceFlag(c, &o.edition, "edition", "", "v1", "generation of SAP's documents", "v1", "2021-10", "v2", "latest")
	flags.StringVar(&o.systemType, "type", "SAP Commerce Cloud", "`TYPE` of the system that it pairs as")
	flags.StringArrayVar(&o.checks, "check", nil, "`CHECK` to make, by id or name (--list); repeatable, all unless given")
	flags.StringVar(&o.renewCommand, "renew-command", "", "`COMMAND`, run by sh, by which it is asked to renew")
	flags.StringVar(&o.revokeCommand, "revoke-command", "", "`COMMAND`, run by sh, by which it is asked to revoke its certificate")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "how long one run of the command may take")
	flags.StringArrayVar(&o.reports, "report", nil, "report to write, as `FORM[=FILE]`: junit, html; repeatable")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "show what did not pass only")
	flags.BoolVar(&o.list, "list", false, "list the checks, and make none")
	return c
}

func listChecks(c *cobra.Command) error {
	rows := make([][]string, len(clientcheck.Checks))
	for i, one := range clientcheck.Checks {
		rows[i] = []string{one.ID, one.Name, one.Does, one.Source}
	}
	return writeTable(c.OutOrStdout(), []string{"CHECK", "NAME", "A CLIENT", "DOCUMENT"}, rows)
}

func (o *verifyClientOptions) options() (clientcheck.Options, error) {
	v := clientcheck.Options{Seeds: o.seeds, Only: o.checks, Edition: o.edition, SystemType: o.systemType}
	if o.seeds == 0 { // the package's default, were it passed on
		return v, usagef("--seeds is 0; it must be 1 to 1000")
	}
	if err := v.Check(); err != nil {
		return v, usagef("--seeds, --check: %v (pairsim verify client --list)", err)
	}
	if _, err := btp.TypeNamed(o.systemType); err != nil {
		return v, usagef("--type %s: %s", o.systemType, failureOf(err).detail)
	}
	if o.timeout < time.Second || o.timeout > time.Hour {
		return v, usagef("--timeout is %s; it must be 1s to 1h", o.timeout)
	}
	return v, reportsTo(o.reports, clientReportFiles, map[string]*string{"junit": &v.JUnit, "html": &v.HTML})
}

func (o *verifyClientOptions) run(c *cobra.Command, command []string) error {
	options, err := o.options()
	if err != nil {
		return err
	}
	for _, argument := range command {
		if wrote, meant, misspelt := clientcheck.Misspelt(argument); misspelt {
			return usagef("%s is no placeholder; write %s", wrote, meant)
		}
	}
	if _, err := exec.LookPath(command[0]); err != nil {
		problem, status := notRun(err)
		printFailure(c.ErrOrStderr(), problem)
		return ended(status)
	}
	out := c.OutOrStdout()
	options.Progress = func(r clientcheck.Result) {
		if r.NeverPaired() { // what there is to see to stays in sight
			return
		}
		if r.Outcome != clientcheck.Passed || !o.quiet {
			fmt.Fprintf(out, "%-14s  %-5s  %s: %s\n", r.Outcome, r.ID, r.Name, r.Does)
		}
		line := func(label, text string) {
			if text != "" {
				fmt.Fprintf(out, "                       %s%s\n", label, strings.ReplaceAll(printableLines(text), "\n", "\n                       "))
			}
		}
		switch r.Outcome {
		case clientcheck.Failed:
			for _, wrong := range r.Wrong {
				line("wrong: ", wrong)
			}
			if r.Seed != 0 {
				line("seed: ", fmt.Sprint(r.Seed))
			}
			line("document: ", r.Source)
			line("next: ", r.Next)
			line("it wrote: ", r.Output)
		case clientcheck.NotApplicable:
			line("", r.Reason)
		case clientcheck.Passed:
		}
	}
	report, err := clientcheck.Run(c.Context(), strings.Join(command, " "), o.client(command), options)
	if err != nil {
		return &failure{"The client was not checked", err.Error(), "Run the command by hand: pairsim exec --register \"Web Shop=SAP Commerce Cloud\" -- COMMAND"}
	}
	failed := report.Count(clientcheck.Failed)
	if last := report.Results[len(report.Results)-1]; last.NeverPaired() {
		fmt.Fprintf(out, "\nnot applicable: the %d others; %s\n", report.Count(clientcheck.NotApplicable), last.Reason)
	}
	if failed > 0 {
		fmt.Fprintln(out, "\nWhat a reference behind \"document\" means: pairsim documents REFERENCE")
	}
	fmt.Fprintf(out, "\n%d passed, %d failed, %d not applicable, in %s\n",
		report.Count(clientcheck.Passed), failed, report.Count(clientcheck.NotApplicable), report.Took.Round(100*time.Millisecond))
	if err := report.Write(options); err != nil {
		return &failure{"Cannot write the report", err.Error(), "Name files in folders that are there: --report html=FILE"}
	}
	if failed > 0 {
		return ended(exitRefused)
	}
	return nil
}

// client is the command as what is checked.
func (o *verifyClientOptions) client(command []string) clientcheck.Client {
	client := clientcheck.Client{Timeout: o.timeout, TakesCA: strings.Contains(strings.Join(command, "\n"), "{ca}")}
	client.Pair = func(ctx context.Context, s clientcheck.Setting) clientcheck.Ending {
		filled := make([]string, len(command))
		for i, argument := range command {
			filled[i] = s.Fill(argument)
		}
		return runClient(ctx, s, filled)
	}
	client.Renew, client.Revoke = byShell(o.renewCommand), byShell(o.revokeCommand)
	return client
}

// byShell runs a command by sh; nil for none.
func byShell(command string) func(context.Context, clientcheck.Setting) clientcheck.Ending {
	if command == "" {
		return nil
	}
	return func(ctx context.Context, s clientcheck.Setting) clientcheck.Ending {
		return runClient(ctx, s, []string{"sh", "-c", command})
	}
}

// runClient runs a client.
func runClient(ctx context.Context, s clientcheck.Setting, command []string) clientcheck.Ending {
	run := exec.Command(command[0], command[1:]...) //nolint:gosec // the user's own command
	var wrote tail
	run.Env, run.Stdout, run.Stderr = append(os.Environ(), s.Environment()...), &wrote, &wrote
	err := runGroup(ctx, run)
	if run.ProcessState == nil {
		problem, _ := notRun(err)
		return clientcheck.Ending{Err: problem}
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return clientcheck.Ending{Err: err}
	}
	return clientcheck.Ending{Status: statusOf(run.ProcessState), Output: wrote.String()}
}

// runGroup runs a command until it ends or ctx does, and ends what is left of it and of
// what it started. There is no process state when it could not be started.
func runGroup(ctx context.Context, run *exec.Cmd) error {
	run.WaitDelay = leftoverTime // for output that something it left behind holds open
	own := ownGroup(run)
	if err := run.Start(); err != nil {
		return err
	}
	done, ending := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ending)
		select {
		case <-ctx.Done():
			own.end(run)
			_ = run.Process.Kill() // where there are no groups; it may have ended
		case <-done:
		}
	}()
	err := run.Wait()
	close(done)
	<-ending
	own.end(run)
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}

// tail keeps the end of what is written.
type tail struct {
	mu   sync.Mutex
	text []byte
	cut  bool
}

const maxTail = 4 << 10 // bytes

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - maxTail; over > 0 {
		t.text, t.cut = append(t.text[:0], t.text[over:]...), true
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := string(t.text)
	if t.cut { // not from the middle of a line, which may be that of a secret
		_, text, _ = strings.Cut(text, "\n")
	}
	return strings.ToValidUTF8(text, "�")
}
