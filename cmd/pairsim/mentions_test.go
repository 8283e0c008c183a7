package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestCommandsThatTextsNameExist: a refusal that sends somebody to a command
// sends them to one that is there.
func TestCommandsThatTextsNameExist(t *testing.T) {
	mention := regexp.MustCompile("pairsim( [a-z]+)+")
	for _, path := range []string{
		"../../btp/explain.go", "../../docs/problems.md", "../../docs/configuration.md", "../../docs/wire.md", "../../docs/faults.md", "../../docs/strictness.md", "../../README.md",
		"next.go", "leaving.go", "formations.go", "entitlements.go", "instances.go", "incidents.go", "fault.go", "client.go", "tenants.go", "wait.go", "seed.go", "env.go",
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			for _, found := range mention.FindAllString(line, -1) {
				words := strings.Fields(found)[1:]
				root := newRootCommand(constructors(nil)...)
				group, _, err := root.Find(words[:1])
				if err != nil || group == root {
					continue // prose, as "a running pairsim is"
				}
				if group.HasSubCommands() && len(words) > 1 {
					if command, _, _ := group.Find(words[1:]); command == group {
						t.Errorf("%s:%d names %q, which does not exist", path, i+1, found)
					}
				}
			}
		}
	}
}
