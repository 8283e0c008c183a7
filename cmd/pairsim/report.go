package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/pairsim/pairsim/btpclient"
)

// execReport is report.json: what happened while a command ran.
type execReport struct {
	Command    []string `json:"command"`
	ExitStatus int      `json:"exitStatus"`
	Version    string   `json:"version"`
	Edition    string   `json:"edition"`
	// Seed is the environment's.
	Seed   uint64        `json:"seed"`
	Strict *strictReport `json:"strict,omitempty"`
	// Unfired are the ids of faults that never struck.
	Faults  []reportedFault `json:"faults"`
	Unfired []string        `json:"unfired"`
	// Requests counts those to the registry, Refusals what it refused, by code or
	// rule of strictness.
	Requests int              `json:"requests"`
	Refusals map[string]int   `json:"refusals"`
	Systems  []reportedSystem `json:"systems"`
	Journal  reportedJournal  `json:"journal"`
}

type strictReport struct {
	Seed    uint64           `json:"seed"`
	Tripped map[string]int64 `json:"tripped"` // by rule
	Rules   []reportedRule   `json:"rules"`
}

type reportedRule struct {
	Number    string `json:"number"`
	Name      string `json:"name"`
	On        bool   `json:"on"`
	Exercised int64  `json:"exercised"`
	Tripped   int64  `json:"tripped"`
	Mistake   string `json:"mistake,omitempty"` // of one that was tripped over
}

type reportedFault struct {
	ID     string `json:"id"`
	Point  string `json:"point"`
	Struck int    `json:"struck"`
}

type reportedSystem struct {
	ID            string                 `json:"id"`
	Name          string                 `json:"name"`
	Type          string                 `json:"type"`
	GlobalAccount string                 `json:"globalAccount"`
	Status        btpclient.SystemStatus `json:"status"`
}

type reportedJournal struct {
	File    string `json:"file"`
	Entries int    `json:"entries"`
	// Dropped are the entries that were dropped before the end: the journal is bounded.
	Dropped uint64 `json:"dropped"`
}

const (
	journalFile = "journal.ndjson"
	diagramFile = "sequence.mmd"
)

// report writes what happened into a folder.
func (x *execution) report(ctx context.Context, folder string, command []string, status int) error {
	r := execReport{
		Command: command, ExitStatus: status, Version: version, Edition: x.landscape.Edition.ID, Seed: x.config.Seed,
		Faults: []reportedFault{}, Unfired: []string{}, Refusals: map[string]int{}, Systems: []reportedSystem{},
	}
	if err := x.journal(ctx, filepath.Join(folder, journalFile), &r); err != nil {
		return err
	}
	if err := errors.Join(x.diagram(ctx, filepath.Join(folder, diagramFile)), x.strictness(ctx, &r), x.faults(ctx, &r), x.systems(ctx, &r)); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(folder, "report.json"))
	if err != nil {
		return err
	}
	return errors.Join(writeJSON(file, r), file.Close())
}

// diagram draws what the journal tells, in Mermaid's language.
func (x *execution) diagram(ctx context.Context, path string) error {
	drawn, err := x.client.control.JournalDiagram(ctx, btpclient.JournalFilter{}, btpclient.Mermaid)
	if err != nil {
		return err
	}
	return os.WriteFile(path, drawn, 0o644)
}

func (x *execution) strictness(ctx context.Context, r *execReport) error {
	state, err := x.client.control.Strictness(ctx)
	if err != nil || !state.On {
		return err
	}
	r.Strict = &strictReport{Seed: state.Seed, Tripped: map[string]int64{}}
	for _, rule := range state.Rules {
		told := reportedRule{rule.Number, rule.Name, rule.On, rule.Exercised, rule.Tripped, ""}
		if rule.Tripped > 0 {
			told.Mistake = rule.Mistake
			r.Strict.Tripped[rule.Number] = rule.Tripped
		}
		r.Strict.Rules = append(r.Strict.Rules, told)
	}
	return nil
}

func (x *execution) faults(ctx context.Context, r *execReport) error {
	faults, err := x.client.control.Faults(ctx)
	for _, f := range faults {
		r.Faults = append(r.Faults, reportedFault{f.ID, f.Point, f.Struck})
		if f.Struck == 0 {
			r.Unfired = append(r.Unfired, f.ID)
		}
	}
	return err
}

func (x *execution) systems(ctx context.Context, r *execReport) error {
	accounts, err := x.client.operator.GlobalAccounts(ctx)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		for s, err := range x.client.operator.Systems(ctx, a.ID, btpclient.SystemFilter{}) {
			if err != nil {
				return err
			}
			r.Systems = append(r.Systems, reportedSystem{s.ID, s.Name, s.Type, s.GlobalAccount, s.Status})
		}
	}
	return nil
}

// journal writes the entries as the server gives them, and counts.
func (x *execution) journal(ctx context.Context, path string, r *execReport) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	r.Journal.File = journalFile
	after := uint64(0)
	for {
		last, err := x.journalPage(ctx, after, out, r)
		if err != nil || last == after {
			return errors.Join(err, out.Flush(), file.Close())
		}
		after = last
	}
}

// journalPage copies the entries behind one, and returns the last of them.
func (x *execution) journalPage(ctx context.Context, after uint64, out io.Writer, r *execReport) (last uint64, err error) {
	const most = 1000
	url := fmt.Sprintf("%s/control/journal?limit=%d&after=%d", x.landscape.Control, most, after)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return after, err
	}
	req.Header.Set("Accept", "application/x-ndjson")
	res, err := x.client.http.Do(req)
	if err != nil {
		return after, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return after, fmt.Errorf("GET /control/journal answered %s", res.Status)
	}
	last = after
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, maxInput)
	for lines.Scan() {
		var e struct {
			Seq        uint64
			Kind, Rule string
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return last, fmt.Errorf("a line of the journal: %w", err)
		}
		if r.Journal.Entries == 0 && e.Seq > 0 {
			r.Journal.Dropped = e.Seq - 1
		}
		r.Journal.Entries++
		last = e.Seq
		switch e.Kind {
		case "request":
			r.Requests++
		case "refusal":
			r.Refusals[e.Rule]++
		}
		if _, err := fmt.Fprintf(out, "%s\n", lines.Bytes()); err != nil {
			return last, err
		}
	}
	return last, lines.Err()
}
