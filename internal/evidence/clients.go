package evidence

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/internal/clientcheck"
	"github.com/pairsim/pairsim/testenv/naive"
)

// checksOf are the checks of pairsim verify client that show a rule to a foreign client,
// by their ids; those of strictness belong to the rules of their numbers.
var checksOf = map[string][]string{
	"pairing-makes-registered":       {"C-01"},
	"registered-by-first-call":       {"C-01"},
	"token-single-system":            {"C-02"},
	"token-validity-cx":              {"C-03"},
	"token-single-use":               {"C-04"},
	"recipe-lost-token-answer":       {"C-05"},
	"token-spent-by-first-request":   {"C-05"},
	"recipe-lost-certificate-answer": {"C-06"},
	"followup-token":                 {"C-06"},
	"fault-actions":                  {"C-07", "C-08"},
	"csr-form":                       {"C-09"},
	"pairing-failure-is-error":       {"C-10"},
	"certificate-needed":             {"C-11"},
	"recipe-garbled-json":            {"C-12"},
	"recipe-garbled-certificate":     {"C-13"},
	"recipe-cut-connection":          {"C-14"},
	"recipe-slow-registry":           {"C-15"},
	"recipe-registry-down":           {"C-16"},
	"tls-names-and-ca":               {"C-17"},
	"certificate-renewal":            {"C-18", "C-19"},
	"certificate-90-days":            {"C-20"},
	"deregister-revokes-all":         {"C-21"},
}

// Client is something that is no tenant of ours and calls a server.
type Client struct {
	// Name says what and where it is.
	Name string
	// Rules are the ids that it shows.
	Rules []string
	// Calls are the requests that it writes out, as a Test's.
	Calls []string
}

// scripts are clients of their own, in shell (curl and openssl) and in JavaScript; tests
// and make image-test run them.
var scripts = []string{
	"scripts/pair_with_curl.sh", "scripts/image_test.sh", "docs/examples/shell-ci/ci.sh", "docs/examples/node-ci/pairing.test.mjs",
	"docs/examples/node-ci/pairsim.mjs", "docs/examples/extension-node/extension.mjs", "docs/examples/extension-go/main.go",
}

// Clients are all foreign clients.
func Clients(files fs.FS) (list []Client, err error) {
	for _, name := range scripts {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read a client: %w", err)
		}
		list = append(list, Client{name, rulesIn(string(text)), callsOf(text)})
	}
	for _, c := range clientcheck.Checks {
		client := Client{Name: "pairsim verify client " + c.ID + " " + c.Name}
		for rule, ids := range checksOf {
			if slices.Contains(ids, c.ID) {
				client.Rules = append(client.Rules, rule)
			}
		}
		if rule := strictRule(c.ID); rule != "" {
			client.Rules = append(client.Rules, rule)
		}
		list = append(list, client)
	}
	for _, c := range naive.Clients {
		list = append(list, Client{Name: "testenv/naive: a connector that " + c.Mistake, Rules: []string{strictRule(c.Rule)}})
	}
	return list, nil
}

// strictRule is the rule of a number, "" for none.
func strictRule(number string) string {
	for _, r := range strictRules() {
		if strings.HasPrefix(r.Says, number+":") {
			return r.ID
		}
	}
	return ""
}

var (
	// scriptPath is a path in a script, behind a variable for the server or quotes.
	scriptPath   = regexp.MustCompile("[\"'`}a-zA-Z_](/(?:api|v1|control|tenants|oauth|broker|service-manager|destination-configuration|gateway|gateway-ucl|messagingrest|hub)[^\"'`\\s]*)")
	scriptMethod = regexp.MustCompile(`['"](GET|PUT|POST|PATCH|DELETE)['"]|(?:--request|-X) (GET|PUT|POST|PATCH|DELETE)`)
	variable     = regexp.MustCompile(`\$\{[^}]*\}|\$[A-Za-z_]+|\{[^}]*\}`)
)

// callsOf are the requests that lines of a script write out. One without a method is a
// POST where the line has a body (post, --data), else a GET.
func callsOf(text []byte) (calls []string) {
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		for _, found := range scriptPath.FindAllStringSubmatch(line, -1) {
			at, _, _ := strings.Cut(variable.ReplaceAllString(found[1], hole), "?")
			if strings.HasSuffix(at, "/") { // what follows is an expression: '/api/v1/systems/' + id
				at += hole
			}
			method := "GET"
			if strings.Contains(line, "$(post ") || strings.Contains(line, "--data") {
				method = "POST"
			}
			if m := scriptMethod.FindStringSubmatch(line); m != nil {
				method = m[1] + m[2]
			}
			if call := method + " " + path.Clean(at); !slices.Contains(calls, call) {
				calls = append(calls, call)
			}
		}
	}
	return calls
}

// problemsOfChecks are ids in checksOf that are no rule's or no check's.
func problemsOfChecks(rules map[string]bool) (list []string) {
	for rule, ids := range checksOf {
		if !rules[rule] {
			list = append(list, "checksOf names the rule "+rule+", and there is none")
		}
		for _, id := range ids {
			if !slices.ContainsFunc(clientcheck.Checks, func(c clientcheck.Check) bool { return c.ID == id }) {
				list = append(list, fmt.Sprintf("there is no check %s, which stands for the rule %s", id, rule))
			}
		}
	}
	return list
}
