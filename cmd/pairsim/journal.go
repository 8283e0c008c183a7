package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newJournalCommand() *cobra.Command {
	var follow bool
	var format, system, kind string
	var limit int
	c := newClientCommand(&cobra.Command{
		Use:   "journal",
		Short: "Show what happened: requests, decisions, transitions, refusals with their sources",
		Long: `Show what happened: requests, decisions, transitions and refusals with the rule and the document they rest on.
Secrets are never in it. The server keeps the latest 8192 entries.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if follow && format == "json" {
				return usagef("--follow does not end, so there is no JSON array to write; use --format ndjson")
			}
			if limit < 0 {
				return usagef("--limit %d: must be 1 or more", limit)
			}
			k, err := connect(c)
			if err != nil {
				return err
			}
			filter := btpclient.JournalFilter{Kind: kind, Limit: 1000}
			if filter.System, err = k.systemID(c.Context(), account(c), system); err != nil {
				return err
			}
			return k.journal(c.Context(), c.OutOrStdout(), filter, format, limit, follow)
		},
	})
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what happens from now on")
	c.Flags().StringVar(&system, "system", "", "only about this system, `NAME` or id")
	c.Flags().IntVar(&limit, "limit", 0, "only the latest `N` entries; 0 is all")
	choiceFlag(c, &kind, "kind", "", "", "only of this kind", kindNames()...)
	choiceFlag(c, &format, "format", "", "table", "format", "table", "json", "ndjson")
	accountFlag(c)
	return c
}

func kindNames() []string {
	var names []string
	for _, kind := range []btp.EntryKind{btp.EntryRequest, btp.EntryDecision, btp.EntryRefusal, btp.EntryTransition, btp.EntryDue} {
		names = append(names, string(kind))
	}
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
	entries := []btpclient.JournalEntry{}
	for {
		page, next, err := k.control.Journal(ctx, filter)
		if err != nil {
			return err
		}
		entries = append(entries, page...)
		if next == filter.After || len(page) == 0 {
			break
		}
		filter.After = next
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
