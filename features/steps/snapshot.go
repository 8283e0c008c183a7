package steps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/btpclient"
)

// snapshots is what a scenario knows of snapshots.
type snapshots struct {
	written, tried btpclient.Snapshot
	outcome        outcome
}

// flaws are what can be wrong with a snapshot, by what a scenario calls them.
var flaws = map[string]func(btpclient.Snapshot) btpclient.Snapshot{
	"breaks off":                            func(s btpclient.Snapshot) btpclient.Snapshot { return s[:len(s)/2] },
	"has a system of an unknown account":    instead(`(?s)("systems": \[.*?"globalAccount": )"default"`, `$1"nowhere"`),
	"has a status that the edition has not": instead(`("status": )"registered",\n      "tenant"`, `$1"removing",`+"\n"+`      "tenant"`),
	"has a name twice":                      instead(`(?s)("globalAccounts": \[)(.*?)\n  \],`, `$1$2,$2`+"\n  ],"),
	"has due work of an unknown kind":       instead(`("kind": )"certificate-expiry"`, `$1"coffee"`),
	"has an instant out of range":           instead(`("now": )"[^"]*"`, `$1"1900-01-01T00:00:00Z"`),
	"has a key that does not fit":           instead(`(?s)("keys": \[\s*\{\s*"id": )"[^"]*"`, `$1"another"`),
	"has a tenant that is not here":         instead(`(?s)("tenants": \[\s*\{\s*"id": )"[^"]*"`, `$1"elsewhere"`),
	"is of the other edition":               instead(`("edition": )"v1"`, `$1"v2"`),
}

func instead(pattern, now string) func(btpclient.Snapshot) btpclient.Snapshot {
	return func(s btpclient.Snapshot) btpclient.Snapshot {
		return regexp.MustCompile(pattern).ReplaceAll(s, []byte(now))
	}
}

func (w *world) snapshotSteps(d definitions) {
	d.Given(`^the landscape has been written down$`, w.theLandscapeIsWrittenDown)
	d.Given(`^the landscape has been restored$`, w.theLandscapeHasBeenRestored)

	d.When(`^the landscape is written down$`, w.theLandscapeIsWrittenDown)
	d.When(`^the landscape is restored$`, w.theLandscapeHasBeenRestored)
	d.When(`^the landscape is reset$`, w.theLandscapeIsReset)
	d.When(`^somebody restores a snapshot without secrets$`, w.somebodyRestoresOneWithoutSecrets)
	d.When(`^somebody restores a snapshot that (.+)$`, w.somebodyRestoresOneThat)

	d.Then(`^the landscape is as it was written down$`, w.theLandscapeIsAsWritten)
	d.Then(`^the snapshot is refused because of "([^"]*)"$`, w.theSnapshotIsRefused)
	d.Then(`^the snapshot holds no secret$`, w.theSnapshotHoldsNoSecret)
}

func (w *world) theLandscapeIsWrittenDown(ctx context.Context) (err error) {
	if err := w.open(ctx); err != nil {
		return err
	}
	w.snapshots.written, err = w.control.Snapshot(ctx, true)
	return err
}

func (w *world) theLandscapeHasBeenRestored(ctx context.Context) error {
	return w.control.Restore(ctx, w.snapshots.written)
}

func (w *world) theLandscapeIsReset(ctx context.Context) error { return w.control.Reset(ctx) }

func (w *world) somebodyRestoresOneThat(ctx context.Context, flaw string) error {
	if err := w.spoil(flaw); err != nil {
		return err
	}
	w.snapshots.outcome = ended(w.control.Restore(ctx, w.snapshots.tried))
	return nil
}

// spoil makes a snapshot with a flaw of the one that was written.
func (w *world) spoil(flaw string) error {
	spoil, known := flaws[flaw]
	if !known {
		return fmt.Errorf("the steps know no snapshot that %s; they know %s", flaw, strings.Join(slices.Sorted(maps.Keys(flaws)), "; "))
	}
	w.snapshots.tried = spoil(slices.Clone(w.snapshots.written))
	if bytes.Equal(w.snapshots.tried, w.snapshots.written) {
		return fmt.Errorf("the snapshot that %s is the good one", flaw)
	}
	return nil
}

func (w *world) somebodyRestoresOneWithoutSecrets(ctx context.Context) (err error) {
	if w.snapshots.tried, err = w.control.Snapshot(ctx, false); err != nil {
		return err
	}
	w.snapshots.outcome = ended(w.control.Restore(ctx, w.snapshots.tried))
	return nil
}

func (w *world) theLandscapeIsAsWritten(ctx context.Context) error {
	now, err := w.control.Snapshot(ctx, true)
	if err != nil {
		return err
	}
	if bytes.Equal(now, w.snapshots.written) {
		return nil
	}
	before, after := strings.Split(string(w.snapshots.written), "\n"), strings.Split(string(now), "\n")
	for i := range min(len(before), len(after)) {
		if before[i] != after[i] {
			return fmt.Errorf("the landscape differs from line %d on: got %s, want %s", i+1, after[i], before[i])
		}
	}
	return errors.New("the landscape holds more or less than what was written down")
}

func (w *world) theSnapshotIsRefused(reason string) error {
	return w.snapshots.outcome.refusedBecauseOf("whoever restored it", reason)
}

var markedSecret = regexp.MustCompile(`"secret": "([^"]+)"`)

func (w *world) theSnapshotHoldsNoSecret() error {
	marked := markedSecret.FindAllSubmatch(w.snapshots.written, -1)
	if len(marked) == 0 {
		return errors.New("the snapshot with secrets marks none")
	}
	for _, m := range marked {
		if bytes.Contains(w.snapshots.tried, m[1]) {
			return errors.New("a secret stands in the snapshot")
		}
	}
	return nil
}
