package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newJournalCommand() *cobra.Command {
	var follow bool
	var format string
	var limit int
	var m matchFlags
	c := newClientCommand(&cobra.Command{
		Use:   "journal",
		Short: "Show what happened: requests, decisions, transitions, refusals with their sources",
		Long: `Show what happened: requests, decisions, transitions, refusals and calls to tenants, with the rule that answered and the
document it rests on. Secrets are never in it. What a request said is shown by its number: journal show SEQ. The server keeps the latest 8192 entries in memory and, with --data FILE,
some more beside the file (FILE.journal/), where it finds them when it starts again.

As mermaid or svg it is a sequence diagram: who asked whom, and what came of it.`,
		Example: `  pairsim journal --system "Web Shop"
  pairsim journal --kind refusal --point 'pairing.*' --from 2030-01-01T10:00:00Z
  pairsim journal --system "Web Shop" --format svg > shop.svg
  pairsim journal show 12
  pairsim journal verify --method POST --path /v1/applications/certificates --status 201 --exactly 1`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if follow && format != "table" && format != "ndjson" {
				return usagef("--follow does not end, so there is no whole to write as %s; use --format ndjson", format)
			}
			if limit < 0 {
				return usagef("--limit %d: must be 1 or more", limit)
			}
			k, err := connect(c)
			if err != nil {
				return err
			}
			filter := btpclient.JournalFilter{Limit: 1000}
			if filter.EntryMatch, err = m.match(c, k); err != nil {
				return err
			}
			if form, drawn := diagrams[format]; drawn {
				return k.diagram(c, filter, form, limit)
			}
			return k.journal(c.Context(), c.OutOrStdout(), filter, format, limit, follow)
		},
	})
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what happens from now on")
	c.Flags().IntVar(&limit, "limit", 0, "only the latest `N` entries; 0 is all")
	m.addTo(c)
	choiceFlag(c, &format, "format", "", "table", "format", "table", "json", "ndjson", "mermaid", "svg")
	accountFlag(c)
	c.AddCommand(newShowJournalCommand(), newVerifyJournalCommand())
	return c
}

// diagrams are the formats that are drawn by the server.
var diagrams = map[string]string{"mermaid": btpclient.Mermaid, "svg": btpclient.SVG}

// matchFlags say which entries are meant.
type matchFlags struct {
	btpclient.EntryMatch
	from, to string
}

func (m *matchFlags) addTo(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&m.System, "system", "", "only about this system, `NAME` or id")
	flags.StringVar(&m.Formation, "formation", "", "only about this formation, `NAME` or id")
	flags.StringVar(&m.Tenant, "tenant", "", "only of this `TENANT`")
	flags.StringVar(&m.Point, "point", "", "only at this `POINT` of a flow, or at all of a flow: pairing.*")
	flags.StringVar(&m.Rule, "rule", "", "only by this `RULE`: the code of a refusal")
	flags.StringVar(&m.Source, "source", "", "only resting on this `DOCUMENT`")
	flags.StringVar(&m.Method, "method", "", "only requests with this `METHOD`")
	flags.StringVar(&m.Path, "path", "", "only requests to this `PATH`, in which a part may be *")
	flags.StringVar(&m.PathPrefix, "path-prefix", "", "only requests to paths that begin with `PREFIX`")
	flags.StringVar(&m.Status, "status", "", "only requests answered with this `STATUS`, or with all of a hundred: 4xx")
	flags.Uint64Var(&m.Request, "request", 0, "only what came from the request with this `NUMBER`")
	flags.StringVar(&m.from, "from", "", "only from this `INSTANT` on (RFC 3339), on the environment's clock")
	flags.StringVar(&m.to, "to", "", "only before this `INSTANT`")
	choiceFlag(c, &m.Kind, "kind", "", "", "only of this kind", kindNames()...)
	_ = c.RegisterFlagCompletionFunc("point", cobra.FixedCompletions(pointNames(), cobra.ShellCompDirectiveNoFileComp)) // fails for a flag that is not there only
}

// match reads the instants, and finds the system.
func (m *matchFlags) match(c *cobra.Command, k *client) (match btpclient.EntryMatch, err error) {
	match = m.EntryMatch
	for _, bound := range []struct {
		flag, text string
		at         *time.Time
	}{{"from", m.from, &match.From}, {"to", m.to, &match.To}} {
		if bound.text == "" {
			continue
		}
		if *bound.at, err = time.Parse(time.RFC3339Nano, bound.text); err != nil {
			return match, usagef("--%s %s: want an instant such as 2030-01-01T10:00:00Z", bound.flag, bound.text)
		}
	}
	match.System, err = k.systemID(c.Context(), account(c), match.System)
	return match, err
}

func kindNames() []string {
	names := make([]string, len(btp.EntryKinds))
	for i, kind := range btp.EntryKinds {
		names[i] = string(kind)
	}
	return names
}

func pointNames() []string {
	names := make([]string, 0, len(btp.Points))
	for p := range btp.Points {
		names = append(names, string(p))
	}
	slices.Sort(names)
	return names
}

// systemID is the id of a system; one that is gone is taken to be named by its id.
func (k *client) systemID(ctx context.Context, account, nameOrID string) (string, error) {
	if nameOrID == "" {
		return "", nil
	}
	s, err := k.system(ctx, account, nameOrID)
	if btpclient.CodeOf(err) == string(btp.SystemNotFound) {
		return nameOrID, nil
	}
	return s.ID, err
}

func (k *client) journal(ctx context.Context, w io.Writer, filter btpclient.JournalFilter, format string, limit int, follow bool) error {
	entries, err := k.entries(ctx, &filter)
	if err != nil {
		return err
	}
	if limit > 0 && len(entries) > limit {
		entries = entries[len(entries)-limit:]
	}
	if format == "json" {
		return writeJSON(w, entries)
	}
	for _, entry := range entries {
		if err := writeEntry(w, format, entry); err != nil {
			return err
		}
	}
	if !follow {
		return nil
	}
	filter.Limit = 0
	return writeAll(w, format, k.control.FollowJournal(ctx, filter))
}

// entries reads all that matches, page by page, and leaves in filter where to go on.
func (k *client) entries(ctx context.Context, filter *btpclient.JournalFilter) ([]btpclient.JournalEntry, error) {
	entries := []btpclient.JournalEntry{}
	for {
		page, next, err := k.control.Journal(ctx, *filter)
		if err != nil {
			return nil, err
		}
		entries = append(entries, page...)
		if next == filter.After || len(page) == 0 {
			return entries, nil
		}
		filter.After = next
	}
}

// diagram writes the picture that the server draws of the latest entries.
func (k *client) diagram(c *cobra.Command, filter btpclient.JournalFilter, form string, limit int) error {
	if limit > 0 {
		pages := filter
		entries, err := k.entries(c.Context(), &pages)
		if err != nil {
			return err
		}
		if len(entries) > limit {
			filter.After = entries[len(entries)-limit].Seq - 1
		}
	}
	drawn, err := k.control.JournalDiagram(c.Context(), filter, form)
	if err == nil {
		_, err = c.OutOrStdout().Write(drawn)
	}
	return err
}

func writeAll(w io.Writer, format string, entries iter.Seq2[btpclient.JournalEntry, error]) error {
	for entry, err := range entries {
		if err == nil {
			err = writeEntry(w, format, entry)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeEntry writes one line: columns of fixed width, so that a stream stays a table.
func writeEntry(w io.Writer, format string, e btpclient.JournalEntry) error {
	if format == "ndjson" {
		line, err := json.Marshal(e)
		if err == nil {
			_, err = fmt.Fprintf(w, "%s\n", line)
		}
		return err
	}
	what := e.Point
	if e.Method != "" {
		what = strings.TrimSpace(e.Method + " " + e.Path + " → " + strconv.Itoa(e.Status))
	}
	var about []string
	for _, part := range []string{e.Subject.Name, e.Subject.Tenant, e.Rule, e.Detail} {
		if part != "" {
			about = append(about, part)
		}
	}
	if e.Source != "" {
		about = append(about, "["+e.Source+"]")
	}
	line := fmt.Sprintf("%5d  %s  %-10s  %-24s  %s", e.Seq, e.At.UTC().Format("2006-01-02T15:04:05.000Z"), printable(e.Kind),
		printable(what), printable(strings.Join(about, ", ")))
	_, err := fmt.Fprintln(w, strings.TrimRight(line, " "))
	return err
}
