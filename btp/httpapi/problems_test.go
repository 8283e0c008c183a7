package httpapi

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// declaredCodes reads the constants of type Code from btp/errors.go.
func declaredCodes(t *testing.T) []btp.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []btp.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == "Code" {
			for _, value := range spec.Values {
				text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, btp.Code(text))
			}
		}
		return true
	})
	if len(codes) < 50 {
		t.Fatalf("found only %d codes in btp/errors.go", len(codes))
	}
	return codes
}

func TestEveryCodeHasItsRow(t *testing.T) {
	codes := declaredCodes(t)
	titles := map[string]btp.Code{}
	for _, code := range codes {
		row, ok := problems[code]
		switch {
		case !ok:
			t.Errorf("code %s has no row in problems.go", code)
		case row.status < 400 || row.status > 599 || http.StatusText(row.status) == "":
			t.Errorf("code %s: status %d is no error", code, row.status)
		case row.title == "":
			t.Errorf("code %s has no title", code)
		}
		if other, taken := titles[row.title]; taken {
			t.Errorf("codes %s and %s have the same title %q", code, other, row.title)
		}
		titles[row.title] = code
		if why := btp.Explain(code); why.Next == "" || why.Source == "" {
			t.Errorf("code %s: next %q and source %q must say something", code, why.Next, why.Source)
		}
	}
	if len(problems) != len(codes) {
		t.Errorf("problems.go has %d rows for %d codes", len(problems), len(codes))
	}
}

// Rule: refusal-explained
func TestEveryCodeIsDescribed(t *testing.T) {
	doc, err := os.ReadFile("../../docs/problems.md")
	if err != nil {
		t.Fatal(err)
	}
	// ### `code` · status, then a paragraph
	described := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^### `([a-z0-9-]+)` · ([0-9]{3})\n\n[A-Z]").FindAllStringSubmatch(string(doc), -1) {
		if _, twice := described[m[1]]; twice {
			t.Errorf("docs/problems.md describes %s twice", m[1])
		}
		described[m[1]] = m[2]
	}
	for _, code := range declaredCodes(t) {
		want := strconv.Itoa(StatusOf(code))
		if got := described[string(code)]; got != want {
			t.Errorf("docs/problems.md: code %s has heading status %q, want %q", code, got, want)
		}
	}
}

func TestWriteProblem(t *testing.T) {
	secret := errors.New("dial store: password hunter2")
	tests := []struct {
		name   string
		err    error
		status int
		want   string // a part of the body
	}{
		{"refusal", btp.Errorf(btp.NameTaken, "there is one"), 409, `"detail":"there is one"`},
		{"wrapped refusal", fmt.Errorf("register: %w", btp.Errorf(btp.NameTaken, "there is one")), 409, `"type":"urn:pairsim:problem:name-taken"`},
		{"refusal with a cause", btp.Errorf(btp.TokenMalformed, "bad: %w", errors.New("x")), 400, "bad: x"},
		{"no refusal", secret, 500, `"type":"urn:pairsim:problem:internal"`},
		{"internal refusal", btp.Errorf(btp.Internal, "password hunter2"), 500, "internal"},
		{"code without a row", btp.Errorf("new-code", "password hunter2"), 500, "internal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			c, _ := gin.CreateTestContext(w)
			c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
			var log strings.Builder
			Handle(logTo(&log), func(*gin.Context) error { return tt.err })(c)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || strings.Contains(w.Body.String(), "hunter2") {
				t.Errorf("got %d %s, want %d with %s and without secrets", w.Code, w.Body, tt.status, tt.want)
			}
			if !strings.Contains(log.String(), "error=") || (tt.status == 500) != strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("log line: %s", log.String())
			}
		})
	}
}
