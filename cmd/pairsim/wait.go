package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

// wait looks again after the first interval, then less and less often, so that
// it does not fill the journal.
const (
	firstInterval = 20 * time.Millisecond
	mostInterval  = 500 * time.Millisecond
)

func newWaitCommand() *cobra.Command {
	var system, status string
	var gone bool
	var timeout time.Duration
	c := newClientCommand(&cobra.Command{
		Use:   "wait",
		Short: "Wait until pairsim is ready, or a system is in a status or gone",
		Long: `Wait until pairsim is ready, or with --system until a system is in a status. The system may be registered later. With
--gone wait until its row has disappeared. Exit code 1 when the time is over.`,
		Example: `  pairsim wait --timeout 10s
  pairsim wait --system "Web Shop" --status Registered
  pairsim wait --system "Web Shop" --gone`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch given := c.Flags().Changed("status"); {
			case system == "" && given:
				return usagef("--status needs --system")
			case system == "" && gone:
				return usagef("--gone needs --system")
			case gone && given:
				return usagef("--gone and --status exclude each other")
			}
			k, err := connect(c)
			if err != nil {
				return err
			}
			look := k.ready
			if system != "" {
				look = k.hasStatus(account(c), system, status)
			}
			if gone {
				look = k.isGone(account(c), system)
			}
			return waitFor(c.Context(), timeout, look)
		},
	})
	c.Flags().StringVar(&system, "system", "", "`NAME` or id of a system")
	c.Flags().StringVar(&status, "status", "Registered", "`STATUS` to wait for: its label, or its code")
	c.Flags().BoolVar(&gone, "gone", false, "wait until the system's row has disappeared")
	c.Flags().DurationVar(&timeout, "timeout", 30*time.Second, "how long to wait")
	completeStatuses(c)
	accountFlag(c)
	return c
}

// waitFor looks again and again. look says whether it is so, and else how it is;
// its error ends the waiting.
func waitFor(ctx context.Context, timeout time.Duration, look func(context.Context) (bool, string, error)) error {
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	latest := "there was no answer in time"
	for interval := firstInterval; ; interval = min(2*interval, mostInterval) {
		done, found, err := look(bounded)
		if bounded.Err() == nil {
			if done || err != nil {
				return err
			}
			latest = found
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-bounded.Done():
			return &failure{"Timed out after " + timeout.String(), latest, "Give it more --timeout, or look at pairsim journal."}
		case <-time.After(interval):
		}
	}
}

func (k *client) ready(ctx context.Context) (bool, string, error) {
	_, err := k.get(ctx, "/readyz")
	if err != nil {
		return false, err.Error(), nil
	}
	return true, "", nil
}

// isGone waits for a row that disappears. A new system of the same name is
// another one.
func (k *client) isGone(account, nameOrID string) func(context.Context) (bool, string, error) {
	id := ""
	return func(ctx context.Context) (bool, string, error) {
		var s btpclient.System
		var err error
		if id == "" {
			s, err = k.system(ctx, account, nameOrID)
		} else {
			s, err = k.operator.System(ctx, id)
		}
		var unreachable *btpclient.UnreachableError
		switch {
		case errors.As(err, &unreachable):
			return false, err.Error(), nil
		case btpclient.CodeOf(err) == string(btp.SystemNotFound) && id == "":
			return true, "", k.wasThere(ctx, nameOrID)
		case btpclient.CodeOf(err) == string(btp.SystemNotFound):
			return true, "", nil
		}
		id = s.ID
		return false, standing(s), err
	}
}

// wasThere refuses a name of which the journal tells nothing: one with a typo would
// be gone at once. Without a control listener, or when the journal has forgotten
// its beginning, nobody can tell.
func (k *client) wasThere(ctx context.Context, nameOrID string) error {
	f := btpclient.JournalFilter{Limit: 1000}
	for {
		entries, next, err := k.control.Journal(ctx, f)
		if err != nil || f.After == 0 && len(entries) > 0 && entries[0].Seq > 1 {
			return nil
		}
		for _, e := range entries {
			asked := e.Kind == "request" || e.Kind == "refusal" // somebody asked for it, as we have
			if !asked && (e.Subject.Name == nameOrID || e.Subject.System == nameOrID) {
				return nil
			}
		}
		if len(entries) < f.Limit {
			return &failure{"No such system", fmt.Sprintf("there is no system %q, and the journal tells of none", nameOrID), "List systems: pairsim systems list."}
		}
		f.After = next
	}
}

// standing says how a system stands.
func standing(s btpclient.System) string {
	text := fmt.Sprintf("system %q is %q", s.Name, s.Status.Label)
	if s.Error != nil {
		text += ": " + s.Error.Cause
	}
	return text
}

// hasStatus compares a system's status with a label or code. A status that the
// edition does not know ends the waiting: the registry refuses it.
func (k *client) hasStatus(account, nameOrID, status string) func(context.Context) (bool, string, error) {
	id, asked := "", false
	find := func(ctx context.Context) (btpclient.System, error) {
		if id != "" {
			return k.operator.System(ctx, id)
		}
		return k.system(ctx, account, nameOrID)
	}
	return func(ctx context.Context) (bool, string, error) {
		s, err := find(ctx)
		var unreachable *btpclient.UnreachableError
		found := standing(s)
		switch {
		case errors.As(err, &unreachable):
			return false, err.Error(), nil
		case btpclient.CodeOf(err) == string(btp.SystemNotFound):
			id, found = "", fmt.Sprintf("there is no system %q", nameOrID)
		case err != nil:
			return false, "", err
		case strings.EqualFold(s.Status.Code, status), strings.EqualFold(s.Status.Label, status):
			return true, "", nil
		default:
			id = s.ID
		}
		if !asked {
			asked, err = true, k.knows(ctx, account, status)
		} else {
			err = nil
		}
		return false, found, err
	}
}

// knows is the registry's refusal of a status that there is not.
func (k *client) knows(ctx context.Context, account, status string) error {
	for _, err := range k.operator.Systems(ctx, account, btpclient.SystemFilter{Status: status, PageSize: 1}) {
		if btpclient.CodeOf(err) == string(btp.InvalidRequest) {
			return err
		}
		break
	}
	return nil
}
