//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pairsim/pairsim/internal/landscapetest"
)

// snippet is a job of docs/guides/ci.md.
type snippet struct {
	name string
	// shell runs a line the way that the CI system does.
	shell []string
	lines []string
	keeps []string // when the job fails
}

// The keys of workflows and jobs that the guide uses; another one is an error.
type (
	githubWorkflow struct {
		On   string
		Jobs map[string]struct {
			RunsOn string `yaml:"runs-on"`
			Steps  []struct {
				Uses, Run, If string
				With          map[string]string
			}
		}
	}
	gitlabJob struct {
		Image     string
		Script    []string
		Artifacts struct {
			When    string
			Paths   []string
			Reports struct{ JUnit string }
		}
	}
)

func strictly(t *testing.T, text string, into any) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
}

var (
	codeBlock   = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	action      = regexp.MustCompile(`^[a-z-]+/[a-z-]+@v\d+$`)
	jenkinsStep = regexp.MustCompile(`(?m)^\s*sh '([^']*)'$`)
	jenkinsKeep = regexp.MustCompile(`failure \{ archiveArtifacts artifacts: '([^'/]*)/\*\*' \}`)
)

// snippets are the guide's jobs.
func snippets(t *testing.T) (list []snippet) {
	t.Helper()
	text, err := os.ReadFile("../../docs/guides/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range codeBlock.FindAllStringSubmatch(string(text), -1) {
		switch {
		case found[1] == "groovy":
			list = append(list, jenkins(t, found[2]))
		case found[1] == "yaml" && strings.HasPrefix(found[2], "on:"):
			list = append(list, github(t, found[2]))
		case found[1] == "yaml":
			var jobs map[string]gitlabJob
			strictly(t, found[2], &jobs)
			for name, job := range jobs {
				if job.Image == "" || job.Artifacts.When == "" {
					t.Errorf("the job %s has no image, or does not say when it keeps its artifacts", name)
				}
				s := snippet{"GitLab " + name, []string{"bash", "-eo", "pipefail", "-c"}, job.Script, job.Artifacts.Paths}
				if job.Artifacts.Reports.JUnit != "" {
					s.keeps = append(s.keeps, job.Artifacts.Reports.JUnit)
				}
				list = append(list, s)
			}
		default:
			t.Fatalf("this test does not know what to do with a block of %s", found[1])
		}
	}
	return list
}

func github(t *testing.T, text string) snippet {
	t.Helper()
	var flow githubWorkflow
	strictly(t, text, &flow)
	s := snippet{name: "GitHub", shell: []string{"bash", "-e", "-c"}}
	for _, job := range flow.Jobs {
		if job.RunsOn == "" {
			t.Error("the job says nothing of its runner")
		}
		for _, step := range job.Steps {
			if (step.Uses == "") == (step.Run == "") || step.Uses != "" && !action.MatchString(step.Uses) {
				t.Errorf("a step uses %q and runs %q, want one of them", step.Uses, step.Run)
			}
			if step.Run != "" {
				s.lines = append(s.lines, step.Run)
			}
			if step.If == "failure()" {
				s.keeps = append(s.keeps, step.With["path"])
			}
		}
	}
	return s
}

func jenkins(t *testing.T, text string) snippet {
	t.Helper()
	if strings.Count(text, "{") != strings.Count(text, "}") || !strings.HasPrefix(text, "pipeline {\n  agent any\n  stages {") {
		t.Errorf("this is no declarative pipeline:\n%s", text)
	}
	s := snippet{name: "Jenkins", shell: []string{"sh", "-xe", "-c"}}
	for _, found := range jenkinsStep.FindAllStringSubmatch(text, -1) {
		s.lines = append(s.lines, found[1])
	}
	for _, found := range jenkinsKeep.FindAllStringSubmatch(text, -1) {
		s.keeps = append(s.keeps, found[1])
	}
	return s
}

// project is the folder of somebody whose tests pair, and end as they are told. What
// CI's images have stands in bin, and go install takes the tree that is tested.
func project(t *testing.T, passes bool) (folder string, env []string) {
	t.Helper()
	folder = t.TempDir()
	realGo, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	end := "exit 1"
	if passes {
		end = "exit 0"
	}
	tests := "#!/bin/sh\nset -e\n\"" + binary + "\" tenants pair commerce \"${PAIRSIM_TOKEN_URL:?there is no landscape}\" >/dev/null\n" + end + "\n"
	for name, text := range map[string]string{
		"bin-of-ci/npm": "#!/bin/sh\n[ \"$*\" = test ] && exec ./gradlew\nexit 64\n",
		"gradlew":       tests,
		"connector":     "#!/bin/sh\n[ \"$1 $2\" = \"pair --ca\" ] || exit 64\ncurl --silent --cacert \"$3\" \"$PAIRSIM_MTLS_URL\" >/dev/null || exit 1\n\"" + binary + "\" tenants pair commerce \"$4\" >/dev/null || exit 1\n" + end + "\n",
		"go.mod":        "module shop.test\n\ngo 1.26\n",
		"shop_test.go":  "package shop\n\nimport (\n\t\"os/exec\"\n\t\"testing\"\n)\n\nfunc TestShop(t *testing.T) {\n\tif out, err := exec.Command(\"./gradlew\").CombinedOutput(); err != nil {\n\t\tt.Fatal(err, string(out))\n\t}\n}\n",
		"bin-of-ci/go": fmt.Sprintf("#!/bin/sh\n[ \"$1\" = install ] || exec %q \"$@\"\n"+
			"[ \"$2\" = github.com/pairsim/pairsim/cmd/pairsim@latest ] || exit 64\nmkdir -p \"${GOBIN:=$PWD/gopath/bin}\"\ncp %q \"$GOBIN/pairsim\"\n", realGo, binary),
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := landscapetest.WriteProgram(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	path := strings.Join([]string{filepath.Join(folder, "bin-of-ci"), filepath.Join(folder, "gopath/bin"), os.Getenv("PATH")}, string(os.PathListSeparator))
	return folder, environment("PATH="+path, "no_proxy=*")
}

// TestCIGuide carries out the jobs of docs/guides/ci.md. A job whose tests pass passes,
// and one whose tests fail fails, with what it keeps in its place.
func TestCIGuide(t *testing.T) {
	t.Parallel()
	list := snippets(t)
	if len(list) != 4 {
		t.Fatalf("the guide has %d jobs, want 4", len(list))
	}
	for _, s := range list {
		for _, passes := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, tests pass %t", s.name, passes), func(t *testing.T) {
				t.Parallel()
				if len(s.lines) != 2 || len(s.keeps) == 0 {
					t.Fatalf("it runs %q and keeps %q", s.lines, s.keeps)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				folder, env := project(t, passes)
				var out []byte
				var err error
				for i, one := range s.lines {
					if os.Getenv("PAIRSIM_VOLUME") != "full" { // or it would take most of a minute
						one = strings.Replace(one, "verify client", "verify client --seeds 1", 1)
					}
					c := exec.CommandContext(ctx, s.shell[0], append(s.shell[1:len(s.shell):len(s.shell)], one)...)
					c.Dir, c.Env = folder, env
					if out, err = c.CombinedOutput(); err != nil {
						if i == 0 {
							t.Fatalf("%s: %v\n%s", one, err, out)
						}
						break
					}
				}
				if passes != (err == nil) {
					t.Errorf("it ends with %v\n%s", err, out)
				}
				for _, kept := range s.keeps {
					found, err := os.Stat(filepath.Join(folder, kept))
					if err != nil || !found.IsDir() && found.Size() == 0 {
						t.Errorf("%s is not there, or empty (%v):\n%s", kept, err, out)
					}
				}
			})
		}
	}
}
