package openapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/pairsim/pairsim/internal/problem"
)

// problemsKey is where an operation's YAML has the codes of its own refusals.
const problemsKey = "x-pairsim-problems"

// Operations calls do for each operation of a document.
func Operations(doc map[string]any, do func(path, method string, operation map[string]any)) {
	for path, item := range Object(doc, "paths") {
		operations, _ := item.(map[string]any)
		for method, operation := range operations {
			if op, ok := operation.(map[string]any); ok {
				do(path, method, op)
			}
		}
	}
}

// OwnProblems takes the codes out of an operation that its x-pairsim-problems names.
func OwnProblems(operation map[string]any) (codes []string) {
	list, _ := operation[problemsKey].([]any)
	delete(operation, problemsKey)
	for _, code := range list {
		codes = append(codes, fmt.Sprint(code))
	}
	return codes
}

// AddRefusals documents the refusals of an operation: an answer for each status, with an
// example of each problem. Each has headers; 401 also says how to come in.
func AddRefusals(operation map[string]any, refusals []problem.Document, headers ...string) {
	byStatus := map[int][]problem.Document{}
	for _, p := range refusals {
		byStatus[p.Status] = append(byStatus[p.Status], p)
	}
	responses := Object(operation, "responses")
	for status, list := range byStatus {
		responses[strconv.Itoa(status)] = refusal(status, list, headers)
	}
}

// refusal is the answer with one of the problems of a status.
func refusal(status int, list []problem.Document, names []string) map[string]any {
	var types, words []string
	examples := map[string]any{}
	for _, p := range list {
		code := strings.TrimPrefix(p.Type, problem.TypePrefix)
		types, words = append(types, p.Type), append(words, fmt.Sprintf("%s (%s)", p.Title, code))
		examples[code] = map[string]any{"value": p}
	}
	headers := map[string]any{}
	for _, name := range names {
		headers[name] = Reference("headers/" + name)
	}
	if status == http.StatusUnauthorized {
		headers["WWW-Authenticate"] = Reference("headers/WWW-Authenticate")
	}
	return map[string]any{
		"description": strings.Join(words, "; "),
		"headers":     headers,
		"content": map[string]any{problem.ContentType: map[string]any{
			"schema": map[string]any{
				"allOf":      []any{Reference("schemas/Problem")},
				"properties": map[string]any{"type": map[string]any{"enum": types}},
			},
			"examples": examples,
		}},
	}
}

// Object is the object under a key, made if there is none.
func Object(in map[string]any, key string) map[string]any {
	there, ok := in[key].(map[string]any)
	if !ok {
		there = map[string]any{}
		in[key] = there
	}
	return there
}

// Reference is a reference to a component of the same document.
func Reference(component string) map[string]any {
	return map[string]any{"$ref": "#/components/" + component}
}
