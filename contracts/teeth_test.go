//go:build pact

package contracts_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/contracts/pactfile"
	"github.com/pairsim/pairsim/contracts/verifier"
)

// The kinds of deliberate changes of a provider. Each is made, one at a time, to
// everything that a consumer expects of an answer.
const (
	statusChanged = "status changed"       // 201 → 200
	keyMissing    = "key missing"          // {"csrUrl":…} → {}
	keyRenamed    = "key renamed"          // csrUrl → csrUrlX
	typeChanged   = "type changed"         // "42" → 42
	valueWrong    = "value wrong"          // where the pact wants a value or a form of it
	subjectWrong  = "wrong subject"        // a certificate for somebody else, or an unreadable one
	listEmpty     = "list empty"           // [{…}] → []
	headerMissing = "header missing"       // Pairsim-Reason
	headerWrong   = "header wrong"         // another reason
	bodyNotJSON   = "body is not the type" // HTML in place of JSON
)

// mutation is one deliberate change of an answer.
type mutation struct {
	kind, where string
	apply       func(*verifier.Exchange)
}

// mutationsOf are the changes to an interaction's answer, each of which its consumer
// would trip over.
func mutationsOf(i pactfile.Interaction) []mutation {
	var all []mutation
	if !i.Message {
		all = append(all, mutation{statusChanged, "", func(e *verifier.Exchange) {
			if e.Status != http.StatusOK {
				e.Status = http.StatusOK
			} else {
				e.Status = http.StatusCreated
			}
		}})
		for name := range i.Headers {
			if name == "Content-Type" {
				continue
			}
			all = append(all,
				mutation{headerMissing, name, func(e *verifier.Exchange) { e.Header.Del(name) }},
				mutation{headerWrong, name, func(e *verifier.Exchange) { e.Header.Set(name, "-") }})
		}
	}
	if text, isText := i.Body.(string); isText && strings.HasPrefix(text, "<") || i.Body == nil {
		if i.Body != nil {
			all = append(all, mutation{bodyNotJSON, "", asHTML})
		}
		return all
	}
	all = append(all, mutation{bodyNotJSON, "", asHTML})
	rules, _ := i.Raw["response"].(map[string]any)
	if i.Message {
		rules = map[string]any{"matchingRules": i.Raw["matchingRules"]}
	}
	byPlace, _ := rules["matchingRules"].(map[string]any)
	body, _ := byPlace["body"].(map[string]any)
	return append(all, inside(i.Body, nil, body)...)
}

func asHTML(e *verifier.Exchange) {
	e.Body, e.ContentType = []byte("<html><body>It works!</body></html>"), "text/html"
	if e.Header != nil {
		e.Header.Set("Content-Type", "text/html")
	}
}

// inside goes through what a pact expects in a body, and changes one thing at a time.
func inside(expected any, path []any, rules map[string]any) []mutation {
	var all []mutation
	add := func(kind string, change func(any) any) {
		all = append(all, mutation{kind, pathText(path), func(e *verifier.Exchange) {
			e.Body = changed(e.Body, path, change)
		}})
	}
	wanted := !byType(rules, path) // a value or a form, not just a type
	switch v := expected.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			all = append(all, mutation{keyMissing, pathText(append(slices.Clone(path), name)), func(e *verifier.Exchange) {
				e.Body = changed(e.Body, path, func(at any) any { delete(at.(map[string]any), name); return at })
			}}, mutation{keyRenamed, pathText(append(slices.Clone(path), name)), func(e *verifier.Exchange) {
				e.Body = changed(e.Body, path, func(at any) any {
					m := at.(map[string]any)
					m[name+"X"] = m[name]
					delete(m, name)
					return m
				})
			}})
			all = append(all, inside(v[name], append(slices.Clone(path), name), rules)...)
		}
		if len(path) > 0 {
			add(typeChanged, func(any) any { return "text" })
		}
	case []any:
		add(typeChanged, func(any) any { return "text" })
		if len(v) > 0 {
			add(listEmpty, func(any) any { return []any{} })
			all = append(all, inside(v[0], append(slices.Clone(path), 0), rules)...)
		} else {
			add(valueWrong, func(any) any { return []any{map[string]any{"id": "stray"}} })
		}
	case string:
		add(typeChanged, func(any) any { return 42 })
		if wanted {
			add(valueWrong, func(any) any { return "-" })
		}
		if strings.Contains(v, "CN=") {
			for _, wrong := range []string{
				strings.Replace(v, "CN="+app, "CN=mp-somebody-else", 1), strings.ReplaceAll(v, ",", ", "), strings.Replace(v, "CN="+app, "", 1), "CN=" + app + ",UID=root",
			} {
				add(subjectWrong, func(any) any { return wrong })
			}
		}
		if len(path) == 2 && path[1] == "application" {
			add(subjectWrong, func(any) any { return "mp-somebody-else" })
		}
	case json.Number, bool:
		add(typeChanged, func(any) any { return "text" })
	}
	return all
}

// byType tells whether what is at a path is compared by its type only: by its own
// rule, or by that of the nearest thing around it which has one.
func byType(rules map[string]any, path []any) bool {
	for n := len(path); n >= 0; n-- {
		at := "$"
		for _, step := range path[:n] {
			if _, index := step.(int); index {
				at += "[*]"
			} else {
				at += fmt.Sprint(".", step)
			}
		}
		if rule, ok := rules[at]; ok {
			text, _ := json.Marshal(rule)
			return strings.Contains(string(text), `"match":"type"`)
		}
	}
	return false
}

func pathText(path []any) string {
	text := "$"
	for _, step := range path {
		text += fmt.Sprint(".", step)
	}
	return text
}

// changed is a JSON text with something changed at a path of keys and indices.
func changed(body []byte, path []any, change func(any) any) []byte {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		panic(fmt.Sprintf("the recorded body is no JSON: %v: %s", err, body))
	}
	text, err := json.Marshal(replaced(doc, path, change))
	if err != nil {
		panic(err)
	}
	return text
}

func replaced(doc any, path []any, change func(any) any) any {
	if len(path) == 0 {
		return change(doc)
	}
	switch step := path[0].(type) {
	case string:
		m := doc.(map[string]any)
		m[step] = replaced(m[step], path[1:], change)
	case int:
		l := doc.([]any)
		l[step] = replaced(l[step], path[1:], change)
	}
	return doc
}

// recording is a provider that does what another one did, once.
type recording struct{ done verifier.Exchange }

func (r recording) SetState(context.Context, verifier.StateChange) (map[string]any, error) {
	return r.done.Values, nil
}

func (r recording) Do(*http.Request, map[string]any) (*http.Response, error) {
	return &http.Response{StatusCode: r.done.Status, Header: r.done.Header.Clone(), Body: io.NopCloser(bytes.NewReader(r.done.Body))}, nil
}

func (r recording) Message(context.Context, string) ([]byte, string, map[string]any, error) {
	return r.done.Body, r.done.ContentType, r.done.Metadata, nil
}

// hasTeeth changes what our provider answered on its way to the verifier, in each way
// that a consumer would trip over, and wants each noticed.
func hasTeeth(t *testing.T, file pactfile.File, report verifier.Report) {
	t.Helper()
	bitten := map[string]int{}
	for _, result := range report.Results {
		alone := file
		alone.Interactions = []pactfile.Interaction{result.Interaction}
		verify := func(e verifier.Exchange) verifier.Result {
			r, err := verifier.Verify(recording{e}, verifier.Options{Provider: file.Provider, Files: []pactfile.File{alone}})
			if err != nil {
				t.Fatal(err)
			}
			return r.Results[0]
		}
		mutations := mutationsOf(result.Interaction)
		if len(mutations) == 0 {
			t.Errorf("%s: nothing could be changed", result.Interaction.Description)
		}
		if again := verify(*result.Exchange); again.Failed() {
			t.Errorf("%s: what the provider did does not keep the pact a second time: %v", result.Interaction.Description, again.Differences)
			continue
		}
		for _, m := range mutations {
			e := *result.Exchange
			e.Header = e.Header.Clone()
			m.apply(&e)
			if !verify(e).Failed() {
				t.Errorf("%s: not noticed: %s %s", result.Interaction.Description, m.kind, m.where)
			}
			bitten[m.kind]++
		}
	}
	t.Logf("noticed: %v", bitten)
	for _, kind := range kindsOf(file) {
		if bitten[kind] == 0 {
			t.Errorf("no interaction was tried with: %s", kind)
		}
	}
}

// kindsOf are the changes that every pact must notice, and those of the connector.
func kindsOf(f pactfile.File) []string {
	kinds := []string{statusChanged, keyMissing, keyRenamed, typeChanged, valueWrong, listEmpty, bodyNotJSON}
	if f.Provider == "btp" && f.Consumer != "extension" {
		kinds = append(kinds, subjectWrong, headerMissing, headerWrong)
	}
	return kinds
}
