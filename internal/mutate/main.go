// Command mutate shows that the tests bite: it breaks rules of the product on
// purpose, one declared edit at a time, each on a copy, and expects tests to fail.
// An edit that no test notices has survived, which is a finding: a test is missing.
//
// Usage, in the module's root (make mutate):
//
//	go run ./internal/mutate [-only NAME,…] [-list] [-update]
//
// It ends with status 1 when an edit survives that is not declared as one that no
// test can notice, and with 2 when a declaration is broken: the old text is not
// there exactly once, the edit does not compile, or the tests fail without it.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// The exit statuses.
const (
	allCaught = iota
	someSurvived
	someBroken
)

func main() {
	only := flag.String("only", "", "judge only the mutations of these `names` or patterns (token-*), with commas between")
	list := flag.Bool("list", false, "list the mutations, judge none")
	update := flag.Bool("update", false, "write what was found to "+resultsFile)
	limit := flag.Duration("timeout", 2*time.Minute, "how long the tests of a package may take")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	chosen, err := choose(mutations(), *only)
	if err == nil && *list {
		err = printList(os.Stdout, chosen)
	}
	if err != nil || *list {
		os.Exit(complain(err))
	}
	root, err := os.Getwd()
	if err != nil {
		os.Exit(complain(err))
	}
	r := &runner{root: root, limit: *limit, baselines: map[tests]error{}, log: os.Stderr}
	started := time.Now()
	outcomes := r.judgeAll(ctx, chosen)
	status := printReport(os.Stdout, chosen, outcomes)
	fmt.Printf("%d mutations in %s\n", len(outcomes), time.Since(started).Round(time.Second))
	if *update { // also of a run that was interrupted
		err = writeResults(resultsFile, mutations(), outcomes)
	}
	if err := errors.Join(ctx.Err(), err); err != nil {
		status = complain(err)
	}
	os.Exit(status)
}

func complain(err error) int {
	if err == nil {
		return allCaught
	}
	fmt.Fprintln(os.Stderr, "mutate:", err)
	return someBroken
}

// choose returns the mutations that one of the patterns matches; "" matches all.
func choose(all []mutation, patterns string) ([]mutation, error) {
	if patterns == "" {
		return all, nil
	}
	var chosen []mutation
	for pattern := range strings.SplitSeq(patterns, ",") {
		before := len(chosen)
		for _, m := range all {
			if ok, err := path.Match(pattern, m.Name); err != nil {
				return nil, err
			} else if ok {
				chosen = append(chosen, m)
			}
		}
		if len(chosen) == before {
			return nil, fmt.Errorf("there is no mutation %q; -list shows them", pattern)
		}
	}
	return chosen, nil
}

func (r *runner) judgeAll(ctx context.Context, chosen []mutation) []outcome {
	var outcomes []outcome
	for i := range chosen {
		o := r.judge(ctx, &chosen[i])
		if ctx.Err() != nil {
			break
		}
		outcomes = append(outcomes, o)
		fmt.Fprintf(r.log, "%3d/%d %-10s %s (%s)\n", i+1, len(chosen), o.word(), o.Name, o.Took.Round(100*time.Millisecond))
	}
	return outcomes
}

// word says how it ended.
func (o *outcome) word() string {
	switch {
	case o.Broken != nil:
		return "BROKEN"
	case o.Outcome == caught:
		return caught
	case o.Known != "":
		return "known"
	}
	return "SURVIVED"
}

func printList(w io.Writer, chosen []mutation) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, m := range chosen {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", m.Name, m.Rule, m.File, m.Breaks)
	}
	return errors.Join(t.Flush())
}

// printReport prints what became of the mutations, by rule, the survivors last,
// and returns the exit status.
func printReport(w io.Writer, chosen []mutation, outcomes []outcome) int {
	byRule := slices.Clone(outcomes)
	slices.SortStableFunc(byRule, func(a, b outcome) int { return cmp.Compare(a.Rule, b.Rule) })
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "MUTATION\tRULE\tCAUGHT BY\tTIME")
	counts := map[string]int{}
	for _, o := range byRule {
		by := strings.Join(o.CaughtBy, ", ")
		switch {
		case o.TimedOut:
			by += " (the tests did not end in time)"
		case by == "":
			by = o.word()
		}
		counts[o.word()]++
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", o.Name, o.Rule, by, o.Took.Round(100*time.Millisecond))
	}
	_ = t.Flush()
	of := map[string]*mutation{}
	for i := range chosen {
		of[chosen[i].Name] = &chosen[i]
	}
	printSection(w, "Not noticeable, as declared", byRule, "known", func(o outcome) string { return of[o.Name].diff() + "    " + o.Known + "\n" })
	printSection(w, "Broken declarations", byRule, "BROKEN", func(o outcome) string { return "    " + o.Broken.Error() + "\n" })
	printSection(w, "Survivors: no test notices these edits", byRule, "SURVIVED", func(o outcome) string { return of[o.Name].diff() })
	fmt.Fprintf(w, "\n%d caught, %d not noticeable, %d broken, %d survived\n", counts[caught], counts["known"], counts["BROKEN"], counts["SURVIVED"])
	switch {
	case counts["BROKEN"] > 0:
		return someBroken
	case counts["SURVIVED"] > 0:
		return someSurvived
	}
	return allCaught
}

func printSection(w io.Writer, heading string, outcomes []outcome, word string, detail func(outcome) string) {
	first := true
	for _, o := range outcomes {
		if o.word() != word {
			continue
		}
		if first {
			fmt.Fprintf(w, "\n%s\n", heading)
			first = false
		}
		fmt.Fprintf(w, "\n  %s (%s), %s: %s\n%s", o.Name, o.Rule, o.File, o.Breaks, detail(o))
	}
}
