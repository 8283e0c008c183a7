package clientcheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/secret"
	"github.com/pairsim/pairsim/internal/strict"
)

// trial is a landscape in which a client is checked, and what it did wrong there.
type trial struct {
	client    Client
	landscape *landscape.Landscape
	http      *http.Client
	operator  *btpclient.Operator
	control   *btpclient.Control
	account   string
	system    btpclient.System // the latest that was registered
	setting   Setting
	ended     Ending // of the latest run
	timedOut  bool
	output    strings.Builder

	rule  strict.Number // that is checked; "" for none
	met   bool          // the client got an answer that the rule had a hand in
	wrong []string      // what the client did wrong
	unmet string        // why the check does not apply; "" when it does
}

// world is what a trial's landscape is made of.
type world struct {
	edition, systemType string
	seed                uint64
	strict              strict.Settings
}

// begin starts a landscape with one registered system.
func begin(ctx context.Context, c Client, w world) (t *trial, err error) {
	cfg := landscape.Default()
	cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Edition, cfg.Seed, cfg.Strict = w.edition, w.seed, w.strict
	l, err := landscape.Start(ctx, cfg)
	if err != nil {
		return nil, err
	}
	t = &trial{client: c, landscape: l, http: &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}}
	t.http.Transport.(*http.Transport).Proxy = nil // it is on this machine
	t.operator, t.control = btpclient.NewOperator(l.HTTP, t.http), btpclient.NewControl(l.Control, t.http)
	t.setting = Setting{HTTP: l.HTTP, MTLS: l.MTLS, Control: l.Control}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.end())
		}
	}()
	if t.setting.Folder, err = os.MkdirTemp("", "pairsim-client-"); err != nil {
		return nil, err
	}
	t.setting.Folder, t.setting.CAFile = filepath.Join(t.setting.Folder, "kept"), filepath.Join(t.setting.Folder, "ca.pem")
	if err := os.Mkdir(t.setting.Folder, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(t.setting.CAFile, l.CAPEM, 0o600); err != nil {
		return nil, err
	}
	accounts, err := t.operator.GlobalAccounts(ctx)
	if err != nil {
		return nil, err
	}
	if len(accounts) == 0 {
		return nil, errors.New("the landscape has no global account")
	}
	t.account = accounts[0].ID
	return t, t.register(ctx, "Web Shop", w.systemType)
}

const endWithin = 5 * time.Second

// end leaves nothing behind.
func (t *trial) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), endWithin)
	defer cancel()
	t.http.CloseIdleConnections()
	err := t.landscape.Close(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil // a request of the client that did not end; its connection was cut
	}
	if t.setting.Folder != "" {
		err = errors.Join(err, os.RemoveAll(filepath.Dir(t.setting.Folder)))
	}
	return err
}

func (t *trial) fault(format string, args ...any) {
	t.wrong = append(t.wrong, fmt.Sprintf(format, args...))
}

// register registers a further system, which is the one that pairs from now on.
func (t *trial) register(ctx context.Context, name, systemType string) error {
	s, err := t.operator.Register(ctx, t.account, name, systemType)
	if err != nil {
		return err
	}
	t.system, t.setting.System = s, s.Name
	if s.IntegrationToken != nil {
		t.setting.TokenURL, t.setting.Token = s.IntegrationToken.TokenURL, s.IntegrationToken.Token
		return nil
	}
	return t.newToken(ctx)
}

func (t *trial) newToken(ctx context.Context) error {
	token, err := t.operator.IssueToken(ctx, t.system.ID)
	t.setting.TokenURL, t.setting.Token = token.TokenURL, token.Token
	return err
}

// goesWrong sets what goes wrong for whoever pairs.
func (t *trial) goesWrong(ctx context.Context, point string, a btpclient.FaultAction, s btpclient.FaultSchedule) error {
	_, err := t.control.AddFault(ctx, btpclient.Fault{Point: point, Action: &a, Schedule: &s})
	return err
}

// struck says whether what was to go wrong has. Without it a check says nothing.
func (t *trial) struck(ctx context.Context) (bool, error) {
	list, err := t.control.UnfiredFaults(ctx)
	return len(list) == 0, err
}

// mark is the number of the newest entry of the journal.
func (t *trial) mark(ctx context.Context) (last uint64, err error) {
	for {
		entries, next, err := t.control.Journal(ctx, btpclient.JournalFilter{After: last, Limit: 1000})
		if err != nil || len(entries) == 0 || next <= last {
			return last, err
		}
		last = next
	}
}

// since are the entries behind a mark.
func (t *trial) since(ctx context.Context, mark uint64) (all []btpclient.JournalEntry, err error) {
	for {
		entries, next, err := t.control.Journal(ctx, btpclient.JournalFilter{After: mark, Limit: 1000})
		all = append(all, entries...)
		if err != nil || len(entries) == 0 || next <= mark {
			return all, err
		}
		mark = next
	}
}

// pair runs the client with the system's token.
func (t *trial) pair(ctx context.Context) ([]btpclient.JournalEntry, error) {
	return t.run(ctx, t.client.Pair)
}

// renew runs the client for a renewal.
func (t *trial) renew(ctx context.Context) ([]btpclient.JournalEntry, error) {
	return t.run(ctx, t.client.Renew)
}

// maxRepeats is how often, in one run, the same call may be made that is refused
// each time. The most patient client in the wild tries ten times (pairing-protocols
// §1.9).
const maxRepeats = 10

// run runs the client once, in time, and returns what came of it in the journal.
func (t *trial) run(ctx context.Context, do func(context.Context, Setting) Ending) ([]btpclient.JournalEntry, error) {
	mark, err := t.mark(ctx)
	if err != nil {
		return nil, err
	}
	before, err := t.exercised(ctx)
	if err != nil {
		return nil, err
	}
	within := cmp.Or(t.client.Timeout, 30*time.Second)
	bounded, cancel := context.WithTimeout(ctx, within)
	t.ended = do(bounded, t.setting)
	t.timedOut = bounded.Err() != nil && ctx.Err() == nil
	cancel()
	if err := cmp.Or(ctx.Err(), t.ended.Err); err != nil {
		return nil, err
	}
	if text := secret.Mask(strings.TrimSpace(t.ended.Output)); text != "" {
		fmt.Fprintf(&t.output, "%s\n", text)
	}
	after, err := t.exercised(ctx)
	if err != nil {
		return nil, err
	}
	t.met = t.met || after > before || t.rule == strict.ShortAttempt
	entries, err := t.since(ctx, mark)
	if err != nil {
		return nil, err
	}
	if t.timedOut {
		t.fault("it did not end within %s, and was ended; %s", within, account(entries))
	}
	refused := map[string]int{}
	for _, e := range entries {
		if e.Kind == "request" && e.Status >= http.StatusBadRequest {
			call := fmt.Sprintf("%s %s, answered %d", e.Method, e.Path, e.Status)
			if refused[call]++; refused[call] == maxRepeats+1 {
				t.fault("it made the same call more than %d times, though it was refused each time: %s", maxRepeats, call)
			}
		}
	}
	return entries, nil
}

// account tells how a run went, from the registry's side.
func account(entries []btpclient.JournalEntry) string {
	var last, refusal *btpclient.JournalEntry
	for i, e := range entries {
		switch e.Kind {
		case "request":
			if !strings.HasPrefix(e.Path, "/control") {
				last = &entries[i]
			}
		case "refusal":
			refusal = &entries[i]
		}
	}
	switch {
	case last == nil:
		return "it called nothing"
	case refusal != nil && (refusal.Request == last.Request || refusal.Method == last.Method && refusal.Path == last.Path):
		return fmt.Sprintf("its last call, %s %s, was refused with %d: %s", last.Method, last.Path, last.Status, told(refusal))
	}
	text := fmt.Sprintf("its last call was %s %s, %s", last.Method, last.Path, answered(last.Status))
	if refusal != nil {
		text += fmt.Sprintf("; before, %s %s was refused: %s", refusal.Method, refusal.Path, told(refusal))
	}
	return text
}

func answered(status int) string {
	if status == 0 {
		return "without an answer"
	}
	return fmt.Sprintf("answered %d", status)
}

// told is a refusal with its rule and document.
func told(e *btpclient.JournalEntry) string {
	text := cmp.Or(e.Detail, e.Rule)
	if e.Rule != "" && e.Rule != text {
		text = e.Rule + ", " + text
	}
	if e.Source != "" {
		text += " [" + e.Source + "]"
	}
	return text
}

// status is what the cockpit shows of the system that pairs.
func (t *trial) status(ctx context.Context) (btpclient.SystemStatus, error) {
	s, err := t.operator.System(ctx, t.system.ID)
	t.system = s
	return s.Status, err
}

const registered = "registered"

// mustPair runs the client, which must pair.
func (t *trial) mustPair(ctx context.Context) error {
	entries, err := t.pair(ctx)
	if err != nil || t.timedOut {
		return err
	}
	status, err := t.status(ctx)
	switch {
	case err != nil:
		return err
	case t.ended.Status != 0:
		t.fault("it ended with status %d, and did not pair; %s", t.ended.Status, account(entries))
	case status.Code != registered:
		t.fault("it ended with status 0, but the system is shown as %s; %s", shown(status), account(entries))
	}
	return nil
}

// mustFail runs the client, which must tell by its exit status that it could not.
func (t *trial) mustFail(ctx context.Context, do func(context.Context, Setting) Ending, because string) error {
	entries, err := t.run(ctx, do)
	if err == nil && !t.timedOut && t.ended.Status == 0 {
		t.fault("it ended with status 0, as if nothing were wrong, though %s; %s", because, account(entries))
	}
	return err
}

// mustCope runs the client while something goes wrong at one step. It must pair all
// the same, or say that it could not; then nothing may stand in the way of another
// try with a new token.
func (t *trial) mustCope(ctx context.Context, step string) error {
	entries, err := t.pair(ctx)
	if err != nil {
		return err
	}
	struck, err := t.struck(ctx)
	if err != nil {
		return err
	}
	if !struck {
		t.unmet = "the client made no call at which this could go wrong: " + step
		return nil
	}
	if t.timedOut {
		return nil
	}
	status, err := t.status(ctx)
	if err != nil {
		return err
	}
	if t.ended.Status == 0 {
		if status.Code != registered {
			t.fault("it ended with status 0, as if it had paired, but the system is shown as %s; %s", shown(status), account(entries))
		}
		return nil
	}
	if err := t.control.ClearFaults(ctx); err != nil {
		return err
	}
	if err := t.newToken(ctx); btpclient.CodeOf(err) == "status-forbids" {
		// It is registered, or in an error status: the next try is another system's.
		if err := t.register(ctx, t.system.Name+" again", t.system.Type); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	before := len(t.wrong)
	err = t.mustPair(ctx)
	if len(t.wrong) > before {
		t.wrong[len(t.wrong)-1] = "when all was well again it was given a new token: " + t.wrong[len(t.wrong)-1]
	}
	return err
}

// shown is a status for people; a new system has none.
func shown(s btpclient.SystemStatus) string { return cmp.Or(s.Label, s.Code, "not paired") }

// decisions counts what the registry decided at a point.
func decisions(entries []btpclient.JournalEntry, point string) (n int) {
	for _, e := range entries {
		if e.Kind == "decision" && e.Point == point {
			n++
		}
	}
	return n
}

// called says whether the client called the registry.
func called(entries []btpclient.JournalEntry) bool {
	return slices.ContainsFunc(entries, func(e btpclient.JournalEntry) bool {
		return e.Kind == "request" && !strings.HasPrefix(e.Path, "/control")
	})
}
