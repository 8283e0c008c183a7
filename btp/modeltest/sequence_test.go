package modeltest

import (
	"fmt"
	"slices"
	"strings"
)

// sequence is a world and what happens in it.
type sequence struct {
	edition string
	// transitions is when deregistering, removing and synchronizing end.
	transitions policy
	ops         []op
}

// op is one operation: a verb and its words.
type op struct {
	verb  string
	words []string
}

func (o op) String() string { return strings.Join(append([]string{o.verb}, o.words...), " ") }

// word is the i-th word that is no option, "" if there are fewer.
func (o op) word(i int) string {
	if all := o.plain(); i < len(all) {
		return all[i]
	}
	return ""
}

// plain are the words that are no options.
func (o op) plain() []string {
	return slices.DeleteFunc(slices.Clone(o.words), func(w string) bool { return strings.Contains(w, "=") })
}

// option is the value of key=value, "" without it.
func (o op) option(key string) string {
	for _, w := range o.words {
		if value, found := strings.CutPrefix(w, key+"="); found {
			return value
		}
	}
	return ""
}

// has says whether a word stands among the operation's.
func (o op) has(word string) bool { return slices.Contains(o.words, word) }

func (s sequence) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "world %s transitions=%s\n", s.edition, s.transitions)
	for _, o := range s.ops {
		fmt.Fprintln(&b, o)
	}
	return b.String()
}

// parseSequence reads what String writes. Empty lines and those that begin with
// # say nothing.
func parseSequence(text string) (sequence, error) {
	var s sequence
	for i, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		o := op{words[0], words[1:]}
		if s.edition == "" {
			p, err := parsePolicy(o.option("transitions"))
			if o.verb != "world" || err != nil {
				return s, fmt.Errorf("line %d: a sequence begins with: world EDITION transitions=POLICY", i+1)
			}
			s.edition, s.transitions = o.word(0), p
			continue
		}
		if _, known := verbs[o.verb]; !known {
			return s, fmt.Errorf("line %d: there is no operation %q", i+1, o.verb)
		}
		s.ops = append(s.ops, o)
	}
	return s, nil
}

// verb is one kind of operation: what the documents say of it, and what the
// registry does. Both answer with the code of the refusal, "" for none.
type verb struct {
	model func(*model, op) string
	world func(*world, op) error
}

var verbs = map[string]verb{
	"register":         {(*model).register, (*world).register},
	"token":            {(*model).token, (*world).token},
	"show":             {(*model).show, (*world).show},
	"open":             {(*model).open, (*world).open},
	"csr":              {(*model).csr, (*world).csr},
	"call":             {(*model).call, (*world).call},
	"descriptor":       {(*model).descriptor, (*world).descriptor},
	"publish":          {(*model).publish, (*world).publish},
	"failure":          {(*model).failure, (*world).failure},
	"renew":            {(*model).renew, (*world).renew},
	"revoke":           {(*model).revoke, (*world).revoke},
	"delete-extension": {(*model).deleteExtension, (*world).deleteExtension},
	"deregister":       {(*model).deregister, (*world).deregister},
	"remove":           {(*model).remove, (*world).remove},
	"discover":         {(*model).discover, (*world).discover},
	"merge":            {(*model).merge, (*world).merge},
	"formation":        {(*model).createFormation, (*world).createFormation},
	"include":          {(*model).include, (*world).include},
	"exclude":          {(*model).exclude, (*world).exclude},
	"subaccount":       {(*model).changeSubaccount, (*world).changeSubaccount},
	"finalize":         {(*model).finalize, (*world).finalize},
	"resynchronize":    {(*model).resynchronize, (*world).resynchronize},
	"reset":            {(*model).reset, (*world).reset},
	"delete":           {(*model).deleteFormation, (*world).deleteFormation},
	"report":           {(*model).report, (*world).report},
	"entitle":          {(*model).entitle, (*world).entitle},
	"unentitle":        {(*model).unentitle, (*world).unentitle},
	"environments":     {(*model).environments, (*world).environments},
	"resolve":          {(*model).resolve, (*world).resolve},
	"fault":            {(*model).fault, (*world).fault},
	"no-faults":        {(*model).noFaults, (*world).noFaults},
	"callback":         {(*model).callback, (*world).callback},
	"policy":           {(*model).policy, (*world).policy},
	"release":          {(*model).release, (*world).release},
	"read":             {(*model).read, (*world).read},
	"list":             {(*model).list, (*world).list},
	"advance":          {(*model).advance, (*world).advance},
	"restart":          {(*model).restart, (*world).restart},
	"restore":          {(*model).restore, (*world).restore},
	"move":             {(*model).restart, (*world).move}, // faults are kept in the process
}

// splitSlot takes "default/Shop" apart.
func splitSlot(slot string) (account, name string) {
	account, name, _ = strings.Cut(slot, "/")
	return account, name
}

// pick is the newest of a list, or the one before it.
func pick[T any](list []T, which string) (one T, ok bool) {
	i := len(list) - 1
	if which == "previous" {
		i--
	}
	if i < 0 || which == "none" {
		return one, false
	}
	return list[i], true
}
