package sources

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/sources.md")

const root = "../.."

func TestThePageIsCurrent(t *testing.T) {
	file := filepath.Join(root, "docs", "sources.md")
	if *update {
		if err := os.WriteFile(file, []byte(Markdown()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != Markdown() {
		t.Errorf("docs/sources.md is out of date (%v): make docs", err)
	}
}

// Every reference that stands somewhere is explained, with its section.
func TestEveryReferenceIsExplained(t *testing.T) {
	known := map[string]Document{}
	for _, d := range All() {
		known[d.Name] = d
	}
	reference := regexp.MustCompile(`\b([0-9a-f]{7}\.md|SEED-\d{3}|(?:pairing-protocols|sap-domain|service-apis|design) §\d+)`)
	seen := 0
	for _, folder := range []string{"btp", "btpclient", "cmd", "cxsim", "marketingsim", "internal", "docs", "features", "testenv"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				if err == nil && (entry.Name() == "node_modules" || entry.Name() == "dist" || entry.Name() == "sources") {
					return fs.SkipDir
				}
				return err
			}
			switch filepath.Ext(path) {
			case ".go", ".md", ".ts", ".tsx", ".yaml", ".feature", ".txt":
			default:
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, found := range reference.FindAllString(string(text), -1) {
				name, number, _ := strings.Cut(found, " §")
				d, ok := known[name]
				if n, err := strconv.Atoi(number); err == nil && ok {
					_, ok = d.Sections[n]
				}
				if seen++; !ok {
					t.Errorf("%s: %q is not explained", path, found)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 500 {
		t.Errorf("only %d references were found", seen)
	}
}

func TestFind(t *testing.T) {
	for reference, want := range map[string]string{
		"SEED-000 step 8":                        "SEED-000",
		"e9d975a.md@v1, SEED-000":                "e9d975a.md SEED-000",
		"pairing-protocols §1.4 and §1.6":        "pairing-protocols §1",
		"design §4 revocation; sap-domain §15.5": "design §4 sap-domain §15",
		"RFC 9110 §15.6.4 and §10.2.3":           "RFC",
		"nothing that anybody knows":             "",
		"0000000.md":                             "",
		"Kyma Connector Service":                 "Kyma",
		"pairing-protocols §1.6 and §1.7 (403)":  "pairing-protocols §1",
		"pairing-protocols":                      "pairing-protocols §1 §2 §3 §4 §5 §6 §7 §8 §9 §10",
	} {
		var got []string
		for _, d := range Find(reference) {
			got = append(got, d.Name)
			for n := range 30 {
				if _, ok := d.Sections[n]; ok {
					got = append(got, "§"+strconv.Itoa(n))
				}
			}
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%q: got %q, want %q", reference, text, want)
		}
	}
}
