package pactfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/contracts/pactfile"
)

const parties = `"consumer":{"name":"shop"},"provider":{"name":"btp"},`

func TestParse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{
			"version 4", `{` + parties + `"metadata":{"pactSpecification":{"version":"4.0"}},"interactions":[
			{"type":"Synchronous/HTTP","description":"d","providerStates":[{"name":"s","params":{"b":2,"a":"1"}}],
			 "request":{"method":"post","path":"/p"},"response":{"status":201,"body":{"content":{"k":"v"},"encoded":false}}}]}`,
			`4.0 d POST /p 201 s (a 1, b 2) {k:v}`,
		},
		{"version 3", `{` + parties + `"metadata":{"pactSpecification":{"version":"3.0.0"}},"messages":[{"description":"m","contents":{"k":"v"}}]}`, `3.0.0 m message {k:v}`},
		{"version 2", `{` + parties + `"interactions":[{"description":"d","providerState":"s","request":{"path":"/p"},"response":{}}]}`, `2.0.0 d  /p 200 s`},
	} {
		f, err := pactfile.Parse([]byte(test.text))
		if err != nil || len(f.Interactions) != 1 {
			t.Errorf("%s: got %v and %d interactions", test.name, err, len(f.Interactions))
			continue
		}
		i := f.Interactions[0]
		got := f.Specification + " " + i.Description
		if i.Message {
			got += " message"
		} else {
			got += " " + i.Method + " " + i.Path + " " + map[int]string{200: "200", 201: "201"}[i.Status]
		}
		for _, s := range i.States {
			got += " " + s.String()
		}
		if body, ok := i.Body.(map[string]any); ok {
			got += " {k:" + body["k"].(string) + "}"
		}
		if got != test.want || f.Consumer != "shop" || f.Provider != "btp" {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestNoPact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:      "is not a JSON object",
		`null`:  "it is null",
		`[]`:    "is not a JSON object",
		`{} {}`: "something follows",
		`{}`:    "consumer.name or provider.name is missing",
		`{"consumer":{"name":7},"provider":{"name":"btp"},"interactions":[]}`:                                      "consumer.name or provider.name is missing",
		`{` + parties + `"interactions":[]}`:                                                                       "has no interactions",
		`{` + parties + `"interactions":{}}`:                                                                       "has no interactions",
		`{` + parties + `"interactions":["tea"]}`:                                                                  "interactions[0]: is no object",
		`{` + parties + `"interactions":[{}]}`:                                                                     "has no description",
		`{` + parties + `"interactions":[{"description":"d","request":{"method":"GET"},"response":{}}]}`:           "has no request with a path, or no response",
		`{` + parties + `"interactions":[{"description":"d","request":{"path":"/"}}]}`:                             "or no response",
		`{` + parties + `"interactions":[{"description":"d","request":{"path":"/"},"response":{"status":1e400}}]}`: "status 1e400 is none",
		`{"consumer":{"name":"` + strings.Repeat("x", 17<<20) + `"}}`:                                              "has more than",
	} {
		if _, err := pactfile.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: got %v, want %q", text, err, want)
		}
	}
	if _, err := pactfile.ReadDir(t.TempDir()); err == nil || !strings.Contains(err.Error(), "there is no pact file in") {
		t.Errorf("an empty folder: got %v", err)
	}
	file := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pactfile.ReadDir(filepath.Dir(file)); err == nil || !strings.Contains(err.Error(), "broken.json: is not a JSON object") {
		t.Errorf("a broken file: got %v", err)
	}
}

func one(description, status string) []byte {
	return []byte(`{` + parties + `"metadata":{"pactRust":{"ffi":"9"}},"interactions":[{"description":"` + description +
		`","request":{"method":"GET","path":"/"},"response":{"status":` + status + `}}]}`)
}

// A merged pact is the same whatever wrote its parts, in whichever order.
func TestMerge(t *testing.T) {
	t.Parallel()
	a, err := pactfile.Merge(one("b", "200"), one("a", "200"), one("b", "200"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := pactfile.Merge(one("a", "200"), one("b", "200"))
	if err != nil || string(a) != string(b) {
		t.Errorf("got %v\n%s\nand\n%s", err, a, b)
	}
	if strings.Contains(string(a), "pactRust") || strings.Index(string(a), `"a"`) > strings.Index(string(a), `"b"`) {
		t.Errorf("got\n%s", a)
	}
	if _, err := pactfile.Merge(one("a", "200"), one("a", "201")); err == nil || !strings.Contains(err.Error(), `"a" is there twice`) {
		t.Errorf("two that differ: got %v", err)
	}
	other := []byte(strings.Replace(string(one("a", "200")), "shop", "bar", 1))
	if _, err := pactfile.Merge(one("a", "200"), other); err == nil || !strings.Contains(err.Error(), "cannot be merged") {
		t.Errorf("of two consumers: got %v", err)
	}
	if _, err := pactfile.Merge(); err == nil {
		t.Error("nothing was merged")
	}
	if _, err := pactfile.Merge([]byte("{")); err == nil {
		t.Error("what is no pact was merged")
	}
}

// Whatever stands in a file, it is read or refused; what is read can be merged.
func FuzzParse(f *testing.F) {
	f.Add(string(one("a", "200")))
	f.Add(`{` + parties + `"messages":[{"description":"m","contents":{"content":1,"encoded":false}}]}`)
	f.Add(`{` + parties + `"interactions":[{"description":"d","providerStates":[{},7],"request":{"path":"/"},"response":{"body":{"encoded":1}}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		file, err := pactfile.Parse([]byte(text))
		if err != nil {
			return
		}
		if file.Consumer == "" || file.Provider == "" || len(file.Interactions) == 0 {
			t.Errorf("%q was read as %+v", text, file)
		}
		merged, err := pactfile.Merge([]byte(text))
		if err != nil {
			return // the same interaction twice
		}
		if _, err := pactfile.Parse(merged); err != nil {
			t.Errorf("%q was merged into %s: %v", text, merged, err)
		}
	})
}
