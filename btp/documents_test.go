package btp_test

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// cell is one status of a document's table with one event or action.
type cell struct{ from, on string }

// row is what becomes of it, "-" for nothing, and which document says so.
type row struct{ to, source string }

// documentTable reads a table of testdata that was written down from the
// documents: status | event | result | source.
func documentTable(t *testing.T, name string) map[cell]row {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table := map[cell]row{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.SplitN(line, "|", 4)
		if len(columns) != 4 {
			t.Fatalf("%s: %q has %d columns, want 4", name, line, len(columns))
		}
		for i := range columns {
			columns[i] = strings.TrimSpace(columns[i])
		}
		c := cell{columns[0], columns[1]}
		if _, twice := table[c]; twice || columns[2] == "" || columns[3] == "" {
			t.Errorf("%s: %q stands there twice, or says nothing of its result or source", name, line)
		}
		table[c] = row{columns[2], columns[3]}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return table
}

// holdAgainst compares every cell of a document's table with the code's, which
// answers "-" and no source where it refuses.
func holdAgainst(t *testing.T, name string, from, on []string, code func(cell) row) {
	t.Helper()
	document := documentTable(t, name)
	if got, want := len(document), len(from)*len(on); got != want {
		t.Errorf("%s has %d rows; %d × %d are %d", name, got, len(from), len(on), want)
	}
	for _, f := range from {
		for _, o := range on {
			want, there := document[cell{f, o}]
			if !there {
				t.Errorf("%s says nothing of %q in %q", name, o, f)
				continue
			}
			got := code(cell{f, o})
			if got.to == "-" {
				got.source = want.source // the code names no document for what it refuses
			}
			if got != want {
				t.Errorf("%s: %q in %q comes to %+v, want %+v", name, o, f, got, want)
			}
		}
	}
}

func texts[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, one := range list {
		all[i] = string(one)
	}
	return all
}

// TestLifecycleIsTheDocuments holds the moves of systems against sap-domain §4.1
// and §4.2, written down a second time: every status with every event.
//
// Rule: status-words-v1, status-words-v2, deregister-status-forbids, remove-unknown-in-v1
func TestLifecycleIsTheDocuments(t *testing.T) {
	t.Parallel()
	for _, e := range btp.Editions {
		var known []btp.Status
		for _, s := range btp.Statuses {
			if _, labelled := e.Labels[s]; labelled {
				known = append(known, s)
			}
		}
		holdAgainst(t, "lifecycle-"+e.ID+".txt", texts(known), texts(btp.Events), func(c cell) row {
			m, ok := e.Move(btp.Status(c.from), btp.Event(c.on))
			switch {
			case !ok:
				return row{to: "-"}
			case m.Only != "":
				return row{string(m.To) + " [" + string(m.Only) + "]", m.Source}
			}
			return row{string(m.To), m.Source}
		})
		for i, m := range e.Lifecycle {
			if !slices.Contains(known, m.From) || m.To != btp.Gone && !slices.Contains(known, m.To) {
				t.Errorf("%s has the move %+v, but no label for one of its ends", e.ID, m)
			}
			if slices.ContainsFunc(e.Lifecycle[:i], func(o btp.Move) bool { return o.From == m.From && o.On == m.On }) {
				t.Errorf("%s has two moves for %s in %s; the second is never made", e.ID, m.On, m.From)
			}
		}
	}
}

// TestFormationLifecycleIsTheEngines holds the moves of formations against
// pairing-protocols §6.7, written down a second time: every state with every event.
//
// Rule: formation-status-v2
func TestFormationLifecycleIsTheEngines(t *testing.T) {
	t.Parallel()
	holdAgainst(t, "formation-lifecycle.txt", texts(btp.FormationStates), texts(btp.FormationEvents), func(c cell) row {
		i := slices.IndexFunc(btp.FormationLifecycle, func(m btp.FormationMove) bool {
			return string(m.From) == c.from && string(m.On) == c.on
		})
		if i < 0 {
			return row{to: "-"}
		}
		return row{string(btp.FormationLifecycle[i].To), btp.FormationLifecycle[i].Source}
	})
}

// TestFormationActionsAreTheDocuments holds what is offered against sap-domain
// §8.1 and §8.2, written down a second time: every status with every action.
//
// Rule: formation-status-v2, formation-resynchronize, formation-reset
func TestFormationActionsAreTheDocuments(t *testing.T) {
	t.Parallel()
	for _, e := range btp.Editions {
		name := "formation-actions-" + e.ID + ".txt"
		document := documentTable(t, name)
		holdAgainst(t, name, texts(btp.FormationStatuses), texts(btp.FormationActions), func(c cell) row {
			if !e.Offers(btp.FormationStatus(c.from), btp.FormationAction(c.on)) {
				return row{to: "-"}
			}
			return row{"offered", document[c].source} // the code's table has one for all
		})
	}
}

// TestEveryRecipeHasItsParagraph in docs/faults.md.
func TestEveryRecipeHasItsParagraph(t *testing.T) {
	text, err := os.ReadFile("../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for _, found := range regexp.MustCompile("(?m)^### `([a-z-]+)`$").FindAllStringSubmatch(string(text), -1) {
		described[found[1]] = true
	}
	for _, recipe := range btp.Recipes {
		if !described[recipe.Name] {
			t.Errorf("docs/faults.md says nothing of %s", recipe.Name)
		}
		for _, said := range []string{recipe.What, recipe.Do, recipe.Seen, recipe.Source} {
			if !strings.Contains(string(text), said) {
				t.Errorf("docs/faults.md, %s: %q is missing", recipe.Name, said)
			}
		}
		delete(described, recipe.Name)
	}
	for name := range described {
		t.Errorf("docs/faults.md has a paragraph on %s, which is no recipe", name)
	}
}
