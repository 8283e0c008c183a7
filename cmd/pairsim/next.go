package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

// quoted is a name as a POSIX shell reads it.
func quoted(name string) string {
	plain := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("-_./:@", r)
	}
	switch {
	case name != "" && strings.IndexFunc(name, func(r rune) bool { return !plain(r) }) < 0:
		return name
	case !strings.ContainsAny(name, "\"$`\\!"):
		return `"` + name + `"`
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// inAccount is what a command that is told needs beside a name; "" for what is in
// the account that commands take unless told.
func inAccount(ga string) string {
	if ga == "default" {
		return ""
	}
	return " --account " + quoted(ga)
}

// named is the name of something in a global account, as commands take it.
func named(ga, name string) string { return quoted(name) + inAccount(ga) }

// ways are what an operator can do about a system, in the order in which it is
// offered. The edition's lifecycle says which of them there are in a status.
var ways = []struct {
	on   btp.Event
	text string // with {name}, and {incident} for the id of the open one
}{
	{btp.TokenRequested, "get its token (pairsim systems token {name}) and use it on the product side"},
	{btp.DeregistrationRequested, "deregister it: pairsim systems deregister {name}"},
	{btp.RemovalRequested, "remove it: pairsim systems remove {name}"},
	{btp.MergeRequested, "merge it into the registered system that it duplicates: pairsim systems merge {name} TARGET"},
	{btp.IncidentResolved, "have its incident resolved, as SAP's support would: pairsim incidents resolve {incident}"},
}

// frozenHint is for what takes time: that of the environment.
const frozenHint = "While the clock is frozen, advance it: pairsim clock advance 1m. What is held goes on when it is released: pairsim hold list."

// nextFor says what can be done about a system in its present status.
func nextFor(s btpclient.System) string {
	name := named(s.GlobalAccount, s.Name)
	switch btp.Status(s.Status.Code) { //nolint:exhaustive // the others have moves of their own
	case btp.Deregistering, btp.Removing:
		return "Wait until it is done: pairsim wait --system " + name + " " + afterwards(s) + ".\n" + frozenHint
	}
	edition, err := btp.EditionNamed(s.Edition)
	if err != nil {
		return "Look at it: pairsim systems show " + name + "."
	}
	incident := ""
	if s.Error != nil {
		incident = s.Error.Incident
	}
	var found []string
	for _, way := range ways {
		m, ok := edition.Move(btp.Status(s.Status.Code), way.on)
		if t, err := btp.TypeNamed(s.Type); ok && m.Only != "" {
			ok = err == nil && t.Has(m.Only)
		}
		if _, err := btp.TypeNamed(s.Type); way.on == btp.TokenRequested && err != nil {
			continue // a third party's type needs no token
		}
		switch { // what is auto-discovered is merged, what is not is removed
		case way.on == btp.MergeRequested:
			ok = ok && s.Discovery.Mode == "auto"
		case way.on == btp.RemovalRequested:
			ok = ok && s.Discovery.Mode != "auto"
		}
		if !ok || way.on == btp.IncidentResolved && incident == "" {
			continue
		}
		text := way.text
		if way.on == btp.TokenRequested && s.Error != nil {
			text = "delete the failed extension in the tenant (pairsim tenants delete TENANT), then " + text
		}
		found = append(found, strings.NewReplacer("{name}", name, "{incident}", incident).Replace(text))
	}
	return sentence(found)
}

// sentence makes one text of several ways out, a line each.
func sentence(found []string) string {
	if len(found) == 0 {
		return ""
	}
	text := strings.Join(found, ",\nor ") + "."
	return strings.ToUpper(text[:1]) + text[1:]
}

// nextRows are a way out as rows of a table.
func nextRows(next string) [][]string {
	var rows [][]string
	for line := range strings.Lines(next) {
		rows = append(rows, []string{"", strings.TrimSpace(line)})
	}
	if len(rows) > 0 {
		rows[0][0] = "next"
	}
	return rows
}

// afterwards is what to wait for while a system is on its way out.
func afterwards(s btpclient.System) string {
	if s.Status.Code == string(btp.Deregistering) {
		if e, err := btp.EditionNamed(s.Edition); err == nil {
			if m, _ := e.Move(btp.Deregistering, btp.DeregistrationDone); m.To != btp.Gone {
				return "--status " + string(m.To)
			}
		}
	}
	return "--gone"
}

// statusFailure adds to a refusal because of a system's status what can be done
// in that status; any other error stays as it is.
func statusFailure(err error, s btpclient.System) error {
	var p *btpclient.Problem
	if !errors.As(err, &p) || p.Code != string(btp.StatusForbids) && p.Code != string(btp.SystemNotRegistered) {
		return err
	}
	next := nextFor(s)
	switch {
	case next == "":
		next = p.Next
	case p.Code == string(btp.SystemNotRegistered) && s.Status.Code == string(btp.Pending):
		next = "Pair it first: get its token (pairsim systems token " + named(s.GlobalAccount, s.Name) + ") and use it on the product side."
	}
	return &failure{p.Title, p.Detail, next}
}

// fillIn writes a name into what a refusal says is to be done about NAME; any
// other error stays as it is.
func fillIn(err error, ga, name string) error {
	var p *btpclient.Problem
	if !errors.As(err, &p) || !strings.Contains(p.Next, "NAME") {
		return err
	}
	return &failure{p.Title, p.Detail, strings.ReplaceAll(p.Next, "NAME", named(ga, name))}
}

// errorStatus is a system that came to an error status: its label, the cause, to
// whom it is reported, and the way out.
func errorStatus(s btpclient.System) error {
	detail := fmt.Sprintf("system %q", s.Name)
	if e := s.Error; e != nil {
		detail = fmt.Sprintf("system %q: %s\nat %s; report it to component %s", s.Name, e.Cause, e.Step, e.Component)
		if e.Incident != "" {
			detail += ", incident " + e.Incident
		}
	}
	return &failure{s.Status.Label, detail, nextFor(s)}
}

// heldFailure is a refusal because of what stands in the way, one line each with
// the command that removes it; any other error stays as it is.
func heldFailure(err error, what string, remove func(btpclient.Blocker) string) error {
	var p *btpclient.Problem
	if !errors.As(err, &p) || len(p.Blockers) == 0 {
		return err
	}
	lines := []string{what + ":"}
	for _, b := range p.Blockers {
		line := fmt.Sprintf("%s %s (%s)", b.Kind, b.Name, b.ID)
		if command := remove(b); command != "" {
			line += ": " + command
		}
		lines = append(lines, line)
	}
	return &failure{p.Title, strings.Join(lines, "\n"), "Remove each of them by the command beside it, then try again."}
}
