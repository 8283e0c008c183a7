package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/features/verify"
	"github.com/pairsim/pairsim/internal/report"
	"github.com/pairsim/pairsim/internal/systemroots"
)

func newVerifyCommand() *cobra.Command {
	return newGroup("verify", "Hold a server to what the features say, or a client to what the documents promise it",
		newVerifyFeaturesCommand(), newVerifyClientCommand())
}

// verifyOptions are the settings of verify features.
type verifyOptions struct {
	target, control, controlKey, ca string
	tags                            string
	features, reports, tokenURLs    []string
	tokenCommand                    string
	concurrency                     int
	quiet, apart                    bool
	hung                            error // what became of tokenCommand
}

// reportFiles are what a report is called unless its file is named.
var reportFiles = map[string]string{
	"junit": "pairsim-junit.xml", "cucumber": "pairsim-cucumber.json", "messages": "pairsim-messages.ndjson", "html": "pairsim-report.html",
}

func newVerifyFeaturesCommand() *cobra.Command {
	var o verifyOptions
	c := &cobra.Command{
		Use:   "features",
		Short: "Carry out the features against a server that runs",
		Long: `Carry out the features, which are part of this binary, against a server that runs.

A pairsim is asked for an environment for each scenario, which is removed with it: the server's own data stay as they are. That
needs its control listener (--control); without it only scenarios tagged @wire can be held against it.

A registry of somebody else is held to the scenarios tagged @wire, which need a fresh token URL each: --token-url, repeated, or
--token-command, which prints one each time it runs.

A scenario passes, fails, or is not applicable to this target; the table tells why. The exit code is 1 when one fails.`,
		Example: `  pairsim verify features --target http://127.0.0.1:8080 --control http://127.0.0.1:8081
  pairsim verify features --target http://127.0.0.1:8080 --control http://127.0.0.1:8081 --tags @wire --report html=report.html
  pairsim verify features --token-command ./new-token-url.sh --ca registry-ca.pem --report junit`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	flags := c.Flags()
	flags.StringVar(&o.target, "target", "", "base `URL` of the server")
	flags.StringVar(&o.control, "control", "", "base `URL` of its control listener; unless given, none is used")
	flags.StringVar(&o.controlKey, "control-key", "", "`KEY` that its control listener asks for")
	flags.StringVar(&o.ca, "ca", "", "PEM `FILE` with the CA of its TLS listener; unless given, a pairsim's is asked for")
	flags.StringVar(&o.tags, "tags", "", "`EXPRESSION` that selects scenarios, as \"@wire && ~@invariant-3\"")
	flags.StringArrayVar(&o.features, "feature", nil, "feature `FILE` to carry out, as pairing.feature; repeatable, all unless given")
	flags.StringArrayVar(&o.reports, "report", nil, "report to write, as `FORM[=FILE]`: junit, cucumber, messages, html; repeatable")
	flags.StringArrayVar(&o.tokenURLs, "token-url", nil, "fresh token `URL` of a foreign registry; repeatable, one for each scenario")
	flags.StringVar(&o.tokenCommand, "token-command", "", "`COMMAND` that prints a fresh token URL of a foreign registry, run by sh")
	flags.BoolVar(&o.apart, "apart", false, "the server cannot call this process, as from a container: what needs that is not applicable")
	flags.IntVar(&o.concurrency, "concurrency", 4, "scenarios at once; with token URLs always one")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "show failures only, and the counts")
	return c
}

func (o *verifyOptions) run(c *cobra.Command) error {
	options, err := o.options()
	if err != nil {
		return err
	}
	notCarriedOut := func(err error) error {
		return &failure{"The features were not carried out", err.Error(), "Look at --tags, --feature and --report"}
	}
	if err := options.Selects(o.foreign()); err != nil {
		return notCarriedOut(err)
	}
	target, err := o.verified(c.Context())
	if err != nil {
		return err
	}
	if err := target.Reachable(c.Context()); err != nil {
		return unusable(err)
	}
	out := c.OutOrStdout()
	options.Progress = func(r verify.Result) { o.show(out, r) }
	report, err := verify.Run(c.Context(), target, options)
	if errors.Is(err, context.Canceled) {
		return &failure{"Interrupted", fmt.Sprintf("%d scenarios had ended", len(report.Results)), "Run it again for the others"}
	}
	if err != nil {
		return notCarriedOut(err)
	}
	showReasons(out, report)
	failed := report.Count(verify.Failed)
	fmt.Fprintf(out, "\n%d passed, %d failed, %d not applicable, in %s\n",
		report.Count(verify.Passed), failed, report.Count(verify.NotApplicable), report.Took.Round(100*time.Millisecond))
	switch {
	case failed > 0:
		return ended(exitRefused)
	case report.Count(verify.Passed) == 0: // nothing is proved
		return &failure{"No scenario was applicable to the target", "each one tells above what it needs", "Give --control for a pairsim, --token-url or --token-command for another registry"}
	}
	return nil
}

// foreign says whether the target is known by its token URLs alone.
func (o *verifyOptions) foreign() bool { return len(o.tokenURLs) > 0 || o.tokenCommand != "" }

// unusable tells of a target that no scenario can be held against.
func unusable(err error) error {
	next := "Start it, or correct --target, --control and --ca"
	var stranger x509.UnknownAuthorityError
	if errors.As(err, &stranger) {
		next = "Give the CA of its TLS listener: --ca FILE (a pairsim shows it at http://HOST:PORT/ca.pem)"
	}
	return &failure{"The target cannot be verified", err.Error(), next}
}

// show tells of a scenario that has ended.
func (o *verifyOptions) show(out io.Writer, r verify.Result) {
	if r.Outcome != verify.Failed && o.quiet {
		return
	}
	fmt.Fprintf(out, "%-14s  %s: %s", r.Outcome, r.Place(), printable(r.Name))
	switch r.Outcome {
	case verify.Failed:
		fmt.Fprintf(out, "\n                at: %s\n                %s", printable(r.Step), strings.ReplaceAll(printableLines(r.Reason), "\n", "\n                "))
	case verify.NotApplicable:
		fmt.Fprintf(out, " (%s)", printable(r.Reason))
	case verify.Passed:
	}
	fmt.Fprintln(out)
}

// showReasons tells why scenarios are not applicable, and how many for each reason.
func showReasons(out io.Writer, report verify.Report) {
	counts := map[string]int{}
	for _, r := range report.Results {
		if r.Outcome == verify.NotApplicable {
			counts[r.Reason]++
		}
	}
	reasons := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	if len(reasons) > 0 {
		fmt.Fprintln(out, "\nnot applicable:")
	}
	for _, why := range reasons {
		fmt.Fprintf(out, "  %4d  %s\n", counts[why], printable(why))
	}
}

func (o *verifyOptions) options() (verify.Options, error) {
	v := verify.Options{Tags: o.tags, Paths: o.features, Concurrency: o.concurrency}
	if o.concurrency < 1 || o.concurrency > 64 {
		return v, usagef("--concurrency is %d; it must be 1 to 64", o.concurrency)
	}
	if err := verify.CheckTags(o.tags); err != nil {
		return v, usagef("--tags: %v", err)
	}
	for _, file := range o.features {
		if !slices.Contains(verify.Files(), file) {
			return v, usagef("--feature %s: there is none; they are %s", file, strings.Join(verify.Files(), ", "))
		}
	}
	return v, reportsTo(o.reports, reportFiles, map[string]*string{"junit": &v.JUnit, "cucumber": &v.Cucumber, "messages": &v.Messages, "html": &v.HTML})
}

// reportsTo reads --report FORM[=FILE] into where the files of each form are named. A
// file that cannot be written is told before anything runs.
func reportsTo(flags []string, usual map[string]string, files map[string]*string) error {
	for _, text := range flags {
		form, file, _ := strings.Cut(text, "=")
		into := files[form]
		if into == nil {
			return usagef("--report %s: forms are %s", text, strings.Join(slices.Sorted(maps.Keys(files)), ", "))
		}
		*into = cmp.Or(file, usual[form])
		if err := report.Writable(*into); err != nil {
			return &failure{"Cannot write the report", err.Error(), "Name a file in a folder that is there: --report " + form + "=FILE"}
		}
	}
	return nil
}

// verified is the target that the flags name.
func (o *verifyOptions) verified(ctx context.Context) (verify.Target, error) {
	roots, err := readRoots(o.ca)
	t := verify.Target{HTTP: strings.TrimRight(o.target, "/"), Control: strings.TrimRight(o.control, "/"), ControlKey: o.controlKey, Apart: o.apart, Roots: roots}
	if err != nil {
		return t, err
	}
	switch {
	case len(o.tokenURLs) > 0 && o.tokenCommand != "":
		return t, usagef("--token-url and --token-command: give one of them")
	case len(o.tokenURLs) > 0:
		for _, text := range o.tokenURLs {
			if err := checkBase("--token-url", text, true); err != nil {
				return t, err
			}
		}
		t.TokenURL, t.Foreign = verify.TokenURLs(o.tokenURLs), basesOf(o.tokenURLs)
	case o.tokenCommand != "":
		if t.TokenURL, t.Foreign, err = o.askedForTokenURLs(ctx); err != nil {
			return t, err
		}
	case o.target == "":
		return t, usagef("say what to verify: --target URL, or --token-url URL")
	}
	for flag, base := range map[string]string{"--target": t.HTTP, "--control": t.Control} {
		if base != "" {
			if err := checkBase(flag, base, false); err != nil {
				return t, err
			}
		}
	}
	if t.Roots == nil && t.HTTP != "" {
		t.Roots = ownRoots(ctx, t.HTTP)
	}
	return t, nil
}

// basesOf are the servers of URLs, each once. The URLs have been checked.
func basesOf(urls []string) (bases []string) {
	for _, text := range urls {
		if u, err := url.Parse(text); err == nil {
			bases = append(bases, u.Scheme+"://"+u.Host)
		}
	}
	slices.Sort(bases)
	return slices.Compact(bases)
}

func checkBase(flag, text string, withQuery bool) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" && !withQuery {
		return usagef("%s: want http(s)://HOST[:PORT]", flag)
	}
	return nil
}

// tokenCommandTimeout is how long it may take to get a token URL.
const tokenCommandTimeout = 15 * time.Second

// askedForTokenURLs are those that the command prints, and the server of the first, for
// which it is run at once: a command that prints none is told before scenarios fail.
func (o *verifyOptions) askedForTokenURLs(ctx context.Context) (next func(context.Context) (string, error), bases []string, err error) {
	first, err := o.askForTokenURL(ctx)
	if err != nil {
		return nil, nil, &failure{"The target cannot be verified", err.Error(), "Run it by hand: it prints one fresh token URL, and ends with status 0"}
	}
	var asked atomic.Bool
	return func(ctx context.Context) (string, error) {
		if !asked.Swap(true) {
			return first, nil
		}
		return o.askForTokenURL(ctx)
	}, basesOf([]string{first}), nil
}

// askForTokenURL runs the command for a token URL. What it says on its standard
// error is the user's to see; its output, a secret, is not told again.
func (o *verifyOptions) askForTokenURL(ctx context.Context) (string, error) {
	if o.hung != nil {
		return "", o.hung
	}
	bounded, cancel := context.WithTimeout(ctx, tokenCommandTimeout)
	defer cancel()
	var wrote, errs tail
	run := exec.Command("sh", "-c", o.tokenCommand) //nolint:gosec,noctx // the user's own command, which is ended as a group
	run.Stdout, run.Stderr = &wrote, &errs
	var exited *exec.ExitError
	err := runGroup(bounded, run)
	switch {
	case ctx.Err() == nil && bounded.Err() != nil:
		o.hung = fmt.Errorf("the command for token URLs did not end within %s, was ended, and is not run again", tokenCommandTimeout)
		return "", o.hung
	case errors.As(err, &exited):
		said := strings.TrimSpace(printableLines(errs.String()))
		return "", fmt.Errorf("the command for token URLs ended with status %d, and said: %.300s", statusOf(run.ProcessState), cmp.Or(said, "nothing"))
	case err != nil:
		return "", fmt.Errorf("the command for token URLs: %w", err)
	}
	text := strings.TrimSpace(wrote.String())
	if checkBase("", text, true) != nil || strings.ContainsAny(text, " \n") {
		return "", errors.New("the command for token URLs printed something else than one http or https URL")
	}
	return text, nil
}

// ownRoots are the CA that a pairsim shows at /ca.pem beside the system's; nil if
// the target shows none.
func ownRoots(ctx context.Context, base string) *x509.CertPool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/ca.pem", nil)
	if err != nil {
		return nil
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close() //nolint:errcheck // it is only read
	text, err := io.ReadAll(io.LimitReader(response.Body, maxInput))
	if err != nil || response.StatusCode != http.StatusOK {
		return nil
	}
	roots, err := systemroots.Pool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil
	}
	return roots
}
